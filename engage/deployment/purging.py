"""What retention says is due, room by room."""

from collections import Counter

from sqlmodel import select

import campaigns.records.retention
import segments.safeguards.retention
from campaigns.records import copies
from engage.deployment import lake_files
from engage.foundation import audit
from engage.foundation.errors import LakeDamaged
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.web.askers import attempts
from segments.safeguards import forgetting, sealed_columns


def purge(office: Office, *, dry_run: bool = False) -> dict[str, dict[str, int]]:
    """Of each authority what went, or with `dry_run` what would; what a crash left goes the next time."""
    with office.database.session() as session:
        codes = list(session.exec(select(Authority.code).order_by(Authority.code)))
    gone = {code: _purge(office, code, dry_run=dry_run) for code in codes}
    if not dry_run:
        with office.database.session() as session:
            copies.ready(session, office.clock.now())
            attempts.forget_over(session, office.clock.now())
    return gone


def _purge(office: Office, authority: str, *, dry_run: bool) -> dict[str, int]:
    with office.database.erasing() as session:
        gone: Counter[str] = Counter()
        for room in (segments.safeguards.retention, campaigns.records.retention):
            gone += room.purge(office, session, authority, dry_run=dry_run)
        due = campaigns.records.retention.due(office, session, authority)
    for snapshot in due:
        try:
            gone[HELD[snapshot.kind]] += _forget(office, snapshot, dry_run=dry_run)
        except LakeDamaged:  # the others go all the same
            gone["damaged files left until they are put back"] += 1
    gone["files nobody knows"] = lake_files.purge(office, authority, dry_run=dry_run)
    if +gone and not dry_run:
        _record(office, authority, gone)
    return dict(+gone)


HELD = {"audience": "contacts in audience files", "contacts": "contacts in imported lists"}


def _forget(office: Office, snapshot: Snapshot, *, dry_run: bool) -> int:
    """Each in a transaction of its own, as a file of a million homes takes its time."""
    contacts = sealed_columns.held(office.lake.file(snapshot), snapshot.kind)
    if not dry_run:
        forgetting.forget(office, snapshot)
    return contacts


def _record(office: Office, authority: str, gone: Counter[str]) -> None:
    with office.database.session() as session:
        audit.record(
            session, authority=authority, at=office.clock.now(), actor="retention", act="purge",
            subject="what retention says is due", **{name.replace(" ", "_"): count for name, count in gone.items()},
        )  # fmt: skip
