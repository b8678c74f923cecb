"""Who is missing: the officers' page by ward, with its map, its table and its assumptions."""

import csv
import io
from typing import Any

from litestar import Response, Router, get
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from markupsafe import Markup

from dashboards.disclosure import Published
from dashboards.maps import Area, ward_map
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Office
from engage.foundation.web import ByAccount, InOffice, render, requires
from segments import gap, wards

COLUMNS = ("key", "name", "eligible", "registered", "completeness", "low", "high", "missing")


@get("/gaps", sync_to_thread=True, include_in_schema=False)
def gaps(office: InOffice, account: ByAccount) -> Template:
    try:
        rows = gap.by_ward(office, account.authority)
    except InputRefused as refused:
        return render("officers/gaps.html", rows=[], refused=str(refused))
    return render(
        "officers/gaps.html", rows=rows, overall=gap.overall(office, account.authority),
        map=map_of(office, account.authority, rows), assumptions=gap.ASSUMPTIONS,
    )  # fmt: skip


@get("/gaps.csv", sync_to_thread=True, include_in_schema=False)
def gaps_csv(office: InOffice, account: ByAccount) -> Response[str]:
    disposition = f'attachment; filename="missing-by-ward-{account.authority}.csv"'
    text = written(gap.by_ward(office, account.authority))
    return Response(text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})


@get("/api/gaps", sync_to_thread=True, tags=["what the council knows"])
def api_gaps(office: InOffice, account: ByAccount) -> dict[str, Any]:
    """Who is missing by ward; shares are 0 to 1 with a 95 % interval."""
    return {
        "rows": [row.as_dict() for row in gap.by_ward(office, account.authority)],
        "overall": gap.overall(office, account.authority).as_dict(),
        "assumptions": gap.ASSUMPTIONS,
    }


def written(rows: list[gap.Row]) -> str:
    """CSV; people are whole, shares have four places."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        found = row.as_dict()
        table.writerow([_plain(found[column]) for column in COLUMNS])
    return out.getvalue()


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 4) if value <= 1 else round(value)


def map_of(office: Office, authority: str, rows: list[gap.Row]) -> Markup | None:
    """A map of the share registered; None before ward boundaries were imported."""
    shapes = wards.shapes(office, authority)
    areas = [
        Area(row.name, Published(f"{row.completeness:.0%}", round(row.completeness * 100)), shapes[row.key][1])
        for row in rows
        if row.key in shapes
    ]
    if not areas:
        return None
    return ward_map(
        title="Share of eligible people on the register, by ward",
        description="Darker wards are more complete. The table beside it has every figure.",
        rows=areas,
    )


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[gaps, gaps_csv, api_gaps], guards=[requires(Right.see_data)])
]
