"""The officers' forms, the residents' page and Notify's callbacks, as they arrive over HTTP."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlmodel import select

from campaigns.plan.plan import REMINDED_LATER, REMINDED_NOW
from campaigns.records.models import Campaign, Message, MessageState, Receipt, Wave
from campaigns.setup import plan_form
from engage.app import create_app
from engage.foundation.audit import AuditEntry
from engage.foundation.identity import Account, Authority, Role, fingerprint
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.foundation.web.forms import Form
from segments.files.reading import Head
from segments.importing.intake import Intake, IntakeState
from segments.rules import form as rule_form
from segments.rules.tree import COLUMNS, COMPARISONS, ONE_OF, VERSION, Rule, parse
from segments.safeguards.suppression import Suppression
from segments.sources import FORMATS, KINDS
from tests.campaigns.council import TEMPLATES, Maker, People
from tests.engage.website import COUNCIL, Visitor, hire
from tests.segments.sources import papers

Enter = Callable[[Role], Visitor]


# A rule by form


def _condition(name: str) -> st.SearchStrategy[dict[str, Any]]:
    column = COLUMNS[name]
    if column.unit == "choice":
        known = list(column.choices or ["E05000001", "E05000002"])
        values = st.lists(st.sampled_from(known), min_size=1, unique=True)
        return values.map(lambda chosen: {"column": name, "is": ONE_OF, "value": chosen})
    whole = st.integers(int(column.low * 100), min(int(column.high * 100), 10_000)).map(lambda n: n / 100)
    return st.builds(
        lambda sign, n: {"column": name, "is": sign, "value": n}, st.sampled_from(list(COMPARISONS)), whole
    )


CONDITIONS = st.sampled_from(list(COLUMNS)).flatmap(_condition)
PARTS = st.lists(CONDITIONS | CONDITIONS.map(lambda c: {"not": c}), min_size=2, max_size=5)
RULES = (CONDITIONS | st.builds(lambda word, parts: {word: parts}, st.sampled_from(["all", "any"]), PARTS)).map(
    lambda where: parse({"version": VERSION, "where": where})
)


@given(RULES)
def test_a_rule_shown_in_the_form_and_sent_back_is_the_same_rule(rule: Rule) -> None:
    shown = rule_form.shown(rule)
    assert shown is not None
    typed: dict[str, Any] = {"every": "all" if shown.every else "any", "act": "save"}
    for n, row in enumerate(shown.rows):
        typed |= {f"c{n}-column": row.column, f"c{n}-is": row.comparison, f"c{n}-value": row.values}
        typed |= {f"c{n}-not": "not"} if row.turned else {}
    form = Form(typed)
    assert rule_form.read(form).rule == rule
    assert form.valid


def test_a_rule_too_deep_for_the_form_is_shown_as_text() -> None:
    gap = {"column": "gap", "is": "at least", "value": 1.0}
    deep = {"version": VERSION, "where": {"any": [gap, {"all": [gap, {"any": [gap, {"all": [gap, gap]}]}]}]}}
    shown = rule_form.shown(deep)
    assert shown.rows == []
    assert json.loads(shown.text or "") == deep


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"c0-column": "electors", "c0-is": "at least", "c0-value": "many"}, "must be a number from 0 to 100"),
        ({"c0-column": "electors", "c0-is": "at least", "c0-value": "101"}, "must be a number from 0 to 100"),
        ({"c0-column": "class"}, "Select at least one"),
        ({"c0-column": "class", "c0-value": "castle"}, "expected some of"),
    ],
)
def test_a_wrong_condition_is_told_at_its_field(typed: dict[str, str], said: str) -> None:
    form = Form({"act": "save", **typed})
    assert rule_form.read(form).rule is None
    assert said in form.errors["c0-value"]


def test_a_form_without_conditions_is_told() -> None:
    form = Form({"act": "count"})
    rule_form.read(form)
    assert form.errors == {"new": "Add at least one condition"}


# A plan by form

PLAN = {
    "name": "Autumn", "purpose": "To remind", "segment": "Short", "share": "50", "language": "en",
    "template-email": TEMPLATES["email"], "template-letter": TEMPLATES["letter"],
    "start-day": "3", "start-month": "6", "start-year": "2026", "end-day": "15", "end-month": "7", "end-year": "2026",
}  # fmt: skip


def test_a_plan_by_form_is_the_usual_plan() -> None:
    form = Form(PLAN)
    plan = plan_form.plan(form)
    assert form.errors == {}
    assert plan is not None
    assert plan.arms == {REMINDED_NOW: 0.5, REMINDED_LATER: 0.5}
    assert [(w.send_on, w.arms) for w in plan.waves] == [
        (date(2026, 6, 3), (REMINDED_NOW,)), (date(2026, 6, 17), (REMINDED_NOW,)),
        (date(2026, 7, 16), (REMINDED_LATER,)), (date(2026, 7, 30), (REMINDED_LATER,)),
    ]  # fmt: skip
    assert plan_form.plan(plan_form.filled(Campaign(plan=plan.as_json()))) == plan  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"name": " "}, "name", "Enter a name"),
        ({"share": "95"}, "share", "from 10 to 90"),
        ({"share": "half"}, "share", "from 10 to 90"),
        ({"template-email": "", "template-letter": ""}, "template-email", "at least one"),
        ({"template-email": "my template"}, "template-email", "must be an id"),
        ({"end-day": "1", "end-month": "6"}, "end", "after the first reminder"),
        ({"start-month": "13"}, "start", "must be a real date"),
        ({"start-day": "", "start-month": "", "start-year": ""}, "start", "Enter the day of the first reminder"),
        ({"poll-day": "31", "poll-month": "2", "poll-year": "2026"}, "poll", "real date"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told_at_its_field(change: dict[str, str], field: str, said: str) -> None:
    form = Form(PLAN | change)
    assert plan_form.plan(form) is None
    assert said in form.errors[field]


# Campaigns


@pytest.fixture
def maker(office: Office, staff: dict[Role, Account]) -> Maker:
    def actor(role: Role) -> Actor:
        return Actor(COUNCIL, staff[role].label, staff[role].id)

    return Maker(office, People(actor(Role.officer), actor(Role.approver), actor(Role.auditor)))


def test_the_author_is_not_offered_the_decision(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(20).id
    assert "/approve" not in enter(Role.officer).get(f"/campaigns/{number}").text
    assert f"/campaigns/{number}/approve" in enter(Role.approver).get(f"/campaigns/{number}").text
    assert enter(Role.officer).send(f"/campaigns/{number}/approve").status_code == 403


def test_a_version_that_changed_since_is_not_approved(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(20).id
    answer = enter(Role.approver).send(f"/campaigns/{number}/approve", {"digest": "0" * 64})
    assert answer.status_code == 422
    assert "This campaign has changed since you looked at it" in answer.text


def test_sending_back_needs_a_reason(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(20).id
    approver = enter(Role.approver)
    silent = approver.send(f"/campaigns/{number}/reject")
    assert (silent.status_code, "<title>Error: Send this campaign back" in silent.text) == (422, True)
    approver.send(f"/campaigns/{number}/reject", {"note": "Wrong ward"})
    assert "Wrong ward" in enter(Role.officer).get(f"/campaigns/{number}").text


def test_what_cannot_be_done_now_says_why(enter: Enter, maker: Maker) -> None:
    number = maker.submitted(20).id
    answer = enter(Role.officer).send(f"/campaigns/{number}/launch")
    assert answer.status_code == 422
    assert f"You cannot launch campaign {number}: it is submitted, not approved." in answer.text
    assert enter(Role.officer).get(f"/campaigns/{number}/explode").status_code == 404


def test_the_downloads_are_recorded(enter: Enter, maker: Maker, office: Office) -> None:
    number = maker.launched(20).id
    answer = enter(Role.officer).get(f"/campaigns/{number}/assignment.csv")
    assert answer.text.splitlines()[0] == "uprn,arm,contacted_on,channel"
    assert len(answer.text.splitlines()) == 21
    with office.database.session() as session:
        acts = [entry.act for entry in session.exec(select(AuditEntry))]
    assert acts.count("export assignment") == 1


# Data


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
    assert "Imported 1 of 1 rows." in page.text
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
    assert "Imported 1 of 2 rows." in done.text
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
    assert len(offered) == 4
    for path in offered:
        kind = path.rpartition("/")[2].removesuffix(".csv")
        text = visitor.get(path).text
        head = Head(",", [line.split(",") for line in text.splitlines()], [], text)
        assert any(form.kind == kind and form.locate(head) is not None for form in FORMATS), kind
    assert visitor.get("/data/formats/register.csv").status_code == 404


# Suppressions


def test_what_is_typed_into_suppressions_is_kept_only_as_a_hash(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    visitor.send("/suppressions", {"scope": "sms", "value": "07700 900123", "reason": "asked by phone"})
    with office.database.session() as session:
        kept = session.exec(select(Suppression)).one()
    assert kept.key == office.keys.contact("sms", "447700900123")
    assert "900123" not in visitor.get("/suppressions").text
    wrong = visitor.send("/suppressions", {"scope": "email", "value": "nobody", "reason": "asked by phone"})
    assert wrong.text.count("Enter an email address, like name@example.com") == 2


# Residents


@pytest.fixture
def reminded(maker: Maker, office: Office) -> tuple[str, int]:
    """The secret of a resident's link, and the number of the message that waits for the same home."""
    campaign = maker.launched(3)
    with office.database.session() as session:
        waves = session.exec(select(Wave).where(Wave.campaign_id == campaign.id).order_by(Wave.number)).all()  # type: ignore[arg-type]
        rows = [
            Message(
                authority=COUNCIL, campaign_id=campaign.id or 0, wave_id=wave.id or 0, uprn=100000000000,
                ward="E05000001", channel="letter", template="t", reference=f"r{n}", token=fingerprint(f"secret{n}"),
                state=state,
            )
            for n, (wave, state) in enumerate(zip(waves[:2], (MessageState.accepted, MessageState.planned), strict=True))
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        return "secret0", rows[1].id or 0


def _state(office: Office, message: int) -> str:
    with office.database.session() as session:
        return session.get_one(Message, message).state


def test_looking_at_the_link_changes_nothing(visitor: Visitor, office: Office, reminded: tuple[str, int]) -> None:
    secret, waiting = reminded
    for path in (f"/r/{secret}", f"/r/{secret}/stop"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert 'href="https://www.gov.uk/register-to-vote"' in page.text
        assert not page.headers.get_list("set-cookie")
    assert _state(office, waiting) == MessageState.planned


@pytest.mark.parametrize("path", ["/r/secret0", "/r/secret0/stop"])
def test_stopping_needs_no_cookie_and_no_body(
    visitor: Visitor, office: Office, reminded: tuple[str, int], path: str
) -> None:
    """RFC 8058: an empty POST from a mail program is enough."""
    answer = visitor.client.post(path, content=b"")
    assert answer.status_code == 200
    assert "Reminders stopped" in answer.text
    assert _state(office, reminded[1]) == MessageState.dropped
    assert visitor.client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200, "and again"


def test_the_residents_page_in_welsh_says_the_same(visitor: Visitor, reminded: tuple[str, int]) -> None:
    english, welsh = (visitor.get(f"/r/secret0?lang={lang}").text for lang in ("en", "cy"))
    assert 'lang="cy" class="govuk-template' in welsh
    assert "Cofrestru i bleidleisio ar GOV.UK" in welsh
    for tag in ("<h1", "<h2", "<p", "<form", "<a "):
        assert welsh.count(tag) == english.count(tag)
    said = set(re.findall(r">([^<>]{25,})<", english)) & set(re.findall(r">([^<>]{25,})<", welsh))
    assert {words.strip() for words in said} <= {"East Staffordshire"}, "nothing is left in English"
    assert visitor.get("/r/secret0?lang=fr").status_code == 400


def test_a_deadline_is_named_until_it_has_passed(visitor: Visitor, maker: Maker, office: Office) -> None:
    clock: Any = office.clock
    campaign = maker.launched(3, poll_date="2026-07-02")
    with office.database.session() as session:
        wave = session.exec(select(Wave).where(Wave.campaign_id == campaign.id)).first()
        assert wave is not None
        session.add(
            Message(
                authority=COUNCIL, campaign_id=campaign.id or 0, wave_id=wave.id or 0, uprn=100000000000,
                ward="E05000001", channel="letter", template="t", reference="r", token=fingerprint("secret"),
            )
        )  # fmt: skip
    # Twelve working days before 2 July 2026 is 16 June.
    assert "register by 16 June 2026" in visitor.get("/r/secret").text
    assert "cofrestrwch erbyn 16 Mehefin 2026" in visitor.get("/r/secret?lang=cy").text
    clock.move_to(datetime(2026, 6, 17, 1, tzinfo=UTC))
    assert "register by" not in visitor.get("/r/secret").text


# Notify


@pytest.fixture
def called(office: Office) -> Any:
    from litestar.testing import TestClient

    settings = office.settings.model_copy(update={"notify_callback_token": SecretStr("a-long-enough-token")})
    open_office = Office(settings, office.clock)
    hire(open_office, Role.officer)
    with TestClient(create_app(open_office)) as client:
        yield client


RECEIPT = {
    "id": "740e5834-3a29-46b4-9a6f-16142fde533a", "reference": "r0", "to": "07700900123", "status": "delivered",
    "created_at": "2026-06-03T09:00:00.000000Z", "completed_at": "2026-06-03T09:00:05.000000Z",
    "sent_at": "2026-06-03T09:00:01.000000Z", "notification_type": "sms",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/notify/receipts", "/notify/received-texts"])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "a-long-enough-token"}])
def test_a_callback_without_the_token_is_refused(called: Any, path: str, header: dict[str, str]) -> None:
    assert called.post(path, json=RECEIPT, headers=header).status_code == 401


def test_a_receipt_with_the_token_is_kept_without_the_recipient(called: Any, office: Office) -> None:
    bearer = {"Authorization": "Bearer a-long-enough-token"}
    assert called.post("/notify/receipts", json=RECEIPT, headers=bearer).status_code == 204
    assert called.post("/notify/receipts", json=RECEIPT, headers=bearer).status_code == 204
    with office.database.session() as session:
        kept = session.exec(select(Receipt)).one()
    assert kept.status == "delivered"
    assert "900123" not in kept.model_dump_json()
    assert called.post("/notify/receipts", json={"id": 1}, headers=bearer).status_code == 422
    assert called.post("/notify/received-texts", json={}, headers=bearer).status_code == 422


def test_settings_without_a_token_ask_notify_to_try_again(office: Office, visitor: Visitor) -> None:
    assert Settings(home=office.settings.home).notify_callback_token.get_secret_value() == ""
    assert visitor.client.post("/notify/receipts", json=RECEIPT).status_code == 503
