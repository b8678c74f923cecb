"""Wordings for a council to load into GOV.UK Notify: one file of `templates/messages/` for each purpose, channel and
language. Each is neutral and asks for one thing; what each must say, `campaigns.messages.wording_rules` checks.

A file is called `PURPOSE.CHANNEL.LANGUAGE.txt`. An email or letter begins with a line `Subject:` and an empty line.
The rest is the body, in Notify's own signs: `# ` before a heading, `((field))`, and `qr:` before what becomes a QR
code.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from campaigns.notify.text import placeholders
from engage.foundation.errors import InputRefused, NotFound

CHANNELS = {"email": "email", "text": "sms", "letter": "letter"}  # as files call them, and Notify
SUBJECT = "Subject: "
# What each is for, and when: the first is for everybody.
PURPOSES = {
    "reminder": "For every home, well before the last day to register",
    "last-week": "For every home, in the week before the last day to register",
    "last-day": "For every home, on the last day to register",
    "movers": "For homes that people have moved into",
    "attainers": "For homes with somebody of 16 or 17, who can register before they can vote",
    "students": "For homes in which students live in term time",
}


@dataclass(frozen=True)
class Wording:
    """`name` is that of its file, without its ending; empty where it is no file of ours."""

    channel: Literal["email", "sms", "letter"]
    language: Literal["en", "cy"]
    subject: str | None
    body: str
    name: str = ""

    @property
    def purpose(self) -> str:
        return self.name.partition(".")[0]

    @property
    def fields(self) -> tuple[str, ...]:
        return placeholders(self.subject or "", self.body)

    @property
    def text(self) -> str:
        """As its file has it."""
        return f"{SUBJECT}{self.subject}\n\n{self.body}\n" if self.subject is not None else f"{self.body}\n"


@cache
def wordings() -> tuple[Wording, ...]:
    """All of ours, as they are listed: by purpose, channel, English first."""
    found = [read(file.name, file.read_text("utf-8")) for file in files("templates").joinpath("messages").iterdir()]
    order, channels = list(PURPOSES), list(CHANNELS.values())
    return tuple(
        sorted(found, key=lambda one: (order.index(one.purpose), channels.index(one.channel), one.language == "cy"))
    )


def named(name: str) -> Wording:
    found = next((each for each in wordings() if each.name == name), None)
    if found is None:
        raise NotFound("There is no wording of that name.")
    return found


def read(name: str, text: str) -> Wording:
    """A wording from a file, whose name says what it is; InputRefused where it does not."""
    parts = name.removesuffix(".txt").rsplit(".", 2)
    if not name.endswith(".txt") or len(parts) != 3 or parts[1] not in CHANNELS or parts[2] not in ("en", "cy"):
        raise InputRefused(
            f"{name}: expected a name such as reminder.email.en.txt: what it is for, then email, text or letter, then "
            "en or cy."
        )
    subject, body = None, text.strip()
    if parts[1] != "text":
        first, _, rest = body.partition("\n")
        if not first.startswith(SUBJECT):
            raise InputRefused(
                f"{name}, line 1: {first[:60]!r}: expected the subject, as “Subject: Check who can vote”."
            )
        subject, body = first.removeprefix(SUBJECT).strip(), rest.strip()
    return Wording(CHANNELS[parts[1]], parts[2], subject, body, ".".join(parts))  # type: ignore[arg-type]  # looked at above


def reminders() -> Iterable[tuple[str, Wording]]:
    """Those the demonstration sends, by the name they have at the stand-in."""
    for each in wordings():
        if each.purpose == "reminder":
            yield f"{each.channel}_reminder_{each.language}", each
