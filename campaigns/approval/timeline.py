"""The calendar of a plan: waves, groups, quiet days, deadline, the time before a poll and the window, each clash told.

The same days stand in the table in words and in the picture above it, which says nothing that the table does not.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from campaigns.approval import dates
from campaigns.approval.dates import Clash
from campaigns.plan.plan import Plan, PlannedWave
from campaigns.records.lookup import deadline
from campaigns.records.models import Channel
from engage.foundation.calendar import Law, Period, law, pre_election_periods, quiet_day
from engage.foundation.clock import london, today
from engage.foundation.office import Office
from engage.foundation.words import day, month, sentence

WIDTH, LABELS = 720, 170  # of the picture, and what its rows are called by
BY = {Channel.email: "email", Channel.sms: "text", Channel.letter: "letter"}


@dataclass
class Entry:
    """What is on one day. `clashes` stand beside it, in words."""

    on: date
    what: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)


@dataclass(frozen=True)
class Bar:
    x: float
    width: float
    words: str


@dataclass(frozen=True)
class Lane:
    """A row of the picture: a group with its waves, or bars of days."""

    name: str
    waves: tuple[tuple[float, int], ...] = ()
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Timeline:
    entries: list[Entry]
    quiet: str
    lanes: list[Lane]
    months: list[tuple[float, str]]
    lines: list[tuple[float, str]]  # days that matter to all rows: today, the last day to register, the poll

    @property
    def clashes(self) -> list[Clash]:
        """Those that keep the plan back."""
        return [clash for entry in self.entries for clash in entry.clashes if not clash.told]


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date

    def x(self, on: date) -> float:
        share = (on - self.first).days / ((self.last - self.first).days + 1)
        return round(LABELS + share * (WIDTH - LABELS), 1)

    def bar(self, first: date, last: date, words: str) -> Bar:
        begins, ends = max(first, self.first), min(last, self.last) + timedelta(days=1)
        return Bar(self.x(begins), max(0.0, round(self.x(ends) - self.x(begins), 1)), words)

    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def timeline(office: Office, plan: Plan, nation: str) -> Timeline:
    rules, clashes = law(office.settings.home), dates.judge(office, plan, nation)
    if dates.far_off(office, plan):
        entries = [Entry(clash.on, clashes=[clash]) for clash in clashes]
        return Timeline(entries, "", [], [], [])
    end = deadline(office, plan.as_json(), nation)
    closes = london(end - timedelta(seconds=1)).date() if end else None
    periods = _periods(plan, nation, rules)
    entries = _entries(plan, closes, periods, clashes)
    scale = _scale(office, entries)
    lines = {"today": today(office.clock), "last day to register": closes, "poll": plan.poll_date}
    return Timeline(
        entries, _quiet(scale, nation, rules), _lanes(plan, scale, periods, nation, rules), _months(scale),
        [(scale.x(on), f"{words}, {day(on)}") for words, on in lines.items() if on and scale.first <= on <= scale.last],
    )  # fmt: skip


def _periods(plan: Plan, nation: str, rules: Law) -> list[Period]:
    """Before each poll that the plan names or that comes while it runs."""
    first, last = _span(plan)
    found = pre_election_periods(nation, rules, plan.poll_date, plan.poll_kind or "other")
    return [each for each in found if each.poll == plan.poll_date or (each.first <= last and first <= each.poll)]


def _span(plan: Plan) -> tuple[date, date]:
    days = [plan.outcome_window.start, plan.outcome_window.end, *(wave.send_on for wave in plan.waves)]
    return min(days), max(days)


def _entries(plan: Plan, closes: date | None, periods: list[Period], clashes: list[Clash]) -> list[Entry]:
    found: defaultdict[date, list[str]] = defaultdict(list)
    for number, wave in dates.waves_of(plan):
        found[wave.send_on].append(_wave(number, wave))
    if len(plan.arms) > 1:
        found[plan.outcome_window.start].append("The comparison begins")
        found[plan.outcome_window.end].append(
            "The comparison ends: import a register taken on this day, or before the others are reminded"
        )
    for period in periods:
        found[period.first].append(f"Last day for the notice of the {period.name}: until the poll two people approve")
        found[period.poll].append(f"Poll: {period.name}")
    if closes:
        found[closes].append("Last day to register for the poll")
    for clash in clashes:
        found[clash.on] += []
    return [
        Entry(on, what, [clash for clash in clashes if clash.on == on]) for on, what in sorted(found.items())
    ]  # fmt: skip


def _wave(number: int, wave: PlannedWave) -> str:
    by = " or else ".join(BY[channel] for channel in wave.channels)
    until = f", until {day(wave.expires_on)}" if wave.expires_on else ""
    return f"Wave {number}: {by} to {', '.join(f'“{arm}”' for arm in wave.arms)}{until}"


def _scale(office: Office, entries: list[Entry]) -> _Scale:
    """From the first day of the plan, or today where it comes soon, to the last."""
    now, first = today(office.clock), entries[0].on
    begins = now if first - timedelta(days=31) <= now < first else first
    return _Scale(begins, entries[-1].on)


def _quiet(scale: _Scale, nation: str, rules: Law) -> str:
    quiet = [on for on in scale.days() if quiet_day(on, nation, rules)]
    others = [day(on) for on in quiet if on.weekday() != dates.SUNDAY]
    sundays = ["Sundays"] if len(others) < len(quiet) else []
    return ", ".join([*sundays, *others])


def _lanes(plan: Plan, scale: _Scale, periods: list[Period], nation: str, rules: Law) -> list[Lane]:
    lanes = [
        Lane(
            sentence(arm),
            tuple((scale.x(wave.send_on), number) for number, wave in dates.waves_of(plan) if arm in wave.arms),
        )
        for arm in plan.arms
    ]
    window = plan.outcome_window
    if len(plan.arms) > 1:
        lanes.append(Lane("Compared", bars=(scale.bar(window.start, window.end, "comparison"),)))
    if periods:
        shown = [period for period in periods if period.first <= scale.last]
        lanes.append(Lane("Before a poll", bars=tuple(scale.bar(each.first, each.poll, each.name) for each in shown)))
    quiet = tuple(scale.bar(on, on, day(on)) for on in scale.days() if quiet_day(on, nation, rules))
    return [*lanes, Lane("Quiet days", bars=quiet)]


def _months(scale: _Scale) -> list[tuple[float, str]]:
    return [(scale.x(on), month(on)[:3]) for on in scale.days() if on.day == 1]
