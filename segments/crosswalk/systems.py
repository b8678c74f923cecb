"""The systems whose lists are tied to properties, what people decided of single addresses, and the table of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, current, history

KIND = "crosswalk"
LONGEST = 60


class CrosswalkSystem(SQLModel, table=True):
    """`settles` is whether what is sure counts without a person."""

    __tablename__ = "crosswalk_system"
    __table_args__ = (UniqueConstraint("authority", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    name: str = Field(max_length=LONGEST)
    columns: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    confirmed_at: datetime = Field(sa_type=Moment)
    confirmed_by: str = Field(max_length=80)
    settles: bool = True
    stopped_at: datetime | None = Field(default=None, sa_type=Moment)


class CrosswalkDecision(SQLModel, table=True):
    """What a person said of one address of one system. `evidence` and `foremost` are what the matching had said of it,
    `sampled` whether it had settled, `seconds` how long they looked at it."""

    __tablename__ = "crosswalk_decision"
    __table_args__ = (UniqueConstraint("system_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    system_id: int = Field(foreign_key="crosswalk_system.id", index=True)
    key: str = Field(max_length=64)  # keyed hash of the address and its postcode
    uprn: int | None = Field(default=None, sa_type=BigInteger)
    evidence: str = Field(max_length=20)
    foremost: int | None = Field(default=None, sa_type=BigInteger)
    sampled: bool = False
    seconds: int | None = None
    decided_at: datetime = Field(sa_type=Moment)
    decided_by: str = Field(max_length=80)

    @property
    def right(self) -> bool:
        """Whether the person said what the matching had thought likeliest."""
        return self.uprn == self.foremost


@dataclass(frozen=True)
class Standing:
    """A system with its newest crosswalk."""

    system: CrosswalkSystem
    crosswalk: Snapshot | None


def demand_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        raise InputRefused(f"The system is {name[:70]!r}: expected its name, of at most {LONGEST} letters.")
    return name


def called(session: Session, authority: str, name: str) -> CrosswalkSystem | None:
    query = select(CrosswalkSystem).where(CrosswalkSystem.authority == authority, CrosswalkSystem.name == name)
    return session.exec(query).first()


def own(session: Session, authority: str, number: int) -> CrosswalkSystem:
    found = session.get(CrosswalkSystem, number)
    if found is None or found.authority != authority:
        raise NotFound("There is no such system here.")
    return found


def of_authority(session: Session, authority: str) -> Iterator[Standing]:
    query = select(CrosswalkSystem).where(CrosswalkSystem.authority == authority).order_by(col(CrosswalkSystem.name))
    for system in session.exec(query):
        yield Standing(system, crosswalk(session, system))


def crosswalk(session: Session, system: CrosswalkSystem) -> Snapshot | None:
    return current(session, system.authority, KIND, str(system.id))


def deliveries(session: Session, system: CrosswalkSystem) -> list[Snapshot]:
    """Its crosswalks, newest first."""
    return history(session, system.authority, KIND, str(system.id))


def decisions(session: Session, system: CrosswalkSystem) -> list[CrosswalkDecision]:
    query = select(CrosswalkDecision).where(CrosswalkDecision.system_id == system.id)
    return list(session.exec(query.order_by(col(CrosswalkDecision.id))))
