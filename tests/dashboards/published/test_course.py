"""How a campaign went, as members see it: each register a look that tells of no home or of ten."""

from datetime import date
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.published.course import Spent, shown
from dashboards.published.disclosure import RULE
from dashboards.published.findings import NO_EFFECT, Cell, Finding, before_the_close, publish, share
from tests.examples import examples

DAYS = [date(2026, month, 1) for month in (7, 8, 9)]
HOMES = 300
LAST = {"now": 60, "later": 35}


def frame(registered: dict[str, list[int]]) -> pd.DataFrame:
    """The homes of two arms, of which these registered, by their places in the arm."""
    homes = pd.DataFrame({"uprn": range(2 * HOMES), "arm": np.repeat(["now", "later"], HOMES), "registered": 0})
    for offset, arm in ((0, "now"), (HOMES, "later")):
        homes.loc[[offset + place for place in registered[arm]], "registered"] = 1
    return homes


def finding() -> Finding:
    return publish(
        [Cell("W0", arm, HOMES, yes) for arm, yes in LAST.items()], reminded="now", comparison="later", arms=list(LAST)
    )


def last() -> pd.DataFrame:
    return frame({arm: list(range(yes)) for arm, yes in LAST.items()})


def went(*looks: dict[str, list[int]]) -> list[date]:
    frames = dict(zip(DAYS, map(frame, looks), strict=False))
    return [point.as_at for point in shown(last(), frames, "later", {"now": finding()})["now"]]


def first(now: int, later: int) -> dict[str, list[int]]:
    return {"now": list(range(now)), "later": list(range(later))}


@pytest.mark.parametrize(
    ("looks", "days"),
    [
        ([first(50, 25)], DAYS[:1]),
        ([first(51, 25)], []),  # nine homes of one arm from the last
        ([first(50, 26)], []),
        ([first(60, 25)], []),  # no home of one arm, ten of the other: the arm would say the same words, and so may not
        ([first(9, 20)], []),  # fewer than ten registered
        ([first(30, 15), first(45, 25)], DAYS[:2]),
        ([first(39, 16), first(45, 25)], DAYS[1:2]),  # of two that are near the later is shown
    ],
)
def test_two_looks_differ_in_ten_homes_of_each_arm(looks: list[dict[str, list[int]]], days: list[date]) -> None:
    assert went(*looks) == days


PLACES = st.sets(st.integers(0, 79), min_size=0, max_size=79)


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=3))
def test_no_two_looks_that_are_shown_tell_of_fewer_than_ten(looks: list[tuple[set[int], set[int]]]) -> None:
    """Whatever registered and went again in between."""
    frames = {day: frame({"now": list(a), "later": list(b)}) for day, (a, b) in zip(DAYS, looks, strict=False)}
    points = shown(last(), frames, "later", {"now": finding()})["now"]
    seen = [frames[point.as_at] for point in points] + [last()]
    for (one, other), arm in [(pair, arm) for pair in combinations(seen, 2) for arm in LAST]:
        changed = one["registered"].ne(other["registered"]) & one["arm"].eq(arm)
        assert changed.sum() >= RULE.fewest
    for point in points:
        assert (point.reminded.homes, point.comparison.homes) == (finding().reminded.homes, finding().comparison.homes)
        assert all(side.registered.text == str(side.registered.value) for side in (point.reminded, point.comparison))
    assert all(one.as_at < other.as_at for one, other in pairwise(points))


def test_a_look_before_the_close_is_less_sure_than_the_last() -> None:
    """The same counts: by one look clear, by as many as one likes too early."""
    found = finding()
    early = before_the_close(found.reminded, found.comparison)
    assert early.difference == found.effect.difference
    assert (early.low.value or 0) < (found.effect.low.value or 0)
    assert (early.high.value or 0) > (found.effect.high.value or 0)
    assert (found.effect.too_early, early.too_early) == (False, True)
    assert str(share(found.reminded).text) == "20.0 (15.8 to 25.0)"


def test_what_an_extra_registration_cost_is_told_from_published_figures_alone() -> None:
    found = finding()
    spent = Spent({"letter": RULE.count(251)}, RULE.count(201), RULE.count(204))
    cost = spent.each(found.reminded.homes, found.effect)
    assert cost is not None
    low, high = ((end.value or 0) / 100 * 300 for end in (found.effect.low, found.effect.high))
    assert (cost.low, cost.high) == (pytest.approx(198 / high), pytest.approx(207 / low))
    assert spent.each(found.reminded.homes, NO_EFFECT) is None
