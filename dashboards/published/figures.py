"""The published figures of one authority, gathered in one place: the ward pages, their files and API, the dashboard,
and every chart and its words read these and nothing else. Whoever may sign in sees the same ones.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from weakref import WeakKeyDictionary

import pandas as pd
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from campaigns.records.models import Campaign
from dashboards.published import snapshots
from dashboards.published.completeness import (
    NOBODY,
    NOTHING,
    PLACES,
    Completeness,
    Past,
    Ward,
    by_name,
    complete,
    strangers,
)
from dashboards.published.course import Course, Point, Spent, costs, courses
from dashboards.published.disclosure import RULE, Published
from dashboards.published.findings import NO_EFFECT, UNSEEN, Cell, Effect, Finding, WardFinding, parts_of, publish
from dashboards.published.groups import DIVISIONS, Divided, GroupFinding, cells_of, divide, tallied
from dashboards.published.outcomes import Reading, kept, parted, read_by, reading
from dashboards.published.overlaps import CLOSED, Overlaps, at_one_time, name_of
from engage.foundation.errors import InputRefused
from engage.foundation.identity import authority as find_authority
from engage.foundation.identity import line
from engage.foundation.lake import Snapshot, history, standing
from engage.foundation.office import Actor, Office
from segments.areas import wards

READ = ("register", "households", *PLACES)
ALL = "All wards"
SAME_HOMES = (
    "Nearly the same homes took part in another campaign at the same time. What this one changed is not shown: beside "
    "the other it would tell of the few homes that they do not share."
)


@dataclass(frozen=True)
class Trial:
    """One reminded arm of a campaign against its comparison. Without a finding, `waiting` says why there is none."""

    key: str
    name: str
    as_at: date | None = None
    finding: Finding | None = None
    waiting: str = ""
    due: date | None = None  # the day from which a register closes it, while that is awaited
    arm: str = ""
    divided: Divided = field(default_factory=dict)
    course: Course | None = None
    spent: Spent | None = None

    @property
    def campaign(self) -> str:
        """What the arms of one campaign share."""
        return self.key.partition("-")[0]

    def groups(self, division: str) -> tuple[GroupFinding, ...]:
        return self.divided.get(division, ())

    @property
    def headline(self) -> str:
        return self.finding.headline if self.finding else self.waiting

    @property
    def cost(self) -> str:
        """What each extra registration cost, in words; nothing where it was not published."""
        return self.spent.worth(self.finding.reminded.homes, self.effect) if self.spent and self.finding else ""

    @property
    def steps(self) -> tuple[Point, ...]:
        """Every register that is shown, the one that closed the window last."""
        if self.course is None or self.finding is None or self.as_at is None:
            return ()
        last = Point(self.as_at, self.finding.reminded, self.finding.comparison, self.finding.effect)
        return (*self.course.points, last)

    @cached_property
    def _wards(self) -> dict[str, WardFinding]:
        return {ward.ward: ward for ward in self.finding.wards} if self.finding else {}

    def ward(self, code: str) -> WardFinding:
        return self._wards.get(code) or WardFinding(code, UNSEEN, UNSEEN, NO_EFFECT)

    @property
    def effect(self) -> Effect:
        return self.finding.effect if self.finding else NO_EFFECT


@dataclass(frozen=True)
class Figures:
    """Wards are in the order of their names: never a league table. Trials are newest first.

    `as_at` is the date of the register that completeness is counted from; `missing` tells officers what it lacks.
    `pasts` are the registers so far, oldest first; the last is the one of `as_at`.
    """

    authority: str
    name: str
    wards: tuple[Ward, ...] = ()
    whole: Completeness = NOTHING
    as_at: date | None = None
    missing: str = ""
    strangers: Published = NOBODY  # electors whose postcode lies in another area, in none of these figures
    trials: tuple[Trial, ...] = field(default=())
    pasts: tuple[Past, ...] = field(default=())
    behind: str = ""  # that newer ones are being worked out, and of when these are
    unready: str = ""  # that there are none yet

    @property
    def headline(self) -> str:
        """Completeness in a sentence."""
        if self.unready:
            return self.unready
        if self.missing:
            cannot = "How complete the register is cannot be shown yet: the council has not loaded all it needs."
            return f"{cannot} {self.missing}"
        if self.whole.share.value is None:
            return "There are too few people here to show how complete the register is."
        return f"{self.whole.share} of the people entitled to be on the register are on it."

    def ward(self, code: str) -> Ward | None:
        return next((ward for ward in self.wards if ward.code == code), None)

    def past(self, asked: str = "") -> Past | None:
        """The register of the day asked for, else the newest."""
        found = next((past for past in self.pasts if past.as_at.isoformat() == asked), None)
        return found or next(reversed(self.pasts), None)

    def arms(self, trial: Trial | None) -> tuple[Trial, ...]:
        """Every reminded arm of the trial's campaign."""
        return tuple(each for each in self.trials if trial and each.campaign == trial.campaign)

    def trial(self, key: str = "") -> Trial | None:
        """The one asked for, else the newest that has a finding, else the newest."""
        asked = next((trial for trial in self.trials if trial.key == key), None)
        found = next((trial for trial in self.trials if trial.finding), None)
        return asked or found or next(iter(self.trials), None)


def ward_headline(ward: Ward, trial: Trial) -> str:
    """What the reminders changed in one ward, in a sentence, drawn towards the other wards as its figures are."""
    effect = trial.ward(ward.code).effect
    if trial.finding is None:
        return trial.waiting
    if effect.low.value is None or effect.high.value is None:
        return f"Too few homes in {ward.name} took part to show what the reminders changed here."
    if effect.too_early:
        return f"It is too early to say whether the reminders changed how many homes in {ward.name} registered."
    word, ends = ("more", (effect.low, effect.high)) if effect.low.value > 0 else ("fewer", (effect.high, effect.low))
    near, far = (f"{abs(end.value or 0):.1f}" for end in ends)
    return f"In {ward.name}, between {near} and {far} {word} homes in every 100 registered because of the reminders."


_KNOWN: WeakKeyDictionary[Office, dict[str, tuple[object, Figures]]] = WeakKeyDictionary()


def published(office: Office, authority: str) -> Figures:
    """The figures as they were published, from the lake; worked out where they are not yet, which may take a minute:
    pages show what lies there, by `dashboards.pages.publication`."""
    with office.database.session() as session:
        now = state(session, authority)
        launched = _launched(session, authority)
    known = _KNOWN.setdefault(office, {})
    if authority not in known or known[authority][0] != now:
        known[authority] = (now, _gather(office, authority, str(now[0]), launched))
    return known[authority][1]


def state(session: Session, authority: str) -> tuple[object, ...]:
    """What the figures are made of: they are worked out anew when it changes. Of campaigns only a few columns are
    read, as their plans are long."""
    columns = (Campaign.id, Campaign.name, Campaign.version, Campaign.audience_snapshot, Campaign.window_end)
    launched = session.exec(select(*columns).where(*_own(session, authority)).order_by(col(Campaign.id).desc()))  # type: ignore[call-overload]  # it takes any number
    name = find_authority(session, authority).name
    return name, standing(session, authority, READ), tuple(tuple(each) for each in launched)


def _own(session: Session, authority: str) -> tuple[ColumnElement[bool], ...]:
    """The launched campaigns of a council, and of those that went into it, whose homes were its homes."""
    return col(Campaign.authority).in_(line(session, authority)), col(Campaign.launched_at).is_not(None)


def _launched(session: Session, authority: str) -> list[Campaign]:
    return list(session.exec(select(Campaign).where(*_own(session, authority)).order_by(col(Campaign.id).desc())))


def _gather(office: Office, authority: str, name: str, launched: Sequence[Campaign]) -> Figures:
    # The earlier campaign is published first: of two that hold nearly the same homes the later has to give way.
    lots = _Lots(office, launched)
    made = [_trials_here(lots, authority, campaign) for campaign in reversed(launched)]
    trials = tuple(trial for held in reversed(made) for trial in held)
    shapes = wards.shapes(office, authority)
    try:
        held = complete(office, authority, shapes)
    except InputRefused as refused:
        bare = by_name([Ward(code, ward, geometry=shape) for code, (ward, shape) in shapes.items()])
        return Figures(authority, name, bare, missing=str(refused), trials=trials)
    drawn = tuple(replace(w, geometry=shapes[w.code][1]) if w.code in shapes else w for w in held.wards)
    outside = strangers(office, authority, held.as_at)
    return Figures(
        authority, name, drawn, held.whole, held.as_at, strangers=outside, trials=trials, pasts=held.pasts
    )  # fmt: skip


@dataclass(frozen=True)
class Trials:
    """What one campaign published from one register."""

    trials: tuple[Trial, ...]


def _trials_here(lots: "_Lots", authority: str, campaign: Campaign) -> list[Trial]:
    """Those of a council that went into this one are measured on its own registers, and say whose they are."""
    office, found = lots.office, _trials(lots, campaign)
    if campaign.authority == authority:
        return found
    with office.database.session() as session:
        council = find_authority(session, campaign.authority).name
    return [replace(trial, name=f"{trial.name} ({council})") for trial in found]


class _Lots:
    """The campaigns of a council, and what is read for all of them at once: what each published, the register it is
    measured by, and the outcomes of those that are to be published now, each counted and held against the others."""

    def __init__(self, office: Office, launched: Sequence[Campaign]) -> None:
        self.office, self._launched = office, launched
        self.reads: dict[int, Reading | None] = {}
        self.finals: dict[int, Snapshot] = {}
        self._outcomes: dict[int, Snapshot] = {}
        self._registers: dict[str, list[Snapshot]] = {}
        with office.database.session() as session:
            self._look(session)
            pairs = self._measure(session)
        self._tallies = tallied(office, pairs) if pairs else {}
        self._overlaps = Overlaps.of(office, list(self._outcomes.values())) if pairs else Overlaps({}, {})

    def _look(self, session: Session) -> None:
        for campaign in self._launched:
            code, number = campaign.authority, campaign.id or 0
            if code not in self._registers:
                self._registers[code] = history(session, code, "register")
            self.reads[number] = reading(session, campaign, self._registers[code])
            standing = snapshots.standing(self.office, session, code, name_of(campaign))
            if final := next((one for one in standing if one.source == CLOSED), None):
                self.finals[number] = final

    def _measure(self, session: Session) -> list[tuple[Snapshot, Snapshot]]:
        """The outcomes of those to be published, with their audiences; and those of whatever ran at their time."""
        due = [each for each in self._launched if self.is_due(each)]
        beside = [
            one for one in self._launched if one.id in self.finals and any(at_one_time(one, each) for each in due)
        ]
        for code in {each.authority for each in due}:
            own = [each for each in (*due, *beside) if each.authority == code]
            asked = [(each, read_by(session, each, self._registers[code])) for each in own]
            found = kept(self.office, Actor(code, "engage"), session, asked)
            self._outcomes |= {each.id or 0: one for (each, _), one in zip(asked, found, strict=True)}
        return [(self._outcomes[each.id or 0], session.get_one(Snapshot, each.audience_snapshot)) for each in due]

    def is_due(self, campaign: Campaign) -> bool:
        read = self.reads[campaign.id or 0]
        return bool(_compares(campaign) and campaign.id not in self.finals and read and not read.interim)

    def hidden(self, campaign: Campaign) -> set[str]:
        """Wards that are in no figure of it, for what others have published."""
        others = [one for one in self._launched if one.id in self.finals and at_one_time(one, campaign)]
        outcomes = [self._outcomes[one.id or 0] for one in others]
        return self._overlaps.wards(self._outcomes[campaign.id or 0], outcomes)

    def tally(self, campaign: Campaign) -> pd.DataFrame:
        return self._tallies[self._outcomes[campaign.id or 0].id or 0]


def _compares(campaign: Campaign) -> bool:
    return campaign.plan.get("comparison", "") in campaign.plan.get("arms", {})


def _trials(lots: _Lots, campaign: Campaign) -> list[Trial]:
    """Published once, from the register that closes the outcome window: before that there is nothing to compare it
    with, and after that it stays. Made and kept by whoever asks first."""
    if not _compares(campaign):
        return [Trial(str(campaign.id), campaign.name, waiting="Everybody was reminded, so there is no comparison.")]
    office, read = lots.office, lots.reads[campaign.id or 0]
    if final := lots.finals.get(campaign.id or 0):
        held = snapshots.read(office, final, Trials).trials
        named = [replace(trial, name=_named(campaign, trial.arm, len(held))) for trial in held]
        return _accompanied(lots, campaign, named, None)
    if read is None or read.interim:
        return [Trial(str(campaign.id), campaign.name, waiting=_waiting(campaign), due=campaign.window_end)]
    before = _taken_back(office, campaign)
    hidden = lots.hidden(campaign)
    trials = before or Trials(tuple(_measured(lots, campaign, read, hidden)))
    lots.finals[campaign.id or 0] = snapshots.keep(
        office, trials, authority=campaign.authority, name=name_of(campaign), as_at=read.as_at, source=CLOSED,
        basis=[read.register.id or 0],
    )  # fmt: skip
    return _accompanied(lots, campaign, trials.trials, None if before else read, hidden)


def _accompanied(
    lots: _Lots, campaign: Campaign, trials: Sequence[Trial], read: Reading | None, hidden: Collection[str] = (),
) -> list[Trial]:  # fmt: skip
    """With how it went and what it cost: published with the finding, from the same register, or never."""
    findings = {trial.arm: trial.finding for trial in trials if trial.finding and trial.effect.shown}
    if not findings:
        return list(trials)
    went = courses(lots.office, campaign, read, findings, _counted(lots, campaign, hidden) if read else set())
    spent = costs(lots.office, campaign, read, findings)
    return [replace(trial, course=went.get(trial.arm), spent=spent.get(trial.arm)) for trial in trials]


def _counted(lots: _Lots, campaign: Campaign, hidden: Collection[str]) -> set[str]:
    """The wards whose homes are in the totals."""
    held = _without(hidden, cells_of(lots.tally(campaign)))
    return set(parts_of(held, list(campaign.plan["arms"])))


def _taken_back(office: Office, campaign: Campaign) -> Trials | None:
    """What was published from a register that was undone, where fewer than ten homes differ from it: it stands."""
    actor = Actor(campaign.authority, "engage")
    with office.database.session() as session:
        kept = history(session, campaign.authority, snapshots.KIND, name_of(campaign))
    for one in kept:
        if one.source == CLOSED and office.lake.file(one).exists():
            differ = parted(office, actor, campaign.id or 0, one.report["basis"][0])
            if differ is not None and differ < RULE.fewest:
                return snapshots.read(office, one, Trials)
    return None


def _named(campaign: Campaign, arm: str, arms: int) -> str:
    return f"{campaign.name}: {arm}" if arms > 1 else campaign.name


def _measured(lots: _Lots, campaign: Campaign, read: Reading, hidden: Collection[str]) -> list[Trial]:
    comparison = campaign.plan.get("comparison", "")
    arms = [arm for arm in campaign.plan.get("arms", {}) if arm != comparison]
    tally = lots.tally(campaign)
    whole = _without(hidden, cells_of(tally))
    parts = {by: _without(hidden, cells_of(tally, by)) for by in DIVISIONS}
    if not whole:
        return [Trial(str(campaign.id), campaign.name, read.as_at, waiting=SAME_HOMES)]
    trials = []
    for place, arm in enumerate(arms):
        every = [*arms, comparison]
        finding = publish(whole, reminded=arm, comparison=comparison, arms=every)
        trials.append(
            Trial(
                key=f"{campaign.id}-{place}" if place else str(campaign.id),
                name=_named(campaign, arm, len(arms)),
                as_at=read.as_at, arm=arm, finding=finding,
                divided=divide(parts, reminded=arm, comparison=comparison, arms=every, whole=finding.effect),
            )
        )  # fmt: skip
    return trials


def _without(hidden: Collection[str], held: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in held if cell.ward not in hidden]


def _waiting(campaign: Campaign) -> str:
    due = f"{campaign.window_end.day} {campaign.window_end:%B %Y}"
    return f"What the reminders changed is shown once, from the first register of {due} or later."
