"""How a campaign ends: completed, once nothing waits and Notify's own list agrees; else it says what differs."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.closing import reconciliation
from campaigns.records.models import MESSAGES, WAITING, Campaign, CampaignState, Channel, MessageState, Reason, Wave
from campaigns.replies import receipts
from engage.foundation import audit
from engage.foundation.office import Office

of = MESSAGES.c


def close(office: Office, campaign_id: int) -> bool:
    """Complete a campaign whose every wave is in the ledger and whose every message is accounted for, here and at
    Notify; drop what a stop left queued. Where the two counts differ the officer is told, and it stays open."""
    with office.database.session() as session:
        campaign = session.get_one(Campaign, campaign_id, with_for_update=True)
        if not closable(session, office, campaign):
            return False
        if campaign.state == CampaignState.stopped:
            _drop_queued(session, office, campaign)
            return False
        reckoned = reconciliation.reckon(office, session, campaign)
        if not reckoned.agrees:
            campaign.reason = reckoned.differs
            _record(session, office, campaign, "count differs", missing=reckoned.missing, twice=reckoned.twice)
            return False
        campaign.state, campaign.ended_at, campaign.reason = CampaignState.completed, office.clock.now(), ""
        _record(
            session, office, campaign, "complete campaign", accepted=reckoned.accepted, listed=reckoned.listed,
            forgotten=reckoned.forgotten,
        )  # fmt: skip
        return True


def closable(session: Session, office: Office, campaign: Campaign) -> bool:
    """Whether `close` would change something. Letters and other messages without a last word are given their time."""
    mine = of.campaign_id == campaign.id
    if campaign.state == CampaignState.stopped:
        return _any(session, mine, of.state == MessageState.planned.value)
    if campaign.state != CampaignState.launched:
        return False
    to_come = select(Wave.id).where(Wave.campaign_id == campaign.id, col(Wave.planned_at).is_(None))
    if session.exec(to_come.limit(1)).first() is not None or _any(session, mine, of.state.in_(WAITING)):
        return False
    now = office.clock.now()
    letter = of.channel == Channel.letter.value
    awaited = sa.or_(
        letter & (of.sent_at > now - receipts.LETTERS_AWAITED), ~letter & (of.sent_at > now - receipts.SWEEP_AFTER[-1])
    )
    if _any(session, mine, of.state == MessageState.accepted.value, of.settled_at.is_(None), awaited):
        return False
    if _any(session, mine, of.sent_at.is_not(None), reconciliation.awaited(now)):
        return False
    reckoned = reconciliation.reckon(office, session, campaign)
    return reckoned.agrees or campaign.reason != reckoned.differs


def _any(session: Session, *conditions: sa.ColumnElement[bool]) -> bool:
    return session.execute(sa.select(of.id).where(*conditions).limit(1)).first() is not None


def _drop_queued(session: Session, office: Office, campaign: Campaign) -> None:
    session.execute(
        sa.update(MESSAGES)
        .where(of.campaign_id == campaign.id, of.state == MessageState.planned.value)
        .values(state=MessageState.dropped.value, reason=Reason.stopped.value, settled_at=office.clock.now())
    )


def _record(session: Session, office: Office, campaign: Campaign, act: str, **detail: int) -> None:
    audit.record(
        session, authority=campaign.authority, at=office.clock.now(), actor="worker", act=act,
        subject=f"campaign {campaign.id}", **detail,
    )  # fmt: skip
