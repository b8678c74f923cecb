"""Two people: who wrote any part of a campaign, who approved exactly this version, and what neither may do then."""

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from campaigns.records.models import Approval, Author, Campaign
from engage.foundation.errors import NotAllowed
from engage.foundation.office import Actor, Office

BY_COMMAND = (
    "A command is run by whoever may use this machine, so it cannot approve: nobody would know that there are two "
    "people. Sign in on the pages, as an approver, and approve it there."
)
WROTE = "You wrote a part of this campaign, so somebody else has to approve it."
APPROVED = "You approved this version, so somebody else has to let it leave."


def wrote(session: Session, campaign: Campaign, *accounts: int | None) -> None:
    """Remember who wrote a part of it, for good: what is replaced later may have led to what stands."""
    known = _written(session, campaign)
    for account in {each for each in accounts if each is not None} - known:
        session.add(Author(campaign_id=campaign.id or 0, account_id=account))
    session.flush()


def authors(session: Session, campaign: Campaign) -> set[int]:
    named = {each for each in (campaign.created_by_id, campaign.submitted_by_id) if each is not None}
    return named | _written(session, campaign)


def _written(session: Session, campaign: Campaign) -> set[int]:
    return set(session.exec(select(Author.account_id).where(Author.campaign_id == campaign.id)))


def approvers(session: Session, office: Office, campaign: Campaign) -> set[int]:
    """Who approved exactly this version and counts: by a command only while nothing here is real."""
    found = session.exec(_approvals(campaign)).all()
    counted = [each for each in found if office.settings.rehearsal or not each.by_command]
    return {each.by_id for each in counted if each.by_id is not None}


def rehearsed(session: Session, office: Office, campaign: Campaign) -> bool:
    """Whether all that approved it were commands of a rehearsal that is over."""
    query = _approvals(campaign).where(col(Approval.by_command))
    return session.exec(query).first() is not None and not approvers(session, office, campaign)


def _approvals(campaign: Campaign) -> SelectOfScalar[Approval]:
    return select(Approval).where(
        Approval.campaign_id == campaign.id, Approval.digest == campaign.digest, Approval.decision == "approved"
    )


def hindrance(session: Session, office: Office, campaign: Campaign, account: int | None, act: str) -> str:
    """Why this account may not do this to it, though its role may; empty where it may."""
    if act in ("approve", "reject") and account in authors(session, campaign):
        return WROTE
    return APPROVED if act in ("launch", "resume") and account in approvers(session, office, campaign) else ""


def demand_other(session: Session, office: Office, actor: Actor, campaign: Campaign, act: str) -> None:
    if words := hindrance(session, office, campaign, actor.account_id, act):
        raise NotAllowed(words)


def demand_in_person(office: Office, actor: Actor) -> None:
    """An approval by command holds in a rehearsal alone, whose messages never leave this machine."""
    if actor.by_command and not office.settings.rehearsal:
        raise NotAllowed(BY_COMMAND)
