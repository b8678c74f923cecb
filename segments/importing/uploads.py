"""Where a file lies between its arrival and its import: a folder of its own in the lake, gone when it is decided.

It holds the file as it was given, names and all, so nothing stays longer than it must.
"""

import errno
import fcntl
import json
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from engage.foundation.errors import NotFound
from engage.foundation.office import Office

FORGOTTEN = 24 * 3600  # seconds, by the disk's own clock, after which what no row of the database knows is removed
LONGEST_NAME = 100
GONE = "The uploaded file is no longer here. Upload it again."


def new_token() -> str:
    return uuid.uuid4().hex


def plain_name(given: str) -> str:
    """The last part of a path of any system, without letters that would break a line."""
    name = "".join(letter for letter in given.replace("\\", "/") if letter.isprintable())
    return Path(name).name[-LONGEST_NAME:].lstrip(".") or "file"


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

    def receive(self, source: IO[bytes], name: str) -> Path:
        """Stream an upload to disk."""
        target = self._made() / name
        with target.open("wb") as out:
            shutil.copyfileobj(source, out)
        return target

    def adopt(self, source: Path, name: str) -> None:
        """Move a file of the inbox in: whole at every moment, also from another disk."""
        target = self._made() / name
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            copied = self.folder / "arriving"
            shutil.copy2(source, copied)
            copied.rename(target)
            source.unlink()

    def release(self, target: Path) -> None:
        """Move the file out, to where it is filed, and give the folder up."""
        shutil.move(self.path, target)
        self.clear()

    def keep_rows(self, rows: list[dict[str, Any]]) -> None:
        (self.folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")

    def rows(self) -> list[dict[str, Any]]:
        """The first rows, as they were kept for the one who decides."""
        kept = self.folder / "rows.json"
        found: list[dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
        return found

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _made(self) -> Path:
        inner = self.folder / "file"
        inner.mkdir(mode=0o700, parents=True, exist_ok=True)
        return inner


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
    _room(office).mkdir(mode=0o700, parents=True, exist_ok=True)
    with (_room(office) / f"{authority}.busy").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _room(office: Office) -> Path:
    return office.lake.root / "staging" / "uploads"
