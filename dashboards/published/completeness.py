"""How complete each register shown is, as it was published: pages read it, and no later look tells of one home.

People entitled to be on a register are estimated from tables of places; people registered are counted from homes. The
first may be estimated anew, the second is shown anew only where `dashboards.published.looks` allows it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from dashboards.published import snapshots
from dashboards.published.disclosure import HIDDEN, RULE, Published
from dashboards.published.history import of_former, registers
from dashboards.published.looks import Counted, Look, Reader
from engage.foundation.errors import InputRefused
from engage.foundation.identity import line
from engage.foundation.lake import Snapshot, current, history, standing
from engage.foundation.office import Office
from segments.engine import execution
from segments.homes import households, registrations
from segments.missing import gap

PLACES = ("indicator", "population", "boundaries", "geography")
NOT_SHOWN = Published(HIDDEN, None)
NOBODY = RULE.count(0)
Shapes = Mapping[str, tuple[str, Any]]
"""Ward code to name and boundaries."""


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
class Complete:
    """How complete the registers are, as it was published: by what is known of places today, each register by the first
    import of its month that was published."""

    as_at: date
    whole: Completeness
    wards: tuple[Ward, ...]
    pasts: tuple[Past, ...]


def complete(office: Office, authority: str, shapes: Shapes) -> Complete:
    with office.database.session() as session:
        homes = registers(office, session, authority)
        source = _source(homes, standing(session, authority, PLACES))
        kept = snapshots.standing(office, session, authority, snapshots.COMPLETENESS)
    if found := next((each for each in kept if each.source == source), None):
        return snapshots.read(office, found, Complete)
    rows, whole = gap.by_ward(office, authority), gap.overall(office, authority)
    looks = _looks(office, authority, homes, rows, whole)
    pasts = tuple(look.shown for look in looks)
    told = Complete(pasts[-1].as_at, pasts[-1].whole, wards_of(rows, pasts[-1], shapes), pasts)
    snapshots.keep(
        office, told, authority=authority, name=snapshots.COMPLETENESS, as_at=told.as_at, source=source,
        basis=[one.id or 0 for one in homes.values()],
        looks=[look.register.as_dict() for look in looks],
    )  # fmt: skip
    return told


def _source(homes: Mapping[date, Snapshot], places: tuple[int | None, ...]) -> str:
    read = [[day.isoformat(), one.id] for day, one in homes.items()], places
    return sha256(json.dumps(read).encode()).hexdigest()


def _looks(
    office: Office, authority: str, homes: Mapping[date, Snapshot], rows: Sequence[gap.Row], whole: gap.Row
) -> list[Look[Past]]:
    with office.database.session() as session, execution.connect() as backend:
        newest = current(session, authority, "households")
        if newest is None:
            raise InputRefused(households.NOT_BUILT, by_command=households.BUILD)
        reader = Reader(office, session, backend, authority)
        geography = current(session, authority, "geography")
        place = geography.id or 0 if geography else 0
        now, _ = reader.count(Counted(newest.as_at, (newest.id or 0,), place), ())
        former = of_former(office, session, authority, min(homes))
        shown = former | {day: (one,) for day, one in homes.items()}
        seen, looks = _seen(office, session, authority), list[Look[Past]]()
        for day, tables in shown.items():
            register = Counted(day, tuple(one.id or 0 for one in tables), place)
            made = _look(reader, register, [*seen, *looks], _At(rows, whole, now))
            looks.append(made)
    return looks


@dataclass(frozen=True)
class _At:
    """What is known today: the rows of the newest register, and its electors by ward."""

    rows: Sequence[gap.Row]
    whole: gap.Row
    electors: Mapping[str, float]

    def before(self, electors: Mapping[str, float]) -> list[gap.Row]:
        """Entries that name nobody are taken to be the same share of each register as of the newest."""

        def before(row: gap.Row) -> gap.Row:
            now = self.electors.get(row.key, 0.0)
            return replace(row, registered=row.registered * (electors.get(row.key, 0.0) / now if now else 1.0))

        return [before(row) for row in self.rows]


def _seen(office: Office, session: Session, authority: str) -> list[Look[Past]]:
    """Every look there ever was, also of imports that were undone since, and of the councils that went into this one,
    oldest first."""
    found = []
    for code in reversed(line(session, authority)):
        for kept in sorted(history(session, code, snapshots.KIND, snapshots.COMPLETENESS), key=lambda one: one.id or 0):
            if office.lake.file(kept).exists():
                shown = {past.as_at: past for past in snapshots.read(office, kept, Complete).pasts}
                found += [Look(one, shown[one.as_at]) for one in _registers(session, kept) if one.as_at in shown]
    return found


def _registers(session: Session, kept: Snapshot) -> list[Counted]:
    """What a publication was counted from. An earlier version wrote down its tables of homes alone."""
    if "looks" in kept.report:
        return [Counted.of(one) for one in kept.report["looks"]]
    then = [one.id or 0 for one in history(session, kept.authority, "geography") if (one.id or 0) < (kept.id or 0)]
    tables = [session.get(Snapshot, number) for number in kept.report["basis"]]
    return [Counted(one.as_at, (one.id or 0,), max(then, default=0)) for one in tables if one]


def _look(reader: Reader, register: Counted, seen: Sequence[Look[Past]], today: _At) -> Look[Past]:
    """A register as it was shown, by what is known of places today; or as it may be shown for the first time."""
    own = next((look.shown.wards for look in seen if look.register == register), {})
    if all(row.key in own for row in today.rows):
        return Look(register, _past(register.as_at, today.rows, today.whole, own, seen))
    electors, held = reader.count(register, seen)
    stands = {ward: past.ward(then) for ward, (past, then) in held.items()}
    return Look(register, _past(register.as_at, today.before(electors), today.whole, stands, seen))


def _past(
    as_at: date, rows: Sequence[gap.Row], whole: gap.Row, stands: Mapping[str, Completeness],
    seen: Sequence[Look[Past]] = (),
) -> Past:  # fmt: skip
    """Counted by ward; all wards together are what the wards shown add up to, so that they tell nothing besides."""
    eligible = RULE.breakdown({row.key: round(row.eligible) for row in rows})
    shown = {row.key: _standing(stands.get(row.key)) or RULE.count(round(row.registered)) for row in rows}
    made = {row.key: _completeness(row, eligible[row.key], shown[row.key]) for row in rows}
    total = _completeness(whole, eligible.total, RULE.added(shown.values()))
    parts = {ward: _as_before(one, [stands[ward]] if ward in stands else []) for ward, one in made.items()}
    return Past(as_at, _as_before(total, (look.shown.whole for look in seen)), parts)


def _standing(held: Completeness | None) -> Published | None:
    """The people registered, where they may not be counted anew."""
    return None if held is None or held.registered.text == HIDDEN else held.registered


def _as_before(made: Completeness, shown: Iterable[Completeness]) -> Completeness:
    """The same counts have the range that they had: its width is worked out from exact ones."""
    alike = (one for one in shown if (one.eligible, one.registered) == (made.eligible, made.registered))
    return next(alike, made)


def wards_of(rows: Sequence[gap.Row], held: Past, shapes: Shapes) -> tuple[Ward, ...]:
    named = {row.key: row.name for row in rows} | {code: name for code, (name, _) in shapes.items()}
    return by_name([Ward(code, name, held.ward(code)) for code, name in named.items()])


def by_name(wards: Sequence[Ward]) -> tuple[Ward, ...]:
    return tuple(sorted(wards, key=lambda ward: (ward.name, ward.code)))


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


def strangers(office: Office, authority: str, as_at: date) -> Published:
    """Of the register of that day. As far as it is fewer than ten from an earlier one, it is shown as that was."""
    with office.database.session() as session:
        homes = registers(office, session, authority)
    counts: list[tuple[int, int]] = []
    for day, one in homes.items():
        number = registrations.strangers(one)
        shown = next((told for true, told in reversed(counts) if abs(true - number) < RULE.fewest), number)
        counts.append((number, shown))
        if day == as_at:
            return RULE.count(shown)
    return NOBODY
