"""Folders held by handle and files that are the service's alone.

A path is looked up anew each time it is used, and whoever may write to a folder on the way can put a link there in
between. A handle stays with the folder that was opened, and nothing in it is followed that is a link.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
OTHERS = 0o077  # all that the group and everybody else may do
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST = 180  # bytes of a name, of the 255 that a disk takes, so that a number and an ending find room


class Folder:
    """One folder, whatever its path leads to by now; only by `held`, which lets go of it."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def entries(self) -> list[os.DirEntry[str]]:
        with os.scandir(self.handle) as found:
            return list(found)

    def look(self, name: str) -> os.stat_result:
        """What lies there, itself and not what it leads to."""
        return os.stat(name, dir_fd=self.handle, follow_symlinks=False)

    @contextmanager
    def reading(self, name: str) -> Iterator[IO[bytes]]:
        """A regular file of that one name; OSError for a link of either kind, a pipe, a device."""
        with os.fdopen(os.open(name, _LOOK | os.O_NONBLOCK, dir_fd=self.handle), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
                raise PermissionError(f"{name!r} is no file of its own")
            yield file

    def new(self, wanted: str) -> tuple[str, IO[bytes]]:
        """A new file under that name or, where something of that name lies there, under one with a number."""
        for name in _numbered(wanted):
            with suppress(FileExistsError):
                return name, self._create(name)
        raise FileExistsError(wanted)

    def free(self, wanted: str) -> str:
        """The name that `new` would take now."""
        return next(name for name in _numbered(wanted) if not self._lies(name))

    def _lies(self, name: str) -> bool:
        try:
            self.look(name)
        except FileNotFoundError:
            return False
        return True

    def _create(self, name: str) -> IO[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(name, flags, PRIVATE_FILE, dir_fd=self.handle), "wb")

    def write(self, name: str, words: str) -> None:
        """In place of what an act that was cut short may have left under that name."""
        self.remove(name)
        with self._create(name) as file:
            file.write(words.encode())

    def copy(self, source: IO[bytes], partial: str, wanted: str) -> None:
        """Under a name that is free, whole at once: until then under `partial`."""
        self.remove(partial)
        with self._create(partial) as file:
            shutil.copyfileobj(source, file)
        self.move(partial, self, wanted)

    def move(self, name: str, to: "Folder", wanted: str) -> None:
        """The name is taken first, and a link put in its place since is replaced, not followed."""
        free, file = to.new(wanted)
        file.close()
        os.rename(name, free, src_dir_fd=self.handle, dst_dir_fd=to.handle)  # its own kind

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.handle)

    def make(self, name: str) -> None:
        with suppress(FileExistsError):
            os.mkdir(name, PRIVATE_FOLDER, dir_fd=self.handle)

    @contextmanager
    def within(self, name: str) -> Iterator["Folder"]:
        handle = os.open(name, _LOOK | os.O_DIRECTORY, dir_fd=self.handle)
        try:
            yield Folder(handle)
        finally:
            os.close(handle)


def _numbered(wanted: str) -> Iterator[str]:
    """`r.csv`, `r (2).csv`, `r (3).csv`."""
    path = Path(wanted)
    stem = path.stem.encode(errors="replace")[:_LONGEST].decode(errors="ignore")
    ending = path.suffix if len(path.suffix) < 20 else ""  # longer than any ending of a format
    yield from (stem + ending, *(f"{stem} ({number}){ending}" for number in range(2, 10_000)))


@contextmanager
def held(path: Path, *below: str) -> Iterator[Folder]:
    """A folder that the operator chose, or one below it: OSError where one on the way down is a link."""
    with ExitStack() as stack:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, handle)
        folder = Folder(handle)
        for name in below:
            folder = stack.enter_context(folder.within(name))
        yield folder


def private(path: str, flags: int) -> int:
    """For `open(…, opener=private)`: nobody else may read what is written there, whoever could before."""
    descriptor = os.open(path, flags, PRIVATE_FILE)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        with suppress(PermissionError):  # somebody else's file, which its owner lets us write to
            os.fchmod(descriptor, PRIVATE_FILE)
    return descriptor


def writing(path: Path, *, encoding: str = "utf-8", newline: str | None = None) -> TextIO:
    """A file of text that is its writer's alone, as what Engage writes may hold names and homes."""
    return open(path, "w", encoding=encoding, newline=newline, opener=private)


def claim(path: Path) -> Path:
    """Make the file there its writer's alone, before something else writes to that path."""
    with open(path, "ab", opener=private):
        return path


def own_folder(path: Path) -> Path:
    """The folder, and those on the way to it that were missing, the service's alone."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            with suppress(FileExistsError):
                folder.mkdir(mode=PRIVATE_FOLDER)
    return path


@contextmanager
def ours_alone() -> Iterator[None]:
    """Whatever is written meanwhile, by a library too, is closed to every other user of this machine."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)
