"""The residents' page and Notify's callbacks, as they arrive over HTTP."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from campaigns.records.models import Message, MessageState, Receipt, Wave
from engage.app import create_app
from engage.foundation.identity import Account, Role, fingerprint
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
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


def test_the_residents_page_in_welsh_says_the_same(visitor: Visitor, reminded: tuple[str, int]) -> None:
    english, welsh = (visitor.get(f"/r/secret0?lang={lang}").text for lang in ("en", "cy"))
    assert 'lang="cy" class="govuk-template' in welsh
    assert "Cofrestru i bleidleisio ar GOV.UK" in welsh
    for tag in ("<h1", "<h2", "<p", "<form", "<a "):
        assert welsh.count(tag) == english.count(tag)
    said = set(re.findall(r">([^<>]{25,})<", english)) & set(re.findall(r">([^<>]{25,})<", welsh))
    assert {words.strip() for words in said} <= {"East Staffordshire"}, "nothing is left in English"
    assert visitor.get("/r/secret0?lang=fr").status_code == 400


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
