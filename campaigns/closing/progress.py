"""How sending goes on from here: what leaves when, what is unknown until when, what of the day's allowance is used, and
whether GOV.UK Notify counts as we do. Beside `campaigns.sending.ledger`, which says where every message stands."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from campaigns.closing import reconciliation as reckoning
from campaigns.closing.reconciliation import Reckoning
from campaigns.plan.audience import connect
from campaigns.records.lookup import audience_file, find, permit
from campaigns.records.models import MESSAGES, Campaign, CampaignState, Channel, MessageState
from campaigns.sending import breaker, outages, settlement
from campaigns.sending.breaker import Answered
from campaigns.sending.outages import Outage
from campaigns.sending.outcome import Patience
from engage.foundation.calendar import in_force, law, quiet_until
from engage.foundation.identity import Authority, Right
from engage.foundation.office import Actor, Office

of = MESSAGES.c
PLANNED = of.state == MessageState.planned.value


@dataclass(frozen=True)
class Allowance:
    """Of one channel today, counted as Notify does from midnight UTC, over all campaigns."""

    channel: str
    used: int
    cap: int

    @property
    def left(self) -> int:
        return max(self.cap - self.used, 0)


@dataclass(frozen=True)
class Unknown:
    """Messages that may be at Notify: looked up next at `next_look`, all settled by `settled_by` if it answers, but for
    letters that it never had."""

    count: int
    next_look: datetime
    settled_by: datetime


@dataclass(frozen=True)
class Progress:
    """`ready` may leave now and takes until `ready_by` at the set pace, None while nobody can say, as something holds
    it (`outages`); `held` waits, at the earliest until
    `held_until`. `undecided` letters are not at Notify, and wait for an officer to say whether they go again."""

    ready: int
    ready_by: datetime | None
    held: int
    held_until: datetime | None
    unknown: Unknown | None
    undecided: int
    allowances: list[Allowance]
    answered: list[Answered]
    reckoning: Reckoning
    ward_names: dict[str, str]
    outages: list[Outage]


def progress(office: Office, actor: Actor, campaign_id: int, patience: Patience | None = None) -> Progress:
    with office.database.reading() as session:
        permit(session, actor, Right.see_data)
        campaign = find(session, actor.authority, campaign_id)
        ready, held, until = _queue(office, session, campaign)
        end = office.clock.now() + timedelta(seconds=ready / office.settings.notify_pace)
        launched = campaign.state == CampaignState.launched
        seen = outages.outages(office, session) if launched else []
        return Progress(
            ready, end if ready and not any(each.holds for each in seen) else None, held, until,
            _unknown(session, campaign, patience or Patience()), _undecided(session, campaign),
            _allowances(office, session),
            breaker.answered(session, campaign), reckoning.reckon(office, session, campaign),
            _ward_names(office, session, campaign), seen,
        )  # fmt: skip


def _queue(office: Office, session: Session, campaign: Campaign) -> tuple[int, int, datetime | None]:
    """What may leave at this moment, what may not, and the earliest moment when some of that may."""
    now = office.clock.now()
    authority = session.get_one(Authority, campaign.authority)
    quiet = quiet_until(now, authority.nation, law(office.settings.home))
    query = sa.select(of.channel, of.not_before, sa.func.count()).where(of.campaign_id == campaign.id, PLANNED)
    ready, held, earliest = 0, 0, []
    for channel, not_before, count in session.execute(query.group_by(of.channel, of.not_before)):
        ends = [end for end in (not_before, quiet if channel != Channel.letter else None) if end and end > now]
        if ends or campaign.state != CampaignState.launched:
            held += count
            earliest += [max(ends)] if ends else []
        else:
            ready += count
    return ready, held, min(earliest, default=None)


def _unknown(session: Session, campaign: Campaign, patience: Patience) -> Unknown | None:
    query = sa.select(of.channel, of.looked_at, of.claimed_at).where(
        of.campaign_id == campaign.id, of.state == MessageState.unknown.value, ~settlement.undecided()
    )
    looks, ends = [], []
    for channel, looked_at, claimed_at in session.execute(query):
        second = patience.second_look_letter if channel == Channel.letter else patience.second_look
        looks.append(looked_at + second if looked_at else claimed_at + patience.settle)
        ends.append(looked_at + second if looked_at else claimed_at + patience.settle + second)
    return Unknown(len(looks), min(looks), max(ends)) if looks else None


def _undecided(session: Session, campaign: Campaign) -> int:
    query = sa.select(sa.func.count()).where(of.campaign_id == campaign.id, settlement.undecided())
    return int(session.execute(query).scalar_one())


def _allowances(office: Office, session: Session) -> list[Allowance]:
    now = office.clock.now()
    midnight = datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), UTC)
    query = sa.select(of.channel, sa.func.count()).where(of.sent_at >= midnight).group_by(of.channel)
    used: dict[Any, int] = {row[0]: row[1] for row in session.execute(query)}
    cap = in_force(law(office.settings.home).daily_cap, now.date())
    return [Allowance(channel.value, used.get(channel.value, 0), getattr(cap, channel.value)) for channel in Channel]


def _ward_names(office: Office, session: Session, campaign: Campaign) -> dict[str, str]:
    if campaign.audience_snapshot is None:
        return {}
    path = audience_file(office, session, campaign)
    with connect() as lake:
        return dict(lake.execute("SELECT DISTINCT ward, ward_name FROM read_parquet(?)", [str(path)]).fetchall())
