"""How a campaign went from register to register, and what it cost: published once, when its outcome window has closed.

Each register is one more look at the same homes. So it is shown of all wards together alone, only where in each arm no
home or at least ten differ from every other look, and where a register it was counted from is undone, the course is
taken down and not made again: the one made anew, less the first, would tell of the few homes that were put right.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isinf
from typing import Any, TypeVar

import pandas as pd
from sqlmodel import Session

from campaigns.records.lookup import waves
from campaigns.records.models import Campaign
from dashboards.published import snapshots
from dashboards.published.delivery import spent
from dashboards.published.disclosure import RULE, Published
from dashboards.published.findings import Effect, Finding, Side, before_the_close
from dashboards.published.outcomes import Reading, homes, readings
from dashboards.statistics.intervals import Interval, Price, price
from engage.foundation.lake import Snapshot, history
from engage.foundation.office import Actor, Office

T = TypeVar("T")
BEFORE_CLOSE = "before the window closed"
PENCE_UNDER = 10


@dataclass(frozen=True)
class Point:
    """What one register before the last showed, all wards together."""

    as_at: date
    reminded: Side
    comparison: Side
    effect: Effect


@dataclass(frozen=True)
class Course:
    """Of one reminded arm: `began` with a register on which, by definition, nobody had registered since."""

    began: date
    reminders: tuple[date, ...]
    points: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Spent:
    """What left for one arm, by channel, and what it cost before VAT, from and to, in whole pounds."""

    messages: Mapping[str, Published]
    least: Published
    most: Published

    def each(self, homes: Published, effect: Effect) -> Price | None:
        """Pounds for each extra registration, from published figures alone; None where there is no effect to see."""
        ends = effect.difference.value, effect.low.value, effect.high.value
        if homes.value is None or None in ends:
            return None
        point, low, high = ((end or 0) / 100 for end in ends)
        return price((self.least.least, self.most.most), homes.value, point, Interval(low, high))

    @property
    def pounds(self) -> str:
        if not self.most.most:
            return "nothing"
        ends = [f"£{end}" if end.value is not None else f"less than £{RULE.fewest}" for end in (self.least, self.most)]
        return ends[0] if ends[0] == ends[1] else " to ".join(ends)

    def worth(self, homes: Published, effect: Effect) -> str:
        """What each extra registration cost, in words that the interval allows."""
        cost = self.each(homes, effect)
        if cost is None:
            return "too few homes to tell"
        if isinf(cost.low):
            return "no extra registrations to set it against"
        if effect.too_early or isinf(cost.high):
            return "cannot be told: there may have been no extra registrations"
        if not self.most.most:
            return "nothing: emails are free"
        return f"{_money(cost.low)} to {_money(cost.high)}"


def _money(pounds: float) -> str:
    return f"£{pounds:,.2f}" if pounds < PENCE_UNDER else f"£{pounds:,.0f}"


@dataclass(frozen=True)
class _Courses:
    arms: Mapping[str, Course]


@dataclass(frozen=True)
class _Costs:
    arms: Mapping[str, Spent]


def courses(
    office: Office, campaign: Campaign, final: Reading | None, findings: Mapping[str, Finding], counted: set[str]
) -> Mapping[str, Course]:
    """By reminded arm. `counted` are the wards whose homes are in the totals of the findings. Without the register they
    are from, only what was published is read."""

    def make(final: Reading) -> tuple[_Courses, list[int]]:
        actor = Actor(campaign.authority, "engage")
        with office.database.session() as session:
            looks = monthly(session, campaign)
            baseline = session.get(Snapshot, campaign.register_snapshot)
            sent = waves(session, campaign.id or 0)
        last, *earlier = homes(office, actor, campaign, [final, *looks])
        frames = {one.as_at: frame for one, frame in zip(looks, earlier, strict=True)}
        points = shown(last[last["ward"].isin(counted)], frames, campaign.plan["comparison"], findings)
        used = {point.as_at for held in points.values() for point in held}
        began = baseline.as_at if baseline else campaign.window_start
        made = {
            arm: Course(
                began, tuple(w.send_on for w in sent if arm in w.arms and w.send_on < final.as_at), points[arm]
            )
            for arm in findings
        }  # fmt: skip
        return _Courses(made), [one.register.id or 0 for one in looks if one.as_at in used]

    made = _once(office, campaign, "course", _Courses, final, make)
    return made.arms if made else {}


def costs(office: Office, campaign: Campaign, final: Reading | None, arms: Iterable[str]) -> Mapping[str, Spent]:
    """By reminded arm. Counts and pounds are each rounded as a count of homes is."""

    def make(final: Reading) -> tuple[_Costs, list[int]]:
        sent = spent(office, campaign, final.as_at)
        made = {}
        for arm in arms:
            counts, pounds = sent[arm]
            messages = {channel: RULE.count(number) for channel, number in sorted(counts.items())}
            made[arm] = Spent(messages, *(RULE.count(round(end)) for end in pounds))
        return _Costs(made), []

    made = _once(office, campaign, "cost", _Costs, final, make)
    return made.arms if made else {}


def _once(
    office: Office, campaign: Campaign, what: str, kind: type[T], final: Reading | None,
    make: Callable[[Reading], tuple[T, list[int]]],
) -> T | None:  # fmt: skip
    """As it was published; None where that was taken back, and where it never was."""
    name = f"{what} of campaign {campaign.id}"
    with office.database.session() as session:
        kept = history(session, campaign.authority, snapshots.KIND, name)
        stands = snapshots.standing(office, session, campaign.authority, name)
    if kept or final is None:
        return snapshots.read(office, stands[0], kind) if stands else None
    made, basis = make(final)
    snapshots.keep(
        office, made, authority=campaign.authority, name=name, as_at=final.as_at, source=BEFORE_CLOSE, basis=basis
    )
    return made


def monthly(session: Session, campaign: Campaign) -> list[Reading]:
    """The registers before the last that members see: the first of its month, whatever is in it."""
    every = history(session, campaign.authority, "register")
    first: dict[tuple[int, int], date] = {}
    for one in every:
        month = one.as_at.year, one.as_at.month
        first[month] = min(first.get(month, one.as_at), one.as_at)
    return [one for one in readings(session, campaign)[:-1] if one.as_at in first.values()]


def shown(
    last: pd.DataFrame, frames: Mapping[date, pd.DataFrame], comparison: str, findings: Mapping[str, Finding]
) -> dict[str, tuple[Point, ...]]:
    """The points of each reminded arm, from the outcomes of the counted homes at the last register and at others.

    A point is shown of all arms or of none, as they share their comparison.
    """
    arms = [comparison, *findings]
    looks = [last.set_index("uprn")]
    points: dict[str, list[Point]] = {arm: [] for arm in findings}
    for day in sorted(frames, reverse=True):
        look = frames[day].set_index("uprn").loc[looks[0].index]
        if all(_far(look, other, arms) for other in looks) and all(_room(look, arm) for arm in arms):
            looks.append(look)
            for arm, finding in findings.items():
                points[arm].insert(0, _point(day, look, arm, comparison, finding, len(findings)))
    return {arm: tuple(held) for arm, held in points.items()}


def _far(look: pd.DataFrame, other: pd.DataFrame, arms: Sequence[str]) -> bool:
    """Whether at least ten homes of each arm differ. Where none does the other says it all."""
    changed = look["registered"] != other["registered"]
    return all(int(changed[look["arm"] == arm].sum()) >= RULE.fewest for arm in arms)


def _room(look: pd.DataFrame, arm: str) -> bool:
    registered = look.loc[look["arm"] == arm, "registered"]
    return RULE.fewest <= int(registered.sum()) <= len(registered) - RULE.fewest


def _point(day: date, look: pd.DataFrame, arm: str, comparison: str, finding: Finding, arms: int) -> Point:
    """The homes are those of the finding, as it shows them: rounded by another rule they would say more."""
    sides = [
        _side(finding_side.homes, int(look.loc[look["arm"] == name, "registered"].sum()))
        for name, finding_side in ((arm, finding.reminded), (comparison, finding.comparison))
    ]
    return Point(day, sides[0], sides[1], before_the_close(sides[0], sides[1], arms=arms))


def _side(homes: Published, registered: int) -> Side:
    shown: Any = RULE.count(registered)
    return Side(homes, shown, RULE.rate(shown, homes))
