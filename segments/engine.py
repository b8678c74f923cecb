"""Where expressions over the lake are computed: one Ibis expression, on DuckDB or on Spark.

What differs between them is settled here. Reading adds the authority a snapshot belongs to, as `authority`, so that
many authorities can be read as one; writing always ends in one Parquet file per snapshot, made by DuckDB and cast to
the types the expression says, so that nobody can tell from a snapshot which of them computed it.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Lake, Snapshot
from engage.foundation.settings import DUCKDB
from segments import spark

FILE = "file_it_lies_in"
AUTHORITY = r"([^/\\]+)[/\\][^/\\]+[/\\][^/\\]+$"  # The lake keeps AUTHORITY/KIND/FILE (Lake.adopt).


@dataclass(frozen=True)
class Part:
    """What one authority gets of a table computed for many: a staged Parquet file."""

    authority: str
    path: Path
    rows: int


@contextmanager
def connect(name: str = DUCKDB) -> Iterator[Backend]:
    """An engine by the name that the setting has: `duckdb`, or a Spark master."""
    if name != DUCKDB:
        yield spark.connect(name)
        return
    backend = ibis.duckdb.connect()
    try:
        yield backend
    finally:
        backend.disconnect()


def table(backend: Backend, lake: Lake, snapshot: Snapshot) -> ir.Table:
    return backend.read_parquet(lake.file(snapshot).absolute())


def tables(backend: Backend, lake: Lake, snapshots: Iterable[Snapshot]) -> ir.Table:
    """Snapshots of one kind under one another, with `authority`: whose a row is. A column that some lack is empty."""
    files = [lake.file(snapshot).absolute() for snapshot in snapshots]
    if _is_spark(backend):
        read = spark.read(backend, files, FILE)
    else:
        read = backend.read_parquet([str(file) for file in files], union_by_name=True, filename=FILE)
    return read.mutate(authority=read[FILE].re_extract(AUTHORITY, 1)).drop(FILE)


def needed(snapshot: Snapshot | None, kind: str) -> Snapshot:
    """The snapshot, or a sentence that says what to import first."""
    if snapshot is None:
        msg = f"There is no {kind} yet. Import one first: engage import {kind} FILE --authority CODE --as-at DATE"
        raise InputRefused(msg)
    return snapshot


def rows(backend: Backend, expression: ir.Table) -> list[dict[str, Any]]:
    """A small result, row by row; what is empty is None."""
    arrow = spark.arrow(backend, expression) if _is_spark(backend) else backend.to_pyarrow(expression)
    found: list[dict[str, Any]] = arrow.cast(expression.schema().to_pyarrow()).to_pylist()
    return found


def write(backend: Backend, expression: ir.Table, to: Path) -> int:
    """Write Parquet, in the order of the expression; returns the number of rows."""
    if not _is_spark(backend):
        backend.to_parquet(expression, to)
        return int(pq.read_metadata(to).num_rows)
    folder = to.with_suffix(".parts")
    try:
        _compute(backend, expression, folder)
        with connect() as own:
            return write(own, _parts(own, folder, expression), to)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_each(
    backend: Backend, expression: ir.Table, lake: Lake, columns: Mapping[str, Mapping[str, str]], order: str
) -> Iterator[Part]:
    """Compute a table of many authorities at once; yields the part of each, one by one, sorted by `order`.

    `columns` says for each authority what its part holds: `{name there: name in the expression}`.
    """
    folder = lake.stage(".parts")
    try:
        _compute(backend, expression, folder, by="authority")
        with connect() as own:
            for authority, names in columns.items():
                part = _parts(own, folder / f"authority={authority}", expression)
                kept = part.select(**{name: part[there] for name, there in names.items()}).order_by(order)
                staged = lake.stage()
                yield Part(authority, staged, write(own, kept, staged))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compute(backend: Backend, expression: ir.Table, folder: Path, by: str | None = None) -> None:
    """Write a folder of Parquet files, with one folder `BY=VALUE` for each value if `by` is given."""
    if _is_spark(backend):
        spark.write(backend, expression, folder, by)
    else:
        backend.to_parquet(expression, folder, partition_by=by)


def _parts(own: Backend, folder: Path, expression: ir.Table) -> ir.Table:
    """What was computed in a folder, read by DuckDB; without rows where there is no such folder."""
    schema = expression.schema()
    if not any(folder.glob("*.parquet")):
        return ibis.memtable(schema.to_pyarrow().empty_table())
    read = own.read_parquet(f"{folder}/*.parquet", hive_partitioning=False)
    return read.cast({name: kind for name, kind in schema.items() if name in read.columns})


def _is_spark(backend: Backend) -> bool:
    return bool(backend.name != DUCKDB)


def attach(left: ir.Table, right: ir.Table, on: str) -> ir.Table:
    """`left` with the columns of `right` of the same key, empty where it has none; where both have an `authority`,
    within each authority."""
    keys = [on, "authority"] if on != "authority" and {"authority"} <= {*left.columns} & {*right.columns} else [on]
    # A view ends the chain of joins before it; without, Ibis looks for the key in the chain's first table.
    joined = left.view().left_join(right.view(), keys)
    return joined.drop(*(f"{key}_right" for key in keys))


def without(table: ir.Table, key: str, values: Mapping[str, Iterable[object]]) -> ir.Table:
    """The rows whose key is not among the values of their authority."""
    pairs = [(authority, value) for authority, own in values.items() for value in sorted(own)]  # type: ignore[type-var]
    if not pairs:
        return table
    codes, keys = zip(*pairs, strict=True)
    schema = {"authority": "string", key: table[key].type()}
    return table.anti_join(ibis.memtable({"authority": codes, key: keys}, schema=schema), ["authority", key])
