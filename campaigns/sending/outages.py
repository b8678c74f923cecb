"""What keeps messages from leaving, or their receipts from coming back, as the workers last saw it.

A worker writes down each half minute what it saw (`campaigns.worker.lookout`); pages, `/health` and `engage check` read
it here, and what is older than a minute counts as nobody having looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from campaigns.records import copies
from campaigns.records.copies import Restoration
from campaigns.records.lookup import nation_of
from campaigns.records.models import (
    MESSAGES,
    WAITING,
    Campaign,
    CampaignState,
    Channel,
    MessageState,
    Receipt,
    Watch,
    Wave,
)
from campaigns.sending.pace import epoch
from engage.foundation.calendar import law, quiet_until
from engage.foundation.clock import today
from engage.foundation.office import Office
from engage.foundation.words import moment

STALE = 60.0  # seconds after which a worker that has not written down what it sees counts as gone
SLOW = 0.5  # of the set pace
RECEIPTS_DUE = timedelta(minutes=10)  # most come within seconds
LATELY = timedelta(days=1)
SOME = 5  # messages without any receipt; fewer may be to telephones that are switched off
NEWEST = 30_000  # messages looked at, twelve minutes at Notify's pace
CALLED_BACK = ("callback", "stray")
RECEIPTS = SQLModel.metadata.tables[str(Receipt.__tablename__)].c
of = MESSAGES.c


@dataclass(frozen=True)
class Outage:
    """`holds`: nothing leaves, or too slowly to say when all has left."""

    kind: str  # restored, worker, notify, pace, callbacks
    words: str
    holds: bool = True


def outages(office: Office, session: Session) -> list[Outage]:
    """The first to look at first; none where all is well or nothing is to be sent."""
    watches, restored = awake(office, session), _restored(office, session)
    if not watches:
        return [*restored, *([NO_WORKER] if needed(office, session) else [])]
    found = [*_notify(watches), *_pace(office, watches)][:1]
    return [*restored, *found, *_callbacks(watches)]


def _restored(office: Office, session: Session) -> list[Outage]:
    found = copies.lately(session, office.clock.now())
    return [Outage("restored", told(found, office.clock.now()), holds=found.held_at is None)] if found else []


def told(restoration: Restoration, now: datetime) -> str:
    """Of a restored copy, what officers have to know of it at this moment."""
    copied = moment(restoration.copied_at)
    begun = f"This is a copy of {copied}, restored on {moment(restoration.restored_at)}."
    if restoration.held_at is not None:
        return f"{begun} What residents asked on our pages in between is not known here."
    if not restoration.may_be_held(now):
        return (
            f"{begun} GOV.UK Notify no longer remembers all that left since, so nothing leaves before an officer has "
            "said that it may."
        )
    return (
        f"{begun} Nothing leaves before a worker has held each message that waits against GOV.UK Notify’s own list, so "
        "that none is sent twice."
    )


NO_WORKER = Outage("worker", "No worker is running, so nothing leaves. Ask whoever runs the service to start one.")


def awake(office: Office, session: Session) -> Sequence[Watch]:
    """What each worker that lives saw."""
    query = select(Watch).where(col(Watch.seen) > epoch(office.database, session) - STALE)
    return session.exec(query.order_by(col(Watch.worker))).all()


def _notify(watches: Sequence[Watch]) -> list[Outage]:
    ill = [watch for watch in watches if watch.notify]
    if not ill:
        return []
    since = min((watch.notify_since for watch in ill if watch.notify_since), default=None)
    whose = "" if len(ill) == len(watches) else f" for {len(ill)} of {len(watches)} workers"
    begun = f" since {moment(since)}" if since else ""
    return [Outage("notify", f"GOV.UK Notify cannot be used{whose}{begun}: {ill[0].notify}")]


def _pace(office: Office, watches: Sequence[Watch]) -> list[Outage]:
    rate, set_ = sum(watch.rate for watch in watches), office.settings.notify_pace
    if rate >= set_ * SLOW or not any(watch.waiting for watch in watches):
        return []
    words = f"Messages leave more slowly than set: {rate:.1f} a second in the last half minute, not {set_:g}."
    return [Outage("pace", words)]


def _callbacks(watches: Sequence[Watch]) -> list[Outage]:
    since = min((watch.silent_since for watch in watches if watch.silent_since), default=None)
    if since is None:
        return []
    words = (
        f"GOV.UK Notify has not called back for any message that left since {moment(since)}. Receipts come late, and "
        "STOP by text goes unheard. Look at the callbacks under ‘API integration’ there, and at "
        "ENGAGE_NOTIFY_CALLBACK_TOKEN here."
    )
    return [Outage("callbacks", words, holds=False)]


def needed(office: Office, session: Session) -> bool:
    """Whether a worker has something to do: a wave's day has come, messages wait or are on their way, or a restored
    copy is to be held against Notify."""
    if copies.waiting(session):
        return True
    launched = sa.select(col(Campaign.id)).where(col(Campaign.state) == CampaignState.launched)
    waves = select(Wave.id).where(
        col(Wave.campaign_id).in_(launched), col(Wave.planned_at).is_(None), Wave.send_on <= today(office.clock)
    )
    waiting = sa.select(of.id).where(of.campaign_id.in_(launched), of.state.in_([state.value for state in WAITING]))
    return any(session.execute(query.limit(1)).first() is not None for query in (waves, waiting))


def ready(office: Office, session: Session) -> bool:
    """Whether some message may leave at this moment."""
    now = office.clock.now()
    free = (of.state == MessageState.planned.value) & (of.not_before.is_(None) | (of.not_before <= now))
    for campaign in session.exec(select(Campaign).where(Campaign.state == CampaignState.launched)):
        if copies.held(session, campaign.authority):
            continue
        quiet = quiet_until(now, nation_of(session, campaign.authority), law(office.settings.home))
        mine = (of.campaign_id == campaign.id) & free
        query = sa.select(of.id).where(mine & (of.channel == Channel.letter.value) if quiet else mine)
        if session.execute(query.limit(1)).first() is not None:
            return True
    return False


def queued_since(session: Session) -> datetime | None:
    """When the oldest wave was planned of which messages wait in launched campaigns, by the first that waits of each,
    which an index has at hand."""
    planned = [_first_planned(session, campaign_id) for campaign_id in _launched(session)]
    return min(filter(None, planned), default=None)


def _launched(session: Session) -> Sequence[int | None]:
    return session.exec(select(Campaign.id).where(Campaign.state == CampaignState.launched)).all()


def _first_planned(session: Session, campaign_id: int | None) -> datetime | None:
    waits = (of.campaign_id == campaign_id) & (of.state == MessageState.planned.value)
    wave = session.execute(sa.select(of.wave_id).where(waits).order_by(of.id).limit(1)).scalar()
    return session.get_one(Wave, wave).planned_at if wave else None


def silent_since(office: Office, session: Session) -> datetime | None:
    """When the first of several emails and texts left, where receipts of all are due and none has come since."""
    now = office.clock.now()
    heard = [
        session.execute(sa.select(sa.func.max(RECEIPTS.received_at)).where(RECEIPTS.source == source)).scalar()
        for source in CALLED_BACK
    ]
    since = max([*filter(None, heard), now - LATELY])
    if since > now - RECEIPTS_DUE:
        return None
    recent = sa.select(col(Campaign.id)).where(col(Campaign.launched_at).is_not(None))
    left = [moment for number in session.execute(recent).scalars() for moment in _left(session, number, since, now)]
    return min(left) if len(left) >= SOME else None


def _left(session: Session, campaign_id: int, since: datetime, now: datetime) -> list[datetime]:
    """When emails and texts of a campaign left that must have had a receipt by now; a few are enough."""
    states = (MessageState.accepted, MessageState.delivered, MessageState.failed)
    found: list[datetime] = []
    for state in states:
        newest = (
            sa.select(of.sent_at, of.channel)
            .where(of.campaign_id == campaign_id, of.state == state.value)
            .order_by(of.id.desc()).limit(NEWEST).subquery()
        )  # fmt: skip
        due = newest.c.sent_at.between(since, now - RECEIPTS_DUE) & (newest.c.channel != Channel.letter.value)
        found += session.execute(sa.select(newest.c.sent_at).where(due).limit(SOME)).scalars()
    return found
