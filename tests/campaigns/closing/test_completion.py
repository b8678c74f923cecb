"""A campaign ends when our count and Notify's own list agree; else it says what differs and stays open."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from sqlmodel import col, select

from campaigns.approval import control
from campaigns.closing import reconciliation
from campaigns.notify.client import GovukNotify
from campaigns.notify.stand_in import Running
from campaigns.notify.stand_in.store import Store
from campaigns.records.models import Campaign, CampaignState, Message, MessageState
from campaigns.replies import receipts
from campaigns.sending import ledger
from campaigns.worker.work import Work
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from tests.campaigns.council import TEMPLATES, Maker, People

EVERYONE = {"arms": {"everyone": 1.0}, "comparison": "", "templates": {"email": TEMPLATES["email"]}}


def messages(office: Office) -> list[Message]:
    with office.database.session() as session:
        return list(session.exec(select(Message).order_by(col(Message.id))))


def reckoned(office: Office, campaign: Campaign) -> reconciliation.Reckoning:
    with office.database.session() as session:
        return reconciliation.reckon(office, session, session.get_one(Campaign, campaign.id))


def later(office: Office, notify: GovukNotify, clock: SteppedClock, by: timedelta) -> None:
    clock.advance(by)
    Work(office, notify).tick()


def standing(office: Office, people: People, campaign: Campaign) -> ledger.Status:
    return ledger.status(office, people.planner, campaign.id or 0)


def test_it_ends_when_the_counts_agree(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60, **EVERYONE)
    Work(office, notify).tick()
    assert reckoned(office, campaign).awaited == 20
    assert standing(office, people, campaign).state == CampaignState.launched, "nobody has counted yet"
    later(office, notify, clock, timedelta(minutes=10))
    after = reckoned(office, campaign)
    assert (after.accepted, after.listed, after.missing, after.twice, after.forgotten) == (20, 20, 0, 0, 0)
    assert standing(office, people, campaign).state == CampaignState.completed
    assert all(message.listed_at and message.cost == 0 for message in messages(office)), "emails are free"


def test_what_the_list_does_not_show_keeps_it_open(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60, **EVERYONE)
    Work(office, notify).tick()
    lost = messages(office)[0]
    receipts.receive(office, {"id": lost.notify_id, "reference": lost.reference, "status": "delivered"})
    hide(post, lost)
    later(office, notify, clock, timedelta(minutes=10))
    later(office, notify, clock, timedelta(minutes=1))
    after = standing(office, people, campaign)
    assert after.state == CampaignState.launched
    assert after.reason.startswith(
        "Of 20 accepted messages GOV.UK Notify’s own list does not show 1. The campaign stays"
    )
    with office.database.session() as session:
        acts = session.exec(select(AuditEntry.act)).all()
    assert acts.count("count differs") == 1, "said once, however often it is looked at"
    later(office, notify, clock, timedelta(days=30))
    assert standing(office, people, campaign).state == CampaignState.launched, "it does not close silently"
    control.stop(office, people.planner, campaign.id or 0, reason="Looked into")
    assert standing(office, people, campaign).balanced


def hide(post: Running, message: Message) -> Callable[[], None]:
    """Leave a message out of Notify's list; gives what puts it back."""
    [row] = post.state.store.by_reference[message.reference]
    post.state.store.newest_first = lambda *asked: (  # type: ignore[method-assign]
        each for each in Store.newest_first(post.state.store, *asked) if each is not row
    )
    return lambda: delattr(post.state.store, "newest_first")


def test_it_ends_once_a_late_list_shows_what_was_missing(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60, **EVERYONE)
    Work(office, notify).tick()
    put_back = hide(post, messages(office)[0])
    later(office, notify, clock, timedelta(minutes=10))
    assert reckoned(office, campaign).missing == 1
    put_back()
    later(office, notify, clock, timedelta(hours=1))
    assert reckoned(office, campaign).missing == 0
    assert standing(office, people, campaign).state == CampaignState.completed


def test_what_is_there_twice_keeps_it_open(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60, **EVERYONE)
    Work(office, notify).tick()
    [row] = post.state.store.by_reference[messages(office)[0].reference]
    post.state.store.add(type(row)(**{**{name: getattr(row, name) for name in row.__slots__}, "id": str(uuid4())}))
    later(office, notify, clock, timedelta(minutes=10))
    after = standing(office, people, campaign)
    assert (after.state, after.duplicates) == (CampaignState.launched, 1)
    assert "holds 1 of our messages more than once" in after.reason


def test_what_notify_forgot_before_anybody_counted_is_said(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60, **EVERYONE)
    Work(office, notify).tick()
    later(office, notify, clock, timedelta(days=20))
    after = reckoned(office, campaign)
    assert (after.accepted, after.listed, after.missing, after.forgotten) == (20, 0, 0, 20)
    assert standing(office, people, campaign).state == CampaignState.completed


def test_a_message_we_gave_up_is_found_in_the_list(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    """Our ledger said it never left; the count by reference knows better."""
    campaign = maker.launched(60, **EVERYONE)
    Work(office, notify).tick()
    with office.database.session() as session:
        one = session.exec(select(Message).order_by(col(Message.id))).first()
        assert one is not None
        one.state, one.reason, one.notify_id, one.sent_at = MessageState.dropped, "suppressed", None, None
        one.settled_at = clock.now()
    later(office, notify, clock, timedelta(minutes=10))
    assert standing(office, people, campaign).accepted == 20
    assert reckoned(office, campaign).listed == 20
