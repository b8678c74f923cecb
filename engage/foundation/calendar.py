"""Days and hours the law and the council's policy set: dated rows in `law.toml`, never constants in code."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from engage.foundation.clock import EARLIEST_YEAR, at_london, london
from engage.foundation.errors import SettingsInvalid
from engage.foundation.libraries import holidays

HOUSE_RULES = Path(__file__).with_name("law.toml")
SUBDIVISIONS = {"England": "ENG", "Wales": "WLS", "Scotland": "SCT", "Northern Ireland": "NIR"}
Nation = Literal["England", "Wales", "Scotland", "Northern Ireland"]
OF_CODES: dict[str, Nation] = {"E": "England", "W": "Wales", "S": "Scotland", "N": "Northern Ireland"}
PollKind = Literal[
    "parliamentary general", "by-election", "local", "devolved", "neighbourhood referendum", "referendum", "other"
]
# What a poll is called where nobody has named it.
POLLS: dict[str, str] = {
    "parliamentary general": "UK parliamentary general election",
    "by-election": "by-election",
    "local": "local elections",
    "devolved": "election to a devolved parliament, assembly or office",
    "neighbourhood referendum": "neighbourhood planning referendum",
    "referendum": "referendum",
    "other": "poll",
}


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    since: date
    nations: tuple[Nation, ...] = ()
    source: str


T = TypeVar("T", bound=Row)
LONGEST_BEFORE = timedelta(days=92)  # a deadline further from its poll is a slip of the pen


class RegistrationDeadline(Row):
    working_days: int
    hour: int  # of that day, local time; 24 is the midnight that ends it


class Determination(Row):
    """How long an application lies open to objections before it can be put on the register."""

    working_days: int


class Age(Row):
    years: int


class QuietHours(Row):
    from_hour: int
    until_hour: int
    sundays: bool
    bank_holidays: bool


class FrequencyCap(Row):
    messages: int
    days: int


class DailyCap(Row):
    email: int
    sms: int
    letter: int


class Price(Row):
    """Pence before VAT; a letter's price depends on its sheets and class, so it has a low and a high. `letters` gives
    both by class: for one sheet, and for as many as a letter may have."""

    sms_fragment: float
    free_sms_fragments: int  # a financial year, from 1 April
    letter_low: float
    letter_high: float
    letters: dict[str, tuple[float, float]] = {}


class TextMessage(Row):
    """How GOV.UK Notify sends a text. `any_character`: as it is written, and whatever is outside GSM makes the whole
    text cost more; before, only GSM and Welsh letters, anything else without its accent or as a question mark."""

    any_character: bool


class Vat(Row):
    percent: float


class PreElection(Row):
    """From the day by which a poll is given notice of, unless the poll's own row says when it was."""

    working_days: int  # before the poll


class Poll(Row):
    """A poll of the council's own list: `since` is the day it was called. `register_by` is the last day to register
    where an Act or the returning officer sets another than the rule."""

    day: date
    name: str
    kind: PollKind = "other"
    notice_on: date | None = None
    register_by: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.day.year < EARLIEST_YEAR:
            msg = f"day: expected a year of four digits, not {self.day}"
            raise ValueError(msg)
        if self.register_by and not self.day - LONGEST_BEFORE <= self.register_by < self.day:
            msg = f"register_by: expected a day in the three months before the poll, {self.day}"
            raise ValueError(msg)
        return self


class OpenApplication(Row):
    """How long an application to register counts as open at most, whatever the newest list of them says."""

    days: int


class Retention(Row):
    """How long personal data is kept that nothing needs any more: see the `retention` of `segments.importing` and
    `campaigns.records`."""

    replaced_days: int  # what was undone, or worked out anew since
    rejected_days: int  # rejected rows of an import
    contacts_years: int  # whom a message went to, after the canvass year in which its campaign ended
    replies_days: int = 180  # what residents wrote, after it was received
    canvass_days: int = 30  # which homes a list to call at held, after its last day


class Canvass(Row):
    """How a nation canvasses: whether homes that records confirm are matched, and what lets an officer read them."""

    data_matching: bool
    inspection: str = ""


class Law(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    registration_deadline: tuple[RegistrationDeadline, ...] = ()
    determination: tuple[Determination, ...] = ()
    voting_age: tuple[Age, ...] = ()
    registration_age: tuple[Age, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    frequency_cap: tuple[FrequencyCap, ...] = ()
    daily_cap: tuple[DailyCap, ...] = ()
    price: tuple[Price, ...] = ()
    text_message: tuple[TextMessage, ...] = ()
    open_application: tuple[OpenApplication, ...] = ()
    retention: tuple[Retention, ...] = ()
    canvass: tuple[Canvass, ...] = ()
    vat: tuple[Vat, ...] = ()
    pre_election: tuple[PreElection, ...] = ()
    poll: tuple[Poll, ...] = ()

    def with_rows(self, other: "Law") -> "Law":
        return Law(**{name: (*getattr(self, name), *getattr(other, name)) for name in Law.model_fields})


def law(home: Path | None = None) -> Law:
    """The rows Engage comes with, and those of the council's own `law.toml` in its home folder, as that file is now: a
    poll may be called while a worker runs."""
    own = home / "law.toml" if home else None
    try:
        found = own.stat() if own else None
    except FileNotFoundError:
        found = None
    return _law(own, (found.st_mtime_ns, found.st_size, found.st_ino)) if own and found else _law(None, ())


@lru_cache(maxsize=8)
def _law(own: Path | None, _written: tuple[int, ...]) -> Law:
    ours = _read(HOUSE_RULES)
    return ours.with_rows(_read(own)) if own else ours


def _read(path: Path) -> Law:
    try:
        return Law(**tomllib.loads(path.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(f"{path.name} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsInvalid(f"{path.name}: {where} is {first['input']!r}: {first['msg']}.") from None


def in_force(rows: tuple[T, ...], day: date, nation: str = "England") -> T:
    """The newest row in force on the day; rows that name the nation come before those for all, later rows win a tie."""
    held = [row for row in rows if row.since <= day and (not row.nations or nation in row.nations)]
    if not held:
        raise SettingsInvalid(f"law.toml has no row in force on {day} for {nation}.")
    return max(enumerate(held), key=lambda at: (bool(at[1].nations), at[1].since, at[0]))[1]


def nation_of_code(code: str) -> Nation:
    """By the first letter of a GSS code."""
    return OF_CODES.get(code[:1], "England")


@lru_cache(maxsize=64)
def bank_holidays(nation: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv=SUBDIVISIONS[nation], years=year))


def working_day(day: date, nation: str) -> bool:
    """As the Representation of the People rules count: not weekends, bank holidays, Good Friday or Christmas Eve."""
    christmas_eve = (day.month, day.day) == (12, 24)
    return day.weekday() < 5 and not christmas_eve and day not in bank_holidays(nation, day.year)


def working_days_before(day: date, count: int, nation: str) -> date:
    while count:
        day -= timedelta(days=1)
        count -= working_day(day, nation)
    return day


def working_days_after(day: date, count: int, nation: str) -> date:
    while count:
        day += timedelta(days=1)
        count -= working_day(day, nation)
    return day


def registration_deadline(poll: date, nation: str, rules: Law | None = None, own: date | None = None) -> datetime:
    """The moment after which an application no longer counts for the poll, in UTC. `own` is the last day to register
    that was set for this poll; the earlier of that and of the one its row of the list has, else counted by the rule."""
    rules = rules or law()
    row = in_force(rules.registration_deadline, poll, nation)
    given = min(filter(None, (own, set_deadline(poll, nation, rules))), default=None)
    day = given or working_days_before(poll, row.working_days, nation)
    return at_london(day + timedelta(days=1), 0) if row.hour == 24 else at_london(day, row.hour)


def set_deadline(poll: date, nation: str, rules: Law) -> date | None:
    """The last day to register that an Act or the returning officer has set for a poll of the list; of several polls
    on one day the first."""
    return min((row.register_by for row in listed(nation, rules) if row.day == poll and row.register_by), default=None)


def listed(nation: str, rules: Law) -> list[Poll]:
    """The polls of the list that are held in a nation, by day."""
    held = (row for row in rules.poll if not row.nations or nation in row.nations)
    return sorted(held, key=lambda row: row.day)


@dataclass(frozen=True)
class Period:
    """The days from the notice of a poll to the poll itself, both included."""

    first: date
    poll: date
    name: str

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.poll


def pre_election_periods(nation: str, rules: Law, poll: date | None = None, kind: str = "other") -> list[Period]:
    """Of every poll on the council's list, and of one more day a plan may name, with its kind; the earliest first."""
    known = {row.day: row for row in listed(nation, rules)}
    days = {*known, *([poll] if poll else [])}
    return [_period(day, known.get(day), nation, rules, kind) for day in sorted(days)]


def _period(day: date, row: Poll | None, nation: str, rules: Law, kind: str) -> Period:
    count = in_force(rules.pre_election, day, nation).working_days
    first = (row and row.notice_on) or working_days_before(day, count, nation)
    return Period(first, day, row.name if row else POLLS[kind])


def quiet_until(moment: datetime, nation: str, rules: Law | None = None) -> datetime | None:
    """When emails and texts may leave again, in UTC; None where they may leave at this moment."""
    here = london(moment)
    row = in_force((rules or law()).quiet_hours, here.date(), nation)
    if not _quiet_day(here.date(), nation, row) and row.until_hour <= here.hour < row.from_hour:
        return None
    day = here.date() if here.hour < row.until_hour else here.date() + timedelta(days=1)
    while _quiet_day(day, nation, row):
        day += timedelta(days=1)
    return at_london(day, row.until_hour)


def waking_hours(day: date, nation: str, rules: Law) -> int:
    """Hours of the day in which emails and texts may leave; 0 on a quiet day."""
    row = in_force(rules.quiet_hours, day, nation)
    return 0 if _quiet_day(day, nation, row) else row.from_hour - row.until_hour


def quiet_day(day: date, nation: str, rules: Law) -> bool:
    """Whether no email or text leaves on that day at all."""
    return _quiet_day(day, nation, in_force(rules.quiet_hours, day, nation))


def _quiet_day(day: date, nation: str, row: QuietHours) -> bool:
    return (row.sundays and day.weekday() == 6) or (row.bank_holidays and day in bank_holidays(nation, day.year))
