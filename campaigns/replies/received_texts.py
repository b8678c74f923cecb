"""Texts that residents send in reply: every one is kept, encrypted, and read for what it means (`meaning`)."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, select

from campaigns.notify.messages import Notify, ReceivedText, moment_of
from campaigns.records.models import Message
from campaigns.records.reply import ENGAGE, Answer, Reply, ReplyKind, sealer_of
from campaigns.replies import effects, help_answers
from campaigns.replies.meaning import Meaning, meaning
from campaigns.replies.silence import to_contact
from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Office
from segments.safeguards.contact_point import normal_mobile

REPLIES = SQLModel.metadata.tables["reply"]
LONGEST = 4_000  # letters: a text of many parts has some hundreds
OVERLAP = timedelta(minutes=10)  # what was received so long before the last look is looked at again


def receive(office: Office, payload: Mapping[str, Any]) -> int:
    """Take Notify's callback. Gives the households that a STOP closed; 0 for any other text, and for one known."""
    try:
        number, text = str(payload["source_number"]), str(payload["message"])
        at = payload.get("date_received")
        received = moment_of(at) if at else office.clock.now()
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputRefused("A received text needs source_number and message, as GOV.UK Notify sends it.") from None
    known = str(payload.get("id") or office.keys.hash("text", number, text, str(at)))
    return take(office, ReceivedText(known[:64], received, number, text))


def fetch(office: Office, notify: Notify, since: datetime | None) -> int:
    """Read Notify's own list back to a moment, as a callback may never come; gives how many were new."""
    new = 0
    for text in _listed(notify, since - OVERLAP if since else None):
        with office.database.reading() as session:
            same = select(Reply.id).where(Reply.kind == ReplyKind.text, Reply.source == text.text_id)
            known = session.exec(same.limit(1)).first() is not None
        if not known:
            take(office, text)
            new += 1
    return new


def _listed(notify: Notify, since: datetime | None) -> Iterator[ReceivedText]:
    for text in notify.received_texts():
        if since and text.received_at < since:
            return
        yield text


def take(office: Office, text: ReceivedText) -> int:
    contact = _contact(office, text.number)
    with office.database.session() as session:
        return sum(_take(session, office, code, text, contact) for code in _whose(session, contact))


def _contact(office: Office, number: str) -> str:
    try:
        return office.keys.contact("sms", normal_mobile(number))
    except InputRefused:  # a number we could never have sent to
        return ""


def _whose(session: Session, contact: str) -> list[str]:
    """The councils that have texted this number; of one that nobody has, each that shares the service has to know."""
    if contact:
        texted = select(Message.authority).where(Message.contact == contact).distinct().order_by(Message.authority)
        if found := list(session.exec(texted)):
            return found
    return list(session.exec(select(Authority.code).order_by(Authority.code)))


def _take(session: Session, office: Office, authority: str, text: ReceivedText, contact: str) -> int:
    reply = _keep(session, office, authority, text, contact)
    if reply is None:
        return 0
    if reply.meaning == Meaning.stop and contact:
        reply.outcome, reply.open, reply.done_by, reply.done_at = "stop", False, ENGAGE, office.clock.now()
    if reply.meaning == Meaning.help and help_answers.may_answer(session, office, reply):
        reply.answer = Answer.due
    dropped = effects.take_effect(session, office, reply)
    audit.record(
        session, authority=authority, at=office.clock.now(), actor="resident", act="reply by text",
        subject=f"reply {reply.id}", meaning=reply.meaning, dropped=dropped,
    )  # fmt: skip
    return len(to_contact(session, authority, contact)) if reply.outcome == "stop" else 0


def _keep(session: Session, office: Office, authority: str, text: ReceivedText, contact: str) -> Reply | None:
    """None where it is known: Notify's callback may come again, and its list has it too."""
    about = max((message.id or 0 for message in to_contact(session, authority, contact)), default=None)
    dialect = sqlite if office.database.embedded else postgresql
    words = text.message.replace("\x00", "")[:LONGEST]
    sealer = sealer_of(session, office, authority, text.received_at)
    new = dialect.insert(REPLIES).on_conflict_do_nothing().values(
        authority=authority, kind=ReplyKind.text.value, source=text.text_id, message_id=about, contact=contact,
        channel="sms", sender=sealer.seal(text.number[:40]), words=sealer.seal(words),
        meaning=meaning(words).value, received_at=text.received_at, open=True, outcome="", owner="", done_by="",
        answer="", answer_reference="",
    ).returning(REPLIES.c.id)  # fmt: skip
    row = session.execute(new).first()
    return session.get_one(Reply, row[0]) if row else None
