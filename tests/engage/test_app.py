"""What every page has in common: rights, headers, assets, errors, logs, health."""

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from engage.foundation.errors import EngageError
from engage.foundation.identity import Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from engage.foundation.web import faults, static
from engage.migrations.upgrading import upgrade
from tests.website import COUNCIL, Enter, Visitor

Serve = Callable[[Office], Any]
PAGES = (
    "/", "/data", "/data/new", "/data/former-contacts", "/gaps", "/segments", "/segments/new", "/campaigns",
    "/campaigns/new", "/approvals", "/replies", "/replies/help", "/replies/complaints", "/replies/returned-letters",
    "/suppressions", "/person", "/audit", "/api/data", "/api/segments", "/api/campaigns", "/sign-in", "/accessibility",
    "/privacy", "/retention", "/papers", "/restored", "/account", "/colleagues", "/colleagues/new", "/cookies", "/health", "/nowhere",
)  # fmt: skip


def test_every_page_loads_only_what_is_ours(enter: Enter) -> None:
    visitor = enter(Role.administrator)
    for path in PAGES:
        page = visitor.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy or page.url.path.startswith("/dashboard")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
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
    visitor = enter(Role.officer)
    forged = visitor.client.post(
        "/suppressions", data={"scope": "email", "value": "nobody@example.com", "reason": "deceased"}
    )
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
    page = enter(Role.auditor).get("/audit")
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
    import sqlalchemy as sa

    from engage.foundation.audit import CHANGEABLE

    visitor = enter(Role.auditor)
    assert "all 1 entries are whole" in visitor.get("/audit").text
    with office.database.session() as session:
        for statement in (*CHANGEABLE["sqlite"], "UPDATE audit_entry SET act = 'nothing'"):
            session.execute(sa.text(statement))
    page = visitor.get("/audit").text
    assert "The log was changed after it was written" in page
    assert "number 1: it was changed, exchanged for another, or written by somebody without the key." in page


def test_pages_of_the_audit_log(enter: Enter, office: Office) -> None:
    from engage.foundation import audit

    with office.database.session() as session:
        for n in range(120):
            audit.record(session, authority=COUNCIL, at=office.clock.now(), actor="worker", act=f"act {n}", subject="x")
    visitor = enter(Role.auditor)
    pages = [visitor.get(f"/audit?page={page}").text for page in (1, 2, 3)]
    seen = [int(n) for page in pages for n in re.findall(r"Act (\d+)<span", page)]
    assert seen == list(range(119, -1, -1))


def test_the_openapi_description_names_the_reads_to_those_signed_in(enter: Enter, visitor: Visitor) -> None:
    assert [visitor.get(path).status_code for path in ("/api/schema", "/api/schema/openapi.json")] == [401, 401]
    paths = enter(Role.member).get("/api/schema").json()["paths"]
    assert {"/api/data", "/api/gaps", "/api/segments", "/api/campaigns", "/notify/receipts"} <= paths.keys()
    assert not any(path.startswith(("/sign", "/r/")) for path in paths)
