"""The evidence pack of a campaign or a year: as a page that prints, as a PDF file, and with its tables."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from markupsafe import Markup

from campaigns.records import lookup
from dashboards.evidence import pack, tables
from dashboards.evidence.duties import DUTIES, LEGAL_BASIS, STANDARDS, UNCHECKED
from dashboards.evidence.pack import Pack
from dashboards.pages.report import browser, printed
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import Asked, ByActor, Form, InOffice, render, requires
from engage.foundation.web.static import STATIC, asset

Number = FromPath[int]
For = FromQuery[str]
PUBLICATION = "publication"
YEAR = timedelta(days=365)
Make = Callable[[], Pack]


@get("/campaigns/{number:int}/evidence", sync_to_thread=True)
def campaign_page(office: InOffice, actor: ByActor, number: Number, figures: For = "") -> Template:
    made = _of_campaign(office, actor, number, figures)
    return _page(made, f"/campaigns/{number}/evidence", {}, (f"/campaigns/{number}", "Back to the campaign"))


@get("/campaigns/{number:int}/evidence.pdf", sync_to_thread=True)
def campaign_pdf(
    request: Asked, office: InOffice, actor: ByActor, number: Number, figures: For = ""
) -> Response[bytes]:
    return _pdf(request, lambda: _of_campaign(office, actor, number, figures))


@get("/campaigns/{number:int}/evidence.zip", sync_to_thread=True)
def campaign_zip(
    request: Asked, office: InOffice, actor: ByActor, number: Number, figures: For = ""
) -> Response[bytes]:
    return _zip(request, _of_campaign(office, actor, number, figures))


@get("/evidence", sync_to_thread=True)
def period_page(request: Asked, office: InOffice, actor: ByActor, figures: For = "") -> Template:
    form = _dates(request, office)
    first, last = form.require_day("from", "The first day"), form.require_day("to", "The last day")
    if first and last and last < first:
        form.fail("to", "The last day must not be before the first")
    made = None
    if form.valid and first and last:
        made = pack.of_period(office, actor, first, last, publication=figures == PUBLICATION)
    return _page(made, "/evidence", {"from": first, "to": last}, ("/campaigns", "Back to campaigns"), form)


@get("/evidence.pdf", sync_to_thread=True)
def period_pdf(request: Asked, office: InOffice, actor: ByActor, figures: For = "") -> Response[bytes]:
    return _pdf(request, lambda: _of_period(request, office, actor, figures))


@get("/evidence.zip", sync_to_thread=True)
def period_zip(request: Asked, office: InOffice, actor: ByActor, figures: For = "") -> Response[bytes]:
    return _zip(request, _of_period(request, office, actor, figures))


def _of_campaign(office: Office, actor: Actor, number: int, figures: str) -> Pack:
    return pack.of_campaign(office, lookup.reader(office, actor, number), number, publication=figures == PUBLICATION)


def _of_period(request: Asked, office: Office, actor: Actor, figures: str) -> Pack:
    form = _dates(request, office)
    first, last = form.require_day("from", "The first day"), form.require_day("to", "The last day")
    if first is None or last is None:
        raise InputRefused("Give the first and the last day, as from=2026-04-01&to=2027-03-31.")
    return pack.of_period(office, actor, first, last, publication=figures == PUBLICATION)


def _dates(request: Asked, office: Office) -> Form:
    """As a form sends them, in three fields, or whole (from=2026-04-01); the year until today where there are none."""
    sent = {name: str(value) for name, value in request.query_params.items()}
    if not any(name.partition("-")[0] in ("from", "to") for name in sent):
        sent |= {"from": str(today(office.clock) - YEAR), "to": str(today(office.clock))}
    for name in ("from", "to"):
        if name in sent:
            parts = zip(("year", "month", "day"), sent[name].split("-"), strict=False)
            sent |= {f"{name}-{part}": value.removeprefix("0") for part, value in parts}
    return Form(sent)


def _page(
    made: Pack | None, path: str, period: dict[str, date | None], back: tuple[str, str], form: Form | None = None
) -> Template:  # fmt: skip
    return render(
        "dashboards/pages/evidence.html", status_code=422 if form and form.errors else 200, form=form, path=path,
        period="&".join(f"{name}={day}" for name, day in period.items() if day), back=back, pdf=browser() is not None,
        **_shown(made),
    )  # fmt: skip


def _shown(made: Pack | None) -> dict[str, Any]:
    return {"pack": made, "duties": DUTIES, "standards": STANDARDS, "basis": LEGAL_BASIS, "unchecked": UNCHECKED}


def _document(request: Asked, made: Pack) -> str:
    template = request.app.template_engine.get_template("dashboards/pages/evidence_file.html")  # type: ignore[union-attr]  # the app has an engine
    styles = (STATIC / asset("engage.css").rpartition("/")[2]).read_text()
    return str(template.render(**_shown(made), styles=Markup(styles)))  # noqa: S704  # our own style sheet  # nosec B704


def _pdf(request: Asked, make: Make) -> Response[bytes]:
    path = browser()
    if path is None:
        raise NotFound("This service cannot make PDF files. Open the evidence pack, choose Print, then Save as PDF.")
    headers = {"Content-Disposition": 'attachment; filename="evidence.pdf"'}
    return Response(printed(_document(request, make()), path), media_type="application/pdf", headers=headers)


def _zip(request: Asked, made: Pack) -> Response[bytes]:
    headers = {"Content-Disposition": 'attachment; filename="evidence.zip"'}
    made_zip = tables.archive(made, _document(request, made))
    return Response(made_zip, media_type="application/zip", headers=headers)


_PAGES = [campaign_page, campaign_pdf, campaign_zip, period_page, period_pdf, period_zip]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=[requires(Right.see_data)], include_in_schema=False)
]
