"""The files of the lake held against the database: those that are damaged or gone, and those that nobody knows."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session, col, select

from engage.foundation import audit
from engage.foundation.identity import Authority
from engage.foundation.lake import LakeFile, Snapshot, paths
from engage.foundation.office import Office
from engage.foundation.words import plural

STAGING = "staging"
GRACE = 7 * 24 * 3600  # seconds: an import goes on for less, and a database that was put back may know a file again
NAMED = 5  # files in a sentence


@dataclass
class Found:
    """Paths below the lake."""

    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)  # in use, without a checksum
    unknown: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.damaged or self.missing or self.unlisted)

    @property
    def sentence(self) -> str:
        told = [
            _told(self.damaged, "not as written", "put back from a backup or import again"),
            _told(self.missing, "missing", "put back from a backup or import again"),
            _told(self.unlisted, "without a checksum", "run engage init"),
            _told(self.unknown, "known to nobody", "engage purge removes what is older than a week"),
        ]
        return "; ".join(filter(None, told)) or "every file is as it was written"


def _told(found: list[str], what: str, then: str) -> str:
    if not found:
        return ""
    more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return f"{plural(len(found), 'file')} {what} ({', '.join(found[:NAMED])}{more}): {then}"


def examine(office: Office) -> Found:
    """Each read whole. What is being made or removed at this moment is looked at twice."""
    first = _examine(office, None)
    return first if first.sound else _examine(office, first)


def _examine(office: Office, again: Found | None) -> Found:
    with office.database.reading() as session:
        known = {each.path for each in session.exec(select(LakeFile))}
        used = _used(session)
    there = set(_lying(office))
    looked_at = known if again is None else set(again.damaged) & known
    return Found(
        damaged=sorted(path for path in looked_at & there if not office.lake.is_sound(path)),
        missing=sorted(known - there), unlisted=sorted(used & there - known), unknown=sorted(there - known - used),
    )  # fmt: skip


def _used(session: Session) -> set[str]:
    return set[str]().union(*(paths(snapshot) for snapshot in session.exec(select(Snapshot))))


def _lying(office: Office) -> Iterator[str]:
    root = office.lake.root
    for path in root.rglob("*") if root.exists() else ():
        relative = path.relative_to(root)
        if relative.parts[0] != STAGING and path.is_file():
            yield relative.as_posix()


def list_all(office: Office) -> int:
    """The checksums of what an earlier version left, as it stands now; gives how many."""
    with office.database.reading() as session:
        known = set(session.exec(select(LakeFile.path)))
        new = sorted(_used(session) & set(_lying(office)) - known)
    for path in new:  # each by itself, as those of a country take a while
        with office.database.session() as session:
            office.lake.keep(session, path)
    return len(new)


def purge(office: Office, authority: str, *, dry_run: bool = False) -> int:
    """Remove what no row of the database has known for a week, and say so in the audit log."""
    old = [path for path in _strangers(office, authority) if _age(office.lake.root / path) > GRACE]
    if old and not dry_run:
        for path in old:
            (office.lake.root / path).unlink(missing_ok=True)
        with office.database.session() as session:
            audit.record(
                session, authority=authority, at=office.clock.now(), actor="retention", act="remove unknown files",
                subject="files of the lake that nothing refers to", files=old,
            )  # fmt: skip
    return len(old)


def _strangers(office: Office, authority: str) -> list[str]:
    """What lies in the folder of the authority; and of what a crash left half written, which is nobody's yet, the first
    authority's purge takes care."""
    with office.database.reading() as session:
        used = _used(session) | set(session.exec(select(LakeFile.path)))
        first = session.exec(select(Authority.code).order_by(col(Authority.code)).limit(1)).first()
    left = [path for path in _lying(office) if path.startswith(f"{authority}/") and path not in used]
    staging = office.lake.root / STAGING
    half = staging.iterdir() if authority == first and staging.exists() else ()
    return left + [f"{STAGING}/{path.name}" for path in half if path.is_file() and not path.is_symlink()]


def _age(path: Path) -> float:
    """By the disk's own clock, since it was written, moved or put back."""
    found = path.stat()
    return time.time() - max(found.st_mtime, found.st_ctime)
