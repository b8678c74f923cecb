"""What wards are called where no boundaries were imported: ONS's look-ups between areas name them too."""

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.lake import current, current_by_name
from engage.foundation.office import Office
from segments.areas import boundaries
from segments.engine import execution


def of_wards(backend: Backend, office: Office, session: Session, authority: str) -> ir.Table | None:
    """`ward, ward_name`: of the newest boundaries, else of the look-ups; None before either is imported."""
    newest = current(session, authority, "boundaries")
    if newest is None:
        return looked_up(backend, office, session, authority)
    names = execution.table(backend, office.lake, newest).select("ward", ward_name="name")
    told = boundaries.codes(backend, office, session, authority)
    return names.mutate(ward=names.ward.substitute(told)) if told else names


def looked_up(backend: Backend, office: Office, session: Session, authority: str) -> ir.Table | None:
    """`ward, ward_name` of every look-up that has wards; None before one is imported."""
    snapshots = current_by_name(session, authority, "lookup").values()
    tables = [execution.table(backend, office.lake, snapshot) for snapshot in snapshots]
    sides = [
        table.filter(table[f"{side}_level"] == "ward").select(ward=f"{side}_code", ward_name=f"{side}_name")
        for table in tables
        for side in ("from", "to")
    ]
    if not sides:
        return None
    every = ibis.union(*sides)
    return every.group_by("ward").agg(ward_name=every.ward_name.max())
