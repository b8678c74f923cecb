"""Automatic sharing: files that other systems put under `inbox/AUTHORITY/KIND/` come in by themselves.

A file counts as whole once two looks, some seconds apart by the disk's own clock, found the same size and the same
time of writing. It is moved into the waiting room, goes the way of every upload, and ends in `done` or `set-aside`
beside where it arrived. Whatever moment a worker is killed at, the next look goes on from what lies where.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import structlog
from sqlmodel import col, select

from engage.foundation.clock import london, today
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from segments.importing.intake import Intake, IntakeState, Source, upload
from segments.importing.set_aside import ASIDE, DONE, explain, place, put_aside
from segments.importing.uploads import LONGEST_NAME, alone, new_token
from segments.sources import KINDS

PATIENCE = 5.0  # seconds between two looks that must agree
UNFINISHED = (".part", ".tmp", ".filepart")
SWEPT_EVERY = 3600.0
DAY = 24 * 3600.0
NAMED_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)(-?)(\d\d)\2(\d\d)(?!\d)")
log = structlog.get_logger()


def root(office: Office) -> Path:
    return office.settings.home / "inbox"


def look(office: Office, *, patience: float = PATIENCE) -> bool:
    """Take in every file that is whole; whether others arrived that the next look may find whole."""
    inbox = root(office)
    if not inbox.is_dir():
        return False
    with _only_looker(inbox) as now:
        if now is None:
            return False
        whole, awaited = _judged(inbox, now, patience)
        for path in whole:
            _take_in(office, path)
        _forget_old(office, inbox, now)
    return awaited


@contextmanager
def _only_looker(inbox: Path) -> Iterator[float | None]:
    """What the disk's clock says, unless another process is looking now."""
    with (inbox / ".look").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        os.utime(held.fileno())
        yield os.fstat(held.fileno()).st_mtime


def arrivals(inbox: Path) -> list[Path]:
    """Regular files in the inbox, in its councils' folders and in their folders of kinds; nothing deeper."""
    found, folders = list[Path](), [inbox]
    for _ in ("inbox", "AUTHORITY", "KIND"):
        entries = [entry for folder in folders for entry in os.scandir(folder) if not entry.name.startswith(".")]
        found += [Path(e.path) for e in entries if e.is_file(follow_symlinks=False) and _has_ended(e.name)]
        folders = [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False) and e.name not in (DONE, ASIDE)]
    return sorted(found)


def _has_ended(name: str) -> bool:
    return not name.casefold().endswith(UNFINISHED)


def _judged(inbox: Path, now: float, patience: float) -> tuple[list[Path], bool]:
    """Which files are whole by what this look and the ones before it saw, and whether others are not yet."""
    memory = inbox / ".looks.json"
    before, looks, whole = _remembered(memory), dict[str, list[float]](), list[Path]()
    for path in arrivals(inbox):
        with suppress(FileNotFoundError):
            stat, key = path.lstat(), path.relative_to(inbox).as_posix()
            same = before.get(key, [])[:2] == [stat.st_size, stat.st_mtime_ns]
            looks[key] = before[key] if same else [stat.st_size, stat.st_mtime_ns, now]
            if same and now - looks[key][2] >= patience:
                whole.append(path)
    if looks != before:
        written = memory.with_suffix(".new")
        written.write_text(json.dumps(looks), encoding="utf-8")
        written.replace(memory)
    return whole, len(looks) > len(whole)


def _remembered(memory: Path) -> dict[str, list[float]]:
    try:
        found: dict[str, list[float]] = json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _take_in(office: Office, path: Path) -> None:
    inbox = root(office)
    parts = path.relative_to(inbox).parts
    code, kind = (*(part for part in parts[:-1]), "", "")[:2]
    code, kind = code.upper(), kind.casefold()
    try:
        if (reason := _homeless(office, code, kind)) and not _is_known(office, code):
            put_aside(path, explain(path.name, [reason], office.clock.now()))
            log.warning("inbox", says="set aside", why="unknown folder")
        else:
            _collect(office, path, code, kind, reason)
    except OSError as error:  # not ours to read or move: the others go on
        log.warning("inbox", says="left where it is", why=type(error).__name__)


def _homeless(office: Office, code: str, kind: str) -> str:
    """Why a file lies where no file belongs, if so."""
    where = f"Put files under inbox/AUTHORITY/KIND/, KIND being one of: {', '.join(KINDS)}."
    if not code:
        return f"It lies in no council's folder. {where}"
    if not _is_known(office, code):
        return f"There is no authority {code[:20]!r} here. {where}"
    if not kind:
        return f"The folder does not say what it is. {where}"
    return f"There is no kind {kind[:40]!r}. {where}" if kind not in KINDS else ""


def _is_known(office: Office, code: str) -> bool:
    with office.database.session() as session:
        return code.isalnum() and session.get(Authority, code) is not None


def _collect(office: Office, path: Path, code: str, kind: str, refusal: str) -> None:
    """A row first, then the file: a row without its file is dropped by whoever works on it; the file is found again."""
    with alone(office, code) as mine:
        if not mine:
            return  # something is being imported; a later look takes this one in
        if _is_in_already(office, path, code):
            path.unlink()
            return
        intake = _row(office, path, code, kind, refusal)
        with office.database.session() as session:
            session.add(intake)
        upload(office, intake).adopt(path, intake.name)


def _row(office: Office, path: Path, code: str, kind: str, refusal: str) -> Intake:
    now = office.clock.now()
    return Intake(
        token=new_token(), authority=code, source=Source.inbox, name=path.name[-LONGEST_NAME:], kind=kind[:80],
        origin=path.parent.relative_to(root(office)).as_posix(), as_at=day_of(office, path), refusal=refusal,
        state=IntakeState.refused if refusal else IntakeState.checking,
        arrived_at=now, changed_at=now, arrived_by=Actor(code, "inbox").label,
    )  # fmt: skip


def day_of(office: Office, path: Path) -> date:
    """The day a file speaks of: the one in its name, else the one on which it was written."""
    for year, _, month, day in NAMED_DAY.findall(path.name):
        with suppress(ValueError):
            return date(int(year), int(month), int(day))
    written = london(datetime.fromtimestamp(path.lstat().st_mtime, UTC)).date()
    return min(written, today(office.clock))


def _is_in_already(office: Office, path: Path, code: str) -> bool:
    """A move from another disk that was cut short after the copy leaves the file in both places."""
    origin = path.parent.relative_to(root(office)).as_posix()
    with office.database.session() as session:
        query = select(Intake).where(Intake.authority == code, Intake.origin == origin, ~col(Intake.cleared))
        rooms = [upload(office, intake) for intake in session.exec(query) if intake.name == path.name[-LONGEST_NAME:]]
    return any(room.holds_file and _same(room.path, path) for room in rooms)


def _same(one: Path, other: Path) -> bool:
    first, second = one.stat(), other.stat()
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)


def file_away(office: Office, intake: Intake) -> None:
    """Put a decided file where it belongs; once it lies there, again does nothing."""
    room = upload(office, intake)
    if not room.holds_file:
        room.clear()
        return
    imported = intake.state == IntakeState.imported
    target = place(root(office), intake.origin, DONE if imported else ASIDE, room.path.name)
    if not imported:
        words = explain(intake.name, [intake.refusal, *_counted(intake)], intake.changed_at)
        target.with_name(f"{target.name}.txt").write_text(words, encoding="utf-8")
    room.release(target)


def _counted(intake: Intake) -> list[str]:
    """What the check had counted, where it came so far."""
    found = intake.found
    if found is None:
        return []
    return [
        f"{found.rows_read:,} rows read, {found.accepted:,} could be used.",
        *(f"{count:,} rejected: {reason}" for reason, count in found.problems.items()),
        *found.warnings, *(question.sentence for question in found.questions),
    ]  # fmt: skip


def _forget_old(office: Office, inbox: Path, now: float) -> None:
    """What is done or set aside holds names too. How long it lies there is the operator's setting."""
    mark = inbox / ".swept"
    if mark.exists() and now - mark.stat().st_mtime < SWEPT_EVERY:
        return
    mark.touch()
    oldest = now - office.settings.inbox_kept_days * DAY
    for name in (DONE, ASIDE):
        for folder in (path for depth in ("", "*/", "*/*/") for path in inbox.glob(f"{depth}{name}")):
            for path in folder.iterdir() if not folder.is_symlink() else ():
                if path.lstat().st_ctime < oldest and not path.is_dir():
                    path.unlink()
