"""The counts of all processes together, and who may read them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import RequestFactory, TestClient
from sqlalchemy.exc import OperationalError

from engage.foundation.office import Office
from engage.foundation.settings import Settings
from engage.foundation.web.askers import visitors
from engage.foundation.web.tally import Tally, sums


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Asked by a program on this machine."""
    if "settings" not in request.fixturenames:
        monkeypatch.setattr(visitors, "on_this_machine", lambda *_: True)


def counted(client: TestClient[Any], route: str) -> int:
    found = re.search(
        rf'engage_answers_total{{method="GET",route="{route}",status="200"}} (\d+)', client.get("/metrics").text
    )
    return int(found[1]) if found else 0


def test_two_processes_are_counted_as_one_and_a_new_one_goes_on(
    office: Office, application: Callable[[Office], Any]
) -> None:
    with TestClient(application(office)) as one, TestClient(application(office)) as two:
        one.get("/cookies")
        assert counted(one, "/cookies") == 1
        two.get("/cookies")
        one.get("/cookies")
        assert (counted(two, "/cookies"), counted(one, "/cookies")) == (2, 3), "each adds its own when it is asked"
    with TestClient(application(office)) as third:
        third.get("/r/secret")
        assert counted(third, "/cookies") == 3
        text = third.get("/metrics").text
        assert "engage_workers 0.0" in text
        assert "/r/" not in text
        assert 'engage_outage{kind="worker"} 0.0' in text


def test_what_cannot_be_written_is_kept_for_the_next_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally(office)
    tally.count("GET", "/data", 200, 0.1)
    with monkeypatch.context() as away:
        away.setattr(office.database, "session", _fails)
        tally.add_up()
    tally.count("BREW", "/data", 200, 2.0)
    tally.count("GET", "/data", 200, 2.0)
    tally.count("POST", "/r/{token}", 200, 0.1)
    tally.count("POST", "/r/{token}", 500, 0.1)
    tally.add_up()
    with office.database.reading() as session:
        assert [(row.method, row.route, row.status, row.answers, row.slow) for row in sums(session)] == [
            ("GET", "/data", 200, 2, 1), ("other", "/data", 200, 1, 1), ("POST", "not told", 500, 1, 0),
        ]  # fmt: skip


def _fails() -> None:
    raise OperationalError("", {}, OSError())


@pytest.mark.parametrize(
    ("settings", "host", "headers", "status"),
    [
        ({}, "127.0.0.1", {}, 200),
        ({}, "::1", {}, 200),
        ({}, "10.0.0.7", {}, 401),
        ({}, "127.0.0.1", {"X-Forwarded-For": "203.0.113.5"}, 401),
        ({}, "127.0.0.1", {"Via": "1.1 proxy"}, 401),
        ({"base_url": "https://register.example.org"}, "127.0.0.1", {}, 401),
        ({"base_url": "https://register.example.org", "trusted_proxies": "127.0.0.1"}, "127.0.0.1", {}, 401),
        ({"base_url": "https://register.example.org", "trusted_proxies": "10.0.0.1"}, "127.0.0.1", {}, 200),
    ],
)
def test_who_is_on_this_machine(settings: dict[str, str], host: str, headers: dict[str, str], status: int) -> None:
    request = RequestFactory().get("/metrics", headers=headers)
    request.scope["client"] = (host, 1)
    assert visitors.on_this_machine(request, Settings(**settings)) is (status == 200)  # type: ignore[arg-type]  # as from the environment
