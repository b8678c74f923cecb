"""What authorities hold at one moment, read as one: for one authority as for every one of them."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from sqlmodel import Session, col, select

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.settings import DUCKDB
from segments.engine import execution, imported, spark, task
from segments.engine.execution import Part

Answer = TypeVar("Answer")
AT_ONCE = 2_000_000  # rows that DuckDB works through at once: what bounds its memory, and keeps every core at work
SHARES = 2  # questions to a core of a cluster: more are more to put together, fewer leave cores idle at the end


@dataclass(frozen=True)
class Holdings:
    """The newest datasets of some authorities. Each table has an `authority` beside its own columns: whose a row is."""

    backend: Backend
    office: Office
    session: Session
    authorities: tuple[str, ...]
    cluster: spark.Cluster | None = None  # answers instead of this machine

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

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        """A small answer over all that is held."""
        if self.cluster is None:
            return execution.rows(self.backend, expression)
        answer = self.cluster.ask(self.backend, expression)
        found: list[dict[str, Any]] = answer.cast(expression.schema().to_pyarrow()).to_pylist()
        return found

    def write_each(self, expression: ir.Table, columns: Mapping[str, execution.Columns], order: str) -> Iterator[Part]:
        """As `execution.write_each` does."""
        if self.cluster is None:
            yield from execution.write_each(self.backend, expression, self.office.lake, columns, order)
            return
        with execution.taken_or_removed(self.office.lake, columns) as staged:
            copies = [_copy(code, columns[code], order, path) for code, path in staged.items()]
            for made in self.cluster.ask(self.backend, expression, copies).to_pylist():
                yield Part(made["of"], staged.pop(made["of"]), made["rows"])


def _copy(code: str, columns: execution.Columns, order: str, to: Path) -> task.Copy:
    beside = to.with_suffix(".part").absolute()
    return task.Copy(code, execution.copying(task.COMPUTED, code, columns, order, beside), str(beside), str(to))


@contextmanager
def reading(office: Office, authorities: Iterable[str], cluster: spark.Cluster | None = None) -> Iterator[Holdings]:
    """However long they are read, pages go on being answered."""
    with office.database.reading() as session, execution.connect() as backend:
        yield Holdings(backend, office, session, tuple(authorities), cluster)


def of_all(office: Office, sizes: Mapping[str, int], work: Callable[[Holdings], Answer]) -> Iterator[Answer]:
    """What is made of the holdings of all authorities of these sizes in rows: some authorities after others, so that
    memory does not grow with their number; where the settings name a cluster, shared out to its cores."""
    if office.settings.engine == DUCKDB:
        for authorities in _batches(sizes, AT_ONCE):
            yield _of_some(office, work, None, authorities)
        return
    cluster = spark.connect(office.settings.engine)
    # The largest first, so that no core waits for one that began late.
    falling = dict(sorted(sizes.items(), key=lambda each: (-each[1], each[0])))
    share = sum(sizes.values()) // (cluster.cores * SHARES)
    with ThreadPoolExecutor(cluster.cores + 1) as askers:  # one more puts the next question together
        try:
            yield from askers.map(partial(_of_some, office, work, cluster), _batches(falling, min(share, AT_ONCE)))
        finally:
            askers.shutdown(cancel_futures=True)


def _of_some(
    office: Office, work: Callable[[Holdings], Answer], cluster: spark.Cluster | None, authorities: Iterable[str]
) -> Answer:
    with reading(office, authorities, cluster) as holdings:
        return work(holdings)


def _batches(sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    batch, held = list[str](), 0
    for authority, rows in sizes.items():
        if batch and held + rows > most:
            yield batch
            batch, held = [], 0
        batch.append(authority)
        held += rows
    if batch:
        yield batch
