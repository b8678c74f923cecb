"""The members' pages: every ward, one ward, the same figures as CSV and JSON. Each is one request to the server."""

from dataclasses import replace
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.notices import outbox
from campaigns.records.notice import About
from dashboards.charts import pictures
from dashboards.charts.strips import Strips
from dashboards.pages import publication, summary
from dashboards.pages.lessons import lessons
from dashboards.pages.sections import kept, sections
from dashboards.published import exports
from dashboards.published.cautions import cautions
from dashboards.published.completeness import Ward
from dashboards.published.disclosure import NOTE
from dashboards.published.figures import ALL, Figures, ward_headline
from dashboards.published.selection import ARM, BY, WARD, By, Register, View, Wanted
from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.errors import NotFound
from engage.foundation.identity import Account, Right
from engage.foundation.office import Office
from engage.foundation.web.handlers import (
    Asked,
    ByAccount,
    ByActor,
    InOffice,
    WithForm,
    notify,
    redirect,
    render,
    requires,
)
from segments.missing.gap import ASSUMPTIONS

CSV, SVG = "text/csv; charset=utf-8", "image/svg+xml; charset=utf-8"


@get("/wards", include_in_schema=False, sync_to_thread=True)
def wards_page(office: InOffice, account: ByAccount, wanted: Wanted = "") -> Template:
    view = View.of(publication.shown(office, account.authority), wanted)
    own = view.figures.ward(account.ward)
    return render(
        "dashboards/pages/wards.html",
        own=own,
        own_items=summary.items(view.figures, own, view.trial) if own else [],
        next=summary.what_next(view.figures, today(office.clock)),
        **shown(view, sees_data=account.may(Right.see_data)),
    )


def shown(view: View, *, sees_data: bool, bare: bool = False) -> dict[str, Any]:
    """What the page of all wards shows, and the dashboard, without its map, where there are no scripts."""
    context = kept(view.figures, ("context", view.query), lambda: _context(view))
    context = context | {"map": None} if bare else context
    return context | {"sections": sections(view, context, sees_data=sees_data)}


def _context(view: View) -> dict[str, Any]:
    figures, trial = view.figures, view.trial
    divided = [replace(view, by=by) for by in BY if by != WARD and _worth(view, by)]
    return {
        "figures": figures,
        "view": view,
        "trial": trial,
        "whole": exports.whole(trial),
        "cautions": cautions(figures),
        "map": pictures.completeness_map(figures, link=lambda code: f"/wards/{code}"),
        "over_time": pictures.over_time(figures),
        "changes": exports.changes(figures),
        "strips": Strips.over(part.effect for part in view.parts),
        "divided": [(each, Strips.over(part.effect for part in each.parts)) for each in divided],
        "course": pictures.course(trial),
        "every": Strips.over(one.effect for one in figures.trials),
        "lessons": lessons(figures, trial),
        **_notes(),
    }


def _worth(view: View, by: str) -> bool:
    """Whether there is a finding that may be divided, and more than one arm where it is divided by arms."""
    if by == ARM:
        return bool(view.parts) and len(view.figures.arms(view.trial)) > 1
    return view.trial is not None and bool(view.parts)


@get("/wards.csv", include_in_schema=False, sync_to_thread=True)
def wards_file(office: InOffice, account: ByAccount, wanted: Wanted = "", register: Register = "") -> Response[str]:
    view = View.of(publication.shown(office, account.authority), wanted, register)
    content = kept(view.figures, ("wards.csv", view.query), lambda: exports.as_csv(view, view.figures.wards))
    return _download("wards.csv", content, CSV)


@get("/wards/over-time.csv", include_in_schema=False, sync_to_thread=True)
def over_time_file(office: InOffice, account: ByAccount) -> Response[str]:
    return _download("over-time.csv", exports.over_time_csv(publication.shown(office, account.authority)), CSV)


@get("/wards/changed.csv", include_in_schema=False, sync_to_thread=True)
def changed_file(office: InOffice, account: ByAccount, wanted: Wanted = "", by: By = "") -> Response[str]:
    view = View.of(publication.shown(office, account.authority), wanted, by=by)
    return _download(f"changed-by-{view.by}.csv", exports.parts_csv(view), CSV)


@get("/wards/course.csv", include_in_schema=False, sync_to_thread=True)
def course_file(office: InOffice, account: ByAccount, wanted: Wanted = "") -> Response[str]:
    view = View.of(publication.shown(office, account.authority), wanted)
    return _download("course.csv", exports.course_csv(view), CSV)


@post("/wards/mine", include_in_schema=False, sync_to_thread=True)
def choose_ward(request: Asked, office: InOffice, account: ByAccount, form: WithForm) -> Redirect:
    """The ward that is shown first, and whether an email is wanted when a result is in. Figures are those of all."""
    figures, code = publication.shown(office, account.authority), form.text("ward")
    ward = _found(figures, code) if code else None
    wish = ward.code if ward else "", form.text("results") == "yes"
    if wish != (account.ward, _wants_results(office, account)):
        _keep_wish(office, account, *wish)
        notify(request, f"{ward.name} is shown to you first." if ward else "No ward is shown to you first.")
    return redirect(f"/wards/{ward.code}" if ward else "/wards")


def _wants_results(office: Office, account: Account) -> bool:
    with office.database.reading() as session:
        return outbox.wants(session, account, About.result)


def _keep_wish(office: Office, account: Account, ward: str, results: bool) -> None:  # as the form has it
    with office.database.session() as session:
        held = session.get_one(Account, account.id)
        held.ward = ward
        session.add(held)
        outbox.choose_one(session, account, About.result, wanted=results)
        audit.record(
            session, authority=account.authority, at=office.clock.now(), actor=account.label, act="choose own ward",
            subject=account.label,
        )  # fmt: skip


@get("/wards/pictures/{name:str}", include_in_schema=False, sync_to_thread=True)
def picture_file(
    office: InOffice, account: ByAccount, name: FromPath[str], wanted: Wanted = "", register: Register = "", by: By = ""
) -> Response[str]:
    """A chart as an SVG file: `changed`, `complete`, `course` or `over-time`."""
    view = View.of(publication.shown(office, account.authority), wanted, register, by)
    drawn = pictures.picture(view, name.removesuffix(".svg")) if name.endswith(".svg") else None
    if drawn is None:
        raise NotFound("There is no such picture. Download it from the page that shows it.")
    return _download(name, str(drawn), SVG)


@get("/wards/{name:str}", include_in_schema=False, sync_to_thread=True)
def ward_page(
    office: InOffice, account: ByAccount, name: FromPath[str], wanted: Wanted = ""
) -> Template | Response[str]:
    """A ward by its code; as a file with `.csv` after it."""
    view = View.of(publication.shown(office, account.authority), wanted)
    ward = _found(view.figures, name.removesuffix(".csv"))
    if name.endswith(".csv"):
        return _download(f"{ward.code}.csv", exports.as_csv(view, [ward]), CSV)
    return _page(office, account, view, ward)


@get("/api/wards", summary="Published figures of the wards", sync_to_thread=True)
def wards_api(office: InOffice, actor: ByActor) -> dict[str, Any]:
    """Completeness and what the reminders changed, by ward: the same disclosure-controlled figures as the pages."""
    figures = publication.shown(office, actor.authority)
    return kept(figures, "json", lambda: exports.as_json(figures))


def _found(figures: Figures, code: str) -> Ward:
    ward = figures.ward(code)
    if ward is None:
        raise NotFound("There is no such ward in your council. Choose one from the list of wards.")
    return ward


def _page(office: Office, account: Account, view: View, ward: Ward) -> Template:
    figures, trial = view.figures, view.trial
    measured = trial if trial and trial.finding else None
    found, whole = (measured.ward(ward.code) if measured else None), exports.whole(trial)
    return render(
        "dashboards/pages/ward.html",
        figures=figures,
        ward=ward,
        own=account,
        emailed=_wants_results(office, account),
        items=summary.items(figures, ward, trial),
        next=summary.what_next(figures, today(office.clock)),
        why=summary.WHY_DECEMBER,
        fell=summary.fell_in_december(figures, ward),
        cautions=cautions(figures, ward),
        trial=trial,
        found=found,
        whole=whole,
        headline=ward_headline(ward, trial) if trial else "",
        strips=Strips.over(one.effect for one in (found, whole) if one),
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
        route_handlers=[
            wards_page,
            wards_file,
            over_time_file,
            changed_file,
            course_file,
            choose_ward,
            picture_file,
            ward_page,
            wards_api,
        ],
        guards=[requires(Right.see_figures)],
    ),
]
