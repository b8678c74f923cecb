"""Addresses that must not be seen: known only by keyed hash, and taken out of every table, count and list."""

import duckdb
from sqlmodel import Session

from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from segments.suppression import suppressed_households


def keys(office: Office, session: Session, authority: str) -> set[str]:
    snapshot = current(session, authority, "protected")
    if snapshot is None:
        return set()
    path = str(office.lake.file(snapshot))
    return {row[0] for row in duckdb.execute("SELECT address FROM read_parquet(?)", [path]).fetchall()}


def hidden(office: Office, session: Session, gazetteer: Snapshot) -> list[int]:
    """UPRNs of protected homes and of households that asked not to be contacted: outside every count alike,
    so that nothing tells one from the other."""
    wanted = keys(office, session, gazetteer.authority) | suppressed_households(session, gazetteer.authority)
    if not wanted:
        return []
    keyed = office.keys.hash_sql("'uprn' || chr(31) || uprn::VARCHAR")
    query = f"SELECT uprn FROM read_parquet(?) WHERE list_contains(?, {keyed})"  # noqa: S608  # the expression is ours
    found = duckdb.execute(query, [str(office.lake.file(gazetteer)), sorted(wanted)]).fetchall()
    return [row[0] for row in found]
