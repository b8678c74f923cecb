"""Homes built since the Census bring people, where more stand there than the households counted then explain."""

from datetime import date

import pandas as pd
import pytest

from segments.areas import dwellings, output_areas
from segments.areas.dwellings import built
from segments.engine import execution
from segments.missing import gap
from tests.segments.conftest import Town

ESTIMATED = date(2024, 6, 30)
AREAS = [f"E{n:08d}" for n in range(1, 10)]
HOUSEHOLDS = pd.Series(100.0, index=AREAS)


def homes(first: list[tuple[str | None, int]], other: int = 104) -> pd.DataFrame:
    """Homes of the first area by the day they began; the other areas have as many more than households as is usual."""
    rows = [(AREAS[0], day, count) for day, count in first] + [(area, None, other) for area in AREAS[1:]]
    frame = pd.DataFrame(rows, columns=["oa", "started", "homes"])
    return frame.assign(started=pd.to_datetime(frame.started))


def new(first: list[tuple[str | None, int]], on: date | None = None, households: float = 100.0) -> tuple[float, float]:
    counted = HOUSEHOLDS.copy()
    counted.iloc[0] = households
    found = built(homes(first), counted, on)
    assert (found.before.iloc[1:] == 0).all()
    assert (found.since.iloc[1:] == 0).all()
    return round(found.before.iloc[0] * 1.04, 6), round(found.since.iloc[0] * 1.04, 6)


@pytest.mark.parametrize(
    ("first", "on", "wanted"),
    [
        ([(None, 104), ("2023-05-01", 26)], None, (0, 26)),  # an estate
        ([(None, 104), ("2023-05-01", 26)], ESTIMATED, (26, 0)),  # which a later estimate counts
        ([(None, 104), ("2025-05-01", 26)], ESTIMATED, (0, 26)),  # begun after it
        ([(None, 104), ("2023-05-01", 13), ("2025-05-01", 39)], ESTIMATED, (13, 39)),  # before and after
        ([(None, 78), ("2023-05-01", 26)], None, (0, 0)),  # old homes recorded anew
        ([(None, 91), ("2023-05-01", 39)], None, (0, 26)),  # of both kinds
        ([(None, 130)], None, (0, 0)),  # more than households, and none of them new: they stand empty
        ([(None, 104), ("2023-05-01", 3)], None, (0, 0)),  # so few more stand empty elsewhere too
        ([(None, 52)], None, (0, -52)),  # a block that was pulled down
        ([(None, 95)], None, (0, 0)),  # a few fewer
        ([(None, 52), ("2025-05-01", 52)], None, (0, 0)),  # pulled down and built again
    ],
)
def test_what_was_built_and_what_has_gone(
    first: list[tuple[str | None, int]], on: date | None, wanted: tuple[float, float]
) -> None:
    assert new(first, on) == pytest.approx(wanted, abs=1e-6)


def test_an_area_without_households_or_without_homes_is_left_as_it_is() -> None:
    assert new([("2023-05-01", 30)], households=0.0) == (0, 0)
    empty = built(homes([(None, 104)])[lambda each: each.oa != AREAS[1]], HOUSEHOLDS, None)
    assert empty.since[AREAS[1]] == 0
    assert empty.households == 0


def test_holiday_homes_everywhere_are_not_an_estate() -> None:
    """Where every area has half as many homes again, that is how it is there; the usual is taken up to a quarter."""
    found = built(homes([(None, 150)], other=150), HOUSEHOLDS, None)
    assert found.households == 0


def known_of(town: Town) -> tuple[output_areas.Known, pd.Series, pd.DataFrame]:
    with town.office.database.session() as session, execution.connect() as backend:
        known = output_areas.known(backend, town.office, session, town.code)
        counted = dwellings.counted(backend, town.office, session, town.code)
        lsoa = output_areas.lsoas(backend, town.office, session, town.code)
    assert known is not None
    assert counted is not None
    return known, lsoa, counted


def test_the_gazetteer_says_when_homes_began(town: Town) -> None:
    known, _, counted = known_of(town)
    truth = pd.read_parquet(town.borough.folder / "truth" / "homes.parquet")
    assert counted.homes.sum() == len(truth)
    assert counted.started.isna().all(), "this borough's were all begun in 2001"
    assert output_areas.built_since(known) is not None
    assert output_areas.ageing(known, pd.Series(dtype=str)).homes_followed


def test_an_estate_brings_people_and_is_told(town: Town) -> None:
    from dataclasses import replace

    known, lsoa, counted = known_of(town)
    place = counted.oa.iloc[0]
    estate = pd.DataFrame({"oa": [place], "started": pd.to_datetime(["2025-10-01"]), "homes": [60]})
    grown = replace(known, homes=pd.concat([counted, estate]))
    before, after = output_areas.estimate(known, lsoa), output_areas.estimate(grown, lsoa)
    more = (after.adults - before.adults).drop(place)
    assert 80 < after.adults[place] - before.adults[place] < 160
    assert more.abs().max() == 0
    assert gap._people(grown).endswith("homes that the gazetteer says were begun since the Census")
    assert "begun since" not in gap._people(known)


def test_an_estate_that_an_estimate_counts_only_says_where(town: Town) -> None:
    from dataclasses import replace

    known, lsoa, counted = known_of(town)
    place = counted.oa.iloc[0]
    estate = pd.DataFrame({"oa": [place], "started": pd.to_datetime(["2022-10-01"]), "homes": [60]})
    before, after = (
        output_areas.estimate(each, lsoa) for each in (known, replace(known, homes=pd.concat([counted, estate])))
    )
    beside = (lsoa == lsoa[place]) & (lsoa.index != place)
    assert after.adults[place] > before.adults[place] + 40
    assert (after.adults[beside.index[beside]] < before.adults[beside.index[beside]]).all()
    assert after.adults.groupby(lsoa).sum().to_dict() == pytest.approx(before.adults.groupby(lsoa).sum().to_dict())


def test_without_dates_or_households_nothing_is_followed_and_the_range_is_wider(town: Town) -> None:
    from dataclasses import replace

    known, lsoa, _ = known_of(town)
    undated = replace(known, homes=None)
    uncounted = replace(known, tables={name: known.tables[name] for name in ("ts007a", "ts019", "ts029")})
    for each in (undated, uncounted):
        assert output_areas.built_since(each) is None
        assert output_areas.ageing(each, lsoa).error("ward") > output_areas.ageing(known, lsoa).error("ward")
        assert (output_areas.estimate(each, lsoa).eligible > 0).all()
