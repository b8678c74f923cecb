"""A folder to work in while a file is read."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engage.foundation.folders import writing
from engage.foundation.lake import Lake


@contextmanager
def scratch(lake: Lake) -> Iterator[Path]:
    """A folder of our own, gone at the end. It holds names while a register is read, so what a killed import left
    behind is removed by the next one: its lock is then free."""
    folder = lake.stage(suffix="")
    for lock in folder.parent.glob("*/lock"):
        _remove_if_abandoned(lock)
    folder.mkdir(mode=0o700)
    with writing(folder / "lock") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_if_abandoned(lock: Path) -> None:
    try:
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
    except (BlockingIOError, FileNotFoundError):
        return  # at work, or just done
