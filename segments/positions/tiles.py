"""Squares of a kilometre of the National Grid, by their names on maps: SK2421 is 424 to 425 km east, 321 to 322 north.

Letters and figures are those of Ordnance Survey's guide to the National Grid: the first letter is a square of 500 km,
the second one of 100 km within it, each counted from the north-west without the letter I.
"""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

SIDE = 1000  # metres
LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
NAME = re.compile(r"([HNOST])([A-HJ-Z])([0-9]{2})([0-9]{2})", re.IGNORECASE)
EAST, NORTH = 700_000, 1_300_000  # metres, where the National Grid ends


def corner(name: str) -> tuple[int, int] | None:
    """Easting and northing of the south-west corner, in metres; None if it is not the name of a square."""
    found = NAME.fullmatch(name)
    if not found:
        return None
    large, small = (LETTERS.index(letter) for letter in (found[1].upper(), found[2].upper()))
    east = (large - 2) % 5 * 5 + small % 5
    north = 19 - large // 5 * 5 - small // 5
    return east * 100_000 + int(found[3]) * SIDE, north * 100_000 + int(found[4]) * SIDE


def inside(at: tuple[int, int], points: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which of `points` (n by 2, metres) lie in the square whose corner is `at`; its north and east edges are its
    neighbours'."""
    beyond = np.floor((points - np.asarray(at)) / SIDE)
    return np.asarray((beyond == 0).all(axis=1))
