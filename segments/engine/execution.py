"""Where expressions over the lake are computed: one Ibis expression, on DuckDB or on Spark.

What differs between them is settled here. Reading adds the authority a snapshot belongs to, as `authority`, so that
many authorities can be read as one; writing always ends in one Parquet file per snapshot, made by DuckDB and cast to
the types the expression says, so that nobody can tell from a snapshot which of them computed it.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from engage.foundation.lake import Lake, Snapshot
from engage.foundation.settings import DUCKDB
from segments.engine import spark
from segments.files.reading import literal, quoted

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
    """Compute a table of many authorities at once; yields the part of each, one by one, sorted by `order`. A part is
    whose it was given to; those that nobody took are removed.

    `columns` says for each authority what its part holds: `{name there: name in the expression}`.
    """
    staged = {code: lake.stage() for code in columns}
    with _computed(backend, expression, lake) as found, ThreadPoolExecutor(found.at_once) as writers:

        def write(code: str) -> Part:
            return Part(code, staged[code], found.write(code, columns[code], order, staged[code]))

        try:
            for part in writers.map(write, columns):
                del staged[part.authority]
                yield part
        finally:
            writers.shutdown(cancel_futures=True)
            for path in staged.values():
                path.unlink(missing_ok=True)


class _Computed(Protocol):
    """A table of many authorities, computed; `write` writes the columns and order of one of them, and tells its rows.
    So many authorities may be written at once."""

    at_once: int

    def write(self, code: str, names: Mapping[str, str], order: str, to: Path) -> int: ...


@dataclass
class _InDuckDB:
    own: Backend
    name: str
    at_once: int = os.cpu_count() or 1

    def write(self, code: str, names: Mapping[str, str], order: str, to: Path) -> int:
        """In SQL, as Ibis takes longer to make SQL of an expression than DuckDB to write a small authority."""
        kept = ", ".join(f"{quoted(held)} AS {quoted(name)}" for name, held in names.items())
        part = f"SELECT {kept} FROM {quoted(self.name)} WHERE authority = {literal(code)} ORDER BY {quoted(order)}"
        # A cursor is a connection of its own, so that the parts of several authorities are written at a time.
        self.own.con.cursor().execute(f"COPY ({part}) TO {literal(str(to))} (FORMAT parquet)")
        return int(pq.read_metadata(to).num_rows)


@dataclass
class _InFolder:
    """As Spark leaves it: a folder for each authority."""

    own: Backend
    folder: Path
    expression: ir.Table
    at_once: int = 1

    def write(self, code: str, names: Mapping[str, str], order: str, to: Path) -> int:
        part = _parts(self.own, self.folder / f"authority={code}", self.expression)
        return write(self.own, part.select(**{name: part[held] for name, held in names.items()}).order_by(order), to)


@contextmanager
def _computed(backend: Backend, expression: ir.Table, lake: Lake) -> Iterator[_Computed]:
    """DuckDB keeps it in a table, Spark writes it to a folder that DuckDB reads."""
    if not _is_spark(backend):
        # Each part is put in order when it is written, and one thread alone would keep an order here.
        backend.raw_sql("SET preserve_insertion_order = false")
        name = ibis.util.gen_name("computed")
        backend.create_table(name, expression)
        yield _InDuckDB(backend, name)
        return
    folder = lake.stage(".parts")
    try:
        spark.write(backend, expression, folder, by="authority")
        with connect() as own:
            yield _InFolder(own, folder, expression)
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
    # A view ends the chain before it, whose key is its first table's (findings/ibis-outer-join-key.sh).
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
