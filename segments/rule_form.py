"""A rule by form: one row for each condition, all or any of them, each as it is or turned round.

The fields of row `n`: `c{n}-column`, `c{n}-is`, `c{n}-not`, `c{n}-value`. Works without JavaScript: adding and
removing a row is a button that sends the form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engage.foundation.errors import InputRefused
from engage.foundation.forms import Form
from segments import rules
from segments.rules import COLUMNS, ONE_OF, Condition, Group, Node, Not, Rule

MOST = 12  # rows; a deeper rule is written as a file


@dataclass
class Row:
    column: str
    comparison: str = ""
    values: list[str] = field(default_factory=list)
    turned: bool = False

    @property
    def number(self) -> str:
        return self.values[0] if self.values else ""


@dataclass
class RuleForm:
    """What stands in the form; `rule` is set once it makes sense."""

    every: bool
    rows: list[Row]
    rule: Rule | None = None


def read(form: Form, own: Mapping[str, rules.Column] | None = None) -> RuleForm:
    """The rows as typed, after an added or removed one; `form.errors` says what is wrong with them. `own` are the
    council's own indicators (local_indicators.columns)."""
    columns = COLUMNS | dict(own or {})
    act, _, which = form.text("act").partition(" ")
    rows = [_row(form, n) for n in range(MOST) if form.text(f"c{n}-column") in columns]
    if act == "remove" and which.isdigit():
        rows = [row for n, row in enumerate(rows) if n != int(which)]
    if act == "add" and form.text("new") in columns and len(rows) < MOST:
        rows.append(Row(form.text("new")))
    result = RuleForm(form.text("every") != "any", rows)
    if act in ("count", "save"):
        result.rule = _rule(form, result, own or {})
    return result


def _row(form: Form, n: int) -> Row:
    return Row(
        form.text(f"c{n}-column"), form.text(f"c{n}-is"), [v for v in form.all(f"c{n}-value") if v.strip()],
        bool(form.text(f"c{n}-not")),
    )  # fmt: skip


def _rule(form: Form, shown: RuleForm, own: Mapping[str, rules.Column]) -> Rule | None:
    if not shown.rows:
        form.fail("new", "Add at least one condition")
        return None
    parts: list[dict[str, Any]] = []
    for n, row in enumerate(shown.rows):
        with form.blaming(f"c{n}-value"):
            column = COLUMNS.get(row.column) or own[row.column]
            node = {"column": row.column, "is": _comparison(row, column), "value": _value(row, column)}
            rules.parse({"version": rules.VERSION, "where": node}, own)
            parts.append({"not": node} if row.turned else node)
    if not form.valid:
        return None
    where = parts[0] if len(parts) == 1 else {"all" if shown.every else "any": parts}
    return rules.parse({"version": rules.VERSION, "where": where}, own)


def _comparison(row: Row, column: rules.Column) -> str:
    return ONE_OF if column.unit == "choice" else row.comparison


def _value(row: Row, column: rules.Column) -> float | list[str]:
    if column.unit == "choice":
        if not row.values:
            msg = f"Select at least one: {column.label}"
            raise InputRefused(msg)
        return row.values
    return _number(row.number, column)


def _number(typed: str, column: rules.Column) -> float:
    """Shares are typed as percentages."""
    scale = 100 if column.unit == "share" else 1
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


def shown(rule: object) -> RuleForm | None:
    """A saved rule as rows; None where it is deeper than the form can show."""
    parsed = rule if isinstance(rule, Rule) else rules.parse(rule)
    where = parsed.where
    every = not isinstance(where, Group) or where.every
    rows = [_of(part) for part in (where.parts if isinstance(where, Group) else (where,))]
    known = [row for row in rows if row is not None]
    return RuleForm(every, known, parsed) if len(known) == len(rows) <= MOST else None


def _of(node: Node) -> Row | None:
    turned = isinstance(node, Not)
    inner = node.part if isinstance(node, Not) else node
    if not isinstance(inner, Condition):
        return None
    if isinstance(inner.value, tuple):
        return Row(inner.column, inner.comparison, list(inner.value), turned)
    scale = 100 if inner.about.unit == "share" else 1
    return Row(inner.column, inner.comparison, [f"{round(inner.value * scale, 6):g}"], turned)
