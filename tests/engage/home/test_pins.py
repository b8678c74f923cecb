"""Pages at hand, in an order of one's own, and the strip that says how the service stands."""

import re
from datetime import date
from typing import Any

from sqlmodel import select

from campaigns.records.models import Watch
from engage.foundation.identity import Role
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.home import standing
from engage.home.pins import KINDS, Pin, kind_of
from tests.campaigns.council import watched
from tests.website import COUNCIL, Enter


def pin(visitor: Any, path: str, title: str) -> Any:
    return visitor.send("/pins", {"path": path, "title": title})


def test_a_page_is_pinned_put_first_and_taken_off(enter: Enter, office: Office) -> None:
    officer, colleague = enter(Role.officer), enter(Role.approver)
    assert 'name="path" value="/gaps"' in officer.get("/gaps").text
    pin(officer, "/gaps", "Who is missing")
    pin(officer, "/data/gazetteer", "Gazetteer <health>")
    home = officer.get("/").text
    assert home.index("Who is missing</a>") < home.index("Gazetteer &lt;health&gt;</a>")
    with office.database.session() as session:
        second = session.exec(select(Pin.id).where(Pin.path == "/data/gazetteer")).one()
    assert colleague.send(f"/pins/{second}/up").status_code == 404
    assert colleague.send(f"/pins/{second}/remove", {"back": "/"}).status_code == 404
    home = officer.send(f"/pins/{second}/up").text
    assert home.index("Gazetteer &lt;health&gt;</a>") < home.index("Who is missing</a>"), (
        "one's own order, nobody else's"
    )
    assert "Gazetteer" not in re.sub(r"(?s).*id=\"pins\"", "", colleague.get("/").text)
    assert f'action="/pins/{second}/remove"' in officer.get("/data/gazetteer").text
    officer.send(f"/pins/{second}/remove", {"back": "/"})
    assert "Gazetteer &lt;health&gt;" not in officer.get("/").text


def test_only_pages_that_name_nobody_can_be_pinned(enter: Enter, office: Office) -> None:
    officer = enter(Role.officer)
    for path in ("/suppressions", "/data/intake/0123", "https://example.com/report", "/report?a=1", ""):
        assert pin(officer, path, "x").status_code == 422, path
    assert pin(officer, "/gaps", " ").status_code == 422
    assert enter(Role.member).send("/pins", {"path": "/report", "title": "x"}).status_code == 403
    assert {kind_of(p) for p in ("/wards/E05000001", "/campaigns/3", "/segments/3", "/council/2")} == {
        k for k, _ in KINDS
    }
    with office.database.session() as session:
        assert session.exec(select(Pin)).all() == []


def test_the_strip_says_how_the_service_stands_and_members_have_none(enter: Enter, office: Office) -> None:
    officer, member = enter(Role.officer), enter(Role.member)
    page = officer.get("/data").text
    assert "not imported yet" in page
    assert "GOV.UK Notify: <span>not connected" in page
    assert "engage-standing" not in member.get("/wards").text


def test_the_strip_names_what_is_ill(office: Office) -> None:
    def read() -> dict[str, tuple[str, bool]]:
        with office.database.reading() as session:
            return {sign.name: (sign.words, sign.well) for sign in standing.read(office, session, COUNCIL).signs}

    object.__setattr__(office.settings, "notify_api_key", type(office.settings.notify_api_key)("a-key"))
    assert read()["GOV.UK Notify"] == ("not asked lately", False)
    watched(office)
    assert read()["GOV.UK Notify"] == ("answers", True)
    assert read()["Sending"] == ("at work", True)
    watched(office, notify="The service is in trial mode at GOV.UK Notify, so it reaches no resident")
    assert read()["GOV.UK Notify"] == ("in trial mode: it reaches no resident", False)
    with office.database.session() as session:
        session.delete(session.exec(select(Watch)).one())
        session.add(Snapshot(
            authority=COUNCIL, kind="register", as_at=date(2026, 4, 20), path="r.parquet", rows=1,
            made_at=office.clock.now(), made_by="officer 1", report={},
        ))  # fmt: skip
    assert read()["Sending"] == ("not running, and nothing waits", True)
    assert read()["Register"] == ("42 days old", False)
    assert read()["Last message"] == ("none yet", True)
