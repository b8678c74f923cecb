"""Authorities whose code has changed: the areas of the geography decide what is theirs, whatever code a table says."""

from datetime import date
from pathlib import Path

import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.identity import FormerCode
from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.importing.imports import import_file
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
NOW, OLD, OTHER = "E07000193", "E08000019", "E09000001"
HERE = ("E00149825", "E01029406", "E02006131", "E05014473")
THERE = ("E00000001", "E01000001", "E02000001", "E05000001")
AGES = [*map(str, range(90)), "90+"]
IMD = [
    "Index of Multiple Deprivation (IMD) Score", "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
    "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
]  # fmt: skip


def take(office: Office, actor: Actor, folder: Path, kind: str, content: str) -> ImportReport:
    return import_file(office, actor, kind, papers.write(folder, "f.csv", content), TODAY)


@pytest.fixture
def placed(office: Office, actor: Actor, tmp_path: Path) -> Office:
    """One property in one output area, LSOA and ward."""
    take(office, actor, tmp_path, "geography", papers.geography((7, *HERE, NOW)))
    return office


def imd(code: str, *, year: int = 2021) -> str:
    header = [f"LSOA code ({year})", f"LSOA name ({year})", "Local Authority District code (2024)",
              "Local Authority District name (2024)", *IMD]  # fmt: skip
    rows = [
        [HERE[1], "Somewhere 001A", code, "Somewhere", 20, 9000, 3],
        [THERE[1], "There 001A", OTHER, "There", 1, 2, 3],
    ]
    return papers.table(header, rows)


def estimates(code: str, column: str = "LAD 2022 Code", area: str = "LSOA 2021 Code", own: str = HERE[1],
              other: str = THERE[1]) -> str:  # fmt: skip
    rows = [[code, own, 91, *[1] * 91], [OTHER, other, 91, *[1] * 91]]
    return papers.table([column, area, "Total", *AGES], rows)


def lookup(code: str, *levels: str) -> str:
    """Rows of these levels, ours and another's, with the district last."""
    place = {"OA21CD": 0, "LSOA21CD": 1, "MSOA21CD": 2, "WD24CD": 3}
    header = [*levels, "LAD24CD", "LAD24NM"]
    rows = [[*(area[place[level]] for level in levels), lad, "Name"] for area, lad in ((HERE, code), (THERE, OTHER))]
    return papers.table(header, rows)


TABLES = {
    "imd2025": ("indicator", imd), "imd2019": ("indicator", lambda code: imd(code, year=2011)),
    "mid-year by LSOA": ("population", estimates),
    "mid-year by output area": (
        "population",
        lambda code: estimates(code, "LAD 2021 Code", "OA 2021 Code", HERE[0], THERE[0]),
    ),
    "mid-year by ward": (
        "population",
        lambda code: estimates(code, "LA Code (2021 boundaries)", "Ward Code 1", HERE[3], THERE[3]),
    ),
    "lsoa to ward": ("geography", lambda code: lookup(code, "LSOA21CD", "WD24CD")),
    "ward to authority": ("geography", lambda code: lookup(code, "WD24CD")),
    "oa to msoa": ("geography", lambda code: lookup(code, "OA21CD", "LSOA21CD", "MSOA21CD")),
    "ONSUD that lags": ("geography", lambda code: papers.geography((7, *HERE, code), (8, *THERE, OTHER))),
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_the_geography_decides_whatever_code_the_table_says(
    placed: Office, actor: Actor, tmp_path: Path, table: str
) -> None:
    kind, content = TABLES[table]
    report = take(placed, actor, tmp_path, kind, content(OLD))
    assert report.accepted == 1
    assert report.rejected == {"in another authority": 1}
    [told] = [each for each in report.warnings if OLD in each]
    assert f"says {OLD}, not {NOW}" in told
    assert f"If {OLD} is an earlier code" in told


@pytest.mark.parametrize("table", TABLES)
def test_an_earlier_code_that_was_said_once_is_no_question(
    placed: Office, actor: Actor, tmp_path: Path, table: str
) -> None:
    with placed.database.session() as session:
        session.add(FormerCode(authority=NOW, code=OLD, until=date(2025, 4, 1)))
    kind, content = TABLES[table]
    report = take(placed, actor, tmp_path, kind, content(OLD))
    assert (report.accepted, report.outcome, report.warnings) == (1, "good", [])


@pytest.mark.parametrize("table", [name for name in TABLES if name != "imd2019"])
def test_without_a_geography_the_earlier_code_tells(office: Office, actor: Actor, tmp_path: Path, table: str) -> None:
    kind, content = TABLES[table]
    with pytest.raises(InputRefused):
        take(office, actor, tmp_path, kind, content(OLD))
    with office.database.session() as session:
        session.add(FormerCode(authority=NOW, code=OLD, until=date(2025, 4, 1)))
    assert take(office, actor, tmp_path, kind, content(OLD)).accepted == 1


@pytest.mark.parametrize("table", ["imd2025", "mid-year by LSOA", "mid-year by output area", "oa to msoa"])
def test_an_area_that_went_to_a_neighbour_is_not_taken_by_its_code(
    placed: Office, actor: Actor, tmp_path: Path, table: str
) -> None:
    """Both rows say our code, as a table of before the boundary moved does."""
    kind, content = TABLES[table]
    report = take(placed, actor, tmp_path, kind, content(NOW).replace(OTHER, NOW))
    assert (report.accepted, sum(report.rejected.values())) == (1, 1)


def test_a_geography_that_knows_us_says_what_came_and_went(placed: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [(7, *HERE, OTHER), (8, *THERE, NOW)]
    report = take(placed, actor, tmp_path, "geography", papers.geography(*rows))
    assert papers.rows(placed, report.snapshot_id, "uprn") == [(8,)]


def test_a_look_up_of_other_years_areas_is_told_by_its_districts(placed: Office, actor: Actor, tmp_path: Path) -> None:
    newer = papers.table(["WD26CD", "WD26NM", "LAD26CD", "LAD26NM"], [
        ["E05099999", "New", NOW, "Here"], [THERE[3], "There", OTHER, "There"],
    ])  # fmt: skip
    assert take(placed, actor, tmp_path, "geography", newer).accepted == 1


@pytest.mark.parametrize("name", ["recoded-imd2025-lad24.csv", "recoded-mye-lad22.csv"])
def test_the_cases_beside_the_project(office: Office, actor: Actor, shared: Path, name: str) -> None:
    import_file(office, actor, "geography", shared / "cases/base/onsud.csv.gz", TODAY)
    kind = "population" if "mye" in name else "indicator"
    report = import_file(office, actor, kind, shared / "cases" / name, TODAY)
    assert (report.accepted, report.rejected) == (10, {})
    assert OLD in " ".join(report.warnings)
