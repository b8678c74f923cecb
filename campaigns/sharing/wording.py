"""What a pack says: fixed words in each language, filled with what the council gave, and those of a day before a poll.

Nobody writes their own: Local Government Act 1986, sections 2 and 4, asks of what a council publishes that it favours
nobody, and of what is published before a poll that it is plain fact.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from campaigns.sharing import sheets
from campaigns.sharing.posters import Place
from engage.foundation.calendar import Period, in_force, law, pre_election_periods, registration_deadline
from engage.foundation.clock import today
from engage.foundation.identity import Authority
from engage.foundation.office import Office
from engage.foundation.words import day, last_day

LANGUAGES = ("en", "cy")
PATHS = {"en": "here", "cy": "yma"}
USUAL, POLL, CLOSED = "usual", "poll", "closed"


@dataclass(frozen=True)
class Occasion:
    """Which words hold on a day: those of every day, or those before a poll."""

    words: str = USUAL
    poll: date | None = None
    last: str = ""
    last_cy: str = ""

    @property
    def told(self) -> str:
        """For the officer; nothing on most days."""
        if self.poll is None:
            return ""
        return (
            f"A poll is on {day(self.poll)}. Until then a pack holds plain facts and the last day to register, "
            f"{self.last}. Make it again after the poll."
        )


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((sheets.TEMPLATES / "words.toml").read_text(encoding="utf-8"))


def occasion(office: Office, nation: str, plan: dict[str, Any] | None = None) -> Occasion:
    """`plan` of a campaign may name a poll of its own."""
    rules, on = law(office.settings.home), today(office.clock)
    own = date.fromisoformat(plan["poll_date"]) if plan and plan.get("poll_date") else None
    kind = (plan or {}).get("poll_kind") or "other"
    near = next((each for each in pre_election_periods(nation, rules, own, kind) if each.holds(on)), None)
    return _before(office, nation, near) if near else Occasion()


def _before(office: Office, nation: str, near: Period) -> Occasion:
    end = registration_deadline(near.poll, nation, law(office.settings.home))
    words = POLL if office.clock.now() < end else CLOSED
    return Occasion(words, near.poll, last_day(end), last_day(end, "cy"))


@dataclass(frozen=True)
class Setting:
    """What all sheets of a pack share."""

    council: Authority
    place: Place
    occasion: Occasion
    base_url: str
    age: int


def setting(office: Office, council: Authority, place: Place, on: Occasion) -> Setting:
    age = in_force(law(office.settings.home).registration_age, today(office.clock), council.nation).years
    return Setting(council, place, on, office.settings.base_url, age)


def said(of: Setting, language: str, code: str) -> dict[str, Any]:
    """Everything that stands on a sheet with this code."""
    words, council = _words()[language], of.council.called(language)
    url = f"{of.base_url.rstrip('/')}/{PATHS[language]}/{code}"
    host, path = _typed(url)
    filled = _told(of, words, language) | {
        "lang": language, "council": council, "url": url, "host": host, "path": path,
        "place": words["place"].format(ward=of.place.ward_name) if of.place.ward else "",
        "points": [point.format(age=of.age) for point in words["points"]], "action": words["action"],
        "takes": words["takes"], "from": words["from"].format(council=council), "help": _help(of.council, words),
        "qr": sheets.svg(sheets.qr(url)), "qr_alt": words["qr"].format(address=host + path),
    }  # fmt: skip
    return filled | {"post": _filled(words["post"], filled), "alt": _filled(words["picture"], filled)}


def _told(of: Setting, words: dict[str, Any], language: str) -> dict[str, str]:
    on = of.occasion
    poll = {"poll": day(on.poll, language), "last": on.last_cy if language == "cy" else on.last} if on.poll else {}
    return {name: text.format(**poll) for name, text in words[on.words].items()}


def _filled(words: str, values: dict[str, Any]) -> str:
    address = values["host"] + values["path"]
    return words.format(
        headline=_ended(values["headline"]), lead=values["lead"], takes=values["takes"], url=values["url"],
        action=values["action"], address=address, sender=values["from"],
    )  # fmt: skip


def _ended(headline: str) -> str:
    return headline if headline.endswith("?") else f"{headline}."


def _typed(url: str) -> tuple[str, str]:
    """As somebody types it: without the scheme, in the two parts between which it may be broken."""
    parts = urlsplit(url)
    before, _, code = parts.path.rpartition("/")
    path, _, word = before.rpartition("/")
    return f"{parts.netloc}{path}/", f"{word}/{code}"


def _help(council: Authority, words: dict[str, Any]) -> str:
    ways = [
        words[name].format(**{name: getattr(council, name)}) for name in ("phone", "email") if getattr(council, name)
    ]
    return " ".join([words["help"], ". ".join(ways)]) if ways else ""
