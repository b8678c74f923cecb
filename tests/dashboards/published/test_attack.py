"""An onlooker who knows the rule, adds, takes away and compares all that is published, by integer programming.

The unknowns are the exact counts of every ward, group and arm. All that is published bounds their sums. Nothing may
leave a count, or the difference of two, with one value from 1 to 9.
"""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from benchmarks import disclosure
from benchmarks.disclosure import Onlooker, band
from dashboards.published.disclosure import RULE
from dashboards.published.findings import Cell, publish
from dashboards.published.groups import DIVISIONS, MENU, divide, homes_in_groups
from tests.dashboards.conftest import Council
from tests.examples import examples

ARMS = ("now", "also", "later")
SMALL = range(1, 10)
SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


PART = st.tuples(st.integers(60, 150), st.sampled_from([0, 3, 9, 10, 11, 12, 13, 18, 30, 55]))
BOROUGH = st.lists(st.lists(PART, min_size=6, max_size=6), min_size=2, max_size=3)
"""Wards of two groups in three arms: homes, and those of them that registered."""


def cells_of(borough: list[list[tuple[int, int]]]) -> list[Cell]:
    groups = MENU["before"]
    return [
        Cell(f"W{ward}", arm, homes, min(yes, homes), group)
        for ward, parts in enumerate(borough)
        for (arm, group), (homes, yes) in zip(product(ARMS, groups), parts, strict=True)
    ]


def watched(cells: list[Cell], measure: str) -> tuple[Onlooker, dict[tuple[str, str, str], int]]:
    """Everything that is published of homes, or of registrations, in all trials and divisions."""
    place = {(cell.ward, cell.arm, cell.group): n for n, cell in enumerate(cells)}
    eye = Onlooker(len(cells))
    for reminded in ARMS[:-1]:
        found = publish([replace(c, group="") for c in cells], reminded=reminded, comparison="later", arms=ARMS)
        divided = divide({"before": cells}, reminded=reminded, comparison="later", arms=ARMS, whole=found.effect)
        wards = [ward for ward in found.wards if ward.reminded.homes.text != "not shown"]
        for arm, side in ((reminded, "reminded"), ("later", "comparison")):
            counted = [n for (ward, mine, _), n in place.items() if mine == arm]
            seen = {ward.ward for ward in wards}
            rest = [c for c in cells if c.arm == arm and c.ward not in seen]
            for ward in wards:
                shown = getattr(getattr(ward, side), measure)
                eye.reads([n for (w, mine, _), n in place.items() if (w, mine) == (ward.ward, arm)], shown.text)
            whole = getattr(getattr(found, side), measure)
            told = [n for (ward, mine, _), n in place.items() if mine == arm and ward in seen]
            in_total = counted if _together(rest, cells, seen) else told
            if whole.text != "not shown":
                eye.knows(in_total, whole.least, whole.most)
            for group in divided["before"]:
                shown = getattr(getattr(group, side), measure)
                inside = [n for (_, mine, g), n in place.items() if (mine, g) == (arm, group.group) and n in in_total]
                eye.reads(inside, shown.text)
    return eye, place


def _together(rest: list[Cell], cells: list[Cell], seen: set[str]) -> bool:
    """Whether the hidden wards count in the totals, which the rule in docs/method.md says: once they can be shown."""
    hidden = [cell for cell in cells if cell.ward not in seen]
    tallies = [
        (sum(c.homes for c in hidden if c.arm == arm), sum(c.registered for c in hidden if c.arm == arm))
        for arm in ARMS
    ]
    return bool(rest) and all(homes >= 100 and homes - yes >= 10 for homes, yes in tallies)


@settings(max_examples=examples(25), **SLOW)
@given(BOROUGH)
def test_wards_groups_and_arms_together_pin_no_count(borough: list[list[tuple[int, int]]]) -> None:
    cells = cells_of(borough)
    for measure in ("homes", "registered"):
        eye, place = watched(cells, measure)
        asked = [[n for (w, a, _), n in place.items() if (w, a) == both] for both in {(c.ward, c.arm) for c in cells}]
        asked += [[n for (_, a, g), n in place.items() if (a, g) == both] for both in {(c.arm, c.group) for c in cells}]
        asked += [[n] for n in place.values()]
        for places in asked:
            truth = sum(getattr(cells[n], measure) for n in places)
            if truth not in SMALL:
                continue  # a number that is worked out is the true one
            least, most = eye.range_of(places)
            assert least <= truth <= most
            assert least < most, (measure, places, truth)


def test_the_onlooker_finds_what_is_given_away() -> None:
    """Totals over different wards in two trials would show the ward that is in one of them only."""
    eye = Onlooker(2)
    eye.knows([0], 20, 21)
    eye.knows([0, 1], 30, 30)
    eye.reads([1], RULE.count(9).text)
    assert eye.range_of([1]) == (9, 9)


def test_the_onlooker_is_exact_where_numbers_are_large() -> None:
    """The solver's own gap, a ten-thousandth, is ten homes of a hundred thousand: a count would look free that is not."""
    eye = Onlooker(3)
    eye.knows([0, 1, 2], 60_000, 60_000)
    eye.knows([0, 1], 59_995, 59_995)
    eye.reads([2], "fewer than 10")
    assert eye.range_of([2]) == (5, 5)
    assert eye.range_of([0]) == (0, 59_995)


def test_all_that_a_member_fetches_pins_no_count(council: Council, member: TestClient) -> None:
    homes = homes_in_groups(council.office, council.officer, council.campaign)
    cells = homes.groupby(["ward", "arm", *DIVISIONS], as_index=False)["registered"].agg(homes="size", registered="sum")
    sides = {"reminded": "reminded now", "comparison": "reminded later"}
    (campaign,) = member.get("/api/wards").json()["campaigns"]
    assert disclosure.pinned(campaign, cells, list(DIVISIONS), sides) == []


def test_two_campaigns_at_one_time_tell_no_home() -> None:
    """In this world the second has all homes of one arm of the first but one, and the rounding of both fits."""
    first, second = disclosure.world(85)
    assert disclosure.told_apart(first, second, held=False) == 1
    assert disclosure.told_apart(first, second, held=True) == 0


def test_an_arm_that_hides_a_ward_hides_it_from_every_arm() -> None:
    """Else the comparison's totals in two trials of one campaign would differ by that ward alone."""
    cells = [Cell("W0", arm, 300, 40) for arm in ARMS] + [Cell("W1", arm, 120, 9) for arm in ("now", "later")]
    cells.append(Cell("W1", "also", 80, 9))
    trials = [publish(cells, reminded=arm, comparison="later", arms=ARMS) for arm in ARMS[:2]]
    assert {trial.wards[1].comparison.homes.text for trial in trials} == {"not shown"}
    assert trials[0].comparison == trials[1].comparison


def test_groups_that_would_fix_the_total_are_not_shown() -> None:
    """Wards say 18 to 19; groups of 10 and 9 would say more, and so does a group with a hidden count."""
    shown = [Cell("W0", arm, 200, 19, group) for arm in ARMS[1:] for group in MENU["before"]]
    assert all(g.effect.shown for g in divided(shown))
    few = [replace(c, registered=9) if c.group == MENU["before"][0] else c for c in shown]
    assert not any(g.effect.shown for g in divided(few))
    all_but = [replace(c, registered=195) if c.group == MENU["before"][0] else c for c in shown]
    assert not any(g.effect.shown for g in divided(all_but))


def divided(cells: list[Cell]):  # noqa: ANN201
    found = publish(cells, reminded="also", comparison="later", arms=ARMS[1:])
    return divide({"before": cells}, reminded="also", comparison="later", arms=ARMS[1:], whole=found.effect)["before"]


def test_a_second_division_sees_what_the_first_left() -> None:
    """Each division narrows the totals; one that would leave a single number is not shown, whichever comes first."""
    from dashboards.published import groups

    room = {(0, 0): (200.0, 400.0), (0, 1): (20.0, 24.0)}
    one = [Cell("W0", "now", 100, 10, "a"), Cell("W0", "now", 100, 12, "b")]
    left = groups._left(one, ["a", "b"], room, ["now"], RULE)
    assert left == {(0, 0): (200.0, 204.0), (0, 1): (20.0, 24.0)}
    narrow = {(0, 0): (200.0, 400.0), (0, 1): (24.0, 25.0)}
    assert groups._left(one, ["a", "b"], narrow, ["now"], RULE) is None


@pytest.mark.parametrize(
    ("text", "bounds"), [("0", (0, 0)), ("fewer than 10", (1, 9)), ("10", (10, 12)), ("1,235", (1233, 1237))]
)
def test_the_onlooker_knows_the_rule(text: str, bounds: tuple[int, int]) -> None:
    assert band(text) == bounds
    assert all(RULE.count(n).text == text for n in range(bounds[0], bounds[1] + 1))
