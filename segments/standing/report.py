"""The month's standing as one: measures with their levels, what would lift them, earlier months and the services."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TextIO

from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.files import cells
from engage.foundation.office import Actor, Office
from segments.standing import integration, measures, schedule
from segments.standing.integration import Area
from segments.standing.measures import LISTED, Measured
from segments.standing.schedule import GOLDEN, LEVELS, MONTHS, PLATINUM, ImprovementSchedule, Lift, StandingMonth

COLUMNS = ("uprn", "address", "measure", "what is wrong", "what is right")


@dataclass(frozen=True)
class Month:
    month: StandingMonth
    level: str | None


@dataclass(frozen=True)
class Standing:
    figures: list[Measured]
    schedule: ImprovementSchedule | None
    months: list[Month]
    areas: list[Area]

    @property
    def levels(self) -> dict[str, list[float]]:
        return self.schedule.levels if self.schedule else {}

    @property
    def overall(self) -> str | None:
        found = schedule.overall(self.figures, self.levels)
        return PLATINUM if found == LEVELS[-1] and self._golden >= GOLDEN else found

    @property
    def _golden(self) -> int:
        """Of the last six months, of which those not kept count as none."""
        newest = self.months[0].month.month
        recent = takewhile(lambda each: _apart(newest, each.month.month) < MONTHS, self.months)
        return sum(each.level == LEVELS[-1] for each in recent)

    @property
    def lifts(self) -> list[Lift]:
        return schedule.lifts(self.figures, self.levels)

    @property
    def score(self) -> float | None:
        return integration.score(self.areas)

    def level(self, measured: Measured) -> str | None:
        return schedule.level(measured, self.levels)

    def as_dict(self) -> dict[str, Any]:
        return {
            "level": self.overall, "schedule_since": self.schedule and self.schedule.since.isoformat(),
            "measures": [measures.as_dict(each) | {"level": self.level(each)} for each in self.figures],
            "lifts": [{"measure": lift.key, "level": lift.level, "more": lift.more} for lift in self.lifts],
            "months": [
                {"month": each.month.month.isoformat()[:7], "level": each.level,
                 "percent": {m.key: round(m.percent or 0, 1) for m in each.month.figures}}
                for each in self.months
            ],
            "services": {area.name: area.said and round(area.said.score, 1) for area in self.areas},
            "services_score": self.score,
        }  # fmt: skip


def _apart(later: Any, earlier: Any) -> int:
    return int(12 * (later.year - earlier.year) + later.month - earlier.month)


def take(office: Office, actor: Actor) -> Standing:
    """Count, and keep the figures as this month's; InputRefused says that there is no gazetteer yet."""
    figures = measures.count(office, actor)
    schedule.keep(office, actor, figures)
    with office.database.session() as session:
        return Standing(
            figures, schedule.in_force(session, actor.authority, today(office.clock)),
            list(_months(session, actor.authority)), integration.areas(session, actor.authority),
        )  # fmt: skip


def _months(session: Session, authority: str) -> Iterator[Month]:
    """Each by the schedule that was in force when it was taken."""
    for kept in schedule.months(session, authority):
        by = schedule.in_force(session, authority, kept.taken_at.date())
        yield Month(kept, schedule.overall(kept.figures, by.levels) if by else None)


def to_mend(office: Office, actor: Actor, key: str = "") -> list[tuple[int, str, str, str, str]]:
    """Of one measure, or of all. Reading it is recorded."""
    keys = (key,) if key else tuple(measure.key for measure in LISTED)
    found = measures.to_mend(office, actor, keys)
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
            act="read properties to mend", subject=key or "every measure", rows=len(found),
        )  # fmt: skip
    return found


def export(office: Office, actor: Actor, to: TextIO, key: str = "") -> int:
    """Write the CSV, safe to open in a spreadsheet; gives the number of rows."""
    return cells.write(to, COLUMNS, iter(to_mend(office, actor, key)), ends="\r\n")
