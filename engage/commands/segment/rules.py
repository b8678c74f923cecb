"""`engage segment count`, `save` and `schema`: a rule, as a file of JSON."""

import json
from pathlib import Path
from typing import Any

import click

from engage.commands.caller import Caller, facts, read_json, table, with_right
from engage.foundation.identity import Right
from segments.audiences import named_rules
from segments.audiences import segments as groups
from segments.rules import local_indicators, tree
from segments.rules import schema as rule_schema


@click.command()
@click.argument("rule", metavar="RULE.json", type=click.Path(path_type=Path))
@click.option("--by", "level", type=click.Choice(["ward"]), help="Show each ward.")
@with_right(Right.see_data)
def count(caller: Caller, rule: Path, level: str | None) -> None:
    """Count the homes of RULE.json."""
    office, code = caller.office, caller.actor.authority
    parsed = tree.parse(read_json(rule), local_indicators.columns(office, code), named_rules.held(office, code))
    counted = {"sentence": parsed.sentence()} | groups.count(caller.office, caller.actor.authority, parsed).as_dict()
    wards = counted.pop("wards")
    caller.show(counted | ({"wards": wards} if level else {}), _counted)


def _counted(value: dict[str, Any]) -> None:
    facts({key: item for key, item in value.items() if key != "wards"})
    if "wards" in value:
        click.echo()
        table(value["wards"], ["ward", "name", "households", "missing"])


@click.command()
@click.argument("rule", metavar="RULE.json", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What plans call it.")
@with_right(Right.plan)
def save(caller: Caller, rule: Path, name: str) -> None:
    """Save RULE.json as a segment; the same name again makes its next version."""
    saved = groups.save(caller.office, caller.actor, name, read_json(rule))
    described = {"id": saved.id, "name": saved.name, "version": saved.version, "sentence": saved.sentence}
    caller.show(described, facts)


@click.command()
@with_right(Right.see_data, results=False)
def schema(caller: Caller) -> None:
    """Print the JSON Schema of rules, with the authority's own indicators."""
    made = rule_schema.schema(local_indicators.columns(caller.office, caller.actor.authority))
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
