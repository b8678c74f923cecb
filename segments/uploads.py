"""Files that come in by the page: what is here already, a file that waits for a decision, and what was rejected."""

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Actor, Office
from segments import imports, review
from segments.imports import ImportReport
from segments.sources import KINDS

# Title, and what it is for or where it comes from.
WORDS = {
    "register": ("Electoral register", "The full register, exported from the electoral management system"),
    "register-update": ("Register update", "Additions and deletions since the last full register"),
    "gazetteer": ("Gazetteer of addresses", "The local land and property gazetteer (LLPG), as DTF 7.3"),
    "geography": ("Areas of each property", "ONS UPRN Directory (ONSUD) or National Statistics UPRN Lookup (NSUL)"),
    "population": ("Population estimates", "ONS mid-year estimates by age"),
    "boundaries": ("Ward boundaries", "ONS Open Geography, as GeoJSON"),
    "contacts": ("Email addresses and phone numbers", "Only with a lawful basis and a data sharing agreement"),
    "suppressions": ("People not to contact", "From an earlier list of objections"),
    "protected": ("Protected addresses", "Kept as keyed hashes; nothing is ever sent to them or shown of them"),
    "indicator": ("Statistics by area", "Census 2021 tables from Nomis, or the Indices of Deprivation"),
}
FORGOTTEN = 24 * 3600  # seconds after which a file that waits for a decision is removed


@dataclass(frozen=True)
class Shelf:
    """One kind of data and its newest imports."""

    kind: str
    title: str
    hint: str
    snapshots: list[Snapshot]


def shelves(office: Office, authority: str) -> list[Shelf]:
    with office.database.session() as session:
        return [
            Shelf(kind, *WORDS.get(kind, (kind, "")), _newest(history(session, authority, kind)))
            for kind in sorted(KINDS, key=list(WORDS).index)
            if kind != "register-update"
        ]


def _newest(snapshots: list[Snapshot]) -> list[Snapshot]:
    """One of each name, as the statistics by area have many tables."""
    newest: dict[str, Snapshot] = {}
    for snapshot in snapshots:
        newest.setdefault(snapshot.name, snapshot)
    return sorted(newest.values(), key=lambda snapshot: snapshot.name)


def log(office: Office, authority: str) -> list[Snapshot]:
    """Every import, newest first; what Engage made itself is not one."""
    return [snapshot for snapshot in imports.history(office, authority) if snapshot.kind in KINDS]


def homes_are_behind(office: Office, authority: str) -> bool:
    """Whether the table of homes was built before the newest of what it is made of, officers' answers included."""
    with office.database.session() as session:
        homes = current(session, authority, "households")
        sources = [current(session, authority, kind) for kind in ("register", "gazetteer", "geography")]
        later = [history(session, authority, kind) for kind in ("indicator", "contacts", "protected")]
        answered_since = homes is not None and review.are_newer(session, homes)
    if not all(sources):
        return False
    newest = max(s.id or 0 for s in [*sources, *(s for kind in later for s in kind)] if s)
    return homes is None or answered_since or newest > (homes.id or 0)


@dataclass(frozen=True)
class Waiting:
    """An uploaded file that was looked at and waits for the officer's decision."""

    token: str
    name: str
    kind: str
    as_at: date


def take(office: Office, source: IO[bytes], name: str, kind: str, as_at: date) -> Waiting:
    _sweep(office)
    token = uuid.uuid4().hex
    folder = _room(office) / token
    folder.mkdir(parents=True)
    plain = Path(name.replace("\\", "/")).name[-120:] or "file"
    with (folder / plain).open("wb") as out:
        shutil.copyfileobj(source, out)
    return Waiting(token, plain, kind, as_at)


@contextmanager
def opened(office: Office, waiting: Waiting) -> Iterator[Path]:
    path = _room(office) / waiting.token / waiting.name
    if not waiting.token.isalnum() or not path.exists():
        msg = "The uploaded file is no longer here. Upload it again."
        raise NotFound(msg)
    yield path


def check(office: Office, actor: Actor, waiting: Waiting) -> ImportReport:
    """Read the file without importing it."""
    with opened(office, waiting) as path:
        return imports.import_file(office, actor, waiting.kind, path, waiting.as_at, dry_run=True)


def bring_in(office: Office, actor: Actor, waiting: Waiting) -> ImportReport:
    with opened(office, waiting) as path:
        report = imports.import_file(office, actor, waiting.kind, path, waiting.as_at)
    discard(office, waiting)
    return report


def discard(office: Office, waiting: Waiting) -> None:
    if waiting.token.isalnum():
        shutil.rmtree(_room(office) / waiting.token, ignore_errors=True)


def _room(office: Office) -> Path:
    return office.lake.root / "staging" / "uploads"


def _sweep(office: Office) -> None:
    """An upload that nobody decided on holds personal data: it goes after a day, by the disk's own clock."""
    for folder in _room(office).glob("*"):
        if time.time() - folder.stat().st_mtime > FORGOTTEN:
            shutil.rmtree(folder, ignore_errors=True)


def find(office: Office, authority: str, snapshot_id: int) -> Snapshot:
    with office.database.session() as session:
        snapshot = session.get(Snapshot, snapshot_id)
    if snapshot is None or snapshot.authority != authority or not snapshot.report or snapshot.kind not in KINDS:
        msg = f"There is no import {snapshot_id} here."
        raise NotFound(msg)
    return snapshot


def rejects(office: Office, actor: Actor, snapshot_id: int) -> Path:
    """The file of rejected rows, which holds what stood in them: reading it is recorded."""
    snapshot = find(office, actor.authority, snapshot_id)
    relative = str(snapshot.report.get("rejects_file", ""))
    if not relative:
        msg = f"Import {snapshot_id} rejected nothing."
        raise InputRefused(msg)
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="read rejected rows",
            subject=f"import {snapshot_id}", rejected=sum(snapshot.report.get("rejected", {}).values()),
        )  # fmt: skip
    return office.lake.root / relative
