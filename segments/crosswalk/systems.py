"""The systems whose lists are tied to properties, what people decided of single addresses, and the table of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Office
from segments.crosswalk.matches import CHOSEN, NONE_OF_THEM, NOT_FOUND, SURE

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

    @property
    def decides(self) -> bool:
        """Not where a person found right what had settled: that stays known as it was."""
        return not (self.sampled and self.right)


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


# A crosswalk with what people said since it was made.
COUNTING = f"""
with said as (
    select c.*, d.key is not null as decided, d.uprn as chosen, d.day,
        case when d.uprn is null then '{NOT_FOUND}' else '{SURE}' end as state_now
    from read_parquet($path) c left join since_then d using (key))
select * exclude (decided, chosen, day, state_now) replace (
    case when decided then chosen else uprn end as uprn, case when decided then state_now else state end as state,
    case when not decided then why when chosen is null then '{NONE_OF_THEM}' else '{CHOSEN}' end as why,
    case when decided and (chosen, state_now) is distinct from (uprn, state) then day else since end as since)
from said
"""


def counting(
    con: duckdb.DuckDBPyConnection, office: Office, session: Session, system: CrosswalkSystem, crosswalk: Snapshot
) -> None:
    """Make `counting`, the crosswalk as it is given back: an answer counts at once."""
    later = [each for each in decisions(session, system) if each.decides and each.decided_at >= crosswalk.made_at]
    con.register("since_then", pa.table({
        "key": pa.array([each.key for each in later], pa.string()),
        "uprn": pa.array([each.uprn for each in later], pa.int64()),
        "day": pa.array([each.decided_at.date() for each in later], pa.date32()),
    }))  # fmt: skip
    con.execute(f"create or replace table counting as {COUNTING}", {"path": str(office.lake.file(crosswalk))})


def last_decision(session: Session, authority: str) -> int:
    query = select(func.max(CrosswalkDecision.id)).where(CrosswalkDecision.authority == authority)
    return session.exec(query).one() or 0


def decisions(session: Session, system: CrosswalkSystem) -> list[CrosswalkDecision]:
    query = select(CrosswalkDecision).where(CrosswalkDecision.system_id == system.id)
    return list(session.exec(query.order_by(col(CrosswalkDecision.id))))
