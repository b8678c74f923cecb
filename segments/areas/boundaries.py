"""Ward boundaries under the geography's codes, though they came before it or under codes of their own: where the homes
lie says which wards they are, only where that is certain."""

from collections.abc import Sequence

import ibis
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Office
from segments.areas import positions
from segments.engine import execution
from segments.engine.kept import Kept
from segments.files import polygons

_CODES = Kept[dict[str, str]]("boundaries", "geography", "gazetteer", positions.KIND)


def codes(backend: Backend, office: Office, session: Session, authority: str) -> dict[str, str]:
    """The geography's code of each ward of the newest boundaries that has another there."""
    drawn, geography = history(session, authority, "boundaries"), current(session, authority, "geography")
    if not drawn or geography is None:
        return {}
    return _CODES.of(office, session, authority, lambda: _matched(backend, office, session, drawn, geography))


def _matched(
    backend: Backend, office: Office, session: Session, drawn: Sequence[Snapshot], geography: Snapshot
) -> dict[str, str]:
    gazetteer = current(session, geography.authority, "gazetteer")
    homes = positions.now(backend, office, session, gazetteer) if gazetteer else None
    shapes = _shapes(backend, office, drawn[0])
    placed = execution.table(backend, office.lake, geography).select("uprn", "ward").filter(ibis._.ward.notnull())
    own = set(placed.select("ward").distinct().execute().ward)
    if not shapes.keys() - own or not own - shapes.keys():
        return {}
    if homes is not None:
        points = placed.inner_join(homes, "uprn").filter((ibis._.easting > 1) & (ibis._.northing > 1)).execute()
        told = polygons.by_points([*shapes.values()], [*points.ward], [*points.easting], [*points.northing])
    else:
        before = (_shapes(backend, office, snapshot) for snapshot in drawn[1:])
        known = next((each for each in before if own <= each.keys()), {})
        told = polygons.by_area([*shapes.values()], {code: known[code] for code in own}) if known else {}
    names = list(shapes)
    return {names[place]: code for place, code in told.items() if code not in shapes}


def _shapes(backend: Backend, office: Office, boundaries: Snapshot) -> dict[str, str]:
    """Ward code to GeoJSON."""
    frame = execution.table(backend, office.lake, boundaries).select("ward", "geometry").execute()
    return {str(row.ward): str(row.geometry) for row in frame.itertuples()}
