"""Every step of planning by page and by API, as they arrive over HTTP."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import SQLModel

from campaigns.approval import forecast, submission
from campaigns.notify.client import GovukNotify
from campaigns.notify.stand_in import Running, running
from campaigns.plan.plan import Plan
from campaigns.records import lookup
from campaigns.sending import ledger
from campaigns.setup import outlines, plan_form
from campaigns.worker.work import tick
from engage.app import create_app
from engage.foundation import audit
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.foundation.web.forms import Form
from segments.audiences import segments
from tests.campaigns.council import COUNCIL, KEY, SEED, START, TEMPLATES, audience_file, plan
from tests.campaigns.setup.test_plan_form import TYPED
from tests.website import Enter, Visitor, hire


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def post(clock: SteppedClock) -> Iterator[Running]:
    with running(SEED, clock=clock) as post:
        yield post


@pytest.fixture
def office(tmp_path: Path, post: Running, clock: SteppedClock) -> Iterator[Office]:
    settings = Settings(
        home=tmp_path / "home", database_url="", notify_api_key=SecretStr(KEY), notify_base_url=post.base_url,
        notify_pace=1000,
    )  # fmt: skip
    office = Office(settings, clock)
    settings.home.mkdir()
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    yield office
    office.close()


@pytest.fixture
def people(office: Office) -> dict[Role, Any]:
    return {role: hire(office, role) for role in (Role.officer, Role.approver, Role.auditor)}


@pytest.fixture
def enter(office: Office, people: dict[Role, Any]) -> Iterator[Enter]:
    from litestar.testing import TestClient

    with TestClient(create_app(office), base_url="http://127.0.0.1") as client:

        def entered(role: Role) -> Visitor:
            client.cookies.clear()
            visitor = Visitor(client)
            visitor.sign_in(f"{role.value}@example.org")
            return visitor

        yield entered


def _asked(visitor: Visitor, method: str, path: str, body: dict[str, Any]) -> Any:
    return visitor.client.request(method, path, json=body, headers={"x-csrftoken": visitor.token()})


def _actor(people: dict[Role, Any]) -> Actor:
    return Actor(COUNCIL, people[Role.officer].label, people[Role.officer].id)


def _submit(office: Office, people: dict[Role, Any], number: int) -> None:
    """As `submit` does, but with an audience made by hand."""
    actor = _actor(people)
    draft = lookup.campaign(office, actor, number)
    known = forecast.templates(office)
    submission.adopt(office, actor, draft, audience_file(office, 60), register_snapshot=None, known=known)


def test_a_campaign_is_planned_tested_approved_and_launched_by_api(
    office: Office, people: dict[Role, Any], enter: Enter
) -> None:
    officer = enter(Role.officer)
    assert officer.client.post("/api/campaigns", json=plan()).status_code == 403, "a page elsewhere cannot do it"
    number = _asked(officer, "POST", "/api/campaigns", plan()).json()["id"]
    wrong = _asked(officer, "PUT", f"/api/campaigns/{number}", plan(start="June"))
    assert (wrong.status_code, "start is 'June'" in wrong.text) == (422, True)
    passed = _asked(officer, "PUT", f"/api/campaigns/{number}", plan(poll_date="2026-06-02"))
    assert (passed.status_code, "The plan: poll_date: The day of the poll" in passed.text) == (422, True)
    assert _asked(officer, "PUT", f"/api/campaigns/{number}", plan(purpose="Another")).json()["version"] == 2
    test = {"channel": "email", "to": "approver@example.org"}
    assert len(_asked(officer, "POST", f"/api/campaigns/{number}/test", test).json()["notify_id"]) == 36
    _submit(office, people, number)
    assert _asked(officer, "POST", f"/api/campaigns/{number}/approve", {}).status_code == 403
    found = officer.get(f"/api/campaigns/{number}").json()
    assert found["estimate"]["waterfall"][-1] == {
        "what": "homes that can be reminded", "homes": 60, "kind": "total", "about": False
    }  # fmt: skip
    assert "With 30 homes (reminded now) and 30" in found["finds"][0]
    approver = enter(Role.approver)
    stale = _asked(approver, "POST", f"/api/campaigns/{number}/approve", {"digest": "0" * 64})
    assert stale.status_code == 409
    assert (
        _asked(approver, "POST", f"/api/campaigns/{number}/approve", {"digest": found["digest"]}).json()["state"]
        == "approved"
    )
    assert _asked(enter(Role.officer), "POST", f"/api/campaigns/{number}/launch", {}).json()["state"] == "launched"


def test_the_page_of_a_submitted_campaign_says_all_an_approver_needs(
    office: Office, people: dict[Role, Any], enter: Enter
) -> None:
    officer = enter(Role.officer)
    number = _asked(officer, "POST", "/api/campaigns", plan()).json()["id"]
    draft = officer.get(f"/campaigns/{number}").text
    assert "Text message in English" in draft
    assert "What this can find" not in draft
    sent = officer.send(
        f"/campaigns/{number}/test", {"message": "sms-en", "to": "approver 2", "number": "07700 900111"}
    )
    assert "Tests sent to colleagues" in sent.text
    refused = officer.send(f"/campaigns/{number}/test", {"message": "sms-en", "to": "approver 2"})
    assert (refused.status_code, "Enter your colleague’s work mobile number" in refused.text) == (422, True)
    _submit(office, people, number)
    page = enter(Role.approver).get(f"/campaigns/{number}").text
    for words in (
        "Who is left out, and why", "Homes that can be reminded", "Days on which messages leave, at most",
        "What it costs, at most", "With VAT at 20%", "What this can find", "As they were at GOV.UK Notify when",
        "second class",
    ):  # fmt: skip
        assert words in page
    assert "What changed since" not in page
    assert enter(Role.auditor).send(f"/campaigns/{number}/test").status_code == 403


def test_before_a_poll_the_page_says_so(office: Office, people: dict[Role, Any], enter: Enter) -> None:
    officer = enter(Role.officer)
    number = _asked(officer, "POST", "/api/campaigns", plan(poll_date="2026-07-02")).json()["id"]
    for path in (f"/campaigns/{number}", f"/campaigns/{number}/submit"):
        assert "this campaign needs the approval of two people" in officer.get(path).text
    answer = officer.send(f"/campaigns/{number}/submit")
    assert (answer.status_code, "the plan has to name who approves second" in answer.text) == (422, True)
    assert "approver 2" in officer.get(f"/campaigns/{number}/edit").text


def test_a_campaign_whose_template_was_edited_goes_on_once_the_new_text_is_approved(
    office: Office, people: dict[Role, Any], enter: Enter, post: Running
) -> None:
    officer = enter(Role.officer)
    number = _asked(officer, "POST", "/api/campaigns", plan()).json()["id"]
    _submit(office, people, number)
    first = officer.get(f"/api/campaigns/{number}").json()
    _asked(enter(Role.approver), "POST", f"/api/campaigns/{number}/approve", {"digest": first["digest"]})
    _asked(enter(Role.officer), "POST", f"/api/campaigns/{number}/launch", {})
    (service,) = post.state.seed.services.values()
    versions = service.templates[TEMPLATES["email"]]
    versions.append(replace(versions[-1], version=2, content=f"{versions[-1].content}\n\nWhat it says now"))
    tick(office, GovukNotify(KEY, post.base_url))
    officer = enter(Role.officer)
    paused = officer.get(f"/campaigns/{number}").text
    assert "Changed at GOV.UK Notify since it was approved: email_reminder_en" in paused
    assert f"/campaigns/{number}/resume" not in paused
    assert "Submit again or stop: Summer reminders" in officer.get("/").text
    officer.send(f"/campaigns/{number}/renew")
    approver = enter(Role.approver)
    assert f"/campaigns/{number}" in approver.get("/approvals").text
    assert "Approve or send back: Summer reminders" in approver.get("/").text
    shown = approver.get(f"/campaigns/{number}").text
    assert "What changed since the version approved before" in shown
    assert "What it says now" in shown
    again = approver.get(f"/api/campaigns/{number}").json()
    assert [change["what"] for change in again["changes"]] == ["Email in English"]
    approver.send(f"/campaigns/{number}/approve", {"digest": again["digest"]})
    enter(Role.officer).send(f"/campaigns/{number}/resume")
    tick(office, GovukNotify(KEY, post.base_url))
    assert ledger.status(office, _actor(people), number).accepted == 20
    assert {row.template_version for row in post.state.store.by_id.values() if row.type == "email"} == {2}


# Setting up, task by task


def _tasks(page: str) -> dict[str, str]:
    """The standing of each task, by its title."""
    items = re.findall(r'<li class="govuk-task-list__item.*?</li>', page, re.DOTALL)
    read = [[part.strip() for part in re.sub(r"<[^>]+>", "\n", item).split("\n") if part.strip()] for item in items]
    return {words[0]: words[-1] for words in read}


def _of(key: str, **changes: str) -> dict[str, str]:
    typed = TYPED | {"second": "", "rate": "", "second_approver": plan_form.NOBODY}
    return {name: value for name, value in typed.items() if outlines.task(key).owns(name)} | changes


@pytest.fixture
def segment(office: Office, people: dict[Role, Any]) -> str:
    rule = {"version": 1, "where": {"column": "electors", "is": "at most", "value": 1}}
    return segments.save(office, _actor(people), TYPED["segment"], rule).name


def _begin(officer: Visitor, key: str, **changes: str) -> str:
    """The path of what begins with this task."""
    answer = officer.send(f"/campaigns/new/{key}", _of(key, **changes))
    assert "/campaigns/plans/" in str(answer.url), answer.text
    return answer.url.path


def test_a_plan_is_set_up_in_any_order_and_over_several_days(office: Office, enter: Enter, segment: str) -> None:
    officer = enter(Role.officer)
    first = _tasks(officer.get(f"/campaigns/new?segment={segment}").text)
    assert set(first.values()) == {"To do", "Cannot start yet"}
    assert outlines.unfinished(office, Actor(COUNCIL, "nobody")) == [], "looking at it begins nothing"
    there = _begin(officer, "dates")
    assert _tasks(officer.get(there).text)["Choose dates"] == "Completed"
    assert "Save as a draft" not in officer.get(there).text

    later = enter(Role.officer)
    assert there in later.get("/campaigns").text
    for key in ("comparison", "checks", "people", "messages"):
        assert later.send(f"{there}/{key}", _of(key)).url.path == there
    page = later.get(there).text
    assert [word for word in _tasks(page).values() if word != "Completed"] == ["Next"]
    made = later.send(f"{there}/finish")
    [campaign] = lookup.campaigns(office, Actor(COUNCIL, "nobody"))
    assert made.url.path == f"/campaigns/{campaign.id}"
    assert Plan.model_validate(campaign.plan) == plan_form.plan(Form(TYPED)), "as if it had been one form"
    assert later.get(there).status_code == 404
    assert "Being set up" not in later.get("/campaigns").text


def test_what_is_wrong_with_a_task_is_said_at_once_and_not_kept(office: Office, enter: Enter) -> None:
    officer = enter(Role.officer)
    refused = officer.send("/campaigns/new/dates", _of("dates", **{"end-day": "31", "end-month": "6"}))
    assert (refused.status_code, "The day the comparison ends must be a real date" in refused.text) == (422, True)
    assert outlines.unfinished(office, Actor(COUNCIL, "nobody")) == []
    there = _begin(officer, "people")
    refused = officer.send(f"{there}/messages", {"template-email": "", "language": "en"})
    assert (refused.status_code, "Select a template for at least one" in refused.text) == (422, True)
    assert _tasks(officer.get(there).text)["Choose messages"] == "To do"
    unready = officer.send(f"{there}/finish")
    assert unready.status_code == 422
    assert "Choose messages: to do." in unready.text


def test_the_name_before_texts_is_asked_for_once_and_holds_for_the_council(office: Office, enter: Enter) -> None:
    officer = enter(Role.officer)
    asked = officer.get("/campaigns/new/messages").text
    assert "What GOV.UK Notify puts before each text" in asked
    assert 'value="nothing" checked' not in asked, "nobody has said it for them"
    refused = officer.send("/campaigns/new/messages", _of("messages", naming="name"))
    assert (refused.status_code, "Enter the name that stands before each text" in refused.text) == (422, True)
    there = _begin(officer, "messages", naming="name", **{"text-name": "Exampleton elections"})
    assert 'value="Exampleton elections"' in officer.get("/campaigns/new/messages").text
    officer.send(f"{there}/messages", _of("messages", naming="nothing"))
    with office.database.session() as session:
        assert session.get_one(Authority, COUNCIL).text_name == ""
    assert 'value="nothing" checked' in officer.get("/campaigns/new/messages").text


def test_a_task_that_another_has_made_wrong_says_so(enter: Enter, segment: str) -> None:
    officer = enter(Role.officer)
    there = _begin(officer, "people")
    for key in ("messages", "dates", "checks"):
        officer.send(f"{there}/{key}", _of(key))
    officer.send(f"{there}/comparison", _of("comparison", second="channel"))
    assert _tasks(officer.get(there).text)["Set the comparison group"] == "Completed"
    officer.send(f"{there}/messages", _of("messages", **{"template-letter": ""}))
    page = officer.get(there).text
    assert _tasks(page)["Set the comparison group"] == "There is a problem"
    assert "Save as a draft" not in page
    assert "select a letter template and one for email or text" in officer.get(f"{there}/comparison").text
    assert officer.send(f"{there}/finish").status_code == 422


def test_dates_that_destroy_the_comparison_are_not_completed(enter: Enter) -> None:
    officer = enter(Role.officer)
    short = {"end-day": "4", "end-month": "6"}
    refused = officer.send("/campaigns/new/dates", _of("dates", **short))
    assert refused.status_code == 422
    assert 'href="#end">The comparison ends on 4 June 2026, but whoever applies' in refused.text
    assert "1 clash in these dates" in refused.text, "the calendar marks it too"
    past = officer.send("/campaigns/new/dates", _of("dates", **{"start-day": "1"}))
    assert "was to leave on 1 June 2026, which has passed" in past.text


def test_a_day_that_passes_while_a_plan_is_set_up_is_a_problem_then(
    office: Office, clock: SteppedClock, enter: Enter, segment: str
) -> None:
    officer = enter(Role.officer)
    there = _begin(officer, "dates")
    for key in ("comparison", "checks", "people", "messages"):
        officer.send(f"{there}/{key}", _of(key))
    assert "Save as a draft" in officer.get(there).text
    page = officer.get(there).text
    assert "Wave 1: email to “reminded now”" in page
    assert "Quiet days, on which no email or text leaves: Sundays" in page
    clock.advance(timedelta(days=1))
    officer = enter(Role.officer)
    assert _tasks(officer.get(there).text)["Choose dates"] == "There is a problem"
    assert officer.send(f"{there}/finish").status_code == 422
    assert lookup.campaigns(office, Actor(COUNCIL, "nobody")) == []


POLL = {"poll-day": "2", "poll-month": "7", "poll-year": "2026", "poll-kind": "local"}


def test_who_approves_second_is_chosen_and_not_skipped(
    office: Office, people: dict[Role, Any], enter: Enter, segment: str
) -> None:
    officer = enter(Role.officer)
    skipped = officer.send("/campaigns/new/checks", {"second_approver": ""})
    assert (skipped.status_code, "Select who approves second, or that nobody has to" in skipped.text) == (422, True)
    there = _begin(officer, "checks")
    assert _tasks(officer.get(there).text)["Check compliance"] == "Completed"
    officer.send(f"{there}/dates", _of("dates", **POLL))
    assert _tasks(officer.get(there).text)["Check compliance"] == "There is a problem"
    assert "Select who approves second. Some of it leaves between" in officer.get(f"{there}/checks").text
    again = officer.send(f"{there}/checks", {"second_approver": plan_form.NOBODY})
    assert again.status_code == 422
    assert "before the local elections" in again.text
    chosen = people[Role.approver].label
    assert officer.send(f"{there}/checks", {"second_approver": chosen}).url.path == there
    for key in ("comparison", "people", "messages"):
        officer.send(f"{there}/{key}", _of(key))
    draft = officer.send(f"{there}/finish")
    assert "Before it can be submitted" not in draft.text, "submission has no surprise left"
    assert f"Approves second: {chosen}" in draft.text


def test_a_message_that_submission_would_refuse_is_a_problem_of_its_task(enter: Enter, segment: str) -> None:
    officer = enter(Role.officer)
    gone = "11111111-1111-4111-8111-111111111111"
    there = _begin(officer, "messages", **{"template-letter": gone})
    for key in ("comparison", "people", "dates", "checks"):
        officer.send(f"{there}/{key}", _of(key))
    page = officer.get(there).text
    assert _tasks(page)["Choose messages"] == "There is a problem"
    assert "Save as a draft" not in page
    said = f"Letter in English: GOV.UK Notify has no template {gone}."
    assert f'href="#template-letter">{said}' in officer.get(f"{there}/messages").text
    assert officer.send(f"{there}/messages", _of("messages")).url.path == there
    assert "Save as a draft" in officer.get(there).text


def test_what_a_colleague_entered_since_is_not_thrown_away(
    office: Office, clock: SteppedClock, enter: Enter, segment: str
) -> None:
    officer = enter(Role.officer)
    there = _begin(officer, "people")
    seen = _hidden(officer.get(f"{there}/people").text, "seen")
    clock.advance(timedelta(minutes=1))
    officer.send(f"{there}/people", _of("people", purpose="What a colleague wrote"))
    for path, typed in (("people", _of("people")), ("discard", {}), ("finish", {})):
        stale = officer.send(f"{there}/{path}", typed | {"seen": seen})
        assert stale.status_code == 422
        if path != "finish":
            assert "Somebody changed this plan since you opened the page, and nothing was done" in stale.text
    (kept,) = outlines.unfinished(office, Actor(COUNCIL, "nobody"))
    assert kept.answers["purpose"] == "What a colleague wrote"
    fresh = _hidden(officer.get(there).text, "seen")
    assert "Discarded" in officer.send(f"{there}/discard", {"seen": fresh}).text


def test_a_change_on_a_stale_page_is_not_saved(
    office: Office, people: dict[Role, Any], enter: Enter, segment: str
) -> None:
    officer = enter(Role.officer)
    number = _asked(officer, "POST", "/api/campaigns", plan(rule=None, segment=segment)).json()["id"]
    page = officer.get(f"/campaigns/{number}/edit").text
    shown = {name: _hidden(page, name) for name in ("state", "version", "digest", "why")}
    assert shown["version"] == "1"
    _asked(officer, "PUT", f"/api/campaigns/{number}", plan(rule=None, segment=segment, purpose="Newer"))
    typed = TYPED | {"second_approver": plan_form.NOBODY} | shown
    stale = officer.send(f"/campaigns/{number}/edit", typed)
    assert stale.status_code == 422
    assert "the page showed version 1, draft. Now it is version 2, draft, and nothing was done" in stale.text
    assert lookup.campaign(office, _actor(people), number).purpose == "Newer"
    saved = officer.send(f"/campaigns/{number}/edit", typed | {"version": "2"})
    assert "Saved as version 3" in saved.text


def test_a_draft_says_before_it_is_submitted_what_submission_would(
    office: Office, people: dict[Role, Any], clock: SteppedClock, enter: Enter
) -> None:
    officer = enter(Role.officer)
    gone = {"email": "11111111-1111-4111-8111-111111111111", "letter": TEMPLATES["letter"]}
    number = _asked(officer, "POST", "/api/campaigns", plan(poll_date="2026-07-02", templates=gone)).json()["id"]
    clock.advance(timedelta(days=1))
    officer = enter(Role.officer)
    for path in (f"/campaigns/{number}", f"/campaigns/{number}/submit"):
        page = officer.get(path).text
        for words in ("the plan has to name who approves second", "which has passed", "has no template 11111111"):
            assert words in page
    assert 'type="submit"' not in officer.get(f"/campaigns/{number}/submit").text.partition("<main")[2]
    tasks = _tasks(officer.get(f"/campaigns/{number}").text)
    for task in ("Choose dates", "Choose messages", "Check compliance"):
        assert tasks[task] == "There is a problem"
    assert (tasks["Choose people"].startswith("Completed"), tasks["Submit for approval"]) == (True, "Cannot start yet")


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def test_a_plan_being_set_up_is_seen_by_colleagues_and_can_be_discarded(office: Office, enter: Enter) -> None:
    officer = enter(Role.officer)
    there = _begin(officer, "people")
    assert officer.get("/campaigns/new/nothing").status_code == 404
    with office.database.session() as session:
        session.add(Authority(code="E07000999", name="Elsewhere"))
    hire(office, Role.officer, authority="E07000999", email="elsewhere@example.org")
    auditor = enter(Role.auditor)
    listed = auditor.get("/campaigns").text
    assert (TYPED["name"] in listed, there in listed) == (True, False)
    assert auditor.get(there).status_code == 403
    officer.client.cookies.clear()
    elsewhere = Visitor(officer.client)
    elsewhere.sign_in("elsewhere@example.org")
    assert elsewhere.get(there).status_code == 404
    assert elsewhere.send(f"{there}/discard").status_code == 404
    again = enter(Role.officer)
    assert "Discarded" in again.send(f"{there}/discard").text
    assert again.get(there).status_code == 404
    with office.database.reading() as session:
        acts = [json.loads(line)["act"] for line in audit.export(session, COUNCIL)]
    assert [act for act in acts if act in ("set up campaign", "end setting up")] == [
        "set up campaign",
        "end setting up",
    ]
