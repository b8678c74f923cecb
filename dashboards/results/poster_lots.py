"""What posters changed where a lot put them: homes in which somebody new registered, in wards with posters and without.

Each ward is one throw of the lot, so wards are counted as clusters, and where they are few the lot is drawn again. All
of it is worked out from published counts alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import isinf

import ibis
import numpy as np
import pandas as pd
from sqlmodel import Session

from campaigns.sharing.lots import PosterLot
from dashboards.published.disclosure import HIDDEN, RULE, Breakdown, Published
from dashboards.published.findings import NOUGHT, Cell
from dashboards.published.outcomes import gained, known_by_name
from dashboards.statistics import uplift
from dashboards.statistics.intervals import Interval
from engage.foundation.lake import Snapshot, history
from engage.foundation.office import Actor, Office
from segments.engine import execution, imported
from segments.homes import registrations

POSTERS, NONE = "posters", "none"


@dataclass(frozen=True)
class Side:
    homes: Published
    registered: Published
    rate: Published


@dataclass(frozen=True)
class WardLine:
    ward: str
    posters: bool
    side: Side


@dataclass(frozen=True)
class Result:
    """Points are homes of 100. `headline` says it in a sentence; nothing is claimed where the interval holds nought."""

    as_at: date
    posters: Side
    none: Side
    wards: tuple[WardLine, ...]
    difference: Published
    low: Published
    high: Published
    headline: str

    @property
    def shown(self) -> bool:
        return self.difference.value is not None


def result(office: Office, actor: Actor, lot: PosterLot) -> Result | None:
    """None before a register of its last day or later is there. Counted once, as members see it from then on; only
    where that register is taken back, again."""
    with office.database.reading() as session:
        register, cells = _kept(session, lot)
        ready = register or _counted_on(session, lot)
    if register is None and ready is not None:
        with office.database.session() as session:
            register, cells = _keep(office, actor, session, lot, ready)
    return _published(cells, register.as_at) if register else None


def _kept(session: Session, lot: PosterLot) -> tuple[Snapshot | None, tuple[Cell, ...]]:
    register = session.get(Snapshot, lot.counted["register"]) if lot.counted else None
    if register is None or register.undone_at:
        return None, ()
    drawn = set(lot.drawn)
    return register, tuple(
        Cell(ward, POSTERS if ward in drawn else NONE, homes, new) for ward, homes, new in lot.counted["homes"]
    )


def _keep(
    office: Office, actor: Actor, session: Session, lot: PosterLot, register: Snapshot
) -> tuple[Snapshot | None, tuple[Cell, ...]]:
    """By the first who asks."""
    held = session.get_one(PosterLot, lot.id, with_for_update=True)
    known = _kept(session, held)
    if known[0] is None:
        rows = _homes(office, actor, session, held, register)
        held.counted = {"register": register.id, "homes": rows}
        known = _kept(session, held)
    return known


def _counted_on(session: Session, lot: PosterLot) -> Snapshot | None:
    """The first register that holds all of it, and not the newest, which tells of what came after as well."""
    later = [each for each in history(session, lot.authority, "register") if each.as_at >= lot.ends]
    first = min((each.as_at for each in later), default=None)
    return next((each for each in later if each.as_at == first), None)


def _homes(
    office: Office, actor: Actor, session: Session, lot: PosterLot, register: Snapshot
) -> list[tuple[str, int, int]]:
    """Exact counts by ward, of the homes and wards as they were when the lot was drawn."""
    baseline = imported.needed(session.get(Snapshot, lot.register_snapshot), "register")
    homes = imported.needed(session.get(Snapshot, lot.homes_snapshot), "households")
    tied = [registrations.linked(office, actor, session, each) for each in (baseline, register)]
    by_name = any(known_by_name(session, each) for each in (baseline, register))
    with execution.connect() as backend:
        gains = gained(*(execution.table(backend, office.lake, each) for each in tied), by_name=by_name)
        there = execution.table(backend, office.lake, homes).select("uprn", "ward")
        joined = execution.attach(there.filter(there.ward.isin(sorted(lot.wards))), gains, "uprn")
        new = (joined.gained.fill_null(0) > 0).cast("int64")
        counted = joined.mutate(new=new).group_by("ward").agg(homes=ibis._.count(), new=ibis._.new.sum())
        rows = counted.order_by("ward").execute()
    return [(str(ward), int(n), int(yes)) for ward, n, yes in rows.itertuples(index=False)]


@lru_cache(maxsize=32)
def _published(cells: tuple[Cell, ...], as_at: date) -> Result:
    homes, new = ({arm: _of(cells, arm, name) for arm in (POSTERS, NONE)} for name in ("homes", "registered"))
    homes_of, new_of = (RULE.breakdown(each) for each in (homes, new))
    lines = [
        WardLine(cell.ward, cell.arm == POSTERS, _side(_part(homes_of, cell), _part(new_of, cell)))
        for cell in sorted(cells, key=lambda each: each.ward)
    ]
    sides = {arm: _side(homes_of[arm], new_of[arm]) for arm in (POSTERS, NONE)}
    told = _effect(lines) if RULE.enough(*(side.homes for side in sides.values())) else None
    return Result(as_at, sides[POSTERS], sides[NONE], tuple(lines), *_points(told), _headline(told))


def _of(cells: Sequence[Cell], arm: str, name: str) -> Mapping[str, int]:
    return {cell.ward: getattr(cell, name) for cell in cells if cell.arm == arm}


def _part(whole: Breakdown, cell: Cell) -> Published:
    arm = whole.parts[cell.arm]
    assert isinstance(arm, Breakdown)
    return arm[cell.ward]


def _side(homes: Published, registered: Published) -> Side:
    return Side(homes, registered, RULE.rate(registered, homes))


@dataclass(frozen=True)
class _Told:
    difference: float
    interval: Interval


def _effect(lines: Sequence[WardLine]) -> _Told | None:
    """As randomised, a row for each home of the published counts."""
    held = [(line, *_likely(line.side)) for line in lines]
    if any(not [1 for line, n, _ in held if line.posters is posters and n] for posters in (True, False)):
        return None
    table = pd.concat(
        pd.DataFrame({
            "arm": POSTERS if line.posters else NONE, "ward": line.ward, "new": np.repeat([1.0, 0.0], [yes, n - yes]),
        })
        for line, n, yes in held if n
    )  # fmt: skip
    [arm] = uplift.estimate(table, arm="arm", outcome="new", cluster="ward", control=NONE).arms
    return _Told(arm.difference, arm.judged)


def _likely(side: Side) -> tuple[int, int]:
    """A count that is not shown is taken in the middle of what its words allow."""
    n, yes = (
        round((each.least + each.most) / 2 if each.value is None and each.text != HIDDEN else each.value or 0)
        for each in (side.homes, side.registered)
    )
    return n, min(n, yes)


def _points(told: _Told | None) -> tuple[Published, Published, Published]:
    if told is None:
        return (Published(HIDDEN, None),) * 3
    return _point(told.difference), _point(told.interval.low), _point(told.interval.high)


def _point(share: float) -> Published:
    if isinf(share):
        return Published("without limit", None)
    return Published(f"{100 * share:+.1f}", round(100 * share, 1))


def _headline(told: _Told | None) -> str:
    if told is None:
        return "There are too few homes in these wards to show what posters changed."
    low, high = told.interval
    if told.interval.near(NOUGHT):
        return (
            "Nobody can say yet whether posters changed anything: the figures fit anything from "
            f"{_more(low)} to {_more(high)} homes in every 100 with somebody newly registered."
        )
    near, far = sorted((abs(low), abs(high)))
    word = "more" if low > 0 else "fewer"
    return (
        f"Between {100 * near:.1f} and {100 * far:.1f} {word} homes in every 100 had somebody newly registered because "
        "of the posters."
    )


def _more(share: float) -> str:
    if isinf(share):
        return "any number"
    return f"{abs(100 * share):.1f} {'fewer' if share < 0 else 'more'}"
