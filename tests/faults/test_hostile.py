"""A few requests of each kind that `benchmarks/hostile.py` sends by the hundred thousand: none is answered by a 5xx."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import SQLModel

from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.faults.hostile import CALLBACK_TOKEN, JSON, KINDS, UPDATE, Asker, Browser, Made, answered, ask
from tests.website import PASSWORD, hire

NO_CHARSET = b'--x\r\nContent-Disposition: form-data; name="email"\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\r\n--x--'
HOST, OF_EACH = "127.0.0.1:8000", 20


@pytest.fixture
def service(database_url: str, tmp_path: Path, application: Callable[[Office], Any]) -> Any:
    """On each database, with an account for each role and nothing else."""
    token = SecretStr(CALLBACK_TOKEN)
    settings = Settings(
        home=tmp_path / "home", database_url=database_url, notify_callback_token=token, log_level="error"
    )
    office = Office(settings, SteppedClock(START))
    office.settings.home.mkdir(mode=0o700)
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
    for role in Role:
        hire(office, role)
    yield application(office)
    office.close()


async def _tell_bad(app: Any) -> list[str]:
    chance, asker = Random(7), Asker(app)
    async with app.lifespan():
        entered = [await Browser(HOST).sign_in(app, f"{role.name}@example.org", PASSWORD) for role in Role]
        assert all(browser.entered for browser in entered)
        browsers = [await Browser(HOST).look(app), *entered]
        asked = [asker.make(chance, chance.choice(browsers), kind) for kind in KINDS for _ in range(OF_EACH)]
        asked += [made for browser in entered[:1] for made in _known(browser)]
        return [f"{status} {made.kind} {made.shown}" for made in asked if _is_bad(status := await ask(app, made), made)]


def _is_bad(status: int, made: Made) -> bool:
    return status >= 500 and not made.expects(status)


def _known(browser: Browser) -> list[Made]:
    """What was answered by a 5xx once."""
    own = (*browser.headers, ("content-type", JSON), ("x-csrftoken", browser.token))
    notify = (("authorization", f"Bearer {CALLBACK_TOKEN}"), ("content-type", JSON), ("host", HOST))
    multipart = (*browser.headers, ("content-type", "multipart/form-data; boundary=x"))
    choice = {"inputs": [{"id": "place", "property": "search", "value": "?by=ward"}]}
    text = {"id": "a", "source_number": "447700900123", "message": "STOP", "date_received": "0001-01-01"}
    paths = ("/campaigns/9223372036854775808", "/data/99999999999999999999/undo", f"/replies/{'9' * 400}")
    suites = ("dash/dcc/nothing.js", "no_such/a.js", "dash/%00")
    return [
        *[Made("number", path, "GET", path, headers=own) for path in paths],
        *[Made("query", "/replies", "GET", "/replies", query, own) for query in (b"page=9223372036854775807", b"kind=\xff")],
        *[Made("suite", "", "GET", f"/dashboard/_dash-component-suites/{name}", headers=own) for name in suites],
        *[Made("dash", UPDATE, "POST", UPDATE, headers=own, body=body) for body in (b"", b"[]", b'{"output":' * 9000)],
        Made("dash", UPDATE, "POST", UPDATE, b"", (*browser.headers, ("content-type", "text/plain")), json.dumps(choice).encode()),
        *[
            Made("text", "", "POST", "/notify/received-texts", b"", notify, json.dumps(text | {"date_received": day}).encode())
            for day in ("0001-01-01", "9999-12-31T23:59:59-12:00", "2026-06-01")
        ],
        *[Made("deep", path, "POST", path, b"", notify, b"[" * 20_000) for path in ("/notify/receipts", "/api/campaigns")],
        Made("charset", "/sign-in", "POST", "/sign-in", b"", multipart, NO_CHARSET),
        Made("letters", "/sign-in", "POST", "/sign-in", b"", multipart, NO_CHARSET.replace(b"no-such", b"utf-8") + b"\xff"),
        Made("nul", "", "POST", "/notify/returned-letters", b"", notify, b'{"notification_id": "\\u0000"}'),
    ]  # fmt: skip


def test_no_hostile_request_is_a_fault_of_ours(service: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert asyncio.run(_tell_bad(service)) == []
    assert '"fault"' not in capsys.readouterr().err


def test_a_fault_has_a_line_and_a_kind_page(service: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Also what arises beyond every handler, and within the dashboard."""

    async def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(service, "asgi_router", fail)
    monkeypatch.setattr(service.asgi_handler, "_app", fail)
    status, headers, body = asyncio.run(answered(service, Made("", "", "GET", "/sign-in", headers=(("host", HOST),))))
    assert (status, dict(headers)["x-content-type-options"]) == (500, "nosniff")
    assert b"reference <strong>" in body
    assert capsys.readouterr().err.count('"fault"') == 1
