"""How complete each register since was, by ward, against the people entitled as they are estimated today."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import ibis
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.identity import former_codes
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
    """Every register that homes were built from, oldest first; of those of one day the newest. Before its own, those of
    the councils that it was, or that went into it, together."""
    with office.database.session() as session, execution.connect() as backend:

        def of(code: str) -> dict[date, Counted]:
            return _of(office, session, backend, code, authority)

        own = of(authority)
        former = [found for each in former_codes(session, authority) if (found := of(each.code))]
        found = {day: each for day, each in _together(former).items() if not own or day < min(own)} | own
    return tuple(found[day] for day in sorted(found))


def _of(office: Office, session: Session, backend: Backend, code: str, authority: str) -> dict[date, Counted]:
    """The registers of a code by their day, by the wards that the authority has today."""
    found: dict[date, Counted] = {}
    for snapshot in history(session, code, "households"):
        if snapshot.as_at in found or not office.lake.file(snapshot).exists():
            continue
        homes = wards.restated(
            backend, office, session, authority, execution.table(backend, office.lake, snapshot)
        ).filter(ibis._.ward.notnull())
        frame = homes.group_by("ward").agg(electors=ibis._.electors.sum()).execute()
        scale = registrations.scale(snapshot)
        by_ward = {str(ward): scale * float(n) for ward, n in frame.itertuples(index=False)}
        found[snapshot.as_at] = Counted(snapshot.as_at, by_ward)
    return found


def _together(councils: Sequence[Mapping[date, Counted]]) -> dict[date, Counted]:
    """On each day on which one of them had a new register, once all of them have one: the newest of each added up."""
    found = {}
    for day in sorted(set[date]().union(*councils)) if councils else []:
        newest = [max((d for d in council if d <= day), default=None) for council in councils]
        if None not in newest:
            electors = Counter[str]()
            for council, at in zip(councils, newest, strict=True):
                electors.update(council[at].electors if at else {})
            found[day] = Counted(day, dict(electors))
    return found
