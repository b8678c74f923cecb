"""What a trial found, as anybody may read it: every figure here is worked out from published counts alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt

from dashboards.published.disclosure import HIDDEN, RULE, Breakdown, Disclosure, Published
from dashboards.statistics.intervals import Interval, Z, around, wilson
from dashboards.statistics.simultaneous import looking
from dashboards.statistics.trial import Rate
from dashboards.statistics.uplift import WardEffect, compare, gather, reach


@dataclass(frozen=True)
class Cell:
    """Exact counts of one arm in one ward: homes, and those of them that registered. Never shown as it is.

    `group` is the part of the ward's homes that is counted, where they are counted in parts.
    """

    ward: str
    arm: str
    homes: int
    registered: int
    group: str = ""


@dataclass(frozen=True)
class Effect:
    """More registrations per 100 homes in the reminded arm: published points, and what may be said of them."""

    difference: Published
    low: Published
    high: Published
    too_early: bool

    @property
    def shown(self) -> bool:
        return self.difference.value is not None

    @property
    def text(self) -> str:
        """In a table: the points, the interval, and whether it is too early to say."""
        if not self.shown:
            return "too few homes to show"
        span = f"{self.difference} ({self.low} to {self.high})"
        return f"{span}, too early to say" if self.too_early else span


NO_EFFECT = Effect(Published(HIDDEN, None), Published(HIDDEN, None), Published(HIDDEN, None), too_early=True)


@dataclass(frozen=True)
class Side:
    """One arm, in a ward or in all."""

    homes: Published
    registered: Published
    rate: Published


@dataclass(frozen=True)
class Share:
    """How many of every 100 homes of one arm registered, with its interval, worked out from two published counts."""

    point: Published
    low: Published
    high: Published

    @property
    def text(self) -> str:
        return self.point.text if self.low.value is None else f"{self.point} ({self.low} to {self.high})"


UNSEEN = Side(Published(HIDDEN, None), Published(HIDDEN, None), Published(HIDDEN, None))


@dataclass(frozen=True)
class WardFinding:
    """A ward where either arm has fewer than 100 homes is hidden whole: its arms are of one size to within a home."""

    ward: str
    reminded: Side
    comparison: Side
    effect: Effect


@dataclass(frozen=True)
class Finding:
    """A trial of one arm against the comparison: over all wards, and ward by ward in the order of their codes.

    `more` is how many more homes registered because of the reminders, to the nearest 5.
    """

    reminded: Side
    comparison: Side
    effect: Effect
    more: Published
    wards: tuple[WardFinding, ...]

    @property
    def headline(self) -> str:
        """The finding in a sentence, with how sure it is."""
        low, high = self.effect.low, self.effect.high
        if not self.effect.shown or low.value is None or high.value is None:
            return "There are too few homes in this trial to show whether the reminders worked."
        if self.effect.too_early:
            return (
                "It is too early to say whether the reminders worked: the figures fit anything from "
                f"{_more(low.value)} to {_more(high.value)} registrations per 100 homes."
            )
        word, nearer, further = ("more", low, high) if low.value > 0 else ("fewer", high, low)
        return (
            f"Between {abs(nearer.value or 0):.1f} and {abs(further.value or 0):.1f} {word} homes in every 100 "
            "registered because of the reminders."
        )

    @property
    def span(self) -> str:
        """The least and the most that `more` may be, by the published interval."""
        homes = self.reminded.homes.value or 0
        ends = sorted(abs(end.value or 0) * homes / 100 for end in (self.effect.low, self.effect.high))
        return " to ".join(str(RULE.count(round(end))) for end in ends)


def publish(
    cells: Iterable[Cell], *, reminded: str, comparison: str, arms: Sequence[str] = (), rule: Disclosure = RULE
) -> Finding:
    """The finding of a trial randomised in the same shares in every ward, from its exact counts.

    Counts and their totals are rounded first; rates, effects, intervals and the shrunken ward figures are then made
    from the rounded ones, with the rounding counted in their intervals. A ward that may not be shown is taken together
    with the others like it; where even those are too few, they are left out of the totals too, or else taking the
    wards shown from the total would show them. `arms` names every arm of the trial, where more than one is compared:
    a ward is then hidden from all of its findings or none, or their differences would show it. Intervals then hold
    for all of them at once.
    """
    held = list(cells)
    places = parts_of(held, arms or (reminded, comparison), rule)
    parts = _tallied(
        [replace(cell, ward=places[cell.ward]) for cell in held if cell.ward in places], reminded, comparison
    )
    one, zero = (_Counts.of(parts, place, rule) for place in (0, 1))
    critical = _critical(one, zero, rule, max(1, len(arms) - 1))
    overall = _overall(one, zero, rule, critical)
    mine = [ward for ward in parts if ward != OTHERS]
    compared = [compare(ward, _rate(one, ward, rule), _rate(zero, ward, rule), critical) for ward in mine]
    seen = {ward.ward: ward for ward in gather(overall[1], compared, critical, NOUGHT).wards} if overall else {}
    found = tuple(
        WardFinding(ward, _side(one, ward, rule), _side(zero, ward, rule), _ward_effect(seen.get(ward)))
        if ward in parts
        else WardFinding(ward, UNSEEN, UNSEEN, NO_EFFECT)
        for ward in sorted({cell.ward for cell in held})
    )
    whole = _side(one, None, rule)
    effect = _effect(*overall) if overall else NO_EFFECT
    return Finding(whole, _side(zero, None, rule), effect, _extra(overall, whole, rule), found)


def before_the_close(reminded: Side, comparison: Side, *, arms: int = 1, rule: Disclosure = RULE) -> Effect:
    """What a register before the end of the window showed, from two published sides: its interval holds however often
    one looks, and whenever one stops."""
    one, zero = _of_side(reminded, rule), _of_side(comparison, rule)
    if not (one.n and zero.n):
        return NO_EFFECT
    difference = one.mean - zero.mean
    se = sqrt(sum(rate.mean * (1 - rate.mean) / rate.effective + rate.blur for rate in (one, zero)))
    critical = looking(se, one.pair, zero.pair, arms) if se else Z
    return _effect(difference, around(difference, one.pair, zero.pair, one.blur + zero.blur, critical))


def share(side: Side, rule: Disclosure = RULE) -> Share:
    rate = _of_side(side, rule)
    if not rate.n:
        return Share(*[Published(HIDDEN, None)] * 3)
    plain, blur = wilson(rate.mean * rate.n, rate.n), Z * sqrt(rate.blur)
    low, high = rate.mean - hypot(rate.mean - plain.low, blur), rate.mean + hypot(plain.high - rate.mean, blur)
    return Share(*(_hundredths(end) for end in (rate.mean, low, high)))


def _hundredths(share: float) -> Published:
    value = round(100 * min(1.0, max(0.0, share)), 1)
    return Published(f"{value:.1f}", value)


def _of_side(side: Side, rule: Disclosure) -> Rate:
    """Nought homes where they, or those of them that registered, are too few to say."""
    homes, registered = side.homes, side.registered
    if homes.value is None or registered.value is None or not rule.enough(homes):
        return Rate(0.0, 0, 0.0)
    n = homes.value
    yes, variance = rule.likely(registered, n, registered.value / n)
    return Rate(min(1.0, yes / n), int(n), n, clusters=int(n), blur=variance / n**2)


OTHERS = ""
NOUGHT = 0.0005
"""Half of a tenth of a point: an end this near to nought is shown as 0.0."""


def parts_of(cells: Iterable[Cell], arms: Sequence[str], rule: Disclosure = RULE) -> dict[str, str]:
    """The part of the totals each ward is: itself, or OTHERS; a ward that is in no total is left out."""
    held = list(cells)
    shown = {ward for ward in {cell.ward for cell in held} if showable([c for c in held if c.ward == ward], arms, rule)}
    others = [cell for cell in held if cell.ward not in shown]
    together = {cell.ward: OTHERS for cell in others} if showable(others, arms, rule) else {}
    return {ward: ward for ward in sorted(shown)} | together


def showable(cells: Iterable[Cell], arms: Sequence[str], rule: Disclosure = RULE) -> bool:
    """Enough homes in each arm, and not all but a few of them registered: the few would show as the difference."""
    return all(
        homes >= rule.denominator and homes - registered >= rule.fewest for homes, registered in tally(cells, arms)
    )


def tally(cells: Iterable[Cell], arms: Sequence[str]) -> list[tuple[int, int]]:
    """Homes and those of them that registered, in each of the arms."""
    counts = dict.fromkeys(arms, (0, 0))
    for cell in cells:
        if cell.arm in counts:
            homes, registered = counts[cell.arm]
            counts[cell.arm] = homes + cell.homes, registered + cell.registered
    return list(counts.values())


Tally = tuple[tuple[int, int], tuple[int, int]]
"""Homes and those of them that registered, in the reminded arm and in the comparison."""


def _tallied(cells: Iterable[Cell], reminded: str, comparison: str) -> dict[str, Tally]:
    wards: dict[str, list[Cell]] = {}
    for cell in cells:
        wards.setdefault(cell.ward, []).append(cell)
    counted = {ward: tally(mine, (reminded, comparison)) for ward, mine in sorted(wards.items())}
    return {ward: (one, zero) for ward, (one, zero) in counted.items()}


@dataclass(frozen=True)
class _Counts:
    homes: Breakdown
    registered: Breakdown

    @classmethod
    def of(cls, parts: Mapping[str, Tally], side: int, rule: Disclosure) -> "_Counts":
        homes, registered = ({ward: tally[side][what] for ward, tally in parts.items()} for what in (0, 1))
        return cls(rule.breakdown(homes), rule.breakdown(registered))

    def pair(self, ward: str | None) -> tuple[Published, Published]:
        if ward is None:
            return self.homes.total, self.registered.total
        return self.homes[ward], self.registered[ward]


def _side(counts: _Counts, ward: str | None, rule: Disclosure) -> Side:
    homes, registered = counts.pair(ward)
    return Side(homes, registered, rule.rate(registered, homes))


def _rate(counts: _Counts, ward: str | None, rule: Disclosure) -> Rate:
    """An arm's share as its published counts tell it; nought homes where they are too few to say."""
    homes, registered = counts.pair(ward)
    if homes.value is None or not rule.enough(homes):
        return Rate(0.0, 0, 0.0)
    whole, every = counts.registered.total, counts.homes.total
    common = min(1.0, (whole.value or 0) / every.value) if every.value else 0.0
    yes, variance = rule.likely(registered, homes.value, common)
    n = homes.value
    return Rate(min(1.0, yes / n), int(n), n, clusters=int(n), blur=variance / n**2)


def _critical(reminded: _Counts, comparison: _Counts, rule: Disclosure, arms: int) -> float:
    """How many standard errors the intervals of this finding reach."""
    one, zero = _rate(reminded, None, rule), _rate(comparison, None, rule)
    return reach(one, zero, arms=arms) if one.n and zero.n else Z


def _overall(
    reminded: _Counts, comparison: _Counts, rule: Disclosure, critical: float
) -> tuple[float, Interval] | None:
    if reminded.registered.total.value is None or comparison.registered.total.value is None:
        return None
    one, zero = _rate(reminded, None, rule), _rate(comparison, None, rule)
    if not (one.n and zero.n):
        return None
    difference = one.mean - zero.mean
    return difference, around(difference, one.pair, zero.pair, one.blur + zero.blur, critical)


def _ward_effect(ward: WardEffect | None) -> Effect:
    if ward is None or ward.shrunken is None:
        return NO_EFFECT
    return _effect(ward.shrunken, ward.shrunken_interval, too_early=ward.too_early)


def _effect(difference: float, interval: Interval, *, too_early: bool = False) -> Effect:
    """Judged by the ends as they are shown: one that reads 0.0 is not told apart from nought."""
    low, high = _points(interval.low), _points(interval.high)
    return Effect(_points(difference), low, high, too_early or (low.value or 0) <= 0 <= (high.value or 0))


def _points(share: float) -> Published:
    points = round(100 * share, 1) + 0.0
    return Published(f"{points:+.1f}".replace("-", "−") if points else "0.0", points)


def _extra(overall: tuple[float, Interval] | None, reminded: Side, rule: Disclosure) -> Published:
    if overall is None or reminded.homes.value is None:
        return Published(HIDDEN, None)
    homes = overall[0] * reminded.homes.value
    shown = rule.count(round(abs(homes)))
    if shown.value and homes < 0:
        return Published(f"{shown.value:,} fewer", -shown.value)
    return Published(shown.text, shown.value)


def _more(points: float) -> str:
    return f"{abs(points):.1f} {'more' if points >= 0 else 'fewer'}"


def named(finding: Finding, names: Mapping[str, str]) -> dict[str, WardFinding]:
    """The wards by name, for a table or chart in the order of the alphabet: never a league table."""
    return dict(sorted((names.get(ward.ward, ward.ward), ward) for ward in finding.wards))
