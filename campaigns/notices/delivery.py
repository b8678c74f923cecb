"""Emails to colleagues handed to GOV.UK Notify: each once, whatever crashes, and settled by its reference."""

from datetime import timedelta

from sqlmodel import col, select

from campaigns.notify.errors import Ambiguous, ForEverybody, NotifyError, Refused
from campaigns.notify.messages import Notify, Outgoing
from campaigns.records import copies
from campaigns.records.notice import Notice, Posting
from engage.foundation.identity import Account
from engage.foundation.office import Office

AGAIN_AFTER = timedelta(minutes=1)  # where it certainly was not sent; and until its reference can be looked up
WORTH_SENDING = timedelta(days=2)  # what waits longer has been seen on the first page
AT_ONCE = 50


def send_due(office: Office, notify: Notify) -> int:
    """Gives how many were sent, or found to have been."""
    now = office.clock.now()
    waiting = select(Notice.id, Notice.state).where(
        col(Notice.state).in_((Posting.due, Posting.sending)),
        col(Notice.tried_at).is_(None) | (col(Notice.tried_at) < now - AGAIN_AFTER),
    )  # fmt: skip
    with office.database.reading() as session:
        due = [(row[0] or 0, row[1]) for row in session.exec(waiting.order_by(col(Notice.id)).limit(AT_ONCE))]
    return sum(_settle(office, notify, n) if state == Posting.sending else _send(office, notify, n) for n, state in due)


def _send(office: Office, notify: Notify, number: int) -> int:
    email = _claim(office, number)
    if email is None:
        return 0
    try:
        notify.send(email)
    except Ambiguous:
        return 0  # nobody knows: its reference is looked up in a minute
    except (Refused, ForEverybody):
        return _became(office, number, Posting.failed)
    except NotifyError:
        return _became(office, number, Posting.due)
    return _became(office, number, Posting.sent)


def _claim(office: Office, number: int) -> Outgoing | None:
    """Committed before the call, so that no crash sends it twice."""
    now = office.clock.now()
    with office.database.session() as session:
        notice = session.get_one(Notice, number, with_for_update=True)
        account = session.get_one(Account, notice.account_id)
        if notice.state != Posting.due or copies.held(session, notice.authority):
            return None
        notice.tried_at = now
        if copies.left_since(session, notice.reference):
            notice.state = Posting.sent
            return None
        if not (account.active and office.settings.notice_template) or notice.made_at < now - WORTH_SENDING:
            notice.state = Posting.failed
            return None
        notice.state = Posting.sending
        link = f"{office.settings.base_url}{notice.path}"
        values = {"subject": notice.subject, "words": notice.words, "link": link}
        return Outgoing("email", office.settings.notice_template, notice.reference, values, account.email)


def _settle(office: Office, notify: Notify, number: int) -> int:
    """Better an email that is missing than the same one twice: the first page says what waits all the same."""
    with office.database.reading() as session:
        reference = session.get_one(Notice, number).reference
    try:
        found = notify.find(reference)
    except NotifyError:
        return 0
    return _became(office, number, Posting.sent if found else Posting.failed)


def _became(office: Office, number: int, state: Posting) -> int:
    with office.database.session() as session:
        notice = session.get_one(Notice, number, with_for_update=True)
        if notice.state == Posting.sending:
            notice.state = state
            return int(state == Posting.sent)
    return 0
