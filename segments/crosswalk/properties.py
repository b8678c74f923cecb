"""One property for another system: its address, what it was before, and which systems' lists hold it.

Nothing here is of persons. What must not be seen is as if it was not there.
"""

from datetime import date
from functools import lru_cache
from typing import Any

import duckdb
from sqlmodel import Session

from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Office
from segments.crosswalk import systems
from segments.safeguards import protected

LOOKED_BACK = 24  # gazetteers
FIELDS = (
    "uprn", "address", "address_lines", "postcode", "street", "usrn", "class", "logical_status", "residential",
    "parent_uprn", "successor", "easting", "northing", "ward", "organisation",
)  # fmt: skip
# What an earlier version kept lacks the successor.
WHOLE = "(from read_parquet(?) union all by name select null::bigint as successor where false)"
TOLD = ("address", "class", "logical_status", "parent_uprn")  # of what it was before


def gazetteer(session: Session, authority: str) -> Snapshot:
    found = current(session, authority, "gazetteer")
    if found is None:
        raise InputRefused("There is no gazetteer here yet.")
    return found


_hidden: dict[str, tuple[str, frozenset[int]]] = {}


def hidden(office: Office, session: Session, of: Snapshot) -> frozenset[int]:
    """The UPRNs that must not be seen, looked for again where the lists of them or the gazetteer changed."""
    place = f"{office.settings.home} {of.authority}"
    state = f"{of.id} {protected.states(session, [of.authority])}"
    if _hidden.get(place, ("",))[0] != state:
        _hidden[place] = state, frozenset(protected.hidden(office, session, of))
    return _hidden[place][1]


def state(session: Session, authority: str) -> str:
    """What changes whenever an answer about a property may have."""
    of = gazetteer(session, authority)
    lists = [each.crosswalk.id for each in systems.of_authority(session, authority) if each.crosswalk]
    answered = systems.last_decision(session, authority)
    return f"{of.id} {lists} {answered} {protected.states(session, [authority])}"


def look_up(office: Office, session: Session, authority: str, uprn: int) -> dict[str, Any]:
    """NotFound where the gazetteer has it not, or it must not be seen."""
    of = gazetteer(session, authority)
    found = None if uprn in hidden(office, session, of) else _row(str(office.lake.file(of)), uprn)
    if found is None:
        raise NotFound(f"There is no property {uprn} in this gazetteer.")
    before = list(_before(office, session, of, uprn, found))
    return found | {"history": before, "lists": _lists(office, session, authority, uprn), "as_at": of.as_at.isoformat()}


@lru_cache(maxsize=4096)
def _cached(path: str, uprn: int) -> tuple[Any, ...] | None:
    names = ", ".join(f'"{name}"' for name in FIELDS)
    return duckdb.execute(f"select {names} from {WHOLE} where uprn = ?", [path, uprn]).fetchone()


def _row(path: str, uprn: int) -> dict[str, Any] | None:
    row = _cached(path, uprn)
    return dict(zip(FIELDS, row, strict=True)) if row else None


def _before(office: Office, session: Session, of: Snapshot, uprn: int, now: dict[str, Any]) -> list[dict[str, Any]]:
    """What earlier gazetteers said of it where they said otherwise, newest first, each with its day."""
    said, last = [], now
    for snapshot in history(session, of.authority, "gazetteer")[1:LOOKED_BACK]:
        if not (office.lake.root / snapshot.path).exists():
            continue
        earlier = _row(str(office.lake.file(snapshot)), uprn)
        if earlier and any(earlier[name] != last[name] for name in TOLD):
            said.append({"as_at": snapshot.as_at.isoformat(), **{name: earlier[name] for name in TOLD}})
            last = earlier
    return said


def _lists(office: Office, session: Session, authority: str, uprn: int) -> list[dict[str, Any]]:
    """Every reference that a system's newest list has for it, with what people said since."""
    found = []
    for each in systems.of_authority(session, authority):
        if each.crosswalk:
            with duckdb.connect() as con:
                systems.counting(con, office, session, each.system, each.crosswalk)
                query = "select reference, state, since from counting where uprn = ? order by reference"
                rows: list[tuple[str, str, date]] = con.execute(query, [uprn]).fetchall()
            found += [
                {"system": each.system.name, "reference": reference, "state": how, "since": since.isoformat()}
                for reference, how, since in rows
            ]
    return found
