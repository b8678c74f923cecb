"""Polygons told by what lies in them: only where that is certain."""

import json

import pytest
from pyproj import Transformer

from segments.files import polygons

TO_GRID = Transformer.from_crs("OGC:CRS84", "EPSG:27700", always_xy=True)


def square(x: float, y: float, side: float = 0.1) -> str:
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def dots(x: float, y: float, code: str, count: int = 20) -> list[tuple[str, float, float]]:
    return [(code, *TO_GRID.transform(x + 0.004 * n, y + 0.004 * n)) for n in range(1, count + 1)]


WEST, EAST = square(-1.6, 52.8), square(-1.5, 52.8)


@pytest.mark.parametrize(
    ("points", "told"),
    [
        (dots(-1.6, 52.8, "A") + dots(-1.5, 52.8, "B"), {0: "A", 1: "B"}),
        (dots(-1.6, 52.8, "A") + dots(-1.5, 52.8, "A"), {}),  # one ward became two
        (dots(-1.6, 52.8, "A") + dots(-1.6, 52.8, "B"), {}),  # two became one
        (dots(-1.6, 52.8, "A", 5), {}),  # too few to tell
        (dots(-1.6, 52.8, "A") + dots(-1.6, 52.8, "B", 1), {0: "A"}),  # one is plotted wrong
        (dots(-1.6, 52.8, "A", 10) + dots(-1.5, 52.8, "A", 8) + dots(-1.5, 52.8, "B"), {}),  # half of A moved
        (dots(-1.6, 52.8, "A") + dots(5, 52.8, "B"), {0: "A"}),  # B lies in none of them
        ([], {}),
    ],
)
def test_by_points(points: list[tuple[str, float, float]], told: dict[int, str]) -> None:
    codes, eastings, northings = zip(*points, strict=True) if points else ((), (), ())
    assert polygons.by_points([WEST, EAST], codes, eastings, northings) == told


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"A": WEST, "B": EAST}, {0: "A", 1: "B"}),
        ({"A": square(-1.6005, 52.8)}, {0: "A"}),  # generalised otherwise
        ({"A": square(-1.57, 52.8)}, {}),
        ({"A": square(-1.6, 52.8, 0.2)}, {}),
        ({"A": square(-1.6, 52.8, 0.05)}, {}),
    ],
)
def test_by_area(others: dict[str, str], told: dict[int, str]) -> None:
    assert polygons.by_area([WEST, EAST], others) == told
