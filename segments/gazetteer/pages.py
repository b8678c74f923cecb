"""Gazetteer health: the page for officers, the file for the gazetteer's custodian, and the same as JSON."""

import io
from dataclasses import replace
from typing import Any

from litestar import Response, Router, get
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.web.handlers import Asked, Asker, ByAccount, ByActor, InOffice, asker_of, render, requires
from segments.areas import ward_points, wards
from segments.gazetteer import health as gazetteer_health
from segments.gazetteer.health import FileShare
from segments.importing.datasets import WORDS
from segments.importing.intake import right_to_see

CSV = "text/csv; charset=utf-8"
MOST_CHANGES = 40  # lines of the table of old and new wards; the rest is in the JSON


@get("/data/gazetteer", guards=[requires(Right.see_gazetteer)], sync_to_thread=True)
def health(office: InOffice, account: ByAccount, actor: ByActor) -> Template:
    try:
        found = gazetteer_health.examine(office, actor)
    except InputRefused as refused:
        return render("segments/gazetteer/health.html", health=None, refused=str(refused))
    return render(
        "segments/gazetteer/health.html", health=found, about=gazetteer_health.about,
        files=list(map(_titled, _seen(account, found.files))), tolerance=ward_points.TOLERANCE, kinds=WORDS,
        most=MOST_CHANGES, names=wards.every_name(office, actor.authority), **_order(found),
    )  # fmt: skip


def _seen(asker: Asker, files: list[FileShare]) -> list[FileShare]:
    return [file for file in files if asker.may(right_to_see(file.kind))]


def _titled(file: FileShare) -> tuple[str, FileShare]:
    title = WORDS.get(file.kind, (file.kind, ""))[0]
    return f"{title}: {file.name}" if file.name else title, file


def _order(found: gazetteer_health.Health) -> dict[str, Any]:
    """What is wrong first, in the order of the checks; then what is right, and what could not be looked at."""
    return {
        "wrong": [finding for finding in found.findings if finding.count],
        "right": [finding for finding in found.findings if not finding.count and not finding.missing],
        "unseen": [finding for finding in found.findings if finding.missing],
    }


@get("/data/gazetteer.csv", guards=[requires(Right.import_gazetteer)], sync_to_thread=True)
def health_csv(office: InOffice, actor: ByActor) -> Response[bytes]:
    out = io.StringIO(newline="")
    gazetteer_health.export(office, actor, out)
    disposition = f'attachment; filename="gazetteer-{actor.authority}.csv"'
    # The mark makes Excel read UTF-8.
    return Response(out.getvalue().encode("utf-8-sig"), media_type=CSV, headers={"Content-Disposition": disposition})


@get("/api/gazetteer-health", guards=[requires(Right.see_gazetteer)], sync_to_thread=True)
def api_health(request: Asked, office: InOffice, actor: ByActor) -> dict[str, Any]:
    """Every check with its count and share (0 to 1), how far each file is tied by UPRN, and the wards through time."""
    found = gazetteer_health.examine(office, actor)
    return replace(found, files=_seen(asker_of(request), found.files)).as_dict()


@get("/api/gazetteer-health/properties", guards=[requires(Right.import_gazetteer)], sync_to_thread=True)
def api_properties(office: InOffice, actor: ByActor) -> list[dict[str, Any]]:
    """The rows of the custodian's file: UPRN, check, what the record says, what was expected."""
    names = ("uprn", "issue", "record", "expected")
    return [dict(zip(names, row, strict=True)) for row in gazetteer_health.rows(office, actor)]


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[health, health_csv], include_in_schema=False),
    Router("/", route_handlers=[api_health, api_properties], tags=["what the council knows"]),
]
