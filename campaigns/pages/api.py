"""Campaigns as JSON: made, changed, acted on and watched."""

from dataclasses import asdict
from typing import Any

from litestar import Router, get, post, put
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from campaigns.approval import dates, drafts
from campaigns.pages import actions
from campaigns.pages.campaign import can_find, changed_since, to_approve
from campaigns.records import lookup
from campaigns.records.models import Campaign
from campaigns.sending import ledger
from engage.foundation.identity import Right
from engage.foundation.office import Office
from engage.foundation.web.handlers import (
    ByActor,
    Form,
    InOffice,
    requires,
    requires_of_act,
)

Number = FromPath[int]
Body = dict[str, Any]
OF_ACT = [requires_of_act(actions.RIGHTS)]


@get("/api/campaigns", sync_to_thread=True)
def api_campaigns(office: InOffice, actor: ByActor) -> list[dict[str, Any]]:
    """Every campaign, newest first."""
    return [_as_json(found) for found in lookup.campaigns(office, actor)]


@get("/api/campaigns/{number:int}", sync_to_thread=True)
def api_campaign(office: InOffice, actor: ByActor, number: Number) -> dict[str, Any]:
    """One campaign with its plan, what was worked out when it was submitted (who is left out, days, cost, messages,
    what it can find), what changed since it was approved before, and the standing of its messages: planned = waiting
    + accepted + dropped + failed."""
    actor = lookup.reader(office, actor, number)
    found = lookup.campaign(office, actor, number)
    changed = changed_since(office, found) if to_approve(office, found) else None
    return _with_clashes(office, found) | {
        "plan": found.plan,
        "estimate": found.estimate,
        "finds": can_find(found),
        "changes": None if changed is None else [asdict(change) for change in changed],
        "status": ledger.status(office, actor, number).as_dict(),
    }


@post("/api/campaigns", guards=[requires(Right.plan)], sync_to_thread=True)
def api_create(office: InOffice, actor: ByActor, data: JSONBody[Body]) -> dict[str, Any]:
    """A draft from a plan, as `engage campaign create` reads it. `clashes` has what is only `told` of its dates; a plan
    whose dates do clash is refused."""
    return _with_clashes(office, drafts.create(office, actor, data))


@put("/api/campaigns/{number:int}", guards=[requires(Right.plan)], sync_to_thread=True)
def api_revise(office: InOffice, actor: ByActor, number: Number, data: JSONBody[Body]) -> dict[str, Any]:
    """Another plan for it: a new version, which no earlier approval covers. `clashes` as for a new one."""
    return _with_clashes(office, drafts.revise(office, actor, number, data))


@post(
    "/api/campaigns/{number:int}/{act:str}",
    guards=OF_ACT,
    status_code=200,
    sync_to_thread=True,
)
def api_act(
    office: InOffice, actor: ByActor, number: Number, act: FromPath[str], data: JSONBody[Body]
) -> dict[str, Any]:
    """submit, approve, reject, launch, pause, resume, renew or stop it, or decide on its letters (letters-again,
    letters-given-up); `{"note", "digest"}` as the act takes them. `stop` needs a note. With the `state` and `version`
    that were read, nothing is done to another."""
    chosen = actions.named(act)
    return _as_json(chosen.do(office, actor, number, Form({name: str(value) for name, value in data.items()})))


def _with_clashes(office: Office, found: Campaign) -> dict[str, Any]:
    """What is wrong with its dates at this moment; those that are only `told` keep nothing back."""
    clashes = [{"words": clash.words, "told": clash.told} for clash in dates.of_campaign(office, found)]
    return _as_json(found) | {"clashes": clashes}


def _as_json(found: Campaign) -> dict[str, Any]:
    return {
        "id": found.id, "name": found.name, "state": found.state, "version": found.version, "segment": found.segment,
        "digest": found.digest, "reason": found.reason, "households": found.households,
        "window": [found.window_start.isoformat(), found.window_end.isoformat()],
    }  # fmt: skip


routes: list[ControllerRouterHandler] = [
    Router(
        "/", route_handlers=[api_campaigns, api_campaign], guards=[requires(Right.see_data)],
        tags=["what the council does"],
    ),
    Router("/", route_handlers=[api_create, api_revise, api_act], tags=["what the council does"]),
]  # fmt: skip
