"""HELP answered: once a day at most to a number, once whatever crashes, and never to somebody who asked for no more."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.notify.errors import Ambiguous, DailyLimitReached, KeyRejected, NotifyError, NotSent, RateLimited
from campaigns.notify.messages import Notify, Outgoing
from campaigns.records import copies
from campaigns.records.reply import ENGAGE, Answer, HelpWording, Reply, ReplyKind
from campaigns.replies import help_wording
from campaigns.replies.meaning import asks_only_for_help
from engage.foundation.office import Office
from segments.safeguards.suppression import is_suppressed

ONE_A_DAY = timedelta(days=1)  # and no endless talk with a machine that answers too
WORTH_ANSWERING = timedelta(days=1)
AGAIN_AFTER = timedelta(minutes=1)  # where it certainly was not sent; and until its reference can be looked up
LATER = (DailyLimitReached, KeyRejected, NotSent, RateLimited)


def may_answer(session: Session, office: Office, reply: Reply) -> bool:
    now = office.clock.now()
    if not reply.contact or help_wording.in_use(session, reply.authority) is None:
        return False
    if reply.received_at < now - WORTH_ANSWERING:
        return False
    answered = select(Reply.id).where(
        Reply.authority == reply.authority, Reply.contact == reply.contact, Reply.answer != Answer.none,
        Reply.received_at > now - ONE_A_DAY, Reply.id != reply.id,
    )  # fmt: skip
    if session.exec(answered.limit(1)).first() is not None:
        return False
    return not is_suppressed(session, office, reply.authority, "sms", contact_hash=reply.contact, uprn=reply.uprn)


def answer_due(office: Office, notify: Notify) -> int:
    """Gives how many were answered, or settled, by this call."""
    with office.database.reading() as session:
        moment = office.clock.now() - AGAIN_AFTER
        waiting = sa.select(col(Reply.id), col(Reply.answer)).where(
            col(Reply.answer).in_((Answer.due, Answer.sending)),
            col(Reply.answered_at).is_(None) | (col(Reply.answered_at) < moment),
        )
        due: Sequence[tuple[int, str]] = [(row[0], row[1]) for row in session.execute(waiting)]
    return sum(_settle(office, notify, n) if state == Answer.sending else _send(office, notify, n) for n, state in due)


def _send(office: Office, notify: Notify, number: int) -> int:
    claimed = _claim(office, number)
    if claimed is None:
        return 0
    message, wording = claimed
    try:
        accepted = notify.send(message)
    except LATER:
        return _became(office, number, Answer.due)
    except Ambiguous:
        return 0  # nobody knows: its reference is looked up in a minute
    except NotifyError:
        return _became(office, number, Answer.failed)
    if accepted.template_version != wording.version:
        with office.database.session() as session:
            help_wording.withdraw(session, office, wording.authority)
    return _became(office, number, Answer.sent)


def _claim(office: Office, number: int) -> tuple[Outgoing, HelpWording] | None:
    """Committed before the call, so that no crash sends it twice."""
    now = office.clock.now()
    with office.database.session() as session:
        reply = session.get_one(Reply, number, with_for_update=True)
        wording = help_wording.in_use(session, reply.authority)
        if reply.answer != Answer.due or (reply.answered_at and reply.answered_at > now - AGAIN_AFTER):
            return None
        if copies.held(session, reply.authority):
            return None
        reply.answer_reference = reply.answer_reference or _reference(office, reply)
        if copies.left_since(session, reply.answer_reference):
            reply.answer, reply.answered_at = Answer.sent, now
            return None
        closed = is_suppressed(session, office, reply.authority, "sms", contact_hash=reply.contact)
        if wording is None or closed or not reply.sender or reply.received_at < now - WORTH_ANSWERING:
            reply.answer = Answer.failed
            return None
        reply.answer, reply.answered_at = Answer.sending, now
        to = office.keys.decrypt(reply.sender)
        return Outgoing("sms", wording.template, reply.answer_reference, recipient=to), wording


def _reference(office: Office, reply: Reply) -> str:
    """The same for the same text, so that a restored copy, which reads it once more, finds its answer again."""
    return office.keys.hash("answer", reply.authority, reply.source)[:32]


def _settle(office: Office, notify: Notify, number: int) -> int:
    """Of one that nobody knows of, Notify is asked by its reference. What it does not have an officer answers: better
    a call than the same text twice."""
    with office.database.reading() as session:
        reference = session.get_one(Reply, number).answer_reference
    try:
        found = notify.find(reference)
    except NotifyError:
        return 0
    return _became(office, number, Answer.sent if found else Answer.failed)


def _became(office: Office, number: int, answer: Answer) -> int:
    with office.database.session() as session:
        reply = session.get_one(Reply, number, with_for_update=True)
        if reply.answer not in (Answer.due, Answer.sending):
            return 0
        reply.answer = answer
        if answer == Answer.sent and reply.open and asks_only_for_help(office.keys.decrypt(reply.words)):
            reply.open, reply.outcome, reply.done_by, reply.done_at = False, "none", ENGAGE, office.clock.now()
    return int(answer == Answer.sent)


def lacking(session: Session, authority: str) -> bool:
    """Whether somebody asked for help and no wording is in use that answers."""
    asked = select(Reply.id).where(
        Reply.authority == authority, Reply.kind == ReplyKind.text, Reply.meaning == "help", col(Reply.open)
    )
    return session.exec(asked.limit(1)).first() is not None and help_wording.in_use(session, authority) is None
