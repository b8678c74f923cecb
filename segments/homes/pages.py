"""The page on which contacts of earlier councils are taken over."""

from litestar import Router, get, post
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
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
from segments.homes import former_contacts
from segments.homes.former_contacts import Left

TICK = "Confirm that this council may use these contacts, or go back"


@get("/data/former-contacts", sync_to_thread=True)
def former(office: InOffice, account: ByAccount) -> Template:
    return _page(Form({}), former_contacts.left(office, account.authority))


@post("/data/former-contacts", sync_to_thread=True)
def former_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    form.require("may", TICK)
    if not form.valid:
        return _page(form, former_contacts.left(office, actor.authority))
    made = former_contacts.take_over(office, actor, may=True)
    notify(request, f"Took the contacts over: there are {made.rows:,} now. Build the table of homes to use them.")
    return redirect(f"/data/{made.id}")


def _page(form: Form, left: list[Left]) -> Template:
    status = 422 if form.errors else 200
    return render("segments/homes/former_contacts.html", status_code=status, form=form, left=left)


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[former, former_send], guards=[requires(Right.import_data)], include_in_schema=False)
]
