"""What of the lake has had its time: imports undone, tables worked out anew since, and rejected rows.

Registers, homes and audiences stay: what is measured of a campaign is read from them, and no law sets their end.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from engage.foundation.calendar import in_force, law
from engage.foundation.clock import london, today
from engage.foundation.lake import Snapshot, history, paths
from engage.foundation.office import Office
from segments.safeguards import forgetting

WORKED_OUT = ("electors", "gazetteer-health")  # made again whenever they are asked for and not there
SHORT_LIVED = "applications"  # of these lists only the newest says anything
STAYS = "rejects_file"  # has an end of its own


def purge(office: Office, session: Session, authority: str, *, dry_run: bool = False) -> Counter[str]:
    """Remove what is due, in the caller's transaction; gives the number of each. Files go at once, so a transaction
    that fails leaves rows without files, of which the next purge makes an end."""
    policy = in_force(law(office.settings.home).retention, today(office.clock))
    now = office.clock.now()
    replaced_before = now - timedelta(days=policy.replaced_days)
    replaced = [*_replaced(session, authority, replaced_before), *_outlived(session, authority, replaced_before)]
    undone = [s for s in _undone(session, authority, replaced_before) if (office.lake.root / s.path).exists()]
    rejected = list(_rejected(session, authority, now - timedelta(days=policy.rejected_days)))
    if not dry_run:
        for snapshot in replaced:
            session.delete(snapshot)
        session.flush()
        kept = {path for snapshot in _all(session, authority) for path in _paths(snapshot) if not snapshot.undone_at}
        for snapshot in (*replaced, *undone):
            _remove(office, session, _paths(snapshot) - kept)
            forgetting.destroy_keys(office, session, snapshot)
        for snapshot in rejected:
            _remove(office, session, {snapshot.report["rejects_file"]})
            snapshot.report = snapshot.report | {"rejects_file": ""}
    return +Counter({
        "tables worked out anew since": len(replaced), "imports undone": len(undone),
        "files of rejected rows": len(rejected),
    })  # fmt: skip


def _all(session: Session, authority: str) -> list[Snapshot]:
    return list(session.exec(select(Snapshot).where(Snapshot.authority == authority)))


def _replaced(session: Session, authority: str, before: datetime) -> Iterator[Snapshot]:
    for kind in WORKED_OUT:
        newer: set[str] = set()
        for snapshot in sorted(history(session, authority, kind), key=lambda each: -(each.id or 0)):
            if snapshot.name in newer and snapshot.made_at < before:
                yield snapshot
            newer.add(snapshot.name)


def _outlived(session: Session, authority: str, before: datetime) -> Iterator[Snapshot]:
    """Lists of applications that a newer one took the place of, and whom they were tied to."""
    for listed in history(session, authority, SHORT_LIVED)[1:]:
        if listed.made_at < before:
            yield listed
            yield from history(session, authority, "electors", str(listed.id))


def _undone(session: Session, authority: str, before: datetime) -> list[Snapshot]:
    return list(session.exec(select(Snapshot).where(Snapshot.authority == authority, col(Snapshot.undone_at) < before)))


def _rejected(session: Session, authority: str, before: datetime) -> Iterator[Snapshot]:
    for snapshot in _all(session, authority):
        if snapshot.made_at < before and snapshot.report.get("rejects_file"):
            yield snapshot


def _paths(snapshot: Snapshot) -> set[str]:
    return paths(snapshot) - {snapshot.report.get(STAYS)}


def _remove(office: Office, session: Session, relatives: set[str]) -> None:
    for relative in relatives:
        office.lake.remove(session, relative)


def next_due(office: Office, session: Session, authority: str) -> dict[str, date | None]:
    """The day on which the next rejected rows, and the next imports undone, are due; None where there are none."""
    policy = in_force(law(office.settings.home).retention, today(office.clock))
    own = Snapshot.authority == authority
    # Reports are long, and of one in hundreds more than this is asked.
    rows = col(Snapshot.report)["rejects_file"].as_string()
    rejected = list(session.exec(select(Snapshot.made_at).where(own, rows != "")))
    held = session.exec(select(Snapshot).where(own, col(Snapshot.undone_at).is_not(None)))
    undone = [each.undone_at for each in held if each.undone_at and office.lake.file(each).exists()]
    return {
        "rejected": _first(rejected, policy.rejected_days),
        "replaced": _first(undone, policy.replaced_days),
    }


def _first(moments: list[datetime], days: int) -> date | None:
    return london(min(moments)).date() + timedelta(days=days) if moments else None
