"""A fault that is everybody's: the campaign, or every campaign of the key, pauses, and its messages stay planned.

Which fault that is its kind says. A refusal whose words we do not know is everybody's too where it comes again and
again in the same words and nothing of that template is taken in between; what failed of it is then planned again.
"""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from campaigns.approval import validity
from campaigns.notify.errors import ForEverybody, RecipientInvalid, Refused
from campaigns.records import lookup
from campaigns.records.models import MESSAGES, Campaign, CampaignState, MessageState
from engage.foundation.office import Office

ALIKE = 8  # refusals in the same words, with none accepted between them
TAKEN = (MessageState.accepted.value, MessageState.delivered.value)
CHANNELS = {"email": "emails", "sms": "text messages", "letter": "letters"}
CAMPAIGNS = SQLModel.metadata.tables[str(Campaign.__tablename__)].c
of = MESSAGES.c


def reason(fault: Refused | RecipientInvalid) -> str:
    """Of a message that failed."""
    return str(fault)[:200]


def pause(session: Session, office: Office, row: Any, fault: ForEverybody) -> None:
    """In one order, so that two workers never wait for each other."""
    for number in campaigns(session, CampaignState.launched) if fault.everywhere else (row.campaign_id,):
        campaign = session.get_one(Campaign, number, with_for_update=True)
        if campaign.state != CampaignState.launched:
            continue
        told = why(campaign, row, fault)
        lookup.pause_by_worker(session, office, campaign, told, why=type(fault).__name__)


def why(campaign: Campaign, row: Any, fault: ForEverybody) -> str:
    """What happened, that nothing is lost, and what to do about it, for the officer."""
    approved = validity.approved(campaign).get(row.template)
    of_template = f", template ‘{approved.name[:40]}’" if approved else ""
    about = "" if fault.everywhere else f" Seen of {CHANNELS[row.channel]}{of_template}."
    return f"{_begins(fault)}{about} What waits is kept. {fault.remedy}, then resume the campaign."[:400]


def unless_alike(session: Session, office: Office, row: Any, fault: Refused) -> str:
    """The state of a message that was just refused, once it is known whether all others would be as well."""
    refused = ForEverybody(fault.error, fault.detail, fault.status_code)
    campaign = session.get_one(Campaign, row.campaign_id)
    templates = [row.template]
    if campaign.state != CampaignState.paused or not campaign.reason.startswith(_begins(refused)):
        if not _too_many(session, campaign, row.template, fault):
            return MessageState.failed.value
        pause(session, office, row, refused)
        templates += session.execute(sa.select(of.template).where(*_failed(campaign, fault)).distinct()).scalars()
    for template in templates:
        _plan_again(session, _alike(session, campaign, template, fault))
    return MessageState.planned.value


def _too_many(session: Session, campaign: Campaign, template: str, fault: Refused) -> bool:
    """Asked in this order, as the last that was accepted is found among all of a large campaign."""
    count = sa.select(sa.func.count())
    few = count.where(*_failed(campaign, fault), of.template == template)
    if session.execute(few).scalar_one() < ALIKE:
        return False
    return bool(session.execute(count.where(*_alike(session, campaign, template, fault))).scalar_one() >= ALIKE)


def _begins(fault: ForEverybody) -> str:
    return f"{fault.what} ({fault.said})."


def _failed(campaign: Campaign, fault: Refused) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        of.campaign_id == campaign.id, of.state == MessageState.failed.value, of.reason == reason(fault)
    )  # fmt: skip


def _alike(session: Session, campaign: Campaign, template: str, fault: Refused) -> tuple[sa.ColumnElement[bool], ...]:
    """Messages of one template that failed in the same words since the last of it was accepted: by moments, as one that
    is tried again leaves after others with a higher number."""
    mine = (of.campaign_id == campaign.id, of.template == template, of.state.in_(TAKEN))
    last = session.execute(sa.select(sa.func.max(of.sent_at)).where(*mine)).scalar()
    failed = (*_failed(campaign, fault), of.template == template)
    return (*failed, of.settled_at > last) if last else failed


def _plan_again(session: Session, these: tuple[sa.ColumnElement[bool], ...]) -> None:
    waits = {"state": MessageState.planned.value, "reason": "", "settled_at": None, "claimed_at": None}
    session.execute(sa.update(MESSAGES).where(*these).values(**waits, attempts=of.attempts - 1))


def campaigns(session: Session, *states: CampaignState) -> list[int]:
    """In one order, so that two workers never wait for each other."""
    query = sa.select(CAMPAIGNS.id).where(CAMPAIGNS.state.in_([state.value for state in states]))
    return list(session.execute(query.order_by(CAMPAIGNS.id)).scalars())
