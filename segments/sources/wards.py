"""Ward boundaries as GeoJSON in CRS84, as ONS and its copies publish them."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from engage.foundation.errors import InputRefused
from segments.reading import Head, Reading
from segments.sources.area_measures import ELSEWHERE
from segments.sources.format import Format, Harvest, refuse_if_none, save, scalar

CODE, NAME, WELSH, AUTHORITY = r"wd\d\dcd", r"wd\d\dnm", r"wd\d\dnmw", r"lad\d\dcd"
SHAPES = ("Polygon", "MultiPolygon")
COLUMNS = pa.schema([(name, pa.string()) for name in ("ward", "name", "name_cy", "geometry")])


def locate(head: Head) -> int | None:
    collection = head.is_json and '"type":"FeatureCollection"' in re.sub(r"\s", "", head.text)
    return -1 if collection and re.search(CODE, head.text, re.IGNORECASE) else None


def normalise(reading: Reading, _header_at: int) -> Harvest:
    features = _features(reading)
    reading.rows = len(features)
    wards = []
    for number, feature in enumerate(features, 1):
        if fault := _fault(feature, reading.authority):
            reading.reject(number, *fault)
        else:
            wards.append(_ward(feature))
    repeated = Counter(ward["ward"] for ward in wards)
    if twice := [code for code, count in repeated.items() if count > 1]:
        raise InputRefused(f"{reading.file} holds ward {twice[0]} twice. Each ward must be one feature.")
    refuse_if_none(reading, len(wards), reading.rejected)
    reading.con.register("wards", pa.Table.from_pylist(wards, schema=COLUMNS))
    _check_own(reading)
    rows = save(reading, "select * from wards order by ward")
    return Harvest(rows, reading.rejected, {"wards": rows}, rows)


def _features(reading: Reading) -> list[dict[str, Any]]:
    try:
        collection = json.loads(reading.text.path.read_text("utf-8"))
    except (json.JSONDecodeError, RecursionError) as error:
        at = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputRefused(f"{reading.file}{at}: the GeoJSON is damaged or cut off. Download it again.") from None
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        raise InputRefused(f"{reading.file} is no GeoJSON FeatureCollection: it has no list of features.")
    return features


def _fault(feature: Any, authority: str) -> tuple[str, str, str] | None:
    """(column, reason, value) of what is wrong with a feature; its place in the file stands for the line."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        return "properties", "no properties", ""
    code, found = _find(properties, CODE), _find(properties, AUTHORITY)
    if not re.fullmatch(r"[EWSN]\d{8}", code):
        return "WDxxCD", "no ward code", code[:20]
    if not _find(properties, NAME):
        return "WDxxNM", "no ward name", ""
    if found and found != authority:
        return "LADxxCD", ELSEWHERE, found[:20]
    reason = _shape_fault(feature.get("geometry"))
    return ("geometry", reason, "") if reason else None


def _shape_fault(geometry: Any) -> str:
    if not isinstance(geometry, dict) or geometry.get("type") not in SHAPES:
        return "no polygon"
    points = list(_points(geometry.get("coordinates")))
    if len(points) < 4:
        return "no polygon"
    inside = all(-9 <= x <= 3 and 49 <= y <= 62 for x, y in points)
    return "" if inside else "coordinates are not longitude and latitude in the United Kingdom (CRS84)"


def _points(coordinates: Any) -> Iterator[tuple[float, float]]:
    if not isinstance(coordinates, list):
        return
    if len(coordinates) >= 2 and all(isinstance(part, int | float) for part in coordinates[:2]):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _points(part)


def _find(properties: dict[str, Any], pattern: str) -> str:
    """The newest property whose name fits: `WD25CD` before `WD24CD`."""
    fitting = sorted(name for name in properties if re.fullmatch(pattern, name.casefold()))
    return str(properties[fitting[-1]] or "").strip() if fitting else ""


def _ward(feature: dict[str, Any]) -> dict[str, str]:
    properties = feature["properties"]
    return {
        "ward": _find(properties, CODE), "name": _find(properties, NAME), "name_cy": _find(properties, WELSH),
        "geometry": json.dumps(feature["geometry"], separators=(",", ":")),
    }  # fmt: skip


def _check_own(reading: Reading) -> None:
    """A file without district codes is held against the wards that the geography knows."""
    if reading.known.geography is None:
        return
    own = reading.known.areas_sql("ward") or ""
    if not scalar(reading, f"select count(*) from wards where ward in ({own})"):  # noqa: S608 - our own query
        raise InputRefused(f"{reading.file} holds none of the wards of {reading.authority}. Nothing was changed.")


FORMATS = (
    Format(
        kind="boundaries", name="Ward boundaries (GeoJSON, CRS84)", normalise=normalise, locate=locate,
        columns=("a FeatureCollection of polygons with WD25CD and WD25NM (any year)",),
    ),
)  # fmt: skip
