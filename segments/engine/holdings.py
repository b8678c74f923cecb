"""What authorities hold at one moment, read as one: for one authority as for every one of them."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from sqlmodel import Session, col, select

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.settings import DUCKDB
from segments.engine import execution, imported

AT_ONCE = 2_000_000  # rows that DuckDB works through at once: what bounds its memory, and keeps every core at work


@dataclass(frozen=True)
class Holdings:
    """The newest datasets of some authorities. Each table has an `authority` beside its own columns: whose a row is."""

    backend: Backend
    office: Office
    session: Session
    authorities: tuple[str, ...]

    def newest(self, kind: str) -> dict[str, Snapshot]:
        """By authority, of those that have one."""
        found = {snapshot.authority: snapshot for snapshot in self._kept(kind)}
        return {authority: found[authority] for authority in self.authorities if authority in found}

    def table(self, kind: str) -> ir.Table | None:
        """The newest dataset of a kind; None where no authority has one."""
        found = self.newest(kind)
        return execution.tables(self.backend, self.office.lake, found.values()) if found else None

    def needed(self, kind: str) -> ir.Table:
        """InputRefused, saying what to import, where an authority lacks one."""
        newest = self.newest(kind)
        found = [imported.needed(newest.get(authority), kind) for authority in self.authorities]
        return execution.tables(self.backend, self.office.lake, found)

    def every(self, kind: str, names: Container[str] | None = None) -> ir.Table | None:
        """The newest of each table of a kind, as indicators have many, under one another; of these names, or of all."""
        kept = (snapshot for snapshot in self._kept(kind) if names is None or snapshot.name in names)
        found = {(snapshot.authority, snapshot.name): snapshot for snapshot in kept}
        return execution.tables(self.backend, self.office.lake, found.values()) if found else None

    def _kept(self, kind: str) -> Iterable[Snapshot]:
        """Of every authority in one query, the newest last: there may be hundreds of them."""
        of_kind = select(Snapshot).where(
            Snapshot.kind == kind, col(Snapshot.authority).in_(self.authorities), col(Snapshot.undone_at).is_(None)
        )  # fmt: skip
        return self.session.exec(of_kind.order_by(col(Snapshot.authority), col(Snapshot.as_at), col(Snapshot.id)))

    def gathered(self, of_one: Callable[[Backend, Office, Session, str], ir.Table | None]) -> ir.Table | None:
        """What is small and worked out for one authority at a time, by DuckDB, put under one another."""
        with execution.connect() as own:
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
    with office.database.reading() as session, execution.connect(office.settings.engine) as backend:
        yield Holdings(backend, office, session, tuple(authorities))


def in_turn(office: Office, sizes: Mapping[str, int]) -> Iterator[Holdings]:
    """Holdings of all authorities of these sizes in rows: on DuckDB some authorities after others, so that memory does
    not grow with their number; on Spark all at once, as a cluster shares them out itself."""
    for authorities in _batches(sizes) if office.settings.engine == DUCKDB else [list(sizes)]:
        with reading(office, authorities) as holdings:
            yield holdings


def _batches(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    batch, held = list[str](), 0
    for authority, rows in sizes.items():
        if batch and held + rows > AT_ONCE:
            yield batch
            batch, held = [], 0
        batch.append(authority)
        held += rows
    if batch:
        yield batch
