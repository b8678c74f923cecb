"""The dates of a plan judged as a whole, by one judgement for the form, the submission and the launch."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from campaigns.approval import control, dates, decisions, drafts, submission
from campaigns.approval.timeline import timeline
from campaigns.plan.plan import REMINDED_LATER, REMINDED_NOW, PlanInvalid, read
from campaigns.records import lookup
from campaigns.records.models import CampaignState
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.office import Office
from tests.campaigns.council import TEMPLATES, Maker, plan


def _window(start: str, end: str) -> dict[str, Any]:
    return {"start": start, "end": end}


def _words(office: Office, *, told: bool = False, nation: str = "England", **changes: Any) -> list[str]:
    return [clash.words for clash in dates.judge(office, read(plan(**changes)), nation) if clash.told == told]


def test_the_usual_plan_has_no_clash(office: Office) -> None:
    assert dates.judge(office, read(plan()), "England") == []


@pytest.mark.parametrize("end", ["2026-06-03", "2026-06-04", "2026-06-10"])
def test_a_window_in_which_nobody_can_come_onto_the_register_is_refused(office: Office, maker: Maker, end: str) -> None:
    """It was called complete, approved and launched, and could never have shown anything."""
    wrong = {"outcome_window": _window("2026-06-03", end)}
    (words,) = _words(office, **wrong)
    assert words.endswith("Nothing could be measured. Expected an end on or after 11 June 2026.")
    planner, written = maker.people.planner, office.settings.home / "plan.json"
    written.write_text(json.dumps(plan(**wrong)))
    with pytest.raises(InputRefused, match=r"^plan\.json: outcome_window\.end: .* on 11 June 2026 at the earliest"):
        drafts.create(office, planner, written)
    assert lookup.campaigns(office, planner) == []
    number = drafts.create(office, planner, plan()).id or 0
    with pytest.raises(InputRefused, match=r"outcome_window\.end"):
        drafts.revise(office, planner, number, plan(**wrong))
    assert lookup.campaign(office, planner, number).version == 1
    assert _words(office, outcome_window=_window("2026-06-03", "2026-06-11")) == []


def test_a_draft_whose_days_have_passed_since_is_not_submitted(
    office: Office, maker: Maker, clock: SteppedClock
) -> None:
    number = drafts.create(office, maker.people.planner, plan()).id or 0
    clock.advance(timedelta(days=1))
    with pytest.raises(SendBlocked, match="Wave 1 was to leave on 3 June 2026, which has passed"):
        submission.submit(office, maker.people.planner, number)


@pytest.mark.parametrize("days", [1, 20, 45])
def test_launching_late_is_refused_and_writes_to_nobody(
    office: Office, maker: Maker, clock: SteppedClock, days: int
) -> None:
    """45 days late it would have written to both groups on one day."""
    number = maker.submitted(20).id or 0
    decisions.approve(office, maker.people.approver, number)
    clock.advance(timedelta(days=days))
    with pytest.raises(SendBlocked, match="Wave 1 was to leave on 3 June 2026, which has passed"):
        control.launch(office, maker.people.planner, number)
    assert lookup.campaign(office, maker.people.planner, number).state == CampaignState.approved


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"poll_date": "2026-06-02"}, "The day of the poll, 2 June 2026, has passed."),
        (
            {"outcome_window": _window("2026-06-10", "2026-07-15")},
            "The comparison begins on 10 June 2026, after the first reminder on 3 June 2026.",
        ),
        (
            {"outcome_window": _window("2026-06-01", "2026-07-15")},
            "The comparison was to begin on 1 June 2026, which has passed.",
        ),
        (
            {"outcome_window": _window("2026-06-03", "2026-07-18")},
            (
                "The comparison ends on Saturday 18 July 2026, and the others are reminded from Sunday 19 July 2026: "
                "no working day lies between on which the register that measures could be taken. Expected an end on "
                "a working day."
            ),
        ),
    ],
)
def test_what_destroys_the_comparison_or_has_passed_is_said(
    office: Office, changes: dict[str, Any], words: str
) -> None:  # fmt: skip
    assert words in _words(office, **changes)


def test_the_others_may_wait_for_the_register_that_measures(office: Office) -> None:
    waves = [
        {"channels": ["email"], "send_on": "2026-06-03", "arms": [REMINDED_NOW]},
        {"channels": ["email"], "send_on": "2026-07-21", "arms": [REMINDED_LATER]},
    ]
    assert _words(office, outcome_window=_window("2026-06-03", "2026-07-18"), waves=waves) == []


def test_a_campaign_that_compares_nobody_has_no_window_to_keep(office: Office) -> None:
    waves = [{"channels": ["email"], "send_on": "2026-06-03", "arms": ["all"]}]
    one = {"arms": {"all": 1.0}, "comparison": "", "waves": waves}
    assert _words(office, outcome_window=_window("2026-06-03", "2026-06-03"), **one) == []


def test_the_nations_own_holidays_count_in_the_window(office: Office) -> None:
    later = {"start": "2026-07-09", "outcome_window": _window("2026-07-09", "2026-07-17")}
    assert _words(office, **later) == []
    (words,) = _words(office, nation="Northern Ireland", **later)
    assert "20 July 2026 at the earliest" in words, "the 13th is a bank holiday there"


def test_waves_that_will_not_leave_on_their_day_are_told_and_not_refused(office: Office) -> None:
    two, three, four = _words(office, told=True, poll_date="2026-07-02")
    assert two == (
        "Wave 2 is on 17 June 2026, after the last day to register for the poll, 16 June 2026, so it will not leave."
    )
    assert three.endswith("so it will not leave. So nobody in “reminded later” is reminded.")
    assert four.startswith("Wave 4 is on 30 July 2026")
    sunday = {"start": "2026-06-07", "outcome_window": _window("2026-06-07", "2026-07-15")}
    assert _words(office, told=True, **sunday)[0] == (
        "Wave 1 is on Sunday 7 June 2026, a quiet day. Its emails and texts leave on Monday 8 June 2026."
    )


def test_a_wave_that_can_never_leave_is_refused(office: Office) -> None:
    def sent(channel: str, on: str, until: str) -> list[str]:
        wave = {"channels": [channel], "send_on": on, "expires_on": until, "arms": ["all"]}
        return _words(office, arms={"all": 1.0}, comparison="", waves=[wave])

    assert sent("email", "2026-06-07", "2026-06-07") == [
        "Wave 1 may leave until 7 June 2026 only, but can leave from 8 June 2026 at the earliest."
    ]
    assert sent("letter", "2026-06-07", "2026-06-07") == []
    assert sent("letter", "2026-06-07", "2026-06-06") != []


def test_a_polls_own_deadline_is_the_one_that_is_kept(office: Office) -> None:
    """Of the poll of 25 June the rule's last day is 9 June, after the first reminder."""
    poll = {"poll_date": "2026-06-25", "poll_kind": "by-election"}
    assert _words(office, **poll) == []
    (words,) = _words(office, **poll, register_by="2026-06-02")
    assert "is 3 June 2026 at 12:00am: the last day to register is 2 June 2026." in words


def test_a_deadline_that_the_list_of_polls_does_not_have_is_a_clash(office: Office) -> None:
    (office.settings.home / "law.toml").write_text(
        "[[poll]]\nsince = 2026-05-20\nday = 2026-06-25\nname = 'by-election'\nregister_by = 2026-06-08\nsource = 'RO'\n"
    )
    (words,) = _words(office, poll_date="2026-06-25", register_by="2026-06-10")
    assert words.startswith("The plan says that people may register until 10 June 2026")


@pytest.mark.parametrize("written", ["26-06-03", "0026-06-03", 26, 86400, "3.6.26", True])
@pytest.mark.parametrize("field", ["start", "poll_date", "register_by", "end", "send_on", "expires_on"])
def test_a_year_of_two_digits_is_refused_in_every_day_of_a_plan(field: str, written: object) -> None:
    wave = {"channels": ["email"], "send_on": "2026-06-03", "arms": [REMINDED_NOW]}
    later = {"channels": ["email"], "send_on": "2026-07-20", "arms": [REMINDED_LATER]}
    changes: dict[str, Any] = {field: written}
    if field == "end":
        changes = {"outcome_window": {"start": "2026-06-03", "end": written}}
    elif field in ("send_on", "expires_on"):
        changes = {"waves": [wave | changes, later]}
    with pytest.raises(PlanInvalid, match="expected a date as 2026-06-03, its year with four digits"):
        read(plan(**changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"poll_kind": "local"}, "expected the day of the poll"),
        ({"register_by": "2026-06-10"}, "expected the day of the poll"),
        ({"poll_date": "2026-06-25", "register_by": "2026-06-25"}, "in the three months before the poll"),
        ({"poll_date": "2026-06-25", "poll_kind": "raffle"}, "poll_kind is 'raffle'"),
    ],
)
def test_a_poll_that_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanInvalid, match=said):
        read(plan(**changes))


def test_the_calendar_tells_each_day_and_its_clashes(office: Office) -> None:
    shown = timeline(office, read(plan(poll_date="2026-07-16", poll_kind="local")), "England")
    days = {entry.on: " ".join(entry.what) for entry in shown.entries}
    assert days[date(2026, 6, 3)] == "Wave 1: email or else text to “reminded now” The comparison begins"
    assert "Wave 2: letter to “reminded now”" in days[date(2026, 6, 17)]
    assert days[date(2026, 6, 30)] == "Last day to register for the poll"
    assert days[date(2026, 7, 15)].startswith("The comparison ends: import a register")
    assert "Poll: local elections" in days[date(2026, 7, 16)]
    assert any("notice of the local elections" in what for what in days.values())
    assert [lane.name for lane in shown.lanes] == [
        "Reminded now", "Reminded later", "Compared", "Before a poll", "Quiet days"
    ]  # fmt: skip
    assert [number for _, number in shown.lanes[1].waves] == [3, 4]
    assert shown.quiet == "Sundays"
    assert shown.clashes == []
    late = timeline(office, read(plan(poll_date="2026-06-04")), "England")
    assert next(entry.on for entry in late.entries if entry.clashes) == date(2026, 6, 3)
    assert len(late.clashes) == 1


@pytest.mark.parametrize("poll", ["1926-06-04", "2062-06-04"])
def test_a_year_that_nobody_meant_is_told_and_breaks_nothing(office: Office, poll: str) -> None:
    """No law was in force in 1926, of which the page once was an internal error."""
    shown = timeline(office, read(plan(poll_date=poll)), "England")
    (clash,) = shown.clashes
    assert (clash.field, clash.words.endswith("more than five years from now. Check its year.")) == ("poll", True)


def test_far_days_of_a_wave_and_of_the_comparison_are_told_too(office: Office) -> None:
    words = _words(office, outcome_window=_window("2026-06-03", "2062-07-15"))
    assert words[0].startswith("The last day of the comparison is 15 July 2062")
    assert words[1].startswith("The day of wave 3 is 16 July 2062")


def test_the_letters_alone_of_a_short_window_are_told(office: Office) -> None:
    told = _words(office, told=True, templates=TEMPLATES, outcome_window=_window("2026-06-03", "2026-06-12"))
    assert told == [
        "Wave 2 leaves on 17 June 2026, after the comparison has ended on 12 June 2026: what it changes is not measured."
    ]
