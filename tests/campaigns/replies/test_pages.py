"""The residents' page and Notify's callbacks, as they arrive over HTTP."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from campaigns.messages.wording import link_token, preview_reference
from campaigns.records.models import Campaign, Message, MessageState, Receipt, Wave
from campaigns.records.reply import Hold, Reply
from engage.app import create_app
from engage.foundation.identity import Account, Authority, Role, fingerprint
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.safeguards.suppression import is_suppressed
from tests.campaigns.council import Maker, People
from tests.website import COUNCIL, Visitor, hire


@pytest.fixture
def maker(office: Office, staff: dict[Role, Account]) -> Maker:
    def actor(role: Role) -> Actor:
        return Actor(COUNCIL, staff[role].label, staff[role].id)

    return Maker(office, People(actor(Role.officer), actor(Role.approver), actor(Role.auditor)))


@pytest.fixture
def reminded(maker: Maker, office: Office) -> tuple[str, int]:
    """The secret of a resident's link, and the number of the message that waits for the same home."""
    campaign = maker.launched(3)
    with office.database.session() as session:
        waves = session.exec(select(Wave).where(Wave.campaign_id == campaign.id).order_by(Wave.number)).all()  # type: ignore[arg-type]
        rows = [
            Message(
                authority=COUNCIL, campaign_id=campaign.id or 0, wave_id=wave.id or 0, uprn=100000000000,
                ward="E05000001", channel="letter", template="t", reference=f"r{n}", token=fingerprint(f"secret{n}"),
                state=state,
            )
            for n, (wave, state) in enumerate(zip(waves[:2], (MessageState.accepted, MessageState.planned), strict=True))
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        return "secret0", rows[1].id or 0


def _state(office: Office, message: int) -> str:
    with office.database.session() as session:
        return session.get_one(Message, message).state


def test_looking_at_the_link_changes_nothing(visitor: Visitor, office: Office, reminded: tuple[str, int]) -> None:
    secret, waiting = reminded
    for path in (f"/r/{secret}", f"/r/{secret}/stop"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert 'href="https://www.gov.uk/register-to-vote"' in page.text
        assert not page.headers.get_list("set-cookie")
    assert _state(office, waiting) == MessageState.planned


@pytest.mark.parametrize("path", ["/r/secret0", "/r/secret0/stop"])
def test_stopping_needs_no_cookie_and_no_body(
    visitor: Visitor, office: Office, reminded: tuple[str, int], path: str
) -> None:
    """RFC 8058: an empty POST from a mail program is enough."""
    answer = visitor.client.post(path, content=b"")
    assert answer.status_code == 200
    assert "Reminders stopped" in answer.text
    assert _state(office, reminded[1]) == MessageState.dropped
    assert visitor.client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200, "and again"


PAGES = ("", "/registered", "/cannot", "/moved", "/help", "/stop")


@pytest.mark.parametrize("page", ["/r/secret0", "/r/guessed", "/cookies"])
def test_every_page_in_welsh_says_the_same(visitor: Visitor, reminded: tuple[str, int], page: str) -> None:
    for beneath in PAGES if page.startswith("/r/s") else ("",):
        say_the_same(*(visitor.get(f"{page}{beneath}?lang={lang}").text for lang in ("en", "cy")))


def test_what_is_answered_in_welsh_says_the_same(visitor: Visitor, reminded: tuple[str, int]) -> None:
    for said in (*PAGES[1:], "/undo"):
        sent = {"need": "call"} if said == "/help" else {}
        say_the_same(*(visitor.client.post(f"/r/secret0{said}?lang={lang}", data=sent).text for lang in ("en", "cy")))
    say_the_same(*(visitor.client.post(f"/r/secret0/help?lang={lang}").text for lang in ("en", "cy")))
    undone = visitor.client.post("/r/secret0/undo?lang=cy").text
    assert 'href="/r/secret0?lang=en"' in undone, "what was taken back has no page of its own to be read in English"


def say_the_same(english: str, welsh: str) -> None:
    assert 'lang="cy" class="govuk-template' in welsh
    assert len(english.encode()) < 50_000
    for tag in ("<h1", "<h2", "<p", "<form", "<a "):
        assert welsh.count(tag) == english.count(tag)
    said = set(re.findall(r">([^<>]{14,})<", english)) & set(re.findall(r">([^<>]{14,})<", welsh))
    assert {words.strip() for words in said} - {""} <= {
        "East Staffordshire",
        "engage_form",
        "engage_browser",
        "Engage",
    }, "nothing is left in English"


def test_in_an_unknown_language_the_page_is_that_of_the_message(
    visitor: Visitor, reminded: tuple[str, int]
) -> None:  # fmt: skip
    assert visitor.get("/r/secret0?lang=fr").text == visitor.get("/r/secret0?lang=").text


@pytest.fixture
def emailed(maker: Maker, office: Office) -> tuple[str, int]:
    """The secret of an email to a home that has a letter waiting, too."""
    campaign = maker.launched(3)
    with office.database.session() as session:
        wave = session.exec(select(Wave).where(Wave.campaign_id == campaign.id)).first()
        assert wave is not None
        common = {"authority": COUNCIL, "campaign_id": campaign.id or 0, "wave_id": wave.id or 0, "template": "t",
                  "uprn": 100000000000, "ward": "E05000001"}  # fmt: skip
        contact = office.keys.contact("email", "household-0@example.org")
        mail = Message(**common, channel="email", reference="m", token=fingerprint("mail"), contact=contact,
                       state=MessageState.accepted)  # fmt: skip
        letter = Message(**common, channel="letter", reference="l", token=fingerprint("letter"))
        session.add_all([mail, letter])
        session.flush()
        return "mail", letter.id or 0


def replies(office: Office) -> dict[str, tuple[bool, str, str]]:
    with office.database.session() as session:
        return {each.meaning: (each.open, each.outcome, each.done_by) for each in session.exec(select(Reply))}


def closed(office: Office, channel: str, **who: Any) -> bool:
    with office.database.session() as session:
        return is_suppressed(session, office, COUNCIL, channel, **who)


def test_the_page_says_who_writes_and_where_the_contact_came_from(
    visitor: Visitor, office: Office, emailed: tuple[str, int]
) -> None:
    with office.database.session() as session:
        council = session.get_one(Authority, COUNCIL)
        council.officer, council.phone, council.email = "Sam Example", "01283 000000", "vote@example.org"
    page = visitor.get("/r/mail").text
    assert "Sam Example, the Electoral Registration Officer of East Staffordshire" in page
    assert "an email address from the council&#39;s records (Garden waste)" in page
    assert 'href="tel:01283000000"' in page
    assert "may not be" not in page


@pytest.mark.parametrize(
    ("said", "outcome", "queued", "closes"),
    [
        ("registered", "rests", "dropped", {"email", "sms", "letter"}),
        ("cannot", "rests", "dropped", {"email", "sms", "letter"}),
        ("moved", "moved", "planned", set()),
        ("stop", "stop", "dropped", {"email", "sms", "letter"}),
        ("stop?channel=email", "email", "planned", {"email"}),
        ("stop?channel=sms", "sms", "planned", {"sms"}),
    ],
)
def test_what_is_said_acts_at_once_and_can_be_taken_back(
    visitor: Visitor, office: Office, emailed: tuple[str, int], said: str, outcome: str, queued: str, closes: set[str]
) -> None:
    path, _, channel = said.partition("?channel=")
    home = 100000000000
    contact = office.keys.contact("email", "household-0@example.org")
    assert visitor.get(f"/r/mail/{path}").status_code == 200
    assert replies(office) == {}, "looking changes nothing"
    for _ in range(2):
        assert visitor.client.post(f"/r/mail/{path}", data={"channel": channel}).status_code == 200
    assert replies(office) == {path: (False, outcome, "Engage")}
    assert _state(office, emailed[1]) == queued
    assert {each for each in ("email", "sms", "letter") if closed(office, each, uprn=home)} == closes
    assert closed(office, "email", contact_hash=contact) == (outcome not in {"rests", "sms"})
    assert "You have told us" in visitor.get("/r/mail").text
    assert visitor.client.post("/r/mail/undo").status_code == 200
    assert replies(office) == {path: (False, "none", "the resident")}
    assert not any(closed(office, each, uprn=home, contact_hash=contact) for each in ("", "email", "sms", "letter"))
    assert "You have told us" not in visitor.get("/r/mail").text
    visitor.client.post(f"/r/mail/{path}", data={"channel": channel})
    assert replies(office) == {path: (False, outcome, "Engage")}, "and said again"


def test_a_home_that_has_answered_is_left_alone_for_six_months(
    visitor: Visitor, office: Office, emailed: tuple[str, int]
) -> None:
    clock: Any = office.clock
    visitor.client.post("/r/mail/registered")
    clock.advance(timedelta(days=183))
    assert closed(office, "letter", uprn=100000000000)
    clock.advance(timedelta(days=1))
    assert not closed(office, "letter", uprn=100000000000)


def test_who_asks_for_help_is_answered_by_an_officer_who_alone_reads_it(
    office: Office, visit: Callable[[], Visitor], emailed: tuple[str, int], staff: dict[Role, Account]
) -> None:
    resident, officer = visit(), visit()
    assert resident.client.post("/r/mail/help").status_code == 422
    sent = {"need": ["print", "language"], "more": "Polish, please", "reach": "07700 900123"}
    assert "We have your request" in resident.client.post("/r/mail/help", data=sent).text
    assert replies(office) == {"help": (True, "", "")}
    with office.database.session() as session:
        [kept] = session.exec(select(Reply))
        assert "Polish" not in kept.model_dump_json()
        assert "900123" not in kept.model_dump_json()
    officer.sign_in(staff[Role.officer].email)
    assert "Asks for help" in officer.get("/replies?kind=page").text
    page = officer.get(f"/replies/{kept.id}").text
    assert "Asks for: large print, another language." in page
    assert "Polish, please" in page
    officer.send(f"/replies/{kept.id}/done", {"outcome": "helped"})
    assert replies(office) == {"help": (False, "helped", staff[Role.officer].label)}
    resident.client.post("/r/mail/undo")
    assert replies(office)["help"][1] == "helped", "what an officer has settled stays"


def test_a_letter_read_by_somebody_else_holds_the_home_until_an_officer_has_looked(
    visitor: Visitor, office: Office, reminded: tuple[str, int]
) -> None:
    visitor.client.post("/r/secret0/moved")
    assert replies(office) == {"moved": (True, "", "")}
    with office.database.session() as session:
        assert [each.uprn for each in session.exec(select(Hold))] == [100000000000]


@pytest.mark.parametrize("path", ["/r/guessed", "/r/guessed/stop", "/r/secret0/nothing", "/r/guessed/undo"])
def test_a_guessed_link_and_one_that_is_over_look_alike(
    visitor: Visitor, office: Office, reminded: tuple[str, int], path: str
) -> None:
    guessed = visitor.get(path) if "undo" not in path else visitor.client.post(path)
    assert guessed.status_code == 404
    assert "This link cannot be used" in guessed.text
    with office.database.session() as session:
        [campaign] = session.exec(select(Campaign))
        campaign.ended_at = office.clock.now() - timedelta(days=800)
    over = (
        visitor.get(path.replace("guessed", "secret0"))
        if "undo" not in path
        else visitor.client.post("/r/secret0/undo")
    )
    assert (over.status_code, over.text.replace("secret0", "guessed")) == (
        404,
        guessed.text.replace("secret0", "guessed"),
    )


def test_the_link_of_a_test_message_leads_to_a_preview_that_keeps_nothing(
    visitor: Visitor, office: Office, reminded: tuple[str, int]
) -> None:
    token = link_token(office, preview_reference(COUNCIL))
    assert "This is a preview" in visitor.get(f"/r/{token}").text
    for said in PAGES[1:]:
        visitor.client.post(f"/r/{token}{said}", data={"need": "call"})
    visitor.client.post(f"/r/{token}/undo")
    assert replies(office) == {}


def test_a_deadline_is_named_until_it_has_passed(visitor: Visitor, maker: Maker, office: Office) -> None:
    clock: Any = office.clock
    campaign = maker.launched(3, poll_date="2026-07-02")
    with office.database.session() as session:
        wave = session.exec(select(Wave).where(Wave.campaign_id == campaign.id)).first()
        assert wave is not None
        session.add(
            Message(
                authority=COUNCIL, campaign_id=campaign.id or 0, wave_id=wave.id or 0, uprn=100000000000,
                ward="E05000001", channel="letter", template="t", reference="r", token=fingerprint("secret"),
            )
        )  # fmt: skip
    # Twelve working days before 2 July 2026 is 16 June.
    assert "register by 16 June 2026" in visitor.get("/r/secret").text
    assert "cofrestrwch erbyn 16 Mehefin 2026" in visitor.get("/r/secret?lang=cy").text
    clock.move_to(datetime(2026, 6, 17, 1, tzinfo=UTC))
    assert "register by" not in visitor.get("/r/secret").text


@pytest.fixture
def called(office: Office) -> Any:
    from litestar.testing import TestClient

    settings = office.settings.model_copy(update={"notify_callback_token": SecretStr("a-long-enough-token")})
    open_office = Office(settings, office.clock)
    hire(open_office, Role.officer)
    with TestClient(create_app(open_office)) as client:
        yield client


RECEIPT = {
    "id": "740e5834-3a29-46b4-9a6f-16142fde533a", "reference": "r0", "to": "07700900123", "status": "delivered",
    "created_at": "2026-06-03T09:00:00.000000Z", "completed_at": "2026-06-03T09:00:05.000000Z",
    "sent_at": "2026-06-03T09:00:01.000000Z", "notification_type": "sms",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/notify/receipts", "/notify/received-texts"])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "a-long-enough-token"}])
def test_a_callback_without_the_token_is_refused(called: Any, path: str, header: dict[str, str]) -> None:
    assert called.post(path, json=RECEIPT, headers=header).status_code == 401


def test_a_receipt_with_the_token_is_kept_without_the_recipient(called: Any, office: Office) -> None:
    bearer = {"Authorization": "Bearer a-long-enough-token"}
    assert called.post("/notify/receipts", json=RECEIPT, headers=bearer).status_code == 204
    assert called.post("/notify/receipts", json=RECEIPT, headers=bearer).status_code == 204
    with office.database.session() as session:
        kept = session.exec(select(Receipt)).one()
    assert kept.status == "delivered"
    assert "900123" not in kept.model_dump_json()
    assert called.post("/notify/receipts", json={"id": 1}, headers=bearer).status_code == 422
    assert called.post("/notify/received-texts", json={}, headers=bearer).status_code == 422


def test_settings_without_a_token_ask_notify_to_try_again(office: Office, visitor: Visitor) -> None:
    assert Settings(home=office.settings.home).notify_callback_token.get_secret_value() == ""
    assert visitor.client.post("/notify/receipts", json=RECEIPT).status_code == 503
