from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.importing.imports import ImportReport, import_file, undo
from tests.segments.sources import changes, papers

TODAY = date(2026, 6, 1)
MILL_LANE = papers.street(1, "MILL LANE")


def take(office: Office, actor: Actor, folder: Path, *records: list[object], **how: Any) -> ImportReport:
    path = papers.write(folder, "g.csv", papers.gazetteer(*records, **how))
    return import_file(office, actor, "gazetteer", path, TODAY, accept_shrink=True)


def homes(office: Office, report: ImportReport, columns: str) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in papers.rows(office, report.snapshot_id, f"uprn, {columns}")}


def test_a_property_is_joined_from_its_records(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(
        office, actor, tmp_path, *MILL_LANE,
        papers.blpu(100031000007, parent=100031000001, organisation="Drake Dental", x=407179.08, **{"class": "RD06"}),
        papers.lpi(100031000007, sao="FLAT 2", pn=14),
    )  # fmt: skip
    [row] = papers.rows(office, report.snapshot_id)
    assert row == (
        100031000007, "RD06", 1, 2, 100031000001, 407179.08, 337966.64, "E05014473", "Drake Dental",
        "Flat 2, 14 Mill Lane, Burton upon Trent, DE14 1AA", ["Flat 2", "14 Mill Lane", "Burton upon Trent", "DE14 1AA"],
        "DE14 1AA", "Mill Lane", 1, True, [], None, date(2017, 6, 14),
    )  # fmt: skip
    assert (report.rows_read, report.accepted, report.rejected) == (6, 6, {})
    assert report.figures == {"properties": 1, "residential": 1, "addresses": 1, "streets": 1}


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ({"pn": 14}, ["14 Mill Lane"]),
        ({"pn": 14, "ps": "A"}, ["14A Mill Lane"]),
        ({"pn": 14, "qn": 16}, ["14-16 Mill Lane"]),
        ({"pn": 14, "ps": "A", "qs": "C"}, ["14A-C Mill Lane"]),
        ({"pao": "KEEPER'S LODGE"}, ["Keeper's Lodge", "Mill Lane"]),
        ({"pao": "LAVENDER COURT", "pn": 71, "sao": "FLAT 6"}, ["Flat 6", "Lavender Court", "71 Mill Lane"]),
        ({"pao": "DEVON COURT", "sn": 6}, ["6 Devon Court", "Mill Lane"]),
        ({"sn": 2, "ss": "B", "pn": 14}, ["2B, 14 Mill Lane"]),
        ({"pao": "[THE OLD MILL]"}, ["The Old Mill", "Mill Lane"]),
        ({}, ["Mill Lane"]),
    ],
)
def test_lines_of_an_address(
    office: Office, actor: Actor, tmp_path: Path, parts: dict[str, Any], lines: list[str]
) -> None:
    report = take(office, actor, tmp_path, *MILL_LANE, papers.blpu(7), papers.lpi(7, **parts))
    expected = [*lines, "Burton upon Trent", "DE14 1AA"]
    assert homes(office, report, "address_lines, address")[7] == (expected, ", ".join(expected))


@pytest.mark.parametrize(
    ("locality", "town", "post_town", "lines"),
    [
        ("STRETTON", "BURTON UPON TRENT", "BURTON UPON TRENT", ["Stretton", "Burton upon Trent"]),
        ("", "ROLLESTON ON DOVE", "BURTON UPON TRENT", ["Rolleston on Dove", "Burton upon Trent"]),
        ("DENSTONE", "DENSTONE", "STOKE-ON-TRENT", ["Denstone", "Stoke-on-Trent"]),
        ("UTTOXETER", "UTTOXETER", "UTTOXETER", ["Uttoxeter"]),
        ("STRETTON", "BURTON UPON TRENT", "", ["Stretton", "Burton upon Trent"]),
    ],
)
def test_a_town_is_said_once(
    office: Office, actor: Actor, tmp_path: Path, locality: str, town: str, post_town: str, lines: list[str]
) -> None:
    report = take(
        office,
        actor,
        tmp_path,
        *papers.street(1, "MILL LANE", locality, town),
        papers.blpu(7),
        papers.lpi(7, pn=1, town=post_town),
    )
    assert homes(office, report, "address_lines")[7][0] == ["1 Mill Lane", *lines, "DE14 1AA"]


def test_the_longest_address_fits_a_letter(office: Office, actor: Actor, tmp_path: Path) -> None:
    street = papers.street(1, "MILL LANE", "STRETTON", "ROLLESTON ON DOVE")
    report = take(office, actor, tmp_path, *street, papers.blpu(7), papers.lpi(7, sao="FLAT 2", pao="MILL HOUSE", pn=1))
    lines = homes(office, report, "address_lines")[7][0]
    assert len(lines) == 7  # GOV.UK Notify's most
    assert lines[-1] == "DE14 1AA"


HOMES: list[dict[str, Any]] = [
    {}, {"class": "RD"}, {"class": "RH02"}, {"class": "RH03"}, {"class": "RI01"}, {"class": "RI02NC"}, {"class": "X"},
    {"state": 3}, {"state": ""},
]  # fmt: skip
NO_HOMES: list[dict[str, Any]] = [
    {"class": "RD10"}, {"class": "RH01"}, {"class": "RG02"}, {"class": "RB"}, {"class": "RC"}, {"class": "PP"},
    {"class": "CR08"}, {"state": 1}, {"state": 4}, {"state": 6}, {"status": 6}, {"status": 8}, {"end": "2020-01-01"},
]  # fmt: skip


def test_what_counts_as_a_home(office: Office, actor: Actor, tmp_path: Path) -> None:
    properties = [papers.blpu(uprn, **cells) for uprn, cells in enumerate([*HOMES, *NO_HOMES], 1)]
    report = take(office, actor, tmp_path, *MILL_LANE, *properties)
    found = {uprn for uprn, (residential,) in homes(office, report, "residential").items() if residential}
    assert found == set(range(1, len(HOMES) + 1))
    assert report.figures["residential"] == len(HOMES)


def test_alternatives_and_old_names_are_kept_for_matching(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(
        office, actor, tmp_path, *MILL_LANE, papers.street(1, "LÔN Y FELIN", language="CYM")[1],
        papers.blpu(7), papers.lpi(7, pn=1, status=8, pao="OLD BARN"), papers.lpi(7, pn=1, status=3, language="CYM"),
        papers.lpi(7, pn=1), papers.lpi(7, pn=1, status=5, pao="A DREAM"), papers.lpi(7, pao="MILL END", status=3),
        papers.blpu(8, status=8), papers.lpi(8, pn=3, status=8), papers.blpu(9),
    )  # fmt: skip
    found = homes(office, report, "address, other_addresses")
    assert found[7] == (
        "1 Mill Lane, Burton upon Trent, DE14 1AA",
        [
            "1 Lôn y Felin, Burton upon Trent, DE14 1AA",
            "Mill End, Mill Lane, Burton upon Trent, DE14 1AA",
            "Old Barn, 1 Mill Lane, Burton upon Trent, DE14 1AA",
        ],
    )
    assert found[8] == ("3 Mill Lane, Burton upon Trent, DE14 1AA", [])
    assert found[9] == (None, [])


def test_zero_coordinates_old_ward_codes_and_lost_postcodes(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(
        office,
        actor,
        tmp_path,
        *MILL_LANE,
        papers.blpu(7, x=0, y="0.00", ward="41UCFA"),
        papers.lpi(7, pn=1, postcode=""),
    )
    assert homes(office, report, "easting, northing, ward, postcode, address_lines")[7] == (
        None, None, None, None, ["1 Mill Lane", "Burton upon Trent"],
    )  # fmt: skip
    assert len(report.warnings) == 3
    assert report.outcome == "usable"


def test_bad_records_are_rejected_with_their_line(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = take(
        office, actor, tmp_path, *MILL_LANE, papers.blpu(7), papers.lpi(7, pn=1), papers.blpu("x"), papers.blpu(8, status=2),
        papers.blpu(9, state=5), papers.blpu(10, **{"class": "??"}), papers.blpu(7), papers.lpi(99, pn=1), ["77", "I", 1],
        [papers.blpu(11)[0], "D", *papers.blpu(11)[2:]],
    )  # fmt: skip
    assert set(report.rejected) == {
        "UPRN is not a whole number of up to 12 digits", "logical status is not one of 1, 3, 5, 6, 7, 8, 9",
        "state is not one of 1, 2, 3, 4, 6 or blank", "class is missing or no class code", "the same UPRN twice",
        "address of a property that is not in the file", "not a record type of DTF 7.3", "deleted by the file itself",
    }  # fmt: skip
    assert sum(report.rejected.values()) == 8
    assert report.rows_read == 14 == report.accepted + 8
    lines = (office.lake.root / report.rejects_file).read_text("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == ["6", "7", "8", "9", "10", "11", "12", "13"]
    assert lines[1].startswith('7,LOGICAL_STATUS,"logical status is not one of 1, 3, 5, 6, 7, 8, 9",2,21,I,0,8,2,2,')
    assert set(homes(office, report, "class")) == {7}


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"count": 3}, "the trailer says 3 records, but the file holds 6 lines"),
        ({"count": ""}, "the trailer says"),
        ({"file_type": "C"}, "holds changes only, and there is no gazetteer here .* Import the full DTF 7.3 first"),
    ],
)
def test_a_part_of_a_gazetteer_is_refused(
    office: Office, actor: Actor, tmp_path: Path, how: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputRefused, match=sentence):
        take(office, actor, tmp_path, *MILL_LANE, papers.blpu(7), papers.lpi(7, pn=1), **how)


def test_a_gazetteer_cut_off_is_refused(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.gazetteer(*MILL_LANE, papers.blpu(7), papers.lpi(7, pn=1))
    for keep in (len(text) - 40, len(text) - 60, len(text) // 2):
        with pytest.raises(InputRefused, match=r"no trailer|not one row|middle of a row|the trailer says"):
            import_file(office, actor, "gazetteer", papers.write(tmp_path, "g.csv", text[:keep]), TODAY)


def test_another_authoritys_gazetteer_is_refused(office: Office, actor: Actor, tmp_path: Path) -> None:
    import_file(office, actor, "boundaries", papers.write(tmp_path, "w.geojson", papers.wards("Anglesey")), TODAY)
    assert take(office, actor, tmp_path, *MILL_LANE, papers.blpu(7), papers.lpi(7, pn=1)).accepted == 6
    with pytest.raises(InputRefused, match=r"another authority's gazetteer: its wards \(E05000001"):
        take(office, actor, tmp_path, *MILL_LANE, papers.blpu(7, ward="E05000001"), papers.lpi(7, pn=2))


def test_a_day_of_ending_that_is_ahead_has_ended_nothing(office: Office, actor: Actor, tmp_path: Path) -> None:
    ends = {1: "", 2: "2026-05-31", 3: "2026-06-01", 4: "2026-06-02", 5: "2099-02-10", 6: "soon"}
    report = take(office, actor, tmp_path, *MILL_LANE, *(papers.blpu(uprn, end=day) for uprn, day in ends.items()))
    assert {uprn for uprn, (home,) in homes(office, report, "residential").items() if home} == {1, 4, 5}


def test_streets_that_elector8_invents_have_numbers_below_zero(office: Office, actor: Actor, tmp_path: Path) -> None:
    street, home = papers.street(-12, "DRAKE MEWS"), [papers.blpu(7), papers.lpi(7, pn=1, usrn=-12)]
    report = take(office, actor, tmp_path, *street, *home)
    assert homes(office, report, "street, usrn, address")[7] == (
        "Drake Mews", -12, "1 Drake Mews, Burton upon Trent, DE14 1AA",
    )  # fmt: skip
    assert report.outcome == "good"


def test_custodians_own_columns_may_be_filled_or_left_off(office: Office, actor: Actor, tmp_path: Path) -> None:
    lpi, blpu = papers.lpi(7, pn=1), papers.blpu(7)
    for address in ([*lpi[:-3], "one", "two", "CAN123"], lpi[:-1]):
        report = take(office, actor, tmp_path, *MILL_LANE, [*blpu[:-3], "one", "two", "CAN123"], address)
        assert (report.accepted, report.rejected, len(homes(office, report, "class"))) == (6, {}, 1)


def test_a_gazetteer_in_volumes(office: Office, actor: Actor, tmp_path: Path) -> None:
    first = papers.gazetteer(*MILL_LANE, papers.blpu(7), papers.lpi(7, pn=1)).replace("99,0,", "99,2,")
    second = papers.gazetteer(papers.blpu(8), papers.lpi(8, pn=2))
    alone = import_file(office, actor, "gazetteer", papers.write(tmp_path, "1.csv", first), TODAY)
    assert [sentence for sentence in alone.warnings if "volume 2 follows" in sentence]
    both = import_file(office, actor, "gazetteer", papers.write(tmp_path, "2.csv", first + second), TODAY)
    assert (both.warnings, both.rejected, set(homes(office, both, "class"))) == ([], {}, {7, 8})
    lost = papers.write(tmp_path, "3.csv", first + second.replace("99,0,2,", "99,0,3,"))
    with pytest.raises(InputRefused, match="the trailer says"):
        import_file(office, actor, "gazetteer", lost, TODAY)


# Changes


def keyed(cells: list[object], letter: str = "I", order: int = 0, key: str = "") -> list[object]:
    """A record with its change type, its place in the order, and a key where it has one."""
    return [cells[0], letter, order, *([cells[3], key, *cells[5:]] if key else cells[3:])]


def change_file(*records: list[object], day: str = "2026-06-02", volume: int = 2, custodian: int = 3410) -> str:
    header = [10, "A Council", custodian, day, volume, day, "06:00:00", "7.3", "C"]
    return papers.table(header, [*records, [99, 0, len(records), day, "06:00:00"]])


@pytest.fixture
def before(office: Office, actor: Actor, tmp_path: Path) -> ImportReport:
    """Two homes in Mill Lane: 1 (UPRN 7) and 2 (UPRN 8)."""
    return take(
        office, actor, tmp_path, *MILL_LANE,
        papers.blpu(7), keyed(papers.lpi(7, pn=1), key="A7"), papers.blpu(8), keyed(papers.lpi(8, pn=2), key="A8"),
    )  # fmt: skip


def change(office: Office, actor: Actor, folder: Path, text: str, as_at: date = TODAY) -> ImportReport:
    return import_file(office, actor, "gazetteer", papers.write(folder, "c.csv", text), as_at, accept_shrink=True)


def test_changes_apply_in_their_order(office: Office, actor: Actor, tmp_path: Path, before: ImportReport) -> None:
    records = [
        keyed(papers.blpu(9), "I", 3), keyed(papers.lpi(9, pn=3), "I", 4, "A9"), keyed(papers.blpu(8), "D", 1),
        keyed(papers.lpi(8), "D", 2, "A8"), keyed(papers.lpi(7, pn=11), "U", 9, "A7"),
        keyed(papers.lpi(7, pn=10), "U", 8, "A7"), keyed(papers.street(1, "MILL ROAD")[1], "U", 7),
        keyed(papers.blpu(10), "I", 5), keyed(papers.blpu(10), "D", 6),
    ]  # fmt: skip
    report = change(office, actor, tmp_path, change_file(*records))
    assert (report.format, report.rows_read, report.accepted, report.warnings) == ("DTF 7.3 changes", 11, 11, [])
    assert report.figures == {
        "properties": 2, "residential": 2, "addresses": 2, "streets": 1, "inserted": 3, "updated": 3, "deleted": 3,
    }  # fmt: skip
    assert homes(office, report, "address") == {
        7: ("11 Mill Road, Burton upon Trent, DE14 1AA",), 9: ("3 Mill Road, Burton upon Trent, DE14 1AA",),
    }  # fmt: skip


def test_undoing_changes_brings_back_what_they_applied_to(
    office: Office, actor: Actor, tmp_path: Path, before: ImportReport
) -> None:
    first = change(office, actor, tmp_path, change_file(keyed(papers.blpu(7), "D")))
    undo(office, actor, first.snapshot_id or 0)
    again = change(office, actor, tmp_path, change_file(keyed(papers.blpu(8), "D")))
    assert set(homes(office, again, "class")) == {7}


def test_what_is_deleted_comes_back_with_all_its_addresses(
    office: Office, actor: Actor, tmp_path: Path, before: ImportReport
) -> None:
    """A property deleted without its address keeps it waiting, as a dictionary would."""
    change(office, actor, tmp_path, change_file(keyed(papers.blpu(7), "D")))
    report = change(office, actor, tmp_path, change_file(keyed(papers.blpu(7), "I"), day="2026-06-03", volume=3))
    assert homes(office, report, "address")[7] == ("1 Mill Lane, Burton upon Trent, DE14 1AA",)


def test_changes_of_what_is_not_known_are_counted(
    office: Office, actor: Actor, tmp_path: Path, before: ImportReport
) -> None:
    records = [
        keyed(papers.blpu(20), "U", 1), keyed(papers.lpi(20, pn=20), "U", 2, "A20"), keyed(papers.blpu(21), "D", 3),
        keyed(papers.lpi(7, pn=1), "I", 4, "A7"),
    ]  # fmt: skip
    report = change(office, actor, tmp_path, change_file(*records))
    assert report.warnings == changes.told(Counter(insertions=1, updates=2, deletions=1))
    assert (report.outcome, set(homes(office, report, "class"))) == ("usable", {7, 8, 20})


def test_a_change_that_cannot_be_read_leaves_what_was_there(
    office: Office, actor: Actor, tmp_path: Path, before: ImportReport
) -> None:
    records = [
        keyed(papers.blpu(7, **{"class": "??"}), "U", 1), keyed(papers.blpu(8), "X", 2), keyed(papers.blpu("x"), "D", 3),
        keyed(papers.lpi(99, pn=9), "I", 4, "A99"), keyed([*papers.lpi(7)[:4], "", *papers.lpi(7)[5:]], "U", 5),
    ]  # fmt: skip
    report = change(office, actor, tmp_path, change_file(*records))
    assert report.rejected == dict.fromkeys(
        sorted([
            "UPRN is not a whole number of up to 12 digits", "address of a property that is not in the file",
            "change type is not I, U or D", "class is missing or no class code", "the record has no key",
        ]), 1,
    )  # fmt: skip
    assert report.accepted == report.rows_read - 5
    assert homes(office, report, "class, address") == homes(office, before, "class, address")


@pytest.mark.parametrize(
    ("how", "as_at", "sentence"),
    [
        ({}, date(2026, 5, 31), "changes up to 2026-05-31, but the gazetteer here is of 2026-06-01 already"),
        ({"day": "2026-05-31"}, TODAY, "was made on 2026-05-31, but what is here was made on 2026-06-01"),
        ({"custodian": 3415}, TODAY, "local custodian 3415, but the gazetteer here is of custodian 3410"),
    ],
)
def test_changes_that_do_not_follow_are_refused(
    office: Office, actor: Actor, tmp_path: Path, before: ImportReport, how: dict[str, Any], as_at: date, sentence: str
) -> None:
    with pytest.raises(InputRefused, match=sentence):
        change(office, actor, tmp_path, change_file(keyed(papers.blpu(9)), **how), as_at)


def test_a_gap_between_volumes_is_said(office: Office, actor: Actor, tmp_path: Path, before: ImportReport) -> None:
    def take_volume(volume: int, day: str) -> list[str]:
        text = change_file(keyed(papers.blpu(7), "U"), day=day, volume=volume)
        return change(office, actor, tmp_path, text).warnings

    assert take_volume(5, "2026-06-02") == []  # volumes of a full extract count something else
    assert take_volume(6, "2026-06-03") == []
    assert [sentence for sentence in take_volume(9, "2026-06-04") if "changes in between may be missing" in sentence]
    assert [sentence for sentence in take_volume(8, "2026-06-04") if "imported before" in sentence]


def test_changes_without_their_trailers_count_are_refused(
    office: Office, actor: Actor, tmp_path: Path, before: ImportReport
) -> None:
    text = change_file(keyed(papers.blpu(9)), keyed(papers.lpi(9, pn=9), key="A9"))
    with pytest.raises(InputRefused, match="the trailer says"):
        change(office, actor, tmp_path, text.replace("99,0,2,", "99,0,5,"))


def test_a_file_of_no_changes_changes_nothing(
    office: Office, actor: Actor, tmp_path: Path, before: ImportReport
) -> None:
    report = change(office, actor, tmp_path, change_file())
    assert (report.accepted, report.figures["updated"], report.outcome) == (2, 0, "good")
    assert homes(office, report, "address") == homes(office, before, "address")


def test_changes_to_a_gazetteer_of_another_format_are_refused(office: Office, actor: Actor) -> None:
    folder = Path(__file__).parent / "samples" / "gazetteers"
    import_file(office, actor, "gazetteer", folder / "core_full.csv", TODAY)
    with pytest.raises(
        InputRefused, match=r"changes of DTF 7\.3 only, but the gazetteer here came from AddressBase Core"
    ):
        import_file(office, actor, "gazetteer", folder / "dtf73_changes.csv", TODAY)


def test_cross_references_are_kept_and_changed_by_their_key(office: Office, actor: Actor, tmp_path: Path) -> None:
    """They were dropped: record 23 was not looked at."""
    full = take(
        office, actor, tmp_path, *MILL_LANE, papers.blpu(5), papers.lpi(5, pn=1), papers.blpu(6), papers.lpi(6, pn=2),
        papers.cross_reference(5, "CT-1"), papers.cross_reference(6, "CT-2"), papers.cross_reference(6, "77", "ER"),
        papers.cross_reference(999, "CT-9"),
    )  # fmt: skip
    assert references(office, full) == [(5, "CT-1", "CT", None), (6, "CT-2", "CT", None), (6, "77", "ER", None)]
    ended = papers.cross_reference(6, "CT-2", end="2026-06-01")
    gone = ["23", "D", 2, *papers.cross_reference(6, "77", "ER")[3:]]
    report = change(office, actor, tmp_path, change_file(["23", "U", 1, *ended[3:]], gone))
    assert references(office, report) == [(5, "CT-1", "CT", None), (6, "CT-2", "CT", date(2026, 6, 1))]


def references(office: Office, report: ImportReport) -> list[tuple[Any, ...]]:
    path = str(office.lake.at(report.cross_references))
    return duckdb.execute("select uprn, reference, source, ended from read_parquet(?)", [path]).fetchall()


UPRNS, KEYS, USRNS = st.sampled_from([5, 6, 7, 8]), st.sampled_from(["A", "B", "C", "D"]), st.sampled_from([1, -2])
PROPERTIES = st.builds(
    lambda uprn, kind, status: (("21", uprn), papers.blpu(uprn, status=status, **{"class": kind})),
    UPRNS, st.sampled_from(["RD02", "RD04", "CR08"]), st.sampled_from([1, 6, 8]),
)  # fmt: skip
ADDRESSES = st.builds(
    lambda key, uprn, usrn, number, status: (
        ("24", key), keyed(papers.lpi(uprn, usrn=usrn, pn=number, status=status), key=key),
    ),
    KEYS, UPRNS, USRNS, st.integers(1, 30), st.sampled_from([1, 3, 8]),
)  # fmt: skip
STREETS = st.builds(
    lambda usrn, name: (("15", usrn), papers.street(usrn, name)[1]), USRNS, st.sampled_from(["MILL LANE", "THE GREEN"])
)
RECORDS = st.one_of(PROPERTIES, ADDRESSES, STREETS)
LETTERS = st.sampled_from("IUD")
CHANGES = st.lists(st.builds(lambda letter, record: (letter, *record), LETTERS, RECORDS), min_size=6, max_size=30)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known=st.lists(RECORDS, max_size=8), first=CHANGES, second=CHANGES, shuffled=st.randoms(use_true_random=False))
def test_changes_make_what_the_next_full_extract_would(
    office: Office, actor: Actor, tmp_path: Path, known: Any, first: Any, second: Any, shuffled: Any
) -> None:
    """Two change-only files after a full extract, held against a dictionary, and against a full extract of it."""
    held = {("21", 1): papers.blpu(1), **dict(known)}
    take(office, actor, tmp_path, *held.values())
    for number, altered in enumerate((first, second), 2):
        rows = [keyed(cells, letter, order, cells[4] if cells[0] == 24 else "")
                for order, (letter, _, cells) in enumerate(altered)]  # fmt: skip
        shuffled.shuffle(rows)
        text = change_file(*rows, day=f"2026-06-0{number}", volume=number)
        report = change(office, actor, tmp_path, text)
        held, amiss = changes.applied(held, altered)
        assert [sentence for sentence in report.warnings if "records that were" in sentence] == changes.told(amiss)
        assert report.rows_read == report.accepted + sum(report.rejected.values()) == len(rows) + 2
    assert homes(office, report, "class, logical_status") == {
        key: (cells[7], cells[4]) for (kind, key), cells in held.items() if kind == "21"
    }
    assert papers.rows(office, report.snapshot_id) == papers.rows(
        office, take(office, actor, tmp_path, *held.values()).snapshot_id
    )
