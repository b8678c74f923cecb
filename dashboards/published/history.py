"""Which registers are shown: one a month, as the law has the register altered once a month.

The day alone decides, never what a register holds: that one is shown at last would tell of the entry that was awaited.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlmodel import Session

from dashboards.published import snapshots
from engage.foundation.identity import former_codes
from engage.foundation.lake import Snapshot, history
from engage.foundation.office import Office

DAY = timedelta(days=1)
Month = tuple[int, int]
Homes = tuple[Snapshot, ...]
"""The tables of homes of one register; several where councils became one."""


def registers(office: Office, session: Session, authority: str) -> dict[date, Snapshot]:
    """The table of homes of the first register of each month, oldest first: the one that was published from, else that
    of the month's first day, the newest of it. What comes later in the month restates nothing."""
    built = [one for one in history(session, authority, "households") if office.lake.file(one).exists()]
    known = {one.id: one for one in built}
    found: dict[Month, Snapshot] = {}
    for kept in snapshots.standing(office, session, authority, snapshots.COMPLETENESS):
        for number in kept.report["basis"]:
            if number in known:
                found.setdefault(_month(known[number].as_at), known[number])
    for one in sorted(built, key=lambda one: one.as_at):
        found.setdefault(_month(one.as_at), one)
    return {one.as_at: one for one in sorted(found.values(), key=lambda one: one.as_at)}


def _month(day: date) -> Month:
    return day.year, day.month


def of_former(office: Office, session: Session, authority: str, before: date) -> dict[date, Homes]:
    """The registers of the councils that it was, or that went into it, together, before its own first."""
    found = _of_all(office, session, authority)
    return {day: homes for day, homes in sorted(found.items()) if day < before}


def _of_all(office: Office, session: Session, code: str) -> dict[date, Homes]:
    """Those that went into a code, each with those that went into it before."""
    former = [_of(office, session, each.code) for each in former_codes(session, code)]
    return _together([days for days in former if days])


def _of(office: Office, session: Session, code: str) -> dict[date, Homes]:
    """The registers of a code by their day; before its first, of those that went into it."""
    found: dict[date, Homes] = {day: (one,) for day, one in registers(office, session, code).items()}
    earlier = _of_all(office, session, code)
    return {day: one for day, one in earlier.items() if day < min(found, default=day + DAY)} | found


def _together(councils: Sequence[Mapping[date, Homes]]) -> dict[date, Homes]:
    """On each day on which one of them had a new register, once all of them have one: the newest of each."""
    found = {}
    for day in sorted(set[date]().union(*councils)) if councils else []:
        newest = [max((d for d in council if d <= day), default=None) for council in councils]
        if None not in newest:
            found[day] = tuple(one for council, at in zip(councils, newest, strict=True) if at for one in council[at])
    return found
