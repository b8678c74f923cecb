"""Where the audit log ended on a day, kept outside: a line of a file on another machine finds what the key itself
cannot, an earlier copy put back or a log written anew by somebody who has the key."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.audit import Verdict
from engage.foundation.errors import InputRefused
from engage.foundation.folders import private
from engage.foundation.office import Actor, Office

EXPECTED = {
    "authority": "a GSS code such as E07000193", "number": "the number of an entry, from 1 on",
    "digest": "64 letters of 0 to 9 and a to f", "at": "a moment such as 2026-06-01T09:00:00+00:00",
}  # fmt: skip


@dataclass(frozen=True)
class Anchor:
    authority: str
    number: int
    digest: str
    at: str

    @property
    def day(self) -> str:
        return self.at[:10]


def end(office: Office, authority: str) -> Anchor:
    """InputRefused where there is no log yet."""
    with office.database.reading() as session:
        last = audit.end_of(session, authority)
    if not last.number:
        raise InputRefused(f"The audit log of {authority} has no entries.")
    return Anchor(authority, last.number, last.digest, office.clock.now().isoformat(timespec="seconds"))


def keep(office: Office, actor: Actor, path: Path) -> Anchor:
    """Add one line to the file. That it was done is the entry that the line names, so each line holds all before."""
    verdict = audit.follow(office.database, actor.authority, office.clock.now())
    if not verdict.intact:
        raise InputRefused(f"{verdict.message} Nothing was anchored.")
    with open(path, "a", encoding="utf-8", opener=private) as file:  # opened first: what cannot be kept is not recorded
        with office.database.session() as session:
            audit.record(
                session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
                act="anchor the audit log", subject="its end, kept outside",
            )  # fmt: skip
        anchor = end(office, actor.authority)
        file.write(json.dumps(asdict(anchor)) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return anchor


def read(path: Path, authority: str) -> list[Anchor]:
    """Those of one authority, in order of their number; InputRefused where a line is none or there are none."""
    with path.open(encoding="utf-8", errors="replace") as file:
        found = [anchor for anchor in _lines(path.name, file) if anchor.authority == authority]
    if not found:
        raise InputRefused(f"{path.name} has no anchor of {authority}: expected a line of engage audit anchor.")
    return sorted(found, key=lambda anchor: anchor.number)


def _lines(name: str, lines: Iterator[str]) -> Iterator[Anchor]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _anchor(f"{name}, line {number}", line)


def _anchor(where: str, line: str) -> Anchor:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise InputRefused(f"{where}: {line.strip()[:40]!r} is no anchor: expected a line of engage audit anchor.")
    for name, expected in EXPECTED.items():
        if not _fits(name, given.get(name)):
            raise InputRefused(f"{where}, {name}: {str(given.get(name))[:40]!r}: expected {expected}.")
    return Anchor(**{name: given[name] for name in EXPECTED})


def _fits(name: str, value: Any) -> bool:
    if name == "number":
        return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
    if not isinstance(value, str):
        return False
    if name == "digest":
        return len(value) == len(audit.GENESIS) and not set(value) - set("0123456789abcdef")
    return _is_moment(value) if name == "at" else len(value) == 9


def _is_moment(value: str) -> bool:
    try:
        return bool(datetime.fromisoformat(value).tzinfo)
    except ValueError:
        return False


def compare(session: Session, anchors: list[Anchor]) -> Verdict | None:
    """What the first anchor that does not hold says of the log; None where all hold."""
    for anchor in anchors:
        there = audit.point(session, anchor.authority, anchor.number)
        if there is None or there.digest != anchor.digest:
            entries = audit.end_of(session, anchor.authority).number
            return Verdict(entries, anchor.number, _said(anchor, there is not None))
    return None


def _said(anchor: Anchor, there: bool) -> str:
    if there:
        return f"is another than the one anchored on {anchor.day}: the log was written anew up to there, or further"
    return (
        f"is missing, but was there when it was anchored on {anchor.day}: the log was cut short, or an old one put back"
    )
