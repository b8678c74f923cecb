"""A rule: a tree of conditions over household columns that can say itself in English and Welsh.

As JSON: `{"version": 1, "where": NODE}`, where NODE is one of
`{"all": [NODE, …]}`, `{"any": [NODE, …]}`, `{"not": NODE}` or
`{"column": NAME, "is": OPERATOR, "value": VALUE}`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import ibis.expr.types as ir

from engage.foundation.errors import InputRefused
from segments.sources.indicators import INDICATORS

Language = Literal["en", "cy"]
Value = float | tuple[str, ...]
VERSION = 1


class RuleInvalid(InputRefused):
    """Says where in the tree, what stands there and what was expected."""


@dataclass(frozen=True)
class Column:
    """What a condition may ask of a household. Numbers have bounds; choices have a list, or any text if empty."""

    label: str
    label_cy: str
    unit: Literal["number", "share", "choice"]
    low: float = 0
    high: float = 100
    choices: Mapping[str, tuple[str, str]] | None = None  # value: (English, Welsh)


CLASSES = {
    "house": ("house", "tŷ"),
    "flat": ("flat", "fflat"),
    "shared": ("house in multiple occupation", "tŷ amlfeddiannaeth"),
    "institution": ("care home or hall", "cartref gofal neu neuadd"),
    "other": ("other home", "cartref arall"),
}
CHANNELS = {
    "email": ("email", "e-bost"),
    "sms": ("text message", "neges destun"),
    "letter": ("letter", "llythyr"),
}
COLUMNS: dict[str, Column] = {
    "class": Column("kind of home", "math o gartref", "choice", choices=CLASSES),
    "electors": Column("number of electors", "nifer yr etholwyr", "number"),
    "attainers": Column(
        "number of electors not yet of voting age", "nifer yr etholwyr sydd heb gyrraedd oedran pleidleisio", "number"
    ),
    "expected_adults": Column("number of adults expected", "nifer yr oedolion a ddisgwylir", "number"),
    "gap": Column("number of adults missing", "nifer yr oedolion ar goll", "number", low=-100),
    "ward": Column("ward", "ward", "choice"),
    "reach": Column("can be reached by", "gellir cyrraedd drwy", "choice", choices=CHANNELS),
} | {
    name: Column(
        indicator.label_en,
        indicator.label_cy,
        "share" if indicator.unit == "share" else "number",
        high=1 if indicator.unit == "share" else 1e9,
    )
    for name, indicator in INDICATORS.items()
}

COMPARISONS: dict[str, tuple[Callable[[Any, Any], Any], str, str]] = {
    "at least": (operator.ge, "at least", "o leiaf"),
    "at most": (operator.le, "at most", "ar y mwyaf"),
    "more than": (operator.gt, "more than", "mwy na"),
    "less than": (operator.lt, "less than", "llai na"),
    "exactly": (operator.eq, "exactly", "union"),
}
ONE_OF = "one of"


def operators(column: str) -> list[str]:
    return [ONE_OF] if COLUMNS[column].unit == "choice" else list(COMPARISONS)


@dataclass(frozen=True)
class Condition:
    column: str
    comparison: str
    value: Value

    def ibis(self, homes: ir.Table) -> ir.BooleanValue:
        if isinstance(self.value, tuple):
            return _one_of(homes, self.column, self.value)
        test = COMPARISONS[self.comparison][0](homes[self.column], self.value)
        return test.fill_null(False)  # a home without the figure does not meet the condition

    def sentence(self, language: Language = "en", *, negated: bool = False) -> str:
        column = COLUMNS[self.column]
        label = column.label if language == "en" else column.label_cy
        form = _FORMS[language]["reach" if self.column == "reach" else column.unit]
        said = form.format(label=label, what=self._what(language), neg=" not" if negated else "")
        return said if language == "en" or not negated else f"{_NOT['cy']} ({said})"

    def _what(self, language: Language) -> str:
        if isinstance(self.value, tuple):
            return self._choices(self.value, language)
        words = COMPARISONS[self.comparison][1 if language == "en" else 2]
        return f"{words} {_figure(self.value, COLUMNS[self.column].unit)}"

    def _choices(self, values: tuple[str, ...], language: Language) -> str:
        known = COLUMNS[self.column].choices or {}
        spoken = [known[v][0 if language == "en" else 1] if v in known else v for v in values]
        return _join(spoken, _OR[language])

    def as_json(self) -> dict[str, Any]:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"column": self.column, "is": self.comparison, "value": value}


@dataclass(frozen=True)
class Group:
    """All or any of its parts."""

    every: bool
    parts: tuple[Node, ...]

    def ibis(self, homes: ir.Table) -> ir.BooleanValue:
        join = operator.and_ if self.every else operator.or_
        return reduce(join, (part.ibis(homes) for part in self.parts))

    def sentence(self, language: Language = "en") -> str:
        word = (_AND if self.every else _OR)[language]
        spoken = [f"({p.sentence(language)})" if isinstance(p, Group) else p.sentence(language) for p in self.parts]
        return f", {word} ".join(spoken) if len(spoken) > 2 else f" {word} ".join(spoken)

    def as_json(self) -> dict[str, Any]:
        return {"all" if self.every else "any": [part.as_json() for part in self.parts]}


@dataclass(frozen=True)
class Not:
    part: Node

    def ibis(self, homes: ir.Table) -> ir.BooleanValue:
        return ~self.part.ibis(homes)

    def sentence(self, language: Language = "en") -> str:
        if isinstance(self.part, Condition):
            return self.part.sentence(language, negated=True)
        return f"{_NOT[language]} ({self.part.sentence(language)})"

    def as_json(self) -> dict[str, Any]:
        return {"not": self.part.as_json()}


Node = Condition | Group | Not
_FORMS: dict[Language, dict[str, str]] = {
    "en": {
        "number": "the {label} is{neg} {what}",
        "share": "in the area, {label} are{neg} {what}",
        "choice": "the {label} is{neg} {what}",
        "reach": "somebody can{neg} be reached by {what}",
    },
    "cy": {
        "number": "mae {label} {what}",
        "share": "yn yr ardal, mae {label} {what}",
        "choice": "mae'r {label} yn un o'r rhain: {what}",
        "reach": "gellir cyrraedd rhywun drwy {what}",
    },
}
_AND: dict[Language, str] = {"en": "and", "cy": "a hefyd"}
_OR: dict[Language, str] = {"en": "or", "cy": "neu"}
_NOT: dict[Language, str] = {"en": "it is not so that", "cy": "nid yw'n wir bod"}
_OPENING: dict[Language, str] = {"en": "Homes where", "cy": "Cartrefi lle"}


@dataclass(frozen=True)
class Rule:
    where: Node

    def ibis(self, homes: ir.Table) -> ir.BooleanValue:
        return self.where.ibis(homes)

    def sentence(self, language: Language = "en") -> str:
        return f"{_OPENING[language]} {self.where.sentence(language)}."

    def as_json(self) -> dict[str, Any]:
        return {"version": VERSION, "where": self.where.as_json()}


def parse(json: object) -> Rule:
    """Read a rule, or raise RuleInvalid at the exact place."""
    rule = _mapping(json, "rule")
    if rule.get("version") != VERSION:
        msg = f"rule.version is {rule.get('version')!r}: expected {VERSION}."
        raise RuleInvalid(msg)
    if "where" not in rule:
        msg = 'rule.where is missing: expected a condition such as {"column": "electors", "is": "at most", "value": 0}.'
        raise RuleInvalid(msg)
    return Rule(_node(rule["where"], "rule.where"))


def _node(json: object, place: str) -> Node:
    node = _mapping(json, place)
    match sorted(node):
        case ["all" | "any" as word]:
            return Group(word == "all", _parts(node[word], f"{place}.{word}"))
        case ["not"]:
            return Not(_node(node["not"], f"{place}.not"))
        case ["column", "is", "value"]:
            return _condition(node, place)
    msg = (
        f'{place} has {", ".join(sorted(node)) or "nothing"}: expected "all", "any", "not", or "column", "is", "value".'
    )
    raise RuleInvalid(msg)


def _parts(json: object, place: str) -> tuple[Node, ...]:
    if not isinstance(json, list) or not json:
        msg = f"{place} is {json!r}: expected a list with at least one condition."
        raise RuleInvalid(msg)
    return tuple(_node(part, f"{place}[{index}]") for index, part in enumerate(json))


def _condition(node: Mapping[str, Any], place: str) -> Condition:
    name, comparison = node["column"], node["is"]
    if name not in COLUMNS:
        msg = f"{place}.column is {name!r}: expected one of {', '.join(COLUMNS)}."
        raise RuleInvalid(msg)
    if comparison not in operators(name):
        msg = f"{place}.is is {comparison!r}: for {name} expected {' or '.join(operators(name))}."
        raise RuleInvalid(msg)
    read = _choice if comparison == ONE_OF else _number
    return Condition(name, comparison, read(node["value"], COLUMNS[name], f"{place}.value"))


def _number(value: object, column: Column, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{place} is {value!r}: expected a number from {column.low:g} to {column.high:g}."
        raise RuleInvalid(msg)
    if not column.low <= value <= column.high:
        msg = f"{place} is {value:g}: expected a number from {column.low:g} to {column.high:g}."
        raise RuleInvalid(msg)
    return float(value)


def _choice(value: object, column: Column, place: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        msg = f"{place} is {value!r}: expected a list with at least one word."
        raise RuleInvalid(msg)
    unknown = [v for v in values if column.choices is not None and v not in column.choices]
    if unknown:
        msg = f"{place} has {unknown[0]!r}: expected some of {', '.join(column.choices or ())}."
        raise RuleInvalid(msg)
    return tuple(values)


def _mapping(json: object, place: str) -> Mapping[str, Any]:
    if isinstance(json, dict):
        return json
    msg = f"{place} is {json!r}: expected an object in braces."
    raise RuleInvalid(msg)


def _one_of(homes: ir.Table, column: str, values: tuple[str, ...]) -> ir.BooleanValue:
    if column == "reach":
        return reduce(operator.or_, (homes[channel] for channel in values)).fill_null(False)
    if column == "class":
        return homes.kind.isin(values).fill_null(False)
    return homes[column].isin(values).fill_null(False)


def _figure(value: float, unit: str) -> str:
    return f"{value * 100:g} %" if unit == "share" else f"{value:g}"


def _join(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
