"""What is wrong with a file, row by row: as problems of the report, and as a file to correct it by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engage.foundation.files import cells
from engage.foundation.folders import writing
from engage.foundation.libraries import duckdb
from segments.files.preview import PERSONAL
from segments.files.reading import Reading, quoted
from segments.files.report import ColumnProblem, RowProblem

MANY = 15  # rows of a column with problems, above which they are told together
MOST_ROWS = 60  # told one by one, of all columns together
EXAMPLES = 5
BATCH = 10_000
REPEATED = "twice"  # how formats end the reason for a row that repeats another
LEADING = ["line", "column", "reason", "value"]


def problems(reading: Reading, rejected: Counter[str]) -> tuple[list[ColumnProblem], list[RowProblem]]:
    """The faults of the file: by column where there are many, by row where there are few."""
    together = [
        ColumnProblem(column, reason, rows, lines) for column, reason, rows, lines in reading.con.execute(
            'select coalesce("column", \'\'), reason, count(*), min(line, ?) from rejects '
            "where not list_contains(?, reason) group by all order by 3 desc, 1, 2",
            [EXAMPLES, sorted(reading.expected)],
        ).fetchall()
    ]  # fmt: skip
    in_column = Counter[str]()
    for problem in together:
        in_column[problem.column] += problem.rows
    few = [column for column, rows in in_column.items() if rows <= MANY]
    if sum(in_column[column] for column in few) > MOST_ROWS:
        few = []
    told = {problem.reason for problem in together} | reading.expected
    only_counted = [ColumnProblem("", reason, rows, []) for reason, rows in rejected.items() if reason not in told]
    many = [problem for problem in together if problem.column not in few]
    return [*many, *only_counted], _one_by_one(reading, few)


def _one_by_one(reading: Reading, columns: list[str]) -> list[RowProblem]:
    found = reading.con.execute(
        "select line, coalesce(\"column\", ''), reason, coalesce(\"value\", '') from rejects "
        "where list_contains(?, coalesce(\"column\", '')) and not list_contains(?, reason) order by all",
        [columns, sorted(reading.expected)],
    ).fetchall()
    return [RowProblem(*row) for row in found]


def write(reading: Reading, kind: str, to: Path, *, waiting: bool = False) -> int:
    """Write `line, column, reason, value` of each rejected row, as CSV that a spreadsheet opens safely; returns how
    many. Where nobody's data is in it, or while the file itself still waits here, the whole row follows as it stood.

    Rows that are no rows (a quotation mark not closed) have no cells, and special entries are never among them.
    """
    whole = _has_cells(reading) and (waiting or kind not in PERSONAL)
    columns = [f"r.{quoted(name)}" for name in reading.columns] if whole else []
    query = f'select j.line, j."column", j.reason, j."value"{"".join(f", {each}" for each in columns)} from rejects j'
    if whole:
        # Only rows that were judged: what is dropped while it is parsed stays out, however it got into the list.
        judged = "(select line from judged semi join rejects using (line))"
        query += f" left join (select * from raw semi join {judged} using (line)) r on r.line = j.line"
    found = reading.con.execute(f"{query} order by j.line")
    with writing(to, encoding="utf-8-sig", newline="") as file:  # the mark makes Excel read UTF-8
        return cells.write(file, [*LEADING, *(reading.columns if whole else ())], _fetched(found), ends="\r\n")


def _fetched(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := found.fetchmany(BATCH):
        yield from batch


def _has_cells(reading: Reading) -> bool:
    """Where nothing was rejected, a file of millions of rows need not be read again to say so."""
    made = {name for (name,) in reading.con.execute("select table_name from information_schema.tables").fetchall()}
    return {"raw", "judged"} <= made and reading.con.execute("from rejects limit 1").fetchone() is not None
