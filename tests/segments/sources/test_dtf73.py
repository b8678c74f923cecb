from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.imports import ImportReport, import_file
from segments.reading import look
from segments.sources import FORMATS
from segments.staging import receive
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
MILL_LANE = papers.street(1, "MILL LANE")


def take(office: Office, actor: Actor, folder: Path, *records: list[object], **how: Any) -> ImportReport:
    path = papers.write(folder, "g.csv", papers.gazetteer(*records, **how))
    return import_file(office, actor, "gazetteer", path, TODAY)


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
        "DE14 1AA", "Mill Lane", 1, True, [],
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
    assert lines[1] == '7,LOGICAL_STATUS,"logical status is not one of 1, 3, 5, 6, 7, 8, 9",2'
    assert set(homes(office, report, "class")) == {7}


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"count": 3}, "the trailer says 3 records, but the file holds 6 lines"),
        ({"count": ""}, "the trailer says"),
        ({"file_type": "C"}, "holds changes only"),
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


def test_addressbase_premium_is_another_format(tmp_path: Path, shared: Path) -> None:
    for name in ("abp_premium_mixed_records_sample.csv", "abpremium_canned_synthetic.csv"):
        head = look(receive(shared / "data/formats/addressbase" / name, tmp_path / "text"))
        assert [form.name for form in FORMATS if form.locate(head) is not None] == []
