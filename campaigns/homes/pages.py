"""Finding a home: by address, postcode or UPRN, after saying why; and one home with what was done.

What is searched for is in no address of a page, and neither is the UPRN: a home is named there by a keyed hash.
"""

from collections.abc import Callable
from dataclasses import dataclass

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.homes import closing, phoned, standing
from campaigns.homes.phoned import CHOICES
from engage.foundation import audit
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
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
    requires_of_act,
)
from engage.foundation.words import plural
from segments.safeguards import addresses
from segments.safeguards.addresses import Address, Found
from segments.safeguards.objections import LIFTS, REASONS

WHY = "homes_why"  # in the session: asked once, and recorded with every home that is opened
RIGHTS = {"reply": Right.import_data, "suppress": Right.suppress, "lift": Right.lift}
Key = FromPath[str]


@dataclass(frozen=True)
class Act:
    title: str
    button: str
    do: Callable[[Office, Actor, Address, Form], str]


@get("/homes", sync_to_thread=True)
def homes(request: Asked, office: InOffice, actor: ByActor) -> Template:
    return _search(office, actor, Form({"reason": request.session.get(WHY, "")}))


@post("/homes", sync_to_thread=True)
def homes_find(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template:
    typed = form.require("words", "Enter an address, a postcode or a UPRN")
    _because(request, form)
    found: Found | None = None
    with form.blaming("words"):
        found = addresses.search(office, actor.authority, typed) if form.valid else None
    if "reason" not in form.errors and typed:
        _searched(office, actor, form, found)
    return _search(office, actor, form, found)


def _because(request: Asked, form: Form) -> str:
    """Why they look, which is kept for the homes they then open."""
    why = form.require("reason", "Enter why you look, such as a call or the number of a case")
    with form.blaming("reason"):
        audit.because(why)
    if "reason" not in form.errors:
        request.session[WHY] = why
    return why


def _searched(office: Office, actor: Actor, form: Form, found: Found | None) -> None:
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="search homes",
            subject="homes", found=len(found.addresses) if found else 0, **audit.because(form.text("reason")),
        )  # fmt: skip


def _search(office: Office, actor: Actor, form: Form, found: Found | None = None) -> Template:
    return render(
        "campaigns/homes/homes.html", status_code=422 if form.errors else 200, form=form, found=found,
        listed=addresses.any_listed(office, actor.authority),
    )  # fmt: skip


@get("/homes/{token:str}", sync_to_thread=True)
def home(request: Asked, office: InOffice, actor: ByActor, token: Key) -> Template:
    address = addresses.by_key(office, actor.authority, token)
    if not (why := request.session.get(WHY, "")):
        return render("campaigns/homes/why.html", form=Form(), address=address)
    return render("campaigns/homes/home.html", home=standing.standing(office, actor, address, why))


@post("/homes/{token:str}", sync_to_thread=True)
def home_because(
    request: Asked, office: InOffice, actor: ByActor, token: Key, form: WithForm
) -> Template | Redirect:  # fmt: skip
    address = addresses.by_key(office, actor.authority, token)
    _because(request, form)
    if not form.valid:
        return render("campaigns/homes/why.html", status_code=422, form=form, address=address)
    return redirect(f"/homes/{token}")


@get("/homes/{token:str}/{act:str}", sync_to_thread=True)
def home_act(office: InOffice, actor: ByActor, token: Key, act: FromPath[str]) -> Template:
    return _act(office, actor, addresses.by_key(office, actor.authority, token), act, Form())


@post("/homes/{token:str}/{act:str}", sync_to_thread=True)
def home_act_send(
    request: Asked, office: InOffice, actor: ByActor, token: Key, act: FromPath[str], form: WithForm
) -> Template | Redirect:
    address = addresses.by_key(office, actor.authority, token)
    said = ""
    with form.blaming("reason" if act != "reply" else "said"):
        said = ACTS[act].do(office, actor, address, form)
    if not form.valid:
        return _act(office, actor, address, act, form)
    notify(request, said)
    return redirect(f"/homes/{token}")


def _act(office: Office, actor: Actor, address: Address, act: str, form: Form) -> Template:
    with office.database.reading() as session:
        closed = closing.closures(session, office, actor.authority, address.uprn)
    return render(
        "campaigns/homes/act.html", status_code=422 if form.errors else 200, form=form, address=address, act=act,
        shown=ACTS[act], closed=closed, choices=CHOICES, reasons=list(REASONS.items()), lifts=list(LIFTS.items()),
    )  # fmt: skip


def _reply(office: Office, actor: Actor, address: Address, form: Form) -> str:
    kept = phoned.keep(office, actor, address, form)
    if kept is None:
        return ""
    return "Recorded. It waits on the list of replies." if kept.open else "Recorded. It counts from now on."


def _suppress(office: Office, actor: Actor, address: Address, form: Form) -> str:
    form.require("scope", "Select what to stop")
    form.require("reason", "Select why")
    if not form.valid:
        return ""
    channel = "" if form.text("scope") == "every" else form.text("scope")
    dropped = closing.close(office, actor, address, channel, form.text("reason"))
    return f"Stopped. {plural(dropped, 'message')} that waited will not leave." if dropped else "Stopped."


def _lift(office: Office, actor: Actor, address: Address, form: Form) -> str:
    if not form.all("entry"):
        form.fail("entry", "Select what to lift")
    form.require("reason", "Select why it is lifted")
    if not form.valid:
        return ""
    closing.open_again(office, actor, address, form.all("entry"), form.text("reason"))
    return "Lifted. Later reminders may go there again; those that were dropped meanwhile stay dropped."


ACTS = {
    "reply": Act("Record what they say", "Record it", _reply),
    "suppress": Act("Stop writing to this home", "Stop writing", _suppress),
    "lift": Act("Write to this home again", "Lift", _lift),
}
routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[homes, homes_find, home, home_because], guards=[requires(Right.find_homes)],
        include_in_schema=False,
    ),
    Router("/", route_handlers=[home_act, home_act_send], guards=[requires_of_act(RIGHTS)], include_in_schema=False),
]  # fmt: skip
