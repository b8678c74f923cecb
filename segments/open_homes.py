"""The table of homes of an authority kept open in memory, so that counting while somebody types takes milliseconds.

Homes that must not be seen, protected addresses and households that asked not to be contacted, are never in it: neither
a count, nor a sample, nor the difference of two of them, can tell of one.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import polars as pl
from pandas.util import hash_array
from sqlmodel import Session

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments import households, protected, rules
from segments.overlap import Listed

MOST = 4  # authorities of a process whose homes lie in memory: some 300 bytes a home, 0.2 GB for a million electors
QUESTIONS, LISTS = 512, 16  # kept of an authority; a list takes a byte a home
REACH = {"email": 4, "sms": 2, "letter": 1}
NEVER_ASKED = ("uprn", "drawn", "address_lines", "postcode", "oa", "lsoa", "ward_name")
State = tuple[Any, ...]


@dataclass(frozen=True)
class OpenHomes:
    """Of one snapshot, as it may be seen at one moment. `columns` are what rules may ask of, `find` makes of a rule the
    question that gives the rows it holds, as `place`, and `among` says of each row whether it is listed.

    The arrays have a row for each home, in order of `drawn`: a number of its UPRN that says nothing of where it lies.
    `cells` is eight times the number of its ward in `wards` (code and name) and the sum of REACH, `missing` the adults
    missing, `addresses` its lines.
    """

    snapshot: Snapshot
    state: State
    columns: list[str]
    find: Callable[[rules.Rule], pl.LazyFrame]
    among: Callable[[Listed], npt.NDArray[np.bool_]]
    drawn: npt.NDArray[np.uint64]
    cells: npt.NDArray[np.int32]
    missing: npt.NDArray[np.float64]
    wards: list[tuple[str | None, str | None]]
    addresses: pl.Series

    def chosen(self, rule: rules.Rule) -> "Chosen":
        return Chosen(self, self.find(rule).collect()["place"].to_numpy())


@dataclass(frozen=True)
class Chosen:
    """The homes of a rule, by their rows in the arrays of OpenHomes, in order."""

    of: OpenHomes
    places: npt.NDArray[np.uint32]

    def among(self, listed: Listed) -> npt.NDArray[np.bool_]:
        """Which homes of the rule are listed."""
        return self.of.among(listed)[self.places]

    def tallies(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Of each of `wards` how many homes are reached in each way, the sum of REACH from 0 to 7; and how many adults
        are missing."""
        cells, wards = self.of.cells[self.places], len(self.of.wards)
        missing = np.bincount(cells >> 3, self.of.missing[self.places], minlength=wards)
        return np.bincount(cells, minlength=8 * wards).reshape(-1, 8), missing.astype(np.float64)

    def some(self, most: int, start: int) -> list[list[str]]:
        """The addresses of the first homes of the rule from a number of `drawn` on. Whether a home is among them does
        not depend on homes that are not of the rule."""
        first = np.searchsorted(self.places, np.searchsorted(self.of.drawn, np.uint64(start)).astype(np.uint32))
        shown = (first + np.arange(min(most, len(self.places)))) % max(1, len(self.places))
        return [lines or [] for lines in self.of.addresses.gather(self.places[shown]).to_list()]


@dataclass
class _Shelf:
    """What one process has open, the least used first."""

    lock: Lock = field(default_factory=Lock)
    open: OrderedDict[str, OpenHomes] = field(default_factory=OrderedDict)


_SHELVES: WeakKeyDictionary[Office, _Shelf] = WeakKeyDictionary()
_MAKING = Lock()


def opened(office: Office, authority: str) -> OpenHomes:
    """The newest table of homes as it may be seen now; read from disk only when something has changed."""
    with _MAKING:
        shelf = _SHELVES.setdefault(office, _Shelf())
    with office.database.reading() as session:
        snapshot = households.newest(session, authority)
        state = (snapshot.id, *protected.states(session, [authority])[authority])
        with shelf.lock:
            found = shelf.open.get(authority)
            if found is None or found.state != state:
                found = shelf.open[authority] = _read(office, session, snapshot, state)
            shelf.open.move_to_end(authority)
            while len(shelf.open) > MOST:
                shelf.open.popitem(last=False)
    return found


def _read(office: Office, session: Session, snapshot: Snapshot, state: State) -> OpenHomes:
    hidden = protected.hidden_since(office, session, {snapshot.authority: snapshot})[snapshot.authority]
    closed = pl.DataFrame({"uprn": hidden}, schema={"uprn": pl.Int64})
    return _laid_out(pl.read_parquet(office.lake.file(snapshot)).join(closed, on="uprn", how="anti"), snapshot, state)


def _laid_out(seen: pl.DataFrame, snapshot: Snapshot, state: State) -> OpenHomes:
    homes = seen.with_columns(drawn=hash_array(seen["uprn"].to_numpy())).sort("drawn")
    wards = homes.select("ward", "ward_name").unique()
    numbered = homes.join(wards.with_row_index("at"), on=["ward", "ward_name"], nulls_equal=True, maintain_order="left")
    reached = sum(pl.col(channel).cast(pl.Int32) * bit for channel, bit in REACH.items())
    cells = numbered.select(pl.col("at").cast(pl.Int32) * 8 + reached).to_series()
    drawn, missing, asked = homes["drawn"], homes["gap"].fill_null(0).clip(0), in_memory(homes)
    # Kept, as the same rule is asked again and again while somebody types.
    find = lru_cache(maxsize=QUESTIONS)(partial(_question, asked))
    among = lru_cache(maxsize=LISTS)(partial(_rows, homes["uprn"].to_numpy()))
    return OpenHomes(
        snapshot, state, list(asked.columns), find, among, drawn.to_numpy(), cells.to_numpy(), missing.to_numpy(),
        wards.rows(), homes["address_lines"].rechunk(),
    )  # fmt: skip


def _question(homes: ir.Table, rule: rules.Rule) -> pl.LazyFrame:
    asked = homes.filter(rule.ibis(homes)).select("place")
    question: pl.LazyFrame = asked.get_backend().compile(asked)
    return question


def _rows(uprns: npt.NDArray[np.int64], listed: Listed) -> npt.NDArray[np.bool_]:
    return np.isin(uprns, listed.uprns, assume_unique=True)


def in_memory(homes: pl.DataFrame) -> ir.Table:
    """What rules ask of, and `place`, the number of the row. Whole numbers and words take as few bytes as they can, for
    how long a rule takes is how long its columns take to read."""
    asked = homes.drop(NEVER_ASKED, strict=False)
    held = pl.DataFrame([_small(column) for column in asked]).rechunk().with_row_index("place")
    return ibis.polars.connect({"homes": held}).table("homes")


def _small(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return column.cast(pl.Enum(column.drop_nulls().unique()))
    return column.shrink_dtype() if column.dtype.is_integer() else column
