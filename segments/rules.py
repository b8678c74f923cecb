"""A rule: a tree of conditions over household columns that can say itself in English and Welsh.

As JSON: `{"version": 1, "where": NODE}`, where NODE is one of
`{"all": [NODE, …]}`, `{"any": [NODE, …]}`, `{"not": NODE}` or
`{"column": NAME, "is": OPERATOR, "value": VALUE}`.

A rule that asks for a council's own indicators holds what they are called beside it, as `"columns": {NAME: {"label",
"label_cy", "unit"}}`, so that a rule once approved says the same for ever.
"""

from __future__ import annotations

import operator
import re
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
LONGEST_LABEL = 400


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
        indicator.unit,
        high=1 if indicator.unit == "share" else 1e9,
        choices=indicator.choices,
    )
    for name, indicator in INDICATORS.items()
}

# Names that a council's own indicators have (sources/declared.py) and shares of Census tables without a name here.
OWN = re.compile(r"(local|census)_[a-z0-9_]+")


def own_column(name: str, label: str, label_cy: str, unit: str, place: str) -> Column:
    """A column of an indicator that is not in the list here; RuleInvalid if it cannot be one."""
    if not OWN.fullmatch(name) or unit not in ("number", "share") or not label or len(label) > LONGEST_LABEL:
        msg = f"{place} is no column: expected a name that begins with local_ or census_, a label and a unit."
        raise RuleInvalid(msg)
    low, high = (0, 1) if unit == "share" else (-1e12, 1e12)
    return Column(label, label_cy or label, "share" if unit == "share" else "number", low, high)


COMPARISONS: dict[str, tuple[Callable[[Any, Any], Any], str, str]] = {
    "at least": (operator.ge, "at least", "o leiaf"),
    "at most": (operator.le, "at most", "ar y mwyaf"),
    "more than": (operator.gt, "more than", "mwy na"),
    "less than": (operator.lt, "less than", "llai na"),
    "exactly": (operator.eq, "exactly", "union"),
}
ONE_OF = "one of"


def operators(column: Column) -> list[str]:
    return [ONE_OF] if column.unit == "choice" else list(COMPARISONS)


@dataclass(frozen=True)
class Condition:
    column: str
    comparison: str
    value: Value
    own: Column | None = None  # what a council's own indicator is; all others stand in COLUMNS

    @property
    def about(self) -> Column:
        return self.own or COLUMNS[self.column]

    def ibis(self, homes: ir.Table) -> ir.BooleanValue:
        if isinstance(self.value, tuple):
            return _one_of(homes, self.column, self.value)
        test = COMPARISONS[self.comparison][0](homes[self.column], self.value)
        return test.fill_null(False)  # a home without the figure does not meet the condition

    def sentence(self, language: Language = "en", *, negated: bool = False) -> str:
        column = self.about
        label = column.label if language == "en" else column.label_cy
        form = _FORMS[language]["reach" if self.column == "reach" else column.unit]
        said = form.format(label=label, what=self._what(language), neg=" not" if negated else "")
        return said if language == "en" or not negated else f"{_NOT['cy']} ({said})"

    def _what(self, language: Language) -> str:
        if isinstance(self.value, tuple):
            return self._choices(self.value, language)
        words = COMPARISONS[self.comparison][1 if language == "en" else 2]
        return f"{words} {_figure(self.value, self.about.unit)}"

    def _choices(self, values: tuple[str, ...], language: Language) -> str:
        known = self.about.choices or {}
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
        own = {
            name: {"label": column.label, "label_cy": column.label_cy, "unit": column.unit}
            for name, column in own_columns(self.where).items()
        }
        return {"version": VERSION, "where": self.where.as_json()} | ({"columns": own} if own else {})


def own_columns(node: Node) -> dict[str, Column]:
    """The council's own indicators that a rule asks for."""
    match node:
        case Condition():
            return {node.column: node.own} if node.own else {}
        case Not():
            return own_columns(node.part)
        case Group():
            return dict(pair for part in node.parts for pair in own_columns(part).items())


def parse(json: object, own: Mapping[str, Column] | None = None) -> Rule:
    """Read a rule, or raise RuleInvalid at the exact place. `own` are the council's own indicators as they are called
    today (local_indicators.columns); without, what a saved rule holds of them stands."""
    rule = _mapping(json, "rule")
    if rule.get("version") != VERSION:
        msg = f"rule.version is {rule.get('version')!r}: expected {VERSION}."
        raise RuleInvalid(msg)
    if "where" not in rule:
        msg = 'rule.where is missing: expected a condition such as {"column": "electors", "is": "at most", "value": 0}.'
        raise RuleInvalid(msg)
    columns = _saved_columns(rule.get("columns", {})) | dict(own or {})
    return Rule(_node(rule["where"], "rule.where", columns))


def _saved_columns(json: object) -> dict[str, Column]:
    found = {}
    for name, words in _mapping(json, "rule.columns").items():
        place = f"rule.columns.{name}"
        label, label_cy, unit = (str(_mapping(words, place).get(key, "")) for key in ("label", "label_cy", "unit"))
        found[str(name)] = own_column(str(name), label, label_cy, unit, place)
    return found


def _node(json: object, place: str, own: Mapping[str, Column]) -> Node:
    node = _mapping(json, place)
    match sorted(node):
        case ["all" | "any" as word]:
            return Group(word == "all", _parts(node[word], f"{place}.{word}", own))
        case ["not"]:
            return Not(_node(node["not"], f"{place}.not", own))
        case ["column", "is", "value"]:
            return _condition(node, place, own)
    msg = (
        f'{place} has {", ".join(sorted(node)) or "nothing"}: expected "all", "any", "not", or "column", "is", "value".'
    )
    raise RuleInvalid(msg)


def _parts(json: object, place: str, own: Mapping[str, Column]) -> tuple[Node, ...]:
    if not isinstance(json, list) or not json:
        msg = f"{place} is {json!r}: expected a list with at least one condition."
        raise RuleInvalid(msg)
    return tuple(_node(part, f"{place}[{index}]", own) for index, part in enumerate(json))


def _condition(node: Mapping[str, Any], place: str, own: Mapping[str, Column]) -> Condition:
    name, comparison = node["column"], node["is"]
    column = COLUMNS.get(name) or own.get(name) if isinstance(name, str) else None
    if column is None:
        msg = f"{place}.column is {name!r}: expected one of {', '.join([*COLUMNS, *own])}."
        raise RuleInvalid(msg)
    if comparison not in operators(column):
        msg = f"{place}.is is {comparison!r}: for {name} expected {' or '.join(operators(column))}."
        raise RuleInvalid(msg)
    read = _choice if comparison == ONE_OF else _number
    return Condition(
        name, comparison, read(node["value"], column, f"{place}.value"), None if name in COLUMNS else own.get(name)
    )


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
    held = homes[column]
    if held.type().is_numeric():  # a nominal code, such as the kind of an area
        held = held.cast("int64").cast("string")
    return held.isin(values).fill_null(False)


def _figure(value: float, unit: str) -> str:
    return f"{value * 100:g} %" if unit == "share" else f"{value:g}"


def _join(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
