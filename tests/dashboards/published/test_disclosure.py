"""Attacks on what is published: nothing shown, alone or together, may give a count from 1 to 9 back."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from itertools import product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.published.disclosure import RULE, Breakdown, Disclosure, Published, breakdown, change, count, rate
from dashboards.published.findings import Cell, Finding, publish
from engage.foundation.errors import SettingsInvalid
from tests.examples import examples

SMALL = range(1, 10)


def words(shown: Published | Breakdown) -> Hashable:
    """All an onlooker reads, in either format."""
    if isinstance(shown, Published):
        return shown.text, shown.cell
    return words(shown.total), tuple((name, words(part)) for name, part in shown.parts.items())


def pinned(worlds: Iterable[tuple[int, ...]], seen: Callable[[tuple[int, ...]], Hashable]) -> list[tuple[int, ...]]:
    """The worlds in which an onlooker who knows the rule can work out a number from 1 to 9."""
    alike = defaultdict(list)
    for world in worlds:
        alike[seen(world)].append(world)
    return [
        group[0]
        for group in alike.values()
        for values in zip(*group, strict=True)
        if {*values} <= {values[0]} & {*SMALL}
    ]


def test_counts_are_small_or_rounded() -> None:
    said = {n: count(n).text for n in (0, 1, 9, 10, 12, 13, 97, 98, 1237)}
    few = "fewer than 10"
    assert said == {0: "0", 1: few, 9: few, 10: "10", 12: "10", 13: "15", 97: "95", 98: "100", 1237: "1,235"}
    assert [count(3).value, count(3).cell, count(1237).value, count(1237).cell] == [None, few, 1235, "1235"]


def test_no_count_is_pinned_alone() -> None:
    assert not pinned(((n,) for n in range(2000)), lambda world: words(count(*world)))


@pytest.mark.parametrize(("parts", "most"), [(1, 63), (2, 43), (3, 23), (4, 13)])
def test_no_part_is_pinned_beside_its_total(parts: int, most: int) -> None:
    worlds = product(range(most), repeat=parts)
    assert not pinned(worlds, lambda world: words(breakdown(dict(zip("abcd", world, strict=False)))))


def test_the_plain_way_would_be_pinned() -> None:
    """The attack works: totals rounded without regard to their parts do give parts away."""
    found = pinned(
        product(range(23), repeat=2), lambda world: (*map(words, map(count, world)), words(count(sum(world))))
    )
    assert (9, 9) in found


def test_nested_areas_pin_nothing() -> None:
    def seen(world: tuple[int, ...]) -> Hashable:
        a, b, c = world
        return words(breakdown({"north": {"a": a, "b": b}, "south": {"c": c}}))

    assert not pinned(product(range(23), repeat=3), seen)


@settings(max_examples=examples(300))
@given(st.lists(st.one_of(st.integers(0, 12), st.integers(0, 400)), min_size=1, max_size=25))
def test_no_part_of_many_is_pinned_by_adding_and_taking_away(counts: list[int]) -> None:
    """With many parts: the bounds an onlooker can put on each part from the others and the total."""
    shown = breakdown({str(place): n for place, n in enumerate(counts)})
    parts = [count(n) for n in counts]
    bands = [
        {m for m in range(max(0, n - 12), n + 13) if words(count(m)) == words(part)}
        for n, part in zip(counts, parts, strict=True)
    ]
    least, most = sum(map(min, bands)), sum(map(max, bands))
    totals = [total for total in range(least, most + 1) if _total(bands, total) == shown.total.text]
    assert sum(counts) in totals
    for n, band in zip(counts, bands, strict=True):
        low = max(min(band), totals[0] - (most - max(band)))
        high = min(max(band), totals[-1] - (least - min(band)))
        assert low <= n <= high
        assert low < high or n == 0


def _total(bands: list[set[int]], total: int) -> str:
    """What would be shown as the total of parts that look the same and add up to this."""
    counts, spare = {}, total - sum(map(min, bands))
    for place, band in enumerate(bands):
        more = min(spare, max(band) - min(band))
        counts[str(place)] = min(band) + more
        spare -= more
    return breakdown(counts).total.text


@given(st.lists(st.integers(0, 500), min_size=1, max_size=30))
def test_totals_are_near_the_truth_and_the_same_each_time(counts: list[int]) -> None:
    named = {str(place): n for place, n in enumerate(counts)}
    total = breakdown(named).total
    assert total == breakdown(named).total
    assert total.least <= sum(counts) <= total.most
    if total.value is None:
        assert 1 <= sum(counts) <= 9
    else:
        assert abs(total.value - sum(counts)) <= 3
        assert total.value % 5 == 0


def test_changes_between_dates_pin_nothing() -> None:
    def seen(world: tuple[int, ...]) -> Hashable:
        before, after = (count(n) for n in world)
        return words(before), words(after), words(change(before, after))

    alike = defaultdict(set)
    for before, after in product(range(63), repeat=2):
        alike[seen((before, after))].add(after - before)
    assert all(len(group) > 1 or not {abs(n) for n in group} & {*SMALL} for group in alike.values())
    assert not pinned(product(range(63), repeat=2), seen)


def test_changes_are_hidden_when_either_side_is() -> None:
    assert change(count(4), count(40)).text == change(count(40), count(4)).text == "not shown"
    assert change(count(40), count(60)).text == "up 20"
    assert change(count(60), count(40)).value == -20
    assert change(count(40), count(45)).value is None


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_rates_are_whole_percentages_of_published_figures(part: int, whole: int) -> None:
    part = min(part, whole)
    shown = rate(count(part), count(whole))
    if whole < 100 or 1 <= part <= 9:
        assert shown.value is None
        assert shown.text == "not shown"
    else:
        assert shown.value == min(100, round(100 * count(part).value / count(whole).value))
        assert shown.text == f"{shown.value}%"


def test_a_hidden_ward_leaves_no_trace() -> None:
    """Neither the ward nor the totals show how many of its homes there are or registered."""
    shown = [(150, 12, 150, 11), (160, 3, 160, 9)]
    alike = {_counts(finding([*shown, (n, y, n + 1, 2)])) for n in (3, 9, 50, 98) for y in (0, 2, 3)}
    assert len(alike) == 1
    assert finding([*shown, (99, 9, 100, 9)]).wards[2].reminded.homes.text == "not shown"


def test_hidden_wards_count_in_the_totals_once_they_are_many_together() -> None:
    shown = [(150, 12, 150, 11)]
    assert finding([*shown, (60, 20, 60, 20)]).reminded.homes.value == 150
    together = finding([*shown, (60, 20, 60, 20), (60, 20, 60, 20)])
    assert together.reminded.homes.value == 270
    assert together.reminded.registered.value == 50
    assert together.wards[1].effect.text == "too few homes to show"


def test_a_ward_where_all_but_a_few_registered_is_hidden() -> None:
    found = finding([(150, 12, 150, 11), (150, 145, 150, 100)])
    assert found.wards[1].reminded.registered.value is None
    assert found.reminded.homes.value == 150


@pytest.mark.parametrize(("name", "value"), [("fewest", 5), ("denominator", 50), ("fewest", 12)])
def test_the_rule_can_only_be_made_stricter(name: str, value: int) -> None:
    with pytest.raises(SettingsInvalid, match=f"{name} is {value}"):
        Disclosure(**{name: value})


def test_a_stricter_rule_hides_more() -> None:
    strict = Disclosure(fewest=20, denominator=200, sensitive=True)
    assert [strict.count(n).text for n in (0, 19, 20)] == ["fewer than 20", "fewer than 20", "20"]
    assert strict.rate(strict.count(50), strict.count(199)).value is None
    assert not pinned(
        product(range(43), repeat=2), lambda world: words(strict.breakdown(dict(zip("ab", world, strict=True))))
    )


def test_a_negative_count_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        count(-1)


Ward = tuple[int, int, int, int]
wards = st.lists(
    st.tuples(st.integers(90, 130), st.integers(0, 30), st.integers(90, 130), st.integers(0, 30)),
    min_size=1,
    max_size=7,
)


def cells(counts: list[Ward]) -> list[Cell]:
    return [
        cell
        for place, (n, y, m, z) in enumerate(counts)
        for cell in (Cell(f"W{place}", "now", n, y), Cell(f"W{place}", "later", m, z))
    ]


def finding(counts: list[Ward]) -> Finding:
    return publish(cells(counts), reminded="now", comparison="later")


@settings(max_examples=examples(60))
@given(wards, st.data())
def test_effects_say_nothing_that_the_published_counts_do_not(counts: list[Ward], data: st.DataObject) -> None:
    """Another truth with the same published counts gives the same rates, effects, intervals and words."""
    place, side = data.draw(st.integers(0, len(counts) - 1)), data.draw(st.sampled_from([0, 1, 2, 3]))
    other = [list(ward) for ward in counts]
    other[place][side] = max(0, other[place][side] + data.draw(st.integers(-4, 4)))
    one, two = finding(counts), finding([tuple(ward) for ward in other])
    if _counts(one) == _counts(two):
        assert one == two


def _counts(found: Finding) -> Hashable:
    places = [found, *found.wards]
    return tuple((side.homes, side.registered) for place in places for side in (place.reminded, place.comparison))


@settings(max_examples=examples(60))
@given(wards)
def test_effects_need_a_hundred_homes_in_each_arm(counts: list[Ward]) -> None:
    found = finding(counts)
    for (n, _, m, _), ward in zip(counts, found.wards, strict=True):
        if min(n, m) < 100:
            assert not ward.effect.shown
            assert ward.effect.too_early
            assert ward.effect.text == "too few homes to show"
        if found.effect.shown and min(n, m) >= 100:
            assert ward.effect.shown


def test_a_finding_in_words() -> None:
    found = finding([(800, 120, 800, 60)] * 5)
    assert found.headline == "Between 6.1 and 8.9 more homes in every 100 registered because of the reminders."
    assert (found.effect.difference.text, found.more.text) == ("+7.5", "300")
    assert found.span == "245 to 355"
    assert all(not ward.effect.too_early for ward in found.wards)
    assert found.wards[0].reminded.rate.text == "15%"


def test_a_finding_that_is_too_early_says_so_everywhere() -> None:
    found = finding([(200, 22, 200, 20)] * 5)
    assert found.headline.startswith("It is too early to say whether the reminders worked")
    assert "1." in found.headline
    assert all(ward.effect.too_early for ward in found.wards)
    assert found.wards[0].effect.text.endswith("too early to say")


def test_a_finding_of_too_few_says_no_more() -> None:
    found = finding([(50, 20, 40, 3)])
    assert found.headline == "There are too few homes in this trial to show whether the reminders worked."
    assert found.more.value is None


def test_a_reminder_that_harms_is_said_plainly() -> None:
    found = finding([(800, 40, 800, 120)] * 3)
    assert "fewer homes in every 100" in found.headline
    assert found.more.value == -240


def test_a_hidden_count_is_taken_as_its_likely_mean() -> None:
    mean, variance = RULE.likely(count(4), 200, 0.03)
    brute = {k: 0.03**k * 0.97 ** (200 - k) * comb(200, k) for k in SMALL}
    expected = sum(k * p for k, p in brute.items()) / sum(brute.values())
    assert mean == pytest.approx(expected)
    assert 0 < variance < 81
    assert RULE.likely(count(50), 200, 0.03) == (50, 2)
    assert RULE.likely(count(0), 200, 0.03) == (0, 0)
