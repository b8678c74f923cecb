"""A rule: a tree of conditions over household columns that can say itself in English and Welsh.

As JSON: `{"version": 1, "where": NODE}`, where NODE is one of
`{"all": [NODE, …]}`, `{"any": [NODE, …]}`, `{"not": NODE}` or
`{"column": NAME, "is": OPERATOR, "value": VALUE}`, which may name the unit of its value: `"unit": "per cent"` or
`"people"`. A share without a unit lies between 0 and 1. Or `{"segment": {"id", "name", "version", "where": NODE}}`:
being in another segment, as that version of it stood. Its rule is held in this one, so that this one says the same for
ever and can hold no circle; whoever writes a rule gives the `id` alone. `rule_schema` says all of this as JSON Schema.

A rule that asks for a council's own indicators holds what they are called beside it, as `"columns": {NAME: {"label",
"label_cy", "unit"}}`, so that a rule once approved says the same for ever.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from reprlib import Repr
from typing import TYPE_CHECKING, Any, Literal

from segments.rules.columns import CHANNELS, CLASSES, COLUMNS, OWN, Column, RuleInvalid, own_column

if TYPE_CHECKING:  # as saying a rule needs no query engine
    import ibis.expr.types as ir

__all__ = [
    "CHANNELS", "CLASSES", "COLUMNS", "COMPARISONS", "DEEPEST", "ONE_OF", "OWN", "VERSION", "Column", "Condition",
    "Group", "Language", "Member", "Node", "Not", "Rule", "RuleInvalid", "members", "operators", "own_column",
    "own_columns", "parse",
]  # fmt: skip

Language = Literal["en", "cy"]
Value = float | tuple[str, ...]
VERSION = 1
# More than anybody writes by hand, and little enough for the engine to plan at once.
DEEPEST, MOST_NODES = 12, 300
MOST_CHOICES, LONGEST_CHOICE = 500, 100
LONGEST_NAME = 120

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

    def ibis(self, homes: ir.Table, *, negated: bool = False) -> ir.BooleanValue:
        """A home without the figure does not meet the condition: the test is empty there, and so not true; negated it
        is true. Filling it in would keep engines from skipping rows, and take ten times as long."""
        if isinstance(self.value, tuple):
            found = _one_of(homes, self.column, self.value)
            return ~found.fill_null(False) if negated else found
        column = homes[self.column]
        value = int(self.value) if column.type().is_integer() and self.value.is_integer() else self.value
        test = COMPARISONS[self.comparison][0](column, value)
        return ~test | column.isnull() if negated else test

    def sentence(self, language: Language = "en", *, negated: bool = False) -> str:
        column = self.about
        label = column.label if language == "en" else column.label_cy
        form = _FORMS[language]["reach" if self.column == "reach" else column.unit]
        said = form.format(label=label, what=self._what(language), neg=" not" if negated else "")
        return said if language == "en" or not negated else f"{_NOT['cy']} ({said})"

    def of_areas(self, language: Language) -> str:
        """Of a share, where all of the rule is about areas."""
        label = self.about.label if language == "en" else self.about.label_cy
        return _FORMS[language]["areas"].format(label=label, what=self._what(language))

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

    def ibis(self, homes: ir.Table, *, negated: bool = False) -> ir.BooleanValue:
        join = operator.and_ if self.every != negated else operator.or_
        return _halved(join, [part.ibis(homes, negated=negated) for part in self.parts])

    def sentence(self, language: Language = "en") -> str:
        spoken = [f"({p.sentence(language)})" if isinstance(p, Group) else p.sentence(language) for p in self.parts]
        return self.joined(spoken, language)

    def joined(self, spoken: list[str], language: Language) -> str:
        word = (_AND if self.every else _OR)[language]
        return f", {word} ".join(spoken) if len(spoken) > 2 else f" {word} ".join(spoken)

    def as_json(self) -> dict[str, Any]:
        return {"all" if self.every else "any": [part.as_json() for part in self.parts]}


@dataclass(frozen=True)
class Not:
    part: Node

    def ibis(self, homes: ir.Table, *, negated: bool = False) -> ir.BooleanValue:
        return self.part.ibis(homes, negated=not negated)

    def sentence(self, language: Language = "en") -> str:
        if isinstance(self.part, Condition | Member):
            return self.part.sentence(language, negated=True)
        return f"{_NOT[language]} ({self.part.sentence(language)})"

    def as_json(self) -> dict[str, Any]:
        return {"not": self.part.as_json()}


@dataclass(frozen=True)
class Member:
    """Being in another segment, as one version of it stood when this rule was saved."""

    id: int
    name: str
    version: int
    where: Node

    def ibis(self, homes: ir.Table, *, negated: bool = False) -> ir.BooleanValue:
        return self.where.ibis(homes, negated=negated)

    def sentence(self, language: Language = "en", *, negated: bool = False) -> str:
        return _MEMBER[language][negated].format(name=self.name, version=self.version)

    def as_json(self) -> dict[str, Any]:
        held = {"id": self.id, "name": self.name, "version": self.version, "where": self.where.as_json()}
        return {"segment": held}


Node = Condition | Group | Not | Member
_FORMS: dict[Language, dict[str, str]] = {
    "en": {
        "number": "the {label} is{neg} {what}",
        "share": "it lies in an area where {label} are{neg} {what}",
        "areas": "{label} are {what}",
        "choice": "the {label} is{neg} {what}",
        "reach": "somebody can{neg} be reached by {what}",
    },
    "cy": {
        "number": "mae {label} {what}",
        "share": "mae mewn ardal lle mae {label} {what}",
        "areas": "mae {label} {what}",
        "choice": "mae'r {label} yn un o'r rhain: {what}",
        "reach": "gellir cyrraedd rhywun drwy {what}",
    },
}
_AND: dict[Language, str] = {"en": "and", "cy": "a hefyd"}
_OR: dict[Language, str] = {"en": "or", "cy": "neu"}
_NOT: dict[Language, str] = {"en": "it is not so that", "cy": "nid yw'n wir bod"}
_OPENING: dict[Language, str] = {"en": "Homes where", "cy": "Cartrefi lle"}
_IN_AREAS: dict[Language, str] = {"en": "Homes in areas where", "cy": "Cartrefi mewn ardaloedd lle"}
_MEMBER: dict[Language, tuple[str, str]] = {  # and negated
    "en": (
        "it is in the segment “{name}” (version {version})", "it is not in the segment “{name}” (version {version})",
    ),
    "cy": (
        "mae yn y segment “{name}” (fersiwn {version})", "nid yw yn y segment “{name}” (fersiwn {version})",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    where: Node

    def ibis(self, homes: ir.Table) -> ir.BooleanValue:
        """True for the homes that it holds, and false or empty for all others."""
        return self.where.ibis(homes)

    def sentence(self, language: Language = "en") -> str:
        areas = _areas(self.where)
        if not areas:
            return f"{_OPENING[language]} {self.where.sentence(language)}."
        spoken = [area.of_areas(language) for area in areas]
        said = self.where.joined(spoken, language) if isinstance(self.where, Group) else spoken[0]
        return f"{_IN_AREAS[language]} {said}."

    def as_json(self) -> dict[str, Any]:
        own = {
            name: {"label": column.label, "label_cy": column.label_cy, "unit": column.unit}
            for name, column in own_columns(self.where).items()
        }
        return {"version": VERSION, "where": self.where.as_json()} | ({"columns": own} if own else {})


def _areas(node: Node) -> list[Condition]:
    """The conditions of a rule that asks for nothing but shares of areas; empty of any other."""
    parts = node.parts if isinstance(node, Group) else (node,)
    found = [part for part in parts if isinstance(part, Condition) and part.about.unit == "share"]
    return found if len(found) == len(parts) else []


def members(node: Node) -> list[Member]:
    """The segments that a rule refers to, and those that these refer to."""
    match node:
        case Condition():
            return []
        case Not():
            return members(node.part)
        case Group():
            return [found for part in node.parts for found in members(part)]
        case Member():
            return [node, *members(node.where)]


def own_columns(node: Node) -> dict[str, Column]:
    """The council's own indicators that a rule asks for."""
    match node:
        case Condition():
            return {node.column: node.own} if node.own else {}
        case Not():
            return own_columns(node.part)
        case Member():
            return own_columns(node.where)
        case Group():
            return dict(pair for part in node.parts for pair in own_columns(part).items())


def parse(json: object, own: Mapping[str, Column] | None = None, segments: Mapping[int, Member] | None = None) -> Rule:
    """Read a rule, or raise RuleInvalid at the exact place. `own` are the council's own indicators as they are called
    today (local_indicators.columns), `segments` those that may be named by their number alone; without, what a saved
    rule holds of them stands."""
    rule = _mapping(json, "rule")
    version = rule.get("version")
    if version != VERSION or isinstance(version, bool):
        raise RuleInvalid(f"rule.version is {_shown(version)}: expected {VERSION}.")
    if "where" not in rule:
        msg = 'rule.where is missing: expected a condition such as {"column": "electors", "is": "at most", "value": 0}.'
        raise RuleInvalid(msg)
    saved = _saved_columns(rule.get("columns", {}))
    reading = _Reading({} if own is None else own, saved, {} if segments is None else segments)
    return Rule(reading.node(rule["where"], "rule.where"))


def _saved_columns(json: object) -> dict[str, Column]:
    found = {}
    for name, words in _mapping(json, "rule.columns").items():
        place = f"rule.columns.{name}"
        told = {"label": "", "label_cy": "", "unit": ""} | dict(_mapping(words, place))
        label, label_cy, unit = (_text(told[key], f"{place}.{key}") for key in ("label", "label_cy", "unit"))
        found[str(name)] = own_column(str(name), label, label_cy, unit, place)
    return found


@dataclass
class _Reading:
    """One rule being read: the council's own columns, as they are called today and as the rule holds them, and how many
    conditions and groups there were so far."""

    own: Mapping[str, Column]
    saved: Mapping[str, Column]
    segments: Mapping[int, Member]
    nodes: int = 0

    def node(self, json: object, place: str, depth: int = 1) -> Node:
        self._bear(place, depth)
        node = _mapping(json, place)
        match sorted(node):
            case ["all" | "any" as word]:
                return Group(word == "all", self._parts(node[word], f"{place}.{word}", depth))
            case ["not"]:
                return Not(self.node(node["not"], f"{place}.not", depth + 1))
            case ["segment"]:
                return self._member(_mapping(node["segment"], f"{place}.segment"), f"{place}.segment", depth)
            case ["column", "is", "value"] | ["column", "is", "unit", "value"]:
                return self._condition(node, place)
        has = _shown(", ".join(sorted(node)) or "nothing").strip("'")
        raise RuleInvalid(f'{place} has {has}: expected "all", "any", "not", "segment", or "column", "is", "value".')

    def _bear(self, place: str, depth: int) -> None:
        self.nodes += 1
        if depth > DEEPEST:
            raise RuleInvalid(f"{place} lies too deep: a rule may have {DEEPEST} levels of groups within groups.")
        if self.nodes > MOST_NODES:
            msg = (
                f"{place} is one too many: a rule may have {MOST_NODES} conditions and groups. "
                f'One condition with "{ONE_OF}" and a list says the same as many.'
            )
            raise RuleInvalid(msg)

    def _member(self, held: Mapping[str, Any], place: str, depth: int) -> Member:
        number = held.get("id")
        if not _is_number(number):
            raise RuleInvalid(f"{place}.id is {_shown(number)}: expected the number of a segment.")
        if "where" not in held:
            return self._known(int(str(number)), place, depth)
        version, name = held.get("version"), held.get("name")
        if set(held) != {"id", "name", "version", "where"} or not _is_number(version) or not _is_name(name):
            has = _shown(", ".join(sorted(map(str, held)))).strip("'")
            raise RuleInvalid(f'{place} has {has}: expected "id" alone, or "id", "name", "version" and "where".')
        return Member(
            int(str(number)), str(name), int(str(version)), self.node(held["where"], f"{place}.where", depth + 1)
        )

    def _known(self, number: int, place: str, depth: int) -> Member:
        found = self.segments.get(number)
        if found is None:
            raise RuleInvalid(f"{place}.id is {number}: there is no such segment here.")
        for level in _levels(found.where, depth + 1):
            self._bear(place, level)
        return found

    def _parts(self, json: object, place: str, depth: int) -> tuple[Node, ...]:
        if not isinstance(json, list) or not json:
            raise RuleInvalid(f"{place} is {_shown(json)}: expected a list with at least one condition.")
        return tuple(self.node(part, f"{place}[{index}]", depth + 1) for index, part in enumerate(json))

    def _condition(self, node: Mapping[str, Any], place: str) -> Condition:
        name, comparison = node["column"], node["is"]
        column = COLUMNS.get(name) or self.own.get(name) or self.saved.get(name) if isinstance(name, str) else None
        if column is None:
            known = ", ".join([*COLUMNS, *{**self.saved, **self.own}])
            raise RuleInvalid(f"{place}.column is {_shown(name)}: expected one of {known}.")
        if comparison not in operators(column):
            expected = " or ".join(operators(column))
            raise RuleInvalid(f"{place}.is is {_shown(comparison)}: for {name} expected {expected}.")
        own = None if name in COLUMNS else column
        if comparison == ONE_OF:
            _unit(node, column, f"{place}.unit")
            return Condition(name, comparison, _choice(node["value"], column, f"{place}.value"), own)
        scale = column.scale(_unit(node, column, f"{place}.unit"))
        return Condition(name, comparison, _number(node["value"], column, scale, f"{place}.value"), own)


def _unit(node: Mapping[str, Any], column: Column, place: str) -> str:
    """The unit a condition names, if it names one."""
    unit = node.get("unit", "")
    if "unit" in node and (unit != column.measured_in or not unit):
        expected = f"{column.measured_in!r}, or none" if column.measured_in else "none"
        raise RuleInvalid(f"{place} is {_shown(unit)}: for {node['column']} expected {expected}.")
    return str(unit)


def _number(value: object, column: Column, scale: float, place: str) -> float:
    low, high = column.low * scale, column.high * scale
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        shown = f"{value:g}" if isinstance(value, float) else _shown(value)
        raise RuleInvalid(f"{place} is {shown}: expected a number from {low:g} to {high:g}.")
    return float(value) / scale


def _choice(value: object, column: Column, place: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_CHOICES or not all(map(_is_word, values)):
        msg = f"{place} is {_shown(value)}: expected a list with at least one word, and at most {MOST_CHOICES}."
        raise RuleInvalid(msg)
    unknown = [v for v in values if column.choices is not None and v not in column.choices]
    if unknown:
        raise RuleInvalid(f"{place} has {_shown(unknown[0])}: expected some of {', '.join(column.choices or ())}.")
    return tuple(values)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_CHOICE


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def _levels(node: Node, depth: int) -> Iterator[int]:
    """Of each condition and group how deep it lies."""
    yield depth
    match node:
        case Group():
            for part in node.parts:
                yield from _levels(part, depth + 1)
        case Not():
            yield from _levels(node.part, depth + 1)
        case Member():
            yield from _levels(node.where, depth + 1)


def _mapping(json: object, place: str) -> Mapping[str, Any]:
    if isinstance(json, dict):
        return json
    raise RuleInvalid(f"{place} is {_shown(json)}: expected an object in braces.")


def _text(json: object, place: str) -> str:
    if isinstance(json, str):
        return json
    raise RuleInvalid(f"{place} is {_shown(json)}: expected text.")


_ECHO = Repr()
_ECHO.maxstring = _ECHO.maxother = _ECHO.maxlong = 60


def _shown(value: object) -> str:
    """What stands there, cut short: it may be long, and deep."""
    return _ECHO.repr(value)


def _halved(join: Callable[[Any, Any], Any], parts: list[Any]) -> Any:
    """Joined as a tree that is as shallow as it can be: what plans it goes down level by level."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return join(_halved(join, parts[:half]), _halved(join, parts[half:]))


def _one_of(homes: ir.Table, column: str, values: tuple[str, ...]) -> ir.BooleanValue:
    if column == "reach":
        return reduce(operator.or_, (homes[channel] for channel in values))
    if column == "class":
        return homes.kind.isin(values)
    held = homes[column]
    if held.type().is_numeric():  # a nominal code, such as the kind of an area
        held = held.cast("int64").cast("string")
    return held.isin(values)


def _figure(value: float, unit: str) -> str:
    return f"{value * 100:g} %" if unit == "share" else f"{value:g}"


def _join(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
