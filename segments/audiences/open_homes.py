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
import sqlalchemy as sa
from pandas.util import hash_array
from sqlmodel import Session, col, func

from engage.foundation.identity import earlier_codes
from engage.foundation.lake import Snapshot, current, newest
from engage.foundation.office import Office
from segments.audiences import council_records
from segments.audiences.overlap import Listed
from segments.homes import households
from segments.missing import adults, gap, usable
from segments.rules import tree
from segments.safeguards import protected
from segments.safeguards.suppression import Suppression, suppressed_contacts

MOST = 4  # authorities of a process whose homes lie in memory: some 300 bytes a home, 0.2 GB for a million electors
QUESTIONS, LISTS = 512, 16  # kept of an authority; a list takes a byte a home
REACH = {"email": 4, "sms": 2, "letter": 1}
WAYS = 8  # the sums of REACH
FEW, MET = 1 << 14, 1 << 10  # homes of a rule that are all looked at for a sample; else homes of the ring at a time
NUMBERS = {"email": "email_number", "sms": "sms_number"}  # columns of OpenHomes.contacts, by channel
NEVER_ASKED = (
    "uprn", "address_lines", "postcode", "oa", "lsoa", "ward_name", "unoccupied", "missing", *NUMBERS.values()
)  # fmt: skip
KNOWN = "known_not_registered"
State = tuple[Any, ...]


@dataclass(frozen=True)
class OpenHomes:
    """Of one snapshot, as it may be seen at one moment. `columns` are what rules may ask of, `find` makes of a rule the
    question that gives the rows it holds, as `place`, in order, and `among` says of each row whether it is listed.

    The arrays have a row for each home, ward by ward and within it by the sum of REACH: eight parts of each of `wards`
    (code and name), `bounds` are where they begin and the last one ends. `missing` are the adults missing, expected,
    `electors` those registered there,
    `known` are the adults known to the council and not registered, None while no record of that may be used,
    `unoccupied` says which homes are known to be without anybody, `contacts` numbers the contact of each home in a
    channel (several homes may have one; -1 is none), `drawn` is a number of its UPRN that says nothing of
    where it lies, `ring` the rows in order of it, `addresses` the lines.
    """

    snapshot: Snapshot
    state: State
    columns: list[str]
    find: Callable[[tree.Rule], pl.LazyFrame]
    among: Callable[[Listed], npt.NDArray[np.bool_]]
    bounds: npt.NDArray[np.intp]
    missing: npt.NDArray[np.float64]
    electors: npt.NDArray[np.int32]
    known: npt.NDArray[np.float64] | None
    unoccupied: npt.NDArray[np.bool_]
    contacts: dict[str, npt.NDArray[np.int32]]
    drawn: npt.NDArray[np.uint64]
    ring: npt.NDArray[np.intp]
    wards: list[tuple[str | None, str | None]]
    addresses: pl.Series

    def chosen(self, rule: tree.Rule) -> "Chosen":
        return Chosen(self, self.find(rule).collect()["place"].to_numpy().astype(np.intp))


@dataclass(frozen=True)
class Chosen:
    """The homes of a rule, by their rows in the arrays of OpenHomes, in order."""

    of: OpenHomes
    places: npt.NDArray[np.intp]

    def among(self, listed: Listed) -> npt.NDArray[np.bool_]:
        """Which homes of the rule are listed."""
        return self.of.among(listed)[self.places]

    def tallies(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Of each of `wards` how many homes are reached in each way, the sum of REACH from 0 to 7; how many adults are
        missing; and how many electors are registered."""
        bounds = np.searchsorted(self.places, self.of.bounds)
        homes = np.diff(bounds).reshape(-1, WAYS)
        starts, held = bounds[:-1:WAYS], homes.any(axis=1)
        missing, electors = (
            np.where(held, np.add.reduceat(self._of_places(figures), starts), 0.0)
            for figures in (self.of.missing, self.of.electors)
        )
        return homes, missing, electors

    def _of_places(self, figures: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """And one more, where wards without a home of the rule may begin."""
        taken = np.zeros(len(self.places) + 1, figures.dtype)
        np.take(figures, self.places, out=taken[:-1], mode="clip")
        return taken

    def lacking(self) -> float:
        """The adults missing from all of them, expected."""
        return float(self.of.missing[self.places].sum())

    def known(self) -> float | None:
        """The adults known to the council there and not registered."""
        return None if self.of.known is None else float(self.of.known[self.places].sum())

    def unoccupied(self) -> int:
        """How many of them are known to be without anybody."""
        return int(np.count_nonzero(self.of.unoccupied[self.places]))

    def messages(self, channel: str, but_for: str = "") -> int:
        """How many messages reach them by a channel, those aside that another reaches: a contact of several homes is
        written to once."""
        numbers = self.of.contacts[channel][self.places]
        if but_for:
            numbers = numbers[self.of.contacts[but_for][self.places] < 0]
        known = np.zeros(len(self.of.contacts[channel]) + 1, np.bool_)  # the last place is that of -1
        known[numbers] = True
        return int(np.count_nonzero(known[:-1]))

    def some(self, most: int, start: int) -> list[list[str]]:
        """The addresses of the first homes of the rule from a number of `drawn` on. Whether a home is among them does
        not depend on homes that are not of the rule."""
        few = len(self.places) <= FEW
        first = self._first_of_few(most, np.uint64(start)) if few else self._first_met(most, np.uint64(start))
        return [lines or [] for lines in self.of.addresses.gather(first).to_list()]

    def _first_of_few(self, most: int, start: np.uint64) -> npt.NDArray[np.intp]:
        return self.places[np.argsort(self.of.drawn[self.places] - start)[:most]]

    def _first_met(self, most: int, start: np.uint64) -> npt.NDArray[np.intp]:
        """By going round the ring, as of many homes the first are met soon."""
        begin = int(np.searchsorted(self.of.drawn, start, sorter=self.of.ring))
        met = np.empty(0, np.intp)
        for turn in range(begin, begin + len(self.of.ring), MET):
            turned = np.arange(turn, min(turn + MET, begin + len(self.of.ring)))
            passed = self.of.ring.take(turned, mode="wrap")
            at = np.searchsorted(self.places, passed)
            met = np.append(met, passed[self.places.take(at, mode="clip") == passed])
            if len(met) >= most:
                break
        return met[:most]


@dataclass
class _Opened:
    """What one process has open, the least used first."""

    lock: Lock = field(default_factory=Lock)
    open: OrderedDict[str, OpenHomes] = field(default_factory=OrderedDict)


def _newest(kind: str) -> sa.ScalarSelect[int | None]:
    return newest(sa.bindparam("authority"), kind).with_only_columns(col(Snapshot.id)).scalar_subquery()


EARLIER = earlier_codes(sa.bindparam("authority"))


def _of_line(column: Any) -> sa.ColumnElement[bool]:
    """What an authority and the councils that went into it hold: `identity.line`, within one question."""
    return sa.or_(column == sa.bindparam("authority"), column.in_(EARLIER))


def _standing_lists() -> sa.ScalarSelect[int | None]:
    """The sum of their ids, which any list imported or undone changes."""
    listed = col(Snapshot.kind) == "protected", col(Snapshot.undone_at).is_(None), _of_line(col(Snapshot.authority))
    return sa.select(func.sum(col(Snapshot.id))).where(*listed).scalar_subquery()


def _of_read(figure: Any) -> sa.ScalarSelect[Any]:
    read = col(Snapshot.kind).in_(gap.READ)
    return sa.select(figure).where(col(Snapshot.authority) == sa.bindparam("authority"), read).scalar_subquery()


# What changes whenever other homes may be seen, and whenever who is missing is worked out again: one question, made
# once, as it is asked before each count.
READ = (func.max(Snapshot.id), func.count(col(Snapshot.undone_at)), func.max(Snapshot.undone_at))
STATE = sa.select(
    _newest("households"), _newest("contacts"), _standing_lists(), *map(_of_read, READ), *protected.MARKS
).where(protected.HOUSEHOLDS, _of_line(col(Suppression.authority)))
_OPENED: WeakKeyDictionary[Office, _Opened] = WeakKeyDictionary()
_MAKING = Lock()


def opened(office: Office, session: Session, authority: str) -> OpenHomes:
    """The newest table of homes as it may be seen now; read from disk only when something has changed."""
    with _MAKING:
        kept = _OPENED.setdefault(office, _Opened())
    state: State = (
        *session.execute(STATE, {"authority": authority}).one(), *usable.marks(office, session, authority)
    )  # fmt: skip
    with kept.lock:
        found = kept.open.get(authority)
        if found is None or found.state != state:
            found = kept.open[authority] = _read(office, session, households.newest(session, authority), state)
        kept.open.move_to_end(authority)
        while len(kept.open) > MOST:
            kept.open.popitem(last=False)
    return found


def _read(office: Office, session: Session, snapshot: Snapshot, state: State) -> OpenHomes:
    hidden = protected.hidden_since(office, session, {snapshot.authority: snapshot})[snapshot.authority]
    seen = _numbered(adults.seen(office, snapshot, hidden), _contacts(office, session, snapshot.authority))
    missing = adults.of_homes(office, session, snapshot.authority, seen)
    lacking = seen.join(missing, on=adults.KEYS, how="left", nulls_equal=True)
    return _laid_out(council_records.beside(office, session, snapshot.authority, lacking), snapshot, state)


def _contacts(office: Office, session: Session, authority: str) -> pl.DataFrame:
    """`uprn, channel, number` of the contact that a campaign would use of each home, `reach.best`, by number."""
    listed = current(session, authority, "contacts")
    if listed is None:
        return pl.DataFrame(schema={"uprn": pl.Int64, "channel": pl.String, "number": pl.Int32})
    closed = pl.LazyFrame({"contact": sorted(suppressed_contacts(session, authority))}, schema={"contact": pl.String})
    rows = pl.scan_parquet(office.lake.file(listed)).filter(~pl.col("objected")).join(closed, on="contact", how="anti")
    newest = rows.sort("collected_on", "contact", descending=[True, False], nulls_last=True).unique(
        ["uprn", "channel"], keep="first", maintain_order=True
    )
    numbered = newest.with_columns(number=pl.col("contact").rank("dense").over("channel").cast(pl.Int32) - 1)
    return numbered.select("uprn", "channel", "number").collect()


def _numbered(homes: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    for channel, column in NUMBERS.items():
        numbers = contacts.filter(pl.col("channel") == channel).select("uprn", pl.col("number").alias(column))
        homes = homes.join(numbers, on="uprn", how="left").with_columns(pl.col(column).fill_null(-1))
    return homes


def _laid_out(seen: pl.DataFrame, snapshot: Snapshot, state: State) -> OpenHomes:
    wards = seen.select("ward", "ward_name").unique()
    numbered = seen.join(wards.with_row_index("at"), on=["ward", "ward_name"], nulls_equal=True)
    reached = sum(pl.col(channel).cast(pl.Int32) * bit for channel, bit in REACH.items())
    parts = numbered.with_columns(part=pl.col("at").cast(pl.Int32) * WAYS + reached).drop("at").sort("part", "uprn")
    homes, drawn = parts.drop("part"), hash_array(parts["uprn"].to_numpy())
    asked = in_memory(homes)
    # Kept, as the same rule is asked again and again while somebody types.
    find = lru_cache(maxsize=QUESTIONS)(partial(_question, asked))
    among = lru_cache(maxsize=LISTS)(partial(_rows, homes["uprn"].to_numpy()))
    return OpenHomes(
        snapshot, state, list(asked.columns), find, among,
        bounds=np.searchsorted(parts["part"].to_numpy(), np.arange(WAYS * len(wards) + 1)),
        contacts={channel: homes[column].to_numpy() for channel, column in NUMBERS.items()},
        known=homes[KNOWN].to_numpy() if KNOWN in homes.columns else None,
        missing=homes["missing"].to_numpy(), electors=homes["electors"].cast(pl.Int32).to_numpy(),
        unoccupied=homes["unoccupied"].is_not_null().to_numpy(), drawn=drawn,
        ring=np.argsort(drawn), wards=wards.rows(), addresses=homes["address_lines"].rechunk(),
    )  # fmt: skip


def _question(homes: ir.Table, rule: tree.Rule) -> pl.LazyFrame:
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
