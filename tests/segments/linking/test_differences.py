"""What speaks against an address being a home's, what makes it certain, and whom a namesake confuses."""

from pathlib import Path

import duckdb
import pytest

from segments.linking import addresses, matching
from segments.linking.differences import LEAD, MOST, Known, against, dwelling
from segments.linking.premises import read
from tests.segments.village import Gazetteer, linked, register


@pytest.mark.parametrize(
    ("spelt", "numbered", "floors", "words"),
    [
        ("FLAT 3 14 ALMA STREET", ("3", "14"), set(), ("ALMA", "STREET")),
        ("14 ALMA STREET FLAT 3", ("3", "14"), set(), ("ALMA", "STREET")),
        ("FLAT TWO TWENTY ONE ALMA STREET", ("2", "21"), set(), ("ALMA", "STREET")),
        ("1ST FLOOR FLAT 9 ALMA STREET", ("9",), {"1"}, ("ALMA", "STREET")),
        ("3F1 9 ALMA STREET", ("1", "9"), {"3"}, ("ALMA", "STREET")),
        ("9 FIRST AVENUE", ("9",), set(), ("FIRST", "AVENUE")),
        ("12 A ALMA STREET", ("12A",), set(), ("ALMA", "STREET")),
        ("C O A SAMPLESON 12 ALMA STREET", ("12",), set(), ("ALMA", "STREET")),
        ("FLAT 6 FIRST FLOOR 2 ALMA STREET", ("6", "2"), {"1"}, ("ALMA", "STREET")),
    ],
)
def test_premises_are_read_however_they_are_written(
    spelt: str, numbered: tuple[str, ...], floors: set[str], words: tuple[str, ...]
) -> None:
    found = read(spelt)
    assert (found.numbered, found.floors, found.words) == (numbered, floors, words)


HOME = dwelling("FLAT 2 OAK MANOR 14 ALMA STREET", "ALMA STREET", ["BURTON"], "DE14 1AA")
HOUSE = dwelling("14 ALMA STREET", "ALMA STREET", ["BURTON"], "DE14 1AA")
KNOWN = Known(frozenset({"BURTON", "TUTBURY"}), {"ALAM": {"ALMA": 1}})


def test_more_differences_weigh_more() -> None:
    written = [
        "FLAT 2 OAK MANOR 14 ALMA STREET BURTON", "FLAT 2 OAK MANOR 14 ALAM STREET", "FLAT 2 14 ALAM STREET",
        "FLAT 2 OAK MANOR ALMA STREET",
    ]  # fmt: skip
    weights = [against(said, "DE14 1AA", HOME, KNOWN) for said in written]
    assert weights == sorted(weights)
    assert weights[0] == 0
    assert weights[-1] <= MOST


@pytest.mark.parametrize(
    ("said", "home"),
    [
        ("FLAT 3 OAK MANOR 14 ALMA STREET", HOME),
        ("OAK MANOR 14 ALMA STREET", HOME),
        ("FLAT 2 ALMA STREET", HOME),
        ("FLAT 2 14 ALMA STREET", HOUSE),
        ("ALMA STREET", HOUSE),
        ("15 ALMA STREET", HOUSE),
        ("14 BETA STREET", HOUSE),
        ("14 BURTON", HOUSE),
        ("FLAT 14 ALMA STREET", HOUSE),
        ("LAND ADJOINING 14 ALMA STREET", HOUSE),
    ],
)
def test_another_home_is_never_certain(said: str, home: object) -> None:
    assert isinstance(home, type(HOME))
    assert against(said, "DE14 1AA", home, KNOWN) > MOST


def test_what_would_be_linked_by_itself_is_told_from_a_rival() -> None:
    """A street known by its number alone, in the row's own postcode, keeps a home elsewhere from being certain."""
    elsewhere = dwelling("14 BETA STREET", "BETA STREET", ["BURTON"], "DE15 9ZZ")
    doubts = [against("14 BETA STREET BURTON", "DE14 1AA", home, KNOWN) for home in (elsewhere, HOUSE)]
    assert doubts[0] <= MOST
    assert doubts[1] - doubts[0] < LEAD


NAMESAKES = [
    ("Rose Cottage", "Rose Cottage, 7"), ("Hill Farm", "Hill Farm, 23"), ("The Old Vicarage", "The Old Vicarage, 56"),
    ("Willow Barn", "Willow Barn, 36A"), ("St Agnes Lodge", "St Agnes Lodge, 5-7"),
]  # fmt: skip


def test_a_house_name_without_its_number_that_has_a_namesake_is_asked(tmp_path: Path) -> None:
    made = Gazetteer()
    for plain, numbered in NAMESAKES:
        made.add(f"{plain}, Mill Lane, Tutbury", "Mill Lane", "DE13 9AB")
        made.add(f"{numbered} Mill Lane, Tutbury", "Mill Lane", "DE13 9AB")
    made.add("Fairview, Mill Lane, Tutbury", "Mill Lane", "DE13 9AB")
    rows = [(f"{plain}, Mill Lane, Tutbury", "DE13 9AB", None) for plain, _ in [*NAMESAKES, ("Fairview", "")]]
    found = linked(tmp_path, rows, gazetteer=made)
    assert found.homes == {len(NAMESAKES): (made.uprn("Fairview"), "address")}
    for plain, numbered in NAMESAKES:
        (asked,) = [each for each in found.questions if each["address"].startswith(plain)]
        offered = {each["uprn"] for each in asked["candidates"]}
        assert {made.rows[n]["uprn"] for n, row in enumerate(made.rows)
                if row["address"].startswith((f"{plain}, M", numbered))} <= offered  # fmt: skip


def test_a_flat_that_lost_its_building_is_no_house_of_another_postcode(tmp_path: Path) -> None:
    made = Gazetteer()
    made.add("3 Queens Mews, Burton", "Queens Mews", "DE15 9LE")
    flat = made.add("Flat 3, 30 Queens Mews, Burton", "Queens Mews", "DE15 9LZ")
    found = linked(tmp_path, [("3 Queens Mews, Burton", "DE15 9LZ", None)], gazetteer=made)
    assert found.homes == {}
    assert flat in [each["uprn"] for each in found.questions[0]["candidates"]]


def test_the_matcher_weighs_welsh_letters_as_plain_ones(tmp_path: Path) -> None:
    """Both sides go to it without accents: what is said below is like no home, exactly or by its differences."""
    weights = []
    for house, street in (("Tŷ Gwyn", "Lôn y Dŵr"), ("Ty Gwyn", "Lon y Dwr")):
        made = Gazetteer()
        for name in (house, "Bryn Glas", "Plas Newydd"):
            made.add(f"{name}, {street}, Llanfoel", street, "LL10 1AA")
        with duckdb.connect() as con:
            rows = [(f"{house} Bach, {street}", "LL10 1AA", None)]
            addresses.read(con, register(rows, tmp_path / "r.parquet"), made.write(tmp_path / "g.parquet"))
            matching.exactly(con)
            con.execute("create table unsettled as select spot from spot; create table plain (spot bigint)")
            matching.nearly(con)
            weights.append(con.execute("select uprn, weight from match order by uprn").fetchall())
    assert weights[0] == pytest.approx(weights[1])
    assert weights[0]
