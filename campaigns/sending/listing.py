"""The messages of a campaign one by one, without whom they went to: where each stands, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records.lookup import find, permit
from campaigns.records.lookup import waves as waves_of
from campaigns.records.models import Channel, Message, MessageState
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.shown.filters import Filter, Filters
from engage.foundation.words import sentence
from segments.areas import wards

PAGE = 50
CHANNELS = {Channel.email: "Email", Channel.sms: "Text", Channel.letter: "Letter"}


@dataclass(frozen=True)
class Listing:
    messages: list[Message]
    waves: dict[int, int]  # numbers by id
    total: int
    page: int
    filters: Filters

    @property
    def last(self) -> int:
        return max(1, -(-self.total // PAGE))


def filters(office: Office, authority: str, campaign_id: int, sent: Mapping[str, str]) -> Filters:
    with office.database.reading() as session:
        numbers = [str(wave.number) for wave in waves_of(session, campaign_id)]
        places, reasons = (_values(session, campaign_id, column) for column in (Message.ward, Message.reason))
    names = wards.every_name(office, authority)
    return Filters.read(
        f"/campaigns/{campaign_id}/messages", sent,
        Filter("state", "State", {state.value: sentence(state.value) for state in MessageState}),
        Filter("channel", "Channel", {channel.value: words for channel, words in CHANNELS.items()}),
        Filter("wave", "Wave", {number: number for number in numbers}),
        Filter("ward", "Ward", {code: names.get(code, code) for code in places}),
        Filter("reason", "Reason", {reason: sentence(reason) for reason in reasons}),
    )  # fmt: skip


def _values(session: Session, campaign_id: int, column: str) -> list[str]:
    query = select(column).where(Message.campaign_id == campaign_id).distinct().order_by(column)
    return [value for value in session.exec(query) if value]


def listing(office: Office, actor: Actor, campaign_id: int, chosen: Filters, page: int = 1) -> Listing:
    """Newest first."""
    with office.database.reading() as session:
        permit(session, actor, Right.see_data)
        find(session, actor.authority, campaign_id)
        numbers = {wave.id or 0: wave.number for wave in waves_of(session, campaign_id)}
        columns = {"state": Message.state, "channel": Message.channel, "ward": Message.ward, "reason": Message.reason}
        where = [col(Message.campaign_id) == campaign_id]
        where += [col(column) == chosen[name] for name, column in columns.items() if chosen[name]]
        if chosen["wave"]:
            where.append(
                col(Message.wave_id).in_([n for n, number in numbers.items() if str(number) == chosen["wave"]])
            )
        total = int(session.execute(sa.select(sa.func.count()).select_from(Message).where(*where)).scalar_one())
        page = min(max(page, 1), max(1, -(-total // PAGE)))
        query = select(Message).where(*where).order_by(col(Message.id).desc())
        found = session.exec(query.offset((page - 1) * PAGE).limit(PAGE)).all()
        return Listing(list(found), numbers, total, page, chosen)
