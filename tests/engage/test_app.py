"""What every page has in common: rights, headers, assets, errors, logs, health."""

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from engage.foundation.errors import EngageError
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from engage.foundation.web import faults, static
from engage.migrations import upgrade
from tests.website import COUNCIL, Enter, Visitor, hire

Serve = Callable[[Office], Any]
ADMINISTRATOR, OFFICER, APPROVER, AUDITOR, MEMBER = Role
EVERYBODY = set(Role)
STAFF = EVERYBODY - {MEMBER}

WHO_SEES = {
    "/": EVERYBODY,
    "/data": STAFF,
    "/data/new": {ADMINISTRATOR, OFFICER},
    "/data/former-contacts": {ADMINISTRATOR, OFFICER},
    "/gaps": STAFF,
    "/segments": STAFF,
    "/segments/new": {ADMINISTRATOR, OFFICER},
    "/campaigns": STAFF,
    "/campaigns/new": {ADMINISTRATOR, OFFICER},
    "/approvals": {ADMINISTRATOR, APPROVER},
    "/restored": STAFF,
    "/replies": STAFF,
    "/replies/help": STAFF,
    "/replies/complaints": {ADMINISTRATOR, OFFICER},
    "/replies/returned-letters": {ADMINISTRATOR, OFFICER},
    "/suppressions": STAFF,
    "/person": {ADMINISTRATOR},
    "/audit": {ADMINISTRATOR, AUDITOR},
    "/api/data": STAFF,
    "/api/segments": STAFF,
    "/api/segments/schema": STAFF,
    "/api/campaigns": STAFF,
}
OPEN = ("/sign-in", "/accessibility", "/privacy", "/cookies", "/health", "/metrics", "/api/schema")


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_its_pages_and_no_others(enter: Enter, role: Role) -> None:
    visitor = enter(role)
    answers = {path: visitor.get(path, follow_redirects=False).status_code for path in WHO_SEES if path != "/"}
    assert answers == {path: 200 if role in who else 403 for path, who in WHO_SEES.items() if path != "/"}


@pytest.mark.parametrize("role", list(Role))
def test_the_navigation_offers_only_what_the_role_may_see(enter: Enter, role: Role) -> None:
    visitor = enter(role)
    page = visitor.get("/cookies").text
    offered = set(re.findall(r'class="govuk-service-navigation__link" href="([^"]+)"', page)) & WHO_SEES.keys()
    top = {"/data", "/gaps", "/segments", "/campaigns", "/approvals", "/replies", "/suppressions", "/person", "/audit"}
    assert offered & top == {path for path in top if role in WHO_SEES[path]}


def test_a_visitor_sees_nothing_but_the_open_pages(visitor: Visitor) -> None:
    pages = [path for path in WHO_SEES if not path.startswith("/api")]
    assert {visitor.get(path).url.path for path in pages} == {"/sign-in"}
    assert {visitor.get(path).status_code for path in WHO_SEES if path.startswith("/api")} == {401}
    assert {path: visitor.get(path).status_code for path in OPEN} == dict.fromkeys(OPEN, 200) | {"/health": 503}


def test_another_authority_sees_nothing_of_this_one(visit: Callable[[], Visitor], staff: Any, office: Office) -> None:
    with office.database.session() as session:
        session.add(Authority(code="E07000999", name="Elsewhere"))
    hire(office, OFFICER, authority="E07000999", email="elsewhere@example.org")
    ours, theirs = visit(), visit()
    ours.sign_in(staff[OFFICER].email)
    theirs.sign_in("elsewhere@example.org")
    saved = ours.send(
        "/segments/new",
        {"name": "Empty homes", "c0-column": "electors", "c0-is": "exactly", "c0-value": "0", "act": "save"},
        follow_redirects=False,
    ).headers["location"]
    assert "Empty homes" in ours.get("/segments").text
    assert "Empty homes" not in theirs.get("/segments").text
    assert theirs.get("/api/segments").json() == []
    assert theirs.get(saved).status_code == 404
    assert theirs.get(f"/api{saved}").status_code == 404


def test_every_page_loads_only_what_is_ours(enter: Enter) -> None:
    visitor = enter(ADMINISTRATOR)
    for path in (*WHO_SEES, *OPEN, "/nowhere"):
        page = visitor.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy or page.url.path.startswith("/dashboard")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        if page.headers["content-type"].startswith("text/html"):
            assert "&lt;" not in page.text, "no markup is shown as words"
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page.text), path
            loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page.text)
            assert loaded
            assert all(address.startswith("/assets/") for address in loaded), path


def test_strict_transport_only_where_there_is_https(serve: Serve, office: Office, tmp_path: Any) -> None:
    assert "strict-transport-security" not in Visitor(serve(office)).get("/sign-in").headers
    secure = Office(Settings(home=tmp_path / "secure", base_url="https://register.example.org"), office.clock)
    secure.settings.home.mkdir(mode=0o700)
    upgrade(secure.database)
    answer = Visitor(serve(secure)).get("/sign-in")
    assert "max-age=" in answer.headers["strict-transport-security"]
    assert all("Secure" in value for value in answer.headers.get_list("set-cookie"))
    assert answer.headers.get_list("set-cookie")


def test_assets_are_kept_for_ever_and_compressed(visitor: Visitor) -> None:
    for name in ("engage.css", "engage.js", "govuk-frontend.js", "htmx.js"):
        answer = visitor.get(static.asset(name), headers={"Accept-Encoding": "gzip"})
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        plain = visitor.get(static.asset(name), headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content
    assert visitor.get("/assets/manifest.json").status_code == 404
    assert visitor.get("/assets/..%2fapp.py").status_code == 404


def test_no_font_crest_or_foreign_address_is_shipped() -> None:
    manifest = json.loads((static.STATIC / "manifest.json").read_text())["files"]
    style = (static.STATIC / manifest["engage.css"]).read_text()
    assert not re.search(r"GDS Transport|@font-face|crest|url\((?!data:)", style)
    assert "system-ui" in style
    script = (static.STATIC / manifest["engage.js"]).read_text()
    assert f'from "./{manifest["govuk-frontend.js"]}"' in script
    for name in manifest.values():
        assert gzip.decompress((static.STATIC / f"{name}.gz").read_bytes()) == (static.STATIC / name).read_bytes()
    kept = {path.name for path in static.STATIC.iterdir()}
    assert kept == {"manifest.json", *manifest.values(), *(f"{name}.gz" for name in manifest.values())}


def test_a_form_of_another_site_changes_nothing(enter: Enter, office: Office) -> None:
    visitor = enter(OFFICER)
    forged = visitor.client.post("/suppressions", data={"scope": "home", "value": "1", "reason": "deceased"})
    assert forged.status_code == 403
    assert "This form is too old" in forged.text
    assert "Nobody has asked" in visitor.get("/suppressions").text


def test_the_demo_says_so_on_every_page(serve: Serve, office: Office, tmp_path: Any) -> None:
    demo = Office(Settings(home=tmp_path / "demo", demo=True), office.clock)
    demo.settings.home.mkdir(mode=0o700)
    upgrade(demo.database)
    visitor = Visitor(serve(demo))
    assert {"Demo data" in visitor.get(path).text for path in ("/sign-in", "/privacy", "/nowhere")} == {True}
    assert "Demo data" not in Visitor(serve(office)).get("/sign-in").text


SECRET = "07700 900123 and name@example.org"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("engage.pages.audit_log.trail", fail)


def test_an_unforeseen_error_is_kind_and_tells_nothing(capsys: Any, enter: Enter, broken: None) -> None:
    page = enter(AUDITOR).get("/audit")
    log = capsys.readouterr().err
    assert page.status_code == 500
    assert "Sorry, there is a problem with the service" in page.text
    reference = re.search(r"reference <strong>([0-9A-F]{6})", page.text)
    assert reference
    assert reference[1] in log
    for words in ("900123", "example.org", "RuntimeError"):
        assert words not in page.text
    for words in ("900123", "example.org"):
        assert words not in log


def test_errors_of_ours_keep_their_sentence_and_status(visitor: Visitor) -> None:
    page = visitor.get("/welcome/nothing-of-ours")
    assert page.status_code == 404
    assert "This link has been used or has expired." in page.text
    problem = visitor.client.post("/notify/receipts", json={})
    assert problem.status_code == 503
    assert problem.headers["content-type"].startswith("application/problem+json")
    assert problem.json()["detail"].startswith("Receipts are not taken yet")


def test_every_error_of_ours_has_words() -> None:
    def below(kind: type[EngageError]) -> set[int]:
        return {kind.status}.union(*(below(child) for child in kind.__subclasses__()))

    assert below(EngageError) <= faults.WORDS.keys()


def test_the_log_has_routes_and_no_tokens(capsys: Any, visitor: Visitor) -> None:
    visitor.get("/r/a-secret-token?lang=cy")
    visitor.get("/welcome/another-secret")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [line["route"] for line in lines] == ["/r/{token}", "/welcome/{secret}"]
    assert "secret-token" not in str(lines)
    assert "another-secret" not in str(lines)


def test_metrics_count_routes_and_no_tokens(visitor: Visitor) -> None:
    visitor.get("/r/a-secret-token")
    text = visitor.get("/metrics").text
    assert 'path="/r/{token}"' in text
    assert "secret-token" not in text


def test_health_knows_the_migrations(serve: Serve, office: Office, tmp_path: Any) -> None:
    empty = Office(Settings(home=tmp_path / "empty"), office.clock)
    empty.settings.home.mkdir(mode=0o700)
    client = serve(empty)
    before = client.get("/health")
    assert (before.status_code, before.json()["database"]["well"]) == (503, False)
    upgrade(empty.database)
    after = client.get("/health")
    assert (after.status_code, after.json()["healthy"]) == (200, True)


def test_the_audit_page_says_when_the_log_was_changed(enter: Enter, office: Office) -> None:
    from sqlmodel import select

    from engage.foundation.audit import AuditEntry

    visitor = enter(AUDITOR)
    assert "all 1 entries are whole" in visitor.get("/audit").text
    with office.database.session() as session:
        session.exec(select(AuditEntry)).one().act = "nothing"
    assert "The log was changed after it was written" in visitor.get("/audit").text


def test_pages_of_the_audit_log(enter: Enter, office: Office) -> None:
    from engage.foundation import audit

    with office.database.session() as session:
        for n in range(120):
            audit.record(session, authority=COUNCIL, at=office.clock.now(), actor="worker", act=f"act {n}", subject="x")
    visitor = enter(AUDITOR)
    pages = [visitor.get(f"/audit?page={page}").text for page in (1, 2, 3)]
    seen = [int(n) for page in pages for n in re.findall(r"Act (\d+)<", page)]
    assert seen == list(range(119, -1, -1))


def test_the_openapi_description_names_the_reads(visitor: Visitor) -> None:
    paths = visitor.get("/api/schema").json()["paths"]
    assert {"/api/data", "/api/gaps", "/api/segments", "/api/campaigns", "/notify/receipts"} <= paths.keys()
    assert not any(path.startswith(("/sign", "/r/")) for path in paths)
