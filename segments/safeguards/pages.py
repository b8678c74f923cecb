"""The officers' page of who must not be contacted."""

from litestar import Router, get, post
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
from engage.foundation.office import Office
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
from segments.safeguards import objections


@get("/suppressions", guards=[requires(Right.see_suppressions)], sync_to_thread=True)
def suppressions(office: InOffice, account: ByAccount) -> Template:
    return _suppressions(office, account.authority, Form())


@post("/suppressions", guards=[requires(Right.suppress)], sync_to_thread=True)
def suppressions_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    objections.add(office, actor, form)
    if not form.valid:
        return _suppressions(office, actor.authority, form)
    notify(request, "Added. Nothing more will be sent there, not even what is already queued.")
    return redirect("/suppressions")


def _suppressions(office: Office, authority: str, form: Form) -> Template:
    return render(
        "segments/safeguards/suppressions.html", status_code=422 if form.errors else 200, form=form,
        tallies=objections.tallies(office, authority), reasons=list(objections.REASONS.items()),
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=[suppressions, suppressions_send], include_in_schema=False)
]
