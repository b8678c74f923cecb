"""Group rates inferred from areas: bounds by brute force, rates that add up, ranges that hold a known truth."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from segments.missing import gap
from segments.missing.ecological_inference import Floats, bounds, infer
from segments.missing.groups import CHARACTERISTICS
from tests.examples import examples
from tests.segments.conftest import Town

counts = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=3)


@given(counts, st.data())
@settings(max_examples=examples(60))
def test_bounds_are_what_no_arrangement_of_people_can_break(people: list[tuple[int, int]], data: st.DataObject) -> None:
    """Every way to say who of each area is registered, tried one by one."""
    registered = [data.draw(st.integers(0, sum(area))) for area in people]
    ways = [
        [first for first in range(area[0] + 1) if 0 <= total - first <= area[1]]
        for area, total in zip(people, registered, strict=True)
    ]
    shares = [sum(way) / sum(area[0] for area in people) for way in product(*ways)]
    least, most = bounds(np.array(people, dtype=float), np.array(registered, dtype=float))
    assert (least[0], most[0]) == pytest.approx((min(shares), max(shares)))


def _areas(rates: Floats, seed: int, areas: int = 150) -> tuple[Floats, Floats]:
    """Areas of about 250 people whose groups register at rates that differ from area to area."""
    rng = np.random.default_rng(seed)
    people = 250 * rng.dirichlet(np.ones(len(rates)), areas)
    chance = expit(logit(rates) + rng.normal(0, 0.25, (areas, 1)))
    return people, rng.binomial(np.round(people).astype(int), chance).sum(axis=1).astype(float)


RATES, SPREAD = np.array([0.95, 0.8, 0.6]), np.full(3, 0.35)


def test_groups_add_up_to_what_is_registered() -> None:
    people, registered = _areas(RATES, 1)
    found = infer(people, registered, np.full(len(people), 0.05), 0.02, RATES, SPREAD)
    assert (found.rate * people.sum(axis=0)).sum() == pytest.approx(registered.sum(), rel=1e-3)
    assert (found.least <= found.rate).all()
    assert (found.rate <= found.most).all()
    assert (found.low < found.rate).all()
    assert (found.rate < found.high).all()


def test_ranges_hold_the_truth_when_published_rates_are_off_and_are_not_empty_words() -> None:
    held, widths = [], []
    for seed in range(25):
        rng = np.random.default_rng(1000 + seed)
        true = expit(logit(RATES) + rng.normal(0, 0.3, 3))
        people, registered = _areas(true, seed)
        found = infer(people, registered, np.full(len(people), 0.05), 0.02, RATES, SPREAD)
        held += list((found.low <= true) & (true <= found.high))
        widths += list(found.high - found.low)
    assert np.mean(held) >= 0.9
    assert np.median(widths) < 0.25


def test_ranges_reach_groups_of_whom_nearly_all_are_registered() -> None:
    """A council where 99 of 100 owners are, and not 95: a step in log-odds is hardly any in points there."""
    true = np.array([0.992, 0.8, 0.6])
    for seed in range(5):
        people, registered = _areas(true, 70 + seed)
        found = infer(people, registered, np.full(len(people), 0.05), 0.02, RATES, SPREAD)
        assert found.low[0] <= true[0] <= found.high[0]
        assert (found.high - found.rate >= np.minimum(0.05, found.most - found.rate) - 1e-9).all()
        assert (found.rate - found.low >= np.minimum(0.05, found.rate - found.least) - 1e-9).all()


def test_areas_tell_when_the_published_rates_are_wrong() -> None:
    true = np.array([0.95, 0.8, 0.35])
    people, registered = _areas(true, 3)
    found = infer(people, registered, np.full(len(people), 0.03), 0.01, RATES, SPREAD)
    assert found.rate[2] < 0.5
    assert abs(found.rate[2] - true[2]) < abs(RATES[2] - true[2])


def test_areas_of_one_group_each_leave_nothing_to_infer() -> None:
    people, registered = np.diag([100.0, 200.0]), np.array([80.0, 180.0])
    found = infer(people, registered, np.full(2, 0.01), 0.01, np.array([0.5, 0.5]), np.full(2, 1.0))
    assert found.rate == pytest.approx([0.8, 0.9], abs=1e-6)
    assert (found.high - found.low < 0.1).all()


def test_an_area_with_nobody_or_with_more_electors_than_people_is_borne() -> None:
    people, registered = np.array([[0.0, 0.0], [50.0, 50.0], [80.0, 20.0]]), np.array([0.0, 130.0, 70.0])
    found = infer(people, registered, np.full(3, 0.05), 0.02, RATES[:2], SPREAD[:2])
    assert np.isfinite([found.rate, found.low, found.high]).all()
    assert (found.high <= 1.0).all()


@pytest.mark.parametrize("key", CHARACTERISTICS)
def test_each_characteristic_parts_the_same_people(town: Town, key: str) -> None:
    rows, whole = gap.by_level(town.office, town.code, key), gap.overall(town.office, town.code)
    assert sum(row.eligible for row in rows) == pytest.approx(whole.eligible, rel=1e-6)
    assert sum(row.registered for row in rows) == pytest.approx(whole.registered, rel=0.01)
    assert [row.missing for row in rows] == sorted((row.missing for row in rows), reverse=True)
    for row in rows:
        assert 0 <= row.low <= row.completeness <= row.high <= 1


def test_tenures_against_the_truth(town: Town) -> None:
    homes = pd.read_parquet(town.borough.folder / "truth" / "homes.parquet")
    truth = homes.groupby("tenure")[["eligible", "registered"]].sum()
    rows = {row.key: row for row in gap.by_level(town.office, town.code, "tenure")}
    assert set(rows) == set(truth.index)
    for key, row in rows.items():
        assert row.eligible == pytest.approx(truth.eligible[key], rel=0.25, abs=15)
        assert row.low <= truth.registered[key] / truth.eligible[key] <= row.high
