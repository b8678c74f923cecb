"""Systems that read by a token: what it opens, for how long, and how often."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from sqlmodel import SQLModel, select

from engage.deployment import systems
from engage.foundation.access.tokens import SystemToken
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.foundation.web.askers import bearers, visitors
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.website import Visitor, hire

LAST = date(2026, 6, 30)
ELSEWHERE = "203.0.113.5"


@pytest.fixture
def office(application: Callable[[Office], Any], database_url: str, tmp_path: Path) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add_all([Authority(code=EAST_STAFFORDSHIRE, name="Ours"), Authority(code="E07000194", name="Theirs")])
    yield office
    office.close()


def test_a_token_reads_what_its_rights_let_it_until_its_day(
    office: Office, application: Callable[[Office], Any], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearers, "OF_ADDRESS", 3)
    monkeypatch.setattr(visitors, "address", lambda *_: ELSEWHERE)
    _, secret = systems.give(office, actor, "Addresses", ["see the gazetteer"], LAST)
    counting, counter = systems.give(office, actor, "Watcher", ["read metrics"], LAST)
    assert isinstance(office.clock, SteppedClock)
    with TestClient(application(office)) as client:

        def asked(path: str, token: str = secret) -> int:
            client.cookies.clear()
            sent = {"Authorization": f"Bearer {token}"}
            return client.get(path, headers=sent, follow_redirects=False).status_code

        assert [asked(path) for path in ("/api/data", "/api/schema", "/api/segments", "/api/campaigns")] == [
            200,
            200,
            403,
            403,
        ]
        assert [asked("/metrics"), asked("/metrics", counter), asked("/api/data", counter)] == [403, 200, 403]
        assert client.get("/metrics").status_code == 401
        assert [asked(path) for path in ("/data", "/", "/audit")] == [303, 303, 303], "never a page"
        Visitor(client).sign_in(hire(office, Role.officer).email)
        cookie = {"x-csrftoken": Visitor(client).token(), "Authorization": f"Bearer {secret}"}
        refused = client.post("/api/campaigns", json={}, headers=cookie)
        assert (refused.status_code, refused.json()["detail"]) == (403, bearers.ONLY_READS), "nor with a session"
        client.cookies.clear()

        with monkeypatch.context() as few:
            few.setattr(bearers, "OF_TOKEN", 5)
            assert [asked("/api/data"), asked("/api/data", counter)] == [429, 403]
        assert [asked("/api/data", "guessed") for _ in range(4)] == [401, 401, 401, 429]
        assert asked("/api/data") == 200, "guesses keep no system out"
        systems.end(office, actor, counting.id or 0)
        office.clock.move_to(START + timedelta(days=1))
        assert [asked("/metrics", counter), asked("/api/data")] == [401, 200]
        office.clock.move_to(START + timedelta(days=30))
        assert asked("/api/data") == 401


def test_what_is_kept_and_recorded(office: Office, actor: Actor) -> None:
    made, secret = systems.give(office, actor, " Planning ", ["see figures", "see figures"], LAST)
    theirs, _ = systems.give(office, Actor("E07000194", "administrator 2"), "Planning", ["see figures"], LAST)
    with pytest.raises(NotFound, match="There is no token"):
        systems.end(office, actor, theirs.id or 0)
    systems.end(office, actor, made.id or 0)
    with pytest.raises(InputRefused, match="was ended before"):
        systems.end(office, actor, made.id or 0)
    with office.database.reading() as session:
        kept = session.execute(sa.select(SystemToken.__table__)).all()  # type: ignore[attr-defined]  # of every table model
        told = session.exec(select(AuditEntry).where(AuditEntry.authority == actor.authority)).all()
    assert secret not in repr(kept)
    assert [(each.system, each.rights) for each in systems.listed(office, actor)] == [("Planning", ["see figures"])]
    assert [(each.act, each.subject) for each in told] == [("give a token", "token 1"), ("end a token", "token 1")]
    assert "Planning" not in repr(told)


@pytest.mark.parametrize(
    ("system", "rights", "until", "words"),
    [
        ("A", ["approve campaigns"], LAST, "The right is 'approve campaigns': expected one of read metrics, see data"),
        ("A", [], LAST, "The right is ''"),
        (" ", ["see data"], LAST, "The system is ' ': expected its name"),
        (
            "A",
            ["see data"],
            date(2026, 5, 31),
            "The last day is 2026-05-31: expected one from 2026-06-01 to 2027-06-02",
        ),
        ("A", ["see data"], date(2028, 1, 1), "The last day is 2028-01-01"),
    ],
)
def test_what_no_token_is(actor: Actor, system: str, rights: list[str], until: date, words: str) -> None:
    from engage.foundation.access.tokens import demand_possible

    with pytest.raises(InputRefused) as refused:
        demand_possible(system, rights, until, START)
    assert str(refused.value).startswith(words)
