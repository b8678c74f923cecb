"""How one tile of the map was moved: a smooth surface through its links, and the links that cannot be right.

A thin-plate spline in each tile alone, as neighbouring tiles were moved by themselves and a surface across the edge
would smear the jump between them. How closely it follows the links is chosen by leaving each of them out in turn.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engage.foundation.libraries import interpolate, spatial
from segments.positions import tiles
from segments.positions.links import Tile

Points = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]

FEWEST = 8  # links below which a person decides
SMOOTHINGS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # on distances in kilometres
USUAL = 0.1  # found best where links are too few to choose by
FEWEST_TO_CHOOSE = 20
GROSS = 4.5  # times the spread of the others
NEVER_GROSS = 0.4  # metres: four times what good links miss the surface by
SAME = 0.1  # metres: links that begin within this of each other say one thing twice
NEIGHBOURS = 10


@dataclass(frozen=True)
class Shift:
    """`gross` marks the rows of the file that were left out; `misses` is how far each of the others, itself left out,
    lies from where the surface puts it, in metres. `surface` is None where a person must judge."""

    tile: Tile
    gross: Marks
    misses: Points
    surface: "interpolate.RBFInterpolator | None"

    def moved(self, points: Points) -> Points:
        """`points` (n by 2, metres) of this tile on the new map."""
        if not len(points):
            return points
        assert self.surface is not None
        return points + self.surface(_local(self.tile, points))

    @property
    def rows(self) -> list[int]:
        """Of the gross links, counted from 1."""
        return [int(row) + 1 for row in np.flatnonzero(self.gross)]


def fit(tile: Tile) -> Shift:
    at, by, of = _merged(tile)
    sound = tiles.inside(tile.corner, tile.old[of])
    limit = NEVER_GROSS
    while sound.sum() >= FEWEST:
        worst, limit = _worst(at[sound], by[sound])
        if not worst.any():
            break
        sound[np.flatnonzero(sound)[worst]] = False
    if sound.sum() < FEWEST:
        return Shift(tile, ~tiles.inside(tile.corner, tile.old), np.empty(0), None)
    smoothing = _smoothing(at[sound], by[sound])
    surface = _surface(at[sound], by[sound], smoothing)
    strays = np.hypot(*(tile.new - tile.old - surface(_local(tile, tile.old))).T)
    gross = (strays > limit) | ~tiles.inside(tile.corner, tile.old)
    misses = np.hypot(*_left_out(at[sound], by[sound], smoothing).T)
    return Shift(tile, gross, misses, surface)


def _local(tile: Tile, points: Points) -> Points:
    """In kilometres from the corner: figures of one size, as the spline's are powers of them."""
    return np.asarray((points - np.asarray(tile.corner)) / tiles.SIDE, float)


def _merged(tile: Tile) -> tuple[Points, Points, npt.NDArray[np.int64]]:
    """Where links begin (km), how far they go (m), and of which row each is the first: a link given twice counts once,
    as the median of what it says, for a spline through one point twice has no answer."""
    rounded = np.round(tile.old / SAME).astype(np.int64)
    _, first, group = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    shifts = tile.new - tile.old
    by = np.array([np.median(shifts[group.ravel() == one], axis=0) for one in range(len(first))]).reshape(-1, 2)
    return _local(tile, tile.old[first]), by, first


def _surface(at: Points, by: Points, smoothing: float) -> "interpolate.RBFInterpolator":
    return interpolate.RBFInterpolator(at, by, kernel="thin_plate_spline", smoothing=smoothing)


def _influence(at: Points, smoothing: float) -> Points:
    """n by n: how much each link draws the surface at each."""
    return np.asarray(_surface(at, np.eye(len(at)), smoothing)(at), float)


def _left_out(at: Points, by: Points, smoothing: float) -> Points:
    """By how much each link misses the surface of all the others, without fitting it as often: a smoother is linear."""
    influence = _influence(at, smoothing)
    return np.asarray((by - influence @ by) / (1 - np.clip(np.diag(influence), 0, 0.99))[:, None], float)


def _smoothing(at: Points, by: Points) -> float:
    if len(at) < FEWEST_TO_CHOOSE:
        return USUAL
    return min(SMOOTHINGS, key=lambda smoothing: float(np.mean(_left_out(at, by, smoothing) ** 2)))


def _worst(at: Points, by: Points) -> tuple[Marks, float]:
    """Links that miss the surface by too much and by most among their neighbours, as a gross one draws others with it;
    and how much was too much, in metres."""
    influence = _influence(at, USUAL)
    free = 1 - np.clip(np.diag(influence), 0, 0.95)
    misses = np.hypot(*((by - influence @ by) / np.sqrt(free)[:, None]).T)
    limit = max(GROSS * float(np.median(misses)) / np.sqrt(2 * np.log(2)), NEVER_GROSS)
    _, near = spatial.cKDTree(at).query(at, k=min(NEIGHBOURS, len(at)))
    return (misses > limit) & (misses >= misses[near].max(axis=1)), limit
