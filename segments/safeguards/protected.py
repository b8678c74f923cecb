"""Addresses that must not be seen: known only by keyed hash, and taken out of every table, count and list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import func
from sqlmodel import Session, col, select

from engage.foundation.identity import line
from engage.foundation.lake import Snapshot, current
from engage.foundation.libraries import duckdb, pq
from engage.foundation.office import Office
from segments.safeguards.suppression import Suppression, suppressed_households

State = list[int | str | None]
LIFTED = col(Suppression.lifted_at)
# Of the households that asked not to be contacted: what changes whenever one is added or lifted.
MARKS = (func.max(Suppression.id), func.count(), func.count(LIFTED), func.max(LIFTED))
HOUSEHOLDS = col(Suppression.scope) == "household"


def lists(session: Session, authority: str) -> list[Snapshot]:
    """The list of the authority and those of the councils that went into it: who was at risk still is, whichever
    council holds the list, and one that the new council imports does not end theirs."""
    return [found for code in line(session, authority) if (found := current(session, code, "protected"))]


def keys(office: Office, session: Session, authority: str) -> set[str]:
    files = [office.lake.file(found) for found in lists(session, authority)]
    return set[str]().union(*(pq.read_table(file)["address"].to_pylist() for file in files))


def hidden(office: Office, session: Session, homes: Snapshot) -> list[int]:
    """UPRNs, of a gazetteer or table of homes, of protected homes and of households that asked not to be contacted:
    outside every count alike, so that nothing tells one from the other."""
    return hidden_of(office, session, {homes.authority: homes})[homes.authority]


def hidden_of(office: Office, session: Session, homes: Mapping[str, Snapshot]) -> dict[str, list[int]]:
    """`hidden` of each authority's dataset."""
    wanted = {code: keys(office, session, code) | suppressed_households(session, code) for code in homes}
    return keyed(office, homes, wanted)


def hidden_since(office: Office, session: Session, tables: Mapping[str, Snapshot]) -> dict[str, list[int]]:
    """`hidden` of each authority's table of homes, which lacks those that were to be left out when it was built: the
    homes are looked through only where the lists have changed since."""
    now = states(session, list(tables))
    changed = {code: table for code, table in tables.items() if table.report.get("hiding") != now[code]}
    return {code: [] for code in tables} | hidden_of(office, session, changed)


def states(session: Session, authorities: Sequence[str]) -> dict[str, State]:
    """Of each authority what changes whenever the homes that must not be seen may have changed."""
    lines = {code: line(session, code) for code in authorities}
    every = sorted(set[str]().union(*lines.values()))
    listed = select(Snapshot.authority, Snapshot.id).where(
        Snapshot.kind == "protected", col(Snapshot.authority).in_(every), col(Snapshot.undone_at).is_(None)
    )  # fmt: skip
    newest = dict(session.exec(listed.order_by(col(Snapshot.as_at), col(Snapshot.id))).all())
    marks = sa.select(col(Suppression.authority), *MARKS).where(
        HOUSEHOLDS, col(Suppression.authority).in_(every)
    )  # fmt: skip
    rows = session.execute(marks.group_by(col(Suppression.authority)))
    found = {code: [number, count, ended, at and at.isoformat()] for code, number, count, ended, at in rows}
    state = {one: [newest.get(one), *found.get(one, [None, 0, 0, None])] for one in every}
    return {code: [part for one in held for part in state[one]] for code, held in lines.items()}


def keyed(office: Office, homes: Mapping[str, Snapshot], wanted: Mapping[str, set[str]]) -> dict[str, list[int]]:
    """UPRNs of each authority's dataset by their keyed hashes, in order."""
    files = {str(office.lake.file(table)): code for code, table in homes.items() if wanted[code]}
    found: dict[str, list[int]] = {code: [] for code in homes}
    if files:
        key = office.keys.hash_sql("'uprn' || chr(31) || uprn::VARCHAR")
        query = (
            f"SELECT filename, uprn, {key} AS key FROM read_parquet(?, filename = true) "
            "WHERE key IN (SELECT unnest(?)) ORDER BY uprn"
        )
        with duckdb.connect() as lake:
            rows = lake.execute(query, [list(files), sorted(set[str]().union(*wanted.values()))]).fetchall()
        for file, uprn, hashed in rows:
            if hashed in wanted[files[file]]:
                found[files[file]].append(uprn)
    return found
