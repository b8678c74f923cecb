"""Complaints that an officer writes down: whoever complained is not written to from that moment."""

import uuid

from sqlmodel import Session, select

from campaigns.records.lookup import permit
from campaigns.records.models import Message
from campaigns.records.reply import Reply, ReplyKind, sealer_of
from campaigns.replies import effects
from campaigns.replies.silence import to_contact
from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form
from segments.safeguards import addresses, contact_point, objections

LONGEST = 4_000


def record(office: Office, actor: Actor, form: Form) -> Reply | None:
    """The form says what is wrong; then nothing was kept."""
    scope = form.require("scope", "Select what they can be found by")
    value = form.require("value", "Enter the email address, phone number or UPRN")
    words = form.require("words", "Enter what they complain of")
    if len(words) > LONGEST:
        form.fail("words", f"What they complain of must be {LONGEST:,} characters or less")
    if not form.valid:
        return None
    reply: Reply | None = None
    with form.blaming("value"), office.database.session() as session:
        permit(session, actor, Right.import_data)
        reply = _reply(session, office, actor, scope, value, words)
        _keep(session, office, actor, reply)
    return reply if form.valid else None


def _reply(session: Session, office: Office, actor: Actor, scope: str, value: str, words: str) -> Reply:
    sealer = sealer_of(session, office, actor.authority, office.clock.now())
    made = Reply(
        authority=actor.authority, kind=ReplyKind.complaint, source=uuid.uuid4().hex, received_at=office.clock.now(),
        words=sealer.seal(words), owner=actor.label, owner_id=actor.account_id,
    )  # fmt: skip
    if scope == "home":
        made.uprn = _home(session, office, actor.authority, objections.uprn(value))
    elif scope in contact_point.CHANNELS:
        normal = objections.normal(scope, value)
        made.contact, made.channel = office.keys.contact(scope, normal), scope
        made.sender = sealer.seal(normal)
    else:
        raise InputRefused("Select what they can be found by")
    return made


def _home(session: Session, office: Office, authority: str, uprn: int) -> int:
    """One that was written to, also where it is gone since, else one of the gazetteer: a mistyped number would close a
    home that nobody complained about, or none."""
    written = select(Message.id).where(Message.authority == authority, Message.uprn == uprn)
    known = session.exec(written.limit(1)).first() is not None
    return uprn if known else addresses.by_uprn(office, authority, uprn).uprn


def _keep(session: Session, office: Office, actor: Actor, reply: Reply) -> None:
    about = [message.id or 0 for message in to_contact(session, reply.authority, reply.contact)]
    reply.message_id = max(about, default=None)
    session.add(reply)
    session.flush()
    dropped = effects.take_effect(session, office, reply)
    audit.record(
        session, authority=reply.authority, at=office.clock.now(), actor=actor.label, act="record complaint",
        subject=f"reply {reply.id}", dropped=dropped,
    )  # fmt: skip
