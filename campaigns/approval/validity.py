"""The mandate of a launched campaign: that what leaves is still what was approved, and may still leave.

Asked at the start of each round, and of each answer of GOV.UK Notify's, which names the version of the template that it
sent. Where it has lapsed the campaign pauses and says why. Where its messages have to change, its approval is void: an
officer submits what is true now (`submission.renew`), and somebody approves that before it is resumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.approval import authorship, pre_election
from campaigns.messages import names, proofs
from campaigns.notify.errors import SendFault
from campaigns.notify.messages import Notify
from campaigns.plan.plan import Plan
from campaigns.records import lookup
from campaigns.records.models import MESSAGES, Campaign, CampaignState, MessageState, Wave
from engage.foundation.clock import today
from engage.foundation.identity import Authority
from engage.foundation.office import Office

of = MESSAGES.c


def stands(office: Office, notify: Notify, campaign_id: int) -> bool:
    """Whether a launched campaign may go on; else it is paused. NotifyError while nobody can say what its templates are
    at GOV.UK Notify."""
    with office.database.reading() as session:
        campaign = session.get_one(Campaign, campaign_id)
        if campaign.state != CampaignState.launched:
            return False
        unlawful = lapsed(office, session, campaign)
        messages: list[dict[str, Any]] = campaign.estimate.get("messages", [])
    if unlawful:
        pause(office, campaign_id, *unlawful)
        return False
    try:
        others = proofs.changed(messages, notify.templates()) if messages else []
    except SendFault:  # the key is refused, which the first message finds out, and says
        return True
    if others:
        edited(office, campaign_id, others)
    return not others


def lapsed(office: Office, session: Session, campaign: Campaign) -> tuple[str, bool] | None:
    """What the law has against it since it was launched, and whether its messages have to change for it."""
    plan = Plan.model_validate(campaign.plan)
    nation = session.get_one(Authority, campaign.authority).nation
    leaves = days_left(office, session, campaign)
    if not leaves:
        return None
    if authorship.rehearsed(session, office, campaign):
        return "It was approved by a command of a rehearsal, so somebody has to approve it on the pages.", False
    if poll := pre_election.overlooked(office, nation, plan, leaves):
        return pre_election.told_overlooked(office, nation, poll), True
    if pre_election.period(office, nation, plan, leaves) and (words := _not_plain(office, campaign, plan)):
        return f"Some of it would leave before a poll, but a message says {words}.", True
    if waiting_for := pre_election.outstanding(session, office, nation, campaign, leaves):
        return f"Some of it would leave before a poll, so {waiting_for} has to approve it.", False
    return None


def _not_plain(office: Office, campaign: Campaign, plan: Plan) -> str:
    """Words of its messages that are not to be used before a poll."""
    written = [f"{message['subject'] or ''}\n{message['written']}" for message in campaign.estimate.get("messages", [])]
    listed = names.listed(office.settings.home).before_a_poll
    found = names.found("\n".join((*written, *plan.wording.values())), listed, campaign.authority) if written else []
    return ", ".join(repr(name) for name, _ in found)


def days_left(office: Office, session: Session, campaign: Campaign) -> list[date]:
    """On which something of it may still leave: those of the waves to come, and today where messages wait."""
    now = today(office.clock)
    to_come = select(col(Wave.send_on)).where(Wave.campaign_id == campaign.id, col(Wave.planned_at).is_(None))
    waiting = sa.select(of.id).where(of.campaign_id == campaign.id, of.state == MessageState.planned.value)
    queued = session.execute(waiting.limit(1)).first() is not None
    return [*(max(day, now) for day in session.exec(to_come)), *([now] if queued else [])]


def edited(office: Office, campaign_id: int, names: Sequence[str]) -> None:
    """Templates are not at GOV.UK Notify any more as they were approved."""
    pause(office, campaign_id, f"Changed at GOV.UK Notify since it was approved: {', '.join(names)}.", True)


def pause(office: Office, campaign_id: int, why: str, void: bool) -> None:
    """`void`: what was approved cannot leave any more, whoever approves it."""
    with office.database.session() as session:
        campaign = session.get_one(Campaign, campaign_id, with_for_update=True)
        if campaign.state != CampaignState.launched:
            return
        then = "Submit the messages as they are now, and let somebody else approve them." if void else ""
        campaign.digest = "" if void else campaign.digest
        lookup.pause_by_worker(
            session, office, campaign, f"Engage paused it by itself. {why[:280]} {then}".strip(),
            why="messages must change" if void else "needs a second approval",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Approved:
    """A template as it was approved."""

    name: str
    version: int
    written: str = ""


def approved(campaign: Campaign) -> dict[str, Approved]:
    """By template; empty where the messages were not read when it was submitted."""
    messages = campaign.estimate.get("messages", [])
    return {
        message["template"]: Approved(message["name"], message["version"], message["written"]) for message in messages
    }
