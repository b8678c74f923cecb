"""Coming in by the council's own sign-in: a real provider on this machine, and what a browser may bring back from it."""

import time
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlmodel import SQLModel, select

from engage.accounts import colleagues
from engage.accounts.provider import SIGNS_OUT
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SettingsInvalid
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.foundation.web.askers import attempts, visitors
from tests.conftest import START
from tests.website import COUNCIL, Visitor, browsers, hire

ELSEWHERE = "E07000999"
GROUPS = (
    f"Managers=approver; Officers=officer; Bosses=administrator; Theirs=officer@{ELSEWHERE}; Ours=officer@{COUNCIL}"
)
Visit = Callable[[], Visitor]
# The provider that the tests run calls its own library as that library's next version will not be called.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from oidc_provider_mock import run_server_in_thread

        with run_server_in_thread() as server:
            yield f"http://localhost:{server.server_port}"


@pytest.fixture
def office(tmp_path: Path, issuer: str) -> Iterator[Office]:
    settings = Settings(
        home=tmp_path / "home", oidc_issuer=issuer, oidc_client_id="engage", oidc_client_secret="secret",
        oidc_groups=GROUPS,
    )  # fmt: skip
    office = Office(settings, SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    yield office
    office.close()


@pytest.fixture
def visit(office: Office, serve: Callable[[Office], Any]) -> Visit:
    return browsers(serve(office))


def known_there(issuer: str, name: str, **claims: Any) -> None:
    told = {"email": f"{name}@example.org", "name": name.title(), "sid": f"s-{name}", **claims}
    httpx.put(f"{issuer}/users/{name}", json=told).raise_for_status()


def consented(visitor: Visitor, name: str, path: str = "/sign-in/provider") -> str:
    """Where the provider sends the browser of somebody who says yes there."""
    away = visitor.get(path, follow_redirects=False).headers["location"]
    assert "code_challenge_method=S256" in away
    back = httpx.post(away, data={"sub": name}).headers["location"]
    return urlsplit(back)._replace(scheme="", netloc="").geturl()


def come(visitor: Visitor, name: str, path: str = "/sign-in/provider") -> httpx.Response:
    return visitor.get(consented(visitor, name, path))


def account(office: Office, email: str) -> Account:
    with office.database.session() as session:
        return session.exec(select(Account).where(Account.email == email)).one()


def test_groups_open_an_account_and_say_its_role_each_time(visit: Visit, office: Office, issuer: str) -> None:
    visitor = visit()
    known_there(issuer, "olive", groups=["Staff", "Officers"])
    assert "Sign in with your council’s account" in visitor.get("/sign-in").text
    assert come(visitor, "olive", "/sign-in/provider?next=/data").url.path == "/data"
    assert account(office, "olive@example.org").role == "officer"
    out = visitor.send("/sign-out")
    assert f'href="{issuer}/oauth2/end_session' in out.text
    assert visitor.get("/data").url.path == "/sign-in"
    known_there(issuer, "olive", groups=["Officers", "Managers"])
    assert come(visitor, "olive").status_code == 200
    assert account(office, "olive@example.org").role == "approver", "the first of the setting, not of the token"
    known_there(issuer, "olive", groups=["Staff"])
    lost = come(visit(), "olive")
    assert (lost.status_code, "none of its groups may use Engage" in lost.text) == (403, True)
    known_there(issuer, "ada", groups="Bosses")
    assert come(visit(), "ada").url.path == "/"
    known_there(issuer, "ada", groups="Officers")
    come(visit(), "ada")
    assert account(office, "ada@example.org").role == "administrator", "the last one stays"
    with office.database.session() as session:
        entries = session.exec(select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [entry.act for entry in entries][:4] == [
        "open account by the council's own sign-in", "signed in", "change role", "signed in",
    ]  # fmt: skip
    assert "@" not in " ".join(entry.model_dump_json() for entry in entries)


def test_what_comes_back_belongs_to_one_browser_once_and_for_ten_minutes(
    visit: Visit, office: Office, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_there(issuer, "olive", groups=["Officers"])
    visitor, clock = visit(), office.clock
    back = consented(visitor, "olive")
    assert visit().get(back).status_code == 403, "another browser"
    assert visitor.get(back.replace("state=", "state=x")).status_code == 403
    assert visitor.get(back).status_code == 403, "a wrong state used it up"
    back = consented(visitor, "olive")
    assert visitor.get(f"{back}&iss=https://evil.example.org").status_code == 403
    back = consented(visitor, "olive")
    assert isinstance(clock, SteppedClock)
    clock.advance(timedelta(minutes=11))
    late = visitor.get(back)
    assert (late.status_code, "Begin again" in late.text) == (403, True)
    back = consented(visitor, "olive")
    assert visitor.get(back).url.path == "/"
    assert visitor.get(back).status_code == 403, "the same code again"
    declined = visitor.get("/sign-in/provider", follow_redirects=False).headers["location"]
    state = httpx.URL(declined).params["state"]
    assert "did not let you in" in visitor.get(f"/sign-in/provider/back?error=access_denied&state={state}").text
    monkeypatch.setattr(visitors, "address", lambda *_: "203.0.113.9")
    monkeypatch.setattr(attempts, "OF_ADDRESS", 1)
    again = [visit().get("/sign-in/provider", follow_redirects=False).status_code for _ in range(2)]
    assert again == [302, 429], "who only sets out leaves a session each time"


def test_an_account_made_here_becomes_theirs_by_link_or_verified_address(
    visit: Visit, office: Office, issuer: str
) -> None:
    boss = Actor(COUNCIL, "administrator 1", hire(office, Role.administrator, email="boss@example.org").id)
    local = hire(office, Role.approver, email="olive@example.org")
    known_there(issuer, "olive", groups=["Officers"])
    taken = come(visit(), "olive")
    assert (taken.status_code, "There is an account with your email address" in taken.text) == (403, True)
    link = colleagues.new_link(office, boss, local.id or 0).rpartition("/")[2]
    assert "Use your council’s account" in visit().get(f"/welcome/{link}").text
    assert come(visit(), "olive", f"/welcome/{link}/provider").url.path == "/"
    found = account(office, "olive@example.org")
    assert (found.id, found.role, found.link) == (local.id, "officer", "")
    assert visit().get(f"/welcome/{link}/provider").status_code == 404, "it works once"
    other = hire(office, Role.officer, email="vera@example.org")
    known_there(issuer, "vera", groups=["Officers"], email_verified=True)
    assert come(visit(), "vera").status_code == 200
    assert account(office, "vera@example.org").provider_subject
    colleagues.leave(office, boss, other.id or 0)
    gone = come(visit(), "vera")
    assert (gone.status_code, "Your account here was ended" in gone.text) == (403, True)


def test_the_provider_ends_sign_ins(visit: Visit, office: Office, issuer: str) -> None:
    here, there, local = visit(), visit(), visit()
    for name in ("olive", "vera"):
        known_there(issuer, name, groups=["Officers"])
    come(here, "olive")
    known_there(issuer, "olive", groups=["Officers"], sid="s-2")
    come(there, "olive")
    local.sign_in(hire(office, Role.officer, email="local@example.org").email)
    provider, key = here.client.app.state.provider, RSAKey.generate_key(2048, {"kid": "test"})
    provider.client.server_metadata["jwks"] = {"keys": [key.as_dict(private=False)]}

    def say(**claims: Any) -> int:
        told = {"iss": issuer, "aud": "engage", "iat": int(time.time()), "events": {SIGNS_OUT: {}}, **claims}
        token = jwt.encode({"alg": "RS256", "kid": "test"}, told, key)
        return here.client.post("/sign-in/provider/sign-out", data={"logout_token": token}).status_code

    def inside() -> list[bool]:
        return [each.get("/data").url.path == "/data" for each in (here, there, local)]

    assert say(jti="1", sub="vera") == 200
    assert inside() == [True, True, True]
    assert say(jti="2", sub="olive", sid="s-olive") == 200
    assert inside() == [False, True, True]
    assert say(jti="2", sub="olive") == 400, "used before"
    assert here.client.post("/sign-in/provider/sign-out", data={"logout_token": "x"}).status_code == 400
    assert inside() == [False, True, True]
    assert say(jti="3", sub="olive") == 200
    assert inside() == [False, False, True], "who came by a password stays"


def test_who_is_let_in_where_and_the_day_the_provider_is_away(
    serve: Callable[[Office], Any], office: Office, issuer: str
) -> None:
    office.settings.local_accounts = "administrators"
    visitor = Visitor(serve(office))
    refused = visitor.sign_in(hire(office, Role.officer, email="o@example.org").email)
    assert (refused.status_code, "administrators alone" in refused.text) == (422, True)
    boss = hire(office, Role.administrator, email="boss@example.org")
    with office.database.session() as session:
        session.add(Authority(code=ELSEWHERE, name="Elsewhere"))
    known_there(issuer, "olive", groups=["Officers"])
    nowhere = come(visitor, "olive")
    assert (nowhere.status_code, "Several authorities" in nowhere.text) == (403, True)
    for name, group, code in (("vera", "Theirs", ELSEWHERE), ("una", "Ours", COUNCIL)):
        known_there(issuer, name, groups=[group])
        come(visitor, name)
        assert account(office, f"{name}@example.org").authority == code
    known_there(issuer, "una", groups=["Theirs"])
    assert come(visitor, "una").status_code == 403
    visitor.client.cookies.clear()
    office.settings.oidc_issuer = "http://localhost:9"
    away = Visitor(serve(office))
    page = away.get("/sign-in/provider")
    assert (page.status_code, "did not answer" in page.text, "/sign-in" in page.text) == (503, True, True)
    assert away.sign_in(boss.email).url.path == "/"
    office.settings.oidc_groups = ["Officers=mayor"]
    with pytest.raises(SettingsInvalid, match="'mayor'"):
        serve(office)
