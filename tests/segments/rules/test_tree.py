"""A rule says itself, refuses what it cannot mean, means on every engine what it means in plain Python, and is what its
JSON Schema says it is."""

import copy
import json
from typing import Any

import ibis
import polars as pl
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from segments.audiences import open_homes
from segments.rules import tree as rules
from segments.rules.schema import schema
from tests.examples import examples
from tests.segments.rules import brute
from tests.segments.rules.brute import OWN, conditions, trees


def rule_of(tree: Any) -> dict[str, Any]:
    return {"version": 1, "where": tree}


@pytest.fixture(scope="module", params=["duckdb", "open"])
def homes(request: pytest.FixtureRequest) -> ibis.expr.types.Table:
    """As counts and audiences of many authorities read them, and as live counts have them open in memory."""
    if request.param == "duckdb":
        return ibis.memtable(brute.frame())
    opened = open_homes.in_memory(pl.from_pandas(brute.frame()))
    return opened.mutate(uprn=opened.place)


@given(tree=trees)
@settings(max_examples=examples(150))
def test_engines_agree_with_plain_python(tree: dict[str, Any], homes: ibis.expr.types.Table) -> None:
    rule = rules.parse(rule_of(tree), OWN)
    assert set(homes.filter(rule.ibis(homes)).uprn.execute()) == brute.meeting(tree)


def test_engines_agree_with_plain_python_on_every_column_and_sign(homes: ibis.expr.types.Table) -> None:
    """What random trees may miss: each kind of column by itself, denied once and twice."""
    for name in [*brute.NUMBERS, "known_not_registered"]:
        for sign in brute.COMPARE:
            node = {"column": name, "is": sign, "value": 1}
            for tree in (node, {"not": node}, {"not": {"not": node}}):
                rule = rules.parse(rule_of(tree), OWN)
                assert set(homes.filter(rule.ibis(homes)).uprn.execute()) == brute.meeting(tree), tree


@given(tree=trees)
@settings(max_examples=examples(60))
def test_a_rule_survives_being_written_and_read(tree: dict[str, Any]) -> None:
    rule = rules.parse(rule_of(tree), OWN)
    again = rules.parse(json.loads(json.dumps(rule.as_json())))
    assert again == rule
    assert again.sentence("en").startswith("Homes where ")
    assert again.sentence("cy").startswith("Cartrefi lle ")


def test_sentence_in_both_languages() -> None:
    rule = rules.parse(
        rule_of(
            {
                "all": [
                    {"column": "electors", "is": "at most", "value": 0},
                    {"column": "private_rented_share", "is": "at least", "value": 0.25},
                    {"column": "reach", "is": "one of", "value": ["email", "sms"]},
                ]
            }
        )
    )
    english = rule.sentence()
    assert (
        "the number of electors is at most 0, and it lies in an area where households that rent privately are at least 25 %"
        in english
    )
    assert "somebody can be reached by email or text message" in english
    assert "mae nifer yr etholwyr ar y mwyaf 0" in rule.sentence("cy")


def test_a_denied_condition_says_not() -> None:
    denied = {"not": {"column": "class", "is": "one of", "value": ["institution"]}}
    rule = rules.parse(rule_of(denied))
    assert rule.sentence() == "Homes where the kind of home is not care home or hall."
    assert rule.sentence("cy").startswith("Cartrefi lle nid yw'n wir bod (mae'r math o gartref")


def test_a_value_may_name_its_unit() -> None:
    share = {"column": "private_rented_share", "is": "at least", "value": 25}
    named = rules.parse(rule_of(share | {"unit": "per cent"}))
    assert named == rules.parse(rule_of(share | {"value": 0.25}))
    assert named.as_json() == rule_of({"column": "private_rented_share", "is": "at least", "value": 0.25})
    people = {"column": "electors", "is": "at most", "value": 2}
    assert rules.parse(rule_of(people | {"unit": "people"})) == rules.parse(rule_of(people))


NODE = {"column": "electors", "is": "at most", "value": 1}
SHARE = {"column": "private_rented_share", "is": "at least", "value": 0.5}
WARD = {"column": "ward", "is": "one of", "value": ["E05000001"]}
LOCAL = {"column": "local_dogs", "is": "at least", "value": 1}


@pytest.mark.parametrize(
    ("rule", "place", "expected"),
    [
        ([], "rule is", "object"),
        ({"where": {}}, "rule.version", "expected 1"),
        ({"version": True, "where": NODE}, "rule.version", "expected 1"),
        ({"version": 1}, "rule.where", "missing"),
        (rule_of({"all": []}), "rule.where.all", "at least one"),
        (rule_of({"all": [NODE], "any": [NODE]}), "rule.where has all, any", '"all", "any", "not"'),
        (rule_of({"all": [NODE, {"any": [NODE, 7]}]}), "rule.where.all[1].any[1] is 7", "object"),
        (rule_of({"all": [{"column": "party", "is": "at most", "value": 1}]}), "rule.where.all[0].column", "party"),
        (rule_of({"not": {"any": [NODE, NODE | {"column": ["electors"]}]}}), "rule.where.not.any[1].column", "electors"),
        (rule_of(NODE | {"is": "like"}), "rule.where.is", "at least"),
        (rule_of(NODE | {"is": "one of"}), "rule.where.is is 'one of'", "at least"),
        (rule_of(WARD | {"is": "exactly"}), "rule.where.is is 'exactly'", "one of"),
        (rule_of(NODE | {"value": "two"}), "rule.where.value", "number"),
        (rule_of(NODE | {"value": True}), "rule.where.value", "number"),
        (rule_of(NODE | {"value": None}), "rule.where.value is None", "0 to 100"),
        (rule_of(NODE | {"value": [1]}), "rule.where.value is [1]", "0 to 100"),
        (rule_of(NODE | {"value": 101}), "rule.where.value is 101", "0 to 100"),
        (rule_of(NODE | {"value": -0.5}), "rule.where.value is -0.5", "0 to 100"),
        (rule_of(NODE | {"value": float("nan")}), "rule.where.value is nan", "0 to 100"),
        (rule_of(NODE | {"value": 10**400}), "rule.where.value is 1000", "0 to 100"),
        (rule_of(SHARE | {"value": 25}), "rule.where.value", "0 to 1"),
        (rule_of(SHARE | {"value": 101, "unit": "per cent"}), "rule.where.value is 101", "0 to 100"),
        (rule_of(SHARE | {"unit": "people"}), "rule.where.unit is 'people'", "'per cent', or none"),
        (rule_of(NODE | {"unit": "per cent"}), "rule.where.unit is 'per cent'", "'people', or none"),
        (rule_of(NODE | {"unit": ""}), "rule.where.unit is ''", "'people', or none"),
        (rule_of(WARD | {"unit": "people"}), "rule.where.unit is 'people'", "for ward expected none"),
        (rule_of({"not": {"column": "class", "is": "one of", "value": ["tent"]}}), "rule.where.not.value", "house"),
        (rule_of(WARD | {"value": []}), "rule.where.value", "at least one"),
        (rule_of(WARD | {"value": ["E05000001", 5]}), "rule.where.value", "at least one word"),
        (rule_of(WARD | {"value": ["E05000001"] * 501}), "rule.where.value", "at most 500"),
        (rule_of(LOCAL), "rule.where.column is 'local_dogs'", "electors"),
        (rule_of(LOCAL) | {"columns": {"dogs": {"label": "Dogs", "unit": "number"}}}, "rule.columns.dogs", "local_"),
        (rule_of(LOCAL) | {"columns": {"local_dogs": {"label": "", "unit": "number"}}}, "rule.columns.local_dogs", "label"),
        (rule_of(LOCAL) | {"columns": {"local_dogs": {"label": 5, "unit": "number"}}}, "rule.columns.local_dogs.label", "text"),
        (rule_of(LOCAL) | {"columns": {"local_dogs": "Dogs"}}, "rule.columns.local_dogs", "object"),
    ],
)  # fmt: skip
def test_a_bad_rule_is_refused_at_the_exact_place(rule: object, place: str, expected: str) -> None:
    with pytest.raises(rules.RuleInvalid) as refused:
        rules.parse(rule)
    assert place in str(refused.value)
    assert expected in str(refused.value)
    assert len(str(refused.value)) < 3_000


def nested(depth: int, node: Any = NODE) -> Any:
    for _ in range(depth - 1):
        node = {"not": node}
    return node


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"any": [NODE] * 10_000}, "rule.where.any[299] is one too many"),
        ({"all": [{"any": [NODE] * 100}] * 100}, "is one too many: a rule may have 300 conditions and groups"),
        (nested(13), "rule.where" + ".not" * 12 + " lies too deep"),
        (nested(100_000), "lies too deep: a rule may have 12 levels"),
    ],
)
def test_a_rule_too_large_or_deep_is_refused_kindly(tree: Any, place: str) -> None:
    with pytest.raises(rules.RuleInvalid) as refused:
        rules.parse(rule_of(tree))
    assert place in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("tree", [{"any": [NODE] * 299}, nested(12), nested(11, {"all": [NODE, SHARE] * 144})])
def test_the_largest_rules_are_still_answered(tree: Any, homes: ibis.expr.types.Table) -> None:
    rule = rules.parse(rule_of(tree))
    assert set(homes.filter(rule.ibis(homes)).uprn.execute()) == brute.meeting(tree)
    assert rule.sentence()


# The schema

STRICT = Draft202012Validator(schema())
WITH_OWN = Draft202012Validator(schema(OWN))


def accepted(rule: object, own: dict[str, rules.Column] | None = None) -> bool:
    try:
        rules.parse(rule, own)
    except rules.RuleInvalid:
        return False
    return True


WRONG = st.sampled_from(
    [
        None, True, 0, -1, 0.5, 25, 101, 1e13, "", "electors", "exactly", "one of", "per cent", "people", "house", [], {},
        ["house"], ["house", "tent"], [1], "x" * 101, NODE, {"all": [NODE]}, {"not": []}, "local_dogs",
        "local_single_person_discount",
    ]
)  # fmt: skip
KEYS = st.sampled_from(["all", "any", "not", "column", "is", "value", "unit", "version", "where", "also"])


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container of a tree with each of its keys."""
    if not isinstance(node, dict | list):
        return []
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    return [(node, key) for key in keys] + [found for key in keys for found in places(node[key])]


@st.composite
def mutated(draw: Any) -> Any:
    """A rule with some of it replaced, left out or added."""
    rule = copy.deepcopy(rule_of(draw(trees)))
    for _ in range(draw(st.integers(1, 2))):
        found = places(rule)
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        act = draw(st.sampled_from(["replace", "leave out", "add"]))
        if act == "add" and isinstance(holder, dict):
            holder[draw(KEYS)] = copy.deepcopy(draw(WRONG))
        elif act == "replace":
            holder[key] = copy.deepcopy(draw(WRONG))
        else:
            del holder[key]
    return rule


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema(OWN))
    assert json.loads(json.dumps(schema())) == schema()


@given(rule=trees.map(rule_of) | mutated())
@settings(max_examples=examples(250))
def test_the_schema_accepts_what_a_rule_may_be(rule: Any) -> None:
    assert STRICT.is_valid(rule) == accepted(rule)
    assert WITH_OWN.is_valid(rule) == accepted(rule, OWN)


@pytest.mark.parametrize("kind", [True, False])
def test_mutations_are_of_both_kinds(kind: bool) -> None:
    """What is compared above must hold rules that are refused and rules that are not."""
    looked = settings(max_examples=2000, database=None, derandomize=True)
    find(mutated(), lambda rule: accepted(rule, OWN) is kind, settings=looked)


@given(tree=trees)
@settings(max_examples=examples(60))
def test_the_schema_accepts_what_was_saved_with_its_own_columns(tree: Any) -> None:
    assert STRICT.is_valid(rules.parse(rule_of(tree), OWN).as_json())


@given(words=st.fixed_dictionaries({}, optional={
    "label": st.sampled_from(["Dogs", "", 5, "x" * 401]), "label_cy": st.sampled_from(["Cŵn", "", 5]),
    "unit": st.sampled_from(["number", "share", "choice", None]), "also": st.just(1),
}), name=st.sampled_from(["local_dogs", "dogs", "local_", "census_x"]))  # fmt: skip
@settings(max_examples=examples(200))
def test_the_schema_knows_how_a_column_is_brought(words: dict[str, Any], name: str) -> None:
    rule = rule_of(NODE) | {"columns": {name: words}}
    assert STRICT.is_valid(rule) == accepted(rule)


@given(node=conditions())
@settings(max_examples=examples(50))
def test_the_schema_knows_every_column(node: dict[str, Any]) -> None:
    known = WITH_OWN.schema["$defs"]["of_known_columns"]["anyOf"]
    assert WITH_OWN.is_valid(rule_of(node))
    assert len(known) == 4 + len(rules.COLUMNS) + len(OWN)
