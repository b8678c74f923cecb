"""The officers' pages of what the council does: campaigns and their approval."""

import io
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TextIO

from litestar import Response, Router, get, post, put
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.approval import changes, lifecycle, pre_election, submission, test_message
from campaigns.approval.changes import Change
from campaigns.closing import progress
from campaigns.messages import proofs
from campaigns.notify.errors import NotifyError
from campaigns.pages import actions
from campaigns.pages.actions import Act
from campaigns.plan.plan import Plan
from campaigns.records.models import Campaign, CampaignState
from campaigns.replies import pages as letterbox
from campaigns.sending import ledger
from campaigns.setup import outlines, plan_form
from campaigns.setup import pages as outline_pages
from engage.foundation.errors import InputRefused, NotifyUnavailable, SendBlocked
from engage.foundation.identity import Account, Right, demand
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

Number = FromPath[int]
Body = dict[str, Any]


@get("/campaigns", sync_to_thread=True)
def all_campaigns(office: InOffice, actor: ByActor) -> Template:
    return render(
        "officers/campaigns.html",
        campaigns=lifecycle.campaigns(office, actor),
        outlines=outlines.unfinished(office, actor),
    )


@get("/approvals", guards=[requires(Right.approve)], sync_to_thread=True)
def approvals(office: InOffice, actor: ByActor) -> Template:
    return render("officers/approvals.html", campaigns=lifecycle.awaiting(office, actor))


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


@get("/campaigns/{number:int}/test", guards=[requires(Right.plan)], sync_to_thread=True)
def campaign_test(office: InOffice, actor: ByActor, number: Number) -> Template:
    return _tester(office, actor, number, Form())


@post("/campaigns/{number:int}/test", guards=[requires(Right.plan)], sync_to_thread=True)
def campaign_test_send(
    request: Asked, office: InOffice, actor: ByActor, number: Number, form: WithForm
) -> Template | Redirect:
    channel, _, language = form.require("message", "Select a message").partition("-")
    to = form.require("to", "Select a colleague")
    if channel == "sms":
        form.require("number", "Enter your colleague’s work mobile number")
    if form.valid:
        try:
            test_message.send(
                office, actor, number, channel=channel, language=language, to=to, number=form.text("number")
            )
        except (InputRefused, SendBlocked, NotifyError) as refused:
            form.fail("number" if channel == "sms" else "to", str(refused))
    if not form.valid:
        return _tester(office, actor, number, form)
    notify(request, "Test sent. It is in the audit log.")
    return redirect(f"/campaigns/{number}")


def _tester(office: Office, actor: Actor, number: int, form: Form) -> Template:
    return render(
        "officers/campaign_test.html", status_code=422 if form.errors else 200, form=form,
        campaign=lifecycle.campaign(office, actor, number), messages=test_message.messages(office, actor, number),
        test_message=test_message.colleagues(office, actor),
    )  # fmt: skip


def _editor(office: Office, authority: str, form: Form, campaign: Campaign) -> Template:
    return render(
        "officers/campaign_edit.html", status_code=422 if form.errors else 200, form=form, campaign=campaign,
        whole=plan_form.whole(campaign), **plan_form.offered(office, authority),
    )  # fmt: skip


@get("/campaigns/{number:int}", sync_to_thread=True)
def campaign(office: InOffice, account: ByAccount, actor: ByActor, number: Number) -> Template:
    shown = _shown(office, account, actor, number)
    planning = shown["campaign"].state in lifecycle.CHANGEABLE
    return render("officers/campaign_plan.html" if planning else "officers/campaign.html", **shown)


@get("/campaigns/{number:int}/progress", sync_to_thread=True)
def campaign_progress(office: InOffice, actor: ByActor, number: Number) -> Template:
    """The figures alone, for htmx to refresh."""
    return render("officers/campaign_progress.html", **_moved(office, actor, lifecycle.campaign(office, actor, number)))


def _shown(office: Office, account: Account, actor: Actor, number: int) -> dict[str, Any]:
    found = lifecycle.campaign(office, actor, number)
    shown = _moved(office, actor, found)
    plan, before_launch, to_approve = shown["plan"], found.state in lifecycle.CHANGEABLE, _to_approve(office, found)
    return shown | {
        "acts": actions.possible(office, account, found),
        "decisions": lifecycle.approvals(office, actor, number),
        "sentence": _sentence(found),
        "can_find": _can_find(found),
        "messages": _messages(office, found, plan) if to_approve else [],
        "before_a_poll": _before_a_poll(office, actor.authority, plan) if before_launch else "",
        "changes": _changes(office, found) if to_approve else None,
        "tests": test_message.sent(office, actor, number) if before_launch else [],
        "channels": plan_form.CHANNELS,
        "changeable": before_launch and account.may(Right.plan),
    }


def _moved(office: Office, actor: Actor, found: Campaign) -> dict[str, Any]:
    """How far it is: all that a page asks for again every few seconds."""
    number = found.id or 0
    return {
        "campaign": found,
        "plan": Plan.model_validate(found.plan),
        "status": ledger.status(office, actor, number),
        "progress": None if found.state in lifecycle.CHANGEABLE else progress.progress(office, actor, number),
        "now": office.clock.now(),
        "limits": office.settings,
    }


def _to_approve(office: Office, found: Campaign) -> bool:
    """Whether what it says is, or will be, read by an approver: before launch, and of one that was submitted again."""
    with office.database.reading() as session:
        return found.state in lifecycle.CHANGEABLE or bool(lifecycle.awaited(session, office, found))


def _sentence(found: Campaign) -> str:
    from segments.rules import tree  # noqa: PLC0415  # brings the query engine

    return tree.parse(found.rule).sentence()


def _messages(office: Office, found: Campaign, plan: Plan) -> list[dict[str, Any]]:
    """As they were when the campaign was submitted; of a draft, as they are now."""
    if found.state != CampaignState.draft:
        kept: list[dict[str, Any]] = found.estimate.get("messages", [])
        return kept
    known = plan_form.templates(office)
    return (
        proofs.as_json(proofs.proofs(submission.setting(office, found.authority, plan), plan, known)) if known else []
    )


def _changes(office: Office, found: Campaign) -> list[Change] | None:
    with office.database.reading() as session:
        return changes.since_approved(session, found)


def _before_a_poll(office: Office, authority: str, plan: Plan) -> str:
    with office.database.reading() as session:
        near = pre_election.period(office, lifecycle.nation_of(session, authority), plan)
    return pre_election.told(near) if near else ""


def _can_find(found: Campaign) -> list[str]:
    """What the comparison can find, in plain words; nothing before it is submitted."""
    if "power" not in found.estimate:
        return []
    from campaigns.plan import power  # noqa: PLC0415  # brings the statistics

    return power.said(found.estimate["power"])


@get("/campaigns/{number:int}/{act:str}", sync_to_thread=True)
def campaign_act(office: InOffice, account: ByAccount, actor: ByActor, number: Number, act: FromPath[str]) -> Template:
    chosen = actions.named(act)
    demand(account, chosen.right)
    return _confirm(office, actor, lifecycle.campaign(office, actor, number), chosen, Form())


@post("/campaigns/{number:int}/{act:str}", sync_to_thread=True)
def campaign_act_send(
    request: Asked, office: InOffice, account: ByAccount, actor: ByActor, number: Number, act: FromPath[str],
    form: WithForm,
) -> Template | Redirect:  # fmt: skip
    chosen = actions.named(act)
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
    planning = act.name in actions.BEFORE_A_POLL
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
    """One campaign with its plan, what was worked out when it was submitted (who is left out, days, cost, messages,
    what it can find), what changed since it was approved before, and the standing of its messages: planned = waiting
    + accepted + dropped + failed."""
    found = lifecycle.campaign(office, actor, number)
    changed = _changes(office, found) if _to_approve(office, found) else None
    return _as_json(found) | {
        "plan": found.plan,
        "estimate": found.estimate,
        "finds": _can_find(found),
        "changes": None if changed is None else [asdict(change) for change in changed],
        "status": ledger.status(office, actor, number).as_dict(),
    }


@post("/api/campaigns", guards=[requires(Right.plan)], sync_to_thread=True)
def api_create(office: InOffice, actor: ByActor, data: JSONBody[Body]) -> dict[str, Any]:
    """A draft from a plan, as `engage campaign create` reads it."""
    return _as_json(lifecycle.create(office, actor, data))


@put("/api/campaigns/{number:int}", guards=[requires(Right.plan)], sync_to_thread=True)
def api_revise(office: InOffice, actor: ByActor, number: Number, data: JSONBody[Body]) -> dict[str, Any]:
    """Another plan for it: a new version, which no earlier approval covers."""
    return _as_json(lifecycle.revise(office, actor, number, data))


@post("/api/campaigns/{number:int}/test", guards=[requires(Right.plan)], sync_to_thread=True)
def api_test(office: InOffice, actor: ByActor, number: Number, data: JSONBody[Body]) -> dict[str, Any]:
    """A test to a colleague: `{"channel": "email" or "sms", "language", "to": an account, "number": for a text}`."""
    channel, language, to, phone = (str(data.get(name, "")) for name in ("channel", "language", "to", "number"))
    sent = test_message.send(office, actor, number, channel=channel, language=language or "en", to=to, number=phone)
    return {"notify_id": sent}


@post("/api/campaigns/{number:int}/{act:str}", status_code=200, sync_to_thread=True)
def api_act(
    office: InOffice, account: ByAccount, actor: ByActor, number: Number, act: FromPath[str], data: JSONBody[Body]
) -> dict[str, Any]:
    """submit, approve, reject, launch, pause, resume, renew or stop it, or decide on its letters (letters-again,
    letters-given-up); `{"note", "digest"}` as the act takes them."""
    chosen = actions.named(act)
    demand(account, chosen.right)
    return _as_json(chosen.do(office, actor, number, Form({name: str(value) for name, value in data.items()})))


def _as_json(found: Campaign) -> dict[str, Any]:
    return {
        "id": found.id, "name": found.name, "state": found.state, "version": found.version, "segment": found.segment,
        "digest": found.digest, "reason": found.reason, "households": found.households,
        "window": [found.window_start.isoformat(), found.window_end.isoformat()],
    }  # fmt: skip


_PAGES = [
    all_campaigns, approvals, campaign_edit, campaign_edit_send, campaign,
    campaign_test, campaign_test_send,
    campaign_progress, campaign_act, campaign_act_send, campaign_ledger, campaign_assignment,
]  # fmt: skip
_API = [api_campaigns, api_campaign, api_create, api_revise, api_test, api_act]
_SEES_DATA = [requires(Right.see_data)]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=_SEES_DATA, include_in_schema=False),
    Router("/", route_handlers=_API, guards=_SEES_DATA, tags=["what the council does"]),
    *outline_pages.routes,
    *letterbox.routes,
]
