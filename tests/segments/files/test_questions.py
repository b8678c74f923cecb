"""What a file is asked about before it comes in: each with the likely cause, and never with a word of a row."""

import io
import re
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from engage.foundation.office import Actor, Office
from segments.files.report import AnswerNeeded, ImportReport
from segments.files.workbook import count_hidden
from segments.importing.imports import import_file
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
CONTACT = ["uprn", "source", "lawful_basis", "agreement_reference", "collected_on", "email"]


def look(
    office: Office, actor: Actor, folder: Path, kind: str, content: str | bytes, name: str = "t.csv"
) -> ImportReport:
    return import_file(office, actor, kind, papers.write(folder, name, content), TODAY, dry_run=True)


def asked(report: ImportReport) -> list[str]:
    return [question.kind for question in report.questions]


def contacts(*days: str) -> str:
    return papers.table(
        CONTACT, [[n, "Waste", "Art 6(1)(e)", "DSA-1", day, f"robin{n}@example.com"] for n, day in enumerate(days, 1)]
    )


# Many rows rejected in a first import


@pytest.mark.parametrize(("good", "bad", "asks"), [(100, 10, True), (300, 10, False), (20, 9, False), (190, 10, False), (189, 10, True)])  # fmt: skip
def test_a_first_import_asks_where_over_one_in_twenty_rows_is_rejected(
    office: Office, actor: Actor, tmp_path: Path, good: int, bad: int, asks: bool
) -> None:  # fmt: skip
    rows = [*(papers.elector(n) for n in range(good)), *([*papers.elector(n), "x"] for n in range(bad))]
    report = look(office, actor, tmp_path, "register", papers.register(*rows))
    assert asked(report) == ["many-rejected"] * asks
    if asks:
        assert f"{bad} of them for one reason: too many columns" in report.questions[0].sentence
        assert "a separator, a line break or a quotation mark stands inside cells" in report.questions[0].sentence


@pytest.mark.parametrize(
    ("kind", "text", "cause"),
    [
        ("contacts", contacts(*["2026-01-01"] * 5, *["soon"] * 15), "dates are written in another order"),
        ("register", papers.register(*(papers.elector(n % 12) for n in range(30))), "two exports were joined"),
        ("geography", papers.geography(*((n, *papers.HERE) for n in range(1, 9)), *(("x", *papers.HERE),) * 12),
         "the column holds something else"),
        ("suppressions", papers.table(["type", "value", "reason", "added_on"],
         [["email", "robin@example.com", "objection", ""], *[["fax", "1", "objection", ""]] * 12]), "type is not"),
    ],
)  # fmt: skip
def test_it_asks_of_every_kind_with_the_likely_cause(
    office: Office, actor: Actor, tmp_path: Path, kind: str, text: str, cause: str
) -> None:  # fmt: skip
    report = look(office, actor, tmp_path, kind, text)
    lists = ["unread-rows"] * (kind == "suppressions")  # where each row matters by itself, that is asked besides
    assert asked(report) == [*lists, "many-rejected"]
    assert cause in report.questions[-1].sentence


def test_contacts_that_nobody_may_use_are_no_question(office: Office, actor: Actor, tmp_path: Path) -> None:
    """They were not lost by the way the file was exported. UK GDPR Art 5(2)."""
    text = contacts(*["2026-01-01"] * 40).replace("Art 6(1)(e)", "", 15)
    report = look(office, actor, tmp_path, "contacts", text)
    assert (report.rejected["no lawful basis"], asked(report)) == (15, [])


def test_what_every_such_file_leaves_out_is_no_question(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [*(papers.elector(n) for n in range(20)), *(papers.anonymous(n) for n in range(100, 130))]
    assert asked(look(office, actor, tmp_path, "register", papers.register(*rows))) == []


# Dates with the month first


@pytest.mark.parametrize(
    ("days", "asks"),
    [
        (["03/25/2026", "01/02/2026"], True), (["03/25/2026"], True), (["3/25/26", "01/02/2026"], True),
        (["03-25-2026"], True), (["03/25/2026 00:00:00"], True), (["25/03/2026", "03/25/2026"], True),
        (["25/03/2026", "01/02/2026"], False), (["2026-03-25"], False), (["01/02/2026"], False), (["13/13/2026"], False),
    ],
)  # fmt: skip
def test_dates_that_can_only_be_month_first_are_asked_about(
    office: Office, actor: Actor, tmp_path: Path, days: list[str], asks: bool
) -> None:  # fmt: skip
    report = look(office, actor, tmp_path, "contacts", contacts("2026-01-01", *days))
    assert asked(report) == ["american-dates"] * asks


@pytest.mark.parametrize(
    ("days", "counts", "cause"),
    [
        (("03/25/2027", "01/02/2027"), "2 can only be", ""),
        (("03/25/2027", "01/02/2027"), "", "American settings"),
        (("03/25/2027", "25/03/2027"), "1 can only be month first, 1 only day first, and 0", "two files were joined"),
    ],
)
def test_it_says_how_many_and_why(
    office: Office, actor: Actor, tmp_path: Path, days: tuple[str, ...], counts: str, cause: str
) -> None:
    rows = [papers.elector(n, DateOfAttainment=day) for n, day in enumerate(days)]
    told = look(office, actor, tmp_path, "register", papers.register(*rows)).questions[0].sentence
    assert "in DateOfAttainment " in told
    assert cause in told
    assert counts.replace("2 can", "1 can") in told
    assert not [day for day in days if day in told]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("suppressions", papers.table(["type", "value", "reason", "added_on"], [["email", "robin@example.com", "objection", "03/25/2026"], ["email", "sam@example.com", "objection", "01/01/2026"]])),
        ("protected", papers.table(["uprn", "added_on", "review_on"], [[1, "2026-01-01", "12/31/2027"], [2, "2026-01-01", "01/01/2027"]])),
        ("register", "Elector Number Prefix,Elector Number,Elector Markers,Elector DOB,Elector Name,PostCode,Address1\nKD,1,,02/28/2009,Al Tester,DE14 1AA,1 Mill Lane\n"),
    ],
)  # fmt: skip
def test_they_are_asked_about_in_every_column_that_is_read_as_a_day(
    office: Office, actor: Actor, tmp_path: Path, kind: str, text: str
) -> None:  # fmt: skip
    assert asked(look(office, actor, tmp_path, kind, text)) == ["american-dates"]


# Rows that a workbook hides


def workbook(hidden: list[bool], *, filtered: bool = True) -> bytes:
    """A register as a workbook, of which some electors are hidden."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in [papers.ELECTOR8, *(papers.elector(n) for n in range(len(hidden)))]:
        sheet.append(row)
    for line, is_hidden in enumerate(hidden, 2):
        sheet.row_dimensions[line].hidden = is_hidden
    if filtered:
        sheet.auto_filter.ref = f"A1:Y{len(hidden) + 1}"
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("hidden", "filtered"),
    [
        ([True, False, True], True), ([True, False, True], False), ([False, False], True), ([False], False),
        ([True] * 900 + [False], True), ([False] * 20 + [True], True), ([True, True], True),
    ],
)  # fmt: skip
def test_rows_that_a_workbook_hides_are_counted_and_asked_about(
    office: Office, actor: Actor, tmp_path: Path, hidden: list[bool], *, filtered: bool
) -> None:  # fmt: skip
    report = look(office, actor, tmp_path, "register", workbook(hidden, filtered=filtered), "r.xlsx")
    assert report.accepted == len(hidden)
    assert asked(report) == ["hidden-rows"] * any(hidden)
    if any(hidden):
        assert re.search(rf"has {sum(hidden)} rows? that the workbook hides", report.questions[0].sentence)


@pytest.mark.parametrize(
    ("xml", "hidden"),
    [
        ("<row r='2' hidden='1'><c/></row>", 1), ('<x:row hidden="true" ht="15"><x:c/></x:row>', 1), ('<row hidden="1"/>', 0),
        ('<row hidden="0"><c/></row>', 0), ('<rows hidden="1"><c/></rows>', 0), ('<col hidden="1"/><row r="1"><c/></row>', 0),
        ('<row r="3" spans="1:9" hidden="1" ht="15"><c/></row>' * 40_000, 40_000),
    ],
)  # fmt: skip
def test_hidden_rows_are_told_by_what_the_workbook_says_of_each(xml: str, hidden: int) -> None:
    assert count_hidden(io.BytesIO(f"<sheetData>{xml}</sheetData>".encode())) == hidden


def test_hidden_rows_come_in_only_with_a_yes(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = papers.write(tmp_path, "r.xlsx", workbook([False, True]))
    with pytest.raises(AnswerNeeded, match=r"r\.xlsx has 1 row that the workbook hides"):
        import_file(office, actor, "register", path, TODAY)
    assert import_file(office, actor, "register", path, TODAY, accept_problems=True).accepted == 2
