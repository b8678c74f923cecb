"""Two looks at a ward differ in no home or in at least ten; else the ward shows what it showed before.

Somebody who knows that one home alone may have changed between two looks reads from a figure that moved, or did not,
what became of that home, however coarsely it is rounded. So a figure is never renewed for fewer homes than a count must
have to be shown, and every earlier look is held against it, not only the last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

import pandas as pd
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from dashboards.published.disclosure import RULE
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.areas import wards
from segments.engine import execution
from segments.homes import registrations

T = TypeVar("T")
Places = dict[str, tuple[T, str]]


@dataclass(frozen=True)
class Counted:
    """A register as it is counted: its tables of homes, by the wards of a geography (0: none was there)."""

    as_at: date
    homes: tuple[int, ...]
    geography: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {"as_at": self.as_at.isoformat(), "homes": list(self.homes), "geography": self.geography}

    @classmethod
    def of(cls, held: dict[str, Any]) -> "Counted":
        return cls(date.fromisoformat(held["as_at"]), tuple(held["homes"]), held["geography"])


@dataclass(frozen=True)
class Look(Generic[T]):
    """What was shown of a register."""

    register: Counted
    shown: T


@dataclass(frozen=True)
class Reader:
    """Reads the homes that looks were made of, each once."""

    office: Office
    session: Session
    backend: Backend
    authority: str
    known: dict[Counted, pd.DataFrame | None] = field(default_factory=dict)

    def homes(self, register: Counted) -> pd.DataFrame | None:
        """`uprn, ward, electors, scaled` of every home with somebody registered; None where a table is no more."""
        if register not in self.known:
            self.known[register] = self._read(register)
        return self.known[register]

    def _read(self, register: Counted) -> pd.DataFrame | None:
        tables = [self.session.get(Snapshot, number) for number in register.homes]
        geography = self.session.get(Snapshot, register.geography) if register.geography else None
        needed = [*tables, geography] if register.geography else tables
        if not all(one and self.office.lake.file(one).exists() for one in needed):
            return None
        return pd.concat([self._placed(one, geography) for one in tables if one], ignore_index=True)

    def _placed(self, homes: Snapshot, geography: Snapshot | None) -> pd.DataFrame:
        table = execution.table(self.backend, self.office.lake, homes)
        if geography:
            table = wards.restated(self.backend, self.office, self.session, self.authority, table, geography)
        held = table.filter(table.ward.notnull() & (table.electors > 0)).select("uprn", "ward", "electors").execute()
        # Those tied to no home are shared over the homes; strangers belong to none.
        placed: pd.DataFrame = held.assign(scaled=held["electors"] * registrations.scale(homes))
        return placed

    def count(self, register: Counted, seen: Sequence[Look[T]]) -> tuple[dict[str, float], Places[T]]:
        """Electors by ward; and for each ward that may not be renewed, what was shown and of which ward then."""
        homes = self.homes(register)
        if homes is None:
            return {}, {}
        same = [look for look in seen if set(look.register.homes) & set(register.homes)]
        for other in self._by_other_wards(register, same):
            homes = snapped(homes, other)
        earlier = [(look.shown, then) for look in same or seen if (then := self.homes(look.register)) is not None]
        electors = homes.groupby("ward")["scaled"].sum()
        return {str(ward): float(n) for ward, n in electors.items()}, unmoved(homes, earlier)

    def _by_other_wards(self, register: Counted, same: Iterable[Look[T]]) -> Iterable[pd.DataFrame]:
        """The same homes as they were shown before the wards changed."""
        for one in sorted({look.register for look in same}, key=lambda one: one.geography):
            if one.geography != register.geography and (then := self.homes(one)) is not None:
                yield then


def snapped(homes: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Fewer than ten homes that a ward gave to another are counted with the ward that most of it became: the new figure
    less the old would be theirs alone."""
    both = homes.merge(before[["uprn", "ward"]], on="uprn", suffixes=("", "_then"))
    sizes = both.groupby(["ward_then", "ward"])["uprn"].transform("size")
    main = both.groupby("ward_then")["ward"].agg(lambda ward: ward.mode().iloc[0])
    few = both[sizes < RULE.fewest]
    moved = dict(zip(few["uprn"], few["ward_then"].map(main), strict=True))
    return homes.assign(ward=[moved.get(uprn, ward) for uprn, ward in zip(homes["uprn"], homes["ward"], strict=True)])


def unmoved(homes: pd.DataFrame, earlier: Iterable[tuple[T, pd.DataFrame]]) -> Places[T]:
    """Of each ward that fewer than ten homes part from one shown before: the nearest of those, the latest first."""
    nearest: dict[str, tuple[int, T, str]] = {}
    for shown, then in reversed(list(earlier)):
        for ward, before, parted in apart(homes, then):
            if parted < min(RULE.fewest, nearest[ward][0] if ward in nearest else RULE.fewest):
                nearest[ward] = parted, shown, before
    return {ward: (shown, before) for ward, (_, shown, before) in nearest.items()}


def apart(homes: pd.DataFrame, then: pd.DataFrame) -> Iterable[tuple[str, str, int]]:
    """By how many homes a ward and one of then differ that have homes in common: those of one alone, and those where as
    many are not registered as were."""
    both = homes.merge(then[["uprn", "ward", "electors"]], on="uprn", suffixes=("", "_then"))
    both["alike"] = both["electors"] == both["electors_then"]
    common = both.groupby(["ward", "ward_then"], as_index=False)["alike"].agg(["size", "sum"])
    sizes, then_sizes = homes["ward"].value_counts(), then["ward"].value_counts()
    for ward, before, size, alike in common.itertuples(index=False):
        yield str(ward), str(before), int(sizes[ward] + then_sizes[before] - size - alike)
