"""How complete each register since was, by ward, against the people entitled as they are estimated today."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from dashboards.published import snapshots
from engage.foundation.identity import former_codes
from engage.foundation.lake import Snapshot, history
from engage.foundation.office import Office
from segments.areas import wards
from segments.engine import execution
from segments.homes import registrations

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Counted:
    """Electors tied to homes on one register, by the wards of today, scaled to all who were on it and belong here."""

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
        return _counted(office, session, backend, homes, authority)


def of_former(office: Office, authority: str, before: date) -> tuple[Counted, ...]:
    """The registers of the councils that it was, or that went into it, together, before its own first."""
    with office.database.session() as session, execution.connect() as backend:
        found = _of_all(office, session, backend, authority, authority)
    return tuple(found[day] for day in sorted(found) if day < before)


def _of_all(office: Office, session: Session, backend: Backend, code: str, authority: str) -> dict[date, Counted]:
    """Those that went into a code, each with those that went into it before."""
    former = [_of(office, session, backend, each.code, authority) for each in former_codes(session, code)]
    return _together([days for days in former if days])


def _counted(office: Office, session: Session, backend: Backend, homes: Snapshot, authority: str) -> Counted:
    placed = wards.restated(backend, office, session, authority, execution.table(backend, office.lake, homes))
    within = placed.filter(ibis._.ward.notnull())
    frame = within.group_by("ward").agg(electors=ibis._.electors.sum()).execute()
    scale = registrations.scale(homes)
    return Counted(homes.as_at, {str(ward): scale * float(n) for ward, n in frame.itertuples(index=False)})


def _of(office: Office, session: Session, backend: Backend, code: str, authority: str) -> dict[date, Counted]:
    """The registers of a code by their day, by the wards that the authority has today; before its first, of those that
    went into it."""
    found: dict[date, Counted] = {}
    for snapshot in history(session, code, "households"):
        if snapshot.as_at in found or not office.lake.file(snapshot).exists():
            continue
        found[snapshot.as_at] = _counted(office, session, backend, snapshot, authority)
    earlier = _of_all(office, session, backend, code, authority)
    return {day: one for day, one in earlier.items() if day < min(found, default=day + DAY)} | found


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
