import json
from pathlib import Path
from typing import Any

import pytest

from campaigns.plan.plan import Plan, PlanInvalid, read
from campaigns.records.models import Channel
from tests.campaigns.council import TEMPLATES, plan


def test_the_shortest_plan_is_filled_in() -> None:
    waves = read(plan()).waves
    assert [(list(wave.channels), wave.send_on.isoformat(), list(wave.arms)) for wave in waves] == [
        (["email", "sms"], "2026-06-03", ["reminded now"]),
        (["letter"], "2026-06-17", ["reminded now"]),
        (["email", "sms"], "2026-07-16", ["reminded later"]),
        (["letter"], "2026-07-30", ["reminded later"]),
    ]


def test_a_plan_survives_its_json() -> None:
    first = read(
        plan(poll_date="2027-05-06", templates={**TEMPLATES, "sms": {"en": TEMPLATES["sms"], "cy": TEMPLATES["email"]}})
    )
    assert read(json.dumps(first.as_json())) == first
    assert Plan.model_validate(first.as_json()) == first


def test_templates_are_chosen_by_language() -> None:
    welsh = TEMPLATES["email"]
    both = {"sms": {"en": TEMPLATES["sms"], "cy": welsh}, "letter": TEMPLATES["letter"]}
    chosen = read(plan(templates=both, language="cy"))
    assert str(chosen.template(chosen.waves[0], Channel.sms)) == welsh
    assert str(chosen.template(chosen.waves[1], Channel.letter)) == TEMPLATES["letter"]


def test_a_holdout_needs_a_reason() -> None:
    now_only = [{"channels": ["letter"], "send_on": "2026-06-03", "arms": ["reminded now"]}]
    with pytest.raises(PlanInvalid, match="nobody in 'reminded later' is ever reminded"):
        read(plan(waves=now_only))
    assert read(plan(waves=now_only, holdout_reason="Extra reminders only; the canvass reaches everybody")).waves


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": "June"}, "start is 'June': expected a date as 2026-06-03"),
        ({"colour": "red"}, "colour is 'red': there is no such field. Expected some of name, purpose"),
        ({"name": ""}, "name is ''"),
        ({"templates": {"email": "reminder"}}, "templates.email.en is 'reminder': expected a template id"),
        ({"templates": {}}, "expected a template for at least one channel"),
        ({"arms": {"a": 0.7, "b": 0.2}}, "expected shares above 0 that add up to 1"),
        ({"comparison": "nobody"}, "expected one of the arms (reminded now, reminded later), not 'nobody'"),
        ({"rule": None}, "expected the name of a segment, or a rule"),
        ({"outcome_window": {"start": "2026-06-03", "end": "2026-06-01"}}, "expected an end on or after the start"),
        ({"waves": [{"channels": ["fax"], "send_on": "2026-06-03", "arms": ["reminded now"]}]}, "waves.1.channels.1 is 'fax'"),
        (
            {"waves": [{"channels": ["letter"], "send_on": "2026-06-10", "arms": ["reminded now", "reminded later"]}]},
            "'reminded later' is the comparison, but its first reminder is on 2026-06-10. Expected a day after",
        ),
        (
            {
                "waves": [
                    {"channels": ["letter"], "send_on": "2026-06-01", "arms": ["reminded now"]},
                    {"channels": ["letter"], "send_on": "2026-08-01", "arms": ["reminded later"]},
                ]
            },
            "waves.1.send_on: expected a day on or after the start",
        ),
    ],
)  # fmt: skip
def test_a_wrong_plan_names_the_field_and_what_was_expected(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanInvalid) as caught:
        read(plan(**changes))
    assert words in str(caught.value)


def test_two_wordings_go_out_on_the_same_days() -> None:
    arms = {"plain": 0.25, "warm": 0.25, "reminded later": 0.5}
    first = {"channels": ["letter"], "send_on": "2026-06-03", "arms": ["plain"]}
    warm = {"channels": ["letter"], "arms": ["warm"], "templates": {"letter": TEMPLATES["letter"]}}
    later = {"channels": ["letter"], "send_on": "2026-08-01", "arms": ["reminded later"]}
    waves = read(plan(arms=arms, waves=[first, warm | {"send_on": "2026-06-03"}, later])).waves
    assert [wave.arms for wave in waves] == [("plain",), ("warm",), ("reminded later",)]
    with pytest.raises(PlanInvalid, match="'warm' is reminded on 2026-06-10, but 'plain' on 2026-06-03"):
        read(plan(arms=arms, waves=[first, warm | {"send_on": "2026-06-10"}, later]))


def test_files_that_are_no_plan(tmp_path: Path) -> None:
    for content, words in (
        (b"{", "plan.json is not JSON: line 1, column 2"),
        (b"[]", "holds a list"),
        (b"\xff", "not UTF-8"),
    ):
        (tmp_path / "plan.json").write_bytes(content)
        with pytest.raises(PlanInvalid, match=words):
            read(tmp_path / "plan.json")
    with pytest.raises(PlanInvalid, match="cannot be read"):
        read(tmp_path / "missing.json")
