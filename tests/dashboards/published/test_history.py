"""Registers of councils that became one, added up on its wards of today."""

from datetime import date

import pytest

from dashboards.published.history import _together
from engage.foundation.lake import Snapshot

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def council(**by_month: int) -> dict[date, tuple[Snapshot, ...]]:
    days = {"march": MARCH, "april": APRIL, "may": MAY}
    return {days[month]: (Snapshot(id=number),) for month, number in by_month.items()}


@pytest.mark.parametrize(
    ("councils", "wanted"),
    [
        ([], {}),
        ([council(march=10), council(april=5)], {APRIL: [10, 5]}),
        ([council(march=10, may=12), council(march=5, april=6)], {MARCH: [10, 5], APRIL: [10, 6], MAY: [12, 6]}),
        ([council(april=11, march=10)], {MARCH: [10], APRIL: [11]}),
    ],
)
def test_each_day_once_all_have_a_register(
    councils: list[dict[date, tuple[Snapshot, ...]]], wanted: dict[date, list[int]]
) -> None:
    assert {day: [one.id for one in found] for day, found in _together(councils).items()} == wanted
