"""Points of properties as they lie on the new map: each that was moved once, as long as the gazetteer still says the
old one. A gazetteer that has taken the move over, or a point that was captured anew, is believed as it is."""

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table
from sqlmodel import Session

from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from segments.engine import execution

KIND = "positions"
STAGED = "positions-staged"  # worked out, and waiting for a yes
SAME = 0.01  # metres: the gazetteer is kept to a centimetre
# Over `{points}(uprn, easting, northing)` and `{moves}`, for those who ask in SQL.
NOW = f"""
select p.* replace (coalesce(m.easting, p.easting) as easting, coalesce(m.northing, p.northing) as northing)
from {{points}} p left join {{moves}} m
    on m.uprn = p.uprn and abs(m.from_easting - p.easting) < {SAME} and abs(m.from_northing - p.northing) < {SAME}
"""


def moves(session: Session, authority: str) -> Snapshot | None:
    return current(session, authority, KIND)


def now(backend: Backend, office: Office, session: Session, gazetteer: Snapshot) -> Table:
    """`uprn, easting, northing` of every property."""
    points = execution.table(backend, office.lake, gazetteer).select("uprn", "easting", "northing")
    made = moves(session, gazetteer.authority)
    if made is None:
        return points
    to = execution.table(backend, office.lake, made).rename(to_easting="easting", to_northing="northing", moved="uprn")
    near = [(points[axis] - to[f"from_{axis}"]).abs() < SAME for axis in ("easting", "northing")]
    beside = points.left_join(to, [points.uprn == to.moved, *near])
    return beside.select(
        "uprn", *(ibis.coalesce(beside[f"to_{axis}"], beside[axis]).name(axis) for axis in ("easting", "northing"))
    )
