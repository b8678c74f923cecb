"""Entries told apart by district and number within one register year, where there is no elector id or a repeated one."""

from datetime import date
from pathlib import Path

import pytest

from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.importing.imports import import_file
from tests.segments.sources import papers
from tests.segments.sources.test_xpress import FULL, elector

JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1)
MONTHLY = [
    "CompanyName", "CompanyOPCSRef", "DistrictRef", "StreetName", *(f"PropertyAddress{n}" for n in range(1, 6)),
    "PropertyPostCode", "PropertyAddressPrefix", "PropertyAddressNumber", "ElectorNumber", "ElectorForename",
    "ElectorSurname", "ElectorDOB", "ElectorCreatedMonth", "ElectorChangedMonth", "ElectorDeletedMonth",
    "MarkersRegisterText", "RecordCount", "RecordTotal", "CurrentRegisterMonth",
]  # fmt: skip
NEW, AMENDED, DELETED = "ElectorCreatedMonth", "ElectorChangedMonth", "ElectorDeletedMonth"


def change(number: str, what: str, **cells: object) -> list[object]:
    row = dict.fromkeys(MONTHLY, "") | {
        "DistrictRef": "KD1", "PropertyAddress1": "1 Mill Lane", "PropertyAddress2": papers.TRENT,
        "PropertyPostCode": "DE14 1AA", "ElectorNumber": number, "ElectorForename": "Robin",
        "ElectorSurname": f"Tester{number[4:]}", NEW: 0, AMENDED: 0, DELETED: 0, what: 6,
    } | cells  # fmt: skip
    return [row[name] for name in MONTHLY]


def full(office: Office, actor: Actor, folder: Path, *rows: list[object], as_at: date = JUNE) -> ImportReport:
    return import_file(office, actor, "register", papers.write(folder, "x.csv", papers.table(FULL, rows)), as_at)


def update(office: Office, actor: Actor, folder: Path, *rows: list[object], as_at: date = JULY) -> ImportReport:
    path = papers.write(folder, "u.csv", papers.table(MONTHLY, rows))
    return import_file(office, actor, "register-update", path, as_at, accept_problems=True)


def persons(office: Office, report: ImportReport) -> list[str]:
    return [person for (person,) in papers.rows(office, report.snapshot_id, "person", "line")]


def test_a_change_is_of_the_entry_with_its_number(office: Office, actor: Actor, tmp_path: Path) -> None:
    """Six before; one comes, one is amended in name and address, one goes under another spelling: six after."""
    before = full(office, actor, tmp_path, *(elector(n) for n in range(1, 7)))
    third = papers.rows(office, before.snapshot_id, "person", "line")[2][0]
    after = update(
        office, actor, tmp_path, change("KD1-4/1", NEW),
        change("KD1-3", AMENDED, ElectorSurname="Changed", PropertyAddress1="In the bin"),
        change("KD1-6", DELETED, ElectorSurname="Old", PropertyAddress1="4 Foo Road"),
    )  # fmt: skip
    assert after.figures["electors"] == 6
    assert after.warnings == []
    assert third in persons(office, after)  # whoever changes their name stays who they are
    addresses = papers.rows(office, after.snapshot_id, "address")
    assert (f"In the bin, {papers.TRENT}",) in addresses


@pytest.mark.parametrize(
    ("prefix", "number", "suffix", "written"),
    [("KD1", "4", "0", "KD1-4"), ("KD1", "4", "", "KD1-4/0"), ("KD1", "4", "2", "KD1-4/2"), ("kd1", "004", "0", "KD1-4"),
     ("KD-2/2", "289", "1", "KD-2/2-289/1"), ("KD1", "4.0", "0", "KD1-0004"), ("KD1", "4", "0", "4"),
     ("KD1-", "4", "0", "KD1 - 4")],
)  # fmt: skip
def test_numbers_are_the_same_however_they_are_written(
    office: Office, actor: Actor, tmp_path: Path, prefix: str, number: str, suffix: str, written: str
) -> None:
    numbered = {"Elector Number Prefix": prefix, "Elector Number": number, "Elector Number Suffix": suffix}
    full(office, actor, tmp_path, elector(1), elector(9, **numbered))
    after = update(office, actor, tmp_path, change(written, DELETED, ElectorSurname="Otherwise"))
    assert after.figures["electors"] == 1
    assert after.warnings == []


def test_father_and_son_are_two_and_each_goes_alone(office: Office, actor: Actor, tmp_path: Path) -> None:
    same = {"Elector Surname": "Sampleson"}
    before = full(office, actor, tmp_path, elector(1, **same), elector(2, **same))
    father, son = persons(office, before)
    assert father != son
    after = update(office, actor, tmp_path, change("KD1-1", DELETED, ElectorSurname="Sampleson"))
    assert persons(office, after) == [son]


def test_a_son_who_comes_later_takes_nobodys_place(office: Office, actor: Actor, tmp_path: Path) -> None:
    full(office, actor, tmp_path, elector(1, **{"Elector Surname": "Sampleson"}), elector(2))
    after = update(office, actor, tmp_path, change("KD1-3", NEW, ElectorSurname="Sampleson"))
    assert after.figures["electors"] == 3
    assert len(set(persons(office, after))) == 3
    sons = full(
        office, actor, tmp_path, elector(1, **{"Elector Surname": "Sampleson"}), elector(2),
        elector(3, **{"Elector Surname": "Sampleson"}), as_at=JULY,
    )  # fmt: skip
    assert set(persons(office, sons)) == set(persons(office, after))


def test_the_same_update_again_changes_nothing(office: Office, actor: Actor, tmp_path: Path) -> None:
    full(office, actor, tmp_path, *(elector(n) for n in range(1, 4)))
    changes = [change("KD1-9", NEW), change("KD1-2", AMENDED, ElectorSurname="Newname"), change("KD1-3", DELETED)]
    once = update(office, actor, tmp_path, *changes)
    again = update(office, actor, tmp_path, *changes, as_at=date(2026, 6, 1))
    assert set(persons(office, once)) == set(persons(office, again))


def test_numbers_of_another_year_say_nothing(office: Office, actor: Actor, tmp_path: Path) -> None:
    """In December the numbers are given anew: an update after it speaks of other entries by the old numbers."""
    full(office, actor, tmp_path, elector(1), elector(2), as_at=date(2025, 11, 3))
    after = update(office, actor, tmp_path, change("KD1-1", DELETED, ElectorSurname="Tester2"), as_at=date(2025, 12, 3))
    assert persons(office, after) == [office.keys.person(
        name="Robin Tester1", address=f"1 Mill Lane, {papers.TRENT}", postcode="DE14 1AA"
    )]  # fmt: skip


def test_one_entry_twice_is_one(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = full(office, actor, tmp_path, elector(1), elector(1), elector(2))
    assert report.rejected == {"the same elector is in the file twice": 1}
    assert report.accepted == 2


def test_one_id_at_two_numbers_is_two(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [papers.elector(n, ElectorID="1000001") for n in (1, 2, 3)] + [papers.elector(4)]
    report = import_file(office, actor, "register", papers.write(tmp_path, "x.csv", papers.register(*rows)), JUNE)
    assert (report.accepted, report.rejected) == (4, {})
    assert report.warnings == [
        "2 elector ids are on an earlier row too, with another elector number: each counts as an elector of its own"
    ]  # fmt: skip
    assert len(set(persons(office, report))) == 4
    amended = papers.write(tmp_path, "u.csv", papers.table(
        [*papers.ELECTOR8, "ChangeTypeID"],
        [[*papers.elector(2, ElectorID="1000001"), "D"], [*papers.elector(4, ElectorSurname="Newname"), "A"]],
    ))  # fmt: skip
    after = import_file(office, actor, "register-update", amended, JULY, accept_problems=True)
    assert set(persons(office, after)) == set(persons(office, report)) - {persons(office, report)[1]}


def test_attainers_of_an_earlier_day_are_adults_by_the_next(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [papers.elector(1, DateOfAttainment="20/05/2026"), papers.elector(2, DateOfAttainment="20/05/2027")]
    import_file(office, actor, "register", papers.write(tmp_path, "x.csv", papers.register(*rows)), JUNE)
    changed = papers.write(tmp_path, "u.csv", papers.table(
        [*papers.ELECTOR8, "ChangeTypeID"], [[*papers.elector(3, DateOfAttainment="01/06/1990"), "N"]]
    ))  # fmt: skip
    after = import_file(office, actor, "register-update", changed, JULY)
    kept = [day for (day,) in papers.rows(office, after.snapshot_id, "attainment")]
    assert sorted(kept, key=str) == [date(2027, 5, 20), None, None]


def test_father_and_son_who_come_together_without_id_or_number_are_two(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    """As in a full register. An amendment of one of them makes no third; the update again changes nothing."""
    import_file(office, actor, "register", papers.write(tmp_path, "x.csv", papers.register(papers.elector(1))), JUNE)
    new = papers.elector(2, ElectorID="", RollNo="")
    figures = []
    for changes in ("NN", "NN", "NNA", "NND"):
        table = papers.table([*papers.ELECTOR8, "ChangeTypeID"], [[*new, what] for what in changes])
        path = papers.write(tmp_path, f"{changes}.csv", table)
        after = import_file(office, actor, "register-update", path, JULY, accept_problems=True)
        figures.append((after.figures["electors"], len(set(persons(office, after)))))
    assert figures[:3] == [(3, 3)] * 3
    assert figures[3] == (2, 2)


def test_what_nothing_but_its_name_tells_is_said_to_stay_beside_itself(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    """Others of the file have ids; of one of these that is not known here nothing was lost."""
    bare = {"ElectorID": "", "RollNo": ""}
    rows = papers.elector(1), papers.elector(2, **bare), papers.elector(3, **bare)
    import_file(office, actor, "register", papers.write(tmp_path, "x.csv", papers.register(*rows)), JUNE)
    changed = [(papers.elector(2, **bare, ElectorSurname="Newname"), "A"), (papers.elector(8), "A"), (rows[2], "A")]
    path = papers.write(
        tmp_path, "u.csv", papers.table([*papers.ELECTOR8, "ChangeTypeID"], [[*row, what] for row, what in changed])
    )
    after = import_file(office, actor, "register-update", path, JULY, accept_problems=True)
    assert after.figures["electors"] == 5
    assert after.warnings[0] == "2 changes are of electors whom the register here does not have"
    assert after.warnings[1].startswith("1 of these are amended entries with no elector id, and no number")
    assert "counted twice, until the next full register" in after.warnings[1]
