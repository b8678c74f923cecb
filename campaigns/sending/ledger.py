"""The ledger read: where every message of a campaign stands, in figures that add up, and as files."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.plan.audience import connect
from campaigns.records.lookup import audience_file, find, permit, waves
from campaigns.records.models import MESSAGES, WAITING, Campaign, Message, MessageState
from engage.foundation import audit
from engage.foundation.clock import london
from engage.foundation.files import cells
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office

ASSIGNMENT = ("uprn", "arm", "contacted_on", "channel")
LEDGER = (
    "message", "wave", "uprn", "ward", "channel", "state", "reason", "notify_status", "notify_id", "reference",
    "sent_at", "completed_at",
)  # fmt: skip
PAGE = 5000
of = MESSAGES.c


@dataclass
class Standing:
    """planned = waiting + accepted + dropped + failed. Delivered is part of accepted, unknown part of waiting."""

    planned: int = 0
    waiting: int = 0
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    unknown: int = 0

    def add(self, state: str, count: int) -> None:
        self.planned += count
        self.waiting += count if state in WAITING else 0
        self.unknown += count if state == MessageState.unknown else 0
        self.accepted += count if state in (MessageState.accepted, MessageState.delivered) else 0
        self.delivered += count if state == MessageState.delivered else 0
        self.failed += count if state == MessageState.failed else 0
        self.dropped += count if state == MessageState.dropped else 0

    @property
    def balanced(self) -> bool:
        return self.planned == self.waiting + self.accepted + self.dropped + self.failed


@dataclass
class Status(Standing):
    """A campaign's whole standing, also by wave, channel and ward, with the reasons of what was dropped or failed.

    `duplicates` counts copies at Notify beyond one for each message, as far as receipts and look-ups have shown.
    """

    campaign: int = 0
    name: str = ""
    state: str = ""
    reason: str = ""
    duplicates: int = 0
    waves: dict[int, Standing] = field(default_factory=dict)
    channels: dict[str, Standing] = field(default_factory=dict)
    wards: dict[str, Standing] = field(default_factory=dict)
    dropped_for: dict[str, int] = field(default_factory=dict)
    failed_for: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def status(office: Office, actor: Actor, campaign_id: int) -> Status:
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        return standing(session, find(session, actor.authority, campaign_id))


def standing(session: Session, campaign: Campaign) -> Status:
    """One grouped query, so that every figure is of the same moment."""
    result = Status(campaign=campaign.id or 0, name=campaign.name, state=campaign.state, reason=campaign.reason)
    numbers = {wave.id: wave.number for wave in waves(session, campaign.id or 0)}
    result.waves = {number: Standing() for number in numbers.values()}
    keys = (of.wave_id, of.channel, of.ward, of.state, of.reason)
    counted = sa.select(*keys, sa.func.count()).where(of.campaign_id == campaign.id).group_by(*keys)
    for wave, channel, ward, state, reason, count in session.execute(counted):
        for part in (result, *_parts(result, numbers[wave], channel, ward)):
            part.add(state, count)
        reasons = {MessageState.dropped: result.dropped_for, MessageState.failed: result.failed_for}.get(state)
        if reasons is not None:
            reasons[reason] = reasons.get(reason, 0) + count
    twice = sa.select(sa.func.sum(of.copies - 1)).where(of.campaign_id == campaign.id, of.copies > 1)
    result.duplicates = int(session.execute(twice).scalar() or 0)
    return result


def _parts(result: Status, wave: int, channel: str, ward: str) -> Iterator[Standing]:
    yield result.waves[wave]
    yield result.channels.setdefault(channel, Standing())
    yield result.wards.setdefault(ward, Standing())


def sums(office: Office, actor: Actor, campaigns: Iterable[Campaign]) -> list[Standing]:
    """The figures of each without its parts, which an index alone answers."""
    found = {campaign.id: Standing() for campaign in campaigns}
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        counted = sa.select(of.campaign_id, of.state, sa.func.count()).where(of.campaign_id.in_(found))
        for campaign, state, count in session.execute(counted.group_by(of.campaign_id, of.state)):
            found[campaign].add(state, count)
    return list(found.values())


def total(office: Office, authority: str) -> Standing:
    """Over all campaigns of the authority."""
    result = Standing()
    with office.database.session() as session:
        counted = sa.select(of.state, sa.func.count()).where(of.authority == authority).group_by(of.state)
        for state, count in session.execute(counted):
            result.add(state, count)
    return result


def export_ledger(office: Office, actor: Actor, campaign_id: int, to: TextIO, *, reason: str = "") -> int:
    """One CSV row per message, without its recipient; gives the number of rows."""
    why = audit.because(reason)
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        find(session, actor.authority, campaign_id)
        numbers = {wave.id: wave.number for wave in waves(session, campaign_id)}
        rows = cells.write(to, LEDGER, (_line(message, numbers) for message in _messages(session, campaign_id)))
        _exported(session, office, actor, campaign_id, "export ledger", rows, why)
    return rows


def _messages(session: Session, campaign_id: int) -> Iterator[Message]:
    after = 0
    query = select(Message).where(Message.campaign_id == campaign_id).order_by(col(Message.id)).limit(PAGE)
    while page := session.exec(query.where(col(Message.id) > after)).all():
        yield from page
        after = page[-1].id or 0
        session.expunge_all()


def _line(message: Message, numbers: dict[int | None, int]) -> tuple[object, ...]:
    return (
        message.id, numbers[message.wave_id], message.uprn, message.ward, message.channel, message.state,
        message.reason, message.status, message.notify_id or "", message.reference, _written(message.sent_at),
        _written(message.completed_at),
    )  # fmt: skip


def export_assignment(office: Office, actor: Actor, campaign_id: int, to: TextIO, *, reason: str = "") -> int:
    """One CSV row per household of the audience: `uprn, arm, contacted_on, channel`, of the first message Notify
    accepted for it, blank where there was none; gives the number of rows."""
    why = audit.because(reason)
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        campaign = find(session, actor.authority, campaign_id)
        path = audience_file(office, session, campaign)
        first = _first_contacts(session, campaign_id)
        rows = cells.write(to, ASSIGNMENT, ((uprn, arm, *first.get(uprn, ("", ""))) for uprn, arm in _arms(path)))
        _exported(session, office, actor, campaign_id, "export assignment", rows, why)
    return rows


def arms(office: Office, actor: Actor, campaign_id: int) -> dict[int, str]:
    """The arm of every household of the audience, by UPRN."""
    with office.database.session() as session:
        permit(session, actor, Right.see_data)
        path = audience_file(office, session, find(session, actor.authority, campaign_id))
    return dict(_arms(path))


def _arms(path: Path) -> list[tuple[int, str]]:
    with connect() as lake:
        return lake.execute("SELECT uprn, arm FROM read_parquet(?) ORDER BY uprn", [str(path)]).fetchall()


def _first_contacts(session: Session, campaign_id: int) -> dict[int, tuple[str, str]]:
    query = sa.select(of.uprn, of.sent_at, of.channel).where(
        of.campaign_id == campaign_id, of.state.in_([MessageState.accepted, MessageState.delivered])
    )
    first: dict[int, tuple[str, str]] = {}
    for uprn, sent_at, channel in session.execute(query.order_by(of.sent_at, of.id)):
        first.setdefault(uprn, (f"{london(sent_at):%Y-%m-%d}" if sent_at else "", channel))
    return first


def _written(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _exported(
    session: Session, office: Office, actor: Actor, campaign_id: int, act: str, rows: int, why: dict[str, str]
) -> None:  # fmt: skip
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"campaign {campaign_id}", rows=rows, **why,
    )  # fmt: skip
