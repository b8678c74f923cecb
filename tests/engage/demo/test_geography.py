"""The map tiles, its places lie where they say, and its degrees agree with the Ordnance Survey's formulae."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from engage.demo.borough import Borough
from engage.demo.geography import lon_lat

Ring = list[list[float]]


def polygons(borough: Borough) -> dict[str, list[Ring]]:
    collection = json.loads(borough.paths("boundaries")[0].read_text())
    return {each["properties"]["WD25CD"]: each["geometry"]["coordinates"] for each in collection["features"]}


def area(ring: Ring) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2


def inside(points: np.ndarray, ring: Ring) -> np.ndarray:
    """Even-odd rule."""
    x, y = points.T
    odd = np.zeros(len(points), dtype=bool)
    for (ax, ay), (bx, by) in pairwise(ring):
        if ay != by:
            odd ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return odd


def test_wards_have_invented_names_and_codes_in_order(borough: Borough) -> None:
    collection = json.loads(borough.paths("boundaries")[0].read_text())
    facts = [each["properties"] for each in collection["features"]]
    assert [each["WD25CD"] for each in facts] == [f"E059{number:05d}" for number in range(1, 13)]
    names = [each["WD25NM"] for each in facts]
    assert names == sorted(names)
    assert "CRS84" in collection["crs"]["properties"]["name"]


@pytest.mark.parametrize("size", ["small", "borough"])
def test_wards_tile_the_borough(size: str, request: pytest.FixtureRequest) -> None:
    """Each edge is shared by two wards, in opposite directions, or lies on one closed outline."""
    rings = [ring for each in polygons(request.getfixturevalue(size)).values() for ring in each]
    edges = Counter((tuple(a), tuple(b)) for ring in rings for a, b in pairwise(ring))
    assert all(ring[0] == ring[-1] for ring in rings)
    assert set(edges.values()) == {1}
    outline = [edge for edge in edges if edge[::-1] not in edges]
    starts, ends = zip(*outline, strict=True)
    assert Counter(starts) == Counter(ends)
    assert max(Counter(starts).values()) == 1
    whole = sum(ax * by - bx * ay for (ax, ay), (bx, by) in outline) / 2
    assert sum(area(ring) for ring in rings) == pytest.approx(whole)


def test_outer_rings_run_anticlockwise(borough: Borough) -> None:
    assert all(area(ring) > 0 for ring, *_ in polygons(borough).values())


@pytest.mark.parametrize("size", ["small", "borough"])
def test_homes_lie_within_their_wards(size: str, request: pytest.FixtureRequest) -> None:
    borough = request.getfixturevalue(size)
    places = pd.read_csv(borough.paths("geography")[0])
    for code, (outer, *holes) in polygons(borough).items():
        own = places[places["WD25CD"] == code]
        points = lon_lat(own[["GRIDGB1E", "GRIDGB1N"]].to_numpy(dtype=float))
        assert len(own) > 0
        assert inside(points, outer).all()
        assert not any(inside(points, hole).any() for hole in holes)


@pytest.mark.parametrize(
    ("east", "north", "longitude", "latitude"),
    [  # by the formulae of the Ordnance Survey's guide to coordinate systems, worked out apart from this code
        (600_000, 365_000, 0.989000, 53.144588),
        (591_000, 356_000, 0.849268, 53.067086),
        (609_000, 374_000, 1.129236, 53.221916),
        (591_000, 374_000, 0.859992, 53.228686),
        (609_000, 356_000, 1.117506, 53.060356),
    ],
)
def test_degrees_are_within_20_metres(east: int, north: int, longitude: float, latitude: float) -> None:
    found = lon_lat(np.array([[east, north]], dtype=float))[0]
    off = (found - [longitude, latitude]) * [66_800, 111_300]  # metres in a degree there
    assert np.hypot(*off) < 20
