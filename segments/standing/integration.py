"""How far each of twelve service areas relies on the gazetteer: who said what when. The last word counts, none is lost.

Each answer counts in equal steps from 0 to 100, and an area's score is the mean of its three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import audit
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.crosswalk import systems

AREAS = (
    "council tax", "benefits", "elections", "housing", "planning", "building control", "licensing", "waste",
    "highways", "social care", "environmental health", "customer contact",
)  # fmt: skip
# Each from what counts nothing to what counts most.
RELIES = {"none": "not at all", "field": "as a field", "key": "as its key"}
CURRENT = {"older": "older than a month", "monthly": "monthly", "daily": "daily", "live": "live"}
UPDATED = {"hand": "by hand", "file": "by file", "itself": "by itself"}
ASKED = {"relies": RELIES, "current": CURRENT, "updated": UPDATED}


class ServiceIntegration(SQLModel, table=True):
    __tablename__ = "service_integration"

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    area: str = Field(max_length=40)
    relies: str = Field(max_length=10)
    current: str = Field(max_length=10)
    updated: str = Field(max_length=10)
    said_at: datetime = Field(sa_type=Moment)
    said_by: str = Field(max_length=80)

    @property
    def score(self) -> float:
        """0 to 100."""
        parts = [list(words).index(getattr(self, name)) / (len(words) - 1) for name, words in ASKED.items()]
        return 100 * sum(parts) / len(parts)


@dataclass(frozen=True)
class Area:
    """What was said last, and the linked system whose name speaks for it, as a proposal."""

    name: str
    said: ServiceIntegration | None
    linked: str


def say(office: Office, actor: Actor, area: str, answers: Mapping[str, str]) -> None:
    if area not in AREAS:
        raise InputRefused(f"{area[:40]!r} is no service area: expected one of {', '.join(AREAS)}.")
    for name, words in ASKED.items():
        if answers.get(name) not in words:
            raise InputRefused(f"{area}: select all three answers. Nothing was changed.")
    with office.database.session() as session:
        session.add(ServiceIntegration(
            authority=actor.authority, area=area, said_at=office.clock.now(), said_by=actor.label,
            relies=answers["relies"], current=answers["current"], updated=answers["updated"],
        ))  # fmt: skip
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
            act="said how a service relies on UPRNs", subject=area, **{name: answers[name] for name in ASKED},
        )  # fmt: skip


def areas(session: Session, authority: str) -> list[Area]:
    query = select(ServiceIntegration).where(ServiceIntegration.authority == authority)
    last = {said.area: said for said in session.exec(query.order_by(col(ServiceIntegration.id)))}
    linked = [each.system.name for each in systems.of_authority(session, authority) if each.crosswalk]
    return [
        Area(area, last.get(area), next((name for name in linked if area in name.lower().replace("_", " ")), ""))
        for area in AREAS
    ]


def score(found: list[Area]) -> float | None:
    """The mean of the areas that somebody spoke for."""
    said = [area.said.score for area in found if area.said]
    return sum(said) / len(said) if said else None
