"""A rule by form: shown, sent back and corrected."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.foundation.web.forms import Form
from segments.rules import form as rule_form
from segments.rules.tree import COLUMNS, COMPARISONS, ONE_OF, VERSION, Rule, parse


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
