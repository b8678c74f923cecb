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
    with duckdb.connect() as lake:
        return {row[0] for row in lake.execute("SELECT address FROM read_parquet(?)", [path]).fetchall()}


def hidden(office: Office, session: Session, homes: Snapshot) -> list[int]:
    """UPRNs, of a gazetteer or table of homes, of protected homes and of households that asked not to be contacted:
    outside every count alike, so that nothing tells one from the other."""
    wanted = keys(office, session, homes.authority) | suppressed_households(session, homes.authority)
    if not wanted:
        return []
    return keyed(office, homes, wanted)


def keyed(office: Office, homes: Snapshot, wanted: set[str]) -> list[int]:
    """UPRNs of a dataset by their keyed hashes, in order."""
    key = office.keys.hash_sql("'uprn' || chr(31) || uprn::VARCHAR")
    query = f"SELECT uprn FROM read_parquet(?) WHERE {key} IN (SELECT unnest(?)) ORDER BY uprn"  # noqa: S608  # the expression is ours
    with duckdb.connect() as lake:
        found = lake.execute(query, [str(office.lake.file(homes)), sorted(wanted)]).fetchall()
    return [row[0] for row in found]
