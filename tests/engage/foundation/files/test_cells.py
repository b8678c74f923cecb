"""No cell of a file that somebody is given runs in a spreadsheet."""

import ast
import csv
import io
from pathlib import Path

import pytest

from engage.foundation.files import cells

PROJECT = Path(__file__).parents[4]
ROOMS = ("engage", "segments", "campaigns", "dashboards")
# What is made anew of a file that came in, to be read by Engage alone, and the made-up borough's own files.
OWN = {"segments/files/mending.py", "segments/files/workbook.py", "engage/foundation/files/cells.py"}
HOSTILE = (
    "=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "' =1", "\u00a0=1", "\u200b=1", "\ufeff=1",
    "\uff1d1", "\uff0b1+1", "\uff20x", '=cmd|"/c calc"!A1', "-cmd", "\tname", "\x00=1", "+44 7700 =1", "-1-2",
)  # fmt: skip
READABLE = (
    "-1.4",
    "+1",
    "-12",
    "+44 7700 900123",
    "(01632) 960000",
    "07700 900123",
    "1 Mill Lane",
    "",
    "5%",
    "a=b",
    "St-Mary",
)


@pytest.mark.parametrize("cell", HOSTILE)
def test_what_would_run_is_text(cell: str) -> None:
    assert cells.harmless(cell) == f"'{cell}"


def test_what_runs_nothing_stays_readable() -> None:
    assert [cells.harmless(cell) for cell in (*READABLE, -1.5, 7, None)] == [*READABLE, -1.5, 7, None]


def test_heads_and_rows_come_back_as_they_were_written() -> None:
    text = cells.written(("ward", "=head"), [("=ward", -1), ('a "b",c', "+44 7700 900123")], ends="\r\n")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [["ward", "'=head"], ["'=ward", "-1"], ['a "b",c', "+44 7700 900123"]]
    assert cells.write(io.StringIO(), ("a",), [("b",)] * 3) == 3


def test_no_file_is_written_in_another_way() -> None:
    """Not by the `csv` module, pandas, Polars or a spreadsheet library; DuckDB's and Ibis's are named."""
    writing = {"writer", "DictWriter", "to_csv", "write_csv", "to_excel", "write_excel", "sink_csv"}
    others = {
        str(path.relative_to(PROJECT))
        for room in ROOMS for path in (PROJECT / room).rglob("*.py")
        if "demo" not in path.parts and "node_modules" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in writing
    }  # fmt: skip
    # The table of homes makes its texts harmless by the engine; record 23 is read by gazetteers, letter by letter.
    assert others - OWN == {"segments/homes/households.py", "segments/crosswalk/changes.py"}
