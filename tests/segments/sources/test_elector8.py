from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.foundation import lake
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from engage.foundation.privacy import Keys
from segments.files.reading import MACROS
from segments.files.report import ImportReport
from segments.importing.imports import import_file
from tests.segments.sources import papers

KEYS = Keys(["nW8yEi0kfyPNIxzY4tBzbD6QqEHgH3mVMz2eJkWqYxk="])
SQL = duckdb.connect()
TODAY = date(2026, 6, 1)


def take(office: Office, actor: Actor, folder: Path, *rows: list[object]) -> ImportReport:
    return import_file(office, actor, "register", papers.write(folder, "r.csv", papers.register(*rows)), TODAY)


@given(
    parts=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=3)
)
def test_sql_hashes_as_the_keys_do(parts: list[str]) -> None:
    joined = "concat_ws(chr(31), 'elector', " + ", ".join("?" for _ in parts) + ")"
    [(found,)] = SQL.execute(f"select {KEYS.hash_sql(joined)}", parts).fetchall()
    assert found == KEYS.hash("elector", *parts)


def test_a_person_is_known_by_id_or_by_name_and_home(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(
        office, actor, tmp_path,
        papers.elector(1, ElectorID=" 1137031 "),
        papers.elector(2, ElectorID="", ElectorForename=" Zoë ", ElectorMiddleName="Ann", ElectorSurname="O’NEILL-Łuk"),
        papers.elector(3, ElectorID="", UPRN=""),
        papers.elector(4, ElectorID="", UPRN="", ElectorSurname="Tester3", RegisteredAddress1="2 Mill Lane"),
    )  # fmt: skip
    home = 100_031_000_002
    assert [row[0] for row in papers.rows(office, report.snapshot_id, "person", "line")] == [
        office.keys.person(elector_id="1137031"),
        office.keys.person(name="Zoë Ann O’NEILL-Łuk", uprn=home),
        office.keys.person(name="Robin Tester3", address="1 Mill Lane, Burton upon Trent", postcode="DE14 1AA"),
        office.keys.person(name="Robin Tester3", address="2 Mill Lane, Burton upon Trent", postcode="DE14 1AA"),
    ]


UPRNS = {
    "100031008911": 100031008911, "000100031008911": 100031008911, " 100031008911 ": 100031008911, "100031008911.00": 100031008911,
    "1.00031E+11": None, "n/a": None, "0": None, "-5": None, "1000310089112": None, "10003100891.5": None, "": None, "12": 12,
}  # fmt: skip


def test_uprns(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(office, actor, tmp_path, *(papers.elector(n, UPRN=written) for n, written in enumerate(UPRNS)))
    assert [row[0] for row in papers.rows(office, report.snapshot_id, "uprn", "line")] == list(UPRNS.values())
    assert [warning.split()[0] for warning in report.warnings] == ["1", "5"]  # lost digits, no number
    assert report.notes == ["1 rows have no UPRN: they are linked by address"]  # as some are in every register
    assert report.figures["with_uprn"] == 5


ATTAINMENTS = {
    "15/03/2027": date(2027, 3, 15), "2027-03-15": date(2027, 3, 15), "5/3/2027": date(2027, 3, 5),
    "2027-03-15 00:00:00": date(2027, 3, 15), "31/02/2027": None, "15-Mar-27": None, "2027-13-01": None, "00/00/0000": None,
    "15/03/1802": None, "not known": None, "1/1/27": None, "01/01/1900": None,
    "01/05/2026": None, "01/06/2026": None, "02/06/2026": date(2026, 6, 2), "15/03/1998": None, "1985-12-31": None, "31/12/2007": None,
}  # fmt: skip


def test_dates_of_attainment(office: Office, actor: Actor, tmp_path: Path) -> None:
    electors = (papers.elector(n, DateOfAttainment=written) for n, written in enumerate(ATTAINMENTS))
    report = take(office, actor, tmp_path, *electors)
    assert [row[0] for row in papers.rows(office, report.snapshot_id, "attainment", "line")] == list(
        ATTAINMENTS.values()
    )
    assert report.warnings[0].startswith("8 dates of attainment are no date")
    assert report.figures["attainers"] == 5


@pytest.mark.parametrize(
    ("written", "kept"),
    [("DE14 1AA", "DE14 1AA"), ("de141aa", "DE14 1AA"), (" DE14  1AA ", "DE14 1AA"), ("DE14\xa01AA", "DE14 1AA"), ("W1A 1AA", "W1A 1AA"),
     ("M1 1AE", "M1 1AE"), ("DE14", None), ("none", None), ("", None)],
)  # fmt: skip
def test_postcodes(written: str, kept: str | None) -> None:
    con = duckdb.connect()
    con.execute(MACROS)
    assert con.execute("select as_postcode(clean(?))", [written]).fetchall() == [(kept,)]


ADDRESSES: list[tuple[dict[str, object], str | None]] = [
    ({"RegisteredAddress1": "13", "RegisteredAddress2": "Chamberlayne  Road", "RegisteredAddress3": " Stretton"}, "13 Chamberlayne Road, Stretton"),
    ({"RegisteredAddress1": "Flat 1, 26 Dover Road"}, "Flat 1, 26 Dover Road, Burton upon Trent"),
    ({"RegisteredAddress1": "[100-102] Coleman Road", "RollNo": "70.5"}, "[100-102] Coleman Road, Burton upon Trent"),
    ({"RegisteredAddress1": "1ST & 2ND FLOOR", "RegisteredAddress2": "9 High Street"}, "1ST & 2ND FLOOR, 9 High Street"),
    ({"RegisteredAddress1": "Flat 2", "RegisteredAddress2": "13A", "RegisteredAddress3": "High Street"}, "Flat 2, 13A High Street"),
    # Flat and building may stand in columns of their own only; words that the lines have are not said twice.
    ({"RegisteredAddress1": "Station Road", "SubHouse": "Flat 3 ", "House": "Oak Manor"}, "Flat 3, Oak Manor, Station Road, Burton upon Trent"),
    ({"RegisteredAddress1": "Flat 6, Oak Manor", "SubHouse": "FLAT 6", "House": "OAK MANOR"}, "Flat 6, Oak Manor, Burton upon Trent"),
    ({"RegisteredAddress1": "Flat 1", "RegisteredAddress2": "[100-102] Coleman Road", "House": "100-102"}, "Flat 1, [100-102] Coleman Road"),
    ({"RegisteredAddress1": "9 River Court", "SubHouse": "Flat 9", "House": "9"}, "9 River Court, Burton upon Trent"),
]  # fmt: skip


def test_addresses_are_one_line_without_names(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(office, actor, tmp_path, *(papers.elector(n, **cells) for n, (cells, _) in enumerate(ADDRESSES)))
    found = papers.rows(office, report.snapshot_id, "address", "line")
    assert [address for (address,) in found] == [address for _, address in ADDRESSES]


FRANCHISES = {"E": "ordinary", "b": "european", " K": "european", "G": "european", "L": "peer", "": None, "Q": None, "EB": "european"}  # fmt: skip


def test_markers_are_read_by_the_systems_own_table(office: Office, actor: Actor, tmp_path: Path) -> None:
    electors = (papers.elector(n, FranchiseMarker=marker) for n, marker in enumerate(FRANCHISES))
    report = take(office, actor, tmp_path, *electors)
    found = papers.rows(office, report.snapshot_id, "franchise", "line")
    assert [franchise for (franchise,) in found] == list(FRANCHISES.values())
    [warning] = report.warnings
    assert warning.startswith("1 rows have a marker that this system is not known to use")


def test_others_and_repeats_are_rejected(office: Office, actor: Actor, tmp_path: Path) -> None:
    nowhere = {f"RegisteredAddress{n}": "" for n in (1, 2)}
    report = take(
        office, actor, tmp_path, papers.elector(1), papers.elector(2, FranchiseMarker="F"), papers.elector(3, **nowhere),
        papers.elector(4, RegisteredAddress1="Other Electors"), papers.elector(5, ElectorID="1000001", RollNo=1),
        papers.elector(6, ElectorSurname=""), papers.anonymous(7), papers.elector(8, FranchiseMarker="n"),
        papers.elector(9, ElectorSurname="N", ElectorForename=" "), [""] * len(papers.ELECTOR8), [*papers.ELECTOR8],
    )  # fmt: skip
    assert report.rejected == {
        "other elector, no residential address": 3, "the same elector is in the file twice": 1, "the header again": 1,
        "special entry, not imported": 3, "neither a name nor an elector number": 1,
    }  # fmt: skip
    assert report.problems == {"the same elector is in the file twice": 1}
    assert papers.rows(office, report.snapshot_id, "line") == [(2,), (7,)]
    assert report.figures == {"electors": 2, "with_uprn": 2, "properties": 2, "attainers": 0}
    rejects = (office.lake.root / report.rejects_file).read_text("utf-8-sig").splitlines()
    assert rejects[1:] == [
        '3,FranchiseMarker,"other elector, no residential address",',
        '4,FranchiseMarker,"other elector, no residential address",',
        '5,FranchiseMarker,"other elector, no residential address",',
        "6,,the same elector is in the file twice,",
        "12,PDCode,the header again,",
    ]  # fmt: skip


def test_an_ordinary_register_is_good(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(
        office, actor, tmp_path, papers.elector(1), papers.elector(2, FranchiseMarker="F"), papers.anonymous(3)
    )
    assert (report.outcome, report.accepted, report.left_out) == (
        "good", 1, {"other elector, no residential address": 1, "special entry, not imported": 1},
    )  # fmt: skip


def test_columns_may_be_missing_or_in_another_order(office: Office, actor: Actor, tmp_path: Path) -> None:
    kept = [name for name in reversed(papers.ELECTOR8) if name not in ("ElectorID", "UPRN", "Ward", "DateOfAttainment")]
    row = dict(zip(papers.ELECTOR8, papers.elector(1), strict=True))
    text = papers.table([name.upper() for name in kept], [[row[name] for name in kept]])
    report = import_file(office, actor, "register", papers.write(tmp_path, "r.csv", text), TODAY)
    assert papers.rows(office, report.snapshot_id, "uprn, ward_name, attainment, postcode, alias") == [
        (None, None, None, "DE14 1AA", None)
    ]
    assert report.outcome == "good"  # a system without UPRNs is no fault of the file
    assert report.figures["with_uprn"] == 0


def update(office: Office, actor: Actor, folder: Path, *rows: list[object], as_at: date = TODAY) -> ImportReport:
    text = papers.table([*papers.ELECTOR8, "ChangeTypeID"], rows)
    path = papers.write(folder, "u.csv", text)
    return import_file(office, actor, "register-update", path, as_at, accept_shrink=True)


def test_an_update_makes_the_next_register(office: Office, actor: Actor, tmp_path: Path) -> None:
    take(office, actor, tmp_path, *(papers.elector(n) for n in (1, 2, 3, 4)))
    report = update(
        office, actor, tmp_path, [*papers.elector(1), "D"], [*papers.elector(2, RegisteredAddress1="9 New Road"), "A"],
        [*papers.elector(5), "N"], [*papers.elector(3, FranchiseMarker="F"), "A"], [*papers.elector(6), "N"],
        [*papers.elector(6), "D"], [*papers.elector(7), "D"], [*papers.elector(8), "X"],
    )  # fmt: skip
    assert report.rows_read == 8
    assert report.rejected == {"ChangeTypeID does not say what to do": 1, "other elector, no residential address": 1}
    known = {office.keys.person(elector_id=str(1_000_000 + n)): n for n in range(1, 9)}
    found = {known[person]: address for person, address in papers.rows(office, report.snapshot_id, "person, address")}
    assert found == {
        2: "9 New Road, Burton upon Trent", 4: "1 Mill Lane, Burton upon Trent", 5: "1 Mill Lane, Burton upon Trent",
    }  # fmt: skip
    assert report.warnings == ["1 changes are of electors whom the register here does not have"]
    assert report.figures == {
        "electors": 3, "with_uprn": 3, "properties": 3, "attainers": 0, "new": 2, "amended": 1, "deleted": 3,
    }  # fmt: skip
    with office.database.session() as session:
        current = lake.current(session, actor.authority, "register")
    assert current is not None
    assert current.id == report.snapshot_id


def test_an_update_needs_an_older_register(office: Office, actor: Actor, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="there is no register yet"):
        update(office, actor, tmp_path, [*papers.elector(1), "D"])
    take(office, actor, tmp_path, papers.elector(1))
    with pytest.raises(InputRefused, match="its changes are in it already"):
        update(office, actor, tmp_path, [*papers.elector(1), "D"], as_at=date(2026, 5, 1))
    with pytest.raises(InputRefused, match="Import it as kind 'register-update'"):
        import_file(office, actor, "register", tmp_path / "u.csv", TODAY)
