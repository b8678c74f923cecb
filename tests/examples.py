"""How much of what can be tried is: a fifth in `make test`, all of it in `make test EXAMPLES=all`."""

import os
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
WHOLE = os.environ.get("ENGAGE_EXAMPLES") == "all"
FEWEST, EVERY = 5, 5


def examples(number: int) -> int:
    """As many as hypothesis makes of a rule."""
    return number if WHOLE else max(FEWEST, number // EVERY)


def some(of: Iterable[T]) -> list[T]:
    """Every so manyth, the first among them."""
    return list(islice(of, None, None, None if WHOLE else EVERY))
