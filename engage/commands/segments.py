"""`engage segment`: groups of homes, by rule."""

import json
from pathlib import Path
from typing import Any

import click

from engage.commands.caller import Desk, at_desk, facts, read_json, table
from engage.foundation.identity import Right
from segments.audiences import segments as groups
from segments.rules import local_indicators, tree
from segments.rules import schema as rule_schema


@click.group()
def segment() -> None:
    """Groups of homes, by rule."""


@segment.command()
@click.argument("rule", metavar="RULE.json", type=click.Path(path_type=Path))
@click.option("--by", "level", type=click.Choice(["ward"]), help="Show each ward.")
@at_desk(Right.see_data)
def count(desk: Desk, rule: Path, level: str | None) -> None:
    """Count the homes of RULE.json."""
    parsed = tree.parse(read_json(rule), local_indicators.columns(desk.office, desk.actor.authority))
    counted = {"sentence": parsed.sentence()} | groups.count(desk.office, desk.actor.authority, parsed).as_dict()
    wards = counted.pop("wards")
    desk.show(counted | ({"wards": wards} if level else {}), _counted)


def _counted(value: dict[str, Any]) -> None:
    facts({key: item for key, item in value.items() if key != "wards"})
    if "wards" in value:
        click.echo()
        table(value["wards"], ["ward", "name", "households", "missing"])


@segment.command()
@click.argument("rule", metavar="RULE.json", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What plans call it.")
@at_desk(Right.plan)
def save(desk: Desk, rule: Path, name: str) -> None:
    """Save RULE.json as a segment; the same name again makes its next version."""
    saved = groups.save(desk.office, desk.actor, name, read_json(rule))
    described = {"id": saved.id, "name": saved.name, "version": saved.version, "sentence": saved.sentence}
    desk.show(described, facts)


@segment.command()
@at_desk(Right.see_data, results=False)
def schema(desk: Desk) -> None:
    """Print the JSON Schema of rules, with the authority's own indicators."""
    made = rule_schema.schema(local_indicators.columns(desk.office, desk.actor.authority))
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))


@segment.command(name="list")
@at_desk(Right.see_data)
def list_(desk: Desk) -> None:
    """List the segments."""
    rows = [
        {"id": s.id, "name": s.name, "version": s.version, "sentence": s.sentence}
        for s in groups.all_segments(desk.office, desk.actor.authority)
    ]
    desk.show({"rows": rows}, lambda value: table(value["rows"], ["id", "name", "version"]))
