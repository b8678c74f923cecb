"""What a task of a cluster does: it asks DuckDB there one question that was put together here.

Spark gets these functions by value, so a machine that answers needs Python, DuckDB and PyArrow, and nothing of Engage.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import duckdb
import pyarrow as pa

COMPUTED = "computed"  # what copies are made of


class Copy(NamedTuple):
    """One part of what was computed: who it is of, the statement that writes it to `beside`, and where it then lies."""

    of: str
    statement: str
    beside: str
    to: str


def sent(views: list[str], held: dict[str, pa.Table], query: str, copies: list[Copy]) -> bytes:
    """A question. `views` are statements that make the tables it reads, `held` are small tables that go with it. With
    copies the answer is `of, rows`, else that of the query."""
    tables = {name: b64encode(_packed(table)).decode() for name, table in held.items()}
    return json.dumps((views, tables, query, copies)).encode()


def answers(questions: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """As Spark's `mapInArrow` asks: a question in the first column, its answer likewise."""
    for batch in questions:
        for question in batch.column(0).to_pylist():
            yield pa.RecordBatch.from_arrays([pa.array([_packed(_answer(question))], pa.binary())], ["answer"])


def unpacked(table: bytes) -> pa.Table:
    with pa.ipc.open_stream(table) as stream:
        return stream.read_all()


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _answer(question: bytes) -> pa.Table:
    views, held, query, copies = json.loads(question)
    with closing(duckdb.connect()) as own:
        # A task is one core's work: the cluster runs as many as it has cores.
        own.execute("SET threads = 1; SET preserve_insertion_order = false")
        for name, table in held.items():
            own.register(name, unpacked(b64decode(table)))
        for view in views:
            own.execute(view)
        if not copies:
            return own.execute(query).to_arrow_table()
        own.execute(f"CREATE TEMP TABLE {COMPUTED} AS {query}")
        return pa.Table.from_pylist([{"of": copy[0], "rows": _write(own, *copy[1:])} for copy in copies])


def _write(own: duckdb.DuckDBPyConnection, statement: str, beside: str, to: str) -> int:
    """Whole or not at all, as a cluster may ask the same twice."""
    ((rows,),) = own.execute(statement).fetchall()
    os.replace(beside, to)  # noqa: PTH105  # a name of the machine that asks, which has this folder as well
    return int(rows)
