"""Which requests are let in: names of the service, addresses that can be read, its own forms; and HEAD wherever GET."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engage.foundation.errors import SettingsInvalid
from engage.foundation.identity import Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings, load
from engage.migrations.upgrading import upgrade
from tests.website import Enter, Visitor, hire, token_in

CLOSED = {"scope": "email", "value": "nobody@example.com", "reason": "deceased"}


@pytest.fixture
def abroad(serve: Callable[[Office], Any], office: Office, tmp_path: Path) -> Any:
    """A service behind https, with a second name."""
    settings = Settings(home=tmp_path / "secure", base_url="https://register.example.org", hosts=["engage.example.org"])
    secure = Office(settings, office.clock)
    secure.settings.home.mkdir(mode=0o700)
    upgrade(secure.database)
    return serve(secure)


def test_it_answers_under_its_own_names_alone(abroad: Any) -> None:
    def asked(*hosts: str) -> int:
        return int(abroad.get("/sign-in", headers=[("host", host) for host in hosts]).status_code)

    own = (
        "register.example.org",
        "REGISTER.example.org:443",
        "engage.example.org",
        "127.0.0.1:8000",
        "localhost",
        "[::1]:80",
    )
    assert [asked(host) for host in own] == [200] * len(own)
    others = (
        "example.org",
        "register.example.org.example.com",
        "a.register.example.org",
        "[::1",
        "127.0.0.1:99999",
        "a b",
        "",
    )
    assert [asked(host) for host in others] == [400] * len(others)
    assert asked("register.example.org", "example.com") == 400, "which of two a proxy means, nobody knows"
    page = abroad.get("/sign-in", headers={"host": "example.com"})
    assert "ENGAGE_HOSTS" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_a_name_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGE_HOSTS", "register.example.org, *.example.org")
    with pytest.raises(SettingsInvalid, match=r"'\*.example.org' is no name of a host: give it without"):
        load()


def test_over_https_no_other_site_can_plant_a_cookie(abroad: Any) -> None:
    abroad.base_url = "https://register.example.org"
    cookies = abroad.get("/sign-in").headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-engage_form"]
    assert all({"Path=/", "Secure", "HttpOnly", "SameSite=lax"} <= set(cookie.split("; ")) for cookie in cookies)
    assert "__Host-engage<" in abroad.get("/cookies").text, "the page of cookies names them as they are"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/assets/manifest.json", "/nowhere", "/health", "/r/no-token", "/api/schema"]
)
def test_head_says_what_get_does_without_the_body(visitor: Visitor, path: str) -> None:
    told, whole = visitor.client.head(path), visitor.client.get(path)
    assert (told.status_code, told.content) == (whole.status_code, b"")
    same = ("content-type", "content-security-policy", "cache-control")
    assert [told.headers.get(name) for name in same] == [whole.headers.get(name) for name in same]


def test_head_is_told_of_where_get_is(visitor: Visitor) -> None:
    assert visitor.client.options("/sign-in").headers["allow"] == "GET, HEAD, OPTIONS"
    assert visitor.client.head("/sign-out").status_code == 405


def test_only_the_services_own_pages_send_forms(enter: Enter) -> None:
    officer = enter(Role.officer)
    foreign: list[dict[str, str]] = [
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://example.com"},
        {"origin": "null"}, {"origin": "http://testserver.local.example.com"}, {"origin": "https://testserver.local"},
        {"origin": "http://testserver.local", "sec-fetch-site": "cross-site"},
    ]  # fmt: skip
    answers = [officer.send("/suppressions", CLOSED, headers=each) for each in foreign]
    assert [answer.status_code for answer in answers] == [403] * len(foreign)
    assert {"another website" in answer.text for answer in answers} == {True}
    assert "Nobody has asked" in officer.get("/suppressions").text
    own = [{"sec-fetch-site": "same-origin"}, {"origin": "http://testserver.local"}, {}]
    assert {officer.send("/sign-out", headers=each, follow_redirects=False).status_code for each in own[:1]} == {303}
    assert officer.client.post("/r/no-token", headers={"origin": "https://example.com"}).status_code == 404, (
        "by its secret"
    )


def test_the_token_of_a_form_is_of_one_session(enter: Enter, visit: Callable[[], Visitor], office: Office) -> None:
    officer, other = enter(Role.officer), visit()
    hire(office, Role.officer, email="second@example.org")
    before = token_in(other.get("/sign-in").text)
    other.sign_in("second@example.org")
    theirs = other.token()

    def tried(token: str) -> int:
        sent = {"_csrf_token": token, **CLOSED}
        return int(officer.client.post("/suppressions", data=sent, follow_redirects=False).status_code)

    salt, _, seal = officer.token().partition(".")
    assert [tried(token) for token in (theirs, before, "", ".", f"{salt}.", f"x.{seal}", "\u00e9.x")] == [403] * 7
    assert officer.token() != officer.token(), "one in a compressed page cannot be guessed by its length"
    officer.client.cookies.set("engage_form", "planted")
    assert tried(officer.token()) != 403


@pytest.mark.parametrize("path", ["/campaigns/2147483648", "/data/99999999999999999999", "/segments/-1", "/r/a%00b"])
def test_a_number_beyond_the_database_is_of_nothing(enter: Enter, path: str) -> None:
    assert enter(Role.officer).get(path).status_code in (400, 404)
