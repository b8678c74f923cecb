"""How long the council's own records are kept: until the canvass they were brought for ends, and each source until its
next delivery. Dates of birth are for the run alone: their key is destroyed."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import Session

from engage.foundation import audit, data_keys
from engage.foundation.clock import london, today
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot, current, current_by_name, history, paths
from engage.foundation.office import Actor, Office
from segments.records import births
from segments.records.arrival import KIND
from segments.records.layouts import named

CANVASS_ENDS = (12, 1)  # the revised register is published by then (RPA 1983, s 13)
RUN_DAYS = 7  # in which the records of a run come in after the dates of birth


def purge(office: Office, session: Session, authority: str, *, dry_run: bool = False) -> Counter[str]:
    """As `segments.safeguards.retention`."""
    standing = {snapshot.id for snapshot in current_by_name(session, authority, KIND).values()}
    day = today(office.clock)
    old = [
        each for each in history(session, authority, KIND)
        if each.id not in standing or day >= end_of_canvass(each.as_at)
    ]  # fmt: skip
    told = history(session, authority, births.KIND) if _run_is_over(office, session, authority) else []
    if not dry_run:
        _remove(office, session, [*old, *told])
        _destroy_births_key(office, session, authority, told)
    return +Counter({"council's own records": len(old), "dates of birth of a run": len(told)})


def end_of_canvass(day: date) -> date:
    """Of the one that is under way on the day."""
    ends = date(day.year, *CANVASS_ENDS)
    return ends if day < ends else date(day.year + 1, *CANVASS_ENDS)


def _run_is_over(office: Office, session: Session, authority: str) -> bool:
    newest, register = current(session, authority, births.KIND), current(session, authority, "register")
    if newest is None:
        return False
    of_register = register is not None and newest.name == str(register.id)
    return not of_register or today(office.clock) >= london(newest.made_at).date() + timedelta(days=RUN_DAYS)


def _destroy_births_key(office: Office, session: Session, authority: str, told: Sequence[Snapshot]) -> None:
    row = data_keys.standing(session, births.PURPOSE, authority, "")
    if told and row:
        data_keys.destroy(session, office.keys, [row], office.clock.now())


def _remove(office: Office, session: Session, snapshots: Sequence[Snapshot]) -> None:
    for snapshot in snapshots:
        for relative in paths(snapshot):
            office.lake.remove(session, relative)
        session.delete(snapshot)
    session.flush()


def drop(office: Office, actor: Actor, sources: Sequence[str]) -> dict[str, int]:
    """Whole sources at once, with every delivery of them."""
    for source in sources:
        named(source)
    with office.database.erasing() as session:
        gone = [each for source in sources for each in history(session, actor.authority, KIND, source)]
        if not gone:
            raise InputRefused(f"There are no records of {', '.join(sources)} here. Nothing was changed.")
        _remove(office, session, gone)
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="drop council records",
            subject=f"{len(sources)} sources", deliveries=len(gone),
        )  # fmt: skip
    return {"deliveries": len(gone)}
