"""What a resident can say with the link in a message, to an officer or to Engage itself, and take back again."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest

from sqlmodel import Session, col, select

from campaigns.messages.wording import link_token, preview_reference
from campaigns.plan.audience import Directory
from campaigns.plan.plan import Plan
from campaigns.records.lookup import audience_file
from campaigns.records.models import Campaign, Message
from campaigns.records.reply import ENGAGE, Reply, ReplyKind, Said, sealer_of
from campaigns.records.retention import is_over
from campaigns.replies import effects
from campaigns.sending.guard import Guard
from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Authority, fingerprint
from engage.foundation.office import Office
from segments.safeguards.suppression import is_suppressed

RESIDENT = "the resident"
# What Engage settles by itself; HELP, and a letter that somebody read who does not live there, an officer sees to.
SETTLED = {Said.registered: "rests", Said.cannot: "rests", Said.moved: "moved", Said.stop: "stop"}
CHANNELS = ("email", "sms")  # that can be stopped by themselves
LONG_AGO = datetime(2016, 5, 1, tzinfo=UTC)
NEVER = Campaign.model_construct(window_start=LONG_AGO.date(), window_end=LONG_AGO.date(), ended_at=LONG_AGO)
LONGEST = 2_000  # letters of what somebody who asks for help writes


@dataclass(frozen=True)
class Link:
    """What a resident's page may show: nothing of the household itself, as links are forwarded and scanned."""

    authority: Authority
    channel: str = ""
    language: str = "en"
    source: str = ""  # the record that the contact was taken from
    deadline: datetime | None = None  # when registering for the named poll ends, in UTC
    stopped: bool = False
    said: tuple[tuple[Said, str], ...] = ()  # that stands, and what it came to
    preview: bool = False  # of a message to a colleague: nothing that is said here is kept

    def settled(self, what: str) -> bool:
        """Whether that has been said, and nothing is left to say of it: after emails alone all can still be stopped."""
        outcome = dict(self.said).get(Said(what))
        return outcome is not None and outcome not in CHANNELS


@dataclass(frozen=True)
class Help:
    """What somebody needs, in words made by the page, and how to reach them; both are kept encrypted."""

    needs: str
    reach: str = ""


def look_up(office: Office, token: str) -> Link:
    """NotFound for a token we never made, in words that do not tell it from one that is over."""
    with office.database.reading() as session:
        if preview := _preview(session, office, token):
            return preview
        message, campaign = _message(session, office, token)
        stopped = is_suppressed(session, office, message.authority, "", uprn=message.uprn)
        said = tuple((Said(each.meaning), each.outcome) for each in _said(session, message))
        rests = {Said.registered, Said.cannot} & {what for what, _ in said}
        return Link(
            session.get_one(Authority, message.authority), message.channel, campaign.plan.get("language", "en"),
            _source(office, session, campaign, message), Guard.of(office, session, campaign).poll_deadline,
            (Said.stop, "stop") in said or (stopped and not rests), said,
        )  # fmt: skip


def say(office: Office, token: str, said: Said, *, channel: str = "", asked: Help | None = None) -> int:
    """Keep it, and act on it at once; gives how many queued messages that dropped. Saying it again changes nothing.
    `channel` is the one to stop, where not every one."""
    with office.database.session() as session:
        if _preview(session, office, token):
            return 0
        message, _ = _message(session, office, token, lock=True)
        known = _known(session, message, said)
        reply = known or _reply(session, office, message, said)
        before = (reply.open, reply.outcome, reply.words)
        if asked:
            reply.received_at = office.clock.now()
            sealer = sealer_of(session, office, message.authority, reply.received_at)
            reply.words = sealer.seal(asked.needs[:LONGEST])
            reply.sender = sealer.seal(asked.reach[:320]) if asked.reach else ""
        settle(office, reply, said, channel)
        if known and (reply.open, reply.outcome, reply.words) == before:
            return 0
        dropped = effects.take_effect(session, office, reply)
        _record(session, office, message, effects.RESPONSES[said], outcome=reply.outcome, dropped=dropped)
        return dropped


def take_back(office: Office, token: str) -> None:
    """All that was said by this link and that no officer has settled since."""
    with office.database.session() as session:
        if _preview(session, office, token):
            return
        message, _ = _message(session, office, token, lock=True)
        for reply in _said(session, message):
            if reply.done_by in ("", ENGAGE):
                _done(office, reply, "none", RESIDENT)
                effects.take_effect(session, office, reply)
                _record(session, office, message, "take back", what=reply.meaning)


def settle(office: Office, reply: Reply, said: Said, channel: str, *, by: str = ENGAGE) -> None:
    """What Engage can do about it by itself is done; the rest is open until somebody has looked."""
    outcome = SETTLED.get(said, "")
    if said == Said.stop and channel in CHANNELS and reply.outcome != "stop":
        outcome = channel
    if outcome in effects.outcomes(reply):
        _done(office, reply, outcome, by)
    else:
        reply.open, reply.outcome, reply.done_by, reply.done_at = True, "", "", None


def _done(office: Office, reply: Reply, outcome: str, by: str) -> None:
    reply.open, reply.outcome, reply.done_by, reply.done_at = False, outcome, by, office.clock.now()


def _known(session: Session, message: Message, said: Said) -> Reply | None:
    of_message = select(Reply).where(Reply.message_id == message.id, Reply.kind == ReplyKind.page)
    return session.exec(of_message.where(Reply.meaning == said)).first()


def _reply(session: Session, office: Office, message: Message, said: Said) -> Reply:
    made = Reply(
        authority=message.authority, kind=ReplyKind.page, source=f"{message.id}-{said.value}", message_id=message.id,
        contact=message.contact, channel=message.channel, uprn=message.uprn, meaning=said.value,
        received_at=office.clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _said(session: Session, message: Message) -> Sequence[Reply]:
    query = select(Reply).where(
        Reply.message_id == message.id, Reply.kind == ReplyKind.page, col(Reply.outcome) != "none"
    )
    return session.exec(query.order_by(col(Reply.id))).all()


def _preview(session: Session, office: Office, token: str) -> Link | None:
    for authority in session.exec(select(Authority)):
        if compare_digest(link_token(office, preview_reference(authority.code)).encode(), token.encode()):
            return Link(authority, preview=True)
    return None


def _message(session: Session, office: Office, token: str, *, lock: bool = False) -> tuple[Message, Campaign]:
    """One question, and the same look at the calendar, whether we ever made it or it is over."""
    query = select(Message, Campaign).where(Message.token == fingerprint(token), Message.campaign_id == Campaign.id)
    found = session.exec(query.with_for_update(of=Message) if lock else query).first()
    message, campaign = found or (None, NEVER)
    if is_over(office, campaign) or message is None:
        raise NotFound("This link is not one of ours, or it is no longer kept. Check that you copied all of it.")
    return message, campaign


def _source(office: Office, session: Session, campaign: Campaign, message: Message) -> str:
    """UK GDPR, article 14: which record the contact was taken from, as the message said."""
    plan = Plan.model_validate(campaign.plan)
    if plan.wording.get("contact source"):
        return plan.wording["contact source"]
    if message.channel not in CHANNELS:
        return ""
    with suppress(InputRefused, OSError, LookupError):  # the audience is forgotten before the link is over
        home = Directory(audience_file(office, session, campaign)).of([message.uprn])[message.uprn]
        return home.sources.get(message.channel, "")
    return ""


def _record(session: Session, office: Office, message: Message, act: str, **detail: object) -> None:
    audit.record(
        session, authority=message.authority, at=office.clock.now(), actor="resident", act=act,
        subject=f"message {message.id}", **detail,
    )  # fmt: skip
