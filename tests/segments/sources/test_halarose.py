from datetime import date
from pathlib import Path

import pytest

from engage.foundation.office import Actor, Office
from segments.importing.imports import import_file
from tests.segments.sources import papers
from tests.segments.sources.test_register import SAMPLES, TODAY

TRENT = "Burton upon Trent"
COLUMNS = "address, postcode, ward_name, attainment, franchise"
ELECTORS = [
    (f"1 Mill Lane, {TRENT}", "DE14 1AA", None, None, "ordinary"),
    ("1 Mill Lane", "DE14 1AA", None, None, "european"),
    (f"13 Chamberlayne Road, Stretton, {TRENT}, Staffordshire", "DE14 1AC", None, date(2027, 2, 14), "ordinary"),
    (f"Flat 2, 13 Chamberlayne Road, Stretton, {TRENT}, Staffordshire", "DE14 1AC", None, None, "ordinary"),
    (f"Oak Cottage, Back Lane, {TRENT}", None, None, None, "ordinary"),
]


@pytest.mark.parametrize("name", ["halarose_7.csv", "halarose_9.csv"])
def test_the_postcode_is_found_wherever_it_stands(office: Office, actor: Actor, name: str) -> None:
    report = import_file(office, actor, "register", SAMPLES / name, TODAY)
    assert papers.rows(office, report.snapshot_id, COLUMNS, "line") == ELECTORS


@pytest.mark.parametrize(
    ("lines", "address", "postcode"),
    [
        (["1 Mill Lane", f"{TRENT} DE14 1AA"], f"1 Mill Lane, {TRENT}", "DE14 1AA"),
        (["1 Mill Lane", "de141aa", TRENT], f"1 Mill Lane, {TRENT}", "DE14 1AA"),
        (["DE14 1AA", "1 Mill Lane"], "1 Mill Lane", "DE14 1AA"),
        (["1 Mill Lane", "DE14 1AA", "DE14 1AA"], "1 Mill Lane", "DE14 1AA"),
        (["B1 Mill Lane", "Room 1AA", TRENT], f"B1 Mill Lane, Room 1AA, {TRENT}", None),
        (["13", "Mill Lane", "", TRENT, " "], f"13 Mill Lane, {TRENT}", None),
    ],
)
def test_postcodes_among_the_lines(
    office: Office, actor: Actor, tmp_path: Path, lines: list[str], address: str, postcode: str | None
) -> None:
    header = ["PD", "ENO", "Title", "First Names", "Initials", "Surname", "Date of Attainment", "Franchise Flag"]
    header += [f"Address {n}" for n in range(1, 8)]
    row = ["HAA", 1, "", "Ada", "", "Sampleson", "", "", *lines, *[""] * (7 - len(lines))]
    path = papers.write(tmp_path, "h.csv", papers.table(header, [row]))
    report = import_file(office, actor, "register", path, TODAY)
    assert papers.rows(office, report.snapshot_id, "address, postcode") == [(address, postcode)]


def test_who_left_the_open_register_is_the_same_person(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = (SAMPLES / "halarose_7.csv").read_text()
    persons = []
    for written in (text, text.replace("(z) ", "")):
        report = import_file(office, actor, "register", papers.write(tmp_path, "h.csv", written), TODAY)
        persons.append(papers.rows(office, report.snapshot_id, "person"))
    assert persons[0] == persons[1]


@pytest.mark.parametrize(("published", "warnings"), [("01/06/2026", 0), ("1/5/2026", 1), ("soon", 0)])
def test_the_day_of_publication_is_compared(
    office: Office, actor: Actor, tmp_path: Path, published: str, warnings: int
) -> None:
    text = (SAMPLES / "halarose_7.csv").read_text().replace("01/06/2026", published)
    report = import_file(office, actor, "register", papers.write(tmp_path, "h.csv", text), TODAY)
    assert len(report.warnings) == warnings
    if warnings:
        assert report.warnings[0].startswith(
            "The file says it was published on 2026-05-01, but it comes in as at 2026-06-01"
        )
        assert report.outcome == "usable"


HEADER = [
    "PD",
    "ENO",
    "First Names",
    "Initials",
    "Surname",
    "Date of Attainment",
    "Franchise Flag",
    "Address 1",
    "Address 2",
]


def test_father_and_son_are_two(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [["HAA", n, "John Paul", "JP", "Sampleson", "", "", "1 Mill Lane", "DE14 1AA"] for n in (1, 2, 3)]
    path = papers.write(tmp_path, "h.csv", papers.table(HEADER, rows))
    report = import_file(office, actor, "register", path, TODAY)
    persons = papers.rows(office, report.snapshot_id, "person", "line")
    assert (report.accepted, len(set(persons)), report.figures["namesakes_in_one_home"]) == (3, 3, 2)
    again = import_file(office, actor, "register", path, date(2026, 5, 31))
    assert papers.rows(office, again.snapshot_id, "person", "line") == persons


def test_a_monthly_update_without_middle_names_finds_whom_it_means(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    """Some councils change systems, and then the first updates speak of a register of the old one."""
    names = [("Ada Mary", "Sampleson"), ("Ada", "Sampleson"), ("Cleo Jane", "Muster"), ("Dan", "Muster")]
    rows = [["HAA", n, *name, "", "", "", "1 Mill Lane", "DE14 1AA"] for n, name in enumerate(names, 1)]
    rows = [[row[0], row[1], row[2], "X", row[3], *row[5:]] for row in rows]
    import_file(office, actor, "register", papers.write(tmp_path, "h.csv", papers.table(HEADER, rows)), TODAY)
    header = ["ElectorNumber", "ElectorForename", "ElectorSurname", "PropertyAddress1", "PropertyPostCode"]
    header += ["ElectorCreatedMonth", "ElectorChangedMonth", "ElectorDeletedMonth"]
    gone = [["HAA-3", "Cleo", "Muster", "1 Mill Lane", "DE14 1AA", 0, 0, 7]]
    path = papers.write(tmp_path, "u.csv", papers.table(header, gone))
    report = import_file(office, actor, "register-update", path, TODAY, accept_shrink=True)
    assert (report.figures["electors"], report.figures["deleted"], report.warnings) == (3, 1, [])
