"""The JSON Schema of rules (draft 2020-12), made from the columns, for whoever writes rules with another program.

It accepts what `rules.parse` accepts, but for what no schema can say: how deep and how large a rule may be as a whole,
and that a rule which brings its own columns asks for no others of that kind.
"""

from collections.abc import Mapping
from typing import Any

from segments.rules.columns import COLUMNS, LONGEST_LABEL, OWN, Column
from segments.rules.tree import DEEPEST, LONGEST_CHOICE, LONGEST_NAME, MOST_CHOICES, MOST_NODES, VERSION, operators

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ALL_OWN = {"type": "string", "pattern": f"^(?:{OWN.pattern})$"}


def schema(own: Mapping[str, Column] | None = None) -> dict[str, Any]:
    """Of the rules an authority may write; `own` are the indicators only it has (local_indicators.columns)."""
    known = [_condition({"const": name}, column) for name, column in {**(own or {}), **COLUMNS}.items()]
    brought = [
        _condition(ALL_OWN, Column("", "", "number", -1e12, 1e12)),
        _condition(ALL_OWN, Column("", "", "share", 0, 1)),
    ]
    return {
        "$schema": DRAFT,
        "title": "A rule of Engage",
        "description": f"At most {DEEPEST} levels of groups within groups, and {MOST_NODES} conditions and groups.",
        "type": "object",
        "required": ["version", "where"],
        "properties": {"version": {"const": VERSION}, "columns": _columns()},
        "if": {"required": ["columns"]},
        "then": {"properties": {"where": {"$ref": "#/$defs/of_brought_columns"}}},
        "else": {"properties": {"where": {"$ref": "#/$defs/of_known_columns"}}},
        "$defs": _nodes("of_known_columns", known) | _nodes("of_brought_columns", [*known, *brought]),
    }


def _nodes(name: str, conditions: list[dict[str, Any]]) -> dict[str, Any]:
    node = {"$ref": f"#/$defs/{name}"}
    parts = {"type": "array", "minItems": 1, "maxItems": MOST_NODES, "items": node}
    groups = [_exactly(all=parts), _exactly(any=parts), _exactly(**{"not": node}), _exactly(segment=_segment(node))]
    return {name: {"anyOf": [*groups, *conditions]}}


def _segment(node: dict[str, Any]) -> dict[str, Any]:
    """By its number alone, or as a saved rule holds it."""
    number = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    name = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    return {"anyOf": [_exactly(id=number), _exactly(id=number, name=name, version=number, where=node)]}


def _condition(name: dict[str, Any], column: Column) -> dict[str, Any]:
    words: dict[str, Any] = {"title": column.label} if column.label else {}
    is_ = {"enum": operators(column)}
    if column.unit == "choice":
        return words | _exactly(column=name, value=_choices(column), **{"is": is_})
    plain = _exactly(column=name, value=_range(column, 1), **{"is": is_})
    if not column.measured_in:
        return words | plain
    value = _range(column, column.scale(column.measured_in))
    return words | {
        "anyOf": [plain, _exactly(column=name, value=value, unit={"const": column.measured_in}, **{"is": is_})]
    }


def _range(column: Column, scale: float) -> dict[str, Any]:
    return {"type": "number", "minimum": column.low * scale, "maximum": column.high * scale}


def _choices(column: Column) -> dict[str, Any]:
    word: dict[str, Any] = {"type": "string", "maxLength": LONGEST_CHOICE}
    if column.choices is not None:
        word = {"enum": list(column.choices)}
    return {"anyOf": [word, {"type": "array", "minItems": 1, "maxItems": MOST_CHOICES, "items": word}]}


def _columns() -> dict[str, Any]:
    """What a rule says of the council's own indicators it asks for."""
    label = {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL}
    words = {
        "type": "object",
        "required": ["label", "unit"],
        "properties": {"label": label, "label_cy": {"type": "string"}, "unit": {"enum": ["number", "share"]}},
    }
    return {"type": "object", "propertyNames": ALL_OWN, "additionalProperties": words}


def _exactly(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}
