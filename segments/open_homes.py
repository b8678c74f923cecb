"""The table of homes of an authority kept open, so that counting while somebody types takes milliseconds.

Homes that must not be seen, protected addresses and households that asked not to be contacted, are never in it: neither
a count, nor a sample, nor the difference of two of them, can tell of one.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlmodel import Session

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments import households, protected, rules

MOST = 4  # authorities of a process whose homes lie in memory: some 300 bytes a home
NAME = "homes"
REACH = {"email": 4, "sms": 2, "letter": 1}
AS_IBIS = {
    "INTEGER": "int32",
    "BIGINT": "int64",
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DOUBLE": "float64",
    "VARCHAR[]": "array<string>",
}
State = tuple[Any, ...]


@dataclass(frozen=True)
class OpenHomes:
    """Of one snapshot, as it may be seen at one moment. `homes` is the table of which rules make expressions.

    The arrays have a row for each home, in order of UPRN: `cells` is eight times the number of its ward in `wards`
    (code and name) and the sum of REACH, `missing` the adults missing.
    """

    snapshot: Snapshot
    state: State
    lake: duckdb.DuckDBPyConnection
    homes: ir.Table
    uprns: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]
    missing: npt.NDArray[np.float64]
    wards: list[tuple[str | None, str | None]]
    addresses: pa.ChunkedArray

    def chosen(self, rule: rules.Rule) -> "Chosen":
        # A cursor is a connection of its own to the same tables, so that threads do not wait for each other.
        found = self.lake.cursor().execute(_where(tuple(self.homes.schema().items()), rule)).fetchnumpy()
        return Chosen(self, np.asarray(found["place"], dtype=np.int64))


@dataclass(frozen=True)
class Chosen:
    """The homes of a rule, by their rows in the arrays of OpenHomes, in order."""

    of: OpenHomes
    places: npt.NDArray[np.int64]

    def uprns(self) -> npt.NDArray[np.int64]:
        """In order."""
        return self.of.uprns[self.places]

    def tallies(self) -> list["Tally"]:
        """By ward, those with homes only."""
        cells, wards = self.of.cells[self.places], self.of.wards
        homes = np.bincount(cells, minlength=8 * len(wards)).reshape(-1, 8)
        missing = np.bincount(cells >> 3, self.of.missing[self.places], minlength=len(wards))
        return [
            Tally(*ward, counts.tolist(), float(adults))
            for ward, counts, adults in zip(wards, homes, missing, strict=True)
            if counts.any()
        ]


@dataclass(frozen=True)
class Tally:
    """Homes of a ward by how they are reached (the sum of REACH), and the adults missing there."""

    ward: str | None
    name: str | None
    homes: list[int]
    missing: float

    def reached(self, *sums: int) -> int:
        return sum(self.homes[each] for each in sums)


@lru_cache(maxsize=512)
def _where(columns: tuple[tuple[str, Any], ...], rule: rules.Rule) -> str:
    """Kept, as the same rule is asked again and again while somebody types, and putting it into SQL takes longest."""
    homes = ibis.table(dict(columns), name=NAME)
    return sql(homes.filter(rule.ibis(homes)).select("place"))


def sql(expression: ir.Table) -> str:
    return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))


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
    lake = duckdb.connect()
    lake.execute(OPENED, [str(office.lake.file(snapshot)), hidden])
    columns = lake.execute(f"DESCRIBE {NAME}").fetchall()
    homes = ibis.table({name: AS_IBIS.get(kind, "string") for name, kind, *_ in columns}, name=NAME)
    held = lake.execute(ARRAYS).to_arrow_table()
    lake.execute(f"ALTER TABLE {NAME} DROP COLUMN address_lines")
    wards = lake.execute(WARDS).fetchall()
    uprns, cells, missing = (held[name].to_numpy() for name in ("uprn", "cell", "missing"))
    return OpenHomes(snapshot, state, lake, homes, uprns, cells, missing, wards, held["address_lines"])


KIND = f"ENUM({', '.join(map(repr, rules.CLASSES))})"  # compared in half the time of text
OPENED = f"""
    CREATE TABLE {NAME} AS
    SELECT * REPLACE (kind::{KIND} AS kind), (row_number() OVER (ORDER BY uprn) - 1)::INTEGER AS place
    FROM read_parquet(?) WHERE uprn NOT IN (SELECT unnest(?::BIGINT[])) ORDER BY uprn
"""  # noqa: S608  # the name is ours
WARDS = f"SELECT DISTINCT ward, ward_name FROM {NAME} ORDER BY ward NULLS LAST, ward_name NULLS LAST"  # noqa: S608  # the name is ours
_REACHED = " + ".join(f"CASE WHEN {channel} THEN {bit} ELSE 0 END" for channel, bit in REACH.items())
ARRAYS = f"""
    SELECT uprn, (dense_rank() OVER (ORDER BY ward NULLS LAST, ward_name NULLS LAST) - 1) * 8 + {_REACHED} AS cell,
        coalesce(greatest(gap, 0), 0)::DOUBLE AS missing, address_lines FROM {NAME} ORDER BY uprn
"""  # noqa: S608  # the name is ours
