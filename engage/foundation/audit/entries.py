"""What an entry of the audit log is, how it is signed, and how the database is told that it stays."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import DDL, JSON, Column, UniqueConstraint, event
from sqlmodel import Field, SQLModel

from engage.foundation.database import Moment

GENESIS = "0" * 64
SERVICE = "service"  # the log of what is no council's, where there are several
UPGRADE = "audit log of before"  # in the info of a session: heads without a seal are right
FOUND = "find the audit log changed"  # an act of the log itself


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


def seal_of_head(head: AuditHead, key: str) -> str:
    return _signed(f"head {head.authority} {head.number} {head.digest} {head.keyed_from}", key)


def seal_of_checked(checked: AuditChecked, key: str) -> str:
    return _signed(f"checked {checked.authority} {checked.number} {checked.digest}", key)
