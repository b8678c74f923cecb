"""Dates of attainment of adults, which earlier versions kept: dates of birth in disguise, taken out of what they left.

A register keeps from when somebody is an attainer, and nothing of whoever had come of age by its day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from sqlmodel import col, select

from engage.foundation import audit
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.files.reading import literal

# How each kind of file keeps them: SQL that counts those of adults in a row, and the column without them.
OF_ROWS = ("(attainment <= {day})::int", "case when attainment > {day} then attainment end as attainment")
OF_PEOPLE = (
    "len(list_filter(people, lambda one: one.attainment <= {day}))",
    """list_transform(people, lambda one: struct_pack(person := one.person,
    attainment := case when one.attainment > {day} then one.attainment end)) as people""",
)


@dataclass(frozen=True)
class Removed:
    """How many dates were taken out of one import, or of what was made of it."""

    authority: str
    snapshot_id: int
    kind: str
    as_at: date
    dates: int

    @property
    def sentence(self) -> str:
        what = "the register" if self.kind == "register" else "the linked electors"
        return (
            f"{self.dates:,} dates of attainment of adults were removed from {what} as at {self.as_at.isoformat()} "
            f"(number {self.snapshot_id}): they tell a date of birth and must not be kept."
        )


def remove(office: Office, actor: str) -> list[Removed]:
    """Take them out of every register and of the electors linked from it, undone ones too, each file swapped whole.
    What a crash left is done the next time."""
    with office.database.session() as session:
        query = select(Snapshot).where(col(Snapshot.kind).in_(("register", "electors"))).order_by(col(Snapshot.id))
        snapshots = list(session.exec(query))
    return [removed for snapshot in snapshots if (removed := _clear(office, actor, snapshot))]


def _clear(office: Office, actor: str, snapshot: Snapshot) -> Removed | None:
    day = f"{literal(snapshot.as_at.isoformat())}::date"
    found = {
        path: (counted.format(day=day), without.format(day=day))
        for path, (counted, without) in _files(office, snapshot)
        if path.exists()
    }
    with duckdb.connect() as con:
        dates = {path: _count(con, path, counted) for path, (counted, _) in found.items()}
        removed = Removed(snapshot.authority, snapshot.id or 0, snapshot.kind, snapshot.as_at, sum(dates.values()))
        if not removed.dates:
            return None
        _record(office, actor, removed)  # before: a crash may make it stand twice, and never leaves it out
        for path in (path for path, count in dates.items() if count):
            _rewrite(office, con, path, found[path][1])
    return removed


def _files(office: Office, snapshot: Snapshot) -> Iterator[tuple[Path, tuple[str, str]]]:
    yield office.lake.file(snapshot), OF_ROWS
    if questions := snapshot.report.get("questions_file"):
        yield office.lake.at(questions), OF_PEOPLE


def _count(con: duckdb.DuckDBPyConnection, path: Path, counted: str) -> int:
    row = con.execute(f"select coalesce(sum({counted}), 0) from read_parquet({literal(str(path))})").fetchone()
    return int(row[0]) if row else 0


def _rewrite(office: Office, con: duckdb.DuckDBPyConnection, path: Path, without: str) -> None:
    staged = office.lake.stage()
    query = f"select * replace ({without}) from read_parquet({literal(str(path))})"
    con.execute(f"copy ({query}) to {literal(str(staged))} (format parquet, compression zstd)")
    office.lake.replace(path.relative_to(office.lake.root).as_posix(), staged)


def _record(office: Office, actor: str, removed: Removed) -> None:
    with office.database.session() as session:
        audit.record(
            session, authority=removed.authority, at=office.clock.now(), actor=actor,
            act="remove attainment dates of adults", subject=f"snapshot {removed.snapshot_id}", kind=removed.kind,
            dates=removed.dates,
        )  # fmt: skip
