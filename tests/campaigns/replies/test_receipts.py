from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from campaigns.messages.wording import link_token
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Accepted, Outgoing, Status
from campaigns.notify.stand_in import Running
from campaigns.records.models import Campaign, Message, MessageState, Receipt, Response
from campaigns.records.reply import Said
from campaigns.replies import receipts, received_texts, residents
from campaigns.sending import waves
from campaigns.sending.dispatch import Dispatcher
from campaigns.worker.work import tick
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.office import Office
from segments.safeguards.suppression import is_suppressed, suppressed_contacts
from tests.campaigns.council import COUNCIL, START, TEMPLATES, Maker
from tests.examples import examples


def messages(office: Office) -> list[Message]:
    with office.database.session() as session:
        return list(session.exec(select(Message).order_by(col(Message.id))))


def receipt(message: Message, status: str, notify_id: str | None = None) -> dict[str, Any]:
    return {
        "id": notify_id or message.notify_id or str(uuid4()), "reference": message.reference, "to": "07700900123",
        "status": status, "created_at": "2026-06-03T09:00:00.000000Z", "completed_at": "2026-06-03T09:01:00.000000Z",
        "sent_at": "2026-06-03T09:00:30.000000Z", "notification_type": message.channel,
        "template_id": message.template, "template_version": 1,
    }  # fmt: skip


def test_receipts_settle_messages_once(office: Office, maker: Maker, notify: GovukNotify) -> None:
    maker.launched(60)
    tick(office, notify)
    one, two, *_ = messages(office)
    assert receipts.receive(office, receipt(one, "delivered"))
    assert not receipts.receive(office, receipt(one, "delivered")), "Notify repeats itself"
    receipts.receive(office, receipt(two, "temporary-failure"))
    receipts.receive(office, receipt(two, "delivered"))
    after = messages(office)
    assert (after[0].state, after[1].state, after[1].reason) == ("delivered", "failed", "temporary failure")
    with office.database.session() as session:
        assert "07700900123" not in str([r.model_dump() for r in session.exec(select(Receipt))])


def test_the_first_final_word_stands_in_any_order(office: Office, maker: Maker) -> None:
    campaign = maker.launched(60, arms={"everyone": 1.0}, comparison="")
    waves.plan_due(office, campaign.id or 0)
    fresh = iter(messages(office))

    @settings(max_examples=examples(25))
    @given(
        st.lists(
            st.sampled_from(["sending", "delivered", "permanent-failure", "temporary-failure"]), min_size=1, max_size=5
        )
    )
    def holds(words: list[str]) -> None:
        message, notify_id = next(fresh), str(uuid4())
        for word in words:
            receipts.receive(office, receipt(message, word, notify_id))
        final = next((word for word in words if word != "sending"), None)
        with office.database.session() as session:
            state = session.get_one(Message, message.id).state
        assert state == {None: "accepted", "delivered": "delivered"}.get(final, "failed")

    holds()


def test_a_receipt_may_come_before_our_own_commit(office: Office, maker: Maker, notify: GovukNotify) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)

    class Prompt:
        def send(self, message: Outgoing) -> Accepted:
            accepted = notify.send(message)
            early = Message.model_construct(
                reference=message.reference, channel=message.channel, template=message.template_id
            )
            receipts.receive(office, receipt(early, "delivered", accepted.notification_id))
            return accepted

    Dispatcher(office, Prompt(), threads=1).send_batch(campaign.id or 0)  # type: ignore[arg-type]
    assert {m.state for m in messages(office)} == {MessageState.delivered}
    assert all(m.sent_at and m.notify_id for m in messages(office))


def test_an_unknown_receipt_is_kept_and_matched_later(office: Office, maker: Maker) -> None:
    campaign = maker.launched(3, arms={"everyone": 1.0}, comparison="")
    planned_at = f"{int(office.clock.now().timestamp()):08x}"
    reference = planned_at + office.keys.hash("message", "1.1", "100000000000", "email")[:24]
    stray = Message.model_construct(reference=reference, channel="email", template=str(uuid4()))
    receipts.receive(office, receipt(stray, "delivered"))
    assert receipts.reconcile(office) == 0
    waves.plan_due(office, campaign.id or 0)
    assert receipts.reconcile(office) == 1
    assert messages(office)[0].state == MessageState.delivered


def test_receipts_of_other_senders_are_looked_at_for_a_minute_and_dropped_after_a_day(
    office: Office, maker: Maker, notify: GovukNotify, clock: SteppedClock
) -> None:
    maker.launched(60)
    tick(office, notify)
    ours = messages(office)[0]
    receipts.receive(office, receipt(ours, "delivered"))
    many = receipts.AT_ONCE + 20
    with office.database.session() as session:
        session.add_all(
            Receipt(
                notify_id=str(uuid4()), status="delivered", received_at=clock.now(), unmatched=True, reference=f"{n}"
            )
            for n in range(many)
        )

    def kept() -> Counter[tuple[str, bool]]:
        with office.database.session() as session:
            return Counter((each.source, each.unmatched) for each in session.exec(select(Receipt)))

    assert receipts.reconcile(office) == 0
    assert kept() == {("callback", False): 1, ("callback", True): many}
    clock.advance(timedelta(seconds=61))
    for _ in range(3):
        assert receipts.reconcile(office) == 0
    assert kept() == {("callback", False): 1, ("stray", False): many}, "never looked at again"
    clock.advance(timedelta(hours=23))
    assert receipts.drop_strays(office) == 0
    clock.advance(timedelta(hours=1))
    assert [receipts.drop_strays(office) for _ in range(3)] == [receipts.AT_ONCE, 20, 0]
    assert kept() == {("callback", False): 1}


def test_an_idle_turn_neither_writes_nor_reads_strays(office: Office, maker: Maker, clock: SteppedClock) -> None:
    with office.database.session() as session:
        session.add_all(
            Receipt(notify_id=str(uuid4()), status="delivered", received_at=clock.now(), source="stray")
            for _ in range(50)
        )
    asked: list[str] = []
    sa.event.listen(office.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    receipts.reconcile(office)
    receipts.drop_strays(office)
    said = [each for each in asked if not each.startswith("BEGIN")]
    assert [each.split()[0] for each in said] == ["SELECT", "SELECT"]


def test_a_second_id_under_one_reference_is_counted(office: Office, maker: Maker, notify: GovukNotify) -> None:
    maker.launched(60)
    tick(office, notify)
    one = messages(office)[0]
    receipts.receive(office, receipt(one, "delivered", str(uuid4())))
    assert messages(office)[0].copies == 2


def test_a_permanent_failure_closes_the_contact(office: Office, maker: Maker, notify: GovukNotify) -> None:
    maker.launched(60)
    tick(office, notify)
    one = messages(office)[0]
    receipts.receive(office, receipt(one, "permanent-failure"))
    with office.database.session() as session:
        assert suppressed_contacts(session, COUNCIL) == {one.contact}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"id": "x"},
        {"id": "x" * 40, "status": "delivered"},
        {"id": "x", "status": "delivered", "completed_at": "soon"},
        {"id": "x\x00", "status": "y"},
    ],
)
def test_a_payload_that_is_no_receipt(office: Office, payload: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        receipts.receive(office, payload)


def test_polling_tells_what_callbacks_never_do(
    office: Office, maker: Maker, notify: GovukNotify, clock: SteppedClock
) -> None:
    maker.launched(60, templates={"letter": TEMPLATES["letter"]})
    tick(office, notify)
    assert {(m.channel, m.status) for m in messages(office)} == {("letter", "")}
    clock.advance(timedelta(days=2))  # printed at 17:30, received by the post the next day
    clock.move_to(clock.now().replace(hour=17))
    tick(office, notify)
    assert {(m.state, m.status) for m in messages(office)} == {("accepted", "received")}
    assert all(m.settled_at for m in messages(office))


def test_letters_too_old_to_ask_about_do_not_hide_newer_ones(office: Office, maker: Maker, clock: SteppedClock) -> None:
    campaign = maker.launched(12, templates={"letter": TEMPLATES["letter"]})
    waves.plan_due(office, campaign.id or 0)
    clock.move_to(START.replace(month=7, hour=18))
    with office.database.session() as session:
        old, new = session.exec(select(Message).order_by(col(Message.id))).all()[:2]
        for letter, days in ((old, 20), (new, 1)):
            letter.state, letter.sent_at = MessageState.accepted, clock.now() - timedelta(days=days)
        session.flush()
        due = receipts.sweep_due(office, session, session.get_one(Campaign, campaign.id))
        assert due == new.sent_at


def test_what_falls_due_while_notifys_list_is_read_is_read_again(
    office: Office, maker: Maker, clock: SteppedClock
) -> None:
    class Slow:
        def sweep(self, _since: datetime) -> Iterator[Status]:
            clock.advance(timedelta(seconds=30))
            return iter(())

    campaign = maker.launched(12)
    waves.plan_due(office, campaign.id or 0)
    with office.database.session() as session:
        for message, seconds in zip(session.exec(select(Message)), (300, 290), strict=False):
            message.state, message.sent_at = MessageState.accepted, clock.now() - timedelta(seconds=seconds)
    receipts.sweep(office, Slow(), campaign.id or 0)  # type: ignore[arg-type]
    with office.database.session() as session:
        assert receipts.sweep_due(office, session, session.get_one(Campaign, campaign.id)) is not None


def test_stop_by_link_takes_effect_on_what_is_queued(
    office: Office, maker: Maker, notify: GovukNotify, post: Running, clock: SteppedClock
) -> None:
    campaign = maker.launched(60)
    tick(office, notify)
    one = next(m for m in messages(office) if m.channel == "email")
    token = link_token(office, one.reference)
    seen = residents.look_up(office, token)
    assert (seen.authority.name, seen.channel, seen.stopped) == ("East Staffordshire", "email", False)
    clock.advance(timedelta(days=14))
    waves.plan_due(office, campaign.id or 0)
    assert residents.say(office, token, Said.stop) == 1
    assert residents.say(office, token, Said.stop) == 0
    assert residents.look_up(office, token).stopped
    tick(office, notify)
    theirs = [m for m in messages(office) if m.uprn == one.uprn]
    assert [(m.channel, m.state, m.reason) for m in theirs] == [
        ("email", "accepted", ""),
        ("letter", "dropped", "suppressed"),
    ]
    with office.database.session() as session:
        assert [r.what for r in session.exec(select(Response))] == ["stop reminders"]
        assert is_suppressed(session, office, COUNCIL, "letter", uprn=one.uprn)
        assert one.contact in suppressed_contacts(session, COUNCIL)


@pytest.mark.parametrize("token", ["", "0" * 24, "../etc/passwd", "é"])
def test_a_token_we_never_made(office: Office, token: str) -> None:
    with pytest.raises(NotFound):
        residents.look_up(office, token)
    with pytest.raises(NotFound):
        residents.say(office, token, Said.stop)


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("STOP", True),
        (" stop. ", True),
        ("Stop", True),
        ("STOPIO", True),
        ("please don't stop", False),
        ("Thanks!", False),
    ],
)
def test_stop_by_text_closes_every_household_of_the_number(
    office: Office, maker: Maker, notify: GovukNotify, text: str, stops: bool
) -> None:
    maker.launched(60)
    tick(office, notify)
    texted = next(m for m in messages(office) if m.channel == "sms")
    number = office.keys.decrypt(texted.recipient)
    assert (
        received_texts.receive(
            office,
            {
                "id": str(uuid4()),
                "source_number": number,
                "destination_number": "07700900000",
                "message": text,
                "date_received": "2026-06-03T10:00:00.000000Z",
            },
        )
        == stops
    )
    with office.database.session() as session:
        assert is_suppressed(session, office, COUNCIL, "letter", uprn=texted.uprn) is stops
        assert (texted.contact in suppressed_contacts(session, COUNCIL)) is stops
