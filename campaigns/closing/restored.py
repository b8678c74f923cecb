"""What a restored copy does not know: messages that left after it was made. Before anything of it leaves, Notify's list
is read back to the copy, and Notify is asked for each message that waits by its reference, as a list may be read past.

What the list shows and the ledger does not know was of a wave planned later; it is kept (`Departed`) until that wave is
planned again, as the reference of a message is made of its campaign, wave, home and channel. Where the copy is older
than Notify's memory its silence proves nothing, so an officer says in words that it may be sent.
"""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain, islice

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from campaigns.notify.messages import Notify, Status
from campaigns.records.copies import DEPARTED, Restoration, newest, waiting
from campaigns.records.lookup import permit
from campaigns.records.models import MESSAGES, Campaign, MessageState
from campaigns.replies import receipts
from engage.foundation import audit
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office

EARLIER = timedelta(hours=1)  # by which the list is read past the copy, as two clocks may differ
PAGE, PORTION, THREADS = 250, 200, 8
SHORTEST, LONGEST = 20, 400  # letters of an officer's words
OURS = re.compile(r"[0-9a-f]{32}")  # a reference as we make them; others share the service
of = MESSAGES.c


def hold(office: Office, notify: Notify) -> int:
    """Hold each restored ledger against Notify, once; gives how many were. Where Notify cannot be asked it raises, and
    the next call goes on."""
    with office.database.reading() as session:
        due = [each for each in waiting(session) if each.ready_at and each.may_be_held(office.clock.now())]
    if unread := [each for each in due if each.listed_at is None]:
        _read_list(office, notify, unread)
    for each in due:
        _ask_for_each(office, notify, each)
        _held(office, each)
    return len(due)


def _read_list(office: Office, notify: Notify, unread: Sequence[Restoration]) -> None:
    """One list for all authorities, as they share a service."""
    listed = notify.sweep(min(each.copied_at for each in unread) - EARLIER)
    while page := list(islice(listed, PAGE)):
        receipts.take(office, page)
        with office.database.session() as session:
            _keep_unknown(office, session, page)
    with office.database.session() as session:
        for each in unread:
            session.get_one(Restoration, each.id).listed_at = office.clock.now()


def _keep_unknown(office: Office, session: Session, page: Iterable[Status]) -> None:
    ours = {status.reference: status for status in page if status.reference and OURS.fullmatch(status.reference)}
    known = set(session.execute(sa.select(of.reference).where(of.reference.in_(ours))).scalars())
    rows = [
        {"reference": name, "notify_id": each.notification_id, "status": each.status, "created_at": each.created_at}
        for name, each in ours.items()
        if name not in known
    ]
    if rows:
        dialect = sqlite if office.database.embedded else postgresql
        session.execute(dialect.insert(DEPARTED).on_conflict_do_nothing(), rows)


def _ask_for_each(office: Office, notify: Notify, restoration: Restoration) -> None:
    """Some hundreds at a time, each portion written down before the next. What was on its way when the copy was made is
    looked up as ever (`campaigns.sending.settlement`)."""
    asked = restoration.asked_to
    with ThreadPoolExecutor(THREADS, thread_name_prefix="restored") as pool:
        while rows := _portion(office, restoration.authority, asked):
            found = list(chain.from_iterable(pool.map(notify.find, [row.reference for row in rows])))
            if found:
                receipts.take(office, found)
            asked = rows[-1].id
            with office.database.session() as session:
                session.get_one(Restoration, restoration.id).asked_to = asked


def _portion(office: Office, authority: str, after: int) -> Sequence[sa.Row[tuple[int, str]]]:
    mine = of.campaign_id.in_(sa.select(col(Campaign.id)).where(col(Campaign.authority) == authority))
    waits = mine & (of.state == MessageState.planned.value) & (of.id > after)
    with office.database.reading() as session:
        return session.execute(sa.select(of.id, of.reference).where(waits).order_by(of.id).limit(PORTION)).all()


def _held(office: Office, restoration: Restoration) -> None:
    with office.database.session() as session:
        session.get_one(Restoration, restoration.id).held_at = office.clock.now()
        audit.record(
            session, authority=restoration.authority, at=office.clock.now(), actor="worker",
            act="hold restored ledger against Notify", subject=f"copy of {restoration.copied_at.isoformat()}",
        )  # fmt: skip


def agree(office: Office, actor: Actor, words: str) -> Restoration:
    """An officer's yes to sending what Notify can no longer say of whether it left. SendBlocked where nothing waits for
    one."""
    said = " ".join(words.split())
    if not SHORTEST <= len(said) <= LONGEST:
        raise InputRefused(f"Say in {SHORTEST} to {LONGEST} letters how you know that it may be sent.")
    with office.database.session() as session:
        permit(session, actor, Right.send)
        found, now = newest(session, actor.authority), office.clock.now()
        if found is None or found.held_at is not None or found.may_be_held(now):
            raise SendBlocked("No restored copy of this authority waits for your word.")
        found.agreed_at, found.agreed_by, found.agreed_words = now, actor.label, said
        audit.record(
            session, authority=actor.authority, at=now, actor=actor.label, act="let a restored copy send",
            subject=f"copy of {found.copied_at.isoformat()}",
        )  # fmt: skip
        return found
