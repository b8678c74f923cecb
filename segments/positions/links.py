"""Link files of positional accuracy improvement: the same features of one tile before and after the map was moved."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engage.foundation.errors import InputRefused
from segments.positions import tiles

COLUMNS = ("old_e", "old_n", "new_e", "new_n")
FURTHEST = 1000  # metres: no map was moved further, so what says so is no link but another file's columns


@dataclass(frozen=True)
class Tile:
    """`old` and `new` are n by 2, in metres, a row for each row of the file."""

    name: str
    corner: tuple[int, int]
    old: npt.NDArray[np.float64]
    new: npt.NDArray[np.float64]


def read(paths: Iterable[Path]) -> list[Tile]:
    """Every tile, in the order of their names; a folder stands for the CSV files in it."""
    given = [file for path in paths for file in _files(path)]
    found: dict[str, Path] = {}
    for path in given:
        if other := found.get(path.stem.upper()):
            msg = f"The tile {path.stem.upper()} was given twice: {other} and {path}. Give each tile once."
            raise InputRefused(msg)
        found[path.stem.upper()] = path
    return [_tile(name, path) for name, path in sorted(found.items())]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    held = sorted(file for file in path.iterdir() if file.suffix.lower() == ".csv")
    if not held:
        raise InputRefused(f"{path} holds no CSV files. Link files are named after their tile, like SK2421.csv.")
    return held


def _tile(name: str, path: Path) -> Tile:
    corner = tiles.corner(name)
    if corner is None:
        raise InputRefused(
            f"{path.name} is not named after a tile. A link file is called by the square kilometre that it covers, "
            "like SK2421.csv."
        )
    cells = table(path, COLUMNS)
    ends = np.array([[metres(path, line, column, row[column]) for column in COLUMNS] for line, row in cells])
    ends = ends.reshape(-1, 4)
    old, new = ends[:, :2], ends[:, 2:]
    far = np.hypot(*(new - old).T) > FURTHEST
    if far.any():
        line = cells[int(far.argmax())][0]
        raise InputRefused(f"{path.name}, line {line}: the link is longer than a kilometre. Are its columns in order?")
    if len(old) and 2 * int(tiles.inside(corner, old).sum()) <= len(old):
        raise InputRefused(
            f"{path.name} is named after the tile {name}, but most of its links lie elsewhere: the first is at "
            f"{old[0][0]:.0f}, {old[0][1]:.0f}, and the tile begins at {corner[0]}, {corner[1]}."
        )
    return Tile(name, corner, old, new)


def table(path: Path, needed: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """Each row of a CSV file with its line; InputRefused where a column is missing or a row is too long."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [cell.strip().lower() for cell in next(reader, [])]
            _refuse_columns(path, header, tuple(needed))
            return [(reader.line_num, _row(path, reader.line_num, header, row)) for row in reader if any(row)]
    except FileNotFoundError:
        raise InputRefused(f"There is no file {path}.") from None
    except (UnicodeDecodeError, csv.Error) as fault:
        msg = f"{path.name} is no CSV file of plain text ({type(fault).__name__}). Save it as CSV (UTF-8)."
        raise InputRefused(msg) from None


def _refuse_columns(path: Path, header: list[str], needed: tuple[str, ...]) -> None:
    missing = [column for column in needed if column not in header]
    if missing:
        has = ", ".join(header[:20]) or "nothing"
        raise InputRefused(
            f"{path.name}, line 1: no column {', '.join(missing)}. The first line names the columns; it has {has}."
        )
    if twice := next((column for column in needed if header.count(column) > 1), ""):
        raise InputRefused(f"{path.name}, line 1: the column {twice} stands there twice.")


def _row(path: Path, line: int, header: list[str], row: list[str]) -> dict[str, str]:
    if any(cell.strip() for cell in row[len(header) :]):
        raise InputRefused(f"{path.name}, line {line}: {len(row)} cells, but the first line names {len(header)}.")
    return {name: cell.strip() for name, cell in zip_longest(header, row[: len(header)], fillvalue="")}


def metres(path: Path, line: int, column: str, said: str) -> float:
    """A coordinate of the National Grid."""
    most = tiles.NORTH if column.endswith(("n", "northing")) else tiles.EAST
    try:
        found = float(said)
    except ValueError:
        found = np.nan
    if not 0 <= found <= most:
        raise InputRefused(
            f"{path.name}, line {line}, column {column}: {said[:40]!r} is no coordinate of the National Grid. "
            f"Metres from 0 to {most:,} are expected."
        )
    return found
