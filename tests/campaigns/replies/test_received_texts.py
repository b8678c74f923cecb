"""Texts on their way from Notify to what they do: kept once, encrypted, acted on, held, answered, undone."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import Ambiguous, NotSent
from campaigns.notify.messages import Accepted, Outgoing, Template
from campaigns.notify.stand_in import Running
from campaigns.records.copies import Departed, Restoration
from campaigns.records.models import Campaign, Message, MessageState, Response
from campaigns.records.reply import Answer, Hold, Reply
from campaigns.records.retention import purge
from campaigns.replies import help_answers, help_wording, received_texts, work_list
from campaigns.replies.work_list import Wanted
from campaigns.sending import breaker
from campaigns.worker.work import Work, tick
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, NotAllowed
from engage.foundation.identity import Authority
from engage.foundation.office import Office
from segments.safeguards.suppression import is_suppressed, suppressed_contacts
from tests.campaigns.council import COUNCIL, SEED, Maker, People


def number_of(office: Office) -> str:
    """Of the first home that was texted."""
    return office.keys.decrypt(texts_sent(office)[0].recipient)


def text(office: Office, words: str, number: str = "") -> dict[str, Any]:
    number = number or number_of(office)
    return {
        "id": office.keys.hash("test", words, number), "source_number": number, "destination_number": "07700900000",
        "message": words, "date_received": office.clock.now().isoformat(),
    }  # fmt: skip


def replies(office: Office) -> list[Reply]:
    with office.database.session() as session:
        return list(session.exec(select(Reply).order_by(col(Reply.id))))


def texts_sent(office: Office) -> list[Message]:
    with office.database.session() as session:
        return list(session.exec(select(Message).where(Message.channel == "sms").order_by(col(Message.id))))


def closed(office: Office, message: Message) -> tuple[bool, bool]:
    """Whether the number is, and the home by letter."""
    with office.database.session() as session:
        return (
            message.contact in suppressed_contacts(session, COUNCIL),
            is_suppressed(session, office, COUNCIL, "letter", uprn=message.uprn),
        )


@pytest.fixture
def texted(office: Office, maker: Maker, notify: GovukNotify) -> Message:
    maker.launched(60)
    tick(office, notify)
    return texts_sent(office)[0]


@pytest.mark.parametrize(
    ("words", "meaning", "does"),
    [
        ("STOP please", "stop", (True, True)),
        ("paid â thecstio", "stop", (True, True)),
        ("No thanks", "may mean stop", (False, False)),
        ("I have moved", "moved away", (False, False)),
        ("Already registered", "already registered", (False, False)),
        ("HELP", "help", (False, False)),
        ("Thanks!", "other", (False, False)),
    ],
)
def test_every_text_is_kept_encrypted_and_does_what_it_means(
    office: Office, texted: Message, words: str, meaning: str, does: tuple[bool, bool]
) -> None:
    assert received_texts.receive(office, text(office, words)) == does[0]
    [kept] = replies(office)
    assert (kept.meaning, kept.open, closed(office, texted)) == (meaning, not does[0], does)
    assert (office.keys.decrypt(kept.words), office.keys.decrypt(kept.sender)) == (words, number_of(office))
    assert kept.message_id == texted.id
    with office.database.session() as session:
        stored = str(session.execute(sa.text("select * from reply")).all())
    assert words not in stored
    assert number_of(office) not in stored


def test_the_same_text_is_taken_once_however_it_comes(office: Office, texted: Message, notify: GovukNotify) -> None:
    said = text(office, "STOP")
    assert [received_texts.receive(office, said), received_texts.receive(office, said)] == [1, 0]
    assert len(replies(office)) == 1
    assert texted.contact


def test_a_text_without_a_callback_is_read_from_notify_within_a_minute(
    office: Office, clock: SteppedClock, texted: Message, post: Running, notify: GovukNotify
) -> None:
    work = Work(office, notify)
    work.tick()
    post.state.receive_text(number_of(office), "No more", SEED["services"]["demo"]["id"])
    clock.advance(timedelta(seconds=31))
    work.tick()
    work.tick()
    assert [(kept.meaning, kept.open) for kept in replies(office)] == [("stop", False)]
    assert closed(office, texted) == (True, True)


def test_what_may_mean_stop_holds_the_home_until_somebody_has_looked(
    office: Office, clock: SteppedClock, maker: Maker, people: People, texted: Message, notify: GovukNotify
) -> None:
    received_texts.receive(office, text(office, "No thank you"))
    clock.advance(timedelta(days=14))
    tick(office, notify)
    later = [message for message in _of_home(office, texted.uprn) if message.wave_id != texted.wave_id]
    assert {message.state for message in later} == {MessageState.planned}, "held, neither sent nor dropped"
    [reply] = replies(office)
    assert work_list.listing(office, people.planner, Wanted()).lines[0].waiting == len(later)
    work_list.settle(office, people.planner, reply.id or 0, "none")
    tick(office, notify)
    assert MessageState.planned not in {message.state for message in _of_home(office, texted.uprn)}


def _of_home(office: Office, uprn: int) -> list[Message]:
    with office.database.session() as session:
        return list(session.exec(select(Message).where(Message.uprn == uprn).order_by(col(Message.id))))


def test_an_officer_decides_and_can_take_it_back(office: Office, people: People, texted: Message) -> None:
    received_texts.receive(office, text(office, "No thank you"))
    [reply] = replies(office)
    number = reply.id or 0
    work_list.settle(office, people.planner, number, "stop")
    assert closed(office, texted) == (True, True)
    with pytest.raises(InputRefused, match="done this meanwhile"):
        work_list.settle(office, people.planner, number, "none")
    work_list.undo(office, people.planner, number)
    assert closed(office, texted) == (False, False)
    with office.database.session() as session:
        assert session.exec(select(Hold)).first() is not None, "it waits for somebody again"
        assert session.exec(select(Response)).all() == []
    work_list.settle(office, people.planner, number, "moved")
    assert closed(office, texted) == (True, False), "others live there now"


def test_undoing_lifts_nothing_that_another_text_asked_for(office: Office, people: People, texted: Message) -> None:
    received_texts.receive(office, text(office, "STOP"))
    received_texts.receive(office, text(office, "Stop now"))
    work_list.undo(office, people.planner, replies(office)[0].id or 0)
    assert closed(office, texted) == (True, True)


def test_answers_are_no_stops_for_the_breaker(office: Office, texted: Message) -> None:
    received_texts.receive(office, text(office, "I have moved"))
    with office.database.session() as session:
        assert {each.what for each in session.exec(select(Response))} == {"says they moved away"}
        campaign = session.get_one(Campaign, texted.campaign_id)
        assert [wave.stops for wave in breaker.answered(session, campaign)] == [0]


def test_a_number_that_nobody_texted_is_kept_and_closed(office: Office, maker: Maker) -> None:
    assert received_texts.receive(office, text(office, "STOP", "447700900999")) == 0
    assert [(kept.meaning, kept.open) for kept in replies(office)] == [("stop", False)]
    with office.database.session() as session:
        assert office.keys.contact("sms", "447700900999") in suppressed_contacts(session, COUNCIL)


def test_stop_from_a_number_we_could_never_text_waits_for_a_person(office: Office, maker: Maker) -> None:
    assert received_texts.receive(office, text(office, "STOP", "60006")) == 0
    assert [(kept.meaning, kept.open, kept.contact) for kept in replies(office)] == [("stop", True, "")]


def test_councils_that_did_not_text_a_number_do_not_see_its_reply(office: Office, texted: Message) -> None:
    with office.database.session() as session:
        session.add(Authority(code="E07000194", name="Lichfield"))
    received_texts.receive(office, text(office, "hello"))
    received_texts.receive(office, text(office, "hello", "447700900998"))
    assert [kept.authority for kept in replies(office)] == [COUNCIL, COUNCIL, "E07000194"]


@pytest.mark.parametrize(
    "payload",
    [{}, {"source_number": "1"}, {"message": "STOP"}, {"source_number": "1", "message": "x", "date_received": "?"}],
)
def test_what_is_no_text_is_refused(office: Office, payload: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        received_texts.receive(office, payload)
    assert replies(office) == []


class Desk:
    """GOV.UK Notify as far as an answer to HELP needs it."""

    def __init__(self, *faults: Exception, version: int = 1) -> None:
        self.faults, self.version, self.sent = list(faults), version, list[Outgoing]()

    def send(self, message: Outgoing) -> Accepted:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(message)
        return Accepted("id", message.reference, self.version)

    def find(self, reference: str) -> list[Any]:
        return [message for message in self.sent if message.reference == reference]


WORDING = Template("11111111-1111-4111-8111-111111111111", "Help", "sms", 1, None, "Ring 01632 960000", ())


@pytest.fixture
def wording(office: Office, people: People) -> None:
    help_wording.choose(office, people.planner, WORDING.template_id, [WORDING])
    help_wording.approve(office, people.approver, WORDING.template_id, 1)


def test_help_is_answered_once_by_the_wording_that_was_approved(
    office: Office, clock: SteppedClock, texted: Message, wording: None
) -> None:
    received_texts.receive(office, text(office, "HELP"))
    desk: Any = Desk()
    assert [help_answers.answer_due(office, desk), help_answers.answer_due(office, desk)] == [1, 0]
    [sent] = desk.sent
    assert (sent.template_id, sent.recipient) == (WORDING.template_id, number_of(office))
    assert [(kept.answer, kept.open) for kept in replies(office)] == [(Answer.sent, False)]
    received_texts.receive(office, text(office, "help me please"))
    assert help_answers.answer_due(office, desk) == 0, "once a day to a number"
    clock.advance(timedelta(hours=25))
    received_texts.receive(office, text(office, "Can you help me with the form?"))
    assert help_answers.answer_due(office, desk) == 1
    assert replies(office)[-1].open, "a question is answered by a person too"


def test_a_restored_copy_waits_and_does_not_answer_again(
    office: Office, clock: SteppedClock, texted: Message, wording: None
) -> None:
    at, help_ = office.clock.now(), text(office, "HELP")
    with office.database.session() as session:
        restoration = Restoration(authority=COUNCIL, copied_at=at, restored_at=at)
        session.add(restoration)
    received_texts.receive(office, help_)
    desk: Any = Desk()
    assert help_answers.answer_due(office, desk) == 0
    [reply] = replies(office)
    left = office.keys.hash("answer", COUNCIL, reply.source)[:32]
    with office.database.session() as session:
        session.get_one(Restoration, restoration.id).held_at = at
        session.add(Departed(reference=left, notify_id="1", status="delivered", created_at=at))
    help_answers.answer_due(office, desk)
    assert desk.sent == []
    assert replies(office)[0].answer == Answer.sent


def test_nobody_is_answered_before_a_second_officer_approved(office: Office, people: People, texted: Message) -> None:
    help_wording.choose(office, people.planner, WORDING.template_id, [WORDING])
    received_texts.receive(office, text(office, "HELP"))
    assert [(kept.answer, kept.open) for kept in replies(office)] == [(Answer.none, True)]
    assert work_list.waiting(office, COUNCIL).no_help
    with pytest.raises(InputRefused, match="Another wording"):
        help_wording.approve(office, people.approver, WORDING.template_id, 2)
    with pytest.raises(NotAllowed):
        help_wording.approve(office, people.planner, WORDING.template_id, 1)


def test_who_asked_for_no_more_is_not_answered(office: Office, texted: Message, wording: None) -> None:
    received_texts.receive(office, text(office, "STOP"))
    received_texts.receive(office, text(office, "HELP"))
    desk: Any = Desk()
    assert help_answers.answer_due(office, desk) == 0
    assert desk.sent == []


def test_an_answer_of_which_nobody_knows_is_looked_up_and_never_sent_twice(
    office: Office, clock: SteppedClock, texted: Message, wording: None
) -> None:
    received_texts.receive(office, text(office, "HELP"))
    desk: Any = Desk(NotSent("ConnectionError"), Ambiguous("ReadTimeout"))
    assert help_answers.answer_due(office, desk) == 0
    clock.advance(timedelta(seconds=61))
    assert help_answers.answer_due(office, desk) == 0
    assert replies(office)[0].answer == Answer.sending
    clock.advance(timedelta(seconds=61))
    assert help_answers.answer_due(office, desk) == 0
    assert (replies(office)[0].answer, replies(office)[0].open, desk.sent) == (Answer.failed, True, [])


def test_another_version_than_was_approved_is_withdrawn(office: Office, texted: Message, wording: None) -> None:
    received_texts.receive(office, text(office, "HELP"))
    desk: Any = Desk(version=2)
    help_answers.answer_due(office, desk)
    found = help_wording.chosen(office, COUNCIL)
    assert found is not None
    assert found.approved_at is None


def test_what_was_said_is_forgotten_in_time_and_what_it_closed_stays(
    office: Office, clock: SteppedClock, texted: Message
) -> None:
    received_texts.receive(office, text(office, "STOP"))
    clock.advance(timedelta(days=179))
    with office.database.session() as session:
        assert "replies" not in purge(office, session, COUNCIL)
    clock.advance(timedelta(days=2))
    with office.database.session() as session:
        assert purge(office, session, COUNCIL, dry_run=True)["replies"] == 1
        assert purge(office, session, COUNCIL)["replies"] == 1
        assert purge(office, session, COUNCIL)["replies"] == 0
    [kept] = replies(office)
    assert (kept.words, kept.sender, kept.contact, kept.meaning) == ("", "", "", "stop")
    assert closed(office, texted) == (True, True)
