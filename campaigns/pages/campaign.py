"""The pages of campaigns: all of them, one and what can be done to it, how far it is, and its files."""

import io
from collections.abc import Callable
from typing import Any, TextIO

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from campaigns.approval import (
    authorship,
    changes,
    decisions,
    forecast,
    pre_election,
    submission,
    timeline,
    trial_message,
)
from campaigns.approval.changes import Change
from campaigns.closing import progress
from campaigns.messages import proofs
from campaigns.pages import actions, deeds
from campaigns.pages.actions import Act
from campaigns.plan import applied, power
from campaigns.plan.plan import Plan
from campaigns.records import course, lookup
from campaigns.records.models import Campaign, CampaignState
from campaigns.sending import ledger, listing, settlement
from campaigns.setup import outlines, plan_form
from engage.foundation import identity
from engage.foundation.errors import InputRefused, NotAllowed, NotifyUnavailable, SendBlocked
from engage.foundation.identity import Account, Right
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
    requires_of_act,
)
from engage.foundation.web.shown.filters import Filter, Filters
from engage.foundation.words import sentence
from segments.homes import register_age
from segments.rules import tree

Number = FromPath[int]
OF_ACT = [requires_of_act(actions.RIGHTS)]


@get("/campaigns", sync_to_thread=True)
def all_campaigns(request: Asked, office: InOffice, actor: ByActor) -> Template:
    every = lookup.campaigns(office, actor)
    filters = Filters.read(
        "/campaigns", request.query_params,
        Filter("state", "State", {state.value: sentence(state.value) for state in CampaignState}),
        Filter("segment", "Segment", {each.segment: each.segment for each in every if each.segment}),
    )  # fmt: skip
    return render(
        "campaigns/pages/campaigns.html",
        campaigns=[each for each in every if _listed(each, filters)],
        filters=filters,
        any=bool(every),
        former=lookup.of_former(office, actor),
        outlines=outlines.unfinished(office, actor),
    )


def _listed(campaign: Campaign, filters: Filters) -> bool:
    return filters["state"] in ("", campaign.state) and filters["segment"] in ("", campaign.segment)


@get("/campaigns/{number:int}", sync_to_thread=True)
def campaign(office: InOffice, account: ByAccount, actor: ByActor, number: Number) -> Template:
    shown = _shown(office, account, lookup.reader(office, actor, number), number)
    planning = shown["campaign"].state in lookup.CHANGEABLE
    return render("campaigns/pages/campaign_plan.html" if planning else "campaigns/pages/campaign.html", **shown)


@get("/campaigns/{number:int}/progress", sync_to_thread=True)
def campaign_progress(office: InOffice, actor: ByActor, number: Number) -> Template:
    """The figures alone, for htmx to refresh."""
    actor = lookup.reader(office, actor, number)
    return render(
        "campaigns/pages/campaign_progress.html", **_moved(office, actor, lookup.campaign(office, actor, number))
    )


def _shown(office: Office, account: Account, actor: Actor, number: int) -> dict[str, Any]:
    found = lookup.campaign(office, actor, number)
    shown = _moved(office, actor, found)
    plan, before_launch, read_by_approver = shown["plan"], found.state in lookup.CHANGEABLE, to_approve(office, found)
    messages = _messages(office, found, plan) if read_by_approver else []
    drafted = found.state == CampaignState.draft
    return (
        shown
        | _decided(office, found)
        | {
            "obstacles": submission.obstacles(office, found, messages) if drafted else {},
            "timeline": _calendar(office, actor.authority, plan) if before_launch else None,
            "acts": actions.possible(office, account, found),
            "withheld": actions.withheld(office, account, found),
            "sentence": _sentence(found),
            "can_find": can_find(found),
            "applications": applied.told(office, actor.authority),
            "messages": messages,
            "before_a_poll": _before_a_poll(office, actor.authority, plan) if before_launch else "",
            "changes": changed_since(office, found) if read_by_approver else None,
            "tests": trial_message.sent(office, actor, number) if before_launch else [],
            "channels": plan_form.CHANNELS,
            "changeable": before_launch and account.may(Right.plan),
            "council": _former_council(office, account, found),
            "stale": register_age.told(office, actor.authority) if before_launch else "",
            "away": plan_form.away(office) if drafted and not messages else "",
            "course": course.course(office, actor, found),
            "copyable": outlines.copyable(account, found),
        }
        | _copies(office, found)
    )


def _copies(office: Office, found: Campaign) -> dict[str, Any]:
    """The campaign it was copied from, and those copied from it."""
    with office.database.reading() as session:
        return {
            "copied_from": session.get(Campaign, found.copied_from) if found.copied_from else None,
            "copies": lookup.copies_of(session, found),
        }


def _former_council(office: Office, account: Account, found: Campaign) -> str:
    """The council that launched it, where that went into the one that reads it."""
    with office.database.reading() as session:
        return "" if found.authority == account.authority else identity.authority(session, found.authority).name


def _moved(office: Office, actor: Actor, found: Campaign) -> dict[str, Any]:
    """How far it is: all that a page asks for again every few seconds."""
    number = found.id or 0
    return {
        "campaign": found,
        "plan": Plan.model_validate(found.plan),
        "status": ledger.status(office, actor, number),
        "progress": None if found.state in lookup.CHANGEABLE else progress.progress(office, actor, number),
        "now": office.clock.now(),
        "limits": office.settings,
    }


def to_approve(office: Office, found: Campaign) -> bool:
    """Whether what it says is, or will be, read by an approver: before launch, and of one that was submitted again."""
    with office.database.reading() as session:
        return found.state in lookup.CHANGEABLE or bool(decisions.awaited(session, office, found))


def _sentence(found: Campaign) -> str:
    return tree.parse(found.rule).sentence()


def _messages(office: Office, found: Campaign, plan: Plan) -> list[dict[str, Any]]:
    """As they were when the campaign was submitted; of a draft, as they are now."""
    if found.state != CampaignState.draft:
        kept: list[dict[str, Any]] = found.estimate.get("messages", [])
        return kept
    known = plan_form.templates(office)
    return proofs.as_json(proofs.proofs(forecast.setting(office, found.authority, plan), plan, known)) if known else []


def changed_since(office: Office, found: Campaign) -> list[Change] | None:
    """A draft may have templates that no submitted version had; GOV.UK Notify knows their names."""
    drafted = found.state == CampaignState.draft and found.version > 1
    known = {each.template_id: each.name for each in plan_form.templates(office)} if drafted else {}
    with office.database.reading() as session:
        return changes.since_approved(session, found, known)


def _decided(office: Office, found: Campaign) -> dict[str, Any]:
    """The decision it is held against, and the note of who sent it back."""
    with office.database.reading() as session:
        return {
            "decided": changes.decided_before(session, found), "sent_back": changes.sent_back(session, found)
        }  # fmt: skip


def _before_a_poll(office: Office, authority: str, plan: Plan) -> str:
    with office.database.reading() as session:
        near = pre_election.period(office, lookup.nation_of(session, authority), plan)
    return pre_election.told(near) if near else ""


def _calendar(office: Office, authority: str, plan: Plan) -> timeline.Timeline:
    with office.database.reading() as session:
        nation = lookup.nation_of(session, authority)
    return timeline.timeline(office, plan, nation)


def can_find(found: Campaign) -> list[str]:
    """What the comparison can find, in plain words; nothing before it is submitted."""
    if "power" not in found.estimate:
        return []
    return power.said(found.estimate["power"])


@get("/campaigns/{number:int}/{act:str}", sync_to_thread=True)
def campaign_act(office: InOffice, actor: ByActor, number: Number, act: FromPath[str]) -> Template:
    return _confirm(office, actor, lookup.campaign(office, actor, number), actions.named(act), Form())


@post("/campaigns/{number:int}/{act:str}", sync_to_thread=True)
def campaign_act_send(
    request: Asked, office: InOffice, actor: ByActor, number: Number, act: FromPath[str], form: WithForm
) -> Template | Redirect:
    chosen = actions.named(act)
    try:
        done = chosen.do(office, actor, number, form)
    except (InputRefused, NotAllowed, SendBlocked, NotifyUnavailable) as refused:
        form.fail("note" if chosen.asks and isinstance(refused, InputRefused) else "act", str(refused))
        return _confirm(office, actor, lookup.campaign(office, actor, number), chosen, form)
    # The first approval of two leaves it where it was, and says who is still to come.
    notify(request, done.reason if chosen.name == "approve" and done.reason else chosen.done)
    return redirect(f"/campaigns/{number}")


def _confirm(office: Office, actor: Actor, campaign: Campaign, act: Act, form: Form) -> Template:
    """What the act would do, in figures of this moment; without a button where it cannot be done now."""
    plan, hindered = Plan.model_validate(campaign.plan), _hindrance(office, actor, campaign, act)
    possible = campaign.state in act.states and not hindered
    planning = act.name in actions.BEFORE_A_POLL
    return render(
        "campaigns/pages/campaign_act.html", status_code=422 if form.errors else 200, campaign=campaign, act=act,
        form=form, before_a_poll=_before_a_poll(office, actor.authority, plan) if planning else "", possible=possible,
        hindered=hindered,
        stale=register_age.told(office, actor.authority) if planning else "",
        told=deeds.told(office, actor, campaign, act.name) if possible else [],
        obstacles=_obstacles(office, campaign, plan) if act.name == "submit" and possible else {},
        letters=settlement.undecided_letters(office, campaign) if act.name in actions.OF_LETTERS else None,
    )  # fmt: skip


def _hindrance(office: Office, actor: Actor, campaign: Campaign, act: Act) -> str:
    with office.database.reading() as session:
        return authorship.hindrance(session, office, campaign, actor.account_id, act.name)


def _obstacles(office: Office, campaign: Campaign, plan: Plan) -> dict[str, list[str]]:
    return submission.obstacles(office, campaign, _messages(office, campaign, plan))


@get("/campaigns/{number:int}/messages", sync_to_thread=True)
def campaign_messages(
    request: Asked, office: InOffice, actor: ByActor, number: Number, page: FromQuery[int] = 1
) -> Template:  # fmt: skip
    who = lookup.reader(office, actor, number)
    found = lookup.campaign(office, who, number)
    filters = listing.filters(office, who.authority, number, request.query_params)
    return render(
        "campaigns/pages/messages.html", campaign=found, listing=listing.listing(office, who, number, filters, page)
    )


@get("/campaigns/{number:int}/ledger.csv", sync_to_thread=True)
def campaign_ledger(office: InOffice, actor: ByActor, number: Number) -> Response[str]:
    who = lookup.reader(office, actor, number)
    return _download(f"ledger-{number}.csv", lambda out: ledger.export_ledger(office, who, number, out))


@get("/campaigns/{number:int}/assignment.csv", sync_to_thread=True)
def campaign_assignment(office: InOffice, actor: ByActor, number: Number) -> Response[str]:
    who = lookup.reader(office, actor, number)
    return _download(f"assignment-{number}.csv", lambda out: ledger.export_assignment(office, who, number, out))


def _download(name: str, write: Callable[[TextIO], int]) -> Response[str]:
    out = io.StringIO()
    write(out)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=disposition)


_PAGES = [all_campaigns, campaign, campaign_progress, campaign_messages, campaign_ledger, campaign_assignment]
routes: list[ControllerRouterHandler] = [
    Router("/", route_handlers=_PAGES, guards=[requires(Right.see_data)], include_in_schema=False),
    Router("/", route_handlers=[campaign_act, campaign_act_send], guards=OF_ACT, include_in_schema=False),
]
