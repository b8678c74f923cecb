"""How complete each register since was, by ward, against the people entitled as they are estimated today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import ibis
from sqlmodel import Session

from dashboards.published import snapshots
from engage.foundation.lake import Snapshot, history
from engage.foundation.office import Office
from segments.areas import wards
from segments.engine import execution


@dataclass(frozen=True)
class Counted:
    """Electors tied to homes on one register, by the wards of today, scaled to all who were on it."""

    as_at: date
    electors: Mapping[str, float]


def registers(office: Office, session: Session, authority: str) -> dict[date, Snapshot]:
    """The table of homes of every register, oldest first: of those of one day the one that was published from, else the
    newest. A day's later imports do not restate it."""
    built = [one for one in history(session, authority, "households") if office.lake.file(one).exists()]
    known = {one.id: one for one in built}
    found: dict[date, Snapshot] = {}
    for kept in snapshots.standing(office, session, authority, snapshots.COMPLETENESS):
        for number in kept.report["basis"]:
            if number in known:
                found.setdefault(known[number].as_at, known[number])
    for one in built:
        found.setdefault(one.as_at, one)
    return dict(sorted(found.items()))


def counted(office: Office, authority: str, homes: Snapshot) -> Counted:
    with office.database.session() as session, execution.connect() as backend:
        placed = wards.restated(backend, office, session, authority, execution.table(backend, office.lake, homes))
        within = placed.filter(ibis._.ward.notnull())
        frame = within.group_by("ward").agg(electors=ibis._.electors.sum()).execute()
    scale = _scale(homes)
    return Counted(homes.as_at, {str(ward): scale * float(n) for ward, n in frame.itertuples(index=False)})


def _scale(snapshot: Snapshot) -> float:
    """Electors who could not be tied to a home are shared over the wards as the others are."""
    report = snapshot.report
    linked = report.get("by_uprn", 0) + report.get("by_address", 0)
    return float(report["electors"] / linked) if linked else 1.0
