"""Whom a message went to, and what residents wrote, is forgotten once its time is over; that it was sent, to which home
and with what end, stays, for it is what the campaign's figures are made of."""

from collections import Counter
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records.models import MESSAGES, Campaign
from campaigns.records.reply import Reply
from engage.foundation.calendar import in_force, law
from engage.foundation.clock import london, today
from engage.foundation.office import Office

of = MESSAGES.c


def purge(office: Office, session: Session, authority: str, *, dry_run: bool = False) -> Counter[str]:
    """Forget the contacts that are due, in the caller's transaction; gives how many."""
    day = today(office.clock)
    policy = in_force(law(office.settings.home).retention, day)
    years = policy.contacts_years
    ended = session.exec(select(Campaign).where(Campaign.authority == authority, col(Campaign.ended_at).is_not(None)))
    due = [each.id for each in ended if each.ended_at and kept_until(london(each.ended_at).date(), years) <= day]
    known = sa.and_(of.campaign_id.in_(due), sa.or_(of.recipient != "", of.contact != ""))
    found = session.execute(sa.select(sa.func.count()).where(known)).scalar_one()
    if not dry_run:
        session.execute(sa.update(MESSAGES).where(known).values(recipient="", contact=""))
    written = _forget_replies(session, authority, office.clock.now() - timedelta(policy.replies_days), dry_run=dry_run)
    return +Counter({"contacts of messages": found, "replies": written})


def _forget_replies(session: Session, authority: str, before: datetime, *, dry_run: bool) -> int:
    """Who wrote what goes, read or not; that something came, what it meant and what it closed stays."""
    said = (col(Reply.words) != "") | (col(Reply.sender) != "") | (col(Reply.contact) != "")
    due = sa.and_(col(Reply.authority) == authority, col(Reply.received_at) < before, said)
    found = session.execute(sa.select(sa.func.count()).select_from(Reply).where(due)).scalar_one()
    if not dry_run:
        session.execute(sa.update(Reply).where(due).values(words="", sender="", contact=""))
    return int(found)


def kept_until(ended: date, years: int) -> date:
    """Some years after the 1 December by which the canvass year ends with a new register (RPA 1983, s 13(1))."""
    end = date(ended.year, 12, 1)
    return end.replace(year=(end.year if ended < end else end.year + 1) + years)
