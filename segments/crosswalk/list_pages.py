"""A list uploaded for a system, its columns looked at once, and linked."""

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.bodies import taking_files
from engage.foundation.web.handlers import (
    Asked,
    ByActor,
    Form,
    InOffice,
    WithForm,
    notify,
    redirect,
    render,
    requires,
)
from segments.crosswalk import arrivals, systems
from segments.crosswalk.arrivals import Arrival
from segments.crosswalk.columns import Columns
from segments.crosswalk.deliveries import Linked
from segments.crosswalk.matches import NOT_FOUND, TO_REVIEW
from segments.crosswalk.pages import overview
from segments.importing.uploads import room_left

SYSTEMS = "/data/systems"
LISTS = f"{SYSTEMS}/lists"
Token = FromPath[str]
YES = "yes"


@post(SYSTEMS, sync_to_thread=True, opt=taking_files(Right.import_gazetteer, room_left))
def list_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    if name := form.require("system", "Enter the name of the system"):
        with form.blaming("system"):
            systems.demand_name(name)
    day = form.optional_day("day", "The day the list speaks of")
    sent = form.file("file")
    if sent is None:
        form.fail("file", "Select the list")
    elif form.valid:
        with form.blaming("file"):
            look_again = YES in form.ticked("again")
            found = arrivals.bring(office, actor, name, sent.file, sent.filename, day, look_again=look_again)
            return _went_on(request, found)
    return overview(office, actor, form)


def _went_on(request: Asked, found: Linked | Arrival) -> Redirect:
    if isinstance(found, Arrival):
        return redirect(f"{LISTS}/{found.token}")
    waiting = found.states[TO_REVIEW]
    tied = found.rows - waiting - found.states[NOT_FOUND]
    notify(request, f"{found.system}: of {found.rows:,} rows {tied:,} are tied to a property, {waiting:,} wait for "
                    f"an answer, and {found.states[NOT_FOUND]:,} were not found.")  # fmt: skip
    return redirect(SYSTEMS)


@get(f"{LISTS}/{{token:str}}", sync_to_thread=True)
def list_columns(office: InOffice, actor: ByActor, token: Token) -> Template:
    return _page(office, actor, token, Form({}))


@post(f"{LISTS}/{{token:str}}", sync_to_thread=True)
def list_confirm(request: Asked, office: InOffice, actor: ByActor, token: Token, form: WithForm) -> Template | Redirect:
    said = _said(form)
    if form.valid:
        with form.blaming("reference"):
            fewer = YES in form.ticked("fewer")
            return _went_on(request, arrivals.confirm(office, actor, token, said, accept_fewer=fewer))
    return _page(office, actor, token, form)


def _said(form: Form) -> Columns:
    reference = form.require("reference", "Select the heading of the reference")
    address, uprn = tuple(form.ticked("address")), form.text("uprn")
    if not address and not uprn:
        form.fail("address", "Select where the address stands, or the UPRN")
    cross, source = form.text("cross_reference"), form.text("source").upper()
    if cross and not source:
        form.fail("source", "Enter whose references those of the gazetteer are, or select that the list has none")
    return Columns(reference, address, form.text("postcode"), uprn, cross, source if cross else "")


@post(f"{LISTS}/{{token:str}}/remove", sync_to_thread=True)
def list_remove(request: Asked, office: InOffice, actor: ByActor, token: Token) -> Redirect:
    removed = arrivals.remove(office, actor, token)
    notify(request, f"The list of {removed.system} was removed. Nothing was linked.")
    return redirect(SYSTEMS)


def _page(office: Office, actor: Actor, token: str, form: Form) -> Template:
    return render(
        "segments/crosswalk/list.html", status_code=422 if form.errors else 200, form=form, yes=YES,
        arrival=arrivals.find(office, actor, token),
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[list_send, list_columns, list_confirm, list_remove],
        guards=[requires(Right.import_gazetteer)], include_in_schema=False,
    )
]  # fmt: skip
