"""An act recorded with what it changes, and why, where somebody says; the whole log written out."""

import hmac
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from engage.foundation import data_keys
from engage.foundation.audit.entries import (
    FOUND,
    UPGRADE,
    AuditEntry,
    AuditHead,
    digest,
    said,
    seal_of_head,
)
from engage.foundation.errors import InputRefused, SettingsInvalid


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
    head.seal = seal_of_head(head, key)
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


def _head(session: Session, authority: str, key: str, at: datetime) -> AuditHead:
    """The end to go on from. Where it is not as it was left, that is said by the chain itself before anything else."""
    head = session.exec(select(AuditHead).where(AuditHead.authority == authority).with_for_update()).first()
    earlier = head is not None and head.keyed_from is None and UPGRADE in session.info
    if head is not None and (earlier or hmac.compare_digest(head.seal, seal_of_head(head, key))):
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


def export(session: Session, authority: str) -> Iterator[str]:
    """The whole log as JSON lines, oldest first."""
    query = select(AuditEntry).where(AuditEntry.authority == authority).order_by("number")
    for entry in session.exec(query.execution_options(yield_per=1000)):
        yield entry.model_dump_json(exclude={"id"}) + "\n"
