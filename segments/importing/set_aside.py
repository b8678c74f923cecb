"""Where the inbox puts files that are done with, and what it tells people of those it could not take."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from engage.foundation.clock import london

DONE, ASIDE = "done", "set-aside"


def place(inbox: Path, origin: str, name: str, file: str) -> Path:
    """A free path in `done` or `set-aside`, beside where the file arrived. A link put in the way is not followed."""
    beside = inbox / origin
    folder = beside / name
    if any(part.is_symlink() for part in (folder, beside, beside.parent) if part != inbox):
        folder = inbox / name
    folder.mkdir(parents=True, exist_ok=True)
    return free(folder / file)


def free(wanted: Path) -> Path:
    """The path itself, or, as a file of that name came before, one with a number."""
    found, number = wanted, 1
    while found.exists():
        number += 1
        found = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
    return found


def put_aside(path: Path, words: str) -> None:
    """Set a file aside where it lies, the words beside it first, so that no kill leaves it unexplained."""
    folder = path.parent / ASIDE
    if folder.is_symlink():
        return
    folder.mkdir(exist_ok=True)
    target = free(folder / path.name)
    target.with_name(f"{target.name}.txt").write_text(words, encoding="utf-8")
    path.rename(target)


def explain(file: str, sentences: Iterable[str], at: datetime) -> str:
    """For people, without the content of any row."""
    return "\n".join(
        [f"{file} was set aside on {london(at):%d %B %Y at %H:%M}. Nothing of it was imported.", "", *sentences, ""]
    )
