"""The lake: immutable Parquet snapshots per authority. A snapshot exists once its database row is committed,
and the row is written only after the file is complete, so a crash leaves at most a file that nobody knows."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, BindParameter, Column
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from engage.foundation.database import Moment
from engage.foundation.folders import PRIVATE_FILE, own_folder


class Snapshot(SQLModel, table=True):
    """One imported or derived dataset as at a date. `name` tells apart the tables of one kind (`ts054`)."""

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    kind: str = Field(max_length=20, index=True)
    name: str = Field(default="", max_length=80)
    as_at: date
    made_at: datetime = Field(sa_type=Moment)
    made_by: str = Field(max_length=80)
    path: str = Field(max_length=200)
    rows: int
    source: str = Field(default="", max_length=64, index=True)  # the hash of what was read, where it was a file
    report: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    undone_at: datetime | None = Field(default=None, sa_type=Moment)


class SnapshotKey(SQLModel, table=True):
    """By which hashing key a snapshot was made, where it holds keyed hashes. A table of its own, as rows of snapshots
    are read before an earlier home is brought up to date."""

    __tablename__ = "snapshot_key"

    snapshot_id: int = Field(primary_key=True)
    hashed_by: str = Field(max_length=16)  # its fingerprint


HASHED = ("register", "contacts", "suppressions", "protected", "applications", "electors", "audience")


class Lake:
    def __init__(self, root: Path, hashing_key: Callable[[], str] = str) -> None:
        """`hashing_key` gives its fingerprint."""
        self.root = root
        self._hashing_key = hashing_key

    def stage(self, suffix: str = ".parquet") -> Path:
        """A path to write to, on the same disk as the lake, so that adopting it is one rename."""
        folder = own_folder(self.root / "staging")
        return folder / f"{uuid.uuid4().hex}{suffix}"

    def adopt(self, staged: Path, authority: str, kind: str) -> str:
        """Move a complete file into the lake; returns its path relative to the root."""
        _flush(staged)
        relative = Path(authority) / kind / f"{uuid.uuid4().hex}{staged.suffix}"
        target = self.root / relative
        own_folder(target.parent)
        staged.chmod(PRIVATE_FILE)
        shutil.move(staged, target)
        return relative.as_posix()

    def file(self, snapshot: Snapshot) -> Path:
        return self.root / snapshot.path

    def commit(
        self, session: Session, staged: Path, *, authority: str, kind: str, as_at: date, made_at: datetime,
        made_by: str, rows: int, name: str = "", source: str = "", report: dict[str, Any] | None = None,
    ) -> Snapshot:  # fmt: skip
        snapshot = Snapshot(
            authority=authority, kind=kind, name=name, as_at=as_at, made_at=made_at, made_by=made_by,
            path=self.adopt(staged, authority, kind), rows=rows, source=source, report=report or {},
        )  # fmt: skip
        session.add(snapshot)
        session.flush()
        if kind in HASHED:
            session.merge(SnapshotKey(snapshot_id=snapshot.id or 0, hashed_by=self._hashing_key()))
        return snapshot


def digest(path: Path) -> str:
    """SHA-256 of what a file holds."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def history(session: Session, authority: str, kind: str, name: str | None = None) -> list[Snapshot]:
    """Snapshots that count, newest first: by the date they speak of, then by when they were made."""
    return list(session.exec(_counting(authority, kind, name)))


def current(session: Session, authority: str, kind: str, name: str | None = None) -> Snapshot | None:
    return session.exec(newest(authority, kind, name)).first()


def standing(session: Session, authority: str, kinds: Iterable[str]) -> tuple[int, ...]:
    """The ids of all that counts of these kinds, in order: what is worked out from them is old when these change."""
    query = select(Snapshot.id).where(
        Snapshot.authority == authority, col(Snapshot.kind).in_(kinds), col(Snapshot.undone_at).is_(None)
    )
    return tuple(filter(None, session.exec(query.order_by(col(Snapshot.id)))))


def newest(authority: str | BindParameter[str], kind: str, name: str | None = None) -> SelectOfScalar[Snapshot]:
    """The question that `current` asks."""
    return _counting(authority, kind, name).limit(1)


def _counting(authority: str | BindParameter[str], kind: str, name: str | None) -> SelectOfScalar[Snapshot]:
    query = select(Snapshot).where(
        Snapshot.authority == authority, Snapshot.kind == kind, col(Snapshot.undone_at).is_(None)
    )
    if name is not None:
        query = query.where(Snapshot.name == name)
    return query.order_by(col(Snapshot.as_at).desc(), col(Snapshot.id).desc())


def current_by_name(session: Session, authority: str, kind: str) -> dict[str, Snapshot]:
    """The newest snapshot of each table of a kind, as indicators have many."""
    newest: dict[str, Snapshot] = {}
    for snapshot in history(session, authority, kind):
        newest.setdefault(snapshot.name, snapshot)
    return newest
