"""Who is missing: the officers' page by ward, area and group, with its map, its tables, its method and its files."""

from collections.abc import Iterable, Sequence
from typing import Any

from litestar import Response, Router, get
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from markupsafe import Markup

from dashboards.charts.maps import Area, ward_map
from dashboards.published.disclosure import Published
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.files import cells
from engage.foundation.identity import Right
from engage.foundation.office import Office
from engage.foundation.web.handlers import ByAccount, ByActor, InOffice, render, requires
from segments.areas import wards
from segments.homes import register_age
from segments.missing import gap, with_records
from segments.missing.groups import CHARACTERISTICS
from segments.missing.usable import NONE_IN_DATE
from segments.records.known import NOT_NAMED

COLUMNS = ("key", "name", "eligible", "registered", "completeness", "low", "high", "missing")
AREAS_SHOWN = 50  # the file has them all


@get("/gaps", sync_to_thread=True, include_in_schema=False)
def gaps(office: InOffice, account: ByAccount) -> Template:
    try:
        found = gap.estimate(office, account.authority)
    except InputRefused as refused:
        return render("dashboards/pages/gaps.html", found=None, refused=str(refused))
    return render(
        "dashboards/pages/gaps.html", found=found, map=map_of(office, account.authority, found.wards),
        areas=found.areas[:AREAS_SHOWN], kinds=CHARACTERISTICS, assumptions=gap.ASSUMPTIONS, inferred=gap.INFERRED,
        stale=register_age.told(office, account.authority), recorded=with_records.estimate(office, account.authority),
        not_named=NOT_NAMED,
    )  # fmt: skip


@get("/gaps.csv", sync_to_thread=True, include_in_schema=False)
def gaps_csv(office: InOffice, account: ByAccount) -> Response[str]:
    found = gap.estimate(office, account.authority)
    return _download("ward", account.authority, written(found, found.wards))


@get("/gaps/areas.csv", sync_to_thread=True, include_in_schema=False)
def areas_csv(office: InOffice, account: ByAccount) -> Response[str]:
    found = gap.estimate(office, account.authority)
    return _download("area", account.authority, written(found, found.areas))


@get("/gaps/groups.csv", sync_to_thread=True, include_in_schema=False)
def groups_csv(office: InOffice, account: ByAccount) -> Response[str]:
    return _download("group", account.authority, written_groups(gap.estimate(office, account.authority)))


@get("/gaps/with-records.csv", sync_to_thread=True, include_in_schema=False)
def with_records_csv(office: InOffice, account: ByAccount) -> Response[str]:
    """Wards, then output areas. It has no JSON: what other systems and members' pages read is the estimate alone."""
    told = with_records.estimate(office, account.authority)
    if told is None:
        raise NotFound(NONE_IN_DATE)
    found = gap.estimate(office, account.authority)
    rows = (
        [by, *_cells(found, row)[:-1], " ".join([f"{NOT_NAMED}.", *found.notes_of(row)])]
        for by, rows in (("ward", told.wards), ("area", told.areas))
        for row in rows
    )
    return _download("area-with-records", account.authority, _table(("by", *COLUMNS, "notes"), rows))


@get("/api/gaps", sync_to_thread=True, tags=["what the council knows"])
def api_gaps(office: InOffice, actor: ByActor) -> dict[str, Any]:
    """Who is missing by ward and group; shares are 0 to 1 with a 95 % interval. Those of groups are inferred."""
    found = gap.estimate(office, actor.authority)
    return {
        "rows": [row.as_dict() for row in found.wards],
        "overall": found.overall.as_dict(),
        "groups": {key: [row.as_dict() for row in rows] for key, rows in found.groups.items()},
        "people": found.people,
        "notes": found.notes,
        "assumptions": [*gap.ASSUMPTIONS, gap.INFERRED],
    }


def _download(what: str, authority: str, text: str) -> Response[str]:
    disposition = f'attachment; filename="missing-by-{what}-{authority}.csv"'
    return Response(text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})


def written(found: gap.Estimate, rows: Iterable[gap.Row]) -> str:
    """CSV; people are whole, shares have four places."""
    return _table((*COLUMNS, "notes"), (_cells(found, row) for row in rows))


def written_groups(found: gap.Estimate) -> str:
    """As `written`, with the characteristic first."""
    rows = ([kind, *_cells(found, row)] for kind, rows in found.groups.items() for row in rows)
    return _table(("by", *COLUMNS, "notes"), rows)


def _cells(found: gap.Estimate, row: gap.Row) -> list[Any]:
    return [*(_plain(row.as_dict()[column]) for column in COLUMNS), " ".join(found.notes_of(row))]


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    return cells.written(header, rows)


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
    Router(
        "/",
        route_handlers=[gaps, gaps_csv, areas_csv, groups_csv, with_records_csv, api_gaps],
        guards=[requires(Right.see_data)],
    )
]
