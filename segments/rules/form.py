"""A rule by form: groups of conditions, and groups within them, each as it is or turned round; a deeper rule as text.

The fields of a part at place `p`: of a condition `p-column`, `p-is`, `p-not`, `p-value`; of a group `p-every`, which
is one of MEETING. A column `segment 12` is being in segment 12, and needs no value. Places are `c0`, `c1` … in the
outermost group, `c1-0` … in the group at `c1`, and so on. Works without JavaScript: adding and removing a part is a
button that sends the form.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engage.foundation.errors import InputRefused
from engage.foundation.web.forms import Form
from segments.rules import tree
from segments.rules.tree import COLUMNS, ONE_OF, OWN, Condition, Group, Member, Node, Not, Rule

MOST = 12  # parts of one group
LEVELS = 3  # the outermost group, groups in it, and groups in those
MEETING = {"all": "every one", "any": "at least one", "none": "none", "not all": "not all"}
ROOT = "c"
SEGMENT = re.compile(r"segment ([1-9]\d{0,8})")
Own = Mapping[str, tree.Column]
Held = Mapping[int, Member]


@dataclass
class Row:
    column: str
    comparison: str = ""
    values: list[str] = field(default_factory=list)
    turned: bool = False
    fresh: bool = False  # added just now, so that the page goes on there

    @property
    def number(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def segment(self) -> int | None:
        """The other segment it is about, if it is about one."""
        found = SEGMENT.fullmatch(self.column)
        return int(found[1]) if found else None


@dataclass
class Box:
    """A group within a group."""

    meeting: str
    rows: list["Part"] = field(default_factory=list)
    fresh: bool = False


Part = Row | Box


@dataclass
class RuleForm:
    """What stands in the form; `rule` is set once it makes sense. `text` is the rule as JSON where it is typed so.
    While it is being built, `rule` is what is finished of it, and `unfinished` says by field what is not."""

    every: bool
    rows: list[Part]
    rule: Rule | None = None
    text: str | None = None
    unfinished: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Known:
    """What a rule of this authority may name: its own indicators, and its segments."""

    own: Own
    held: Held

    def column(self, name: str) -> tree.Column | None:
        return COLUMNS.get(name) or self.own.get(name)

    def may_be(self, name: str) -> bool:
        """Something to ask for, here or elsewhere: what is gone is told, and not dropped."""
        return bool(self.column(name) or OWN.fullmatch(name) or SEGMENT.fullmatch(name))


def read(form: Form, own: Own | None = None, held: Held | None = None) -> RuleForm:
    """The parts as typed, after one was added or removed; `form.errors` says what is wrong with them. `own` are the
    council's own indicators (local_indicators.columns), `held` its segments (nesting.held)."""
    act, _, where = form.text("act").partition(" ")
    known = _Known({} if own is None else own, {} if held is None else held)
    if "rule" in form.names():
        return _read_text(form, act, known)
    result = RuleForm(form.text("every") != "any", list(_parts(form, ROOT, 1, known)))
    if act == "remove":
        _remove(result, where)
    elif act in ("add", "group"):
        _add(form, result, act, where or ROOT, known)
    if act in ("save", "text"):
        result.rule = _rule(form, result, known)
    else:
        _take_finished(form, result, known, told=act == "count")
    if act == "text" and result.rule:
        result.text = written(result.rule)
    return result


def _take_finished(form: Form, shown: RuleForm, known: _Known, *, told: bool) -> None:
    """The rule of all parts that are finished. What was typed wrongly is an error once somebody asks to
    count, and what is unfinished where there is no rest."""
    if not shown.rows:
        if told:
            form.fail("new", "Add at least one condition")
        return
    trial = Form()
    shown.rule = _of_nodes(trial, shown, _nodes(trial, ROOT, shown.rows, known), known)
    shown.unfinished = trial.errors
    for place in trial.errors if told else ():
        if shown.rule is None or any(value.strip() for value in form.all(place)):
            form.fail(place, trial.errors[place])


def _parts(form: Form, place: str, level: int, known: _Known) -> Iterator[Part]:
    for at in _within(place, range(MOST)):
        column = form.text(f"{at}-column")
        if known.may_be(column):
            values = [value for value in form.all(f"{at}-value") if value.strip()]
            yield Row(column, form.text(f"{at}-is"), values, bool(form.text(f"{at}-not")))
        elif form.text(f"{at}-every") in MEETING and level < LEVELS:
            yield Box(form.text(f"{at}-every"), list(_parts(form, at, level + 1, known)))


def _within(place: str, numbers: range) -> list[str]:
    return [f"{place}{number}" if place == ROOT else f"{place}-{number}" for number in numbers]


def _remove(shown: RuleForm, where: str) -> None:
    parent, _, number = where.removeprefix(ROOT).rpartition("-")
    rows = _rows_at(shown, f"{ROOT}{parent}")
    if rows is not None and number.isdecimal() and int(number) < len(rows):
        del rows[int(number)]


def _add(form: Form, shown: RuleForm, act: str, where: str, known: _Known) -> None:
    rows = _rows_at(shown, where)
    if rows is None or len(rows) >= MOST:
        return
    name = "new" if where == ROOT else f"{where}-new"
    if act == "group" and where.count("-") + (where != ROOT) < LEVELS - 1:
        rows.append(Box("any", fresh=True))
    elif act == "add" and (known.column(form.text(name)) or SEGMENT.fullmatch(form.text(name))):
        rows.append(Row(form.text(name), fresh=True))
    elif act == "add":
        form.fail(name, "Choose what the condition is about")


def _rows_at(shown: RuleForm, where: str) -> list[Part] | None:
    rows = shown.rows
    for number in filter(None, where.removeprefix(ROOT).split("-")):
        part = rows[int(number)] if number.isdecimal() and int(number) < len(rows) else None
        if not isinstance(part, Box):
            return None
        rows = part.rows
    return rows


def _rule(form: Form, shown: RuleForm, known: _Known) -> Rule | None:
    if not shown.rows:
        form.fail("new", "Add at least one condition")
        return None
    parts = _nodes(form, ROOT, shown.rows, known)
    return _of_nodes(form, shown, parts, known) if form.valid else None


def _of_nodes(form: Form, shown: RuleForm, parts: list[dict[str, Any]], known: _Known) -> Rule | None:
    if not parts:
        return None
    where = parts[0] if len(parts) == 1 else {"all" if shown.every else "any": parts}
    found = None
    with form.blaming("new"):
        found = tree.parse({"version": tree.VERSION, "where": where}, known.own, known.held)
    return found  # noqa: RET504 - nothing where the form is to blame


def _nodes(form: Form, place: str, parts: Sequence[Part], known: _Known) -> list[dict[str, Any]]:
    places = _within(place, range(len(parts)))
    return [
        node
        for at, part in zip(places, parts, strict=True)
        if (node := _group(form, at, part, known) if isinstance(part, Box) else _condition(form, at, part, known))
    ]


def _group(form: Form, place: str, box: Box, known: _Known) -> dict[str, Any] | None:
    if not box.rows:
        form.fail(f"{place}-new", "Add at least one condition to this group, or remove it")
        return None
    parts = _nodes(form, place, box.rows, known)
    if not parts:
        return None
    group = {"all" if box.meeting in ("all", "not all") else "any": parts}
    return {"not": group} if box.meeting in ("none", "not all") else group


def _condition(form: Form, place: str, row: Row, known: _Known) -> dict[str, Any] | None:
    found: dict[str, Any] | None = None
    with form.blaming(f"{place}-value"):
        node = {"segment": {"id": row.segment}} if row.segment else _asked(row, known)
        tree.parse({"version": tree.VERSION, "where": node}, known.own, known.held)
        found = {"not": node} if row.turned else node
    return found  # noqa: RET504 - nothing where the form is to blame


def _asked(row: Row, known: _Known) -> dict[str, Any]:
    column = known.column(row.column)
    if column is None:
        msg = f"{row.column} is not imported here any more. Remove this condition, or import its file again"
        raise InputRefused(msg)
    comparison = ONE_OF if column.unit == "choice" else row.comparison
    return {"column": row.column, "is": comparison, "value": _value(row, column)}


def _value(row: Row, column: tree.Column) -> float | list[str]:
    if column.unit == "choice":
        if not row.values:
            msg = f"Select at least one: {column.label}"
            raise InputRefused(msg)
        return row.values
    return _number(row.number, column)


def _number(typed: str, column: tree.Column) -> float:
    """Shares are typed as percentages."""
    scale = column.scale(column.measured_in)
    low, high = column.low * scale, column.high * scale
    unit = "%" if column.unit == "share" else ""
    wanted = f"{column.label[:1].upper()}{column.label[1:]} must be a number from {low:g}{unit} to {high:,.0f}{unit}"
    try:
        number = float(typed.replace(",", "").rstrip("% "))
    except ValueError:
        raise InputRefused(wanted) from None
    if not low <= number <= high:
        raise InputRefused(wanted)
    return number / scale


# A saved rule


def shown(rule: object) -> RuleForm:
    """A saved rule as parts of the form; as text where it is deeper or longer than the form can show."""
    parsed = rule if isinstance(rule, Rule) else tree.parse(rule)
    where = parsed.where
    every = not isinstance(where, Group) or where.every
    nodes = where.parts if isinstance(where, Group) and len(where.parts) > 1 else (where,)
    rows = [_shown(node, 1) for node in nodes]
    known = [row for row in rows if row is not None]
    if len(known) == len(rows) <= MOST:
        return RuleForm(every, known, parsed)
    return RuleForm(every, [], parsed, written(parsed))


def _shown(node: Node, level: int) -> Part | None:
    turned = isinstance(node, Not)
    inner = node.part if isinstance(node, Not) else node
    if isinstance(inner, Condition):
        return _row(inner, turned)
    if isinstance(inner, Member):
        return Row(f"segment {inner.id}", turned=turned)
    if level >= LEVELS:
        return None
    if isinstance(inner, Not):  # denied twice, which a group of one says too
        inner = Group(every=False, parts=(inner,))
    parts = [_shown(part, level + 1) for part in inner.parts]
    known = [part for part in parts if part is not None]
    meeting = ("not all" if inner.every else "none") if turned else "all" if inner.every else "any"
    return Box(meeting, known) if len(known) == len(parts) <= MOST else None


def _row(condition: Condition, turned: bool) -> Row:
    if isinstance(condition.value, tuple):
        return Row(condition.column, condition.comparison, list(condition.value), turned)
    scale = condition.about.scale(condition.about.measured_in)
    return Row(condition.column, condition.comparison, [f"{round(condition.value * scale, 6):g}"], turned)


# A rule as text


def written(rule: Rule) -> str:
    return json.dumps(rule.as_json(), indent=2, ensure_ascii=False)


def _read_text(form: Form, act: str, known: _Known) -> RuleForm:
    result = RuleForm(every=True, rows=[], text=form.text("rule"))
    with form.blaming("rule"):
        result.rule = tree.parse(_loaded(form.text("rule")), known.own, known.held)
    if result.rule and act == "form":
        by_form = shown(result.rule)
        if by_form.text is None:
            return by_form
        form.fail("rule", f"This rule has more than {LEVELS} levels, or {MOST} conditions in a group: change it here")
    return result


def _loaded(text: str) -> object:
    if not text:
        msg = "Enter the rule"
        raise InputRefused(msg)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        msg = f"The rule is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        raise InputRefused(msg) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, or brackets without end
        msg = "The rule cannot be read: it is too long or too deep"
        raise InputRefused(msg) from None
