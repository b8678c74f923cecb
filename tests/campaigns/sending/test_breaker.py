"""A wave that is answered badly pauses by itself, says why, and goes on when an officer says so."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlmodel import col, select

from campaigns.approval import control
from campaigns.messages.wording import link_token
from campaigns.notify.client import GovukNotify
from campaigns.records.models import Campaign, CampaignState, Message, MessageState
from campaigns.records.reply import Said
from campaigns.replies import receipts, received_texts, residents
from campaigns.sending import breaker, ledger
from campaigns.worker.work import Work
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from tests.campaigns.council import Maker, People


@pytest.fixture
def office(office: Office) -> Office:
    office.settings.breaker_after, office.settings.breaker_stops, office.settings.breaker_refused = 20, 10, 25
    return office


@pytest.fixture
def sent(office: Office, maker: Maker, notify: GovukNotify) -> Campaign:
    """20 messages of its first wave are with Notify."""
    campaign = maker.launched(60)
    Work(office, notify).tick()
    return campaign


def messages(office: Office) -> list[Message]:
    with office.database.session() as session:
        return list(session.exec(select(Message).order_by(col(Message.id))))


def stop(office: Office, count: int) -> None:
    for message in messages(office)[:count]:
        residents.say(office, link_token(office, message.reference), Said.stop)


def refuse(office: Office, count: int) -> None:
    for message in messages(office)[:count]:
        receipts.receive(
            office, {"id": message.notify_id, "reference": message.reference, "status": "permanent-failure"}
        )


def state(office: Office, people: People, campaign: Campaign) -> ledger.Status:
    return ledger.status(office, people.planner, campaign.id or 0)


def test_stops_above_the_limit_pause_the_campaign(
    office: Office, people: People, sent: Campaign, notify: GovukNotify, clock: SteppedClock
) -> None:
    stop(office, 2)
    assert not breaker.check(office, sent.id or 0), "10% is the limit, not above it"
    stop(office, 3)
    clock.advance(timedelta(days=14))
    Work(office, notify).tick()
    after = state(office, people, sent)
    assert after.state == CampaignState.paused
    assert (
        "3 of 20 messages of wave 1 (15.0%) were answered with STOP or an unsubscribe; the limit is 10%" in after.reason
    )
    assert after.accepted == 20, "nothing more left"
    with office.database.session() as session:
        acts = session.exec(select(AuditEntry.act).where(AuditEntry.actor == "worker")).all()
    assert acts.count("pause campaign") == 1


def test_addresses_that_do_not_exist_pause_the_campaign(office: Office, people: People, sent: Campaign) -> None:
    refuse(office, 5)
    assert not breaker.check(office, sent.id or 0)
    refuse(office, 6)
    assert breaker.check(office, sent.id or 0)
    assert "6 of 20 messages of wave 1 (30.0%) went to addresses or numbers" in state(office, people, sent).reason


def test_few_messages_prove_nothing(office: Office, sent: Campaign) -> None:
    office.settings.breaker_after = 21
    stop(office, 15)
    assert not breaker.check(office, sent.id or 0)


def test_an_officer_resumes_and_the_counting_begins_anew(
    office: Office, people: People, sent: Campaign, notify: GovukNotify, clock: SteppedClock
) -> None:
    stop(office, 3)
    assert breaker.check(office, sent.id or 0)
    control.resume(office, people.planner, sent.id or 0)
    assert not breaker.check(office, sent.id or 0)
    clock.advance(timedelta(days=14))
    Work(office, notify).tick()
    after = state(office, people, sent)
    assert (after.state, after.reason) == (CampaignState.launched, "")
    assert after.accepted == 20 + 27, "the letters, but to the three homes that asked to stop"
    second = [m for m in messages(office) if m.channel == "letter" and m.state == MessageState.accepted]
    for letter in second[:3]:
        residents.say(office, link_token(office, letter.reference), Said.stop)
    assert breaker.check(office, sent.id or 0)
    assert "3 of 27 messages of wave 2" in state(office, people, sent).reason


def test_a_text_that_stops_counts_once(office: Office, sent: Campaign) -> None:
    text = next(m for m in messages(office) if m.channel == "sms")
    for _ in range(3):
        received_texts.receive(
            office, {"id": str(uuid4()), "source_number": office.keys.decrypt(text.recipient), "message": "STOP"}
        )
    residents.say(office, link_token(office, text.reference), Said.stop)
    with office.database.session() as session:
        [wave] = breaker.answered(session, session.get_one(Campaign, sent.id))
    assert (wave.wave, wave.sent, wave.stops) == (1, 20, 1)
