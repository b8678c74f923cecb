"""Posters by lot: of the wards somebody chooses, half get posters, drawn before any is put up and never drawn again.

Without a lot nobody can tell what posters do: they go up where people are keen. The draw is kept with its seed, its
time and the wards that were in it, and anybody can repeat it by METHOD.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from engage.foundation.words import day
from segments.engine import imported

METHOD = (
    "The wards are put in the order of their codes and shuffled by NumPy’s default generator with the seed. The first "
    "half get posters; of an odd number, the smaller half."
)
FEWEST = 8
"""Eight wards can be dealt in 70 ways, so that chance alone gives one of the two outermost in less than 5 % of lots; of
seven in 35 ways, and nothing they show could be told from chance."""

LONGEST = 366  # days between the first and the last


class PosterLot(SQLModel, table=True):
    __tablename__ = "poster_lot"

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    name: str = Field(max_length=120)
    wards: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # code to name, then
    drawn: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # that get posters
    seed: int = Field(sa_type=BigInteger)
    starts: date  # no poster hangs before it
    ends: date  # the first register of this day or later is counted
    register_snapshot: int = Field(foreign_key="snapshot.id")  # of who was registered when it was drawn
    homes_snapshot: int = Field(foreign_key="snapshot.id")
    drawn_at: datetime = Field(sa_type=Moment)
    drawn_by: str = Field(max_length=80)
    # What was counted of it, once: the register it was read from, and homes by ward. Kept, so that it is shown once.
    counted: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))

    @property
    def waiting(self) -> list[str]:
        """The wards of the comparison."""
        return sorted(set(self.wards) - set(self.drawn))


@dataclass(frozen=True)
class Wanted:
    name: str
    wards: Mapping[str, str]
    starts: date
    ends: date


def deal(wards: Collection[str], seed: int) -> list[str]:
    """The wards that get posters, as METHOD says."""
    ordered = sorted(wards)
    shuffled = np.random.default_rng(seed).permutation(len(ordered))
    return sorted(ordered[place] for place in shuffled[: len(ordered) // 2])


def draw(office: Office, actor: Actor, wanted: Wanted) -> PosterLot:
    """Once: a ward that is in a lot cannot be in another until that has ended."""
    _refuse(office, wanted)
    seed = secrets.randbits(62)
    with office.database.session() as session:
        _refuse_again(session, actor.authority, wanted)
        register, homes = (
            imported.needed(current(session, actor.authority, kind), kind).id or 0
            for kind in ("register", "households")
        )
        lot = PosterLot(
            authority=actor.authority, name=wanted.name, wards=dict(wanted.wards), drawn=deal(wanted.wards, seed),
            seed=seed, starts=wanted.starts, ends=wanted.ends, register_snapshot=register, homes_snapshot=homes,
            drawn_at=office.clock.now(), drawn_by=actor.label,
        )  # fmt: skip
        session.add(lot)
        session.flush()
        audit.record(
            session, authority=actor.authority, at=lot.drawn_at, actor=actor.label, act="draw wards for posters",
            subject=f"lot {lot.id}", seed=str(seed), wards=sorted(lot.wards), posters=lot.drawn,
            starts=lot.starts.isoformat(), ends=lot.ends.isoformat(),
        )  # fmt: skip
    return lot


def find(session: Session, authority: str, number: int) -> PosterLot:
    lot = session.get(PosterLot, number)
    if lot is None or lot.authority != authority:
        raise NotFound("There is no such lot.")
    return lot


def drawn(session: Session, authority: str) -> list[PosterLot]:
    """All of them, the newest first."""
    query = select(PosterLot).where(PosterLot.authority == authority)
    return list(session.exec(query.order_by(col(PosterLot.id).desc())))


def holding(lots: Sequence[PosterLot], ward: str, on: date) -> PosterLot | None:
    """The lot that keeps posters from a ward, for it is in its comparison until that ends."""
    return next((each for each in lots if ward in each.waiting and on <= each.ends), None)


def told(lot: PosterLot, ward: str) -> str:
    return (
        f"{lot.wards[ward]} was drawn to have no posters or leaflets until {day(lot.ends)} (“{lot.name}”). They would "
        "spoil the comparison. Posts and email signatures can be made for all of the area."
    )


def _refuse(office: Office, wanted: Wanted) -> None:
    if len(wanted.wards) < FEWEST:
        msg = f"Select {FEWEST} wards or more, not {len(wanted.wards)}: with fewer, nothing can be told from chance."
        raise InputRefused(msg)
    if wanted.starts < today(office.clock):
        raise InputRefused(f"The first day is {day(wanted.starts)}: expected today or later, as the draw comes first.")
    if not 0 < (wanted.ends - wanted.starts).days <= LONGEST:
        msg = f"The last day is {day(wanted.ends)}: expected one after the first, {day(wanted.starts)}, within a year."
        raise InputRefused(msg)


def _refuse_again(session: Session, authority: str, wanted: Wanted) -> None:
    """Whoever does not like a draw cannot have another."""
    for lot in drawn(session, authority):
        both = sorted(set(lot.wards) & set(wanted.wards))
        if both and wanted.starts <= lot.ends:
            raise InputRefused(
                f"{wanted.wards[both[0]]} is in “{lot.name}” until {day(lot.ends)}, and a draw is not made twice. "
                "Leave that ward out, or begin after that day."
            )
