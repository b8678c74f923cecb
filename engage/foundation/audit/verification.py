"""Whether a log is whole: from its beginning, or from where it was found whole before."""

import hmac
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engage.foundation import data_keys
from engage.foundation.audit.entries import (
    ENTRIES,
    FOUND,
    GENESIS,
    SERVICE,
    UPGRADE,
    AuditChecked,
    AuditEntry,
    AuditHead,
    Said,
    digest,
    seal_of_checked,
    seal_of_head,
)
from engage.foundation.audit.log import record
from engage.foundation.database import Database
from engage.foundation.identity import Authority

AT_ONCE = 5_000  # entries walked while somebody waits for a page
REMEMBERED_EVERY = 100  # entries: a look at fewer new ones is not worth a write


@dataclass(frozen=True)
class Verdict:
    """Of `entries`, those up to `checked` were looked at; `broken_at` is the number of the first that is not right."""

    entries: int
    broken_at: int | None = None
    why: str = ""
    checked: int = 0

    @property
    def intact(self) -> bool:
        return self.broken_at is None

    @property
    def message(self) -> str:
        if self.broken_at is not None:
            return f"The audit log is not as it was written: entry {self.broken_at} {self.why}."
        if self.checked < self.entries:
            return f"whole up to entry {self.checked:,} of {self.entries:,}: engage audit verify looks at all"
        return f"{self.entries:,} entries, chain whole"


@dataclass(frozen=True)
class Point:
    """A place in a chain: the number and digest of the entry there."""

    number: int = 0
    digest: str = GENESIS


BEGINNING = Point()


def verify(session: Session, authority: str) -> Verdict:
    """The whole chain, in little memory."""
    return _look(session, authority, _checked(session, authority), BEGINNING, None)[0]


def verify_all(database: Database, authority: str, at: datetime) -> Verdict:
    """The whole chain, and that it was looked at is kept for `follow`."""
    with database.reading() as session:
        verdict, end = _look(session, authority, _checked(session, authority), BEGINNING, None)
    if verdict.intact:
        _remember(database, authority, end, at)
    return verdict


def follow(database: Database, authority: str, at: datetime, *, at_most: int = AT_ONCE) -> Verdict:
    """What is new since the last look, and of that a part where it is much; the next look goes on from there."""
    with database.reading() as session:
        start = _checked(session, authority)
        verdict, end = _look(session, authority, start, start, at_most)
    if verdict.intact and end.number - start.number >= REMEMBERED_EVERY:
        _remember(database, authority, end, at)
    return verdict


def _remember(database: Database, authority: str, end: Point, at: datetime) -> None:
    with database.session() as session:
        if (key := data_keys.audit_key(session)) is not None:
            checked = AuditChecked(authority=authority, number=end.number, digest=end.digest, at=at, seal="")
            checked.seal = seal_of_checked(checked, key)
            session.merge(checked)


def _checked(session: Session, authority: str) -> Point:
    """The beginning, where nothing was kept by the key of the log."""
    found, key = session.get(AuditChecked, authority), data_keys.audit_key(session)
    if found is None or key is None or not hmac.compare_digest(found.seal, seal_of_checked(found, key)):
        return BEGINNING
    return Point(found.number, found.digest)


def _look(
    session: Session, authority: str, checked: Point, start: Point, at_most: int | None
) -> tuple[Verdict, Point]:  # fmt: skip
    """What was once seen whole must still be there, whatever the head says."""
    if checked.number and point(session, authority, checked.number) != checked:
        return Verdict(end_of(session, authority).number, checked.number, LOST), BEGINNING
    return _walk(session, authority, start, at_most)


def end_of(session: Session, authority: str) -> Point:
    head = session.get(AuditHead, authority)
    return Point(head.number, head.digest) if head else BEGINNING


def point(session: Session, authority: str, number: int) -> Point | None:
    query = select(AuditEntry.digest).where(AuditEntry.authority == authority, AuditEntry.number == number)
    found = session.exec(query).first()
    return Point(number, found) if found else None


def _walk(session: Session, authority: str, start: Point, at_most: int | None) -> tuple[Verdict, Point]:
    """The head is read first: what others add meanwhile lies behind it."""
    head = session.get(AuditHead, authority, populate_existing=True)
    entries = head.number if head else _last(session, authority)
    until = entries if at_most is None else min(entries, start.number + at_most)
    key = data_keys.audit_key(session)
    number, previous = start.number, start.digest
    keyed_from = (head.keyed_from or entries + 1) if head else 1
    with closing(_rows(session, authority, number, until)) as rows:
        for *entry, written in rows:
            number += 1
            if why := _wrong(Said(*entry), written, number, previous, key if number >= keyed_from else None):
                return Verdict(max(entries, number), number, why, number), Point(number, previous)
            previous = written
    end = Point(number, previous)
    to_its_end = until == entries or number < until
    at, why = _wrong_end(session, head, key, end) if to_its_end else _wrong_seal(head, key)
    return Verdict(entries, at, why, number), end


def _rows(session: Session, authority: str, after: int, until: int) -> Generator[Any]:
    """What each says, and its digest."""
    held = ENTRIES.c
    at: Any = sa.type_coerce(held.at, sa.String)  # SQLite keeps it as text
    if session.get_bind().dialect.name == "postgresql":
        at = sa.func.to_char(sa.func.timezone("UTC", held.at), "YYYY-MM-DD HH24:MI:SS.US")
    detail = sa.type_coerce(sa.cast(held.detail, sa.Text), sa.String)
    columns = (
        held.authority, held.number, at, held.actor, held.act, held.subject, detail, held.previous, held.digest,
    )  # fmt: skip
    query = sa.select(*columns).where(held.authority == authority, held.number > after, held.number <= until)
    with session.execute(query.order_by(held.number), execution_options={"yield_per": 1000}) as result:
        yield from result


def _wrong(entry: Said, written: str, number: int, previous: str, key: str | None) -> str:
    if entry[1] != number:
        return "is missing"
    if digest(entry, key) != written:
        return "was changed, exchanged for another, or written by somebody without the key"
    if entry[7] != previous:
        return "does not follow the one before it, which was changed or put in its place"
    return "says that the end of the log was not as it was left" if entry[4] == FOUND else ""


LOST = "was seen and found whole before, and is gone or another now"
NOT_SEALED = "and all others are held by no key: engage init seals a log that an earlier version wrote"
Wrong = tuple[int | None, str]


def _wrong_end(session: Session, head: AuditHead | None, key: str | None, end: Point) -> Wrong:
    if head is None:
        gone = "is the last, but where the log ends is gone" if end.number else "is missing: the log was emptied"
        return max(end.number, 1), gone
    if head.number > end.number:
        return end.number + 1, f"is missing, and all up to {head.number}: the log was cut short"
    if head.digest != end.digest:
        return end.number, "is not the one that the log ended with"
    last, now = _last(session, head.authority), session.get_one(AuditHead, head.authority, populate_existing=True)
    return (last, "was added past the end of the log") if last > now.number else _wrong_seal(head, key)


def _wrong_seal(head: AuditHead | None, key: str | None) -> Wrong:
    if head is None:
        return 1, "is there, but where the log ends is gone"
    if head.keyed_from is None:
        return head.number, NOT_SEALED
    if key is None:
        return head.keyed_from, "was written by a key that is gone"
    sealed = hmac.compare_digest(head.seal, seal_of_head(head, key))
    return (None, "") if sealed else (head.number, "was made the last one by somebody without the key")


def _last(session: Session, authority: str) -> int:
    query = select(sa.func.max(AuditEntry.number)).where(AuditEntry.authority == authority)
    return session.exec(query).one() or 0


def chains(session: Session) -> list[str]:
    """Whose logs there are or, once there is a key, must be."""
    codes = set(session.exec(select(AuditHead.authority)))
    if data_keys.audit_key(session):
        codes |= set(session.exec(select(Authority.code)))
    return sorted(codes)


def of_nobody(session: Session) -> str:
    """In whose log stands what belongs to no council: that of the only one."""
    codes = session.exec(select(Authority.code).limit(2)).all()
    return codes[0] if len(codes) == 1 else SERVICE


def unsound(database: Database, at: datetime) -> dict[str, Verdict]:
    """By authority, what a quick look finds wrong."""
    with database.reading() as session:
        codes = chains(session)
    found = {code: follow(database, code, at) for code in codes}
    return {code: verdict for code, verdict in found.items() if not verdict.intact}


def seal_earlier(session: Session, at: datetime) -> dict[str, Verdict]:
    """Of an upgrade, once: the logs of before go on with a key, which holds what was written without one, as it is.
    Gives how each was found."""
    heads = session.exec(select(AuditHead).order_by(col(AuditHead.authority))).all()
    if not heads or data_keys.audit_key(session) or any(head.keyed_from for head in heads):
        return {}
    found = {head.authority: verify(session, head.authority) for head in heads}
    data_keys.begin_audit(session, at)
    session.info[UPGRADE] = True
    for authority, verdict in found.items():
        record(
            session, authority=authority, at=at, actor="command", act="seal the audit log",
            subject="what earlier versions wrote", entries=verdict.entries, whole=verdict.why == NOT_SEALED,
        )  # fmt: skip
    del session.info[UPGRADE]
    return found
