"""The lake: immutable Parquet snapshots per authority. A snapshot exists once its database row is committed,
and the row is written only after the file is complete, so a crash leaves at most a file that nobody knows.

The database keeps the checksum of every file. Each process holds a file against it before it first uses it, as a
flipped bit is else read as other data, and again when the file has changed or a day has gone by.
"""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from blake3 import blake3
from sqlalchemy import JSON, BigInteger, BindParameter, Column
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from engage.foundation.data_keys import has_table
from engage.foundation.database import Database, Moment
from engage.foundation.errors import LakeDamaged
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


class LakeFile(SQLModel, table=True):
    """What a file of the lake holds. `coming` is the checksum that it is about to have: a crash leaves it as it was
    before or as it is after, and both are right."""

    __tablename__ = "lake_file"

    path: str = Field(primary_key=True, max_length=200)
    size: int = Field(sa_type=BigInteger)
    checksum: str = Field(max_length=64)
    coming: str = Field(default="", max_length=64)


HASHED = ("register", "contacts", "suppressions", "protected", "applications", "electors", "audience", "births")
# What a snapshot may have beside its own file, by the name in its report.
BESIDE = ("questions_file", "contradictions_file", "records", "cross_references", "rejects_file", "closed_file")
TRUSTED = 24 * 3600  # seconds that a file is taken to be as it was seen, if nothing wrote to it
Look = tuple[int, int, int, int]


class Lake:
    def __init__(self, root: Path, hashing_key: Callable[[], str] = str, database: Database | None = None) -> None:
        """`hashing_key` gives its fingerprint; `database` has the checksums."""
        self.root = root
        self._hashing_key = hashing_key
        self._database = database
        self._listed = False
        self._sound: dict[str, tuple[Look, float]] = {}

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
        return self.at(snapshot.path)

    def at(self, relative: str) -> Path:
        """A file to read, which need not be there; LakeDamaged where it is not what was written."""
        path = self.root / relative
        look = _look(path)
        if look and not self._trusted(relative, look) and not self.is_sound(relative) and not self.is_sound(relative):
            self._sound.pop(relative, None)
            raise LakeDamaged(relative)
        return path

    def _trusted(self, relative: str, look: Look) -> bool:
        seen, at = self._sound.get(relative, (None, 0.0))
        return seen == look and time.monotonic() - at < TRUSTED

    def is_sound(self, relative: str) -> bool:
        """Read whole. Of a file that an earlier version left without a checksum nothing can be said. Whoever asks asks
        twice, as the file and its checksum may have been changed between the two looks at them."""
        known, look = self._known(relative), _look(self.root / relative)
        if known is None or look is None:
            return True
        sound = checksum(self.root / relative) in (known.checksum, known.coming)
        if sound:
            self._sound[relative] = look, time.monotonic()
        return sound

    def _known(self, relative: str) -> LakeFile | None:
        """Nothing before an earlier home is brought up to date."""
        self._listed = self._listed or (self._database is not None and has_table(self._database, "lake_file"))
        if self._database is None or not self._listed:
            return None
        with self._database.reading() as session:
            return session.get(LakeFile, relative)

    def keep(self, session: Session, relative: str) -> None:
        """The checksum of a file that has none yet, in the transaction of what refers to it."""
        path = self.root / relative
        if (look := _look(path)) and session.get(LakeFile, relative) is None:
            session.add(LakeFile(path=relative, size=look[0], checksum=checksum(path)))
            self._sound[relative] = look, time.monotonic()

    def announce(self, relative: str, staged: Path) -> None:
        """That a file is about to be replaced, in a transaction of its own, before `put`."""
        _flush(staged)
        staged.chmod(PRIVATE_FILE)
        if self._database is None:
            return
        with self._database.session() as session:
            if known := session.get(LakeFile, relative, with_for_update=True):
                if known.coming and checksum(self.root / relative) == known.coming:  # a crash came between
                    known.checksum = known.coming
                known.coming = checksum(staged)
                session.add(known)

    def put(self, session: Session, relative: str, staged: Path) -> None:
        """In place of what was there, in the transaction of whoever changes it."""
        known = session.get(LakeFile, relative, with_for_update=True, populate_existing=True)
        if known:
            known.checksum, known.coming, known.size = known.coming, "", staged.stat().st_size
            session.add(known)
        staged.replace(self.root / relative)

    def replace(self, relative: str, staged: Path) -> None:
        """For good at once."""
        self.announce(relative, staged)
        if self._database is None:
            staged.replace(self.root / relative)
            return
        with self._database.session() as session:
            self.put(session, relative, staged)

    def remove(self, session: Session, relative: str) -> None:
        """The file at once, what is known of it with the transaction."""
        (self.root / relative).unlink(missing_ok=True)
        self.unlist(session, relative)

    def unlist(self, session: Session, relative: str) -> None:
        if known := session.get(LakeFile, relative):
            session.delete(known)

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
        for relative in paths(snapshot):
            self.keep(session, relative)
        if kind in HASHED:
            session.merge(SnapshotKey(snapshot_id=snapshot.id or 0, hashed_by=self._hashing_key()))
        return snapshot


def paths(snapshot: Snapshot) -> set[str]:
    """Its own file and those beside it."""
    return {snapshot.path, *(str(snapshot.report[name]) for name in BESIDE if snapshot.report.get(name))}


def checksum(path: Path) -> str:
    """BLAKE3, a second for a gigabyte or less."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, blake3).hexdigest()  # type: ignore[arg-type]  # it has what is asked of one


def _look(path: Path) -> Look | None:
    """By which one sees that something wrote to a file, though it may give it back its old time."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


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
    return list(session.exec(_counting(authority, (kind,), name)))


def histories(session: Session, authority: str, kinds: Iterable[str]) -> dict[str, list[Snapshot]]:
    """The history of each of several kinds that has one, by one question."""
    found: dict[str, list[Snapshot]] = {}
    for snapshot in session.exec(_counting(authority, kinds)):
        found.setdefault(snapshot.kind, []).append(snapshot)
    return found


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
    return _counting(authority, (kind,), name).limit(1)


def _counting(
    authority: str | BindParameter[str], kinds: Iterable[str | BindParameter[str]], name: str | None = None
) -> SelectOfScalar[Snapshot]:
    query = select(Snapshot).where(
        Snapshot.authority == authority, col(Snapshot.kind).in_([*kinds]), col(Snapshot.undone_at).is_(None)
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
