"""A plan by form: two wordings or orders of channels, Welsh templates, and what the form cannot show."""

from datetime import date
from typing import Any

import pytest

from campaigns.plan.plan import REMINDED_LATER, REMINDED_NOW, read
from campaigns.records.models import Campaign
from campaigns.setup import plan_form
from engage.foundation.web.forms import Form
from tests.campaigns.council import SEED, TEMPLATES, plan

WELSH = {channel: SEED["templates"]["demo"][f"{channel}_reminder_cy"]["id"] for channel in ("email", "sms", "letter")}
TYPED = {
    "name": "Autumn", "purpose": "To remind", "segment": "Short", "share": "60", "language": "en",
    "template-email": TEMPLATES["email"], "template-letter": TEMPLATES["letter"],
    "start-day": "3", "start-month": "6", "start-year": "2026", "end-day": "15", "end-month": "7", "end-year": "2026",
}  # fmt: skip
FIRST, SECOND = date(2026, 6, 3), date(2026, 6, 17)


def _made(**changes: str) -> Any:
    form = Form(TYPED | changes)
    made = plan_form.plan(form)
    assert form.errors == {}
    assert made is not None
    kept = Campaign(plan=made.as_json())  # type: ignore[call-arg]
    assert plan_form.plan(plan_form.filled(kept)) == made, "shown in the form and sent back, it is the same"
    assert plan_form.whole(kept)
    return made


def test_two_wordings_on_the_same_days() -> None:
    second = plan_form.SECOND["wording"]
    made = _made(second="wording", **{"second-email": WELSH["email"], "second-letter": WELSH["letter"]})
    assert made.arms == pytest.approx({REMINDED_NOW: 0.3, second: 0.3, REMINDED_LATER: 0.4})
    now = [(w.send_on, w.arms, str(made.template(w, w.channels[0]))) for w in made.waves[:4]]
    assert now == [
        (FIRST, (REMINDED_NOW,), TEMPLATES["email"]), (FIRST, (second,), WELSH["email"]),
        (SECOND, (REMINDED_NOW,), TEMPLATES["letter"]), (SECOND, (second,), WELSH["letter"]),
    ]  # fmt: skip
    assert [w.arms for w in made.waves[4:]] == [(REMINDED_LATER,)] * 2


def test_two_orders_of_channels_on_the_same_days() -> None:
    second = plan_form.SECOND["channel"]
    waves = _made(second="channel").waves
    assert [(w.send_on, w.arms, [c.value for c in w.channels]) for w in waves[:4]] == [
        (FIRST, (REMINDED_NOW,), ["email"]), (FIRST, (second,), ["letter"]),
        (SECOND, (REMINDED_NOW,), ["letter"]), (SECOND, (second,), ["email"]),
    ]  # fmt: skip


@pytest.mark.parametrize(("typed", "catches_up"), [("yes", True), ("no", False), ("", False)])
def test_whether_a_late_wave_catches_up(typed: str, catches_up: bool) -> None:
    assert _made(catch_up=typed).catch_up is catches_up


def test_a_poll_with_its_kind_and_its_own_deadline() -> None:
    poll = {"poll-day": "1", "poll-month": "10", "poll-year": "2026", "poll-kind": "by-election"}
    own = {"register_by-day": "14", "register_by-month": "9", "register_by-year": "2026"}
    made = _made(**poll, **own)
    assert (made.poll_date, made.poll_kind, made.register_by) == (date(2026, 10, 1), "by-election", date(2026, 9, 14))
    assert _made(second_approver=plan_form.NOBODY).second_approver == ""
    assert _made(second_approver="nobody@example.org").second_approver == "nobody@example.org"


def test_templates_in_both_languages() -> None:
    made = _made(language="cy", **{"template-email-cy": WELSH["email"]})
    assert {k: str(v) for k, v in made.templates["email"].items()} == {"en": TEMPLATES["email"], "cy": WELSH["email"]}
    assert str(made.template(made.waves[0], made.waves[0].channels[0])) == WELSH["email"]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"second": "wording"}, "second-email", "second template for each of the channels"),
        ({"second": "wording", "second-sms": TEMPLATES["sms"]}, "second-email", "second template for each"),
        ({"second": "channel", "template-letter": ""}, "second", "select a letter template"),
        ({"template-email-cy": "Welsh"}, "template-email-cy", "must be an id"),
        ({"rate": "none"}, "rate", "from 0.1 to 90"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(changes: dict[str, str], field: str, said: str) -> None:
    form = Form(TYPED | changes)
    assert plan_form.plan(form) is None
    assert said in form.errors[field]


def test_a_plan_of_another_shape_is_told_apart() -> None:
    waves = [
        {"channels": ["letter"], "send_on": "2026-06-03", "arms": [REMINDED_NOW]},
        {"channels": ["letter"], "send_on": "2026-09-01", "arms": [REMINDED_LATER]},
    ]
    own = read(plan(segment="Short", rule=None, waves=waves))
    assert not plan_form.whole(Campaign(plan=own.as_json()))  # type: ignore[call-arg]


PLAN = TYPED | {"share": "50"}


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
        ({"start-year": "26"}, "start", "must have a year of four digits, such as 2026"),
        ({"end-year": "26"}, "end", "must have a year of four digits"),
        ({"end-year": "0026"}, "end", "must have a year of four digits"),
        ({"poll-day": "2", "poll-month": "7", "poll-year": "26"}, "poll", "must have a year of four digits"),
        ({"poll-kind": "local"}, "poll", "Enter the day of the poll"),
        ({"poll-day": "2", "poll-month": "7", "poll-year": "2026", "poll-kind": "raffle"}, "poll-kind", "Select what"),
        (
            {
                "poll-day": "2",
                "poll-month": "7",
                "poll-year": "2026",
                "register_by-day": "3",
                "register_by-month": "7",
                "register_by-year": "2026",
            },
            "register_by",
            "in the three months before the poll",
        ),
    ],
)
def test_what_is_wrong_with_a_plan_is_told_at_its_field(change: dict[str, str], field: str, said: str) -> None:
    form = Form(PLAN | change)
    assert plan_form.plan(form) is None
    assert said in form.errors[field]
