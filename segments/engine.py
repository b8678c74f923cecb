"""Where expressions over the lake are computed: one Ibis expression, on DuckDB or on Spark.

What differs between them is settled here. Reading adds the authority a snapshot belongs to, as `authority`, so that
many authorities can be read as one; writing always ends in one Parquet file per snapshot, made by DuckDB and cast to
the types the expression says, so that nobody can tell from a snapshot which of them computed it.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
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
        spark.write(backend, expression, folder)
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
    staged = [lake.stage() for _ in columns]
    with _computed(backend, expression, lake) as found, ThreadPoolExecutor(found.at_once) as writers:
        parts = [(found.part(code), names) for code, names in columns.items()]
        kept = [part.select(**{to: part[name] for to, name in names.items()}).order_by(order) for part, names in parts]
        try:
            yield from map(Part, columns, staged, writers.map(found.write, kept, staged))
        finally:
            writers.shutdown(cancel_futures=True)
            for path in staged:  # of those that nobody took
                path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Computed:
    """A table of many authorities, computed: what belongs to one of them, and how that is written."""

    own: Backend
    part: Callable[[str], ir.Table]
    at_once: int

    def write(self, kept: ir.Table, to: Path) -> int:
        # A cursor is a connection of its own, so that the parts of several authorities are written at a time.
        own = self.own if self.at_once == 1 else ibis.duckdb.from_connection(self.own.con.cursor())
        return write(own, kept, to)


@contextmanager
def _computed(backend: Backend, expression: ir.Table, lake: Lake) -> Iterator[_Computed]:
    """DuckDB keeps it in a table, Spark writes it to a folder that DuckDB reads."""
    if not _is_spark(backend):
        held = backend.create_table(ibis.util.gen_name("computed"), expression)
        yield _Computed(backend, lambda code: held.filter(held.authority == code), os.cpu_count() or 1)
        return
    folder = lake.stage(".parts")
    try:
        spark.write(backend, expression, folder, by="authority")
        with connect() as own:
            yield _Computed(own, lambda code: _parts(own, folder / f"authority={code}", expression), 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
