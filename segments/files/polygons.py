"""Polygons of a file, held against points and against other polygons: which of them are certainly the same place."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from engage.foundation.libraries import pyproj

CERTAIN = 0.95  # of what lies in one lies in the other, and the other way round
FEWEST_POINTS = 10


@cache
def to_degrees() -> Any:
    """From metres of the National Grid to longitude and latitude."""
    return pyproj.Transformer.from_crs("EPSG:27700", "OGC:CRS84", always_xy=True)


def by_points(
    polygons: Sequence[str], codes: Sequence[str], eastings: Sequence[float], northings: Sequence[float]
) -> dict[int, str]:
    """By the place of each polygon (GeoJSON, CRS84) the code of the points that lie in it and, all but a few, nowhere
    else; of points whose code is not given nothing follows."""
    dots = shapely.points(*to_degrees().transform(np.asarray(eastings, float), np.asarray(northings, float)))
    names, of_dot = np.unique(np.asarray(codes, str), return_inverse=True)
    found = np.zeros((len(polygons), len(names)))
    dot, polygon = shapely.STRtree(_shapes(polygons)).query(dots, predicate="intersects")
    np.add.at(found, (polygon, of_dot[dot]), 1)
    return _mutual(found, found.sum(axis=1), np.bincount(of_dot, minlength=len(names)), names, FEWEST_POINTS)


def by_area(polygons: Sequence[str], others: Mapping[str, str]) -> dict[int, str]:
    """By the place of each polygon the code of the one it covers and is covered by; all are GeoJSON in CRS84."""
    shapes, known = _shapes(polygons), _shapes(list(others.values()))
    found = np.zeros((len(shapes), len(known)))
    one, other = shapely.STRtree(known).query(shapes, predicate="intersects")
    found[one, other] = shapely.area(shapely.intersection(shapes[one], known[other]))
    return _mutual(found, shapely.area(shapes), shapely.area(known), np.asarray(list(others)), 0)


def _shapes(polygons: Sequence[str]) -> npt.NDArray[Any]:
    return np.atleast_1d(shapely.make_valid(shapely.from_geojson(list(polygons))))


def _mutual(
    common: npt.NDArray[np.float64], inside: npt.NDArray[Any], known: npt.NDArray[Any], names: npt.NDArray[Any],
    fewest: float,
) -> dict[int, str]:  # fmt: skip
    least = np.maximum(CERTAIN * np.maximum(inside[:, None], known[None, :]), fewest)
    told = (common >= least) & (common > 0)
    told &= told.sum(axis=0, keepdims=True) == 1  # the same polygon twice says nothing
    return {int(place): str(names[name]) for place, name in np.argwhere(told)}
