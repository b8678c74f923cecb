"""What authorities hold at one moment, read as one: for one authority as for every one of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.lake import Snapshot, current, current_by_name
from engage.foundation.office import Office
from segments import engine


@dataclass(frozen=True)
class Holdings:
    """The newest datasets of some authorities. Each table has an `authority` beside its own columns: whose a row is."""

    backend: Backend
    office: Office
    session: Session
    authorities: tuple[str, ...]

    def newest(self, kind: str) -> dict[str, Snapshot]:
        """By authority, of those that have one."""
        found = {authority: current(self.session, authority, kind) for authority in self.authorities}
        return {authority: snapshot for authority, snapshot in found.items() if snapshot}

    def table(self, kind: str) -> ir.Table | None:
        """The newest dataset of a kind; None where no authority has one."""
        found = self.newest(kind)
        return engine.tables(self.backend, self.office.lake, found.values()) if found else None

    def needed(self, kind: str) -> ir.Table:
        """InputRefused, saying what to import, where an authority lacks one."""
        found = {
            authority: engine.needed(current(self.session, authority, kind), kind) for authority in self.authorities
        }
        return engine.tables(self.backend, self.office.lake, found.values())

    def every(self, kind: str) -> ir.Table | None:
        """The newest of each table of a kind, as indicators have many, under one another."""
        found = [each for code in self.authorities for each in current_by_name(self.session, code, kind).values()]
        return engine.tables(self.backend, self.office.lake, found) if found else None

    def gathered(self, of_one: Callable[[Backend, Office, Session, str], ir.Table | None]) -> ir.Table | None:
        """What is small and worked out for one authority at a time, by DuckDB, put under one another."""
        with engine.connect() as own:
            found = {authority: of_one(own, self.office, self.session, authority) for authority in self.authorities}
            parts = [
                own.to_pyarrow(part.mutate(authority=ibis.literal(authority)))
                for authority, part in found.items()
                if part is not None
            ]
        return ibis.memtable(pa.concat_tables(parts, promote_options="permissive")) if parts else None


@contextmanager
def reading(office: Office, authorities: Iterable[str]) -> Iterator[Holdings]:
    """Holdings on the engine that the settings say; however long they are read, pages go on being answered."""
    with office.database.reading() as session, engine.connect(office.settings.engine) as backend:
        yield Holdings(backend, office, session, tuple(authorities))
