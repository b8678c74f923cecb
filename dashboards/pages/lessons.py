"""What a council would do next time: only what the intervals allow, never a point estimate alone, and no ward against
another.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import permutations

from dashboards.published.figures import Figures, Trial
from dashboards.published.findings import Effect

Named = tuple[str, Effect]
TOO_FEW = "Too few homes took part to learn anything from it. Next time, remind more homes at once."
EARLY = (
    "The reminders may have worked or not: the figures fit anything from {low} to {high} registrations per 100 homes. "
    "Change nothing because of this campaign. A trial of four times the homes has half the range."
)
AGAIN = (
    "Remind again: at the least, {low} more homes in every 100 registered because of it. Keep leaving some homes for "
    "later by lot, or nothing will tell whether it works the next time."
)
STOP = "Do not send this again before you know why: fewer homes registered where it was sent."
AT_MOST = "Each extra registration cost {cost}. A way that costs more than {most} each would be a step back."
BETTER = (
    "It changed more for {first} than for {second}. The lot was not drawn between these groups, so it may be the homes "
    "and not the way of reminding them that differ."
)
ALIKE = "{what} cannot be told apart by these figures: next time, take what costs least."
ARM = "Send “{first}” rather than “{second}”: it changed more."


def lessons(figures: Figures, trial: Trial | None) -> list[str]:
    """Sentences about one campaign; none before its result is in."""
    if trial is None or trial.finding is None:
        return []
    arms = [(one.arm, one.effect) for one in figures.arms(trial)]
    return [*_of_effect(trial), *_of_cost(trial), *_of_arms(arms), *_of_channels(trial)]


WHOLE: Sequence[tuple[Callable[[Effect], bool], str]] = (
    (lambda effect: not effect.shown, TOO_FEW),
    (lambda effect: effect.too_early, EARLY),
    (lambda effect: (effect.low.value or 0) > 0, AGAIN),
    (lambda effect: (effect.high.value or 0) < 0, STOP),
)


def _of_effect(trial: Trial) -> Iterable[str]:
    effect = trial.effect
    said = next(said for holds, said in WHOLE if holds(effect))
    yield said.format(low=effect.low.text.lstrip("+") if said == AGAIN else effect.low, high=effect.high)


def _of_cost(trial: Trial) -> Iterable[str]:
    """The upper end alone says what can be relied on."""
    if " to £" in trial.cost:
        yield AT_MOST.format(cost=trial.cost, most=trial.cost.rpartition(" ")[2])


def _of_arms(arms: Sequence[Named]) -> Iterable[str]:
    if len(arms) > 1:
        better = list(apart(arms))
        yield from (ARM.format(first=first, second=second) for first, second in better)
        if not better:
            yield ALIKE.format(what="The groups that were reminded")


def _of_channels(trial: Trial) -> Iterable[str]:
    groups = [(one.group, one.effect) for one in trial.groups("channel")]
    if sum(effect.shown for _, effect in groups) > 1 and not trial.effect.too_early:
        better = list(apart(groups))
        yield from (BETTER.format(first=_as_homes(first), second=_as_homes(second)) for first, second in better)
        if not better:
            yield ALIKE.format(what="Ways of reaching a home")


def _as_homes(group: str) -> str:
    return f"homes of the group “{group}”"


def apart(named: Sequence[Named]) -> Iterable[tuple[str, str]]:
    """Pairs whose intervals do not meet, the larger effect first: stricter than a test of their difference."""
    for (first, one), (second, other) in permutations(named, 2):
        if one.shown and other.shown and (one.low.value or 0) > (other.high.value or 0):
            yield first, second
