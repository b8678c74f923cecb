"""Drafts of campaigns: made from a plan, and changed before launch."""

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlmodel import Session

from campaigns.approval import authorship, dates
from campaigns.plan.plan import Plan, named, read
from campaigns.records.lookup import CHANGEABLE, Shown, find, in_state, nation_of, permit, record
from campaigns.records.models import Campaign, CampaignState
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from segments.audiences import named_rules
from segments.rules import local_indicators, tree


def create(office: Office, actor: Actor, source: Plan | Path | str | bytes | dict[str, Any]) -> Campaign:
    """A draft from a plan, its file or its JSON."""
    plan = source if isinstance(source, Plan) else read(source)
    found = rule(office, actor, plan)
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        return begin(session, office, actor, plan, found, where=named(source))


def begin(
    session: Session, office: Office, actor: Actor, plan: Plan, rule: dict[str, Any], *, where: str = "The plan",
    written_by: Iterable[int] = (), copied_from: int | None = None,
) -> Campaign:  # fmt: skip
    """The draft, in the caller's transaction; `rule` is the plan's, `where` says where it was entered, and `written_by`
    who else wrote it."""
    dates.demand_enterable(office, plan, nation_of(session, actor.authority), where)
    made = Campaign(
        authority=actor.authority, name=plan.name, purpose=plan.purpose, segment=plan.segment, rule=rule,
        plan=plan.as_json(), seed=_seed(plan), window_start=plan.outcome_window.start,
        window_end=plan.outcome_window.end, created_by=actor.label, created_by_id=actor.account_id,
        created_at=office.clock.now(), copied_from=copied_from,
    )  # fmt: skip
    session.add(made)
    session.flush()
    authorship.wrote(session, made, actor.account_id, *written_by)
    record(session, office, actor, "create campaign", made)
    return made


def revise(
    office: Office, actor: Actor, campaign_id: int, source: Plan | Path | str | bytes | dict[str, Any], *,
    shown: Shown | None = None,
) -> Campaign:  # fmt: skip
    """Change the plan before launch: a new version, which no earlier approval covers."""
    plan = source if isinstance(source, Plan) else read(source)
    found = rule(office, actor, plan)
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        changed = in_state(
            find(session, actor.authority, campaign_id, lock=True), "change", *CHANGEABLE, shown=shown
        )  # fmt: skip
        dates.demand_enterable(office, plan, nation_of(session, actor.authority), named(source))
        changed.version += 1
        changed.state, changed.digest, changed.estimate = CampaignState.draft, "", {}
        changed.name, changed.purpose, changed.segment = plan.name, plan.purpose, plan.segment
        changed.rule, changed.plan = found, plan.as_json()
        changed.seed = changed.seed if plan.seed is None else plan.seed
        changed.window_start, changed.window_end = plan.outcome_window.start, plan.outcome_window.end
        changed.audience_snapshot = changed.register_snapshot = None
        authorship.wrote(session, changed, actor.account_id)
        record(session, office, actor, "change campaign", changed)
        return changed


def rule(office: Office, actor: Actor, plan: Plan) -> dict[str, Any]:
    """Its own, or that of the segment it names, as it is now."""
    found = plan.rule if plan.rule is not None else named_rules.find(office, actor.authority, plan.segment).rule
    own, held = local_indicators.columns(office, actor.authority), named_rules.held(office, actor.authority)
    return dict(tree.parse(found, own, held).as_json())


def _seed(plan: Plan) -> int:
    return plan.seed if plan.seed is not None else secrets.randbits(63)
