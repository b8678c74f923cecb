"""Making the next thing while one is worked on changes neither the things nor their errors."""

import threading
from collections.abc import Iterator

import pytest

from engage.foundation.background import ahead


@pytest.mark.parametrize("things", [[], [None], [3, 0, 2, 0]])
def test_the_same_things_come_in_order(things: list[int | None]) -> None:
    assert list(ahead(iter(things))) == things


def test_an_error_comes_where_it_arose() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("a broken file")

    made = ahead(broken())
    assert next(made) == 1
    with pytest.raises(OSError, match="a broken file"):
        next(made)


def test_the_next_is_made_while_one_is_worked_on() -> None:
    begun = threading.Event()

    def stream() -> Iterator[int]:
        yield 1
        begun.set()
        yield 2

    for thing in ahead(stream()):
        assert begun.wait(60), f"nothing was made while {thing} was worked on"


def test_whoever_leaves_early_leaves_nothing_running() -> None:
    made = ahead(iter(range(1000)))
    assert next(made) == 0
    made.close()  # type: ignore[attr-defined]  # a generator's
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
