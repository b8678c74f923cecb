"""Verdicts on wards in order: none is certain while one that says more is too early."""

from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboards.published.disclosure import RULE
from dashboards.published.findings import Cell, Finding, WardFinding, publish
from dashboards.statistics.effects import WardEffect
from dashboards.statistics.intervals import Interval, around
from dashboards.statistics.order import in_order
from dashboards.statistics.trial import Rate
from tests.examples import examples

Counts = tuple[int, int, int, int]
WARD = st.tuples(st.sampled_from([100, 150, 250, 400, 900]), st.integers(2, 30), st.integers(0, 12), st.booleans()).map(
    lambda drawn: _ward(*drawn)
)
SOME_ENDS_READ_NOUGHT = [
    (900, 168, 900, 138), (900, 146, 900, 99), (400, 107, 400, 91), (400, 69, 400, 51), (900, 147, 900, 127),
    (900, 93, 900, 73), (400, 98, 400, 90), (900, 86, 900, 55),
]  # fmt: skip
ONE_FAR_OFF = [
    (900, 108, 900, 86), (150, 33, 150, 33), (900, 99, 900, 65), (150, 24, 150, 22), (900, 120, 900, 98),
    (150, 35, 150, 23), (150, 34, 150, 19), (900, 182, 900, 152),
]  # fmt: skip
"""A ward lies far from the others: drawing leaves it less sure than they are, though by itself it says more."""


def _ward(homes: int, base: int, lift: int, fewer: bool) -> Counts:
    low, high = round(homes * base / 100), round(homes * (base + lift) / 100)
    return (homes, low, homes, high) if fewer else (homes, high, homes, low)


def found(wards: list[Counts], **options: object) -> Finding:
    cells = [
        Cell(f"W{place:02}", arm, homes, yes)
        for place, (n1, y1, n0, y0) in enumerate(wards)
        for arm, homes, yes in (("now", n1, y1), ("later", n0, y0))
    ]
    return publish(cells, reminded="now", comparison="later", **options)


def own(ward: WardFinding) -> tuple[float, Interval]:
    """What follows from the counts on the page, and from how far each was rounded."""
    sides = [(side.registered, side.homes.value or 1.0) for side in (ward.reminded, ward.comparison)]
    one, zero = (((yes.value or 0) / n, n) for yes, n in sides)
    blur = sum(RULE.likely(yes, n, 0.0)[1] / n**2 for yes, n in sides)
    return one[0] - zero[0], around(one[0] - zero[0], one, zero, blur)


def shown(ward: WardFinding) -> tuple[float, Interval]:
    effect = ward.effect
    return effect.difference.value or 0, Interval(effect.low.value or 0, effect.high.value or 0)


def says_more(one: tuple[float, Interval], other: tuple[float, Interval], way: int) -> bool:
    near, nearest = ((each[1].low if way > 0 else -each[1].high) for each in (one, other))
    return way * one[0] > way * other[0] and near > max(0.0, nearest)


def counted(ward: WardFinding) -> bool:
    return None not in (ward.reminded.registered.value, ward.comparison.registered.value)


@settings(max_examples=examples(60))
@given(st.lists(WARD, min_size=1, max_size=10))
@example(SOME_ENDS_READ_NOUGHT)
@example(ONE_FAR_OFF)
def test_no_ward_is_certain_while_one_that_says_more_is_too_early(wards: list[Counts]) -> None:
    held = found(wards)
    seen = [ward for ward in held.wards if ward.effect.shown]
    for sure, waiting in permutations(seen, 2):
        if sure.effect.too_early or not waiting.effect.too_early:
            continue
        way = 1 if (sure.effect.difference.value or 0) > 0 else -1
        assert not says_more(shown(waiting), shown(sure), way)
        if counted(sure) and counted(waiting):
            assert not says_more(own(waiting), own(sure), way)


@settings(max_examples=examples(40))
@given(st.lists(WARD, min_size=1, max_size=10))
@example(SOME_ENDS_READ_NOUGHT)
def test_what_reads_nought_is_never_certain(wards: list[Counts]) -> None:
    """An end that is shown as 0.0 could not be told from nought, and the sentence said "fewer" of it."""
    held = found(wards)
    for effect in (held.effect, *(ward.effect for ward in held.wards)):
        low, high = effect.low.value, effect.high.value
        if effect.shown:
            assert effect.too_early or low > 0 or high < 0
            assert not (effect.too_early is False and held.effect.too_early)
    if held.effect.shown and not held.effect.too_early:
        assert ("more homes" in held.headline) == (held.effect.low.value > 0)


WAYS = [1, -1]
CERTAIN, WAITING = False, True


def ward(name: str, own: tuple[float, float], drawn: tuple[float, float], way: int, *, early: bool) -> WardEffect:
    """By effect and half width, in points."""
    ends = [Interval(*sorted((way * (d - half), way * (d + half)))) for d, half in (own, drawn)]
    none = Rate(0.0, 0, 0.0)
    return WardEffect(name, none, none, way * own[0], 1.0, ends[0], way * drawn[0], ends[1], early)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("other", "becomes"),
    [
        (((8, 6), (4, 4.5)), WAITING),  # more by its own figures
        (((3, 4), (6, 1)), WAITING),  # more as it is drawn
        (((8, 9), (4, 4.5)), CERTAIN),  # larger, but it may be nought
        (((5, 1), (4, 4.5)), CERTAIN),  # surer, but not larger
        (((-8, 6), (-4, 4.5)), CERTAIN),  # the other way
    ],
)
def test_what_saying_more_is(way: int, other: tuple[tuple[float, float], ...], becomes: bool) -> None:
    sure = ward("A", (6, 5), (5, 4), way, early=False)
    held = in_order((sure, ward("B", *other, way, early=True)))
    assert [each.too_early for each in held] == [becomes, True]


def test_one_that_had_to_wait_holds_back_a_third() -> None:
    third = ward("C", (5, 4.9), (3, 2.9), 1, early=False)
    second = ward("A", (4, 3.95), (5, 4), 1, early=False)
    first = ward("B", (8, 6), (4, 4.5), 1, early=True)
    assert all(each.too_early for each in in_order((third, second, first)))
    assert not any(each.too_early for each in in_order((third, second)))
