"""One home as an officer may see it: which segments hold it, what campaigns did with it, and why it is left out.

Its group in a comparison that still runs is not told: whoever knows it may treat the home otherwise, and then the
difference between the groups is no longer what the reminders made. What was sent to it is told, as callers ask.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
from sqlmodel import Session, col, select

from campaigns.homes.closing import Closures, closures
from campaigns.plan import audience
from campaigns.plan.plan import Plan
from campaigns.records.lookup import permit
from campaigns.records.models import Campaign, CampaignState, Channel, Message
from campaigns.records.reply import Reply
from campaigns.replies.work_list import Line
from engage.foundation import audit
from engage.foundation.clock import today
from engage.foundation.errors import EngageError
from engage.foundation.identity import Right, line
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.privacy import mask_email, mask_phone
from engage.foundation.words import day
from segments.audiences import holding
from segments.audiences.holding import Row
from segments.audiences.named_rules import Segment
from segments.safeguards.addresses import Address

LONGEST = 200  # messages to one home; it is capped at a few a year
CHANNELS = {"email": "Email", "sms": "Text", "letter": "Letter"}


@dataclass(frozen=True)
class Part:
    """A campaign that holds the home; `group` is empty until it may be told, from `told_from` on."""

    campaign: Campaign
    group: str
    told_from: str


@dataclass(frozen=True)
class Sent:
    message: Message
    campaign: str
    to: str  # masked


@dataclass(frozen=True)
class Standing:
    address: Address
    row: Row | None
    segments: Sequence[Segment]
    parts: Sequence[Part]
    sent: Sequence[Sent]
    replies: Sequence[Line]
    closures: Closures

    @property
    def left_out(self) -> list[str]:
        return list(_left_out(self))


def standing(office: Office, actor: Actor, address: Address, reason: str) -> Standing:
    """Looking is recorded, with why; of which home is in the log only as a keyed hash."""
    why = audit.because(reason)
    row = holding.row(office, actor.authority, address.uprn)
    held = holding.holding(office, actor.authority, address.uprn) if row else []
    with office.database.session() as session:
        permit(session, actor, Right.find_homes)
        found = Standing(
            address, row, held, _parts(session, office, actor, address.uprn),
            _sent(session, office, actor, address.uprn), _replies(session, actor, address.uprn),
            closures(session, office, actor.authority, address.uprn),
        )  # fmt: skip
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="look at home",
            subject=address.subject, messages=len(found.sent), **why,
        )  # fmt: skip
        return found


def _parts(session: Session, office: Office, actor: Actor, uprn: int) -> list[Part]:
    query = select(Campaign, Snapshot.path).where(
        col(Campaign.authority).in_(line(session, actor.authority)), Campaign.audience_snapshot == Snapshot.id
    )
    found = session.exec(query.order_by(col(Campaign.id).desc())).all()
    with audience.connect() as lake:
        arms = [(campaign, _arm(lake, str(office.lake.at(path)), uprn)) for campaign, path in found]
    return [_part(office, campaign, arm) for campaign, arm in arms if arm is not None]


def _arm(lake: duckdb.DuckDBPyConnection, path: str, uprn: int) -> str | None:
    found = lake.execute("SELECT arm FROM read_parquet(?) WHERE uprn = ?", [path, uprn]).fetchone()
    return str(found[0]) if found else None


def _part(office: Office, campaign: Campaign, arm: str) -> Part:
    running = campaign.ended_at is None and campaign.window_end >= today(office.clock)
    blind = running and len(Plan.model_validate(campaign.plan).arms) > 1
    return Part(campaign, "" if blind else arm, day(campaign.window_end) if blind else "")


def _sent(session: Session, office: Office, actor: Actor, uprn: int) -> list[Sent]:
    query = select(Message, Campaign.name).where(
        col(Message.authority).in_(line(session, actor.authority)), Message.uprn == uprn,
        Message.campaign_id == Campaign.id,
    )  # fmt: skip
    rows = session.exec(query.order_by(col(Message.id).desc()).limit(LONGEST)).all()
    return [Sent(message, name, _masked(office, message)) for message, name in rows]


def _masked(office: Office, message: Message) -> str:
    if message.channel == Channel.letter:
        return "the address"
    if not message.recipient:
        return "no longer kept"
    try:
        recipient = office.keys.decrypt(message.recipient)
    except EngageError:
        return "no longer kept"
    return mask_email(recipient) if message.channel == Channel.email else mask_phone(recipient)


def _replies(session: Session, actor: Actor, uprn: int) -> list[Line]:
    """What came of it, without its words, which the list of replies shows."""
    query = select(Reply).where(Reply.authority == actor.authority, Reply.uprn == uprn)
    return [Line(reply) for reply in session.exec(query.order_by(col(Reply.id).desc()))]


def _left_out(found: Standing) -> Iterator[str]:
    if found.closures.every:
        yield "It is closed to every channel, so it is in no segment, no figure and no campaign that is submitted now."
    elif found.row is None:
        yield "It is not in the table of homes, which has not been built since the address came in."
    else:
        yield from _without_contact(found.row, found.closures)
    for part in found.parts:
        if part.told_from and part.campaign.state in (CampaignState.launched, CampaignState.paused):
            yield (
                f"It takes part in the comparison of “{part.campaign.name}” until {part.told_from}, so until then no "
                "other campaign takes it."
            )


def _without_contact(row: Row, closed: Closures) -> Iterator[str]:
    if row.unoccupied:
        yield f"It is known to be without anybody ({row.unoccupied}), so nobody is expected there."
    stopped = {entry.channel for entry in closed.home}
    for channel, words in CHANNELS.items():
        if channel in stopped:
            yield f"{words}: stopped for this home."
        elif channel not in row.reach:
            yield f"{words}: {NO_WAY[channel]}."


NO_WAY = {
    "email": "no address that may be used",
    "sms": "no mobile number that may be used",
    "letter": "the address has no postcode, or too few lines",
}
