"""While the database is away, every way in says 503 and when to try again; it is back by itself when the database is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlmodel import SQLModel

from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.website import Visitor, hire

TOKEN = "a-token-of-the-tests"
NOTIFY = {"authorization": f"Bearer {TOKEN}"}
TEXT = {"id": "text-1", "source_number": "447700900123", "message": "Hello", "date_received": "2026-06-01T09:00:00Z"}
CHOICE = {"inputs": [{"id": "place", "property": "search", "value": "?by=ward"}]}
PAGES = (
    "/",
    "/campaigns",
    "/wards",
    "/wards.csv",
    "/dashboard/",
    "/dashboard/_dash-layout",
    "/r/a-token",
    "/welcome/a-link",
)


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    settings = Settings(home=tmp_path / "home", database_url=database_url, notify_callback_token=SecretStr(TOKEN))
    office = Office(settings, SteppedClock(START))
    office.settings.home.mkdir(mode=0o700)
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
    hire(office, Role.officer)
    yield office
    office.close()


@contextmanager
def away(office: Office, url: str) -> Iterator[None]:
    """The file cannot be opened; the server takes no connection and has ended those it had."""
    if office.database.embedded:
        path = Path(url.removeprefix("sqlite:///"))
        office.database.close()
        path.rename(path.with_suffix(".kept"))
        path.mkdir()
        yield
        path.rmdir()
        path.with_suffix(".kept").rename(path)
        return
    server, _, name = url.rpartition("/")
    engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
        yield
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    engine.dispose()


def asked(officer: Visitor, token: str) -> dict[str, Any]:
    form = {"_csrf_token": token, "email": "officer@example.org", "password": "wrong words here"}
    client = officer.client
    return {
        **{path: officer.get(path) for path in PAGES},
        "HEAD /": client.head("/"),
        "API": client.get("/api/campaigns"),
        "form": client.post("/suppressions", data={"_csrf_token": token, "scope": "home", "value": "1"}),
        "sign-in": client.post("/sign-in", data=form),
        "resident": client.post("/r/a-token/stop"),
        "callback": client.post("/notify/received-texts", json=TEXT, headers=NOTIFY),
        "receipt": client.post("/notify/receipts", json={"id": "a", "status": "delivered"}, headers=NOTIFY),
        "dashboard": client.post("/dashboard/_dash-update-component", json=CHOICE),
    }


def test_it_says_when_to_try_again_and_is_back_by_itself(
    office: Office, database_url: str, serve: Callable[[Office], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    officer = Visitor(serve(office))
    officer.sign_in("officer@example.org")
    token = officer.token()
    with away(office, database_url):
        answers = asked(officer, token)
        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 503)
        assert {answer.headers["retry-after"] for answer in answers.values()} == {"30"}
        assert "cannot reach its database" in answers["/wards"].text
        assert answers["callback"].headers["content-type"].startswith("application/problem+json")
        assert capsys.readouterr().err.count('"fault"') >= len(answers), "each has its line in the log"
        assert officer.get("/health").json()["database"]["well"] is False
    assert officer.get("/campaigns").status_code == 200, "still signed in"
    assert officer.client.post("/notify/received-texts", json=TEXT, headers=NOTIFY).status_code == 204


def test_a_database_that_stays_locked_is_away_for_who_writes(
    office: Office, database_url: str, serve: Callable[[Office], Any]
) -> None:
    if not office.database.embedded:
        pytest.skip("PostgreSQL locks rows")
    sa.event.listen(office.database.engine, "connect", lambda own, _: own.execute("PRAGMA busy_timeout=20").close())
    office.database.close()
    client = serve(office)
    other = sa.create_engine(database_url)
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        locked = client.post("/notify/received-texts", json=TEXT, headers=NOTIFY)
        assert (locked.status_code, locked.headers["retry-after"]) == (503, "30")
    other.dispose()
    assert client.post("/notify/received-texts", json=TEXT, headers=NOTIFY).status_code == 204


@contextmanager
def reading_alone(office: Office, url: str) -> Iterator[None]:
    """It answers, and takes no changes: as a standby, or a file that nobody may write."""
    engine = office.database.engine
    told = "PRAGMA query_only=ON" if office.database.embedded else "SET default_transaction_read_only=on"

    def refuse(own: Any, _: object) -> None:
        own.execute(told).close()
        if not office.database.embedded:
            own.commit()

    sa.event.listen(engine, "connect", refuse)
    office.database.close()
    yield
    sa.event.remove(engine, "connect", refuse)
    office.database.close()


def test_a_database_that_takes_no_changes_is_read_and_said(
    office: Office, database_url: str, serve: Callable[[Office], Any]
) -> None:
    officer = Visitor(serve(office))
    officer.sign_in("officer@example.org")
    token = officer.token()
    form = {"_csrf_token": token, "scope": "email", "value": "a@example.org", "reason": "asked by phone"}
    with reading_alone(office, database_url):
        assert "Nothing can be saved" not in officer.get("/campaigns").text
        refused = officer.client.post("/suppressions", data=form)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert "Nothing can be saved at the moment" in refused.text
        assert "what you typed is still there" in refused.text
        for path in ("/", "/campaigns", "/data", "/wards"):
            page = officer.get(path)
            assert (page.status_code, "Nothing can be saved at the moment" in page.text) == (200, True), path
    assert officer.client.post("/suppressions", data=form).status_code == 200
