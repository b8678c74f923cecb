"""Who tries accounts or links learns nothing by the time it takes: counted is what the machine does for each."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from campaigns.records.models import Campaign, Message, MessageState, Wave
from engage.foundation import identity
from engage.foundation.identity import Account, Role, fingerprint
from engage.foundation.office import Office
from tests.campaigns.council import Maker, People
from tests.website import COUNCIL, Visitor


@pytest.fixture
def work(office: Office, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many statements, and how many passwords were worked on."""
    counted: Counter[str] = Counter()

    class Counting:
        def __getattr__(self, name: str) -> Any:
            counted[name] += 1
            return getattr(real, name)

    real = identity.PASSWORDS
    monkeypatch.setattr(identity, "PASSWORDS", Counting())
    monkeypatch.setattr(identity, "_DECOY", [])
    words = ("SELECT", "INSERT", "UPDATE", "DELETE")

    def statement(_connection: object, _cursor: object, text: str, *_: object) -> None:
        counted[next((word for word in words if text.startswith(word)), "other")] += 1

    sa.event.listen(office.database.engine, "before_cursor_execute", statement)
    return counted


@contextmanager
def noted(work: Counter[str], into: list[dict[str, int]]) -> Iterator[None]:
    work.clear()
    yield
    into.append(dict(work))


def test_an_account_that_is_unknown_left_or_new_costs_what_a_wrong_password_does(
    visitor: Visitor, staff: dict[Role, Account], office: Office, work: Counter[str]
) -> None:
    with office.database.session() as session:
        session.get_one(Account, staff[Role.member].id).active = False
        session.get_one(Account, staff[Role.auditor].id).password = ""
    visitor.client.cookies.set("engage_browser", "made.up")
    emails = [staff[role].email for role in (Role.officer, Role.member, Role.auditor)]
    # The first entry of the log begins it, and what is worked on where there is no password is made at the first try.
    visitor.sign_in("nobody.at.all@example.org", "three wrong words")
    tried: list[dict[str, int]] = []
    for email in ("nobody@example.org", *emails, "nobody.else@example.org"):
        token = visitor.token()
        sent = {"_csrf_token": token, "email": email, "password": "three wrong words"}
        with noted(work, tried):
            page = visitor.client.post("/sign-in", data=sent)
        assert (page.status_code, email in page.text) == (422, True)
    assert tried == [tried[0]] * len(tried)
    assert tried[0]["verify"] == 1


def test_a_link_that_was_never_made_costs_what_one_that_is_over_does(
    serve: Callable[[Office], Any], staff: dict[Role, Account], office: Office, work: Counter[str]
) -> None:
    people = People(*(_actor(staff[role]) for role in (Role.officer, Role.approver, Role.auditor)))
    campaign = Maker(office, people).launched(3)
    with office.database.session() as session:
        wave = session.exec(select(Wave).where(Wave.campaign_id == campaign.id)).first()
        assert wave is not None
        session.add(
            Message(
                authority=COUNCIL, campaign_id=campaign.id or 0, wave_id=wave.id or 0, uprn=1, ward="E05000001",
                channel="letter", template="t", reference="r", token=fingerprint("over"), state=MessageState.accepted,
            )
        )  # fmt: skip
        session.get_one(Campaign, campaign.id).ended_at = datetime(2016, 1, 1, tzinfo=UTC)
        session.get_one(Account, staff[Role.member].id).link = fingerprint("over")
        session.get_one(Account, staff[Role.member].id).link_expires = office.clock.now() - timedelta(days=1)
    client = serve(office)
    for way in ("/r/{}", "/r/{}/stop", "/welcome/{}"):
        for ask in (client.get, client.post) if way.startswith("/r/") else (client.get,):
            client.get(way.format("first"))
            tried: list[dict[str, int]] = []
            for token in ("over", "none", "x" * 500):
                with noted(work, tried):
                    assert ask(way.format(token)).status_code == 404
            assert tried == [tried[0]] * 3, way


def _actor(account: Account) -> Any:
    from engage.foundation.office import Actor

    return Actor(COUNCIL, account.label, account.id)
