"""Where the inbox puts files that are done with, and what it tells people of those it could not take.

Who sends files may put links, pipes and folders in the way: everything here goes by the handle of a folder.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from engage.foundation.clock import london
from engage.foundation.folders import Folder, held

DONE, ASIDE = "done", "set-aside"


def below(origin: str) -> tuple[str, ...]:
    """The folders of a path in the inbox."""
    return tuple(part for part in origin.split("/") if part not in ("", ".", ".."))


@contextmanager
def place(inbox: Path, origin: str, name: str) -> Iterator[Folder]:
    """`done` or `set-aside` beside where the file arrived or, where a link is in the way, of the inbox itself."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(_kept_in(inbox, below(origin), name))
        except OSError:
            folder = stack.enter_context(_kept_in(inbox, (), name))
        yield folder


@contextmanager
def _kept_in(inbox: Path, parts: tuple[str, ...], name: str) -> Iterator[Folder]:
    with held(inbox, *parts) as beside:
        beside.make(name)
        with beside.within(name) as folder:
            yield folder


def lay_down(folder: Folder, file: IO[bytes], partial: str, name: str, words: str) -> None:
    """A file out of the waiting room; the words beside it first, so that no kill leaves it unexplained."""
    if words:
        explain_beside(folder, name, words)
    folder.copy(file, partial, name)


def put_aside(beside: Folder, name: str, words: str) -> None:
    """Set a file aside where it lies, unread."""
    beside.make(ASIDE)
    with beside.within(ASIDE) as folder:
        explain_beside(folder, name, words)
        beside.move(name, folder, name)


def explain_beside(folder: Folder, name: str, words: str) -> None:
    """In place of what a kill may have left there."""
    folder.write(f"{folder.free(name)}.txt", words)


def explain(file: str, sentences: Iterable[str], at: datetime) -> str:
    """For people, without the content of any row."""
    return "\n".join(
        [f"{file} was set aside on {london(at):%d %B %Y at %H:%M}. Nothing of it was imported.", "", *sentences, ""]
    )
