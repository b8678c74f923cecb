"""Whom a message went to, and what residents wrote, is forgotten once its time is over; that it was sent, to which home
and with what end, stays, for it is what the campaign's figures are made of."""

from collections import Counter
from collections.abc import Container
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records.models import MESSAGES, Campaign
from campaigns.records.reply import Reply
from engage.foundation import data_keys
from engage.foundation.calendar import in_force, law
from engage.foundation.clock import london, today
from engage.foundation.data_keys import DataKey
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.safeguards import sealed_columns

of = MESSAGES.c


def purge(office: Office, session: Session, authority: str, *, dry_run: bool = False) -> Counter[str]:
    """Forget the contacts that are due, in the caller's transaction; gives how many."""
    policy = in_force(law(office.settings.home).retention, today(office.clock))
    over = _over(office, session, authority)
    known = sa.and_(of.campaign_id.in_(over), sa.or_(of.recipient != "", of.contact != ""))
    found = session.execute(sa.select(sa.func.count()).where(known)).scalar_one()
    if not dry_run:
        session.execute(sa.update(MESSAGES).where(known).values(recipient="", contact=""))
    written = _forget_replies(office, session, authority, policy.replies_days, dry_run=dry_run)
    return +Counter({"contacts of messages": found, "replies": written})


def is_over(office: Office, campaign: Campaign) -> bool:
    """Whether the contacts of its messages have had their time."""
    day = today(office.clock)
    years = in_force(law(office.settings.home).retention, day).contacts_years
    return campaign.ended_at is not None and _kept_until(campaign.ended_at, years) <= day


def _over(office: Office, session: Session, authority: str) -> list[int]:
    ended = session.exec(select(Campaign).where(Campaign.authority == authority, col(Campaign.ended_at).is_not(None)))
    return [each.id or 0 for each in ended if is_over(office, each)]


def due(office: Office, session: Session, authority: str) -> list[Snapshot]:
    """Audiences go with their campaign, and those of none, as lists of contacts do, by the day they speak of: what is
    sent of a campaign under way is taken from its own audience."""
    day = today(office.clock)
    years = in_force(law(office.settings.home).retention, day).contacts_years
    over = {str(number) for number in _over(office, session, authority)}
    sent = select(Campaign.id).where(Campaign.authority == authority, col(Campaign.launched_at).is_not(None))
    launched = {str(number) for number in session.exec(sent)}
    query = select(Snapshot).where(Snapshot.authority == authority, col(Snapshot.kind).in_(sealed_columns.CONTACTS))
    held = session.exec(query.order_by(col(Snapshot.id)))
    return [each for each in held if "forgotten" not in each.report and _is_due(each, day, years, launched, over)]


def _is_due(snapshot: Snapshot, day: date, years: int, launched: Container[str], over: Container[str]) -> bool:
    if snapshot.kind == "audience" and snapshot.name in launched:
        return snapshot.name in over
    return _list_kept_until(snapshot, years) <= day


def _list_kept_until(snapshot: Snapshot, years: int) -> date:
    """By the day it speaks of or the day it came, whichever is later."""
    return max(kept_until(snapshot.as_at, years), _kept_until(snapshot.made_at, years))


def _forget_replies(office: Office, session: Session, authority: str, days: int, *, dry_run: bool) -> int:
    """Who wrote what goes, read or not; that something came, what it meant and what it closed stays."""
    before = office.clock.now() - timedelta(days)
    said = (col(Reply.words) != "") | (col(Reply.sender) != "") | (col(Reply.contact) != "")
    due = sa.and_(col(Reply.authority) == authority, col(Reply.received_at) < before, said)
    found = session.execute(sa.select(sa.func.count()).select_from(Reply).where(due)).scalar_one()
    if not dry_run:
        session.execute(sa.update(Reply).where(due).values(words="", sender="", contact=""))
        _destroy_months(office, session, authority, f"{before.astimezone(UTC):%Y-%m}")
    return int(found)


def _destroy_months(office: Office, session: Session, authority: str, month: str) -> None:
    """The keys of the months before, of which nothing is left."""
    query = select(DataKey).where(
        DataKey.purpose == "replies", DataKey.authority == authority, DataKey.subject < month,
        col(DataKey.destroyed_at).is_(None),
    )  # fmt: skip
    data_keys.destroy(session, office.keys, list(session.exec(query)), office.clock.now())


def _kept_until(moment: datetime, years: int) -> date:
    return kept_until(london(moment).date(), years)


def kept_until(ended: date, years: int) -> date:
    """Some years after the 1 December by which the canvass year ends with a new register (RPA 1983, s 13(1))."""
    end = date(ended.year, 12, 1)
    return end.replace(year=(end.year if ended < end else end.year + 1) + years)


def next_due(office: Office, session: Session, authority: str) -> dict[str, date | None]:
    """The day on which the next contacts, and the next replies, of those held today are due; None where nothing is."""
    policy = in_force(law(office.settings.home).retention, today(office.clock))
    query = select(Campaign.ended_at).where(Campaign.authority == authority, col(Campaign.ended_at).is_not(None))
    contacts = [_kept_until(ended, policy.contacts_years) for ended in session.exec(query) if ended]
    listed = select(Snapshot).where(Snapshot.authority == authority, Snapshot.kind == "contacts")
    contacts += [
        _list_kept_until(each, policy.contacts_years)
        for each in session.exec(listed) if "forgotten" not in each.report
    ]  # fmt: skip
    written = select(sa.func.min(Reply.received_at)).where(Reply.authority == authority, Reply.words != "")
    first = session.exec(written).one()
    replies = london(first).date() + timedelta(days=policy.replies_days) if first else None
    ahead = [day for day in contacts if day > today(office.clock)]
    return {"contacts": min(ahead, default=None), "replies": replies}
