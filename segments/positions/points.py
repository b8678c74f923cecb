"""Any system's list of points, moved to the new map: `point, easting, northing, captured` in, a status out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engage.foundation.errors import InputRefused
from engage.foundation.files import cells
from engage.foundation.folders import writing
from segments.positions import links, tiles
from segments.positions.shift import Points, Shift, fit

MOVED, KEPT, ASKED = "moved", "kept", "asked"
OLD, NEW, UNSAID = "old", "new", ""
COLUMNS = ("point", "easting", "northing")
OUT = (*COLUMNS, "status")


@dataclass(frozen=True)
class Listed:
    """`known` is on which map each was captured or, in a list that was written here before, its status."""

    names: list[str]
    at: Points
    known: list[str]


def read(path: Path) -> Listed:
    """InputRefused names line, column and value of what is no list of points."""
    rows = links.table(path, COLUMNS)
    if not rows:
        raise InputRefused(f"{path.name} has no points, only its first line.")
    column = next((name for name in ("captured", "status") if name in rows[0][1]), "")
    if not column:
        raise InputRefused(f"{path.name}, line 1: no column captured, which says old, new or nothing of each point.")
    allowed = (OLD, NEW, UNSAID) if column == "captured" else (MOVED, KEPT, ASKED)
    lines: dict[str, int] = {}
    known = []
    for line, row in rows:
        _refuse_repeated(path, line, cells.as_given(row["point"]), lines)
        said = row[column].lower()
        if said not in allowed:
            expected = ", ".join(word or "nothing" for word in allowed)
            raise InputRefused(f"{path.name}, line {line}, column {column}: {said[:40]!r} is none of {expected}.")
        known.append(said)
    at = [[links.metres(path, line, name, row[name]) for name in COLUMNS[1:]] for line, row in rows]
    return Listed(list(lines), np.array(at), known)


def _refuse_repeated(path: Path, line: int, name: str, lines: dict[str, int]) -> None:
    if not name:
        raise InputRefused(f"{path.name}, line {line}, column point: it is blank. Each point needs its reference.")
    if name in lines:
        raise InputRefused(
            f"{path.name}, line {line}, column point: {name[:40]!r} stands on line {lines[name]} already."
        )
    lines[name] = line


def moved(shifts: Sequence[Shift], at: Points, known: Sequence[str]) -> tuple[Points, npt.NDArray[np.str_]]:
    """Where each point is on the new map, and what became of it.

    One captured on the new map, or moved before, stays; so does one outside every tile. One whose capture is not said,
    or in a tile that has too few sound links, is for a person to judge.
    """
    said, out = np.asarray(known, str), np.array(at, float)
    status = np.full(len(out), KEPT, dtype="<U5")
    for shift in shifts:
        here = tiles.inside(shift.tile.corner, at) & np.isin(said, (OLD, UNSAID, ASKED))
        movable = here & (said == OLD) & (shift.surface is not None)
        out[movable] = shift.moved(out[movable])
        status[here] = np.where(movable[here], MOVED, ASKED)
    status[said == MOVED] = MOVED
    status[said == ASKED] = ASKED
    return out, status


def move_file(
    tile_files: Sequence[Path], path: Path, out: Path, outliers: Path | None
) -> tuple[list[Shift], Counter[str]]:
    """Write the list anew, and the gross links beside it; gives how each tile was moved and how many points of each
    status there are. The list itself is left as it is."""
    if path.resolve() in {file.resolve() for file in (out, outliers) if file}:
        raise InputRefused(f"{path.name} is the list itself. Write to another file.")
    shifts = [fit(tile) for tile in links.read(tile_files)]
    listed = read(path)
    refuse_elsewhere(shifts, listed.at, path.name)
    at, status = moved(shifts, listed.at, listed.known)
    with writing(out, encoding="utf-8", newline="") as file:
        rows = zip(listed.names, at.tolist(), status.tolist(), strict=True)
        cells.write(file, OUT, ((name, f"{e:.3f}", f"{n:.3f}", what) for name, (e, n), what in rows))
    if outliers:
        with writing(outliers, encoding="utf-8", newline="") as file:
            cells.write(file, ("tile", "row"), ((shift.tile.name, row) for shift in shifts for row in shift.rows))
    return shifts, Counter(status.tolist())


def refuse_elsewhere(shifts: Sequence[Shift], at: Points, of: str) -> None:
    if not any(tiles.inside(shift.tile.corner, at).any() for shift in shifts):
        names = ", ".join(shift.tile.name for shift in shifts[:5])
        raise InputRefused(
            f"No point of {of} lies in any of the tiles ({names}). Are these another council's links? "
            "Nothing was changed."
        )
