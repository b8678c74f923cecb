"""The published figures of one authority, gathered in one place: the ward pages, their files and API, the dashboard,
and every chart and its words read these and nothing else. Whoever may sign in sees the same ones.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from sqlmodel import Session, col, select

from campaigns.records.models import Campaign
from dashboards.published import snapshots
from dashboards.published.disclosure import HIDDEN, RULE, Breakdown, Published
from dashboards.published.findings import NO_EFFECT, UNSEEN, Effect, Finding, WardFinding, publish
from dashboards.published.groups import Divided, GroupFinding, divide, grouped
from dashboards.published.history import Counted, counted, of_former, registers
from dashboards.published.outcomes import Reading, cells, reading
from engage.foundation.errors import InputRefused
from engage.foundation.identity import authority as find_authority
from engage.foundation.identity import line
from engage.foundation.lake import Snapshot, current, standing
from engage.foundation.office import Actor, Office
from segments.areas import wards
from segments.homes import households, registrations
from segments.missing import gap

PLACES = ("indicator", "population", "boundaries", "geography")
READ = ("register", "households", *PLACES)
ALL = "All wards"
NOT_SHOWN = Published(HIDDEN, None)
NOBODY = RULE.count(0)
UNTIL_CLOSED = "What the reminders changed in each ward and group is shown once the outcome window has closed."


@dataclass(frozen=True)
class Completeness:
    """People on the register over people entitled to be. `low` and `high` are the 95 % interval of `share`."""

    eligible: Published
    registered: Published
    missing: Published
    share: Published
    low: Published
    high: Published

    @property
    def span(self) -> str:
        return "" if self.share.value is None or self.low.value is None else f"{self.low} to {self.high}"

    @property
    def beyond(self) -> bool:
        """More are registered than may be, beyond what the range allows: `Row.is_beyond`, of the published figures."""
        if None in (self.registered.value, self.eligible.value, self.low.value):
            return False
        return self.registered.least > self.eligible.most and (self.low.value or 0) >= 100

    @property
    def unknown(self) -> bool:
        """Nothing is known of the place, not even that few live there."""
        return self.eligible.text == HIDDEN

    @property
    def text(self) -> str:
        return f"{self.share} ({self.span})" if self.span else self.share.text


NOTHING = Completeness(NOT_SHOWN, NOT_SHOWN, NOT_SHOWN, NOT_SHOWN, NOT_SHOWN, NOT_SHOWN)


@dataclass(frozen=True)
class Ward:
    code: str
    name: str
    completeness: Completeness = NOTHING
    geometry: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Past:
    """How complete one register was, in all wards and by ward code, against the people entitled to be on it today."""

    as_at: date
    whole: Completeness
    wards: Mapping[str, Completeness]

    def ward(self, code: str) -> Completeness:
        return self.wards.get(code, NOTHING)


@dataclass(frozen=True)
class Trial:
    """One reminded arm of a campaign against its comparison. Without a finding, `waiting` says why there is none."""

    key: str
    name: str
    as_at: date | None = None
    interim: bool = False
    finding: Finding | None = None
    waiting: str = ""
    arm: str = ""
    divided: Divided = field(default_factory=dict)

    @property
    def campaign(self) -> str:
        """What the arms of one campaign share."""
        return self.key.partition("-")[0]

    def groups(self, division: str) -> tuple[GroupFinding, ...]:
        return self.divided.get(division, ())

    @property
    def headline(self) -> str:
        if self.finding is None:
            return self.waiting
        said = self.finding.headline
        return f"So far: {said[0].lower()}{said[1:]}" if self.interim else said

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

    @property
    def headline(self) -> str:
        """Completeness in a sentence."""
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
    if trial.interim:
        return UNTIL_CLOSED
    if effect.low.value is None or effect.high.value is None:
        return f"Too few homes in {ward.name} took part to show what the reminders changed here."
    if effect.too_early:
        return f"It is too early to say whether the reminders changed how many homes in {ward.name} registered."
    word, ends = ("more", (effect.low, effect.high)) if effect.low.value > 0 else ("fewer", (effect.high, effect.low))
    near, far = (f"{abs(end.value or 0):.1f}" for end in ends)
    return f"In {ward.name}, between {near} and {far} {word} homes in every 100 registered because of the reminders."


_KNOWN: WeakKeyDictionary[Office, dict[str, tuple[object, Figures]]] = WeakKeyDictionary()


def published(office: Office, authority: str) -> Figures:
    """The figures as they were published, from the lake; looked up again only when something was imported since."""
    with office.database.session() as session:
        name = find_authority(session, authority).name
        launched = _launched(session, authority)
        state = (name, standing(session, authority, READ), tuple(map(_version, launched)))
    known = _KNOWN.setdefault(office, {})
    if authority not in known or known[authority][0] != state:
        known[authority] = (state, _gather(office, authority, name, launched))
    return known[authority][1]


def _launched(session: Session, authority: str) -> list[Campaign]:
    """Its own, and those of the councils that went into it, whose homes were its homes."""
    codes = line(session, authority)
    query = select(Campaign).where(col(Campaign.authority).in_(codes), col(Campaign.launched_at).is_not(None))
    return list(session.exec(query.order_by(col(Campaign.id).desc())))


def _version(campaign: Campaign) -> tuple[object, ...]:
    return campaign.id, campaign.name, campaign.version, campaign.audience_snapshot, campaign.window_end


def _gather(office: Office, authority: str, name: str, launched: Sequence[Campaign]) -> Figures:
    trials = tuple(trial for campaign in launched for trial in _trials_here(office, authority, campaign))
    shapes = wards.shapes(office, authority)
    try:
        held = _complete(office, authority, shapes)
    except InputRefused as refused:
        bare = _by_name([Ward(code, ward, geometry=shape) for code, (ward, shape) in shapes.items()])
        return Figures(authority, name, bare, missing=str(refused), trials=trials)
    drawn = tuple(replace(w, geometry=shapes[w.code][1]) if w.code in shapes else w for w in held.wards)
    strangers = _strangers(office, authority, held.as_at)
    return Figures(
        authority, name, drawn, held.whole, held.as_at, strangers=strangers, trials=trials, pasts=held.pasts
    )  # fmt: skip


def _strangers(office: Office, authority: str, as_at: date) -> Published:
    """Of the register that these figures are of."""
    with office.database.session() as session:
        homes = registers(office, session, authority).get(as_at)
    return RULE.count(registrations.strangers(homes)) if homes else NOBODY


@dataclass(frozen=True)
class Complete:
    """How complete the registers are, as it was published: by what is known of places today, each register by the first
    import of its day that was published."""

    as_at: date
    whole: Completeness
    wards: tuple[Ward, ...]
    pasts: tuple[Past, ...]


def _complete(office: Office, authority: str, shapes: Mapping[str, tuple[str, Any]]) -> Complete:
    with office.database.session() as session:
        newest = current(session, authority, "households")
        homes = registers(office, session, authority)
        source = _source(homes, standing(session, authority, PLACES))
        kept = snapshots.standing(office, session, authority, snapshots.COMPLETENESS)
    if found := next((each for each in kept if each.source == source), None):
        return snapshots.read(office, found, Complete)
    rows, whole = gap.by_ward(office, authority), gap.overall(office, authority)
    if newest is None:
        raise InputRefused(households.NOT_BUILT)
    now = counted(office, authority, newest)
    of_each = [*of_former(office, authority, min(homes)), *(counted(office, authority, one) for one in homes.values())]
    held = {one.as_at: _before(rows, one, now) for one in of_each}
    pasts = tuple(_past(day, whole, then) for day, then in held.items())
    named = {code: (ward, None) for code, (ward, _) in shapes.items()}
    told = Complete(pasts[-1].as_at, pasts[-1].whole, _wards(held[pasts[-1].as_at], named), pasts)
    snapshots.keep(
        office, told, authority=authority, name=snapshots.COMPLETENESS, as_at=told.as_at, source=source,
        basis=[one.id or 0 for one in homes.values()],
    )  # fmt: skip
    return told


def _source(homes: Mapping[date, Snapshot], places: tuple[int | None, ...]) -> str:
    read = [[day.isoformat(), one.id] for day, one in homes.items()], places
    return sha256(json.dumps(read).encode()).hexdigest()


def _before(rows: Sequence[gap.Row], then: Counted, now: Counted) -> list[gap.Row]:
    """Entries that name nobody are taken to be the same share of each register as of the newest."""

    def before(row: gap.Row) -> gap.Row:
        electors = now.electors.get(row.key, 0.0)
        share = then.electors.get(row.key, 0.0) / electors if electors else 1.0
        return replace(row, registered=row.registered * share)

    return [before(row) for row in rows]


def _past(as_at: date, whole: gap.Row, rows: Sequence[gap.Row]) -> Past:
    eligible, registered = _counts(rows)
    by_ward = {row.key: _completeness(row, eligible[row.key], registered[row.key]) for row in rows}
    return Past(as_at, _completeness(whole, eligible.total, registered.total), by_ward)


def _wards(rows: Sequence[gap.Row], shapes: Mapping[str, tuple[str, Any]]) -> tuple[Ward, ...]:
    eligible, registered = _counts(rows)
    named = {row.key: row.name for row in rows} | {code: name for code, (name, _) in shapes.items()}
    made = {row.key: _completeness(row, eligible[row.key], registered[row.key]) for row in rows}
    return _by_name([Ward(c, n, made.get(c, NOTHING), shapes[c][1] if c in shapes else None) for c, n in named.items()])


def _by_name(wards: Sequence[Ward]) -> tuple[Ward, ...]:
    return tuple(sorted(wards, key=lambda ward: (ward.name, ward.code)))


def _counts(rows: Sequence[gap.Row]) -> tuple[Breakdown, Breakdown]:
    eligible = RULE.breakdown({row.key: round(row.eligible) for row in rows})
    return eligible, RULE.breakdown({row.key: round(row.registered) for row in rows})


def _completeness(row: gap.Row, eligible: Published, registered: Published) -> Completeness:
    """From the rounded counts; of the exact ones only the width of the interval is taken, to a whole percentage."""
    share = RULE.rate(registered, eligible)
    if share.value is None or not row.completeness or eligible.value is None or registered.value is None:
        return Completeness(eligible, registered, NOT_SHOWN, share, NOT_SHOWN, NOT_SHOWN)
    half = round(1 - row.low / row.completeness, 2)
    low, high = (_whole(share.value * end) for end in (1 - half, 1 + half))
    missing = RULE.count(round(max(0.0, eligible.value - registered.value)))
    return Completeness(eligible, registered, missing, share, low, high)


def _whole(percentage: float) -> Published:
    value = min(100, max(0, round(percentage)))
    return Published(f"{value}%", value)


@dataclass(frozen=True)
class Trials:
    """What one campaign published from one register."""

    trials: tuple[Trial, ...]


def _trials_here(office: Office, authority: str, campaign: Campaign) -> list[Trial]:
    """Those of a council that went into this one are measured on its own registers, and say whose they are."""
    found = _trials(office, campaign.authority, campaign)
    if campaign.authority == authority:
        return found
    with office.database.session() as session:
        council = find_authority(session, campaign.authority).name
    return [replace(trial, name=f"{trial.name} ({council})") for trial in found]


def _trials(office: Office, authority: str, campaign: Campaign) -> list[Trial]:
    """As they were published, else made and kept: from then on they stay, once the window has closed for good, before
    that until a register of another day comes."""
    if campaign.plan.get("comparison", "") not in campaign.plan.get("arms", {}):
        return [Trial(str(campaign.id), campaign.name, waiting="Everybody was reminded, so there is no comparison.")]
    name = f"campaign {campaign.id}"
    with office.database.session() as session:
        read = reading(session, campaign)
        kept = snapshots.standing(office, session, authority, name)
    final = next((one for one in kept if one.source == CLOSED), None)
    if read is None and final is None:
        return [Trial(str(campaign.id), campaign.name, waiting=_waiting(campaign))]
    source = INTERIM if read and read.interim else CLOSED
    found = final or next((one for one in kept if read and (one.source, one.as_at) == (source, read.as_at)), None)
    if found or read is None:
        held = snapshots.read(office, found, Trials).trials if found else ()
        return [replace(trial, name=_named(campaign, trial.arm, len(held))) for trial in held]
    trials = Trials(tuple(_measured(office, authority, campaign, read)))
    snapshots.keep(
        office, trials, authority=authority, name=name, as_at=read.as_at, source=source,
        basis=[read.register.id or 0],
    )  # fmt: skip
    return list(trials.trials)


CLOSED, INTERIM = "window closed", "window open"


def _named(campaign: Campaign, arm: str, arms: int) -> str:
    return f"{campaign.name}: {arm}" if arms > 1 else campaign.name


def _measured(office: Office, authority: str, campaign: Campaign, read: Reading) -> list[Trial]:
    comparison = campaign.plan.get("comparison", "")
    arms = [arm for arm in campaign.plan.get("arms", {}) if arm != comparison]
    actor = Actor(authority, "engage")
    whole, parts = cells(office, actor, campaign.id or 0), grouped(office, actor, campaign.id or 0)
    trials = []
    for place, arm in enumerate(arms):
        every = [*arms, comparison]
        finding = publish(whole, reminded=arm, comparison=comparison, arms=every, interim=read.interim)
        trials.append(
            Trial(
                key=f"{campaign.id}-{place}" if place else str(campaign.id),
                name=_named(campaign, arm, len(arms)),
                as_at=read.as_at, interim=read.interim, arm=arm, finding=finding,
                divided=divide(
                    parts, reminded=arm, comparison=comparison, arms=every, whole=finding.effect, interim=read.interim
                ),
            )
        )  # fmt: skip
    return trials


def _waiting(campaign: Campaign) -> str:
    due = f"{campaign.window_end.day} {campaign.window_end:%B %Y}"
    return f"No later register has been imported yet. The first figures come from the register of {due}."
