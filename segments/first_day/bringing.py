"""Many files at once: each laid in the waiting room, a zip of several as the files it holds, and left to be told apart.

A file that came is kept whatever is wrong with the form, so that nobody chooses a folder twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import IO

from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files import archives
from segments.importing import intake, uploads
from segments.importing.inbox import named_day
from segments.importing.intake import UNSORTED, Intake
from segments.importing.uploads import Upload

MOST = 200  # files
NO_TABLES = ("thumbs.db", "desktop.ini")  # what systems leave in folders


@dataclass(frozen=True)
class Named:
    """A file as a browser sends it."""

    name: str
    content: IO[bytes]


@dataclass(frozen=True)
class Brought:
    """One that lies in the waiting room."""

    upload: Upload
    name: str

    @property
    def day(self) -> date | None:
        """What its name says it speaks of."""
        return named_day(self.name)


def lay_down(office: Office, authority: str, files: Iterable[Named]) -> list[Brought]:
    """Empty files and what is no table are left out."""
    laid: list[Brought] = []
    for file in files:
        if _is_left_out(file.name):
            continue
        upload = Upload(office, authority, uploads.new_token())
        path = upload.receive(file.content, uploads.plain_name(file.name))
        if path.stat().st_size == 0:
            upload.clear()
        else:
            laid += _taken_apart(office, authority, Brought(upload, path.name))
    if len(laid) > MOST:
        for each in laid:
            each.upload.clear()
        raise InputRefused(f"There are {len(laid)} files in it. Bring at most {MOST} at once.")
    return laid


def _is_left_out(name: str) -> bool:
    return name.rpartition("/")[2].startswith(".") or name.rpartition("/")[2].lower() in NO_TABLES


def _taken_apart(office: Office, authority: str, brought: Brought) -> list[Brought]:
    """The tables of a zip of several; anything else as it is, to be refused in its turn where it cannot be read."""
    parts: list[Brought] = []
    room = uploads.room_left(office, authority)
    try:
        for name in archives.tables(brought.upload.path)[: MOST + 1]:
            part = Brought(Upload(office, authority, uploads.new_token()), uploads.plain_name(name))
            parts.append(part)
            with archives.unpacked(brought.upload.path, name) as stream:
                room -= part.upload.receive(_Bounded(stream, room), part.name).stat().st_size
    except InputRefused:
        for part in parts:
            part.upload.clear()
        return [brought]
    if parts:
        brought.upload.clear()
    return parts or [brought]


class _Bounded:
    """A stream that ends in a refusal where it holds more than there is room for."""

    def __init__(self, stream: IO[bytes], room: int) -> None:
        self._stream, self._room = stream, room

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._room -= len(chunk)
        if self._room < 0:
            raise InputRefused("There is no room for all files of this zip. Bring fewer at once.")
        return chunk


def kept(office: Office, authority: str, tokens: Iterable[str]) -> list[Brought]:
    """What an earlier try of the form has laid down."""
    found = [Upload(office, authority, token) for token in list(tokens)[:MOST] if token.isalnum()]
    return [Brought(each, each.path.name) for each in found if each.holds_file and not intake.knows(office, each.token)]


def without_day(office: Office, brought: list[Brought]) -> list[str]:
    """The names that say no day, or one that is yet to come."""
    return [each.name for each in brought if each.day is None or each.day > today(office.clock)]


def begin(office: Office, actor: Actor, brought: list[Brought], day: date | None) -> list[Intake]:
    """Each speaks of the day in its name, else of `day`."""
    undated = without_day(office, brought)
    return [
        intake.receive(office, actor, each.upload.token, UNSORTED, as_at)
        for each in brought
        if (as_at := day if each.name in undated else each.day) is not None
    ]
