"""What Notify says became of a message: by callback, in any order and as often as it likes, and by reading its list."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, select

from campaigns.approval import validity
from campaigns.messages import service_name
from campaigns.notify.messages import RETENTION, Notify, Status, moment_of
from campaigns.records.models import (
    MESSAGES,
    Campaign,
    Channel,
    Message,
    MessageState,
    Receipt,
)
from campaigns.sending.statuses import Word, apply
from engage.foundation.clock import LONDON, london
from engage.foundation.database import among
from engage.foundation.errors import InputRefused
from engage.foundation.office import Office

RECEIPTS = SQLModel.metadata.tables["receipt"]

SWEEP_AFTER = tuple(timedelta(hours=hours) for hours in (1 / 12, 1, 6, 24, 48, 72, 75))
LETTERS_PRINTED = time(17, 30, tzinfo=LONDON)
LETTERS_AWAITED = timedelta(days=14)
PAGE = 250
TRIED_FOR = timedelta(minutes=1)  # while our own commit may still be under way; other senders share the service
STRAYS_KEPT = timedelta(days=1)
STRAY = "stray"
AT_ONCE = 250
LATELY = timedelta(minutes=1)  # what was sent within this may be missing from a list that is being read
of = MESSAGES.c


def receive(office: Office, payload: Mapping[str, Any]) -> bool:
    """Take a delivery receipt of Notify's; False if it was known. Kept also when it is of no message of ours yet."""
    word = _word(payload)
    with office.database.session() as session:
        if not _keep(session, office, word, "callback"):
            return False
        message = _message(session, word)
        if message is None:
            _of(session, word).unmatched = True
        else:
            apply(session, office, message, word)
        return True


def _word(payload: Mapping[str, Any]) -> Word:
    try:
        completed = payload.get("completed_at")
        word = Word(
            str(payload["id"]), str(payload.get("reference") or ""), str(payload["status"]),
            moment_of(completed) if completed else None,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise InputRefused(
            "A receipt needs id, reference, status and completed_at, as GOV.UK Notify sends it."
        ) from None
    text = f"{word.notify_id}{word.status}{word.reference}"
    if len(word.notify_id) > 36 or len(word.status) > 40 or len(word.reference) > 1000 or "\x00" in text:
        raise InputRefused("A receipt's id, status or reference is not one GOV.UK Notify makes.")
    return word


def _keep(session: Session, office: Office, word: Word, source: str) -> bool:
    dialect = sqlite if office.database.embedded else postgresql
    new = dialect.insert(RECEIPTS).on_conflict_do_nothing().values(
        notify_id=word.notify_id, reference=word.reference, status=word.status, completed_at=word.completed_at,
        received_at=office.clock.now(), source=source, unmatched=False,
    ).returning(RECEIPTS.c.id)  # fmt: skip
    return session.execute(new).first() is not None


def _of(session: Session, word: Word) -> Receipt:
    query = select(Receipt).where(Receipt.notify_id == word.notify_id, Receipt.status == word.status)
    return session.exec(query).one()


def _message(session: Session, word: Word) -> Message | None:
    """By Notify's id, else by our reference: a receipt can be here before our own commit."""
    query = select(Message).with_for_update()
    found = session.exec(query.where(Message.notify_id == word.notify_id)).first()
    if found is None and word.reference:
        found = session.exec(query.where(Message.reference == word.reference)).first()
    return found


def reconcile(office: Office) -> int:
    """Match kept receipts with messages that have become known since. One that has had its time is of another sender
    of the same service, and is not looked at again."""
    kept = RECEIPTS.c
    # In any order: PostgreSQL would step over each of the thousands that were looked at before.
    unmatched = sa.select(RECEIPTS).where(kept.unmatched).limit(AT_ONCE)
    with office.database.reading() as session:
        if session.execute(unmatched.limit(1)).first() is None:
            return 0
    now = office.clock.now()
    with office.database.session() as session:
        waiting = session.execute(unmatched).all()
        ours = _known(session, office, waiting)
        strays = [each.id for each in waiting if abs(now - each.received_at) > TRIED_FOR]
        _set(session, office, strays, unmatched=False, source=STRAY)
        matched = []
        for each in waiting:
            if message := ours.get(each.notify_id) or ours.get(each.reference):
                word = Word(each.notify_id, each.reference, each.status, each.completed_at)
                apply(session, office, message, word)
                matched.append(each.id)
        _set(session, office, matched, unmatched=False, source="callback")
        return len(matched)


def _set(session: Session, office: Office, receipts: Sequence[int], **values: Any) -> None:
    if receipts:
        these = among(RECEIPTS.c.id, receipts, embedded=office.database.embedded)
        session.execute(sa.update(RECEIPTS).where(these).values(**values))


def _known(session: Session, office: Office, words: Iterable[Any]) -> dict[str, Message]:
    """Our messages that these words may be of, by Notify's id and by reference."""
    words, embedded = list(words), office.database.embedded
    by_id = among(of.notify_id, [word.notify_id for word in words], embedded=embedded)
    by_reference = among(of.reference, list({word.reference for word in words if word.reference}), embedded=embedded)
    known = session.exec(select(Message).where(by_id | by_reference).with_for_update()).all()
    return {each.reference: each for each in known} | {each.notify_id: each for each in known if each.notify_id}


def drop_strays(office: Office) -> int:
    """Forget receipts of other senders after a day, some at a time; gives their number."""
    old = (RECEIPTS.c.source == STRAY) & (RECEIPTS.c.received_at < office.clock.now() - STRAYS_KEPT)
    with office.database.reading() as session:
        gone = list(session.execute(sa.select(RECEIPTS.c.id).where(old).limit(AT_ONCE)).scalars())
    if gone:
        with office.database.session() as session:
            these = among(RECEIPTS.c.id, gone, embedded=office.database.embedded)
            session.execute(sa.delete(RECEIPTS).where(these))
    return len(gone)


def sweep_due(office: Office, session: Session, campaign: Campaign) -> datetime | None:
    """The moment of its oldest message without a final word, or that Notify's list has not shown yet, if the list
    should be read now; else None."""
    now = office.clock.now()
    unsettled = (of.state == MessageState.accepted.value) & of.settled_at.is_(None)
    silent = unsettled & ((of.channel != Channel.letter.value) | (of.sent_at >= now - LETTERS_AWAITED))
    unlisted = of.listed_at.is_(None) & (of.sent_at > now - RETENTION)
    rows = session.execute(
        sa.select(of.channel, sa.func.min(of.sent_at), sa.func.max(of.sent_at))
        .where(of.campaign_id == campaign.id, of.sent_at.is_not(None), silent | unlisted)
        .group_by(of.channel)
    ).all()
    last = campaign.swept_at
    due = [oldest for channel, oldest, newest in rows if _crossed(channel, (oldest, newest), last, now)]
    return min(due, default=None)


def _crossed(channel: str, sent: Sequence[datetime], last: datetime | None, now: datetime) -> bool:
    if channel == Channel.letter:
        printed = datetime.combine(london(now).date(), LETTERS_PRINTED)
        fresh = last is None or last < printed
        return printed <= now and fresh
    moments = {moment + after for moment in sent for after in SWEEP_AFTER}
    return any(moment <= now and (last is None or last < moment) for moment in moments)


def sweep(office: Office, notify: Notify, campaign_id: int) -> int:
    """Read Notify's list back to the oldest message without a final word, or not listed yet; gives the messages it
    told us something new of."""
    begun = office.clock.now()
    with office.database.session() as session:
        since = sweep_due(office, session, session.get_one(Campaign, campaign_id))
    if since is None:
        return 0
    told, page = 0, []
    for status in notify.sweep(since - timedelta(minutes=5)):
        page.append(status)
        if len(page) == PAGE:
            told += take(office, page)
            page = []
    told += take(office, page)
    with office.database.session() as session:
        _miss(session, campaign_id, (max(since, begun - RETENTION), begun - LATELY))
        session.get_one(Campaign, campaign_id).swept_at = begun  # what has fallen due meanwhile is still to be read
    return told


def _miss(session: Session, campaign_id: int, span: tuple[datetime, datetime]) -> None:
    """What the list did not show though it was read past it, and Notify had not forgotten it."""
    unlisted = of.listed_at.is_(None) & of.missed_at.is_(None) & of.sent_at.between(*span)
    session.execute(sa.update(MESSAGES).where(of.campaign_id == campaign_id, unlisted).values(missed_at=span[1]))


def take(office: Office, page: Iterable[Status]) -> int:
    """A page of Notify's list into the ledger; gives the messages it told us something new of."""
    words = [Word(s.notification_id, s.reference or "", s.status, s.completed_at, s.cost, s.parts) for s in page]
    told, dear = 0, {}
    with office.database.session() as session:
        ours = _known(session, office, words)
        for word in words:
            message = ours.get(word.notify_id) or ours.get(word.reference)
            if message is not None:
                told += _listed(session, office, message, word)
                if _billed_otherwise(message, word):
                    dear[message.campaign_id] = service_name.told_parts(message.parts or 0, word.parts or 0)
    for campaign_id, why in dear.items():
        validity.pause(office, campaign_id, why, True)
    return told


def _billed_otherwise(message: Message, word: Word) -> bool:
    """Notify bills nothing of a message until it has left."""
    return bool(word.parts and message.parts and word.parts != message.parts)


def _listed(session: Session, office: Office, message: Message, word: Word) -> bool:
    """Take one entry of Notify's list; gives whether it told us something new of the message's fate."""
    same = message.notify_id == word.notify_id
    open_ = message.settled_at is None or message.notify_id is None
    new = not same or (open_ and word.status != message.status)
    if new:
        apply(session, office, message, word)
        if message.settled_at is not None:
            _keep(session, office, word, "sweep")
    if message.notify_id == word.notify_id:
        message.listed_at = message.listed_at or office.clock.now()
        message.missed_at = None
        message.cost = word.cost if word.cost is not None else message.cost
    return new
