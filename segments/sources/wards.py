"""Ward boundaries as GeoJSON, as ONS and its copies publish them: in CRS84, or on the National Grid (EPSG:27700).

The snapshot is always in CRS84. Without its precise grid file, PROJ moves the National Grid to within about 3 metres,
finer than the generalised boundaries themselves.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

from engage.foundation.errors import InputRefused
from engage.foundation.libraries import pa
from segments.files.reading import Head, Reading
from segments.sources.area_columns import ELSEWHERE
from segments.sources.format import Format, Harvest, refuse_if_none, save

CODE, NAME, WELSH, AUTHORITY = r"wd\d\dcd", r"wd\d\dnm", r"wd\d\dnmw", r"lad\d\dcd"
WARD = re.compile(r"[EWSN]\d{8}")
SHAPES = ("Polygon", "MultiPolygon")
COLUMNS = ("ward", "name", "name_cy", "geometry")
DEGREES, GRID = ("84", "4326", "4258"), "27700"  # EPSG codes, and CRS84
OUTSIDE = "coordinates are neither longitude and latitude (CRS84) nor National Grid metres in the United Kingdom"
MOST_WARDS = 150  # twice what any authority has; more is a national file


def locate(head: Head) -> int | None:
    collection = head.is_json and '"type":"FeatureCollection"' in re.sub(r"\s", "", head.text)
    return -1 if collection and re.search(CODE, head.text, re.IGNORECASE) else None


def normalise(reading: Reading, _header_at: int) -> Harvest:
    collection = _collection(reading)
    features = collection["features"]
    grid = _on_grid(collection, features, reading.file)
    own = _own_wards(reading)
    told = _told_by_overlap(reading, features, own, grid=grid)
    reading.rows = len(features)
    reading.expected.add(ELSEWHERE)  # a national or regional file holds other wards: that is no fault of it
    wards = []
    for number, feature in enumerate(features, 1):
        fault = _fault(feature, reading, own, told, number, grid=grid)
        if fault is None:
            wards.append(_ward(feature, grid=grid) | _replaced(feature, told.get(number), own))
        elif fault[1] == ELSEWHERE:
            reading.rejected[ELSEWHERE] += 1  # counted, not listed
        else:
            reading.reject(number, *fault)
    _tell_codes(reading, features, told)
    _tell_lacking(reading, own, {_is_read_as(ward["ward"], features, told) for ward in wards})
    return _kept(reading, wards)


def _told_by_overlap(reading: Reading, features: list[Any], own: set[str], *, grid: bool) -> dict[int, str]:
    """By number of the feature the geography's code of the ward that it certainly is, whatever its own code says: by
    the homes in it, else by the boundaries imported before."""
    whole = {n: f for n, f in enumerate(features, 1) if _is_whole(f, grid=grid)}
    if not own or not whole:
        return {}
    shapes = [_ward(feature, grid=grid)["geometry"] for feature in whole.values()]
    if homes := _homes(reading):
        found = _polygons().by_points(shapes, *zip(*homes, strict=True))
    elif before := _wards_before(reading, own):
        found = _polygons().by_area(shapes, before)
    else:
        return {}
    return {number: found[place] for place, number in enumerate(whole) if place in found}


def _replaced(feature: Any, code: str | None, own: set[str]) -> dict[str, str]:
    """The geography's code for one that is none, or is another ward's here. Any other is kept as it is, for the next
    geography may know it: `segments.areas.boundaries` tells the wards of today when they are read."""
    given = _find(feature["properties"], CODE)
    return {"ward": code} if code and (given in own or not WARD.fullmatch(given)) else {}


def _is_read_as(ward: str, features: list[Any], told: dict[int, str]) -> str:
    codes = {_find(features[number - 1]["properties"], CODE): code for number, code in told.items()}
    return codes.get(ward, ward)


def _is_whole(feature: Any, *, grid: bool) -> bool:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return isinstance(properties, dict) and not _shape_fault(feature.get("geometry"), grid=grid)


def _homes(reading: Reading) -> list[tuple[Any, ...]]:
    """`ward, easting, northing` of the properties that geography and gazetteer both know."""
    known = reading.known
    if known.geography is None or known.gazetteer is None:
        return []
    query = (
        "select ward, easting, northing from read_parquet(?) "
        "join (select uprn, easting, northing from read_parquet(?)) using (uprn) "
        "where ward is not null and easting > 1 and northing > 1"
    )
    return reading.con.execute(query, [str(known.geography), str(known.gazetteer)]).fetchall()


def _wards_before(reading: Reading, own: set[str]) -> dict[str, str]:
    if reading.known.boundaries is None:
        return {}
    rows = reading.con.execute("select ward, geometry from read_parquet(?)", [str(reading.known.boundaries)]).fetchall()
    return {ward: geometry for ward, geometry in rows if ward in own}


def _tell_codes(reading: Reading, features: list[Any], told: dict[int, str]) -> None:
    codes = {number: _find(features[number - 1]["properties"], CODE)[:20] for number in told}
    if changed := [code for number, code in codes.items() if code != told[number]]:
        reading.warnings.append(
            f"{len(changed):,} wards have other codes than in the geography imported here ({_listed(changed)}): where "
            "they lie says for certain which wards they are, and they take the geography's codes"
        )


def _tell_lacking(reading: Reading, own: set[str], kept: set[str]) -> None:
    """That wards of the geography have no boundary, where others are here instead."""
    strange, lacking = sorted(kept - own), sorted(own - kept)
    if own and strange and lacking:
        reading.warnings.append(
            f"{len(lacking):,} wards of the geography have no boundary here ({_listed(lacking)}); {len(strange):,} "
            f"wards are not in the geography ({_listed(strange)}), and where they lie does not say for certain which "
            "they are. Import gazetteer and geography (ONSUD) of the same year first, and the boundaries again after"
        )


def _listed(codes: list[str]) -> str:
    return f"{', '.join(codes[:3])}{' and so on' if len(codes) > 3 else ''}"


def _kept(reading: Reading, wards: list[dict[str, str]]) -> Harvest:
    repeated = Counter(ward["ward"] for ward in wards)
    if twice := [code for code, count in repeated.items() if count > 1]:
        raise InputRefused(f"{reading.file} holds ward {twice[0]} twice. Each ward must be one feature.")
    if not wards and reading.rejected.keys() == {ELSEWHERE} and reading.known.geography:
        raise InputRefused(f"{reading.file} holds none of the wards of {reading.authority}. Nothing was changed.")
    refuse_if_none(reading, len(wards), reading.rejected)
    if len(wards) > MOST_WARDS:
        raise InputRefused(
            f"{reading.file} holds {len(wards):,} wards and does not say which are of {reading.authority}. Import the "
            "geography (ONSUD) first, which tells them, or a file with a column LADxxCD. Nothing was changed."
        )
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    reading.con.register("wards", pa.Table.from_pylist(wards, schema=schema))
    rows = save(reading, "select * from wards order by ward")
    return Harvest(rows, reading.rejected, {"wards": rows}, rows)


def _collection(reading: Reading) -> dict[str, Any]:
    try:
        with reading.text.open() as file:
            collection = json.load(file)
    except (json.JSONDecodeError, RecursionError) as error:
        at = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputRefused(f"{reading.file}{at}: the GeoJSON is damaged or cut off. Download it again.") from None
    if not isinstance(collection, dict) or not isinstance(collection.get("features"), list):
        raise InputRefused(f"{reading.file} is no GeoJSON FeatureCollection: it has no list of features.")
    return collection


def _on_grid(collection: dict[str, Any], features: list[Any], file: str) -> bool:
    """Whether coordinates are National Grid metres: as the `crs` member says, else as the first of them looks."""
    crs = collection.get("crs")
    said: list[str] = re.findall(r"\d+", str(crs.get("properties", "")))[-1:] if isinstance(crs, dict) else []
    if said and said[0] not in (*DEGREES, GRID):
        raise InputRefused(
            f"{file} is in the coordinate system EPSG:{said[0]}. Expected longitude and latitude (CRS84, EPSG:4326) or "
            "the National Grid (EPSG:27700): choose one of them where you download it."
        )
    if said:
        return said[0] == GRID
    shapes = (feature.get("geometry") for feature in features if isinstance(feature, dict))
    points = (point for shape in shapes if isinstance(shape, dict) for point in _points(shape.get("coordinates")))
    first = next(points, (0.0, 0.0))
    return bool(abs(first[0]) > 180 or abs(first[1]) > 90)


def _own_wards(reading: Reading) -> set[str]:
    """The wards that the geography knows: a file may lack district codes. Empty where none is imported."""
    if reading.known.geography is None:
        return set()
    return {code for (code,) in reading.con.execute(reading.known.areas_sql("ward") or "").fetchall()}


def _fault(
    feature: Any, reading: Reading, own: set[str], told: dict[int, str], number: int, *, grid: bool
) -> tuple[str, str, str] | None:
    """(column, reason, value) of what is wrong with a feature; its place in the file stands for the line."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        return "properties", "no properties", ""
    if number not in told and (wrong := _code_fault(properties, reading, own, told)):
        return wrong
    if not _find(properties, NAME):
        return "WDxxNM", "no ward name", ""
    reason = _shape_fault(feature.get("geometry"), grid=grid)
    return ("geometry", reason, "") if reason else None


def _code_fault(
    properties: dict[str, Any], reading: Reading, own: set[str], told: dict[int, str]
) -> tuple[str, str, str] | None:
    """Of a ward that only its code tells. The geography decides; districts only of wards that it does not have."""
    code, found = _find(properties, CODE), _find(properties, AUTHORITY)
    if not WARD.fullmatch(code):
        return "WDxxCD", "no ward code", code[:20]
    if code in told.values():
        return "WDxxCD", "a code whose homes all lie in another ward of this file", code
    if code in own:
        return None
    if found and found not in (reading.authority, *reading.known.former_codes):
        return "LADxxCD", ELSEWHERE, found[:20]
    return ("WDxxCD", ELSEWHERE, code) if not found and own else None


def _shape_fault(geometry: Any, *, grid: bool) -> str:
    rings = _rings(geometry)
    if not rings or not all(map(_is_ring, rings)):
        return "no polygon"
    right, top = (700_000, 1_300_000) if grid else (3, 62)
    left, bottom = (-100_000, 0) if grid else (-9, 49)
    return "" if all(left <= x <= right and bottom <= y <= top for ring in rings for x, y, *_ in ring) else OUTSIDE


def _rings(geometry: Any) -> list[Any]:
    """Of one polygon or several; none where it is something else."""
    if not isinstance(geometry, dict) or geometry.get("type") not in SHAPES:
        return []
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if geometry["type"] == "Polygon" else coordinates
    if not isinstance(polygons, list) or not all(isinstance(polygon, list) for polygon in polygons):
        return []
    return list(chain.from_iterable(polygons))


def _is_ring(ring: Any) -> bool:
    return (
        isinstance(ring, list) and len(ring) >= 4 and all(isinstance(part, list) and _is_point(part) for part in ring)
    )


def _points(coordinates: Any) -> Iterator[tuple[float, float]]:
    if not isinstance(coordinates, list):
        return
    if _is_point(coordinates):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _points(part)


def _is_point(part: list[Any]) -> bool:
    return len(part) >= 2 and all(isinstance(number, int | float) for number in part[:2])


def _find(properties: dict[str, Any], pattern: str) -> str:
    """The newest property whose name fits: `WD25CD` before `WD24CD`."""
    fitting = sorted(name for name in properties if re.fullmatch(pattern, name.casefold()))
    return str(properties[fitting[-1]] or "").strip() if fitting else ""


def _ward(feature: dict[str, Any], *, grid: bool) -> dict[str, str]:
    properties, geometry = feature["properties"], feature["geometry"]
    if grid:
        geometry = {"type": geometry["type"], "coordinates": _in_degrees(geometry["coordinates"])}
    return {
        "ward": _find(properties, CODE), "name": _find(properties, NAME), "name_cy": _find(properties, WELSH),
        "geometry": json.dumps(geometry, separators=(",", ":")),
    }  # fmt: skip


def _in_degrees(coordinates: list[Any]) -> list[Any]:
    """Every ring from National Grid metres to longitude and latitude, to a tenth of a metre."""
    if _is_ring(coordinates):
        longitudes, latitudes = (
            _polygons().to_degrees().transform(*zip(*(part[:2] for part in coordinates), strict=True))
        )
        return [[round(x, 6), round(y, 6)] for x, y in zip(longitudes, latitudes, strict=True)]
    return [_in_degrees(part) for part in coordinates]


def _polygons() -> Any:
    from segments.files import polygons  # noqa: PLC0415 - brings Shapely and PROJ, which take a while to load

    return polygons


FORMATS = (
    Format(
        kind="boundaries", name="Ward boundaries (GeoJSON)", normalise=normalise, locate=locate,
        columns=("a FeatureCollection of polygons with WD25CD and WD25NM (any year), in CRS84 or EPSG:27700",),
    ),
)  # fmt: skip
