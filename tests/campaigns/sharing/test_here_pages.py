"""The page a poster leads to, on both databases: it says the same to everybody, sets no cookie, and counts presses."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from litestar.testing import TestClient
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel, select

from campaigns.sharing import counts, posters
from campaigns.sharing.posters import KINDS, LENGTH, LETTERS, Place
from engage.deployment.purging import purge
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.foundation.web.askers.attempts import Attempt
from tests.conftest import EAST_STAFFORDSHIRE, START

PHONE = {"user-agent": "Mozilla/5.0 (Linux; Android 8.0) Mobile", "sec-fetch-mode": "navigate"}


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        reached = {"phone": "01632 960000", "email": "elections@example.com", "name_cy": "Dwyrain Swydd Stafford"}
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire", **reached))
    yield office
    office.close()


@pytest.fixture
def client(office: Office, serve: Callable[[Office], TestClient[Any]]) -> TestClient[Any]:
    client = serve(office)
    client.headers.update(PHONE)
    return client


def presses(office: Office) -> dict[str, int]:
    with office.database.reading() as session:
        found = counts.counted(session, posters.of(session, EAST_STAFFORDSHIRE))
    return {what: sum(each[what] for each in found.values()) for what in counts.PRESSES}


def test_from_the_poster_to_the_count(
    office: Office, client: TestClient[Any], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = posters.codes(office, actor, Place("E05000001", "Abbey"))
    assert set(made) == set(KINDS)
    assert all(re.fullmatch(f"[{LETTERS}]{{{LENGTH}}}", code) for code in made.values())
    assert posters.codes(office, actor, Place("E05000001", "Abbey")) == made, "one code, however often a pack is made"
    code = made["poster"]
    page = client.get(f"/here/{code.lower()[:3]}-{code[3:]}")  # as somebody types it
    assert (page.status_code, page.headers.get_list("set-cookie")) == (200, [])
    assert "Are we all registered here?" in page.text
    assert not re.search(r"<input|<textarea|<select|_csrf|Abbey", page.text), "asks for nothing, and tells no place"
    welsh = client.get(f"/yma/{code}").text
    assert re.search('<html lang="cy".*Dwyrain Swydd Stafford.*Cofrestru ar GOV.UK', welsh, re.DOTALL)
    on = client.get(f"/yma/{code}/register", follow_redirects=False)
    assert on.headers["location"] == "https://www.gov.uk/cofrestru-i-bleidleisio"
    for act, words in (("help", "01632 960000"), ("registered", "Thank you")):
        answer = client.post(f"/here/{code}/{act}")
        assert (words in answer.text, answer.headers.get_list("set-cookie")) == (True, [])
        assert client.get(f"/here/{code}/{act}?lang=cy").status_code == 200, "looking again is no press"
    assert presses(office) == {"visit": 2, "register": 1, "help": 1, "registered": 1}
    assert client.post(f"/here/{code}/help", headers={"origin": "https://example.org"}).status_code == 403
    client.get(f"/here/{code}", headers={"user-agent": "facebookexternalhit/1.1"})
    client.get(f"/here/{code}", headers={"sec-purpose": "prefetch"})
    assert presses(office)["visit"] == 2
    monkeypatch.setattr(counts, "OF_ADDRESS", 3)
    monkeypatch.setattr(counts.visitors, "address", lambda *_: "203.0.113.9")
    assert [client.get(f"/here/{code}").status_code for _ in range(5)] == [200] * 5, "answered, whether counted or not"
    assert presses(office)["visit"] == 5
    with monkeypatch.context() as patch:
        patch.setattr(counts.attempts, "taken", Mock(side_effect=OperationalError("", {}, Exception("read only"))))
        assert client.get(f"/here/{code}").status_code == 200, "also where nothing can be written"
    office.clock.move_to(START + timedelta(minutes=16))  # type: ignore[attr-defined]  # stepped
    with office.database.session() as session:
        assert len(session.exec(select(Attempt)).all()) == 2
    purge(office)
    with office.database.session() as session:
        assert session.exec(select(Attempt)).all() == []
    with office.database.reading() as session:
        kept = [[str(row) for row in session.execute(t.select())] for t in SQLModel.metadata.sorted_tables]
        said = [e.detail for e in session.exec(select(AuditEntry).where(AuditEntry.act == "make share pack"))]
    assert "203.0.113.9" not in str(kept)
    assert [each["ward"] for each in said] == ["E05000001"] * 2


def test_a_code_that_is_none_is_told_without_a_guess_at_why(client: TestClient[Any]) -> None:
    for path in ("/here/4444444", "/yma/x", "/here/%F0%9F%98%80", f"/here/{'4' * 500}/register", "/here/a/help"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "https://www.gov.uk/register-to-vote" in answer.text
    assert "Nid yw’r cyfeiriad hwn yn gyflawn" in client.get("/yma/x").text
