"""What differs from the version approved before, whatever was changed."""

from dataclasses import replace

from campaigns.approval import changes, decisions, drafts, submission
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Template
from campaigns.records.models import Campaign
from engage.foundation.office import Office
from tests.campaigns.council import TEMPLATES, Maker, audience_file, plan


def _adopt(office: Office, maker: Maker, draft: Campaign, homes: int, known: list[Template] | None) -> Campaign:
    frozen = audience_file(office, homes)
    return submission.adopt(office, maker.people.planner, draft, frozen, register_snapshot=None, known=known)


def _since(office: Office, campaign: Campaign) -> dict[str, tuple[str, str]] | None:
    with office.database.session() as session:
        found = changes.since_approved(session, session.get_one(Campaign, campaign.id))
    return None if found is None else {change.what: (change.before, change.now) for change in found}


def test_the_first_version_has_nothing_before_it(office: Office, maker: Maker) -> None:
    assert _since(office, maker.submitted(10)) is None


def test_everything_that_changed_is_told_and_nothing_else(office: Office, maker: Maker, notify: GovukNotify) -> None:
    planner, known = maker.people.planner, notify.templates()
    first = _adopt(office, maker, drafts.create(office, planner, plan()), 20, known)
    maker.approve(first.id or 0)
    unchanged = drafts.revise(office, planner, first.id or 0, plan())
    assert _since(office, unchanged) == {}
    assert _since(office, _adopt(office, maker, unchanged, 20, known)) == {}

    changed = plan(purpose="Another", start="2026-06-04", templates={"letter": TEMPLATES["letter"]})
    edited = [replace(t, version=2, body=f"{t.body}\n\nNew words") if t.channel == "letter" else t for t in known]
    second = _adopt(office, maker, drafts.revise(office, planner, first.id or 0, changed), 22, edited)
    found = _since(office, second)
    assert found is not None
    assert found.pop("Purpose") == ("Remind homes where nobody is registered", "Another")
    assert found.pop("First day") == ("3 June 2026", "4 June 2026")
    assert found.pop("Homes drawn into groups") == ("20", "22")
    assert found.pop("Text message in English")[1] == "none"
    letter = found.pop("Letter in English")
    assert "version 1" in letter[0]
    assert "version 2\nCheck who is registered to vote at this address\n" in letter[1]
    assert letter[1].endswith("\n\nNew words")
    first_wave = found.pop("Wave 1")
    assert first_wave == (
        "3 June 2026, to “reminded now”: email “email_reminder_en”, text “sms_reminder_en”",
        "4 June 2026, to “reminded now”: letter “letter_reminder_en”",
    )
    assert set(found) == {"Homes in each group", "Email in English", "Wave 2", "Wave 3", "Wave 4"}


def test_a_version_sent_back_is_not_what_it_is_held_against(office: Office, maker: Maker) -> None:
    people = maker.people
    first = maker.submitted(10)
    maker.approve(first.id or 0)
    second = drafts.revise(office, people.planner, first.id or 0, plan(name="Second"))
    _adopt(office, maker, second, 10, None)
    third = decisions.reject(office, people.approver, first.id or 0, note="Not yet")
    assert third.version == 3
    assert _since(office, third) == {"Name": ("Summer reminders", "Second")}
    with office.database.session() as session:
        back = changes.sent_back(session, session.get_one(Campaign, first.id))
        assert back is not None
        assert (back.version, back.by, back.note) == (2, people.approver.label, "Not yet")


def test_where_nothing_was_approved_it_is_held_against_the_version_sent_back(office: Office, maker: Maker) -> None:
    people = maker.people
    number = maker.submitted(10).id or 0
    decisions.reject(office, people.approver, number, note="Half is too many, and July too late. " * 20)
    other = {"column": "electors", "is": "at most", "value": 1}
    now = plan(
        rule={"version": 1, "where": other}, arms={"reminded now": 0.4, "reminded later": 0.6}, language="cy",
        outcome_window={"start": "2026-06-03", "end": "2026-07-01"}, poll_date="2026-11-05", poll_kind="by-election",
        register_by="2026-10-19",
    )  # fmt: skip
    found = _since(office, drafts.revise(office, people.planner, number, now))
    assert found is not None
    assert found.pop("Compared") == ("3 June 2026 to 15 July 2026", "3 June 2026 to 1 July 2026")
    assert found.pop("Groups") == (
        "50% “reminded now”, 50% “reminded later”", "40% “reminded now”, 60% “reminded later”"
    )  # fmt: skip
    assert found.pop("Rule")[1] == "Homes where the number of electors is at most 1."
    assert found.pop("Poll") == ("none", "5 November 2026")
    assert found.pop("Kind of poll") == ("none", "by-election")
    assert found.pop("Last day to register") == ("none", "19 October 2026")
    assert found.pop("Language") == ("English", "Welsh")
    assert {*found} == {"Wave 3", "Wave 4"}, "the others are reminded earlier"
