"""A rule says itself, refuses what it cannot mean, and means on DuckDB what it means in plain Python."""

import operator
from typing import Any

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segments import rules

WARDS = ["E05000001", "E05000002"]
COMPARE = {
    "at least": operator.ge,
    "at most": operator.le,
    "more than": operator.gt,
    "less than": operator.lt,
    "exactly": operator.eq,
}
HOMES = [
    {
        "uprn": number,
        "kind": ["house", "flat", "shared", "institution", "other"][number % 5],
        "electors": number % 4,
        "attainers": number % 2,
        "expected_adults": None if number % 7 == 0 else number % 3 + 0.5,
        "gap": None if number % 7 == 0 else number % 3 + 0.5 - number % 4,
        "ward": WARDS[number % 2],
        "email": number % 3 == 0,
        "sms": number % 5 == 0,
        "letter": number % 11 != 0,
        "private_rented_share": None if number % 6 == 0 else (number % 10) / 10,
    }
    for number in range(60)
]

number_column = st.sampled_from(["electors", "attainers", "expected_adults", "gap", "private_rented_share"])


@st.composite
def conditions(draw: Any) -> dict[str, Any]:
    name = draw(st.sampled_from(["number", "class", "ward", "reach"]))
    if name == "number":
        column = draw(number_column)
        bounds = rules.COLUMNS[column]
        value = draw(st.floats(bounds.low, min(bounds.high, 5), allow_nan=False))
        return {"column": column, "is": draw(st.sampled_from(list(COMPARE))), "value": round(value, 1)}
    choices = {"class": list(rules.CLASSES), "ward": WARDS, "reach": list(rules.CHANNELS)}[name]
    values = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3, unique=True))
    return {"column": name, "is": "one of", "value": values}


trees = st.recursive(
    conditions(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts})
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts})
        | inner.map(lambda part: {"not": part})
    ),
    max_leaves=8,
)


def means(node: dict[str, Any], home: dict[str, Any]) -> bool:
    """What a tree says of one home, written out plainly."""
    if "all" in node:
        return all(means(part, home) for part in node["all"])
    if "any" in node:
        return any(means(part, home) for part in node["any"])
    if "not" in node:
        return not means(node["not"], home)
    if node["column"] == "reach":
        return any(home[channel] for channel in node["value"])
    if node["is"] == "one of":
        return home["kind" if node["column"] == "class" else node["column"]] in node["value"]
    held = home[node["column"]]
    return held is not None and COMPARE[node["is"]](held, node["value"])


@pytest.fixture(scope="module")
def homes() -> ibis.expr.types.Table:
    return ibis.memtable(pd.DataFrame(HOMES))


@given(tree=trees)
@settings(max_examples=60, deadline=None)
def test_duckdb_agrees_with_plain_python(tree: dict[str, Any], homes: ibis.expr.types.Table) -> None:
    rule = rules.parse({"version": 1, "where": tree})
    found = set(homes.filter(rule.ibis(homes)).uprn.execute())
    assert found == {home["uprn"] for home in HOMES if means(tree, home)}


@given(tree=trees)
@settings(max_examples=60, deadline=None)
def test_a_rule_survives_being_written_and_read(tree: dict[str, Any]) -> None:
    rule = rules.parse({"version": 1, "where": tree})
    again = rules.parse(rule.as_json())
    assert again == rule
    assert again.sentence("en").startswith("Homes where ")
    assert again.sentence("cy").startswith("Cartrefi lle ")


def test_sentence_in_both_languages() -> None:
    rule = rules.parse(
        {
            "version": 1,
            "where": {
                "all": [
                    {"column": "electors", "is": "at most", "value": 0},
                    {"column": "private_rented_share", "is": "at least", "value": 0.25},
                    {"column": "reach", "is": "one of", "value": ["email", "sms"]},
                ]
            },
        }
    )
    english = rule.sentence()
    assert (
        "the number of electors is at most 0, and in the area, households that rent privately are at least 25 %"
        in english
    )
    assert "somebody can be reached by email or text message" in english
    assert "mae nifer yr etholwyr ar y mwyaf 0" in rule.sentence("cy")


def test_a_denied_condition_says_not() -> None:
    denied = {"not": {"column": "class", "is": "one of", "value": ["institution"]}}
    rule = rules.parse({"version": 1, "where": denied})
    assert rule.sentence() == "Homes where the kind of home is not care home or hall."
    assert rule.sentence("cy").startswith("Cartrefi lle nid yw'n wir bod (mae'r math o gartref")


@pytest.mark.parametrize(
    ("rule", "place", "expected"),
    [
        ([], "rule is", "object"),
        ({"where": {}}, "rule.version", "expected 1"),
        ({"version": 1}, "rule.where", "missing"),
        ({"version": 1, "where": {"all": []}}, "rule.where.all", "at least one"),
        ({"version": 1, "where": {"all": [{"column": "party", "is": "at most", "value": 1}]}}, "rule.where.all[0].column", "party"),
        ({"version": 1, "where": {"column": "electors", "is": "like", "value": 1}}, "rule.where.is", "at least"),
        ({"version": 1, "where": {"column": "electors", "is": "at most", "value": "two"}}, "rule.where.value", "number"),
        ({"version": 1, "where": {"column": "electors", "is": "at most", "value": True}}, "rule.where.value", "number"),
        ({"version": 1, "where": {"column": "private_rented_share", "is": "at least", "value": 25}}, "rule.where.value", "0 to 1"),
        ({"version": 1, "where": {"not": {"column": "class", "is": "one of", "value": ["tent"]}}}, "rule.where.not.value", "house"),
        ({"version": 1, "where": {"column": "ward", "is": "one of", "value": []}}, "rule.where.value", "at least one"),
    ],
)  # fmt: skip
def test_a_bad_rule_is_refused_at_the_exact_place(rule: object, place: str, expected: str) -> None:
    with pytest.raises(rules.RuleInvalid) as refused:
        rules.parse(rule)
    assert place in str(refused.value)
    assert expected in str(refused.value)
