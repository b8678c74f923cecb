"""The gap against the truth: intervals hold it, and the wards come in the right order."""

import pandas as pd
import pytest

from segments import gap
from tests.segments.conftest import Town


@pytest.fixture(scope="module")
def truth(town: Town) -> pd.DataFrame:
    homes = pd.read_parquet(town.borough.folder / "truth" / "homes.parquet")
    return homes.groupby("ward")[["eligible", "registered"]].sum()


def test_ward_intervals_hold_the_truth(town: Town, truth: pd.DataFrame) -> None:
    rows = gap.by_ward(town.office, town.code)
    assert {row.key for row in rows} == set(truth.index)
    for row in rows:
        assert row.low <= truth.registered[row.key] / truth.eligible[row.key] <= row.high
        assert row.low < row.completeness < row.high
        assert row.missing == pytest.approx(row.eligible - row.registered)


def test_the_whole_is_the_sum_of_its_wards(town: Town) -> None:
    rows, whole = gap.by_ward(town.office, town.code), gap.overall(town.office, town.code)
    assert whole.eligible == pytest.approx(sum(row.eligible for row in rows))
    assert whole.registered == pytest.approx(sum(row.registered for row in rows), rel=0.01)
    assert min(row.completeness for row in rows) < whole.completeness < max(row.completeness for row in rows)


def test_most_missing_come_first(town: Town) -> None:
    missing = [row.missing for row in gap.by_level(town.office, town.code, "area")]
    assert missing == sorted(missing, reverse=True)


def test_areas_are_less_sure_than_wards(town: Town) -> None:
    def width(rows: list[gap.Row]) -> float:
        return sum(row.high - row.low for row in rows) / len(rows)

    assert width(gap.by_level(town.office, town.code, "area")) > width(gap.by_ward(town.office, town.code))


def test_east_staffordshire_style_figures_by_hand() -> None:
    """1,000 eligible, 900 entries of which a tenth are stale: 81 % complete, 190 missing."""
    row = gap._row("W", "Ward", 1000, 900, 0.1, 0.04, 0.015)
    assert row.completeness == pytest.approx(0.81)
    assert row.missing == pytest.approx(190)
    assert row.low < 0.81 < row.high
    assert row.high - row.low < 0.15
