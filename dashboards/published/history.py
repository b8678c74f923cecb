"""How complete each register since was, by ward, against the people entitled as they are estimated today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import ibis

from engage.foundation.lake import history
from engage.foundation.office import Office
from segments.areas import wards
from segments.engine import execution
from segments.homes import registrations


@dataclass(frozen=True)
class Counted:
    """Electors tied to homes on one register, by the wards of today, scaled to all who were on it and belong here."""

    as_at: date
    electors: Mapping[str, float]


def counted(office: Office, authority: str) -> tuple[Counted, ...]:
    """Every register that homes were built from, oldest first; of those of one day the newest."""
    with office.database.session() as session, execution.connect() as backend:
        found: dict[date, Counted] = {}
        for snapshot in history(session, authority, "households"):
            if snapshot.as_at in found or not office.lake.file(snapshot).exists():
                continue
            homes = wards.restated(
                backend, office, session, authority, execution.table(backend, office.lake, snapshot)
            ).filter(ibis._.ward.notnull())
            frame = homes.group_by("ward").agg(electors=ibis._.electors.sum()).execute()
            scale = registrations.scale(snapshot)
            by_ward = {str(ward): scale * float(n) for ward, n in frame.itertuples(index=False)}
            found[snapshot.as_at] = Counted(snapshot.as_at, by_ward)
    return tuple(found[day] for day in sorted(found))
