"""The pages of data, as files and decisions arrive over HTTP."""

import html
import json
import re
from collections.abc import Callable

import httpx
import pytest
from sqlmodel import select

from engage.foundation.audit import AuditEntry
from engage.foundation.identity import Authority, Role
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.files.reading import Head
from segments.importing.intake import Intake, IntakeState
from segments.sources.catalogue import FORMATS, KINDS
from tests.segments.sources import papers
from tests.website import COUNCIL, Enter, Visitor, hire


def _boundaries() -> bytes:
    square = {"type": "Polygon", "coordinates": [[[-1.6, 52.8], [-1.5, 52.8], [-1.5, 52.9], [-1.6, 52.8]]]}
    names = {"WD24CD": "E05000001", "WD24NM": "Abbey", "LAD24CD": COUNCIL}
    feature = {"type": "Feature", "properties": names, "geometry": square}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


DAY = {"as_at-day": "1", "as_at-month": "6", "as_at-year": "2026"}


def _snapshots(office: Office) -> list[Snapshot]:
    with office.database.session() as session:
        return list(session.exec(select(Snapshot)))


def _send(visitor: Visitor, kind: str, name: str, content: bytes, **typed: str) -> httpx.Response:
    """Send a file and wait until something came of it."""
    first = visitor.send("/data", {"kind": kind, **DAY, **typed}, files={"file": (name, content)})
    return _watched(visitor, first)


def _watched(visitor: Visitor, page: httpx.Response) -> httpx.Response:
    visitor.client.app.state.office.background.wait(30)
    return visitor.get(page.url.path) if page.url.path.startswith("/data/intake/") else page


def test_a_good_file_comes_in_at_once(enter: Enter, office: Office) -> None:
    page = _send(enter(Role.officer), "boundaries", "wards.geojson", _boundaries())
    kept = _snapshots(office)
    assert [(s.kind, s.rows) for s in kept] == [("boundaries", 1)], page.text
    assert page.url.path == f"/data/{kept[0].id}"
    assert "1 row read: 1 accepted" in page.text
    assert "&lt;" not in page.text
    assert not list((office.lake.root / "staging").rglob("*.geojson")), "nothing is left behind"


def test_the_same_file_again_is_known(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    _send(visitor, "boundaries", "wards.geojson", _boundaries())
    page = _send(visitor, "boundaries", "again.geojson", _boundaries())
    assert "This file is here already" in page.text
    assert len(_snapshots(office)) == 1


def test_a_file_that_cannot_be_used_changes_nothing(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    page = _send(visitor, "register", "x.csv", b"a,b\n1,2\n")
    assert "This file cannot be used" in page.text
    assert page.text.count("x.csv is no format of an electoral register") == 1
    assert _snapshots(office) == []
    assert not list((office.lake.root / "staging").rglob("x.csv"))
    gone = visitor.send(page.url.path, {"act": "discard"})
    assert gone.url.path == "/data"
    assert "Cannot be used" not in gone.text


def test_a_wrong_kind_is_corrected_without_uploading_again(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    page = _send(visitor, "register", "wards.geojson", _boundaries())
    assert "is ward boundaries" in page.text
    wrong = visitor.send(f"{page.url.path}/again", {"kind": "boundaries", **DAY, "as_at-day": "31"})
    assert wrong.status_code == 422
    assert wrong.text.count("The day the file speaks of must be a real date") == 2
    done = _watched(visitor, visitor.send(f"{page.url.path}/again", {"kind": "boundaries", **DAY}))
    assert done.url.path == f"/data/{_snapshots(office)[0].id}"
    assert not list((office.lake.root / "staging").rglob("*.geojson"))


REPEATED = papers.register(papers.elector(1), papers.elector(1, ElectorSurname="Tester2")).encode()


def test_a_file_with_problems_waits_for_a_decision(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    page = _send(visitor, "register", "r.csv", REPEATED)
    assert "Usable, with problems" in page.text
    assert "Import 1 row" in page.text
    assert "First 1 row of what would come in" in page.text
    assert "Tester1" not in page.text
    assert _snapshots(office) == []
    token = page.url.path.rpartition("/")[2]
    assert "Decide: r.csv" in visitor.get("/").text
    assert f"/data/intake/{token}" in visitor.get("/data").text
    rejects = visitor.get(f"{page.url.path}/rejects.csv")
    assert "Tester2" in rejects.text, "whole rows, to be found again"
    assert [(i["state"], i["file"]) for i in visitor.get("/api/intakes").json()] == [("waiting", "r.csv")]
    assert "Tester" not in visitor.get("/api/intakes").text
    done = _watched(visitor, visitor.send(page.url.path, {"act": "import"}))
    assert "Imported. 2 rows read: 1 accepted, 0 left out on purpose, 1 rejected." in done.text
    assert ">Left out on purpose</th>" in visitor.get("/data").text
    assert [s.rows for s in _snapshots(office)] == [1]
    assert visitor.send(page.url.path, {"act": "import"}).status_code == 422
    with office.database.session() as session:
        acts = [entry.act for entry in session.exec(select(AuditEntry))]
    assert "read first rows" in acts
    assert acts.count("read rejected rows") == 1
    assert acts.count("decide on a file") == 1
    assert not list((office.lake.root / "staging").rglob("r.csv"))


def test_a_no_removes_the_file(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    page = _send(visitor, "register", "r.csv", REPEATED)
    assert "Nothing was imported." in visitor.send(page.url.path, {"act": "discard"}).text
    assert _snapshots(office) == []
    assert not list((office.lake.root / "staging").rglob("r.csv"))
    assert "This was not imported" in visitor.get(page.url.path).text


def test_far_fewer_rows_need_a_yes_of_their_own(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    _send(visitor, "register", "whole.csv", papers.register(*map(papers.elector, range(1, 21))).encode())
    page = _send(visitor, "register", "half.csv", papers.register(*map(papers.elector, range(1, 11))).encode())
    assert "Far fewer rows than before" in page.text
    assert "Yes, 10 rows where there were 20 is right" in page.text
    asked = visitor.send(page.url.path, {"act": "import"})
    assert (asked.status_code, asked.text.count("Confirm that so many rows fewer are right")) == (422, 2)
    assert [s.rows for s in _snapshots(office)] == [20]
    _watched(visitor, visitor.send(page.url.path, {"act": "import", "fewer": "yes"}))
    assert [s.rows for s in _snapshots(office)] == [20, 10]


def test_each_thing_a_report_asks_needs_a_yes_of_its_own(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    page = _send(visitor, "register", "r.csv", REPEATED)
    with office.database.session() as session:
        waits = session.exec(select(Intake)).one()
        asked = [
            {"kind": kind, "sentence": f"Odd {kind}.", "ask": f"Is {kind} right?", "yes": "Yes, it is"}
            for kind in ("odd-day", "odd-name")
        ]
        waits.report = waits.report | {"questions": asked}
        session.add(waits)
    shown = visitor.get(page.url.path).text
    assert [words in shown for words in ("Odd odd-day.", "Is odd-day right?", "Is odd-name right?")] == [True] * 3
    for typed, lacking in (({}, 2), ({"odd-day": "yes"}, 1)):
        again = visitor.send(page.url.path, {"act": "import"} | typed)
        assert (again.status_code, again.text.count("Confirm that this is right")) == (422, 2 * lacking)
    assert _snapshots(office) == []
    _watched(visitor, visitor.send(page.url.path, {"act": "import", "odd-day": "yes", "odd-name": "yes"}))
    assert len(_snapshots(office)) == 1


def test_an_upload_is_the_authoritys_own(enter: Enter, office: Office, visit: Callable[[], Visitor]) -> None:
    page = _send(enter(Role.officer), "register", "wards.geojson", _boundaries())
    with office.database.session() as session:
        session.add(Authority(code="E06000015", name="Derby"))
    other = hire(office, Role.officer, authority="E06000015", email="derby@example.org")
    stranger = visit()
    stranger.sign_in(other.email)
    assert stranger.get(page.url.path).status_code == 404
    assert stranger.send(page.url.path, {"act": "discard"}).status_code == 404
    assert stranger.send(f"{page.url.path}/again", {"kind": "boundaries", **DAY}).status_code == 404
    assert stranger.get("/api/intakes").json() == []
    assert enter(Role.auditor).get(page.url.path).status_code == 403


def test_the_progress_is_told_only_when_it_changed(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    now = office.clock.now()
    busy = Intake(
        token="a" * 32, authority=COUNCIL, name="r.csv", kind="register", as_at=now.date(), stage="Comparing",
        fraction=0.8, arrived_at=now, changed_at=now, arrived_by="officer 1", heartbeat=now,
    )  # fmt: skip
    path = f"/data/intake/{busy.token}"
    with office.database.session() as session:
        session.add(busy)
    page = visitor.get(path)
    assert '<noscript><meta http-equiv="refresh" content="4"></noscript>' in page.text
    assert "refresh" not in visitor.get(f"{path}?still=true").text.replace("HX-Refresh", "")
    assert "Comparing" in page.text
    seen = re.search(r'hx-get="([^"]+)"', page.text)
    assert seen is not None
    ask = {"HX-Request": "true"}
    assert visitor.get(html.unescape(seen[1]), headers=ask).status_code == 204
    assert "80%" in visitor.get(f"{path}?seen=other", headers=ask).text
    assert "Under way: r.csv" in visitor.get("/").text
    with office.database.session() as session:
        session.get_one(Intake, busy.token).state = IntakeState.refused
    assert visitor.get(f"{path}?seen=other", headers=ask).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("typed", "said", "select"),
    [
        ({**DAY, "kind": ""}, "Select what the file is", "Select a file"),
        ({**DAY, "kind": "castle"}, "Select what the file is", "Select a file"),
        ({"kind": "register"}, "Enter the day the file speaks of", "Select a register file"),
        ({"kind": "contacts", **DAY, "as_at-day": "2"}, "must be today or in the past", "Select a contacts file"),
    ],
)
def test_what_is_missing_from_an_upload_is_told(enter: Enter, typed: dict[str, str], said: str, select: str) -> None:
    page = enter(Role.officer).send("/data", typed, files={"other": ("x", b"")})
    assert page.status_code == 422
    assert page.text.count(said) == 2
    assert page.text.count(select) == 2


def test_an_empty_file_is_told(enter: Enter, office: Office) -> None:
    page = _send(enter(Role.officer), "register", "r.csv", b"")
    assert (page.status_code, page.text.count("The selected file is empty")) == (422, 2)
    assert not list((office.lake.root / "staging").rglob("r.csv"))


def test_a_file_sent_with_a_wrong_form_is_not_sent_twice(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    page = visitor.send("/data", {"kind": "boundaries"}, files={"file": ("wards.geojson", _boundaries())})
    assert page.status_code == 422
    assert "wards.geojson is uploaded already" in page.text
    token = re.search(r'name="token" value="(\w+)"', page.text)
    assert token is not None
    typed = {"kind": "boundaries", **DAY, "token": token[1]}
    _watched(visitor, visitor.send("/data", typed, files={"other": ("x", b"")}))
    assert [s.kind for s in _snapshots(office)] == ["boundaries"]
    again = visitor.send("/data", typed, files={"other": ("x", b"")})
    assert "Select a boundaries file" in again.text, "it was used up"


def test_a_file_name_cannot_leave_its_room(enter: Enter, office: Office) -> None:
    _send(enter(Role.officer), "register", "../../../../evil.csv", b"a\n1\n")
    assert not list(office.settings.home.rglob("evil.csv"))
    assert not list(office.settings.home.parent.rglob("evil.csv"))
    for token in ("../evil", "..", "a/b"):
        page = enter(Role.officer).send("/data", {"kind": "register", **DAY, "token": token}, files={"o": ("x", b"")})
        assert page.status_code in (404, 422)


def test_every_kind_tells_how_it_is_prepared(enter: Enter) -> None:
    visitor = enter(Role.officer)
    page = visitor.get("/data/formats").text
    for form in FORMATS:
        assert html.escape(form.name, quote=False).replace("'", "&#39;") in page
    for kind in KINDS:
        assert f'id="{kind}"' in page
    offered = re.findall(r'href="(/data/formats/[a-z]+\.csv)"', page)
    assert len(offered) == 5
    for path in offered:
        kind = path.rpartition("/")[2].removesuffix(".csv")
        text = visitor.get(path).text
        head = Head(",", [line.split(",") for line in text.splitlines()], [], text)
        assert any(form.kind == kind and form.locate(head) is not None for form in FORMATS), kind
    assert visitor.get("/data/formats/register.csv").status_code == 404
