"""The breaker: a wave that many answer with STOP, or that many addresses refuse for good, pauses by itself.

Both say that something is wrong with whom we write to or with what we say, and every further message makes it worse.
An officer reads why and resumes, from when the counting begins anew, or stops.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from campaigns.records import lookup
from campaigns.records.models import MESSAGES, Campaign, CampaignState, MessageState, Response, Wave
from campaigns.records.reply import UNSUBSCRIBED
from engage.foundation.office import Office

RESPONSES = SQLModel.metadata.tables[str(Response.__tablename__)]
GONE = "permanent-failure"
of = MESSAGES.c


@dataclass(frozen=True)
class Answered:
    """What came back of one wave: of `sent` messages, `stops` answered by STOP or an unsubscribe, `refused` to
    addresses and numbers that do not exist."""

    wave: int
    sent: int
    stops: int
    refused: int


def answered(session: Session, campaign: Campaign) -> list[Answered]:
    """By wave, of what was sent since the breaker last tripped."""
    sent = _by_wave(session, campaign)
    stops, refused = _stops(session, campaign), _refused(session, campaign)
    return [
        Answered(number, sent[wave], stops[wave], refused[wave])
        for wave, number in _numbers(session, campaign).items()
        if sent[wave]
    ]


def check(office: Office, campaign_id: int) -> bool:
    """Pause a launched campaign one of whose waves is answered too badly; gives whether it did."""
    with office.database.session() as session:
        campaign = session.get_one(Campaign, campaign_id)
        if campaign.state != CampaignState.launched or not _many(session, office, campaign):
            return False
        for wave in answered(session, campaign):
            if why := _too_many(office, wave):
                _trip(office, session, campaign, wave, why)
                return True
    return False


def _many(session: Session, office: Office, campaign: Campaign) -> bool:
    """Whether it can be too many at all: what is sent is counted only then, as it is dear in a large campaign."""
    settings = office.settings
    most = {"stops": _stops(session, campaign), "refused": _refused(session, campaign)}
    shares = {"stops": settings.breaker_stops, "refused": settings.breaker_refused}
    return any(
        max(most[kind].values(), default=0) > settings.breaker_after * share / 100 for kind, share in shares.items()
    )


def _too_many(office: Office, wave: Answered) -> str:
    """Why to pause, for the officer; empty where all is well."""
    settings = office.settings
    if wave.sent < settings.breaker_after:
        return ""
    of_sent = f"of {wave.sent:,} messages of wave {wave.wave}"
    if wave.stops > wave.sent * settings.breaker_stops / 100:
        return (
            f"{wave.stops:,} {of_sent} ({wave.stops / wave.sent:.1%}) were answered with STOP or an unsubscribe; the "
            f"limit is {settings.breaker_stops:g}%. Read what residents received before you resume."
        )
    if wave.refused > wave.sent * settings.breaker_refused / 100:
        return (
            f"{wave.refused:,} {of_sent} ({wave.refused / wave.sent:.1%}) went to addresses or numbers that do not "
            f"exist; the limit is {settings.breaker_refused:g}%. See where the contacts came from before you resume."
        )
    return ""


def _trip(office: Office, session: Session, campaign: Campaign, wave: Answered, why: str) -> None:
    session.refresh(campaign, with_for_update=True)
    if campaign.state != CampaignState.launched:
        return
    campaign.tripped_at = office.clock.now()
    lookup.pause_by_worker(
        session, office, campaign, f"Engage paused it by itself. {why}"[:400],
        why="answered badly", wave=wave.wave, sent=wave.sent, stops=wave.stops, refused=wave.refused,
    )  # fmt: skip


def _lately(campaign: Campaign) -> sa.ColumnElement[bool]:
    sent = (of.campaign_id == campaign.id) & of.sent_at.is_not(None)
    return sent & (of.sent_at > campaign.tripped_at) if campaign.tripped_at else sent


def _by_wave(session: Session, campaign: Campaign) -> Counter[int]:
    return _counted(session, sa.select(of.wave_id, sa.func.count()).where(_lately(campaign)))


def _stops(session: Session, campaign: Campaign) -> Counter[int]:
    each = sa.func.count(sa.distinct(of.id))
    joined = sa.select(of.wave_id, each).select_from(RESPONSES).join(MESSAGES, of.id == RESPONSES.c.message_id)
    return _counted(session, joined.where(_lately(campaign), RESPONSES.c.what.in_(UNSUBSCRIBED)))


def _refused(session: Session, campaign: Campaign) -> Counter[int]:
    refused = (of.state == MessageState.failed.value) & (of.status == GONE)
    return _counted(session, sa.select(of.wave_id, sa.func.count()).where(_lately(campaign), refused))


def _counted(session: Session, query: sa.Select[Any]) -> Counter[int]:
    return Counter({row[0]: row[1] for row in session.execute(query.group_by(of.wave_id))})


def _numbers(session: Session, campaign: Campaign) -> dict[int, int]:
    query = select(Wave).where(Wave.campaign_id == campaign.id).order_by(col(Wave.number))
    return {wave.id or 0: wave.number for wave in session.exec(query)}
