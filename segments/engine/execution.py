"""Expressions over the lake, computed by DuckDB: one Ibis expression for one authority and for many.

Reading adds the authority a snapshot belongs to, as `authority`, so that many authorities can be read as one; writing
ends in one Parquet file per snapshot.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from engage.foundation.lake import Lake, Snapshot
from segments.files.reading import literal, quoted

FILE = "file_it_lies_in"
AUTHORITY = r"([^/\\]+)[/\\][^/\\]+[/\\][^/\\]+$"  # The lake keeps AUTHORITY/KIND/FILE (Lake.adopt).


Columns = Mapping[str, str]  # of an authority's part: name there, and name in the expression


@dataclass(frozen=True)
class Part:
    """What one authority gets of a table computed for many: a staged Parquet file."""

    authority: str
    path: Path
    rows: int


@contextmanager
def connect() -> Iterator[Backend]:
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
    read = backend.read_parquet([str(file) for file in files], union_by_name=True, filename=FILE)
    return read.mutate(authority=read[FILE].re_extract(AUTHORITY, 1)).drop(FILE)


def numbered(backend: Backend, lake: Lake, snapshots: Iterable[Snapshot]) -> ir.Table:
    """Snapshots of one kind under one another, with the number of each as `snapshot`. What some lack is empty."""
    files = {str(lake.file(each).absolute()): each.id or 0 for each in snapshots}
    read = backend.read_parquet([*files], union_by_name=True, filename=FILE)
    numbers = ibis.memtable({FILE: [*files], "snapshot": [*files.values()]})
    return read.inner_join(numbers, FILE).drop(FILE)


def rows(backend: Backend, expression: ir.Table) -> list[dict[str, Any]]:
    """A small result, row by row; what is empty is None."""
    found: list[dict[str, Any]] = backend.to_pyarrow(expression).cast(expression.schema().to_pyarrow()).to_pylist()
    return found


def write(backend: Backend, expression: ir.Table, to: Path) -> int:
    """Write Parquet, in the order of the expression; returns the number of rows."""
    backend.to_parquet(expression, to)
    return int(pq.read_metadata(to).num_rows)


def write_each(
    backend: Backend, expression: ir.Table, lake: Lake, columns: Mapping[str, Columns], order: str
) -> Iterator[Part]:
    """Compute a table of many authorities at once; yields the part of each, one by one, sorted by `order`. A part is
    whose it was given to; those that nobody took are removed."""
    with taken_or_removed(lake, columns) as staged, ThreadPoolExecutor(os.cpu_count()) as writers:
        # Each part is put in order when it is written, and one thread alone would keep an order here.
        backend.raw_sql("SET preserve_insertion_order = false")
        computed = ibis.util.gen_name("computed")
        backend.create_table(computed, expression)

        def write(code: str, path: Path) -> Part:
            statement = copying(computed, code, columns[code], order, path)
            # A cursor is a connection of its own, so that the parts of several authorities are written at a time.
            backend.con.cursor().execute(statement)
            return Part(code, path, int(pq.read_metadata(path).num_rows))

        try:
            for part in writers.map(write, [*staged], [*staged.values()]):
                del staged[part.authority]
                yield part
        finally:
            writers.shutdown(cancel_futures=True)


@contextmanager
def taken_or_removed(lake: Lake, codes: Iterable[str]) -> Iterator[dict[str, Path]]:
    """A staged path for each authority; what is still among them at the end is removed."""
    staged = {code: lake.stage() for code in codes}
    try:
        yield staged
    finally:
        for path in staged.values():
            path.unlink(missing_ok=True)


def copying(table: str, code: str, columns: Columns, order: str, to: Path) -> str:
    """The statement that writes the part of one authority. In SQL, as Ibis takes longer to make SQL of an expression
    than DuckDB to write a small authority."""
    kept = ", ".join(f"{quoted(held)} AS {quoted(name)}" for name, held in columns.items())
    part = f"SELECT {kept} FROM {quoted(table)} WHERE authority = {literal(code)} ORDER BY {quoted(order)}"
    return f"COPY ({part}) TO {literal(str(to))} (FORMAT parquet)"


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
