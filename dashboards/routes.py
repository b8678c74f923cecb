"""The members' pages: every ward, one ward, the same figures as CSV and JSON. Each is one request to the server."""

from typing import Annotated, Any

from litestar import Response, Router, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from dashboards import exports, pictures
from dashboards.disclosure import NOTE
from dashboards.figures import ALL, Figures, Trial, Ward, published, ward_headline
from engage.foundation.errors import NotFound
from engage.foundation.identity import Right
from engage.foundation.web import ByAccount, InOffice, render, requires
from segments.gap import ASSUMPTIONS

Wanted = Annotated[str, QueryParameter(name="campaign", max_length=20, description="The campaign to show.")]


@get("/wards", include_in_schema=False, sync_to_thread=True)
def wards_page(office: InOffice, account: ByAccount, wanted: Wanted = "") -> Template:
    figures = published(office, account.authority)
    trial = figures.trial(wanted)
    return render(
        "members/wards.html",
        figures=figures,
        trial=trial,
        whole=exports.whole(trial),
        map=pictures.completeness_map(figures),
        effects=pictures.effects(figures, trial) if trial and trial.finding else None,
        **_notes(),
    )


@get("/wards.csv", include_in_schema=False, sync_to_thread=True)
def wards_file(office: InOffice, account: ByAccount, wanted: Wanted = "") -> Response[str]:
    figures = published(office, account.authority)
    return _download("wards", figures, figures.trial(wanted), figures.wards)


@get("/wards/{name:str}", include_in_schema=False, sync_to_thread=True)
def ward_page(
    office: InOffice, account: ByAccount, name: FromPath[str], wanted: Wanted = ""
) -> Template | Response[str]:
    """A ward by its code; as a file with `.csv` after it."""
    figures = published(office, account.authority)
    trial = figures.trial(wanted)
    ward = _found(figures, name.removesuffix(".csv"))
    if name.endswith(".csv"):
        return _download(ward.code, figures, trial, [ward])
    return _page(figures, trial, ward)


@get("/api/wards", summary="Published figures of the wards", sync_to_thread=True)
def wards_api(office: InOffice, account: ByAccount) -> dict[str, Any]:
    """Completeness and what the reminders changed, by ward: the same disclosure-controlled figures as the pages."""
    return exports.as_json(published(office, account.authority))


def _found(figures: Figures, code: str) -> Ward:
    ward = figures.ward(code)
    if ward is None:
        raise NotFound("There is no such ward in your council. Choose one from the list of wards.")
    return ward


def _page(figures: Figures, trial: Trial | None, ward: Ward) -> Template:
    measured = trial if trial and trial.finding else None
    return render(
        "members/ward.html",
        figures=figures,
        ward=ward,
        trial=trial,
        found=measured.ward(ward.code) if measured else None,
        whole=exports.whole(trial),
        headline=ward_headline(ward, trial) if trial else "",
        effects=pictures.ward_effect(measured, ward) if measured else None,
        completeness=pictures.ward_completeness(figures, ward),
        **_notes(),
    )


def _notes() -> dict[str, Any]:
    return {"note": NOTE, "assumptions": ASSUMPTIONS, "all_wards": ALL}


def _download(name: str, figures: Figures, trial: Trial | None, wards: Any) -> Response[str]:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    content = exports.as_csv(figures, trial, wards)
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


routes: list[ControllerRouterHandler] = [
    Router(
        "/",
        route_handlers=[wards_page, wards_file, ward_page, wards_api],
        guards=[requires(Right.see_figures)],
    )
]
