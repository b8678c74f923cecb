"""A list on paper, one round to a sheet, and as a file that a spreadsheet opens and that brings outcomes back."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from campaigns.canvass import lists
from campaigns.canvass.lists import Line
from campaigns.canvass.outcomes import WORDS
from campaigns.records.lookup import permit
from campaigns.records.visits import CanvassList
from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.files import cells
from engage.foundation.identity import Right, authority
from engage.foundation.libraries import typst
from engage.foundation.office import Actor, Office
from engage.foundation.words import day

HEADER = ("list", "round", "order", "home", "street", "address", "postcode", "outcome")
LETTERS = "ABCDEFG"  # of the columns to tick, as space is short
SAID: dict[str, dict[str, str]] = {
    "en": {
        "title": "Homes to call at", "list": "List", "round": "Round {round} of {rounds}", "homes": "{n} homes",
        "until": "Use until {day}, then hand it back or destroy it.", "code": "Code", "address": "Address",
        "how": "Tick one box for each home. Write no names and nothing about anybody.", "page": "Page", "of": "of",
    },
    "cy": {
        "title": "Cartrefi i alw heibio iddynt", "list": "Rhestr", "round": "Taith {round} o {rounds}",
        "homes": "Cartrefi: {n}", "until": "Defnyddiwch tan {day}, yna rhowch hi yn ôl neu ei dinistrio.",
        "code": "Cod", "address": "Cyfeiriad",
        "how": "Ticiwch un blwch i bob cartref. Peidiwch ag ysgrifennu enwau na dim am neb.", "page": "Tudalen",
        "of": "o",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """A list as somebody takes it out: its homes, in order."""

    listed: CanvassList
    council: str
    lines: list[Line]


def taken(office: Office, actor: Actor, number: int, form: str, round_: int = 0) -> Taken:
    """Of one round or all; recorded with the reason the list was made for."""
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        listed = lists.find(session, actor, number)
        if not lists.is_open(office, listed):
            raise InputRefused("This list is over, and is not given out any more. Make a new one")
        found = lists.lines(office, session, listed, round_=round_)
        lists.record(
            session, office, actor, f"take out canvass list as {form}", listed, homes=len(found), round=round_,
            **audit.because(listed.reason),
        )  # fmt: skip
        return Taken(listed, authority(session, actor.authority).name, found)


def as_csv(office: Office, actor: Actor, number: int) -> str:
    out = taken(office, actor, number, "CSV")
    return cells.written(HEADER, (_row(out.listed, each) for each in out.lines), ends="\r\n")


def _row(listed: CanvassList, line: Line) -> tuple[object, ...]:
    home, door = line.home, line.door
    address = ", ".join(door.lines[:-1])
    outcome = next((words[listed.language == "cy"] for visit, words in WORDS.items() if visit == home.outcome), "")
    return (listed.code, home.round, home.place, home.line, home.street, address, door.postcode, outcome)


def as_pdf(office: Office, actor: Actor, number: int, round_: int = 0) -> bytes:
    """Tagged, in the language of the list, a new sheet for each round."""
    out = taken(office, actor, number, "PDF", round_)
    said, language = SAID[out.listed.language], out.listed.language
    data = {
        "lang": language, "said": said, "council": out.council, "name": out.listed.name, "code": out.listed.code,
        "until": said["until"].format(day=day(out.listed.expires_on, language)),
        "columns": [[letter, words[language == "cy"]] for letter, words in zip(LETTERS, WORDS.values(), strict=True)],
        "rounds": list(_rounds(out, said)),
    }  # fmt: skip
    return printed(data, int(office.clock.now().timestamp()))


def _rounds(out: Taken, said: dict[str, str]) -> Iterator[dict[str, Any]]:
    for number, held in groupby(out.lines, key=lambda line: line.home.round):
        lines = list(held)
        yield {
            "title": said["round"].format(round=number, rounds=out.listed.rounds),
            "homes": said["homes"].format(n=len(lines)), "streets": list(_streets(lines)),
        }  # fmt: skip


def _streets(lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
    for street, held in groupby(lines, key=lambda line: line.home.street):
        yield {"name": street, "homes": [[each.home.line, ", ".join(each.door.lines)] for each in held]}


@cache
def _source() -> bytes:
    return (files("templates") / "campaigns" / "canvass" / "list.typ").read_bytes()


def printed(data: dict[str, Any], at: int) -> bytes:
    """What stands on it comes beside the source and never in it, so that no address is read as a command."""
    given = {"list": json.dumps(data)}
    made = typst.compile(_source(), format="pdf", sys_inputs=given, pdf_standards="ua-1", timestamp=at)
    assert isinstance(made, bytes)
    return made
