"""What is said of next time, by the ends of intervals alone."""

import pytest

from dashboards.pages.lessons import ALIKE, EARLY, STOP, TOO_FEW, apart, lessons
from dashboards.published.course import Spent
from dashboards.published.disclosure import RULE, Published
from dashboards.published.figures import Figures, Trial
from dashboards.published.findings import NO_EFFECT, UNSEEN, Effect, Finding, Side
from dashboards.published.groups import GroupFinding

HOMES = Side(RULE.count(1000), RULE.count(100), Published("10%", 10))


def effect(low: float, high: float) -> Effect:
    ends = [Published(f"{x:+.1f}", x) for x in ((low + high) / 2, low, high)]
    return Effect(ends[0], ends[1], ends[2], too_early=low <= 0 <= high)


def trial(found: Effect, arm: str = "now", key: str = "1", channels: list[Effect] | None = None) -> Trial:
    finding = Finding(HOMES, HOMES, found, RULE.count(30), ())
    groups = tuple(GroupFinding(f"way {n}", UNSEEN, UNSEEN, one) for n, one in enumerate(channels or []))
    spent = Spent({}, RULE.count(100), RULE.count(110))
    return Trial(key, "Spring", finding=finding, arm=arm, divided={"channel": groups}, spent=spent)


def said(*trials: Trial) -> list[str]:
    return lessons(Figures("E", "Exampleton", trials=trials), trials[0])


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (NO_EFFECT, TOO_FEW),
        (effect(-1, 9), EARLY.format(low="-1.0", high="+9.0")),
        (effect(-9, -1), STOP),
        (effect(1, 3), "Remind again: at the least, 1.0 more homes"),
    ],
)
def test_the_whole_goes_by_where_the_interval_lies(found: Effect, first: str) -> None:
    told = said(trial(found))
    assert told[0].startswith(first)
    assert len(told) == (2 if found == effect(1, 3) else 1)


def test_the_cost_is_the_upper_end_and_is_not_told_where_there_may_be_nothing() -> None:
    assert said(trial(effect(1, 3)))[1] == (
        "Each extra registration cost £3.33 to £11. A way that costs more than £11 each would be a step back."
    )
    assert trial(effect(-1, 9)).cost == "cannot be told: there may have been no extra registrations"
    assert trial(effect(-9, -1)).cost == "no extra registrations to set it against"


def test_groups_are_set_against_each_other_only_where_their_intervals_do_not_meet() -> None:
    """A point far above another's says nothing while the intervals meet."""
    assert list(apart([("a", effect(2, 8)), ("b", effect(0, 2))])) == []
    assert list(apart([("a", effect(2.1, 8)), ("b", effect(0, 2)), ("c", NO_EFFECT)])) == [("a", "b")]
    assert said(trial(effect(1, 3), channels=[effect(2, 8), effect(0, 2)]))[-1] == ALIKE.format(
        what="Ways of reaching a home"
    )
    assert "“way 0” than for homes" in said(trial(effect(1, 3), channels=[effect(3, 8), effect(0, 2)]))[-1]
    assert said(trial(effect(3, 8), "letter"), trial(effect(0.5, 2), "text", "1-1"))[-1].startswith("Send “letter”")
    assert said(trial(NO_EFFECT)) == [TOO_FEW]
    assert said(Trial("1", "Spring", waiting="soon")) == []
