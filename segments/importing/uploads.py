"""Where a file lies between its arrival and its import: a folder of its own in the lake, gone when it is decided.

It holds the file as it was given, names and all, so nothing stays longer than it must.
"""

import fcntl
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engage.foundation.errors import NotFound
from engage.foundation.folders import own_folder, private, writing
from engage.foundation.office import Office

if TYPE_CHECKING:
    from _typeshed import SupportsRead

FORGOTTEN = 24 * 3600  # seconds, by the disk's own clock, after which what no row of the database knows is removed
LONGEST_NAME = 100
LONGEST_ON_DISK = 200  # bytes, of the 255 that a disk takes
GONE = "The uploaded file is no longer here. Upload it again."


def new_token() -> str:
    return uuid.uuid4().hex


def plain_name(given: str) -> str:
    """The last part of a path of any system, without letters that would break a line."""
    name = "".join(letter for letter in given.replace("\\", "/") if letter.isprintable())
    kept = Path(name).name[-LONGEST_NAME:].encode()[-LONGEST_ON_DISK:]
    return kept.decode(errors="ignore").lstrip(".") or "file"


class Upload:
    """One file's folder: the file itself in `file`, beside it what was found in it."""

    def __init__(self, office: Office, authority: str, token: str) -> None:
        if not token.isalnum() or not authority.isalnum():
            raise NotFound(GONE)
        self.token, self.folder = token, _room(office) / authority / token

    @property
    def path(self) -> Path:
        """The file; NotFound if it is not here any more."""
        found = self._file()
        if found is None:
            raise NotFound(GONE)
        return found

    def _file(self) -> Path | None:
        return next((path for path in sorted((self.folder / "file").glob("*")) if not path.is_symlink()), None)

    @property
    def holds_file(self) -> bool:
        return self._file() is not None

    @property
    def rejects(self) -> Path:
        return self.folder / "rejects.csv"

    def receive(self, source: "SupportsRead[bytes]", name: str) -> Path:
        """Stream an upload to disk."""
        target = self._made() / name
        with _writing(target) as out:
            shutil.copyfileobj(source, out)
        return target

    def adopt(self, source: IO[bytes], name: str) -> None:
        """Copy a file of the inbox in: under its name only once it is whole, and in nobody else's reach."""
        target, copied = self._made() / name, self.folder / "arriving"
        with _writing(copied) as out:
            shutil.copyfileobj(source, out)
        written = os.fstat(source.fileno()).st_mtime_ns
        os.utime(copied, ns=(written, written))
        copied.rename(target)

    def keep_rows(self, rows: list[dict[str, Any]]) -> None:
        with writing(self.folder / "rows.json") as file:
            json.dump(rows, file)

    def rows(self) -> list[dict[str, Any]]:
        """The first rows, as they were kept for the one who decides."""
        kept = self.folder / "rows.json"
        found: list[dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
        return found

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _made(self) -> Path:
        return own_folder(self.folder / "file")


def _writing(path: Path) -> IO[bytes]:
    return open(path, "wb", opener=private)  # a Path takes no opener


def room_left(office: Office, authority: str) -> int:
    """How many bytes the authority may still upload: what waits here for a decision takes from its quota."""
    taken = sum(path.stat().st_size for path in (_room(office) / authority).rglob("*") if path.is_file())
    return office.settings.upload_quota * 10**6 - taken


def sweep(office: Office, known: set[str]) -> None:
    """Remove what was uploaded to a form that was never finished."""
    for folder in _room(office).glob("*/*/"):
        if folder.name not in known and time.time() - folder.stat().st_mtime > FORGOTTEN:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone(office: Office, authority: str) -> Iterator[bool]:
    """Whether nobody else, in this process or another, is importing for the authority; then nobody will meanwhile.

    The lock is the kernel's, so it ends with the process that holds it, however that ends.
    """
    with writing(own_folder(_room(office)) / f"{authority}.busy") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _room(office: Office) -> Path:
    return office.lake.root / "staging" / "uploads"
