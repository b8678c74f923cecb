"""The members' pages: every ward, one ward, the same figures as CSV and JSON. Each is one request to the server."""

from typing import Any

from litestar import Response, Router, get
from litestar.params import FromPath
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from dashboards.charts import pictures
from dashboards.published import exports
from dashboards.published.cautions import cautions
from dashboards.published.completeness import Ward
from dashboards.published.disclosure import NOTE
from dashboards.published.figures import ALL, Figures, Trial, published, ward_headline
from dashboards.published.selection import ARM, BY, WARD, By, Register, View, Wanted
from engage.foundation.errors import NotFound
from engage.foundation.identity import Right
from engage.foundation.web.handlers import ByAccount, ByActor, InOffice, render, requires
from segments.missing.gap import ASSUMPTIONS

CSV, SVG = "text/csv; charset=utf-8", "image/svg+xml; charset=utf-8"


@get("/wards", include_in_schema=False, sync_to_thread=True)
def wards_page(office: InOffice, account: ByAccount, wanted: Wanted = "") -> Template:
    figures = published(office, account.authority)
    view = View.of(figures, wanted)
    divided = [View(figures, view.trial, view.past, by) for by in BY if by != WARD and _worth(view, by)]
    return render(
        "dashboards/pages/wards.html",
        figures=figures,
        view=view,
        trial=view.trial,
        whole=exports.whole(view.trial),
        cautions=cautions(figures),
        map=pictures.completeness_map(figures),
        over_time=pictures.over_time(figures),
        changes=exports.changes(figures),
        effects=pictures.effects(view) if view.parts else None,
        divided=[(each, pictures.effects(each)) for each in divided],
        **_notes(),
    )


def _worth(view: View, by: str) -> bool:
    """Whether there is a finding that may be divided, and more than one arm where it is divided by arms."""
    if by == ARM:
        return bool(view.parts) and len(view.figures.arms(view.trial)) > 1
    return view.trial is not None and bool(view.parts)


@get("/wards.csv", include_in_schema=False, sync_to_thread=True)
def wards_file(office: InOffice, account: ByAccount, wanted: Wanted = "", register: Register = "") -> Response[str]:
    view = View.of(published(office, account.authority), wanted, register)
    return _download("wards.csv", exports.as_csv(view, view.figures.wards), CSV)


@get("/wards/over-time.csv", include_in_schema=False, sync_to_thread=True)
def over_time_file(office: InOffice, account: ByAccount) -> Response[str]:
    return _download("over-time.csv", exports.over_time_csv(published(office, account.authority)), CSV)


@get("/wards/changed.csv", include_in_schema=False, sync_to_thread=True)
def changed_file(office: InOffice, account: ByAccount, wanted: Wanted = "", by: By = "") -> Response[str]:
    view = View.of(published(office, account.authority), wanted, by=by)
    return _download(f"changed-by-{view.by}.csv", exports.parts_csv(view), CSV)


@get("/wards/pictures/{name:str}", include_in_schema=False, sync_to_thread=True)
def picture_file(
    office: InOffice, account: ByAccount, name: FromPath[str], wanted: Wanted = "", register: Register = "", by: By = ""
) -> Response[str]:
    """A chart as an SVG file: `changed`, `complete` or `over-time`."""
    view = View.of(published(office, account.authority), wanted, register, by)
    drawn = pictures.picture(view, name.removesuffix(".svg")) if name.endswith(".svg") else None
    if drawn is None:
        raise NotFound("There is no such picture. Download it from the page that shows it.")
    return _download(name, str(drawn), SVG)


@get("/wards/{name:str}", include_in_schema=False, sync_to_thread=True)
def ward_page(
    office: InOffice, account: ByAccount, name: FromPath[str], wanted: Wanted = ""
) -> Template | Response[str]:
    """A ward by its code; as a file with `.csv` after it."""
    view = View.of(published(office, account.authority), wanted)
    ward = _found(view.figures, name.removesuffix(".csv"))
    if name.endswith(".csv"):
        return _download(f"{ward.code}.csv", exports.as_csv(view, [ward]), CSV)
    return _page(view.figures, view.trial, ward)


@get("/api/wards", summary="Published figures of the wards", sync_to_thread=True)
def wards_api(office: InOffice, actor: ByActor) -> dict[str, Any]:
    """Completeness and what the reminders changed, by ward: the same disclosure-controlled figures as the pages."""
    return exports.as_json(published(office, actor.authority))


def _found(figures: Figures, code: str) -> Ward:
    ward = figures.ward(code)
    if ward is None:
        raise NotFound("There is no such ward in your council. Choose one from the list of wards.")
    return ward


def _page(figures: Figures, trial: Trial | None, ward: Ward) -> Template:
    measured = trial if trial and trial.finding else None
    return render(
        "dashboards/pages/ward.html",
        figures=figures,
        ward=ward,
        cautions=cautions(figures, ward),
        trial=trial,
        found=measured.ward(ward.code) if measured else None,
        whole=exports.whole(trial),
        headline=ward_headline(ward, trial) if trial else "",
        effects=pictures.ward_effect(measured, ward) if measured else None,
        completeness=pictures.ward_completeness(figures, ward),
        over_time=pictures.over_time(figures, ward),
        changes=exports.changes(figures, ward),
        **_notes(),
    )


def _notes() -> dict[str, Any]:
    return {"note": NOTE, "assumptions": ASSUMPTIONS, "all_wards": ALL}


def _download(name: str, content: str, media_type: str) -> Response[str]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


routes: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[wards_page, wards_file, over_time_file, changed_file, picture_file, ward_page, wards_api],
        guards=[requires(Right.see_figures)],
    ),
]
