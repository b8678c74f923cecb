"""Registers of councils that became one, added up on its wards of today."""

from datetime import date

import pytest

from dashboards.published.history import Counted, _together

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def council(**by_month: dict[str, float]) -> dict[date, Counted]:
    days = {"march": MARCH, "april": APRIL, "may": MAY}
    return {days[month]: Counted(days[month], electors) for month, electors in by_month.items()}


@pytest.mark.parametrize(
    ("councils", "wanted"),
    [
        ([], {}),
        ([council(march={"A": 10}), council(april={"B": 5})], {APRIL: {"A": 10, "B": 5}}),
        ([council(march={"A": 10}, may={"A": 12}), council(march={"B": 5}, april={"B": 6})],
         {MARCH: {"A": 10, "B": 5}, APRIL: {"A": 10, "B": 6}, MAY: {"A": 12, "B": 6}}),
        ([council(march={"A": 10}), council(march={"A": 2, "B": 5})], {MARCH: {"A": 12, "B": 5}}),
        ([council(march={"A": 10}, april={"A": 11})], {MARCH: {"A": 10}, APRIL: {"A": 11}}),
    ],
)  # fmt: skip
def test_each_day_once_all_have_a_register(
    councils: list[dict[date, Counted]], wanted: dict[date, dict[str, float]]
) -> None:
    assert {day: dict(found.electors) for day, found in _together(councils).items()} == wanted
