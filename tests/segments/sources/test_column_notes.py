"""Lines under a header that are no row are nobody, whatever they say of the columns; rows are never taken for one."""

from datetime import date
from pathlib import Path

import pytest

from engage.foundation.office import Actor, Office
from segments.importing.imports import import_file
from segments.sources.column_notes import REASON
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
WIDTH = len(papers.ELECTOR8)
NAMES = ["Polling district", "Roll number", "Title", "Last name", "First name", "Other names", "Status", "Attains", "Marker",
         *["Line of address"] * 6, "Code of the post", "Region", "Seat", "Shire", "Division", "Flat", "Building", "Proof",
         "Key of the elector", "Property"]  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [
        [["text"] * WIDTH], [["varchar(50)", "int", *["nvarchar(max)"] * 23]], [["String"] * 24 + ["Integer"]],
        [["-" * (4 + n % 5) for n in range(WIDTH)]], [[*["object"] * 24, "int64"]], [[*["char"] * 20, *[""] * 5]],
        [["int"] * WIDTH], [["Required"] * 8 + ["Optional"] * 17], [["VARCHAR2(35 CHAR) NOT NULL"] * WIDTH],
        [NAMES], [list(range(1, WIDTH + 1))], [[4, 6, 10, 35, 35, 50] + [30] * 19],
        [["text"] * WIDTH, [50] * WIDTH], [["text"] * WIDTH, ["----"] * WIDTH, NAMES],
    ],
)  # fmt: skip
def test_a_line_about_the_columns_is_no_elector(
    office: Office, actor: Actor, tmp_path: Path, lines: list[list[object]]
) -> None:  # fmt: skip
    rows = [papers.elector(1), papers.elector(2, ElectorForename="Sam", UPRN=""), papers.elector(3), papers.elector(4)]
    path = papers.write(tmp_path, "r.csv", papers.register(*lines, *rows, papers.anonymous(9)))
    report = import_file(office, actor, "register", path, TODAY)
    assert report.rejected == {REASON: len(lines), "special entry, not imported": 1}
    assert (report.accepted, report.problems) == (4, {})
    assert papers.rows(office, report.snapshot_id, "line", "line") == [(n + len(lines) + 1,) for n in range(1, 5)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("geography", papers.geography(("bigint", "char(9)", "char(9)", "char(9)", "char(9)", "char(9)"), (7, *papers.HERE))
         .replace("DE14 1AA,char", "text,char").replace("E01000009,1a1", "text,text", 1)),
        ("contacts", papers.table(
            ["uprn", "source", "lawful_basis", "agreement_reference", "collected_on", "email"],
            [["int", "text", "text", "text", "date", "text"],
             [1, "Waste", "Art 6(1)(e)", "DSA-1", "2026-01-01", "robin@example.com"]])),
        ("suppressions", papers.table(
            ["type", "value", "reason", "added_on"],
            [["varchar(10)", "varchar(255)", "varchar(20)", "date"], ["email", "robin@example.com", "objection", ""]])),
        ("protected", papers.table(["uprn", "added_on", "review_on"], [["----", "----", "----"], [1, "2026-01-01", ""]])),
    ],
)  # fmt: skip
def test_in_no_table(office: Office, actor: Actor, tmp_path: Path, kind: str, text: str) -> None:
    report = import_file(office, actor, kind, papers.write(tmp_path, "t.csv", text), TODAY, dry_run=True)
    assert (report.rows_read, report.accepted, report.rejected) == (2, 1, {REASON: 1})


def test_a_row_is_never_taken_for_one(office: Office, actor: Actor, tmp_path: Path) -> None:
    """An elector called Text, one without any UPRN and postcode, and a list of which no row has a number."""
    odd = papers.elector(1, ElectorSurname="Text", ElectorForename="Int", PostCode="", UPRN="", ElectorID="")
    rows = [odd, *(papers.elector(n) for n in range(2, 6))]
    report = import_file(office, actor, "register", papers.write(tmp_path, "r.csv", papers.register(*rows)), TODAY)
    assert (report.accepted, report.rejected) == (5, {})
    entries = [["email", f"{name}@example.com", "objection", ""] for name in ("robin", "sam", "al", "bo", "cy")]
    path = papers.write(tmp_path, "s.csv", papers.table(["type", "value", "reason", "added_on"], entries))
    assert import_file(office, actor, "suppressions", path, TODAY).accepted == 5
