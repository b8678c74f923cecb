"""The audit log: every act that changes something or reads personal data, chained by hash, without personal data."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, select

from engage.foundation.database import Moment

GENESIS = "0" * 64


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


def record(
    session: Session, *, authority: str, at: datetime, actor: str, act: str, subject: str, **detail: Any
) -> AuditEntry:
    """Append one entry in the caller's transaction, so that the act and its record stand or fall together.

    `detail` takes counts, codes and identifiers of ours; never a name, address, contact or UPRN.
    """
    head = session.exec(select(AuditHead).where(AuditHead.authority == authority).with_for_update()).first()
    head = head or AuditHead(authority=authority)
    entry = AuditEntry(
        authority=authority, number=head.number + 1, at=at, actor=actor, act=act, subject=subject,
        detail=detail, previous=head.digest, digest="",
    )  # fmt: skip
    entry.digest = digest(entry)
    head.number, head.digest = entry.number, entry.digest
    session.add(head)
    session.add(entry)
    session.flush()
    return entry


def digest(entry: AuditEntry) -> str:
    content = [
        entry.authority, entry.number, entry.at.isoformat(), entry.actor, entry.act, entry.subject,
        entry.detail, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def export(session: Session, authority: str) -> Iterator[str]:
    """The whole log as JSON lines, oldest first."""
    query = select(AuditEntry).where(AuditEntry.authority == authority).order_by("number")
    for entry in session.exec(query):
        yield entry.model_dump_json(exclude={"id"}) + "\n"


@dataclass(frozen=True)
class Verdict:
    entries: int
    broken_at: int | None

    @property
    def intact(self) -> bool:
        return self.broken_at is None


def verify(session: Session, authority: str) -> Verdict:
    """Walk the chain; `broken_at` is the number of the first entry that was changed, removed or added."""
    previous, number = GENESIS, 0
    query = select(AuditEntry).where(AuditEntry.authority == authority).order_by("number")
    for entry in session.exec(query):
        number += 1
        if entry.number != number or entry.previous != previous or digest(entry) != entry.digest:
            return Verdict(number, number)
        previous = entry.digest
    head = session.get(AuditHead, authority)
    cut_short = head is not None and (head.number, head.digest) != (number, previous)
    return Verdict(number, number + 1 if cut_short else None)
