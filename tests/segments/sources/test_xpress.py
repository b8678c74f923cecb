import csv
import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.importing.imports import import_file
from tests.segments.sources import papers
from tests.segments.sources.test_register import SAMPLES, TODAY

FULL = [
    "Elector Number Prefix", "Elector Number", "Elector Number Suffix", "Elector Markers", "Elector DOB",
    "Elector Surname", "Elector Forename", "PostCode", *(f"Address{n}" for n in range(1, 7)),
]  # fmt: skip
HOME = "1 Mill Lane, Burton upon Trent"
ORDER = "address, postcode, attainment, franchise"


def elector(number: int, **cells: object) -> list[object]:
    row = dict.fromkeys(FULL, "") | {
        "Elector Number Prefix": "KD1", "Elector Number": number, "Elector Surname": f"Tester{number}",
        "Elector Forename": "Robin", "PostCode": "DE14 1AA", "Address1": "1 Mill Lane", "Address2": papers.TRENT,
    } | cells  # fmt: skip
    return [row[name] for name in FULL]


def take(office: Office, actor: Actor, folder: Path, *rows: list[object]) -> ImportReport:
    return import_file(office, actor, "register", papers.write(folder, "x.csv", papers.table(FULL, rows)), TODAY)


def test_the_postcode_is_kept_once_however_often_it_stands(office: Office, actor: Actor) -> None:
    report = import_file(office, actor, "register", SAMPLES / "xpress_14.csv", TODAY)
    trent = ", Burton upon Trent"
    assert papers.rows(office, report.snapshot_id, ORDER, "line") == [
        (f"1 Mill Lane{trent}", "DE14 1AA", None, "ordinary"),
        (f"1 Mill Lane{trent}", "DE14 1AA", None, "european"),
        (f"Flat 2, 13 Chamberlayne Road{trent}", "DE14 1AC", None, "ordinary"),
        (f"Flat 2, 13 Chamberlayne Road{trent}", "DE14 1AC", date(2027, 2, 14), "ordinary"),
        (f"In the bin, Oak Manor, Station Road{trent}", "DE14 1AD", None, "european"),
        (f"7 New Road{trent}", "DE14 1AF", None, "ordinary"),
    ]


def test_a_person_is_the_same_in_13_and_14_columns(office: Office, actor: Actor) -> None:
    persons = []
    for name in ("xpress_13.txt", "xpress_14.csv"):
        report = import_file(office, actor, "register", SAMPLES / name, TODAY)
        persons.append([person for (person,) in papers.rows(office, report.snapshot_id, "person", "line")])
    assert persons[0] == persons[1]
    assert persons[0][0] == office.keys.person(name="Zoë Ann Sampleson", address=HOME, postcode="DE14 1AA")


def test_an_elector_id_tells_who_it_is_where_there_is_one(office: Office, actor: Actor) -> None:
    report = import_file(office, actor, "register", SAMPLES / "xpress_15.csv", TODAY)
    [first, *_] = papers.rows(office, report.snapshot_id, "person, alias", "line")
    assert first == (
        office.keys.person(elector_id="91001"), office.keys.person(name="Sampleson Zoë", address=HOME, postcode="DE14 1AA"),
    )  # fmt: skip


BIRTHS = {
    "14/02/2009": date(2027, 2, 14), "2009-02-14": date(2027, 2, 14), "14-Feb-2009": date(2027, 2, 14),
    "1 June 2008": None, "02/06/2008": date(2026, 6, 2), "29/02/2012": date(2030, 3, 1), "": None,
    "01/05/1980": None, "15/03/1802": None, "31/02/2009": None, "14/02/2027": None, "unknown": None,
}  # fmt: skip


def test_only_of_attainers_the_day_of_voting_age_is_kept(office: Office, actor: Actor, tmp_path: Path) -> None:
    electors = (elector(n, **{"Elector DOB": written}) for n, written in enumerate(BIRTHS, 1))
    report = take(office, actor, tmp_path, *electors)
    assert [day for (day,) in papers.rows(office, report.snapshot_id, "attainment", "line")] == list(BIRTHS.values())
    assert report.figures["attainers"] == 5
    assert report.warnings == [
        "4 dates of birth are no date in the past: the rows are kept without date of attainment"
    ]  # fmt: skip


def test_the_council_may_know_of_a_newer_law(office: Office, actor: Actor, tmp_path: Path) -> None:
    votes_at_16 = '[[voting_age]]\nsince = 2027-01-01\nyears = 16\nsource = "An Act"\n'
    papers.write(office.settings.home, "law.toml", votes_at_16)
    births = ("14/02/2009", "14/02/2011", "14/02/2012")  # 17 on the first day of the new law; 16 after it
    report = take(office, actor, tmp_path, *(elector(n, **{"Elector DOB": day}) for n, day in enumerate(births, 1)))
    assert papers.rows(office, report.snapshot_id, "attainment", "line") == [
        (date(2027, 1, 1),), (date(2027, 2, 14),), (date(2028, 2, 14),),
    ]  # fmt: skip


def test_a_workbook_comes_in_as_its_text_does(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = (SAMPLES / "xpress_14.csv").read_text("windows-1252")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in csv.reader(io.StringIO(text, newline="")):
        sheet.append(
            [date(2009, 2, 14) if cell == "14/02/2009" else int(cell) if cell.isdigit() else cell for cell in row]
        )
    book.save(tmp_path / "register.xlsx")
    found = []
    for path in (SAMPLES / "xpress_14.csv", tmp_path / "register.xlsx"):
        report = import_file(office, actor, "register", path, TODAY)
        found.append((report.rejected, papers.rows(office, report.snapshot_id)))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("marker", "kept"),
    [("", "ordinary"), ("Z", "ordinary"), ("G", "european"), ("zk", "european"), ("L", "peer"), (" B, Z ", "european"),
     ("Q", None), ("Commonwealth", None), ("NEW", None), ("PN", None), ("NFA", None), ("Postal", None), ("AG", "european"),
     ("Z A", "ordinary"), ("-", "ordinary"), ("N Z", "special"), ("(N)", "special"), ("anonymous", "special"),
     ("FA", "other"), ("FP", "other"), ("Overseas", "other"), ("N", "special"), ("GN", "special"), ("QN", None), ("n", "special"),
     ("F", "other"), ("ZF", "other")],
)  # fmt: skip
def test_markers(office: Office, actor: Actor, tmp_path: Path, marker: str, kept: str | None) -> None:
    rows = [elector(1, **{"Elector Markers": marker}), *(elector(n, Address1="9 New Road") for n in (2, 3))]
    report = take(office, actor, tmp_path, *rows)
    by_reason = {"special": "special entry, not imported", "other": "other elector, no residential address"}
    if kept in by_reason:
        assert report.rejected == {by_reason[kept]: 1}
        return
    assert report.rejected == {}
    assert papers.rows(office, report.snapshot_id, "franchise", "line")[0] == (kept,)
    assert len(report.warnings) == (kept is None)


@pytest.mark.parametrize(
    "nothing", ["N/A", "NO", "Nil", "None", "NA", "n.a.", "NaN", "Null", "#N/A", "NK", "n/k", "Not known"]
)
def test_a_word_for_nothing_is_no_marker(office: Office, actor: Actor, tmp_path: Path, nothing: str) -> None:
    report = take(office, actor, tmp_path, elector(1), elector(2, **{"Elector Markers": nothing}))
    assert (report.accepted, report.rejected) == (2, {})
    assert papers.rows(office, report.snapshot_id, "franchise", "line") == [("ordinary",), ("ordinary",)]
    [warning] = report.warnings
    assert warning.startswith("1 rows have a word such as N/A or None for a marker (the first on line 3)")


def test_markers_that_are_not_known_are_told(office: Office, actor: Actor, tmp_path: Path) -> None:
    """A long one may be a name that slipped into the column, and is not shown."""
    markers = ["NEW", "PN", "NEW", "Sampleson", "X, G"]
    report = take(office, actor, tmp_path, *(elector(n, **{"Elector Markers": m}) for n, m in enumerate(markers, 1)))
    assert report.accepted == 5
    [warning] = report.warnings
    assert warning.startswith("5 rows have a marker that this system is not known to use (the first on line 2)")
    assert warning.endswith(": NEW (2), PN (1)")
    assert papers.rows(office, report.snapshot_id, "franchise", "line")[-1] == ("european",)


@pytest.mark.parametrize("full", ["xpress_13.txt", "xpress_14.csv", "xpress_15.csv"])
def test_the_monthly_update_makes_the_next_register(office: Office, actor: Actor, full: str) -> None:
    import_file(office, actor, "register", SAMPLES / full, TODAY)
    report = import_file(office, actor, "register-update", SAMPLES / "xpress_monthly.csv", TODAY, accept_shrink=True)
    assert (report.format, report.rows_read, report.accepted) == ("Xpress monthly update", 9, 6)
    assert report.rejected == {
        "created and deleted again before this update": 1, "other elector, no residential address": 1,
        "special entry, not imported": 1,
    }  # fmt: skip
    assert report.problems == {}
    assert report.figures == {
        "electors": 6, "with_uprn": 0, "properties": 0, "attainers": 2, "new": 1, "amended": 3, "deleted": 2,
    }  # fmt: skip
    assert report.warnings == ["1 changes are of electors whom the register here does not have"]
    trent = ", Burton upon Trent"
    assert papers.rows(office, report.snapshot_id, ORDER) == [
        (f"1 Mill Lane{trent}", "DE14 1AA", None, "ordinary"),
        (f"4 Mill Lane{trent}", "DE14 1AA", date(2027, 3, 3), "ordinary"),
        (f"7 New Road{trent}", "DE14 1AF", None, "ordinary"),
        (f"Flat 2, 13 Chamberlayne Road{trent}", "DE14 1AC", date(2027, 2, 14), "ordinary"),
        (f"Flat 2, 13 Chamberlayne Road{trent}", "DE14 1AC", None, "ordinary"),  # under a new name
        (f"In the bin, Oak Manor, Station Road{trent}", "DE14 1AD", None, "european"),
    ]  # fmt: skip


def test_only_a_change_that_counts_takes_somebody_away(office: Office, actor: Actor, tmp_path: Path) -> None:
    """Who moved overseas is taken away; not so who only seems to, in a row that is not followed."""
    header = ["Elector ID", *FULL]
    electors = [[n, *elector(n)] for n in range(1, 5)]
    import_file(office, actor, "register", papers.write(tmp_path, "x.csv", papers.table(header, electors)), TODAY)
    lines = (SAMPLES / "xpress_monthly.csv").read_text("windows-1252").splitlines()
    kept = [
        lines[0],
        lines[-1],
        lines[-1].replace('"7","0","0"', '"7","0","7"'),
        lines[-1].replace('"7","0","0"', '"May","0","0"'),
        lines[2],
    ]
    text = "\r\n".join(f'"{n}",{line}' for n, line in zip(["Elector ID", 1, 2, 3, 5], kept, strict=True))
    report = import_file(
        office, actor, "register-update", papers.write(tmp_path, "u.csv", text), TODAY, accept_shrink=True
    )
    persons = {person for (person,) in papers.rows(office, report.snapshot_id, "person")}
    assert persons == {office.keys.person(elector_id=str(n)) for n in (2, 3, 4, 5)}


def test_months_that_are_no_numbers_are_rejected(office: Office, actor: Actor, tmp_path: Path) -> None:
    import_file(office, actor, "register", SAMPLES / "xpress_14.csv", TODAY)
    text = (
        (SAMPLES / "xpress_monthly.csv")
        .read_text("windows-1252")
        .replace('"7","0","0","","1"', '"July","0","0","","1"')
    )
    report = import_file(office, actor, "register-update", papers.write(tmp_path, "u.csv", text), TODAY, accept_shrink=True)  # fmt: skip
    assert report.problems == {"ElectorCreatedMonth is not a whole number": 1}
    assert [(p.line, p.column, p.value) for p in report.problems_by_row] == [(2, "ElectorCreatedMonth", "July")]
