"""Automatic sharing: files that other systems put under `inbox/AUTHORITY/KIND/` come in by themselves.

A file counts as whole once two looks, some seconds apart by the disk's own clock, found the same size and the same
time of writing. It is copied into the waiting room, where whoever sent it has no hand in it any more, goes the way of
every upload, and ends in `done` or `set-aside` beside where it arrived. Whatever moment a worker is killed at, the next
look goes on from what lies where. Links, pipes and devices are left alone, whenever they are put in the way.
"""

import errno
import fcntl
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import structlog
from sqlmodel import col, select

from engage.foundation.clock import london, today
from engage.foundation.folders import Folder, held, own_folder, private, writing
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from segments.files.report import Rows
from segments.importing.intake import Intake, IntakeState, Source, upload
from segments.importing.set_aside import ASIDE, DONE, explain, lay_down, place, put_aside
from segments.importing.uploads import alone, new_token, plain_name
from segments.sources.catalogue import KINDS

PATIENCE = 5.0  # seconds between two looks that must agree
DEEPEST = 2  # folders below the inbox: AUTHORITY, and KIND
IN_THE_WAY = (errno.ELOOP, errno.ENOTDIR)  # a link, or a file, where a folder belongs
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
    with _only_looker(office) as now:
        if now is None:
            return False
        whole, awaited = _judged(office, now, patience)
        for found in whole:
            _take_in(office, found)
        _forget_old(office, now)
    return awaited


@dataclass(frozen=True, order=True)
class Arrival:
    """A regular file as it was seen: where it lies in the inbox, its size, and when it was written."""

    folders: tuple[str, ...]
    name: str
    size: int
    written: int  # nanoseconds since 1970

    @property
    def origin(self) -> str:
        return "/".join(self.folders)


@contextmanager
def _only_looker(office: Office) -> Iterator[float | None]:
    """What the disk's clock says, unless another process is looking now."""
    with open(_memory(office) / "look", "w", opener=private) as held_open:  # a Path takes no opener
        try:
            fcntl.flock(held_open, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        os.utime(held_open.fileno())
        yield os.fstat(held_open.fileno()).st_mtime


def _memory(office: Office) -> Path:
    """What looks remember lies out of reach of those who send."""
    return own_folder(office.lake.root / "staging" / "inbox")


def arrivals(inbox: Path) -> list[Arrival]:
    """Regular files in the inbox, in its councils' folders and in their folders of kinds; nothing deeper, no link."""
    with held(inbox) as folder:
        return sorted(_arrived(folder, ()))


def _arrived(folder: Folder, above: tuple[str, ...]) -> Iterator[Arrival]:
    for entry in folder.entries():
        if entry.name.startswith(".") or entry.name in (DONE, ASIDE):
            continue
        with suppress(OSError):  # gone, or another thing by now
            found = folder.look(entry.name)
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and _has_ended(entry.name):
                yield Arrival(above, entry.name, found.st_size, found.st_mtime_ns)
            elif stat.S_ISDIR(found.st_mode) and len(above) < DEEPEST:
                with folder.within(entry.name) as below:
                    yield from _arrived(below, (*above, entry.name))


def _has_ended(name: str) -> bool:
    return not name.casefold().endswith(UNFINISHED)


def _judged(office: Office, now: float, patience: float) -> tuple[list[Arrival], bool]:
    """Which files are whole by what this look and the ones before it saw, and whether others are not yet."""
    memory = _memory(office) / "looks.json"
    before, looks, whole = _remembered(memory), dict[str, list[float]](), list[Arrival]()
    for found in arrivals(root(office)):
        key = "/".join((*found.folders, found.name))
        same = before.get(key, [])[:2] == [found.size, found.written]
        looks[key] = before[key] if same else [found.size, found.written, now]
        if same and now - looks[key][2] >= patience:
            whole.append(found)
    if looks != before:
        written = memory.with_suffix(".new")
        with writing(written) as file:
            json.dump(looks, file)
        written.replace(memory)
    return whole, len(looks) > len(whole)


def _remembered(memory: Path) -> dict[str, list[float]]:
    try:
        found: dict[str, list[float]] = json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _take_in(office: Office, found: Arrival) -> None:
    code, kind = (*found.folders, "", "")[:2]
    code, kind = code.upper(), kind.casefold()
    try:
        with held(root(office), *found.folders) as beside:
            if (reason := _homeless(office, code, kind)) and not (_is_known(office, code) and kind.isprintable()):
                words = explain(plain_name(found.name), [reason], office.clock.now())
                put_aside(beside, found.name, words)
                log.warning("inbox", says="set aside", why="unknown folder")
            else:
                _collect(office, beside, found, code, kind, reason)
    except OSError as error:  # not ours to read or move, or another thing by now: the others go on
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


def _collect(office: Office, beside: Folder, found: Arrival, code: str, kind: str, refusal: str) -> None:
    """A row first, then the file: a row without its file is dropped by whoever works on it; the file is found again."""
    with alone(office, code) as mine:
        if not mine:
            return  # something is being imported; a later look takes this one in
        with beside.reading(found.name) as file:
            if not _same(os.fstat(file.fileno()), found):
                return  # somebody writes to it again
            if not _is_in_already(office, found, code):
                intake = _row(office, found, code, kind, refusal)
                with office.database.session() as session:
                    session.add(intake)
                upload(office, intake).adopt(file, intake.name)
            if _same(beside.look(found.name), found):
                beside.remove(found.name)


def _row(office: Office, found: Arrival, code: str, kind: str, refusal: str) -> Intake:
    now = office.clock.now()
    return Intake(
        token=new_token(), authority=code, source=Source.inbox, name=plain_name(found.name), kind=kind[:80],
        origin=found.origin, as_at=day_of(office, found), refusal=refusal,
        state=IntakeState.refused if refusal else IntakeState.checking,
        arrived_at=now, changed_at=now, arrived_by=Actor(code, "inbox").label,
    )  # fmt: skip


def named_day(name: str) -> date | None:
    """The first that stands in a file's name, as 2026-06-01 or 20260601."""
    for year, _, month, day in NAMED_DAY.findall(name):
        with suppress(ValueError):
            return date(int(year), int(month), int(day))
    return None


def day_of(office: Office, found: Arrival) -> date:
    """The day a file speaks of: the one in its name, else the one on which it was written."""
    if named := named_day(found.name):
        return named
    try:
        written = london(datetime.fromtimestamp(found.written / 1e9, UTC)).date()
    except (OverflowError, ValueError):  # a sender may set any time
        return today(office.clock)
    return min(written, today(office.clock))


def _is_in_already(office: Office, found: Arrival, code: str) -> bool:
    """Who was killed between copying and removing left the file in both places."""
    with office.database.session() as session:
        query = select(Intake).where(Intake.authority == code, Intake.origin == found.origin, ~col(Intake.cleared))
        rooms = [upload(office, each) for each in session.exec(query) if each.name == plain_name(found.name)]
    return any(room.holds_file and _same(room.path.stat(), found) for room in rooms)


def _same(now: os.stat_result, found: Arrival) -> bool:
    return (now.st_size, now.st_mtime_ns) == (found.size, found.written)


def file_away(office: Office, intake: Intake) -> None:
    """Put a decided file where it belongs; once it lies there, again does nothing."""
    room = upload(office, intake)
    if room.holds_file:
        imported = intake.state == IntakeState.imported
        sentences = [intake.refusal, *_counted(intake)]
        words = "" if imported else explain(intake.name, sentences, intake.changed_at)
        try:
            with (
                place(root(office), intake.origin, DONE if imported else ASIDE) as folder,
                room.path.open("rb") as file,
            ):
                lay_down(folder, file, f".{intake.token}", room.path.name, words)
        except OSError as error:
            if error.errno not in IN_THE_WAY:
                raise
            log.warning("inbox", says="not filed, as links lie where it belongs", why=type(error).__name__)
    room.clear()


def _counted(intake: Intake) -> list[str]:
    """What the check had counted, where it came so far."""
    found = intake.found
    if found is None:
        return []
    return [
        f"{Rows.of(found).sentence}.",
        *(f"{count:,} rejected: {reason}" for reason, count in found.problems.items()),
        *found.warnings, *(question.sentence for question in found.questions),
    ]  # fmt: skip


def _forget_old(office: Office, now: float) -> None:
    """What is done or set aside holds names too. How long it lies there is the operator's setting."""
    mark = _memory(office) / "swept"
    if mark.exists() and now - mark.stat().st_mtime < SWEPT_EVERY:
        return
    mark.touch()
    oldest = now - office.settings.inbox_kept_days * DAY
    with held(root(office)) as inbox:
        _sweep(inbox, oldest, 0)


def _sweep(folder: Folder, oldest: float, depth: int) -> None:
    for entry in folder.entries():
        with suppress(OSError):  # a link, or gone
            if entry.name in (DONE, ASIDE):
                with folder.within(entry.name) as kept:
                    _empty(kept, oldest)
            elif depth < DEEPEST and stat.S_ISDIR(folder.look(entry.name).st_mode):
                with folder.within(entry.name) as below:
                    _sweep(below, oldest, depth + 1)


def _empty(kept: Folder, oldest: float) -> None:
    for entry in kept.entries():
        found = kept.look(entry.name)
        if found.st_ctime < oldest and not stat.S_ISDIR(found.st_mode):
            kept.remove(entry.name)
