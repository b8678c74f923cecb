"""The wards of an authority, by the newest boundaries."""

import json
from typing import Any

from engage.foundation.lake import current
from engage.foundation.office import Office
from segments import engine


def named(office: Office, authority: str) -> dict[str, str]:
    """Ward code to name, by name; empty before boundaries were imported."""
    return {code: name for code, name, _ in sorted(_rows(office, authority), key=lambda row: row[1])}


def shapes(office: Office, authority: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Ward code to name and GeoJSON geometry (CRS84)."""
    return {code: (name, json.loads(geometry)) for code, name, geometry in _rows(office, authority)}


def _rows(office: Office, authority: str) -> list[tuple[str, str, str]]:
    with office.database.session() as session:
        snapshot = current(session, authority, "boundaries")
    if snapshot is None:
        return []
    with engine.connect() as backend:
        frame = engine.table(backend, office.lake, snapshot).select("ward", "name", "geometry").execute()
    return [(str(row.ward), str(row.name), str(row.geometry)) for row in frame.itertuples(index=False)]
