"""Decisions on a submitted version: approved or sent back by somebody else, and who has still to decide."""

from sqlmodel import Session

from campaigns.approval import authorship, pre_election, validity
from campaigns.approval.version import version_digest
from campaigns.notices import outbox
from campaigns.records.lookup import LONGEST_REASON, Shown, campaigns, find, in_state, nation_of, permit, record
from campaigns.records.models import Approval, Campaign, CampaignState
from campaigns.records.notice import About
from engage.foundation.errors import InputRefused, NotAllowed, SendBlocked
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office


def approve(
    office: Office, actor: Actor, campaign_id: int, *, note: str = "", digest: str = "", shown: Shown | None = None
) -> Campaign:
    """By an account that wrote no part of it. `digest`, where given, is the version the approver saw."""
    return _decide(office, actor, campaign_id, CampaignState.approved, note, digest, shown)


def reject(
    office: Office, actor: Actor, campaign_id: int, *, note: str, digest: str = "", shown: Shown | None = None
) -> Campaign:
    if not note.strip():
        raise InputRefused("Enter why you reject this campaign, so that the officer can change it")
    return _decide(office, actor, campaign_id, CampaignState.draft, note, digest, shown)


def _decide(
    office: Office, actor: Actor, campaign_id: int, outcome: CampaignState, note: str, digest: str, shown: Shown | None
) -> Campaign:
    decision = "approved" if outcome == CampaignState.approved else "rejected"
    authorship.demand_in_person(office, actor)
    with office.database.session() as session:
        if permit(session, actor, Right.approve) is None:
            raise NotAllowed(
                "Approval needs an account of its own. Sign in as an approver, or name one with --as EMAIL."
            )
        decided = find(session, actor.authority, campaign_id, lock=True)
        in_state(decided, "decide on", CampaignState.submitted, CampaignState.paused, shown=shown)
        if decided.launched_at and not awaited(session, office, decided):
            raise SendBlocked(f"Campaign {campaign_id} is paused, and waits for nobody's approval.")
        authorship.demand_other(session, office, actor, decided, "approve")
        if outcome == CampaignState.approved and actor.account_id in authorship.approvers(session, office, decided):
            raise NotAllowed("You have approved this version already. Before a poll, a second person has to.")
        if digest not in ("", decided.digest) or version_digest(session, decided) != decided.digest:
            raise SendBlocked("This campaign has changed since you looked at it. Read the new version first.")
        session.add(
            Approval(
                campaign_id=campaign_id, version=decided.version, digest=decided.digest, decision=decision, note=note,
                by=actor.label, by_id=actor.account_id, by_command=actor.by_command, at=office.clock.now(),
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
            decided.reason = note[:LONGEST_REASON]
            decided.version += 1
            decided.state = outcome
        record(session, office, actor, f"{decision} campaign", decided)
        _tell(session, office, decided, outcome, actor)
        return decided


def _tell(session: Session, office: Office, decided: Campaign, outcome: CampaignState, actor: Actor) -> None:
    """Its authors of the last word; those who have still to approve that they may now."""
    writers = authorship.authors(session, decided)
    if outcome != CampaignState.approved:
        outbox.tell(session, office, About.decision, decided, SENT_BACK, to=writers, once=str(office.clock.now()))
    elif awaited(session, office, decided):
        done = authorship.approvers(session, office, decided)
        outbox.tell(session, office, About.approval, decided, SECOND, but=writers | done, once="second")
    else:
        outbox.tell(session, office, About.decision, decided, APPROVED, to=writers - {actor.account_id or 0})


SENT_BACK = "It was sent back, with a note of what has to change. Nothing of it leaves before it is approved."
SECOND = "One approver has approved it. Before a poll a second one has to, and that may be you."
APPROVED = "It was approved. It can be launched, or resumed, by somebody other than who approved it."


def _decided_while_paused(
    session: Session, office: Office, decided: Campaign, outcome: CampaignState, note: str
) -> None:
    if outcome != CampaignState.approved:
        decided.reason, decided.digest = note[:LONGEST_REASON], ""
    elif waiting_for := awaited(session, office, decided):
        decided.reason = f"Still to approve it: {waiting_for}."
    else:
        decided.reason = "Approved as it is now. Resume it to go on."


def awaited(session: Session, office: Office, campaign: Campaign) -> str:
    """Who has still to approve it, in words: of one that was submitted, or is paused; else empty."""
    if campaign.state not in (CampaignState.submitted, CampaignState.paused) or not campaign.digest:
        return ""
    return outstanding(session, office, campaign)


def outstanding(session: Session, office: Office, campaign: Campaign) -> str:
    leaves = validity.days_left(office, session, campaign) if campaign.launched_at else None
    return pre_election.outstanding(session, office, nation_of(session, campaign.authority), campaign, leaves)


def awaiting(office: Office, actor: Actor) -> list[Campaign]:
    """Campaigns that somebody has still to approve, newest first."""
    found = campaigns(office, actor)
    with office.database.reading() as session:
        return [campaign for campaign in found if awaited(session, office, campaign)]


def demand_approved(session: Session, office: Office, campaign: Campaign) -> None:
    waiting_for = outstanding(session, office, campaign)
    if waiting_for or version_digest(session, campaign) != campaign.digest:
        raise SendBlocked(
            "This exact version has not been approved. Submit it again, and let somebody else approve it"
            + (f": {waiting_for}." if waiting_for else ".")
        )
