"""Changing the plan of a campaign before its launch, on one page with all sections."""

from typing import Any

from litestar import Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.approval import drafts
from campaigns.messages import service_name
from campaigns.records import course, lookup
from campaigns.records.models import Campaign
from campaigns.setup import plan_form
from campaigns.setup.plan_form import shown
from engage.foundation.errors import SendBlocked
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
)

Number = FromPath[int]


@get("/campaigns/{number:int}/edit", sync_to_thread=True)
def campaign_edit(office: InOffice, actor: ByActor, number: Number) -> Template:
    campaign = lookup.campaign(office, actor, number)
    return _editor(office, actor.authority, plan_form.filled(campaign), campaign)


@post("/campaigns/{number:int}/edit", sync_to_thread=True)
def campaign_edit_send(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:
    campaign = lookup.campaign(office, actor, number)
    name = plan_form.named(form)
    plan = plan_form.checked(office, actor, form, campaign.plan)
    if plan is None:
        return _editor(office, actor.authority, form, campaign)
    if name is not None:
        service_name.say(office, actor, name)
    try:
        changed = drafts.revise(office, actor, number, plan, shown=shown(form))
    except SendBlocked as refused:
        form.fail("plan", str(refused))
        stands = lookup.campaign(office, actor, number)
        return _editor(office, actor.authority, form, stands, _meanwhile(office, actor, stands, form))
    notify(request, f"Saved as version {changed.version}. It has to be submitted and approved again.")
    return redirect(f"/campaigns/{number}")


def _meanwhile(office: Office, actor: Actor, stands: Campaign, form: Form) -> dict[str, Any]:
    """What somebody else did while the form was open, beside what was typed, which is kept."""
    last = next(iter(course.course(office, actor, stands)), None)
    return {"last": last, "differences": plan_form.differences(form, stands)}


def _editor(
    office: Office, authority: str, form: Form, campaign: Campaign, meanwhile: dict[str, Any] | None = None
) -> Template:  # fmt: skip
    return render(
        "campaigns/setup/edit.html", status_code=422 if form.errors else 200, form=form, campaign=campaign,
        meanwhile=meanwhile, whole=plan_form.whole(campaign), timeline=plan_form.calendar(office, authority, form),
        **plan_form.offered(office, authority),
    )  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[campaign_edit, campaign_edit_send], guards=[requires(Right.plan)], include_in_schema=False
    )
]
