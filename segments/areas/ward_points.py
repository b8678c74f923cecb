"""Points held against the boundaries of the wards they are said to lie in, in metres of the British National Grid."""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from engage.foundation.libraries import pyproj

# Generalised boundaries (ONS "BGC") stray up to 20 m from the real ones, and longitude and latitude are turned into
# grid metres without the OSTN15 shift grid, to about 5 m.
TOLERANCE = 25

POINTS = """
select h.uprn, h.easting, h.northing, coalesce(w.code, p.ward, '') as code
from home h left join ward w on w.code = h.ward left join place p using (uprn) where h.plotted order by h.uprn
"""
STRAYS = pa.schema([
    ("uprn", pa.int64()), ("easting", pa.float64()), ("northing", pa.float64()), ("code", pa.string()),
    ("lies_in", pa.string()), ("metres", pa.float64()),
])  # fmt: skip


def strays(points: Mapping[str, npt.NDArray[Any]], wards: dict[str, str]) -> tuple[pa.Table, int]:
    """Points further than TOLERANCE from their own ward: `uprn, easting, northing, code, lies_in, metres`; and how many
    others lie outside it, but within TOLERANCE.

    `points` has the columns `uprn, easting, northing, code`; `wards` are code to GeoJSON geometry (CRS84). A point
    whose code is none of the wards is passed over. `lies_in` is null outside all of them.
    """
    codes, shapes = list(wards), _in_metres(list(wards.values()))
    own = np.full(len(points["uprn"]), -1)
    for place, code in enumerate(codes):
        own[points["code"] == code] = place
    known = np.flatnonzero(own >= 0)
    dots = shapely.points(points["easting"][known], points["northing"][known])
    away = np.zeros(len(known))
    for place, shape in enumerate(shapes):
        there = np.flatnonzero(own[known] == place)
        outside = there[~shapely.covers(shape, dots[there])]
        away[outside] = shapely.distance(shape, dots[outside])
    far = np.flatnonzero(away > TOLERANCE)
    found = known[far]
    table = pa.table(
        {
            **{name: points[name][found] for name in ("uprn", "easting", "northing", "code")},
            "lies_in": _wards_of(dots[far], shapes, codes), "metres": away[far],
        },
        schema=STRAYS,
    )  # fmt: skip
    return table, int(((away > 0) & (away <= TOLERANCE)).sum())


def lying_in(points: npt.NDArray[np.float64], wards: Mapping[str, str]) -> list[str | None]:
    """The ward of each of `points` (n by 2, grid metres), None outside all; `wards` are code to GeoJSON (CRS84)."""
    return _wards_of(shapely.points(points), _in_metres(list(wards.values())), list(wards))


def _in_metres(geometries: list[str]) -> npt.NDArray[np.object_]:
    """Boundaries on the grid, ready for many questions."""
    to_grid = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:27700", always_xy=True)
    turned = shapely.transform(
        shapely.make_valid(shapely.from_geojson(geometries)),
        lambda xy: np.column_stack(to_grid.transform(xy[:, 0], xy[:, 1])),
    )
    shapely.prepare(turned)
    return np.asarray(turned, dtype=object)


def _wards_of(dots: npt.NDArray[np.object_], shapes: npt.NDArray[np.object_], codes: list[str]) -> list[str | None]:
    inside: list[str | None] = [None] * len(dots)
    for dot, shape in shapely.STRtree(shapes).query(dots, predicate="intersects").T:
        inside[dot] = codes[shape]
    return inside


def register(con: duckdb.DuckDBPyConnection, wards: dict[str, str]) -> int:
    """Make the table `stray` from `home`, `place` and the boundaries; the number of points near the edge.

    A home without a ward code of its own, or with one that is none of these wards, is held against its ward by the
    geography.
    """
    points = con.execute(POINTS).to_arrow_table()
    columns = {name: points[name].to_numpy() for name in points.column_names}
    found, near = strays(columns, wards)
    con.register("strays_found", found)
    con.execute("create table stray as select * from strays_found")
    return near
