"""Where expressions over the lake are computed. One Ibis expression serves every engine; today's is DuckDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Lake, Snapshot


@contextmanager
def connect() -> Iterator[Backend]:
    backend = ibis.duckdb.connect()
    try:
        yield backend
    finally:
        backend.disconnect()


def table(backend: Backend, lake: Lake, snapshot: Snapshot) -> ir.Table:
    return backend.read_parquet(lake.file(snapshot))


def needed(snapshot: Snapshot | None, kind: str) -> Snapshot:
    """The snapshot, or a sentence that says what to import first."""
    if snapshot is None:
        msg = f"There is no {kind} yet. Import one first: engage import {kind} FILE --authority CODE --as-at DATE"
        raise InputRefused(msg)
    return snapshot


def write(backend: Backend, expression: ir.Table, to: Path) -> int:
    """Write Parquet; returns the number of rows."""
    backend.to_parquet(expression, to)
    return int(backend.read_parquet(to).count().execute())


def attach(left: ir.Table, right: ir.Table, on: str) -> ir.Table:
    """`left` with the columns of `right` of the same key, empty where it has none."""
    # A view ends the chain of joins before it; without, Ibis looks for the key in the chain's first table.
    joined = left.view().left_join(right.view(), on)
    return joined.drop(f"{on}_right")
