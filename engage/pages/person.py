"""What is held of one person or home, for whoever answers requests under data protection law. Who is asked about stands
in no address of a page."""

from litestar import Response, Router, get, post
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from engage.deployment import person as requests
from engage.deployment.person import Sought
from engage.foundation import audit
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.handlers import ByActor, Form, InOffice, WithForm, render, requires

SCOPES = {"email": "email", "sms": "mobile", "uprn": "uprn", "address": "address"}


@get("/person", sync_to_thread=True)
def person() -> Template:
    return _page(Form())


@post("/person", sync_to_thread=True)
def person_find(office: InOffice, actor: ByActor, form: WithForm) -> Template:
    who = _sought(office, actor, form)
    return _page(form, found=requests.find(office, actor, who)) if who else _page(form)


@post("/person/export", sync_to_thread=True)
def person_export(office: InOffice, actor: ByActor, form: WithForm) -> Template | Response[str]:
    who = _sought(office, actor, form)
    if who is None:
        return _page(form)
    why = form.text("reason")
    with form.blaming("reason"):
        audit.because(why)
    if not form.valid:
        return _page(form, found=requests.find(office, actor, who))
    headers = {"Content-Disposition": 'attachment; filename="held.json"'}
    return Response(
        requests.export(office, actor, who, reason=why), status_code=200, media_type="application/json", headers=headers
    )  # fmt: skip


@post("/person/erase", sync_to_thread=True)
def person_erase(office: InOffice, actor: ByActor, form: WithForm) -> Template:
    who = _sought(office, actor, form)
    if who is None:
        return _page(form)
    if not form.all("sure"):
        form.fail("sure", "Confirm that it is to be erased")
    if form.valid:
        with form.blaming("reason"):
            return _page(Form(), erased=requests.sentences(requests.erase(office, actor, who, form.text("reason"))))
    return _page(form, found=requests.find(office, actor, who))


def _sought(office: Office, actor: Actor, form: Form) -> Sought | None:
    """The form says what is wrong."""
    scope = form.require("scope", "Select what you look by")
    value = form.require("value", "Enter the email address, mobile number, UPRN or address")
    if not form.valid:
        return None
    who: Sought | None = None
    with form.blaming("value"):
        who = requests.sought(office, actor.authority, **{SCOPES.get(scope, "email"): value})
    return who if form.valid else None


def _page(form: Form, *, found: list[requests.Held] | None = None, erased: list[str] | None = None) -> Template:
    return render(
        "engage/pages/person.html", status_code=422 if form.errors else 200, form=form, found=found, erased=erased
    )


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[person, person_find, person_export, person_erase],
        guards=[requires(Right.answer_requests)], include_in_schema=False,
    )
]  # fmt: skip
