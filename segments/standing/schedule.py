"""The levels of the improvement schedule as a custodian entered them, and what each measure reaches by them.

GeoPlace changes the thresholds each year, so there are none in the code: until a schedule is entered, a measure has a
figure and no level. A schedule is never changed; what is entered again for the same day follows on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from segments.standing.measures import BY_KEY, Measured

LEVELS = ("national standard", "bronze", "silver", "gold")
BELOW, PLATINUM = "below the national standard", "platinum"
MONTHS, GOLDEN = 6, 5  # platinum is said of gold in five of six months
Thresholds = Mapping[str, Sequence[float]]


class ImprovementSchedule(SQLModel, table=True):
    """`levels` has the four percentages of each measure that the schedule asks, lowest first."""

    __tablename__ = "improvement_schedule"

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    since: date
    levels: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    entered_at: datetime = Field(sa_type=Moment)
    entered_by: str = Field(max_length=80)


class StandingMonth(SQLModel, table=True):
    """How the gazetteer stood when it was last looked at in a month. `measured` has good and of, by measure."""

    __tablename__ = "standing_month"
    __table_args__ = (UniqueConstraint("authority", "month"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    month: date
    measured: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    taken_at: datetime = Field(sa_type=Moment)

    @property
    def figures(self) -> list[Measured]:
        return [Measured(key, *found) for key, found in self.measured.items() if key in BY_KEY]


@dataclass(frozen=True)
class Lift:
    """How many more have to be right for the next level of a measure."""

    key: str
    level: str
    more: int

    @property
    def title(self) -> str:
        return BY_KEY[self.key].title


def enter(office: Office, actor: Actor, since: date, levels: Thresholds) -> None:
    """Keep a schedule; InputRefused says what is wrong with one, and then nothing was kept."""
    _demand(levels)
    with office.database.session() as session:
        session.add(ImprovementSchedule(
            authority=actor.authority, since=since, levels={key: list(each) for key, each in levels.items()},
            entered_at=office.clock.now(), entered_by=actor.label,
        ))  # fmt: skip
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
            act="entered improvement schedule", subject=f"since {since.isoformat()}", measures=len(levels),
        )  # fmt: skip


def _demand(levels: Thresholds) -> None:
    if not levels:
        raise InputRefused("The schedule asks nothing: expected four percentages for at least one measure.")
    for key, each in levels.items():
        if key not in BY_KEY:
            raise InputRefused(f"{key[:40]!r} is no measure: expected one of {', '.join(BY_KEY)}.")
        if len(each) != len(LEVELS) or not all(0 <= value <= 100 for value in each) or list(each) != sorted(each):
            raise InputRefused(
                f"{BY_KEY[key].title}: expected four percentages from 0 to 100 that do not fall, for "
                f"{', '.join(LEVELS)}."
            )


def in_force(session: Session, authority: str, day: date) -> ImprovementSchedule | None:
    query = select(ImprovementSchedule).where(
        ImprovementSchedule.authority == authority, ImprovementSchedule.since <= day
    )
    newest = query.order_by(col(ImprovementSchedule.since).desc(), col(ImprovementSchedule.id).desc())
    return session.exec(newest.limit(1)).first()


def newest(session: Session, authority: str) -> ImprovementSchedule | None:
    """What was entered last, also for a day ahead."""
    query = select(ImprovementSchedule).where(ImprovementSchedule.authority == authority)
    return session.exec(query.order_by(col(ImprovementSchedule.id).desc()).limit(1)).first()


def level(measured: Measured, levels: Thresholds) -> str | None:
    """None where the schedule asks nothing of it or there is no figure."""
    if measured.key not in levels or not measured.of:
        return None
    reached = [name for name, least in zip(LEVELS, levels[measured.key], strict=True) if _needed(measured, least) <= 0]
    return reached[-1] if reached else BELOW


def overall(figures: Sequence[Measured], levels: Thresholds) -> str | None:
    """The lowest of what the schedule asks. None where one of these has no figure: then nobody can tell."""
    found = {each.key: level(each, levels) for each in figures}
    asked = [found.get(key) for key in levels]
    if not asked or None in asked:
        return None
    return min((each for each in asked if each), key=(BELOW, *LEVELS).index)


def lifts(figures: Sequence[Measured], levels: Thresholds) -> list[Lift]:
    """The next level of each measure that has one, the cheapest first."""
    found = [lift for each in figures if each.of for lift in _next(each, levels.get(each.key, ()))]
    return sorted(found, key=lambda lift: (lift.more, lift.title))


def _next(measured: Measured, thresholds: Sequence[float]) -> list[Lift]:
    missing = ((name, _needed(measured, least)) for name, least in zip(LEVELS, thresholds, strict=False))
    return [Lift(measured.key, name, more) for name, more in missing if more > 0][:1]


def _needed(measured: Measured, least: float) -> int:
    """In thousandths of a percent, so that 99.9 % of 1,000 are 999."""
    return ceil(round(least * 1000) * measured.of / 100_000) - measured.good


def keep(office: Office, actor: Actor, figures: Sequence[Measured]) -> None:
    """The month's figures, over those of an earlier day of the month. Two at once take turns by the authority's row."""
    month = today(office.clock).replace(day=1)
    with office.database.session() as session:
        session.exec(select(Authority).where(Authority.code == actor.authority).with_for_update()).first()
        query = select(StandingMonth).where(
            StandingMonth.authority == actor.authority, StandingMonth.month == month
        )  # fmt: skip
        measured = {each.key: [each.good, each.of] for each in figures if each.of}
        now = office.clock.now()
        kept = session.exec(query).first() or StandingMonth(
            authority=actor.authority, month=month, measured=measured, taken_at=now
        )
        kept.measured, kept.taken_at = measured, now
        session.add(kept)


def months(session: Session, authority: str) -> list[StandingMonth]:
    """The last six that were kept, newest first."""
    query = select(StandingMonth).where(StandingMonth.authority == authority)
    return list(session.exec(query.order_by(col(StandingMonth.month).desc()).limit(MONTHS)))
