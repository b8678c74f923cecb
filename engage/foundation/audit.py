"""The audit log: every act that changes something or reads personal data, chained, without personal data.

Each entry is an HMAC of what it says and of the entry before it, by a key of the log's own, so that whoever writes to
the database without that key can neither change, exchange nor remove one, nor cut the end off. Whoever has the key, or
puts an earlier copy back, is found by an anchor kept elsewhere (`engage.deployment.anchors`). Entries of before there
was a key are chained by plain SHA-256, and held by the first keyed entry, which follows the last of them.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import DDL, JSON, Column, UniqueConstraint, event
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import data_keys
from engage.foundation.database import Database, Moment
from engage.foundation.errors import InputRefused, SettingsInvalid
from engage.foundation.identity import Authority

GENESIS = "0" * 64
SERVICE = "service"  # the log of what is no council's, where there are several
UPGRADE = "audit log of before"  # in the info of a session: heads without a seal are right
FOUND = "find the audit log changed"  # an act of the log itself
AT_ONCE = 5_000  # entries walked while somebody waits for a page
REMEMBERED_EVERY = 100  # entries: a look at fewer new ones is not worth a write


class AuditEntry(SQLModel, table=True):
    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("authority", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    number: int
    at: datetime = Field(sa_type=Moment)
    actor: str = Field(max_length=80)
    act: str = Field(max_length=80)
    subject: str = Field(max_length=120)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    previous: str = Field(max_length=64)
    digest: str = Field(max_length=64)


class AuditHead(SQLModel, table=True):
    """The end of one authority's chain; its row lock makes writers take turns."""

    __tablename__ = "audit_head"

    authority: str = Field(primary_key=True, max_length=9)
    number: int = 0
    digest: str = Field(default=GENESIS, max_length=64)
    keyed_from: int | None = None  # the number of the first entry by the key; none where an upgrade has not sealed yet
    seal: str = Field(default="", max_length=64)  # HMAC of all this


class AuditChecked(SQLModel, table=True):
    """Up to where a chain was found whole, so that the next look goes on from there."""

    __tablename__ = "audit_checked"

    authority: str = Field(primary_key=True, max_length=9)
    number: int
    digest: str = Field(max_length=64)
    at: datetime = Field(sa_type=Moment)
    seal: str = Field(max_length=64)


ENTRIES = SQLModel.metadata.tables["audit_entry"]

# Also whoever speaks to the database directly must take the triggers away first. SQLite replaces a row without asking
# the trigger of deletion, so there an entry is only taken after the last.
APPEND_ONLY = {
    "sqlite": (
        (
            "CREATE TRIGGER audit_entry_update BEFORE UPDATE ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END"
        ),
        (
            "CREATE TRIGGER audit_entry_delete BEFORE DELETE ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END"
        ),
        (
            "CREATE TRIGGER audit_entry_insert BEFORE INSERT ON audit_entry "
            "WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id) OR EXISTS "
            "(SELECT 1 FROM audit_entry WHERE authority = NEW.authority AND number >= NEW.number) "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE OR REPLACE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is never changed'; END $$"
        ),
        (
            "CREATE TRIGGER audit_entry_change BEFORE UPDATE OR DELETE ON audit_entry "
            "FOR EACH ROW EXECUTE FUNCTION audit_entry_stays()"
        ),
        (
            "CREATE TRIGGER audit_entry_truncate BEFORE TRUNCATE ON audit_entry "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_stays()"
        ),
    ),
}
CHANGEABLE = {
    "sqlite": tuple(f"DROP TRIGGER audit_entry_{act}" for act in ("update", "delete", "insert")),
    "postgresql": ("DROP FUNCTION audit_entry_stays() CASCADE",),
}
for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(ENTRIES, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]


def record(
    session: Session, *, authority: str, at: datetime, actor: str, act: str, subject: str, **detail: Any
) -> AuditEntry:
    """Append one entry in the caller's transaction, so that the act and its record stand or fall together.

    `detail` takes counts, codes and identifiers of ours; never a name, address, contact or UPRN.
    """
    key = data_keys.audit_key(session) or _new_key(session, at)
    head = _head(session, authority, key, at)
    entry = AuditEntry(
        authority=authority, number=head.number + 1, at=at, actor=actor, act=act, subject=subject,
        detail=detail, previous=head.digest, digest="",
    )  # fmt: skip
    return _append(session, head, entry, key)


LONGEST_REASON = 200
SOMEBODY = re.compile(r"@|\d{7,}")  # a contact or UPRN, which the audit log never holds


def because(reason: str) -> dict[str, str]:
    """Why somebody reads or takes out personal data, as detail of its record, where they say; InputRefused where the
    reason tells of whom."""
    if len(reason) > LONGEST_REASON or SOMEBODY.search(reason):
        raise InputRefused(
            f"Why must be {LONGEST_REASON} characters or less, without an email address or a number of seven digits or "
            "more: the audit log keeps it and never holds whose data it was"
        )
    return {"reason": reason.strip()} if reason.strip() else {}


def _append(session: Session, head: AuditHead, entry: AuditEntry, key: str) -> AuditEntry:
    entry.digest = digest(said(entry), key)
    head.keyed_from = head.keyed_from or entry.number
    head.number, head.digest = entry.number, entry.digest
    head.seal = _seal_of_head(head, key)
    session.add(head)
    session.add(entry)
    session.flush()
    return entry


def _new_key(session: Session, at: datetime) -> str:
    """With the first entry. Where there is a log already, a new key would hide what was done since the old one went."""
    if session.exec(select(AuditHead.authority).limit(1)).first():
        raise SettingsInvalid(
            "There is an audit log in this database, but its key is gone, or an earlier version wrote it. Put back the "
            "database as it was in the last backup, or after an upgrade run engage init; nothing was changed."
        )
    return data_keys.begin_audit(session, at)


def seal_earlier(session: Session, at: datetime) -> "dict[str, Verdict]":
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


def _head(session: Session, authority: str, key: str, at: datetime) -> AuditHead:
    """The end to go on from. Where it is not as it was left, that is said by the chain itself before anything else."""
    head = session.exec(select(AuditHead).where(AuditHead.authority == authority).with_for_update()).first()
    earlier = head is not None and head.keyed_from is None and UPGRADE in session.info
    if head is not None and (earlier or hmac.compare_digest(head.seal, _seal_of_head(head, key))):
        return head
    query = select(AuditEntry).where(AuditEntry.authority == authority).order_by(col(AuditEntry.number).desc())
    last = session.exec(query.limit(1)).first()
    if head is None and last is None:
        return AuditHead(authority=authority)
    head = head or AuditHead(authority=authority, keyed_from=1)
    if last is not None and last.number >= head.number:
        head.number, head.digest = last.number, last.digest
    found = AuditEntry(
        authority=authority, number=head.number + 1, at=at, actor="audit log", act=FOUND,
        subject="its end is not as it was left", previous=head.digest, digest="",
    )  # fmt: skip
    _append(session, head, found, key)
    return head


class Said(NamedTuple):
    """What an entry says, as text that both databases keep letter by letter, so that a look at a million need not read
    and write it anew."""

    authority: str
    number: int
    at: str  # in UTC, to the microsecond
    actor: str
    act: str
    subject: str
    detail: str  # JSON
    previous: str


def said(entry: AuditEntry) -> Said:
    at = entry.at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return Said(
        entry.authority, entry.number, at, entry.actor, entry.act, entry.subject, json.dumps(entry.detail),
        entry.previous,
    )  # fmt: skip


def digest(said: Said, key: str | None) -> str:
    """By the key, or of before there was one."""
    if key is None:
        return _digest_of_before(said)
    authority, number, at, actor, act, subject, detail, previous = said
    lengths = f"{len(actor)} {len(act)} {len(subject)}"  # so that no word can go from one column to the next
    return _signed(f"{authority} {number} {at} {previous} {lengths}\n{actor}{act}{subject}{detail}", key)


def _digest_of_before(said: Said) -> str:
    at = datetime.fromisoformat(said.at).replace(tzinfo=UTC).isoformat()
    content = [
        said.authority, said.number, at, said.actor, said.act, said.subject, json.loads(said.detail), said.previous,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _signed(content: str, key: str) -> str:
    return hmac.digest(key.encode(), content.encode(), "sha256").hex()


def _seal_of_head(head: AuditHead, key: str) -> str:
    return _signed(f"head {head.authority} {head.number} {head.digest} {head.keyed_from}", key)


def _seal_of_checked(checked: AuditChecked, key: str) -> str:
    return _signed(f"checked {checked.authority} {checked.number} {checked.digest}", key)


def export(session: Session, authority: str) -> Iterator[str]:
    """The whole log as JSON lines, oldest first."""
    query = select(AuditEntry).where(AuditEntry.authority == authority).order_by("number")
    for entry in session.exec(query.execution_options(yield_per=1000)):
        yield entry.model_dump_json(exclude={"id"}) + "\n"


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
            checked.seal = _seal_of_checked(checked, key)
            session.merge(checked)


def _checked(session: Session, authority: str) -> Point:
    """The beginning, where nothing was kept by the key of the log."""
    found, key = session.get(AuditChecked, authority), data_keys.audit_key(session)
    if found is None or key is None or not hmac.compare_digest(found.seal, _seal_of_checked(found, key)):
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
    sealed = hmac.compare_digest(head.seal, _seal_of_head(head, key))
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
