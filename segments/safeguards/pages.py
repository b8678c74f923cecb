"""The officers' page of who must not be contacted."""

from collections.abc import Mapping

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery
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
from segments.safeguards import addresses, objections
from segments.safeguards.addresses import Found

Number = FromPath[int]
Page = FromQuery[int]


@get("/suppressions", guards=[requires(Right.see_suppressions)], sync_to_thread=True)
def suppressions(request: Asked, office: InOffice, account: ByAccount, page: Page = 1) -> Template:
    return _suppressions(office, account.authority, Form(), request.query_params, page)


@post("/suppressions", guards=[requires(Right.suppress)], sync_to_thread=True)
def suppressions_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    found = objections.add(office, actor, form)
    if found or not form.valid:
        return _suppressions(office, actor.authority, form, {}, found=found)
    notify(request, "Added. Nothing more will be sent there, not even what is already queued.")
    return redirect("/suppressions")


def _suppressions(
    office: Office, authority: str, form: Form, sent: Mapping[str, str], page: int = 1, found: Found | None = None
) -> Template:
    listing = objections.listing(office, authority, objections.filters(office, authority, sent), page)
    return render(
        "segments/safeguards/suppressions.html", status_code=422 if form.errors else 200, form=form, found=found,
        tallies=objections.tallies(office, authority), reasons=list(objections.REASONS.items()), listing=listing,
        homes_known=addresses.any_listed(office, authority),
    )  # fmt: skip


@get("/suppressions/{number:int}/lift", guards=[requires(Right.lift)], sync_to_thread=True)
def suppression_lift(office: InOffice, account: ByAccount, number: Number) -> Template:
    return _lift(office, account.authority, number, Form())


@post("/suppressions/{number:int}/lift", guards=[requires(Right.lift)], sync_to_thread=True)
def suppression_lift_send(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:
    shown = _lift(office, actor.authority, number, form)  # first, as what is not there has no form
    if form.text("reason") not in objections.LIFTS:
        form.fail("reason", "Select why it is lifted")
        return _lift(office, actor.authority, number, form)
    objections.lift(office, actor, number, form.text("reason"))
    notify(request, f"Lifted. {shown.context['entry'].what} can be written to again, unless another entry says not.")
    return redirect("/suppressions")


def _lift(office: Office, authority: str, number: int, form: Form) -> Template:
    return render(
        "segments/safeguards/lift.html", status_code=422 if form.errors else 200, form=form,
        entry=objections.standing_entry(office, authority, number), reasons=list(objections.LIFTS.items()),
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[suppressions, suppressions_send, suppression_lift, suppression_lift_send],
        include_in_schema=False,
    )
]  # fmt: skip
