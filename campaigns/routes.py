"""The officers' pages of what the council does: campaigns and their approval."""

import io
from collections.abc import Callable
from typing import Any, TextIO

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns import acts, ledger, letterbox, lifecycle, plan_form, pre_election, proofs, submission
from campaigns.acts import Act
from campaigns.models import Campaign, CampaignState
from campaigns.plan import Plan
from engage.foundation.errors import InputRefused, NotifyUnavailable, SendBlocked
from engage.foundation.identity import Account, Right, demand
from engage.foundation.office import Actor, Office
from engage.foundation.web import (
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
from segments import segments

Number = FromPath[int]


@get("/campaigns", sync_to_thread=True)
def all_campaigns(office: InOffice, actor: ByActor) -> Template:
    return render("officers/campaigns.html", campaigns=lifecycle.campaigns(office, actor))


@get("/approvals", guards=[requires(Right.approve)], sync_to_thread=True)
def approvals(office: InOffice, actor: ByActor) -> Template:
    waiting = [c for c in lifecycle.campaigns(office, actor) if c.state == CampaignState.submitted]
    return render("officers/approvals.html", campaigns=waiting)


@get("/campaigns/new", guards=[requires(Right.plan)], sync_to_thread=True)
def campaign_new(office: InOffice, account: ByAccount, segment: FromQuery[str] = "") -> Template:
    return _editor(office, account.authority, plan_form.blank(office, segment))


@post("/campaigns/new", guards=[requires(Right.plan)], sync_to_thread=True)
def campaign_send(request: Asked, office: InOffice, actor: ByActor, form: WithForm) -> Template | Redirect:
    plan = plan_form.plan(form)
    if plan is None:
        return _editor(office, actor.authority, form)
    made = lifecycle.create(office, actor, plan)
    notify(request, "Draft saved. Nothing is sent before it is submitted, approved and launched.")
    return redirect(f"/campaigns/{made.id}")


@get("/campaigns/{number:int}/edit", guards=[requires(Right.plan)], sync_to_thread=True)
def campaign_edit(office: InOffice, actor: ByActor, number: Number) -> Template:
    campaign = lifecycle.campaign(office, actor, number)
    return _editor(office, actor.authority, plan_form.filled(campaign), campaign)


@post("/campaigns/{number:int}/edit", guards=[requires(Right.plan)], sync_to_thread=True)
def campaign_edit_send(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:
    campaign = lifecycle.campaign(office, actor, number)
    plan = plan_form.plan(form, campaign.plan)
    if plan is None:
        return _editor(office, actor.authority, form, campaign)
    changed = lifecycle.revise(office, actor, number, plan)
    notify(request, f"Saved as version {changed.version}. It has to be submitted and approved again.")
    return redirect(f"/campaigns/{number}")


def _editor(office: Office, authority: str, form: Form, campaign: Campaign | None = None) -> Template:
    return render(
        "officers/campaign_edit.html", status_code=422 if form.errors else 200, form=form, campaign=campaign,
        segments=segments.all_segments(office, authority), templates=plan_form.templates(office),
        channels=plan_form.CHANNELS, approvers=_approvers(office, authority),
    )  # fmt: skip


def _approvers(office: Office, authority: str) -> list[Account]:
    with office.database.reading() as session:
        return pre_election.approvers(session, authority)


@get("/campaigns/{number:int}", sync_to_thread=True)
def campaign(office: InOffice, account: ByAccount, actor: ByActor, number: Number) -> Template:
    shown = _shown(office, account, actor, number)
    planning = shown["campaign"].state in lifecycle.CHANGEABLE
    return render("officers/campaign_plan.html" if planning else "officers/campaign.html", **shown)


@get("/campaigns/{number:int}/progress", sync_to_thread=True)
def campaign_progress(office: InOffice, account: ByAccount, actor: ByActor, number: Number) -> Template:
    """The figures alone, for htmx to refresh."""
    return render("officers/campaign_progress.html", **_shown(office, account, actor, number))


def _shown(office: Office, account: Account, actor: Actor, number: int) -> dict[str, Any]:
    found = lifecycle.campaign(office, actor, number)
    plan = Plan.model_validate(found.plan)
    before_launch = found.state in lifecycle.CHANGEABLE
    return {
        "campaign": found,
        "plan": plan,
        "status": ledger.status(office, actor, number),
        "acts": acts.possible(account, found),
        "decisions": lifecycle.approvals(office, actor, number),
        "sentence": _sentence(found),
        "can_find": _can_find(found),
        "messages": _messages(office, found, plan) if before_launch else [],
        "before_a_poll": _before_a_poll(office, actor.authority, plan) if before_launch else "",
        "channels": plan_form.CHANNELS,
        "changeable": before_launch and account.may(Right.plan),
    }


def _sentence(found: Campaign) -> str:
    from segments import rules  # noqa: PLC0415  # brings the query engine

    return rules.parse(found.rule).sentence()


def _messages(office: Office, found: Campaign, plan: Plan) -> list[dict[str, Any]]:
    """As they were when the campaign was submitted; of a draft, as they are now."""
    if found.state != CampaignState.draft:
        kept: list[dict[str, Any]] = found.estimate.get("messages", [])
        return kept
    known = plan_form.templates(office)
    return (
        proofs.as_json(proofs.proofs(submission.setting(office, found.authority, plan), plan, known)) if known else []
    )


def _before_a_poll(office: Office, authority: str, plan: Plan) -> str:
    with office.database.reading() as session:
        near = pre_election.period(office, lifecycle.nation_of(session, authority), plan)
    return pre_election.told(near) if near else ""


def _can_find(found: Campaign) -> list[str]:
    """What the comparison can find, in plain words; nothing before it is submitted."""
    if "power" not in found.estimate:
        return []
    from campaigns import power  # noqa: PLC0415  # brings the statistics

    return power.said(found.estimate["power"])


@get("/campaigns/{number:int}/{act:str}", sync_to_thread=True)
def campaign_act(office: InOffice, account: ByAccount, actor: ByActor, number: Number, act: FromPath[str]) -> Template:
    chosen = acts.named(act)
    demand(account, chosen.right)
    return _confirm(office, actor, lifecycle.campaign(office, actor, number), chosen, Form())


@post("/campaigns/{number:int}/{act:str}", sync_to_thread=True)
def campaign_act_send(
    request: Asked, office: InOffice, account: ByAccount, actor: ByActor, number: Number, act: FromPath[str],
    form: WithForm,
) -> Template | Redirect:  # fmt: skip
    chosen = acts.named(act)
    demand(account, chosen.right)
    try:
        done = chosen.do(office, actor, number, form)
    except (InputRefused, SendBlocked, NotifyUnavailable) as refused:
        form.fail("note", str(refused))
        return _confirm(office, actor, lifecycle.campaign(office, actor, number), chosen, form)
    # The first approval of two leaves it where it was, and says who is still to come.
    notify(request, done.reason if chosen.name == "approve" and done.reason else chosen.done)
    return redirect(f"/campaigns/{number}")


def _confirm(office: Office, actor: Actor, campaign: Campaign, act: Act, form: Form) -> Template:
    planning = act.name in acts.BEFORE_A_POLL
    near = _before_a_poll(office, actor.authority, Plan.model_validate(campaign.plan)) if planning else ""
    return render(
        "officers/campaign_act.html", status_code=422 if form.errors else 200, campaign=campaign, act=act, form=form,
        before_a_poll=near,
    )  # fmt: skip


@get("/campaigns/{number:int}/ledger.csv", sync_to_thread=True)
def campaign_ledger(office: InOffice, actor: ByActor, number: Number) -> Response[str]:
    return _download(f"ledger-{number}.csv", lambda out: ledger.export_ledger(office, actor, number, out))


@get("/campaigns/{number:int}/assignment.csv", sync_to_thread=True)
def campaign_assignment(office: InOffice, actor: ByActor, number: Number) -> Response[str]:
    return _download(f"assignment-{number}.csv", lambda out: ledger.export_assignment(office, actor, number, out))


def _download(name: str, write: Callable[[TextIO], int]) -> Response[str]:
    out = io.StringIO()
    write(out)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=disposition)


@get("/api/campaigns", sync_to_thread=True)
def api_campaigns(office: InOffice, actor: ByActor) -> list[dict[str, Any]]:
    """Every campaign, newest first."""
    return [_as_json(found) for found in lifecycle.campaigns(office, actor)]


@get("/api/campaigns/{number:int}", sync_to_thread=True)
def api_campaign(office: InOffice, actor: ByActor, number: Number) -> dict[str, Any]:
    """One campaign with its plan and the standing of its messages: planned = waiting + accepted + dropped + failed."""
    found = lifecycle.campaign(office, actor, number)
    return _as_json(found) | {"plan": found.plan, "status": ledger.status(office, actor, number).as_dict()}


def _as_json(found: Campaign) -> dict[str, Any]:
    return {
        "id": found.id, "name": found.name, "state": found.state, "version": found.version, "segment": found.segment,
        "households": found.households, "window": [found.window_start.isoformat(), found.window_end.isoformat()],
    }  # fmt: skip


_PAGES = [
    all_campaigns, approvals, campaign_new, campaign_send, campaign_edit, campaign_edit_send, campaign,
    campaign_progress, campaign_act, campaign_act_send, campaign_ledger, campaign_assignment,
]  # fmt: skip
_SEES_DATA = [requires(Right.see_data)]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=_SEES_DATA, include_in_schema=False),
    Router("/", route_handlers=[api_campaigns, api_campaign], guards=_SEES_DATA, tags=["what the council does"]),
    *letterbox.routes,
]
