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
from sqlmodel import Session

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments import households, protected, rules

MOST = 4  # authorities of a process whose homes lie in memory: some 300 bytes a home
NAME = "homes"
CHOSEN = {
    "uprn": "int64", "ward": "string", "ward_name": "string", "gap": "float64", "email": "boolean", "sms": "boolean",
    "letter": "boolean",
}  # fmt: skip
AS_IBIS = {
    "BIGINT": "int64",
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DOUBLE": "float64",
    "VARCHAR[]": "array<string>",
}
State = tuple[Any, ...]


@dataclass(frozen=True)
class OpenHomes:
    """Of one snapshot, as it may be seen at one moment. `homes` is the table of which rules make expressions."""

    snapshot: Snapshot
    state: State
    lake: duckdb.DuckDBPyConnection
    homes: ir.Table

    def chosen(self, rule: rules.Rule) -> "Chosen":
        return Chosen(self, _where(tuple(self.homes.schema().items()), rule))


@dataclass(frozen=True)
class Chosen:
    """The homes of a rule. What is asked of them is SQL over the table `chosen`, with the columns of CHOSEN."""

    of: OpenHomes
    where: str

    def rows(self, query: str) -> list[dict[str, Any]]:
        found = self._computed(query)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def uprns(self) -> npt.NDArray[np.int64]:
        """In order."""
        return np.asarray(self._computed("SELECT uprn FROM chosen ORDER BY uprn").fetchnumpy()["uprn"], dtype=np.int64)

    def _computed(self, query: str) -> duckdb.DuckDBPyConnection:
        # A cursor is a connection of its own to the same tables, so that threads do not wait for each other.
        return self.of.lake.cursor().execute(f"WITH chosen AS ({self.where}) {query}")


@lru_cache(maxsize=512)
def _where(columns: tuple[tuple[str, Any], ...], rule: rules.Rule) -> str:
    """Kept, as the same rule is asked again and again while somebody types, and putting it into SQL takes longest."""
    homes = ibis.table(dict(columns), name=NAME)
    return sql(homes.filter(rule.ibis(homes)).select(*CHOSEN))


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
    lake.execute(
        f"CREATE TABLE {NAME} AS SELECT * FROM read_parquet(?) WHERE uprn NOT IN (SELECT unnest(?::BIGINT[]))",  # noqa: S608  # the name is ours
        [str(office.lake.file(snapshot)), hidden],
    )
    columns = lake.execute(f"DESCRIBE {NAME}").fetchall()
    homes = ibis.table({name: AS_IBIS[kind] for name, kind, *_ in columns}, name=NAME)
    return OpenHomes(snapshot, state, lake, homes)
