"""What retention says is due, room by room."""

from collections import Counter

from sqlmodel import select

import campaigns.records.retention
import segments.safeguards.retention
from engage.foundation import audit
from engage.foundation.identity import Authority
from engage.foundation.office import Office


def purge(office: Office, *, dry_run: bool = False) -> dict[str, dict[str, int]]:
    """Of each authority what went, or with `dry_run` what would; each authority in one transaction."""
    with office.database.session() as session:
        codes = list(session.exec(select(Authority.code).order_by(Authority.code)))
    return {code: _purge(office, code, dry_run=dry_run) for code in codes}


def _purge(office: Office, authority: str, *, dry_run: bool) -> dict[str, int]:
    with office.database.erasing() as session:
        gone: Counter[str] = Counter()
        for room in (segments.safeguards.retention, campaigns.records.retention):
            gone += room.purge(office, session, authority, dry_run=dry_run)
        if gone and not dry_run:
            audit.record(
                session, authority=authority, at=office.clock.now(), actor="retention", act="purge",
                subject="what retention says is due", **{name.replace(" ", "_"): count for name, count in gone.items()},
            )  # fmt: skip
    return dict(gone)
