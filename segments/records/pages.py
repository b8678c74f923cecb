"""The page of the council's own records: what each source is worth, the agreements on them, and how a source goes.

What may only confirm an elector is no source here: no page names it, and no form takes it.
"""

from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Right
from engage.foundation.lake import current_by_name
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import (
    Asked,
    ByAccount,
    ByActor,
    Form,
    InOffice,
    WithForm,
    notify,
    redirect,
    render,
    requires,
)
from segments.importing.workspace import scratch
from segments.records import agreements, known, retention, score, trust
from segments.records.arrival import KIND
from segments.records.layouts import LAYOUTS

PATH = "/data/council-records"
AGREEMENTS = f"{PATH}/agreements"
TITLES = {layout.source: layout.title for layout in LAYOUTS if not layout.confirms_only}
DEATHS = frozenset(layout.source for layout in LAYOUTS if layout.of_deaths)
_SEES, _IMPORTS, _ANSWERS = (requires(right) for right in (Right.see_data, Right.import_data, Right.answer_requests))


@get(PATH, guards=[_SEES], sync_to_thread=True)
def council_records(office: InOffice, account: ByAccount) -> Template:
    return _page(office, account.authority, Form({}))


def _page(office: Office, authority: str, form: Form) -> Template:
    return render(
        "segments/records/council_records.html", status_code=422 if form.errors else 200, form=form,
        sources=_judged(office, authority), agreements=_agreements(office, authority),
        learnt=_learnt(office, authority), day=today(office.clock), not_named=known.NOT_NAMED, honest=trust.HONEST,
        deaths=DEATHS, no_canvass=_no_canvass(office, authority),
    )  # fmt: skip


def _learnt(office: Office, authority: str) -> score.RecordScore | None:
    with office.database.reading() as session:
        return score.newest(session, authority)


def _judged(office: Office, authority: str) -> list[dict[str, Any]]:
    with office.database.session() as session:
        here = current_by_name(session, authority, KIND)
    return trust.sources(office, authority) if here else []


def _no_canvass(office: Office, authority: str) -> str:
    """Why there is no list for it; empty where there is one."""
    try:
        trust.canvassed(office, authority)
    except InputRefused as refused:
        return str(refused)
    return ""


def _agreements(office: Office, authority: str) -> dict[str, agreements.RecordAgreement]:
    with office.database.session() as session:
        return agreements.newest(session, authority)


@post(f"{PATH}/canvass", guards=[_IMPORTS], sync_to_thread=True)
def council_records_canvass(office: InOffice, actor: ByActor, form: WithForm) -> Template | Response[bytes]:
    """By a form, as each list that is taken is written to the audit log."""
    with form.blaming("canvass"):
        listed = _canvass(office, actor)
    if not form.valid:
        return _page(office, actor.authority, form)
    headers = {"Content-Disposition": f'attachment; filename="canvass-{actor.authority}.csv"'}
    return Response(listed, status_code=200, media_type="text/csv; charset=utf-8", headers=headers)


def _canvass(office: Office, actor: Actor) -> bytes:
    with scratch(office.lake) as folder:
        trust.canvass(office, actor, folder / "canvass.csv")
        return (folder / "canvass.csv").read_bytes()


@get(f"{PATH}/drop", guards=[_IMPORTS], sync_to_thread=True)
def council_records_drop(office: InOffice, account: ByAccount, source: FromQuery[str] = "") -> Template:
    with office.database.session() as session:
        here = current_by_name(session, account.authority, KIND)
    if source not in TITLES or source not in here:
        raise NotFound("There are no records of such a source here.")
    return render("segments/records/drop.html", source=source, title=f"Remove {_titled(source)}")


@post(f"{PATH}/drop", guards=[_IMPORTS], sync_to_thread=True)
def council_records_drop_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect:
    source = _source(form)
    retention.drop(office, actor, [source])
    notify(request, f"All records of {_titled(source)} were removed.")
    return redirect(PATH)


def _source(form: Form) -> str:
    """InputRefused, as a form that was not ours has sent it."""
    source = form.text("source")
    if source not in TITLES:
        raise InputRefused("There is no such source. Choose one on the page. Nothing was changed.")
    return source


def _titled(source: str) -> str:
    """Within a sentence."""
    title = TITLES[source]
    return title[0].lower() + title[1:]


@get(AGREEMENTS, guards=[_ANSWERS], sync_to_thread=True)
def record_agreements(office: InOffice, account: ByAccount) -> Template:
    return _agreements_page(office, account.authority, Form({}))


def _agreements_page(office: Office, authority: str, form: Form) -> Template:
    return render(
        "segments/records/agreements.html", status_code=422 if form.errors else 200, form=form, titles=TITLES,
        agreements=_agreements(office, authority), day=today(office.clock), titled=_titled,
        longest=agreements.LONGEST_REFERENCE,
    )  # fmt: skip


@post(AGREEMENTS, guards=[_ANSWERS], sync_to_thread=True)
def record_agreements_send(
    request: Asked, office: InOffice, actor: ByActor, form: WithForm
) -> Template | Redirect:  # fmt: skip
    if _agreed(office, actor, form):
        notify(request, f"The agreement on {_titled(form.text('source'))} was recorded.")
        return redirect(AGREEMENTS)
    return _agreements_page(office, actor.authority, form)


def _agreed(office: Office, actor: Actor, form: Form) -> bool:
    """The form says what is wrong."""
    source, reference = form.text("source"), form.text("reference")
    if source not in TITLES:
        form.fail("source", "Select the source that the agreement is about")
    since = form.require_day("since", "The first day of the agreement")
    until = form.require_day("until", "The last day of the agreement")
    if len(reference) > agreements.LONGEST_REFERENCE:
        form.fail("reference", f"The reference must have {agreements.LONGEST_REFERENCE} characters or fewer")
    if form.valid and since and until:
        with form.blaming("until"):
            agreements.agree(office, actor, source, since, until, reference)
    return form.valid


@post(f"{AGREEMENTS}/end", guards=[_ANSWERS], sync_to_thread=True)
def record_agreements_end(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Redirect:
    source = _source(form)
    agreements.end(office, actor, source)
    notify(request, f"The agreement on {_titled(source)} has ended: from today nothing is worked out of it for others.")
    return redirect(AGREEMENTS)


_PAGES = [
    council_records, council_records_canvass, council_records_drop, council_records_drop_send, record_agreements,
    record_agreements_send, record_agreements_end,
]  # fmt: skip
routes: list[ControllerRouterHandler] = [Router("/", route_handlers=_PAGES, include_in_schema=False)]
