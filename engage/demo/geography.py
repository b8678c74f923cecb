"""The map of a made-up borough, in the North Sea so that no real place is meant: wards, output areas, places to build.

Small even cells tile the borough; wards and output areas are groups of cells, so their edges meet exactly.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi

from engage.demo.words import WARDS, WardProfile
from engage.foundation.errors import InputRefused

Ints = np.typing.NDArray[np.int64]
Floats = np.typing.NDArray[np.float64]
Bools = np.typing.NDArray[np.bool_]

AUTHORITY = "E07900001"
AUTHORITY_NAME = "Exampleton"
CENTRE = np.array([600_000.0, 365_000.0])  # metres east and north on the British National Grid
RADIUS = 8_000.0  # metres
CELLS_PER_WARD = 70
HOMES_PER_OA = 125
OAS_PER_LSOA = 5
# Longitude and latitude at CENTRE and per metre there; within 20 m of the full OSGB36 conversion over the borough.
ORIGIN = np.array([0.9890005, 53.1445876])
PER_METRE = np.array([[1.4929857e-5, 6.238887e-7], [-3.75949e-7, 8.9766970e-6]])


@dataclass(frozen=True)
class BoroughMap:
    """`wards` are in order of their codes, as real ones are (by name); the arrays are per output area or per cell."""

    wards: tuple[WardProfile, ...]
    rings: tuple[tuple[Floats, ...], ...]  # per ward: outer ring, then holes; grid metres, closed
    oa_ward: Ints
    oa_homes: Ints
    oa_lsoa: Ints
    oa_cells: tuple[Floats, ...]  # per output area: cell centres, grid metres
    spacing: float  # metres between neighbouring cell centres

    def ward_code(self, ward: int) -> str:
        return f"E059{ward + 1:05d}"

    def oa_code(self, oa: int) -> str:
        return f"E009{oa + 1:05d}"

    def lsoa_code(self, lsoa: int) -> str:
        return f"E019{lsoa + 1:05d}"

    def lsoa_name(self, lsoa: int) -> str:
        return f"{AUTHORITY_NAME} {lsoa // 4 + 1:03d}{'ABCD'[lsoa % 4]}"

    def msoa_code(self, lsoa: int) -> str:
        return f"E029{lsoa // 4 + 1:05d}"


def draw_map(homes: int, wards: int, rng: np.random.Generator) -> BoroughMap:
    """Raises InputRefused unless 1 to 12 wards hold at least 50 homes each."""
    if not 1 <= wards <= len(WARDS) or homes < 50 * wards:
        raise InputRefused(
            f"A made-up borough has 1 to {len(WARDS)} wards of at least 50 homes, not {wards} wards and {homes} homes."
        )
    spacing = RADIUS * np.sqrt(np.pi / (CELLS_PER_WARD * wards))
    cells = Voronoi(_jittered_grid(spacing, rng))
    ward = _ward_of_cells(cells, _inside(cells.points, rng), wards, rng)
    profiles, ward = _named(cells.points, ward, wards)
    per_ward = _shares_of(homes, np.array([profile.weight for profile in profiles]))
    oa_ward, oa_homes, oa_cells = _output_areas(cells.points, ward, per_ward)
    return BoroughMap(
        wards=profiles,
        rings=tuple(_rings(cells, ward == index) for index in range(wards)),
        oa_ward=oa_ward,
        oa_homes=oa_homes,
        oa_lsoa=_lower_areas(oa_ward),
        oa_cells=oa_cells,
        spacing=float(spacing),
    )


def _jittered_grid(spacing: float, rng: np.random.Generator) -> Floats:
    reach = int(1.6 * RADIUS / spacing) + 2
    column, row = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    points = np.column_stack([(column + 0.5 * (row % 2)).ravel(), (row * np.sqrt(3) / 2).ravel()]) * spacing
    return CENTRE + points + rng.uniform(-0.28, 0.28, points.shape) * spacing


def _inside(points: Floats, rng: np.random.Generator) -> Bools:
    """Within an irregular outline: a circle pushed in and out by a few waves."""
    away = points - CENTRE
    angle, outline = np.arctan2(away[:, 1], away[:, 0]), np.ones(len(points))
    for wave in range(2, 8):
        outline += rng.uniform(0.3, 0.42) / wave * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    return np.asarray(np.hypot(*away.T) < RADIUS * np.clip(outline, 0.55, 1.45), dtype=np.bool_)


def _ward_of_cells(cells: Voronoi, inside: Bools, wards: int, rng: np.random.Generator) -> Ints:
    """Ward number of each cell, -1 outside. Wards near the centre are smaller, as a town's are."""
    away = (cells.points - CENTRE) / RADIUS
    stretched = away / np.maximum(np.hypot(*away.T), 1e-9)[:, None] ** 0.35
    ward = np.full(len(away), -1, dtype=np.int64)
    ward[inside] = kmeans2(stretched[inside], wards, iter=30, minit="++", missing="raise", rng=rng)[1]
    return _joined_up(cells, ward, wards)


def _joined_up(cells: Voronoi, ward: Ints, wards: int) -> Ints:
    """The same wards with each stray piece given to a neighbour, so that every ward is one piece."""
    pairs, size = cells.ridge_points, len(ward)
    for index in range(wards):
        same = pairs[(ward[pairs] == index).all(axis=1)]
        graph = coo_array((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(size, size))
        piece = connected_components(graph, directed=False)[1]
        main = Counter(piece[ward == index].tolist()).most_common(1)[0][0]
        stray = (ward == index) & (piece != main)
        for cell in np.flatnonzero(stray):
            near = pairs[(pairs == cell).any(axis=1)].ravel()
            choices = [ward[other] for other in near if ward[other] not in (-1, index)]
            ward[cell] = Counter(choices).most_common(1)[0][0] if choices else -1
    return ward


def _named(points: Floats, ward: Ints, wards: int) -> tuple[tuple[WardProfile, ...], Ints]:
    """Profiles from the centre outwards; then wards numbered by name, as the Office for National Statistics does."""
    distance = [np.hypot(*(points[ward == index].mean(axis=0) - CENTRE)) for index in range(wards)]
    chosen = [WARDS[round(place)] for place in np.linspace(0, len(WARDS) - 1, wards)]
    profile_of = dict(zip(np.argsort(distance).tolist(), chosen, strict=True))
    order = sorted(range(wards), key=lambda index: profile_of[index].name)
    number = np.full(wards + 1, -1, dtype=np.int64)
    number[order] = np.arange(wards)
    return tuple(profile_of[index] for index in order), number[ward]


def _shares_of(total: int, weights: Floats) -> Ints:
    """Whole numbers in proportion to the weights, summing to the total exactly."""
    edges = np.round(np.concatenate([[0.0], np.cumsum(weights)]) / weights.sum() * total)
    return np.asarray(np.diff(edges), dtype=np.int64)


def _output_areas(points: Floats, ward: Ints, per_ward: Ints) -> tuple[Ints, Ints, tuple[Floats, ...]]:
    """Each ward cut into slices around its middle: ward, homes and cell centres of every output area."""
    wards: list[int] = []
    homes: list[int] = []
    places: list[Floats] = []
    for index, count in enumerate(per_ward.tolist()):
        own = points[ward == index]
        own = own[np.argsort(np.arctan2(*(own - own.mean(axis=0)).T))]
        slices = min(max(2, round(count / HOMES_PER_OA)), len(own))
        wards += [index] * slices
        homes += _shares_of(count, np.ones(slices)).tolist()
        places += np.array_split(own, slices)
    return np.array(wards), np.array(homes), tuple(places)


def _lower_areas(oa_ward: Ints) -> Ints:
    """Lower-layer areas: about five output areas each, never across a ward's edge."""
    group = np.zeros_like(oa_ward)
    for ward in range(int(oa_ward.max()) + 1):
        own = np.flatnonzero(oa_ward == ward)
        group[own] = np.arange(len(own)) // OAS_PER_LSOA
    _, number = np.unique(oa_ward * 1000 + group, return_inverse=True)
    return np.asarray(number, dtype=np.int64)


def _rings(cells: Voronoi, own: Bools) -> tuple[Floats, ...]:
    """Outer ring (anticlockwise), then holes (clockwise), of the cells marked `own`."""
    edge = own[cells.ridge_points].sum(axis=1) == 1
    links: dict[int, list[int]] = {}
    for a, b in np.array(cells.ridge_vertices)[edge].tolist():
        links.setdefault(a, []).append(b)
        links.setdefault(b, []).append(a)
    rings = []
    while links:
        rings.append(cells.vertices[_walk(links)])
    rings.sort(key=lambda ring: -abs(_area(ring)))
    return tuple(ring if (_area(ring) > 0) == (place == 0) else ring[::-1] for place, ring in enumerate(rings))


def _walk(links: dict[int, list[int]]) -> list[int]:
    """Takes one closed ring out of the links. Three cells meet at a vertex, so the way is never in doubt."""
    start = here = next(iter(links))
    ring = [start]
    while True:
        onward = links[here].pop()
        links[onward].remove(here)
        for vertex in (here, onward):
            if not links.get(vertex, [0]):
                del links[vertex]
        ring.append(onward)
        if onward == start:
            return ring
        here = onward


def _area(ring: Floats) -> float:
    x, y = (ring - CENTRE).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def lon_lat(points: Floats) -> Floats:
    """Grid metres (n, 2) to longitude and latitude (n, 2)."""
    return np.asarray(ORIGIN + (points - CENTRE) @ PER_METRE.T, dtype=np.float64)


def write_boundaries(path: Path, borough: BoroughMap) -> None:
    features = [_feature(borough, ward) for ward in range(len(borough.wards))]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    collection = {"type": "FeatureCollection", "name": AUTHORITY, "crs": crs, "features": features}
    path.write_text(json.dumps(collection, separators=(",", ":")), encoding="utf-8")


def _feature(borough: BoroughMap, ward: int) -> dict[str, object]:
    rings = borough.rings[ward]
    middle = rings[0][:-1].mean(axis=0)
    longitude, latitude = lon_lat(middle[None])[0].round(6).tolist()
    properties = {
        "FID": ward + 1,
        "WD25CD": borough.ward_code(ward),
        "WD25NM": borough.wards[ward].name,
        "WD25NMW": " ",
        "LAD25CD": AUTHORITY,
        "LAD25NM": AUTHORITY_NAME,
        "BNG_E": round(middle[0]),
        "BNG_N": round(middle[1]),
        "LONG": longitude,
        "LAT": latitude,
    }
    coordinates = [lon_lat(ring).round(6).tolist() for ring in rings]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": coordinates}}
