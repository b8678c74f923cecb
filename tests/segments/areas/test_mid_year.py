"""Which mid-year estimate is followed, by whatever areas it comes."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from engage.foundation.office import Actor, Office
from segments.areas import mid_year
from segments.files.report import ImportReport
from segments.importing.imports import import_file
from segments.missing import gap
from tests.segments.conftest import Town
from tests.segments.sources import papers

LATER, EARLIER = date(2025, 6, 30), date(2020, 6, 30)
PLACES = pd.DataFrame(
    {"oa": ["A", "B", "C", "D"], "lsoa": ["L", "L", "M", "M"], "ward": ["W", "W", "W", "V"], "homes": 25},
    index=["A", "B", "C", "D"],
)
TODAY = date(2026, 6, 1)
AGES = [*map(str, range(90)), "90+"]


def estimate(level: str, areas: str, on: date | None = LATER) -> mid_year.Estimate:
    rows = pd.DataFrame({"area": list(areas), "level": level, "sex": "all", "age": 30, "value": 100.0})
    return mid_year.of_level(rows, level, on, PLACES)


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([("oa", "ABCD", LATER), ("lsoa", "LM", LATER), ("ward", "VW", LATER)], "oa"),
        ([("oa", "ABC", LATER), ("lsoa", "LM", LATER), ("ward", "VW", LATER)], "lsoa"),
        ([("oa", "AB", LATER), ("lsoa", "L", LATER), ("ward", "VW", LATER)], "ward"),
        ([("ward", "VW", LATER)], "ward"),
        ([("oa", "AB", LATER), ("lsoa", "L", LATER)], "oa"),
        ([("oa", "ABCD", EARLIER), ("lsoa", "LM", LATER)], "lsoa"),
        ([("oa", "ABCD", None), ("ward", "VW", LATER)], "ward"),
        ([("oa", "XYZ", LATER), ("lsoa", "LM", EARLIER)], "lsoa"),
        ([("oa", "XYZ", LATER)], None),
        ([], None),
    ],
)
def test_the_finest_that_is_complete_is_followed(found: list[tuple[str, str, date | None]], chosen: str | None) -> None:
    best, notes = mid_year.choose([estimate(*each) for each in found])
    assert (best.level if best else None) == chosen
    partial = [each for each in found if each[1] in ("ABC", "AB", "L")]
    assert len(notes) == len(partial)
    assert all("covers" in note for note in notes)


def test_both_sexes_are_added_where_they_stand_apart() -> None:
    rows = pd.DataFrame(
        [("A", "all", 5.0), ("A", "male", 2.0), ("A", "female", 3.0), ("B", "male", 4.0), ("B", "female", 4.0)],
        columns=["area", "sex", "value"],
    ).assign(level="oa", age=40)
    assert mid_year.of_level(rows, "oa", LATER, PLACES).adults(16.5).to_dict() == {"A": 5.0, "B": 8.0}


HERE = [("E00149825", "E01029406", "E05014473"), ("E00149826", "E01029406", "E05014474")]


def take(
    office: Office, actor: Actor, folder: Path, name: str, *codes: str, period: str = "2025-06-30"
) -> ImportReport:
    header = ["period", "area_code", "sex", *AGES]
    rows = [[period, code, "Persons", *[4] * 91] for code in codes]
    return import_file(office, actor, "population", papers.write(folder, name, papers.table(header, rows)), TODAY)


def test_the_report_says_which_counts(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [(n, oa, lsoa, "E02006131", ward, "E07000193") for n, (oa, lsoa, ward) in enumerate(HERE, 1)]
    import_file(office, actor, "geography", papers.write(tmp_path, "g.csv", papers.geography(*rows)), TODAY)
    said = [
        take(office, actor, tmp_path, "w.csv", "E05014473", "E05014474").notes,
        take(office, actor, tmp_path, "l.csv", "E01029406").notes,
        take(office, actor, tmp_path, "o1.csv", "E00149825").notes,
        take(office, actor, tmp_path, "o2.csv", "E00149825", "E00149826").notes,
        take(office, actor, tmp_path, "w2.csv", "E05014473", "E05014474", period="2024-06-30").notes,
    ]
    counts = "The mid-year estimate that counts from now on is "
    assert said == [
        [f"{counts}this file, by ward"],
        [f"{counts}this file, by LSOA"],
        ["1 output areas of this authority are not in it", f"{counts}the one imported before, by LSOA"],
        [f"{counts}this file, by output area"],
        [f"{counts}the one imported before, by output area"],
    ]


@pytest.mark.parametrize("level", ["oa", "ward"])
def test_an_estimate_by_output_area_or_ward_moves_the_gap(town: Town, tmp_path: Path, level: str) -> None:
    """A tenth more people everywhere is a tenth more who may register; it was accepted and left the gap as before."""
    from segments.areas import output_areas
    from segments.engine import execution

    with town.office.database.session() as session, execution.connect() as backend:
        known = output_areas.known(backend, town.office, session, town.code)
        places = output_areas.places(backend, town.office, session, town.code)
    assert known
    census = known.tables["ts007a"]["age: total"].groupby(places[level]).sum()
    years = known.single_years / known.single_years.sum() if known.single_years is not None else None
    rows = pd.DataFrame(
        [(area, level, "all", age, 1.1 * n * part) for area, n in census.items() for age, part in years.items()],
        columns=["area", "level", "sex", "age", "value"],
    )
    found, notes = mid_year.choose([mid_year.of_level(rows, level, LATER, places)])
    assert found
    assert (found.is_complete, notes) == (True, [])
    assert found.adults(known.youngest).sum() == pytest.approx(
        1.1 * census.sum() * float(years[years.index >= 17].sum() + years[16] * (17 - known.youngest)), rel=1e-6
    )
    from dataclasses import replace

    moved = replace(
        known, single_years=found.single_years(), estimated=found.adults(known.youngest), estimated_on=found.on,
        estimated_in=places[found.level],
    )  # fmt: skip
    flat = replace(moved, estimated=moved.estimated * 0 + 0)
    grown = output_areas.estimate(moved, places.lsoa).adults
    assert grown.sum() == pytest.approx(found.adults(known.youngest).sum(), rel=0.03)
    assert output_areas.estimate(flat, places.lsoa).adults.sum() < grown.sum()
    assert f"by {mid_year.LEVELS[level]}" in found.words
    assert "by LSOA" in gap.estimate(town.office, town.code).people
