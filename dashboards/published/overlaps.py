"""Campaigns that ran at one time over some of the same homes: what may not be published of the later one.

Whoever knows that two campaigns hold the same homes but for one takes the figures of one from those of the other and
has that home. So a ward is left out of a finding where it, or what it and others add up to, could come within ten homes
of what the other campaign showed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from campaigns.records.models import Campaign
from dashboards.published.disclosure import RULE
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.engine import execution

CLOSED = "window closed"
CELL = ["ward", "arm"]
Place = tuple[str, str]
"""A ward and an arm."""


@dataclass(frozen=True)
class Overlaps:
    """Of several outcomes, by their numbers: homes by ward and arm, and how many of them lie in those of another."""

    sizes: Mapping[int, Mapping[Place, int]]
    shared: Mapping[tuple[int, int], Mapping[tuple[Place, Place], int]]

    @classmethod
    def of(cls, office: Office, outcomes: Sequence[Snapshot]) -> "Overlaps":
        """One pass over all of them."""
        sizes: dict[int, dict[Place, int]] = {}
        shared: dict[tuple[int, int], dict[tuple[Place, Place], int]] = {}
        with execution.connect() as backend:
            told = execution.numbered(backend, office.lake, outcomes).select("snapshot", "uprn", *CELL)
            held = backend.create_table("held", told, temp=True)
            for number, ward, arm, n in _counted(held):
                sizes.setdefault(number, {})[ward, arm] = n
            for one, ward, arm, other, ward_then, arm_then, n in _met(held):
                shared.setdefault((one, other), {})[(ward, arm), (ward_then, arm_then)] = n
        return cls(sizes, shared)

    def wards(self, mine: Snapshot, theirs: Iterable[Snapshot]) -> set[str]:
        """Those of mine that come too near to one of theirs."""
        return {ward for other in theirs for ward, _ in self._near(mine.id or 0, other.id or 0)}

    def _near(self, mine: int, other: int) -> set[Place]:
        return _left(self.sizes.get(mine, {}), self.sizes.get(other, {}), self.shared.get((mine, other), {}))


def _counted(held: ir.Table) -> Iterable[Any]:
    counted = held.group_by("snapshot", *CELL).agg(n=ibis._.count())
    rows: Iterable[Any] = counted.execute().itertuples(index=False)
    return rows


def _met(held: ir.Table) -> Iterable[Any]:
    """Each two that have homes in common, both ways round."""
    then = held.rename({f"{name}_then": name for name in ("snapshot", *CELL)})
    both = held.inner_join(then, ["uprn", held.snapshot != then.snapshot_then])
    names = ["snapshot", *CELL, *(f"{name}_then" for name in ("snapshot", *CELL))]
    rows: Iterable[Any] = both.group_by(*names).agg(n=ibis._.count()).execute().itertuples(index=False)
    return rows


def at_one_time(one: Campaign, other: Campaign) -> bool:
    """Whether two campaigns of a council ran, for a while, at one time."""
    apart = one.window_start > other.window_end or one.window_end < other.window_start
    return one.id != other.id and one.authority == other.authority and not apart


def name_of(campaign: Campaign) -> str:
    """Under which it is published."""
    return f"campaign {campaign.id}"


def near(mine: pd.DataFrame, theirs: pd.DataFrame) -> set[Place]:
    """Wards and arms of mine that may add up to within ten homes of what some of theirs add up to."""
    both = mine.merge(theirs, on="uprn", suffixes=("", "_then"))
    then = [f"{name}_then" for name in CELL]
    shared = Counter(zip(_cells(both, CELL), _cells(both, then), strict=True))
    return _left(Counter(_cells(mine, CELL)), Counter(_cells(theirs, CELL)), shared)


def _cells(homes: pd.DataFrame, columns: list[str]) -> list[Place]:
    return [(str(ward), str(arm)) for ward, arm in homes[columns].itertuples(index=False)]


def _left(
    own: Mapping[Place, int], other: Mapping[Place, int], shared: Mapping[tuple[Place, Place], int]
) -> set[Place]:
    """One with ten homes outside all that are left of the other campaign cannot be near it; nor can, then, those that
    needed it."""
    left, beside = set(own), set(other)
    while True:
        within, around = Counter[Place](), Counter[Place]()
        for (cell, then), homes in shared.items():
            if cell in left and then in beside:
                within[cell] += homes
                around[then] += homes
        far = {cell for cell in left if own[cell] - within[cell] >= RULE.fewest}
        far_then = {cell for cell in beside if other[cell] - around[cell] >= RULE.fewest}
        if not (far or far_then):
            return left
        left, beside = left - far, beside - far_then
