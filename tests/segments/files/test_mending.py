"""What a spreadsheet does to the lines of a file: no row is lost for it, and none is made of half a row."""

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files.mending import Mending
from segments.importing.imports import import_file
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
HEADER = [*papers.ELECTOR8, "Suffix"]
TABS = {"delimiter": "\t"}


def mended(folder: Path, text: str, width: int = 3, least: int = 0, delimiter: str = ",") -> tuple[list[str], Any]:
    made = Mending(papers.write(folder, "t", text), delimiter, width, "FILLER", [*"pqr"], 1, least)
    faults = [fault for batch in made.write(folder / "mended") for fault in batch]
    rows = (folder / "mended").read_text().splitlines()
    return [row for row in rows if not row.startswith("FILLER")], (faults, made)


@pytest.mark.parametrize(
    ("row", "least", "made"),
    [
        ("1,2", 1, "1,2,"), ("1", 1, "1,,"), ("1,2", 2, "1,2,"), ('"1","2"', 2, "1,2,"), ("1,2,3,", 3, "1,2,3"),
        ("1,2,3,,,", 0, "1,2,3"), ("1,2,3, ", 0, "1,2,3"), ("1,,", 1, "1,,"),
    ],
)  # fmt: skip
def test_empty_cells_at_the_end_may_be_left_off_or_added(tmp_path: Path, row: str, least: int, made: str) -> None:
    rows, (faults, _) = mended(tmp_path, f"p,q,r\n{row}\n7,8,9\n", least=least)
    assert (rows, faults) == ([made, "7,8,9"], [])


@pytest.mark.parametrize(
    ("row", "least", "fault"),
    [("1", 2, "too few columns"), ("1,2", 0, "too few columns"), ("1,2,3,4", 1, "too many columns")],
)
def test_a_row_that_lacks_what_it_needs_or_has_more_is_none(tmp_path: Path, row: str, least: int, fault: str) -> None:
    rows, (faults, _) = mended(tmp_path, f"p,q,r\n{row}\n7,8,9\n", least=least)
    assert (rows, faults) == (["7,8,9"], [(2, fault)])


@pytest.mark.parametrize(("rows", "cut"), [("1,2,3\n4,5", True), ("1,2\n4,5", False), ("1,2\n1,2,3\n4", True)])
def test_a_last_row_is_cut_off_where_no_row_before_is_so_short(tmp_path: Path, rows: str, cut: bool) -> None:
    _, (_, made) = mended(tmp_path, f"p,q,r\n{rows}", least=1)
    assert bool(made.cut_off) is cut


@pytest.mark.parametrize(
    ("row", "made"),
    [
        ('1\tThe "Old" Barn\t3', '1\t"The ""Old"" Barn"\t3'),
        ('1\t"The Old" Barn\t3', '1\t"""The Old"" Barn"\t3'),
        ('"Flat\t12" pipe\t3', '"""Flat"\t"12"" pipe"\t3'),
        ('1\t2\t"Barn', '1\t2\t"""Barn"'),
        ('1\t"\t3', '1\t""""\t3'),
        ('"1\t2\t3"', '"""1"\t2\t"3"""'),
        ('1\t"Flat ""A"", 2"\t3', '1\t"Flat ""A"", 2"\t3'),
        ('1\t"two\tcells"\t3', '1\t"two\tcells"\t3'),
        ('1\t2\t"on two\nlines"', "1\t2\ton two lines"),
    ],
)
def test_tabs_decide_over_quotation_marks(tmp_path: Path, row: str, made: str) -> None:
    rows, (faults, _) = mended(tmp_path, f"p\tq\tr\n{row}\n7\t8\t9\n", delimiter="\t")
    assert (rows, faults) == ([made, "7\t8\t9"], [])


def test_a_quotation_mark_amid_a_cell_between_commas_is_a_letter_where_the_cells_are_right(tmp_path: Path) -> None:
    rows, (faults, _) = mended(tmp_path, 'p,q,r\n1,"The Elms" Mill Lane,3\n1,"A" B, C,3\n7,8,9\n')
    assert rows == ['1,"""The Elms"" Mill Lane",3', "7,8,9"]
    assert faults == [(3, "quotation marks in the wrong place")]


def short(number: int, without: int, **cells: object) -> list[object]:
    """An elector whose last cells, the first of them the suffix, are left off."""
    return [*papers.elector(number, **cells), ""][: len(HEADER) - without]


@pytest.mark.parametrize("end", ["\r\n", ""])
def test_a_register_keeps_its_short_rows(office: Office, actor: Actor, tmp_path: Path, end: str) -> None:
    rows = [short(1, 0), short(2, 1), short(3, 2, UPRN=""), short(4, 5), short(5, 1)]
    text = papers.table(HEADER, rows).removesuffix("\r\n") + end
    report = import_file(office, actor, "register", papers.write(tmp_path, "r.csv", text), TODAY)
    assert (report.rows_read, report.accepted, report.rejected) == (5, 4, {"too few columns": 1})
    assert papers.rows(office, report.snapshot_id, "line, uprn", "line") == [
        (2, 100_031_000_001), (3, 100_031_000_002), (4, None), (6, 100_031_000_005),
    ]  # fmt: skip


def test_half_a_row_at_the_end_of_a_register_is_still_told(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.table(HEADER, [short(1, 0), short(2, 2)]).removesuffix("\r\n")
    with pytest.raises(InputRefused, match=r"r\.csv, line 3: the file ends in the middle of a row \(24 columns"):
        import_file(office, actor, "register", papers.write(tmp_path, "r.csv", text), TODAY)


@pytest.mark.parametrize(
    ("kind", "header", "rows", "accepted"),
    [
        ("geography", ["UPRN", "PCDS", "OA21CD", "LAD25CD", "WD25CD", "LSOA21CD", "MSOA21CD", "OAC21IND"],
         [[7, "DE14 1AA", "E00149825", "E07000193", "E05014473", "E01029406", "E02006131"],
          [8, "DE14 1AA", "E00149825", "E07000193", "E05014473"]], 1),
        ("contacts", ["uprn", "source", "lawful_basis", "agreement_reference", "collected_on", "email", "mobile"],
         [[1, "Waste", "Art 6(1)(e)", "DSA-1", "2026-01-01", "robin@example.com"],
          [2, "Waste", "Art 6(1)(e)", "DSA-1"]], 1),
        ("suppressions", ["type", "value", "reason", "added_on"],
         [["email", "robin@example.com", "objection"], ["email", "sam@example.com"], ["uprn"]], 2),
        ("protected", ["uprn", "added_on", "review_on"], [[1, "2026-01-01"], [2]], 2),
    ],
)  # fmt: skip
def test_other_tables_keep_their_short_rows_too(
    office: Office, actor: Actor, tmp_path: Path, kind: str, header: list[str], rows: list[list[object]], accepted: int
) -> None:  # fmt: skip
    path = papers.write(tmp_path, "t.csv", papers.table(header, rows))
    report = import_file(office, actor, kind, path, TODAY, dry_run=True)
    assert (report.rows_read, report.accepted) == (len(rows), accepted)


@pytest.mark.parametrize(
    "cells",
    [
        {"RegisteredAddress1": 'The "Old" Barn'}, {"RegisteredAddress1": '"The Barn" Mill Lane'},
        {"ElectorForename": '"Bob'}, {"RegisteredAddress2": '"'}, {"ElectorSurname": 'Tester"', "ElectorForename": '"Al'},
    ],
)  # fmt: skip
def test_a_register_with_tabs_loses_nobody_to_quotation_marks(
    office: Office, actor: Actor, tmp_path: Path, cells: dict[str, object]
) -> None:  # fmt: skip
    rows = [papers.elector(1), papers.elector(2, **cells), papers.elector(3), papers.elector(4, **cells)]
    text = "".join("\t".join(map(str, row)) + "\r\n" for row in [papers.ELECTOR8, *rows])
    report = import_file(office, actor, "register", papers.write(tmp_path, "r.tsv", text), TODAY)
    assert (report.accepted, report.rejected) == (4, {})
    address = str(cells.get("RegisteredAddress1", "1 Mill Lane"))
    assert papers.rows(office, report.snapshot_id, "address", "line")[1][0].startswith(address)


@pytest.mark.parametrize(("name", "rows"), [("a15-short-rows.csv.gz", 600), ("a11-raw-quotes.tsv.gz", 600), ("a08-ctrl-z.csv.gz", 600)])  # fmt: skip
def test_what_went_wrong_once_is_right_now(
    office: Office, actor: Actor, shared: Path, name: str, rows: int
) -> None:  # fmt: skip
    path = shared / "cases" / name
    if not path.exists():
        pytest.skip(f"needs {name} in the folder of cases beside the project")
    assert gzip.decompress(path.read_bytes())
    report = import_file(office, actor, "register", path, TODAY, dry_run=True)
    assert (report.rows_read, report.accepted, report.rejected) == (rows, rows, {})
