"""That the home folder is the service's alone: it holds keys, names while a file is read, and who is reminded.

What is open to other users of the machine is closed at the start, and said: an operator who is refused would close it
by the same command. What belongs to somebody else cannot be closed by us, and its owner could open it again, so then
nothing starts.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from engage.foundation.errors import SettingsInvalid
from engage.foundation.folders import OTHERS
from engage.foundation.office import Office
from engage.foundation.words import plural

INBOX = "inbox"  # what lies in it belongs to those who send


@dataclass
class Found:
    """Paths below the home folder that others may reach, and that belong to others."""

    open: list[Path] = field(default_factory=list)
    foreign: list[Path] = field(default_factory=list)


def examine(home: Path) -> Found:
    found = Found()
    for path in _all(home):
        try:
            seen = path.lstat()
        except FileNotFoundError:  # a worker beside us has just ended a file
            continue
        if stat.S_ISLNK(seen.st_mode):
            continue
        if seen.st_uid != os.geteuid():
            found.foreign.append(path)
        elif stat.S_IMODE(seen.st_mode) & OTHERS:
            found.open.append(path)
    return found


def _all(home: Path) -> Iterator[Path]:
    yield home
    for folder, names, files in os.walk(home):
        if Path(folder) == home:
            names[:] = [name for name in names if name != INBOX]
        yield from (Path(folder) / name for name in (*names, *files))


def close_to_others(office: Office) -> None:
    if mended := close(office.settings.home):
        click.echo(mended, err=True)


def close(home: Path) -> str:
    """What was mended, in a line; empty where nothing had to be. SettingsInvalid where something is another user's."""
    if not home.exists():
        return ""
    found = examine(home)
    if found.foreign:
        raise SettingsInvalid(_told(home, found.foreign[0]))
    for path in found.open:  # the home folder is the first, and after it nobody else gets to the others
        with suppress(FileNotFoundError):
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS)
    what = plural(len(found.open), "file or folder", "files and folders")
    return f"Other users of this machine could reach {what} in {home}: now only this service can." if found.open else ""


def _told(home: Path, path: Path) -> str:
    return (
        f"{path} belongs to user {path.lstat().st_uid} of this machine, but Engage runs as user {os.geteuid()}: "
        f"expected the service's own. Run it as that user, or: chown -R {os.geteuid()} {home}"
    )


def of_home(office: Office) -> str:
    """What is wrong with the home folder itself, through which everything below it is reached; empty where nothing."""
    if not office.settings.home.exists():
        return ""
    seen = office.settings.home.stat()
    if seen.st_uid != os.geteuid():
        return f"belongs to user {seen.st_uid} of this machine, but Engage runs as user {os.geteuid()}"
    mode = stat.S_IMODE(seen.st_mode)
    return f"is open to other users of this machine ({mode:04o}): expected 0700" if mode & OTHERS else ""
