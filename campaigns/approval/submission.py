"""Submission: a draft becomes the exact version that somebody else approves; a paused campaign becomes its next one."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session

from campaigns.approval import authorship, changes, dates, forecast, pre_election, validity
from campaigns.approval.decisions import outstanding
from campaigns.approval.version import version_digest
from campaigns.messages import prices, proofs
from campaigns.notices import outbox
from campaigns.notify.messages import Notify, Template
from campaigns.plan import exclusions
from campaigns.plan.exclusions import Uprns
from campaigns.plan.plan import Plan
from campaigns.records.lookup import Shown, audience_file, campaign, find, in_state, nation_of, permit, record
from campaigns.records.models import Campaign, CampaignState
from campaigns.records.notice import About
from engage.foundation import data_keys
from engage.foundation.clock import today
from engage.foundation.errors import EngageError, InputRefused, SendBlocked
from engage.foundation.identity import Right
from engage.foundation.lake import Snapshot, digest
from engage.foundation.office import Actor, Office
from segments.audiences.audience import freeze
from segments.safeguards import sealed_columns


def submit(
    office: Office, actor: Actor, campaign_id: int, *, notify: Notify | None = None, shown: Shown | None = None
) -> Campaign:
    """Check the messages, freeze the audience, draw the arms, count and price the waves, and fix this exact version
    for approval. Messages are read from `notify`, else from where the settings say; without a key they are not."""
    begun = office.clock.now()
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        draft = in_state(find(session, actor.authority, campaign_id), "submit", CampaignState.draft, shown=shown)
        nation = nation_of(session, actor.authority)
        plan = Plan.model_validate(draft.plan)
        pre_election.demand_possible(session, office, nation, draft, plan, actor.account_id)
    dates.demand_possible(office, plan, nation)
    known = forecast.templates(office, notify)
    setting = forecast.setting(office, actor.authority, plan)
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
        office, actor, draft, frozen.path, register_snapshot=frozen.register_snapshot, left_out=left_out, known=known,
        begun=begun,
    )  # fmt: skip


def tell_approvers(session: Session, office: Office, submitted: Campaign) -> None:
    words = f"Version {submitted.version} was submitted and waits for somebody other than its authors to decide on it."
    once = submitted.digest[:16]
    outbox.tell(
        session, office, About.approval, submitted, words, but=authorship.authors(session, submitted), once=once
    )  # fmt: skip


def obstacles(office: Office, draft: Campaign, messages: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Why a draft would not be submitted now, by the task of setting up that mends it, so that submission finds nothing
    that its page has not said. `messages` as the page shows them."""
    found: dict[str, list[str]] = {}
    plan = Plan.model_validate(draft.plan)
    with office.database.reading() as session:
        nation = nation_of(session, draft.authority)
        try:
            pre_election.demand_possible(session, office, nation, draft, plan)
        except EngageError as refused:
            found["checks"] = [str(refused)]
    if clashes := [clash.words for clash in dates.judge(office, plan, nation) if not clash.told]:
        found["dates"] = clashes
    if faults := [f"{message['title']}: {fault}" for message in messages for fault in message["faults"]]:
        found["messages"] = faults
    return found


def adopt(
    office: Office, actor: Actor, draft: Campaign, frozen: Path, *, register_snapshot: int | None,
    left_out: Mapping[str, Uprns] | None = None, known: Sequence[Template] | None = None,
    begun: datetime | None = None,
) -> Campaign:  # fmt: skip
    """The second half of `submit`: what was frozen, but for the homes left out, becomes the audience with its arms,
    and the messages, where GOV.UK Notify's templates are known, become part of the version. `begun`: before other
    campaigns were looked at, so that one launched while this was worked out is looked at again at the launch."""
    plan = Plan.model_validate(draft.plan)
    drawn, staged, sealer = office.lake.stage(), office.lake.stage(), office.keys.new_sealer()
    seal = partial(sealed_columns.seal, drawn, staged, "audience", office.keys, sealer)
    with ThreadPoolExecutor(1) as beside:  # while DuckDB counts
        sealing: list[Future[None]] = []
        estimate = forecast.estimate(
            office, actor.authority, plan, draft.seed, frozen, drawn, left_out=left_out or {}, known=known,
            drawn=lambda: sealing.append(beside.submit(seal)),
        )  # fmt: skip
        sealing[0].result()
    drawn.unlink()
    fingerprint = digest(staged)
    with office.database.session() as session:
        ready = in_state(find(session, actor.authority, draft.id or 0, lock=True), "submit", CampaignState.draft)
        if ready.version != draft.version:
            raise SendBlocked(
                "Somebody changed this campaign while it was being submitted. Look at it and submit again."
            )
        snapshot = office.lake.commit(
            session, staged, authority=actor.authority, kind="audience", name=str(ready.id), as_at=today(office.clock),
            made_at=office.clock.now(), made_by=actor.label, rows=estimate["households"], source=fingerprint,
            report=changes.version_report(ready, estimate),
        )  # fmt: skip
        data_keys.keep(
            session, office.keys, sealer, office.clock.now(), purpose="audience", authority=draft.authority,
            subject=str(snapshot.id),
        )  # fmt: skip
        ready.audience_snapshot, ready.register_snapshot = snapshot.id, register_snapshot
        ready.households, ready.estimate = estimate["households"], estimate
        ready.state, ready.reason = CampaignState.submitted, ""
        ready.submitted_by, ready.submitted_by_id = actor.label, actor.account_id
        ready.submitted_at = begun or office.clock.now()
        ready.digest = version_digest(session, ready)
        authorship.wrote(session, ready, actor.account_id)
        record(session, office, actor, "submit campaign", ready, households=ready.households)
        tell_approvers(session, office, ready)
        return ready


def renew(
    office: Office, actor: Actor, campaign_id: int, *, notify: Notify | None = None, shown: Shown | None = None
) -> Campaign:
    """Of a paused campaign: its messages as GOV.UK Notify has them now, and the poll that was called meanwhile, become
    the next version of the same homes and groups, for somebody else to approve before it is resumed."""
    before = in_state(campaign(office, actor, campaign_id), "submit again", CampaignState.paused, shown=shown)
    known = forecast.templates(office, notify)
    if known is None:
        raise SendBlocked("No key of GOV.UK Notify is set, so its messages cannot be read.")
    with office.database.reading() as session:
        leaves, path = validity.days_left(office, session, before), audience_file(office, session, before)
        plan = _knowing_polls(office, nation_of(session, before.authority), before, leaves)
    sent_from = forecast.setting(office, before.authority, plan, leaves)
    messages = forecast.messages(sent_from, plan, path, known)
    with office.database.session() as session:
        permit(session, actor, Right.plan)
        renewed = find(session, actor.authority, campaign_id, lock=True)
        in_state(renewed, "submit again", CampaignState.paused, shown=shown)
        if renewed.version != before.version:
            raise SendBlocked("Somebody submitted this campaign again at the same time. Look at it first.")
        renewed.version, renewed.plan = renewed.version + 1, plan.as_json()
        cost = prices.of_campaign(session, sent_from, plan, renewed.estimate["waves"], messages)
        renewed.estimate = {**renewed.estimate, "messages": messages, "cost": cost}
        renewed.submitted_by, renewed.submitted_by_id = actor.label, actor.account_id
        renewed.submitted_at, renewed.digest = office.clock.now(), version_digest(session, renewed)
        frozen = session.get_one(Snapshot, renewed.audience_snapshot)
        frozen.report = changes.renewed(frozen.report, renewed)
        renewed.reason = f"Still to approve version {renewed.version}: {outstanding(session, office, renewed)}."
        authorship.wrote(session, renewed, actor.account_id)
        record(session, office, actor, "submit campaign", renewed, households=renewed.households)
        tell_approvers(session, office, renewed)
        return renewed


def _knowing_polls(office: Office, nation: str, campaign: Campaign, leaves: Sequence[date]) -> Plan:
    plan = Plan.model_validate(campaign.plan)
    while poll := pre_election.overlooked(office, nation, plan, leaves):
        known = {"poll_date": poll.day, "poll_kind": poll.kind, "register_by": poll.register_by}
        plan = Plan.model_validate({**plan.as_json(), **known})
    return plan
