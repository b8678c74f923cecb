"""Messages whose fate nobody knows: found out by asking Notify for their reference, never by sending again blindly.

Found: accepted. Found more than once: accepted, and an incident. Not found on two looks minutes apart, the first at
least a minute after the attempt: planned again under the same reference. Letters wait longer between the looks, and
are looked for until an officer says what to do (`decide`), as a second one cannot be called back. Once Notify may have
forgotten a message its silence proves nothing, so it fails as not confirmed.

Where many are looked for the first time, Notify's list is read before, 250 to a page. Only what it shows counts:
whether Notify has not had a message is asked for each by its reference, as two clocks may differ.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice, zip_longest
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from campaigns.notify.errors import SendFault, Unavailable
from campaigns.notify.messages import RETENTION, Notify, Status
from campaigns.records.lookup import find, permit
from campaigns.records.models import MESSAGES, Campaign, CampaignState, Channel, Message, MessageState, Reason
from campaigns.sending.outcome import Patience
from campaigns.sending.statuses import Word, apply
from engage.foundation import audit
from engage.foundation.errors import SendBlocked
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office

NOT_CONFIRMED = "not confirmed by GOV.UK Notify"
MOST_ATTEMPTS = 5
LOOKS = 2
AT_ONCE = 2000  # of one campaign
MANY = 20  # unknown at a time, from which Notify's list is read first
PAGE, PAGES = 250, 40  # of that list, for one look
EARLIER = timedelta(minutes=5)  # by which the clocks of two machines may differ
THREADS, PORTION = 8, 40  # asked at once, and written down together
of = MESSAGES.c


def orphans(office: Office, patience: Patience, *, all_claims: bool = False) -> int:
    """Rows whose sender is gone become unknown. `all_claims`: nobody else is sending, as when the one worker of an
    embedded database starts, so whatever is being sent is from before."""
    # By campaign, as the ledger of a million messages is indexed so.
    left = of.campaign_id.in_(sa.select(col(Campaign.id))) & (of.state == MessageState.sending.value)
    if not all_claims:
        left &= of.claimed_at < office.clock.now() - patience.orphan
    with office.database.session() as session:
        changed = session.execute(
            sa.update(MESSAGES).where(left).values(state=MessageState.unknown.value, reason="the sender stopped")
        )
        return int(getattr(changed, "rowcount", 0))


def due(office: Office, session: Session, patience: Patience, campaign_id: int) -> list[Message]:
    """Unknown messages that may be asked for now, at most some thousands."""
    now = office.clock.now()
    first = col(Message.looked_at).is_(None)
    letter = col(Message.channel) == Channel.letter
    again = or_(
        ~letter & (col(Message.looked_at) <= now - patience.second_look),
        letter & (col(Message.looked_at) <= now - patience.second_look_letter),
    )
    query = select(Message).where(
        Message.campaign_id == campaign_id, Message.state == MessageState.unknown,
        col(Message.claimed_at) <= now - patience.settle, or_(first, again),
    )  # fmt: skip
    return list(session.exec(query.order_by(col(Message.id)).limit(AT_ONCE)))


def settle(office: Office, notify: Notify, patience: Patience, *campaigns: int) -> Counter[str]:
    """Look up what is due of these campaigns, one of each in turn; gives the number of messages by what they became.
    Stops where Notify cannot be asked."""
    with office.database.reading() as session:
        each = [due(office, session, patience, number) for number in campaigns]
    waiting = [message for turn in zip_longest(*each) for message in turn if message is not None]
    counted: Counter[str] = Counter()
    try:
        fresh = [message for message in waiting if message.looked_at is None]
        if len(fresh) >= MANY:
            adopted = _from_list(office, notify, fresh)
            counted[MessageState.accepted.value] += len(adopted)
            waiting = [message for message in waiting if message.id not in adopted]
        for portion in _portions(waiting, PORTION):
            counted += _one_by_one(office, notify, portion)
    except (Unavailable, SendFault):
        pass
    return +counted


def _from_list(office: Office, notify: Notify, waiting: Sequence[Message]) -> set[int]:
    """The messages that Notify's list shows, each page written down before the next is read."""
    wanted = {message.reference: message.id or 0 for message in waiting}
    listed = notify.sweep(min(m.claimed_at for m in waiting if m.claimed_at) - EARLIER)
    adopted: set[int] = set()
    for page in islice(_portions(listed, PAGE), min(PAGES, len(waiting))):
        found: dict[int, list[Status]] = {}
        for status in page:
            if status.reference in wanted:
                found.setdefault(wanted[status.reference], []).append(status)
        adopted |= _taken(office, found)
        if len(adopted) == len(wanted):
            break
    return adopted


def _taken(office: Office, found: dict[int, list[Status]]) -> set[int]:
    if not found:
        return set()
    with office.database.session() as session:
        for message in _locked(session, found):
            _adopt(session, office, message, found[message.id or 0])
    return set(found)


def _locked(session: Session, numbers: Iterable[int]) -> Sequence[Message]:
    """Those that are still unknown."""
    mine = col(Message.id).in_(list(numbers)) & (col(Message.state) == MessageState.unknown)
    return session.exec(select(Message).where(mine).order_by(col(Message.id)).with_for_update()).all()


def _one_by_one(office: Office, notify: Notify, portion: Sequence[Message]) -> Counter[str]:
    """Some at once; what was answered is written down also where an answer failed."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="settle") as pool:
        asked = {message.id or 0: pool.submit(notify.find, message.reference) for message in portion}
    answered = {number: answer.result() for number, answer in asked.items() if answer.exception() is None}
    looked = {message.id or 0: message.looked_at for message in portion}
    counted: Counter[str] = Counter()
    with office.database.session() as session:
        for message in _locked(session, answered):
            if found := answered[message.id or 0]:
                _adopt(session, office, message, found)
            elif message.looked_at == looked[message.id or 0]:  # else another worker has just counted this look
                _missed(session, message, office.clock.now())
            counted[message.state] += 1
    _raise_first(asked.values())
    return counted


def _raise_first(asked: Iterable[Future[list[Status]]]) -> None:
    for answer in asked:
        answer.result()


_T = TypeVar("_T")


def _portions(things: Iterable[_T], size: int) -> Iterator[list[_T]]:
    left = iter(things)
    while portion := list(islice(left, size)):
        yield portion


def _adopt(session: Session, office: Office, message: Message, found: list[Status]) -> None:
    first = min(found, key=lambda status: status.created_at)
    message.sent_at = message.claimed_at
    apply(session, office, message, Word(first.notification_id, message.reference, first.status, first.completed_at))
    message.copies = max(message.copies, len(found))
    if len(found) > 1:
        audit.record(
            session, authority=message.authority, at=office.clock.now(), actor="worker", act="duplicate found",
            subject=f"message {message.id}", copies=len(found),
        )  # fmt: skip


def _missed(session: Session, message: Message, now: datetime) -> None:
    message.looks, message.looked_at = message.looks + 1, now
    forgotten = message.claimed_at is None or now - message.claimed_at > RETENTION
    if forgotten or (message.looks >= LOOKS and message.attempts >= MOST_ATTEMPTS):
        message.state, message.reason, message.settled_at = MessageState.failed, NOT_CONFIRMED, now
    elif message.looks >= LOOKS:
        stopped = session.get_one(Campaign, message.campaign_id).state == CampaignState.stopped
        if stopped or message.channel != Channel.letter:
            _plan_again(message, now, stopped=stopped)


def _plan_again(message: Message, now: datetime, *, stopped: bool) -> None:
    message.looks, message.looked_at, message.reason = 0, None, ""
    if stopped:
        message.state, message.reason, message.settled_at = MessageState.dropped, Reason.stopped, now
    else:
        message.state, message.claimed_at = MessageState.planned, None


def undecided() -> sa.ColumnElement[bool]:
    """Letters that Notify did not have on two looks: a person says whether they are sent again."""
    return (of.state == MessageState.unknown.value) & (of.channel == Channel.letter.value) & (of.looks >= LOOKS)


def any_undecided(session: Session, campaign: Campaign) -> bool:
    query = sa.select(of.id).where(of.campaign_id == campaign.id, undecided()).limit(1)
    return session.execute(query).first() is not None


def undecided_letters(office: Office, campaign: Campaign) -> int:
    with office.database.reading() as session:
        query = sa.select(sa.func.count()).where(of.campaign_id == campaign.id, undecided())
        return int(session.execute(query).scalar_one())


def decide(
    office: Office, actor: Actor, campaign_id: int, *, again: bool, expected: int | None = None
) -> Campaign:  # fmt: skip
    """Send the undecided letters of a campaign again, under their references, or give them up as not confirmed.
    `expected`: how many somebody was shown; of any other number nothing is decided."""
    now = office.clock.now()
    if again:
        change = {"state": MessageState.planned.value, "reason": "", "looks": 0, "looked_at": None, "claimed_at": None}
    else:
        change = {"state": MessageState.failed.value, "reason": NOT_CONFIRMED, "settled_at": now}
    with office.database.session() as session:
        permit(session, actor, Right.send)
        campaign = find(session, actor.authority, campaign_id)
        if again and campaign.state not in (CampaignState.launched, CampaignState.paused):
            raise SendBlocked(f"Campaign {campaign_id} is {campaign.state}, so no letter of it can be sent again.")
        mine = (of.campaign_id == campaign_id) & undecided()
        decided = session.execute(sa.update(MESSAGES).where(mine).values(**change))
        letters = int(getattr(decided, "rowcount", 0))
        if not letters:
            raise SendBlocked("No letter of this campaign waits for a decision.")
        if expected is not None and letters != expected:
            raise SendBlocked(f"{letters} letters wait for a decision now, not {expected}, and nothing was done.")
        act = "send letters again" if again else "give letters up"
        audit.record(
            session, authority=actor.authority, at=now, actor=actor.label, act=act, subject=f"campaign {campaign_id}",
            letters=letters,
        )  # fmt: skip
        return campaign
