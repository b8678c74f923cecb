"""The work list over HTTP without JavaScript, by role; returned letters and complaints, by callback and by page."""

from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlmodel import col, select

from campaigns.records.models import Message, MessageState, Wave
from campaigns.records.reply import Reply
from campaigns.replies import received_texts, returned_letters
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account, Role, fingerprint
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.safeguards.suppression import is_suppressed, suppressed_contacts
from tests.campaigns.council import Maker, People
from tests.website import COUNCIL, Enter, Visitor, hire

HOME, NUMBER = 100000000000, "447700900301"
NOTIFY_ID = "740e5834-3a29-46b4-9a6f-16142fde533a"


@pytest.fixture
def officer(staff: dict[Role, Account]) -> Actor:
    return Actor(COUNCIL, staff[Role.officer].label, staff[Role.officer].id)


@pytest.fixture
def sent(office: Office, staff: dict[Role, Account]) -> dict[str, Message]:
    """A letter and a text that left to one home, and a letter and an email that wait for it."""
    actors = [Actor(COUNCIL, staff[role].label, staff[role].id) for role in (Role.officer, Role.approver, Role.auditor)]
    campaign = Maker(office, People(*actors)).launched(3)
    contact = office.keys.contact("sms", NUMBER)
    with office.database.session() as session:
        waves = session.exec(select(Wave).where(Wave.campaign_id == campaign.id).order_by(col(Wave.number))).all()
        made = {
            name: Message(
                authority=COUNCIL, campaign_id=campaign.id or 0, wave_id=waves[wave].id or 0, uprn=HOME,
                ward="E05000001", channel=channel, template="t", reference=office.keys.hash(name)[:32],
                token=fingerprint(name), state=state, contact=contact if channel == "sms" else "",
                sent_at=office.clock.now() if state == MessageState.accepted else None,
                notify_id=NOTIFY_ID if name == "letter" else None,
            )
            for name, wave, channel, state in (
                ("letter", 0, "letter", MessageState.accepted), ("text", 0, "sms", MessageState.accepted),
                ("next letter", 1, "letter", MessageState.planned), ("next email", 1, "email", MessageState.planned),
            )
        }  # fmt: skip
        session.add_all(made.values())
        session.flush()
        return made


def written(office: Office, words: str, name: str = "") -> Reply:
    received_texts.receive(office, {"id": name or words, "source_number": NUMBER, "message": words})
    return newest(office)


def newest(office: Office) -> Reply:
    with office.database.session() as session:
        return session.exec(select(Reply).order_by(col(Reply.id).desc())).first() or pytest.fail("no reply")


def states(office: Office, sent: dict[str, Message]) -> dict[str, str]:
    with office.database.session() as session:
        return {name: session.get_one(Message, message.id).state for name, message in sent.items()}


def closed(office: Office, channel: str) -> bool:
    with office.database.session() as session:
        return is_suppressed(session, office, COUNCIL, channel, uprn=HOME)


def test_an_officer_reads_filters_owns_settles_and_undoes(
    office: Office, sent: dict[str, Message], enter: Enter, staff: dict[Role, Account]
) -> None:
    reply, other = written(office, "No thanks"), written(office, "What time does the hall open")
    officer = enter(Role.officer)
    page = officer.get("/replies").text
    assert "No thanks" in page
    assert NUMBER not in page, "the whole number stands on the reply's own page alone"
    assert "2 messages wait for it" in page
    assert "No thanks" not in officer.get("/replies?meaning=other").text
    assert "Nothing here" in officer.get("/replies?show=done").text
    shown = officer.get(f"/replies/{reply.id}").text
    assert NUMBER in shown
    officer.send(f"/replies/{reply.id}/owner", {"owner": str(staff[Role.administrator].id)})
    assert "Administrator" in officer.get("/replies").text
    assert "Nothing here" in officer.get("/replies?owner=mine").text
    assert officer.send(f"/replies/{reply.id}/done", {}).status_code == 422
    assert officer.send(f"/replies/{reply.id}/done", {"outcome": "everything"}).status_code == 422
    done = officer.send(f"/replies/{reply.id}/done", {"outcome": "stop"})
    assert "Done: Stopped." in done.text
    assert set(states(office, sent).values()) == {"accepted", "dropped"}
    assert officer.send(f"/replies/{reply.id}/done", {"outcome": "none"}).status_code == 422, "a stale page"
    assert "Undone" in officer.send(f"/replies/{reply.id}/undo").text
    assert not closed(office, "letter")
    assert officer.send(f"/replies/{reply.id}/undo").status_code == 422
    together = officer.send("/replies/done", {"reply": [str(reply.id), str(other.id)]})
    assert "1 reply done." in together.text, "what holds a home is not done unread"
    assert newest(office).done_by == staff[Role.officer].label


@pytest.mark.parametrize("role", [Role.officer, Role.auditor])
def test_what_residents_wrote_is_read_by_those_who_act_on_it(
    office: Office, sent: dict[str, Message], enter: Enter, role: Role
) -> None:
    written(office, "No thanks")
    page = enter(role).get("/replies").text
    assert "May mean stop" in page
    assert ("No thanks" in page) is (role == Role.officer)


def test_another_council_finds_nothing(office: Office, sent: dict[str, Message], visitor: Visitor) -> None:
    from engage.foundation.identity import Authority

    with office.database.session() as session:
        session.add(Authority(code="E07000194", name="Lichfield"))
    reply = written(office, "No thanks")
    hire(office, Role.officer, authority="E07000194", email="other@example.org")
    visitor.sign_in("other@example.org")
    assert "No thanks" not in visitor.get("/replies?show=all").text
    assert visitor.get(f"/replies/{reply.id}").status_code == 404
    assert visitor.send(f"/replies/{reply.id}/done", {"outcome": "stop"}).status_code == 404


def test_reading_is_recorded(office: Office, sent: dict[str, Message], enter: Enter) -> None:
    reply = written(office, "No thanks")
    officer = enter(Role.officer)
    officer.get("/replies")
    officer.get(f"/replies/{reply.id}")
    with office.database.session() as session:
        acts = session.execute(sa.text("select act, detail from audit_entry")).all()
    assert {"reply by text", "read replies", "read reply"} <= {act for act, _ in acts}
    assert "No thanks" not in str(acts)


def callback(**said: Any) -> dict[str, Any]:
    return {
        "notification_id": NOTIFY_ID, "reference": None, "date_sent": "2026-06-03T09:00:00.000000Z", "sent_by": "API",
        "template_name": "Reminder", "template_id": "t", "template_version": 1, "spreadsheet_file_name": None,
        "spreadsheet_row_number": None, "upload_letter_file_name": None, **said,
    }  # fmt: skip


def test_a_returned_letter_closes_its_home_to_letters_alone(
    office: Office, sent: dict[str, Message], enter: Enter
) -> None:
    assert returned_letters.receive(office, callback())
    assert not returned_letters.receive(office, callback()), "Notify repeats itself"
    assert states(office, sent) == {
        "letter": "accepted", "text": "accepted", "next letter": "dropped", "next email": "planned",
    }  # fmt: skip
    assert (closed(office, "letter"), closed(office, "email")) == (True, False)
    officer, reply = enter(Role.officer), newest(office)
    assert "Returned letter" in officer.get("/replies?kind=letter").text
    officer.send(f"/replies/{reply.id}/done", {"outcome": "again"})
    assert not closed(office, "letter")
    officer.send(f"/replies/{reply.id}/undo")
    assert closed(office, "letter")


def test_a_letter_by_its_reference_and_one_that_others_sent(office: Office, sent: dict[str, Message]) -> None:
    other = "00000000-0000-4000-8000-000000000000"
    assert not returned_letters.receive(office, callback(notification_id=other, reference="somebody else's"))
    assert not returned_letters.receive(office, callback(notification_id=other))
    assert not returned_letters.receive(office, callback(notification_id=other, reference=sent["text"].reference))
    assert returned_letters.receive(office, callback(notification_id=other, reference=sent["letter"].reference))
    with pytest.raises(InputRefused):
        returned_letters.receive(office, {"reference": "x"})


@pytest.mark.parametrize("token", ["", "wrong"])
def test_the_callback_of_returned_letters_needs_its_token(
    office: Office, sent: dict[str, Message], visitor: Visitor, token: str
) -> None:
    office.settings = Settings(**{**office.settings.model_dump(), "notify_callback_token": SecretStr("right one")})
    answer = visitor.client.post(
        "/notify/returned-letters", json=callback(), headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401
    assert not closed(office, "letter")
    answer = visitor.client.post(
        "/notify/returned-letters", json=callback(), headers={"Authorization": "Bearer right one"}
    )
    assert (answer.status_code, closed(office, "letter")) == (204, True)


def test_returned_letters_by_the_page(office: Office, sent: dict[str, Message], enter: Enter) -> None:
    officer = enter(Role.officer)
    reference = sent["letter"].reference
    wrong = officer.send("/replies/returned-letters", {"letters": f"{HOME}\nflat 2\n99\n{'0' * 32}"})
    assert wrong.status_code == 422
    for said in (
        "line 2: no UPRN, ID or reference",
        "line 3: no letter of ours has gone to UPRN 99",
        "line 4: no letter",
    ):
        assert said in wrong.text
    assert not closed(office, "letter")
    assert officer.send("/replies/returned-letters", {"letters": " "}).status_code == 422
    pasted = f"Notification ID,Reference,Date sent\n{NOTIFY_ID},{reference},2026-06-03\n"
    assert "1 returned letter noted" in officer.send("/replies/returned-letters", {"letters": pasted}).text
    assert closed(office, "letter")
    again = officer.send("/replies/returned-letters", {"letters": str(HOME)}).text
    assert "0 returned letters noted" in again
    assert "1 had been noted before" in again


@pytest.mark.parametrize(("scope", "value"), [("sms", "07700 900301"), ("home", str(HOME))])
def test_a_complaint_closes_all_that_belongs_to_who_complained(
    office: Office, sent: dict[str, Message], enter: Enter, scope: str, value: str
) -> None:
    officer = enter(Role.officer)
    form = {"scope": scope, "value": value, "words": "Three reminders for somebody who died"}
    page = officer.send("/replies/complaints", form)
    assert page.status_code == 200
    assert "Three reminders for somebody who died" in page.text
    assert (closed(office, "letter"), states(office, sent)["next letter"]) == (True, "dropped")
    with office.database.session() as session:
        assert bool(suppressed_contacts(session, COUNCIL)) is (scope == "sms")
    reply = newest(office)
    assert (reply.kind, reply.owner, reply.open) == ("complaint", "officer 2", True)
    officer.send(f"/replies/{reply.id}/done", {"outcome": "none"})
    assert not closed(office, "letter")


@pytest.mark.parametrize(
    "form",
    [
        {}, {"scope": "sms", "value": "07700900301"}, {"scope": "sms", "value": "12", "words": "x"},
        {"scope": "home", "value": "flat 2", "words": "x"}, {"scope": "tree", "value": "1", "words": "x"},
        {"scope": "home", "value": "1", "words": "x" * 4001}, {"scope": "home", "value": "77", "words": "No such home"},
    ],
)  # fmt: skip
def test_a_complaint_that_lacks_something_is_refused(
    office: Office, sent: dict[str, Message], enter: Enter, form: dict[str, str]
) -> None:
    assert enter(Role.officer).send("/replies/complaints", form).status_code == 422
    with office.database.session() as session:
        assert session.exec(select(Reply)).all() == []


def test_the_home_page_says_what_waits(office: Office, sent: dict[str, Message], enter: Enter) -> None:
    written(office, "No thanks")
    written(office, "help")
    page = enter(Role.administrator).get("/").text
    assert "Read 2 replies" in page
    assert "2 messages wait until somebody has looked" in page
    assert "Choose what answers HELP" in page


def test_the_page_of_the_answer_to_help(office: Office, sent: dict[str, Message], enter: Enter) -> None:
    officer = enter(Role.officer)
    assert "No wording is chosen" in officer.get("/replies/help").text
    assert "ENGAGE_NOTIFY_API_KEY" in officer.get("/replies/help").text
    assert officer.send("/replies/help", {"template": "t"}).status_code == 422
    assert officer.send("/replies/help/approve", {}).status_code == 403
