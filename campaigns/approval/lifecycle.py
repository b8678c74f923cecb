"""A campaign's life: planned, submitted as an exact version, approved by somebody else, launched, and ended.

draft ─submit─▶ submitted ─approve─▶ approved ─launch─▶ launched ⇄ paused
  ▲                 │ reject            │                   │        │
  └──── revise ─────┴───────────────────┘                   └─ stop ─┴─▶ stopped;  all done ─▶ completed

A paused campaign whose approval no longer holds (`campaigns.approval.validity`) is renewed and approved before it is resumed.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select, update

from campaigns.approval import changes, pre_election, submission, validity
from campaigns.messages import proofs
from campaigns.notify.messages import Notify, Template
from campaigns.plan import audience, exclusions
from campaigns.plan.exclusions import Uprns
from campaigns.plan.plan import Plan, read
from campaigns.records.models import Approval, Campaign, CampaignState, Message, MessageState, Reason, Wave
from engage.foundation import audit
from engage.foundation.calendar import law, registration_deadline
from engage.foundation.clock import at_london, london, today
from engage.foundation.errors import InputRefused, NotAllowed, NotFound, SendBlocked
from engage.foundation.identity import Account, Authority, Right, demand
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office

CHANGEABLE = (CampaignState.draft, CampaignState.submitted, CampaignState.approved)


def permit(session: Session, actor: Actor, right: Right) -> Account | None:
    """The actor's account, if it has one, once it may do this. The worker and the command line have none."""
    if actor.account_id is None:
        return None
    account = session.get(Account, actor.account_id)
    if account is None or account.authority != actor.authority:
        raise NotAllowed("Your account does not belong to this authority. Sign in again.")
    demand(account, right)
    return account


def find(session: Session, authority: str, campaign_id: int) -> Campaign:
    campaign = session.get(Campaign, campaign_id)
    if campaign is None or campaign.authority != authority:
        raise NotFound(f"There is no campaign {campaign_id} in {authority}. See them with: engage campaign list")
    return campaign


def campaigns(office: Office, actor: Actor) -> list[Campaign]:
    """All of the authority's, newest first."""
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        query = select(Campaign).where(Campaign.authority == actor.authority)
        return list(session.exec(query.order_by(col(Campaign.id).desc())))


def campaign(office: Office, actor: Actor, campaign_id: int) -> Campaign:
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        return find(session, actor.authority, campaign_id)


def waves(session: Session, campaign_id: int) -> list[Wave]:
    return list(session.exec(select(Wave).where(Wave.campaign_id == campaign_id).order_by(col(Wave.number))))


def approvals(office: Office, actor: Actor, campaign_id: int) -> list[Approval]:
    """Decisions on it, newest first."""
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        find(session, actor.authority, campaign_id)
        query = select(Approval).where(Approval.campaign_id == campaign_id)
        return list(session.exec(query.order_by(col(Approval.id).desc())))


def create(office: Office, actor: Actor, source: Plan | Path | str | bytes | dict[str, Any]) -> Campaign:
    """A draft from a plan, its file or its JSON."""
    plan = source if isinstance(source, Plan) else read(source)
    rule = _rule(office, actor, plan)
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        made = Campaign(
            authority=actor.authority, name=plan.name, purpose=plan.purpose, segment=plan.segment, rule=rule,
            plan=plan.as_json(), seed=_seed(plan), window_start=plan.outcome_window.start,
            window_end=plan.outcome_window.end, created_by=actor.label, created_by_id=actor.account_id,
            created_at=office.clock.now(),
        )  # fmt: skip
        session.add(made)
        session.flush()
        _record(session, office, actor, "create campaign", made)
        return made


def revise(
    office: Office, actor: Actor, campaign_id: int, source: Plan | Path | str | bytes | dict[str, Any]
) -> Campaign:
    """Change the plan before launch: a new version, which no earlier approval covers."""
    plan = source if isinstance(source, Plan) else read(source)
    rule = _rule(office, actor, plan)
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        changed = _in_state(find(session, actor.authority, campaign_id), "change", *CHANGEABLE)
        changed.version += 1
        changed.state, changed.digest, changed.estimate = CampaignState.draft, "", {}
        changed.name, changed.purpose, changed.segment = plan.name, plan.purpose, plan.segment
        changed.rule, changed.plan = rule, plan.as_json()
        changed.seed = changed.seed if plan.seed is None else plan.seed
        changed.window_start, changed.window_end = plan.outcome_window.start, plan.outcome_window.end
        changed.audience_snapshot = changed.register_snapshot = None
        _record(session, office, actor, "change campaign", changed)
        return changed


def submit(office: Office, actor: Actor, campaign_id: int, *, notify: Notify | None = None) -> Campaign:
    """Check the messages, freeze the audience, draw the arms, count and price the waves, and fix this exact version
    for approval. Messages are read from `notify`, else from where the settings say; without a key they are not."""
    from segments.audiences.audience import freeze  # noqa: PLC0415  # as in _rule

    with office.database.session() as session:
        permit(session, actor, Right.plan)
        draft = _in_state(find(session, actor.authority, campaign_id), "submit", CampaignState.draft)
        nation = nation_of(session, actor.authority)
        plan = Plan.model_validate(draft.plan)
        pre_election.demand_possible(session, office, nation, draft, plan)
    _still_possible(office, plan, nation)
    known = submission.templates(office, notify)
    setting = submission.setting(office, actor.authority, plan)
    if known is not None:
        proofs.demand(proofs.proofs(setting, plan, known))
    frozen = freeze(
        office, actor, draft.rule, name=f"campaign {campaign_id} version {draft.version}", segment=draft.segment,
        seed=draft.seed,
    )  # fmt: skip
    if not frozen.households:
        raise InputRefused("The segment holds no household, so there is nobody to remind. Change its rule.")
    left_out = exclusions.before_the_draw(office, actor.authority, campaign_id, plan, frozen.register_snapshot)
    return adopt(
        office, actor, draft, frozen.path, register_snapshot=frozen.register_snapshot, left_out=left_out, known=known
    )


def adopt(
    office: Office, actor: Actor, draft: Campaign, frozen: Path, *, register_snapshot: int | None,
    left_out: Mapping[str, Uprns] | None = None, known: Sequence[Template] | None = None,
) -> Campaign:  # fmt: skip
    """The second half of `submit`: what was frozen, but for the homes left out, becomes the audience with its arms,
    and the messages, where GOV.UK Notify's templates are known, become part of the version."""
    plan = Plan.model_validate(draft.plan)
    staged = office.lake.stage()
    estimate = submission.estimate(
        office, actor.authority, plan, draft.seed, frozen, staged, left_out=left_out or {}, known=known
    )  # fmt: skip
    fingerprint = audience.digest(staged)
    with office.database.session() as session:
        ready = _in_state(find(session, actor.authority, draft.id or 0), "submit", CampaignState.draft)
        if ready.version != draft.version:
            raise SendBlocked(
                "Somebody changed this campaign while it was being submitted. Look at it and submit again."
            )
        snapshot = office.lake.commit(
            session, staged, authority=actor.authority, kind="audience", name=str(ready.id), as_at=today(office.clock),
            made_at=office.clock.now(), made_by=actor.label, rows=estimate["households"], source=fingerprint,
            report=changes.version_report(ready, estimate),
        )  # fmt: skip
        ready.audience_snapshot, ready.register_snapshot = snapshot.id, register_snapshot
        ready.households, ready.estimate = estimate["households"], estimate
        ready.state, ready.reason = CampaignState.submitted, ""
        ready.submitted_by, ready.submitted_by_id = actor.label, actor.account_id
        ready.submitted_at = office.clock.now()
        ready.digest = version_digest(session, ready)
        _record(session, office, actor, "submit campaign", ready, households=ready.households)
        return ready


def version_digest(session: Session, campaign: Campaign) -> str:
    """SHA-256 of all that an approver approves: plan, rule, seed, the audience's content and the messages' versions."""
    snapshot = session.get(Snapshot, campaign.audience_snapshot)
    content = [campaign.id, campaign.version, campaign.plan, campaign.rule, campaign.seed, snapshot and snapshot.source]
    if messages := campaign.estimate.get("messages"):
        content.append(proofs.versions(messages))
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def approve(office: Office, actor: Actor, campaign_id: int, *, note: str = "", digest: str = "") -> Campaign:
    """By another account than planned or submitted it. `digest`, where given, is the version the approver saw."""
    return _decide(office, actor, campaign_id, CampaignState.approved, note, digest)


def reject(office: Office, actor: Actor, campaign_id: int, *, note: str, digest: str = "") -> Campaign:
    if not note.strip():
        raise InputRefused("Enter why you reject this campaign, so that the officer can change it")
    return _decide(office, actor, campaign_id, CampaignState.draft, note, digest)


def _decide(office: Office, actor: Actor, campaign_id: int, outcome: CampaignState, note: str, digest: str) -> Campaign:
    decision = "approved" if outcome == CampaignState.approved else "rejected"
    with office.database.session() as session:
        if permit(session, actor, Right.approve) is None:
            raise NotAllowed(
                "Approval needs an account of its own. Sign in as an approver, or name one with --as EMAIL."
            )
        decided = find(session, actor.authority, campaign_id)
        _in_state(decided, "decide on", CampaignState.submitted, CampaignState.paused)
        if decided.launched_at and not awaited(session, office, decided):
            raise SendBlocked(f"Campaign {campaign_id} is paused, and waits for nobody's approval.")
        if actor.account_id in (decided.created_by_id, decided.submitted_by_id):
            raise NotAllowed("You planned or submitted this campaign, so somebody else has to approve it.")
        if outcome == CampaignState.approved and _approved_by(session, decided, actor):
            raise NotAllowed("You have approved this version already. Before a poll, a second person has to.")
        if digest not in ("", decided.digest) or version_digest(session, decided) != decided.digest:
            raise SendBlocked("This campaign has changed since you looked at it. Read the new version first.")
        session.add(
            Approval(
                campaign_id=campaign_id, version=decided.version, digest=decided.digest, decision=decision, note=note,
                by=actor.label, by_id=actor.account_id, at=office.clock.now(),
            )
        )  # fmt: skip
        session.flush()
        if decided.launched_at:
            _decided_while_paused(session, office, decided, outcome, note)
        elif outcome == CampaignState.approved:
            waiting_for = awaited(session, office, decided)
            decided.state = CampaignState.submitted if waiting_for else outcome
            decided.reason = f"Still to approve it: {waiting_for}." if waiting_for else ""
        else:
            decided.reason = note
            decided.version += 1
            decided.state = outcome
        _record(session, office, actor, f"{decision} campaign", decided)
        return decided


def _decided_while_paused(
    session: Session, office: Office, decided: Campaign, outcome: CampaignState, note: str
) -> None:
    if outcome != CampaignState.approved:
        decided.reason, decided.digest = note, ""
    elif waiting_for := awaited(session, office, decided):
        decided.reason = f"Still to approve it: {waiting_for}."
    else:
        decided.reason = "Approved as it is now. Resume it to go on."


def awaited(session: Session, office: Office, campaign: Campaign) -> str:
    """Who has still to approve it, in words: of one that was submitted, or is paused; else empty."""
    if campaign.state not in (CampaignState.submitted, CampaignState.paused) or not campaign.digest:
        return ""
    return _outstanding(session, office, campaign)


def _outstanding(session: Session, office: Office, campaign: Campaign) -> str:
    leaves = validity.days_left(office, session, campaign) if campaign.launched_at else None
    return pre_election.outstanding(session, office, nation_of(session, campaign.authority), campaign, leaves)


def awaiting(office: Office, actor: Actor) -> list[Campaign]:
    """Campaigns that somebody has still to approve, newest first."""
    found = campaigns(office, actor)
    with office.database.reading() as session:
        return [campaign for campaign in found if awaited(session, office, campaign)]


def launch(office: Office, actor: Actor, campaign_id: int, *, notify: Notify | None = None) -> Campaign:
    """Hand the approved version to the worker: its waves leave on their days. SendBlocked where a message is no more
    at GOV.UK Notify what was approved."""
    _same_messages(office, campaign(office, actor, campaign_id), notify)
    with office.database.session() as session:
        permit(session, actor, Right.send)
        begun = _in_state(find(session, actor.authority, campaign_id), "launch", CampaignState.approved)
        plan = Plan.model_validate(begun.plan)
        _approved_version(session, office, begun)
        exclusions.demand_apart(session, office, begun, _audience(office, session, begun))
        _still_possible(office, plan, nation_of(session, actor.authority))
        for number, wave in enumerate(plan.waves, 1):
            session.add(
                Wave(
                    campaign_id=campaign_id, number=number, channels=list(wave.channels), arms=list(wave.arms),
                    templates={channel: str(plan.template(wave, channel)) for channel in wave.channels},
                    send_on=wave.send_on, expires_on=wave.expires_on,
                )
            )  # fmt: skip
        begun.state, begun.launched_at = CampaignState.launched, office.clock.now()
        _record(session, office, actor, "launch campaign", begun)
        return begun


def _same_messages(office: Office, approved: Campaign, notify: Notify | None) -> None:
    messages = approved.estimate.get("messages")
    known = submission.templates(office, notify)
    if known is None:
        return
    if not messages:
        raise SendBlocked(
            "Its messages were not read from GOV.UK Notify when it was submitted, so nobody has approved what they "
            "say. Save the plan again, submit it, and let somebody approve it."
        )
    if others := proofs.changed(messages, known):
        raise SendBlocked(
            f"Changed at GOV.UK Notify since it was approved: {', '.join(others)}. Change the plan or save it again, "
            "submit it, and let somebody approve what the messages say now."
        )


def _audience(office: Office, session: Session, campaign: Campaign) -> Path:
    return office.lake.file(session.get_one(Snapshot, campaign.audience_snapshot))


def _approved_version(session: Session, office: Office, campaign: Campaign) -> None:
    waiting_for = _outstanding(session, office, campaign)
    if waiting_for or version_digest(session, campaign) != campaign.digest:
        raise SendBlocked(
            "This exact version has not been approved. Submit it again, and let somebody else approve it"
            + (f": {waiting_for}." if waiting_for else ".")
        )


def _approved_by(session: Session, campaign: Campaign, actor: Actor) -> bool:
    query = select(Approval).where(
        Approval.campaign_id == campaign.id, Approval.digest == campaign.digest, Approval.decision == "approved",
        Approval.by_id == actor.account_id,
    )  # fmt: skip
    return session.exec(query).first() is not None


def pause(office: Office, actor: Actor, campaign_id: int, *, reason: str = "") -> Campaign:
    return _move(office, actor, campaign_id, "pause", CampaignState.paused, reason, CampaignState.launched)


def resume(office: Office, actor: Actor, campaign_id: int) -> Campaign:
    """SendBlocked where its approval no longer holds."""
    with office.database.session() as session:
        permit(session, actor, Right.send)
        resumed = _in_state(find(session, actor.authority, campaign_id), "resume", CampaignState.paused)
        _approved_version(session, office, resumed)
        resumed.state, resumed.reason = CampaignState.launched, ""
        _record(session, office, actor, "resume campaign", resumed)
        return resumed


def renew(office: Office, actor: Actor, campaign_id: int, *, notify: Notify | None = None) -> Campaign:
    """Of a paused campaign: its messages as GOV.UK Notify has them now, and the poll that was called meanwhile, become
    the next version of the same homes and groups, for somebody else to approve before it is resumed."""
    before = _in_state(campaign(office, actor, campaign_id), "submit again", CampaignState.paused)
    known = submission.templates(office, notify)
    if known is None:
        raise SendBlocked("No key of GOV.UK Notify is set, so its messages cannot be read.")
    with office.database.reading() as session:
        leaves, path = validity.days_left(office, session, before), _audience(office, session, before)
        plan = _knowing_polls(office, nation_of(session, before.authority), before, leaves)
    messages = submission.messages(submission.setting(office, before.authority, plan, leaves), plan, path, known)
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        renewed = _in_state(find(session, actor.authority, campaign_id), "submit again", CampaignState.paused)
        if renewed.version != before.version:
            raise SendBlocked("Somebody submitted this campaign again at the same time. Look at it first.")
        renewed.version, renewed.plan = renewed.version + 1, plan.as_json()
        renewed.estimate = {**renewed.estimate, "messages": messages}
        renewed.submitted_by, renewed.submitted_by_id = actor.label, actor.account_id
        renewed.submitted_at, renewed.digest = office.clock.now(), version_digest(session, renewed)
        frozen = session.get_one(Snapshot, renewed.audience_snapshot)
        frozen.report = changes.renewed(frozen.report, renewed)
        renewed.reason = f"Still to approve version {renewed.version}: {_outstanding(session, office, renewed)}."
        _record(session, office, actor, "submit campaign", renewed, households=renewed.households)
        return renewed


def _knowing_polls(office: Office, nation: str, campaign: Campaign, leaves: Sequence[date]) -> Plan:
    plan = Plan.model_validate(campaign.plan)
    while poll := pre_election.overlooked(office, nation, plan, leaves):
        plan = Plan.model_validate({**plan.as_json(), "poll_date": poll.day})
    return plan


def stop(office: Office, actor: Actor, campaign_id: int, *, reason: str = "") -> Campaign:
    """For good: what is queued is dropped. What is on its way is still settled and its receipts kept."""
    with office.database.session() as session:
        permit(session, actor, Right.send)
        ended = find(session, actor.authority, campaign_id)
        _in_state(ended, "stop", *CHANGEABLE, CampaignState.launched, CampaignState.paused)
        dropped = session.exec(
            update(Message)
            .where(col(Message.campaign_id) == campaign_id, col(Message.state) == MessageState.planned)
            .values(state=MessageState.dropped, reason=Reason.stopped, settled_at=office.clock.now())
        ).rowcount
        ended.state, ended.reason, ended.ended_at = CampaignState.stopped, reason, office.clock.now()
        _record(session, office, actor, "stop campaign", ended, dropped=dropped)
        return ended


def _move(
    office: Office, actor: Actor, campaign_id: int, act: str, to: CampaignState, reason: str, *states: CampaignState
) -> Campaign:
    with office.database.session() as session:
        permit(session, actor, Right.send)
        moved = _in_state(find(session, actor.authority, campaign_id), act, *states)
        moved.state, moved.reason = to, reason
        _record(session, office, actor, f"{act} campaign", moved)
        return moved


def _in_state(campaign: Campaign, act: str, *states: CampaignState) -> Campaign:
    if campaign.state not in states:
        expected = " or ".join(state.value for state in states)
        raise SendBlocked(f"You cannot {act} campaign {campaign.id}: it is {campaign.state}, not {expected}.")
    return campaign


def _still_possible(office: Office, plan: Plan, nation: str) -> None:
    """Reminders that can no longer help are refused before anybody spends time on them."""
    now = office.clock.now()
    first, last = min(wave.send_on for wave in plan.waves), max(wave.send_on for wave in plan.waves)
    if last < today(office.clock):
        raise SendBlocked(f"Every wave's day has passed (the last was {last}). Change the dates of the plan.")
    leaves = [max(day, today(office.clock)) for day in pre_election.days(plan)]
    if poll := pre_election.overlooked(office, nation, plan, leaves):
        raise SendBlocked(f"{pre_election.told_overlooked(office, nation, poll)} Give the day of the poll in the plan.")
    end = deadline(office, plan.poll_date, nation) if plan.poll_date else None
    if end and max(now, at_london(first, 0)) >= end:
        raise SendBlocked(
            f"The first wave is on {first}, but the registration deadline for the poll on {plan.poll_date} "
            f"is {london(end):%d %B %Y at %H:%M}. Change the dates of the plan."
        )


def deadline(office: Office, poll: date, nation: str) -> datetime:
    return registration_deadline(poll, nation, law(office.settings.home))


def _rule(office: Office, actor: Actor, plan: Plan) -> dict[str, Any]:
    from segments.audiences import segments  # noqa: PLC0415  # bring the query engine: a second each worker would wait
    from segments.rules import local_indicators, tree  # noqa: PLC0415  # bring the query engine: a second each worker would wait

    rule = plan.rule if plan.rule is not None else segments.find(office, actor.authority, plan.segment).rule
    return dict(tree.parse(rule, local_indicators.columns(office, actor.authority)).as_json())


def _seed(plan: Plan) -> int:
    return plan.seed if plan.seed is not None else secrets.randbits(63)


def nation_of(session: Session, authority: str) -> str:
    found = session.get(Authority, authority)
    return found.nation if found else "England"


def _record(session: Session, office: Office, actor: Actor, act: str, campaign: Campaign, **detail: Any) -> None:
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"campaign {campaign.id}", version=campaign.version, digest=campaign.digest, **detail,
    )  # fmt: skip
