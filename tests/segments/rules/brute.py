"""Rules by brute force: made-up homes, random trees over every kind of column, and what a tree says of one home written
out plainly. Any engine can be compared with it."""

import operator
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from segments.rules import tree as rules
from segments.rules.columns import Column

WARDS = ["E05000001", "E05000002"]
COMPARE = {
    "at least": operator.ge,
    "at most": operator.le,
    "more than": operator.gt,
    "less than": operator.lt,
    "exactly": operator.eq,
}
OWN = {
    "local_single_person_discount": Column("Single person discount", "Gostyngiad person sengl", "number", -1e12, 1e12),
    "local_holiday_share": Column("holiday homes", "cartrefi gwyliau", "share", 0, 1),
    "census_tenure_owned": Column("tenure: owned", "tenure: owned", "share", 0, 1),
}


def _or_none(number: int, every: int, value: Any) -> Any:
    return None if number % every == 0 else value


HOMES: list[dict[str, Any]] = [
    {
        "uprn": number,
        "kind": ["house", "flat", "shared", "institution", "other", None][number % 6],
        "electors": number % 4,
        "attainers": number % 2,
        "expected_adults": _or_none(number, 7, number % 3 + 0.5),
        "gap": _or_none(number, 7, number % 3 + 0.5 - number % 4),
        "known_not_registered": float(number % 5) / 2,
        "ward": [*WARDS, None][number % 3],
        "email": number % 3 == 0,
        "sms": number % 5 == 0,
        "letter": number % 11 != 0,
        "private_rented_share": _or_none(number, 6, (number % 10) / 10),
        "imd_decile": _or_none(number, 9, float(number % 10 + 1)),
        "oac_supergroup": _or_none(number, 8, float(number % 8 + 1)),  # a code, which the lake keeps as a number
        "local_single_person_discount": _or_none(number, 2, -1.0 if number % 3 else 1.0),
        "local_holiday_share": _or_none(number, 5, (number % 5) / 5),
        "census_tenure_owned": None,
    }
    for number in range(120)
]
NUMBERS = [
    "electors", "attainers", "expected_adults", "gap", "private_rented_share", "imd_decile",
    "local_single_person_discount", "local_holiday_share", "census_tenure_owned",
]  # fmt: skip
CHOICES = {
    "class": list(rules.CLASSES),
    "ward": [*WARDS, "E05000009"],
    "reach": list(rules.CHANNELS),
    "oac_supergroup": list(rules.COLUMNS["oac_supergroup"].choices or ()),
}


def frame() -> pd.DataFrame:
    return pd.DataFrame(HOMES).astype({"census_tenure_owned": "float64"})


@st.composite
def numbers(draw: Any) -> dict[str, Any]:
    column = draw(st.sampled_from(NUMBERS))
    bounds = rules.COLUMNS.get(column) or OWN[column]
    value = round(draw(st.floats(max(bounds.low, -5), min(bounds.high, 11))), 1)
    node = {"column": column, "is": draw(st.sampled_from(list(COMPARE))), "value": value}
    if not bounds.measured_in or not draw(st.booleans()):
        return node
    return node | {"unit": bounds.measured_in, "value": round(value * bounds.scale(bounds.measured_in), 1)}


@st.composite
def choices(draw: Any) -> dict[str, Any]:
    column = draw(st.sampled_from(list(CHOICES)))
    values = draw(st.lists(st.sampled_from(CHOICES[column]), min_size=1, max_size=3))
    return {"column": column, "is": "one of", "value": draw(st.sampled_from([values, values[0]]))}


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    return numbers() | choices()


def _joined(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    parts = st.lists(inner, min_size=1, max_size=3)
    return (
        parts.map(lambda found: {"all": found})
        | parts.map(lambda found: {"any": found})
        | inner.map(lambda part: {"not": part})
        | inner.map(lambda part: {"not": {"not": part}})
    )


def _bearable(tree: dict[str, Any]) -> bool:
    return depth(tree) <= rules.DEEPEST


def depth(tree: dict[str, Any]) -> int:
    parts = [*tree.get("all", []), *tree.get("any", []), *([tree["not"]] if "not" in tree else [])]
    return 1 + max(map(depth, parts), default=0)


trees = st.recursive(conditions(), _joined, max_leaves=8).filter(_bearable)


def means(node: dict[str, Any], home: dict[str, Any]) -> bool:
    """What a tree says of one home: a figure that is not known meets no condition."""
    if "all" in node:
        return all(means(part, home) for part in node["all"])
    if "any" in node:
        return any(means(part, home) for part in node["any"])
    if "not" in node:
        return not means(node["not"], home)
    return _meets(node, home)


def _meets(node: dict[str, Any], home: dict[str, Any]) -> bool:
    name, value = node["column"], node["value"]
    if node["is"] != "one of":
        held, wanted = home[name], value / 100 if node.get("unit") == "per cent" else value
        return held is not None and COMPARE[node["is"]](held, wanted)
    values = [value] if isinstance(value, str) else value
    if name == "reach":
        return any(home[channel] for channel in values)
    held = home["kind" if name == "class" else name]
    return held is not None and (str(int(held)) if isinstance(held, float) else held) in values


def meeting(tree: dict[str, Any]) -> set[int]:
    """The homes of a tree, by UPRN."""
    return {home["uprn"] for home in HOMES if means(tree, home)}
