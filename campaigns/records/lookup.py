"""Campaigns looked up: within an authority, by somebody who may see them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from campaigns.records.models import Approval, Campaign, CampaignNote, CampaignState, Wave
from engage.foundation import audit
from engage.foundation.audit import AuditEntry
from engage.foundation.calendar import law, registration_deadline
from engage.foundation.errors import InputRefused, NotAllowed, NotFound, SendBlocked
from engage.foundation.identity import Account, Authority, Right, demand, line
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office

LONGEST_REASON = 400  # letters that a campaign keeps of it; PostgreSQL refuses more
CHANGEABLE = (CampaignState.draft, CampaignState.submitted, CampaignState.approved)


def permit(session: Session, actor: Actor, right: Right) -> Account | None:
    """The actor's account, if it has one, once it may do this. The worker and the command line have none. Of a
    council that went into the account's own its account may see what is there, and do nothing else."""
    if actor.account_id is None:
        return None
    account = session.get(Account, actor.account_id)
    if account is None or not _belongs(session, account, actor.authority, right):
        raise NotAllowed("Your account does not belong to this authority. Sign in again.")
    demand(account, right)
    return account


def _belongs(session: Session, account: Account, authority: str, right: Right) -> bool:
    return authority == account.authority or (right == Right.see_data and authority in line(session, account.authority))


def find(session: Session, authority: str, campaign_id: int, *, lock: bool = False) -> Campaign:
    """`lock`: to change it, so that nobody else does until this transaction ends."""
    campaign = session.get(Campaign, campaign_id, with_for_update=lock)
    if campaign is None or campaign.authority != authority:
        by_command = "See them with: engage campaign list"
        raise NotFound(f"There is no campaign {campaign_id} in {authority}.", by_command=by_command)
    return campaign


def campaigns(office: Office, actor: Actor) -> list[Campaign]:
    """All of the authority's, newest first."""
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        query = select(Campaign).where(Campaign.authority == actor.authority)
        return list(session.exec(query.order_by(col(Campaign.id).desc())))


def of_former(office: Office, actor: Actor) -> list[Campaign]:
    """Those launched by the councils that the authority was, or that went into it, newest first: to be read alone."""
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        _, *former = line(session, actor.authority)
        query = select(Campaign).where(col(Campaign.authority).in_(former), col(Campaign.launched_at).is_not(None))
        return list(session.exec(query.order_by(col(Campaign.id).desc())))


def reader(office: Office, actor: Actor, campaign_id: int) -> Actor:
    """Who reads a campaign: the actor, for the council that launched it where that went into the actor's own."""
    found = next((each for each in of_former(office, actor) if each.id == campaign_id), None)
    return replace(actor, authority=found.authority) if found else actor


def campaign(office: Office, actor: Actor, campaign_id: int) -> Campaign:
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        return find(session, actor.authority, campaign_id)


def copies_of(session: Session, campaign: Campaign) -> list[Campaign]:
    query = select(Campaign).where(Campaign.copied_from == campaign.id, Campaign.authority == campaign.authority)
    return list(session.exec(query.order_by(col(Campaign.id))))


def waves(session: Session, campaign_id: int) -> list[Wave]:
    return list(session.exec(select(Wave).where(Wave.campaign_id == campaign_id).order_by(col(Wave.number))))


def approvals(office: Office, actor: Actor, campaign_id: int) -> list[Approval]:
    """Decisions on it, newest first."""
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        find(session, actor.authority, campaign_id)
        query = select(Approval).where(Approval.campaign_id == campaign_id)
        return list(session.exec(query.order_by(col(Approval.id).desc())))


def audience_file(office: Office, session: Session, campaign: Campaign) -> Path:
    snapshot = session.get(Snapshot, campaign.audience_snapshot) if campaign.audience_snapshot else None
    if snapshot is None:
        raise InputRefused(f"Campaign {campaign.id} has no audience yet. Submit it first.")
    return office.lake.file(snapshot)


def nation_of(session: Session, authority: str) -> str:
    found = session.get(Authority, authority)
    return found.nation if found else "England"


def deadline(office: Office, plan: Mapping[str, Any], nation: str) -> datetime | None:
    """The moment after which it is too late to register for the poll of a plan, as that is kept; None without one."""
    poll, own = (date.fromisoformat(plan[name]) if plan.get(name) else None for name in ("poll_date", "register_by"))
    return registration_deadline(poll, nation, law(office.settings.home), own) if poll else None


@dataclass(frozen=True)
class Shown:
    """A campaign as the page showed it on which somebody confirmed an act: what they did not see is not done."""

    state: str
    version: int
    digest: str = ""
    reason: str = ""  # why it is paused

    def of(self, campaign: Campaign) -> bool:
        same = (campaign.state, campaign.version, campaign.digest) == (self.state, self.version, self.digest)
        return same and (campaign.state != CampaignState.paused or campaign.reason == self.reason)


def in_state(campaign: Campaign, act: str, *states: CampaignState, shown: Shown | None = None) -> Campaign:
    if shown and not shown.of(campaign):
        raise SendBlocked(
            f"This campaign has changed since you looked at it: the page showed version {shown.version}, "
            f"{shown.state}. Now it is version {campaign.version}, {campaign.state}, and nothing was done. Read it "
            "again first."
        )
    if campaign.state not in states:
        expected = " or ".join(state.value for state in states)
        raise SendBlocked(f"You cannot {act} campaign {campaign.id}: it is {campaign.state}, not {expected}.")
    return campaign


def pause_by_worker(session: Session, office: Office, campaign: Campaign, reason: str, **detail: Any) -> None:
    """What stops by itself until an officer has looked; `campaign` is locked."""
    campaign.state, campaign.reason = CampaignState.paused, reason
    entry = audit.record(
        session, authority=campaign.authority, at=office.clock.now(), actor="worker", act="pause campaign",
        subject=f"campaign {campaign.id}", **detail,
    )  # fmt: skip
    _note(session, campaign, entry, reason)


def record(
    session: Session, office: Office, actor: Actor, act: str, campaign: Campaign, *, why: str = "", **detail: Any
) -> None:
    """`why`, in somebody's own words, is kept beside the audit log."""
    entry = audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"campaign {campaign.id}", version=campaign.version, digest=campaign.digest, **detail,
    )  # fmt: skip
    _note(session, campaign, entry, why)


def _note(session: Session, campaign: Campaign, entry: AuditEntry, words: str) -> None:
    if words:
        session.add(CampaignNote(campaign_id=campaign.id or 0, entry=entry.number, words=words[:LONGEST_REASON]))
