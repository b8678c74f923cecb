"""`engage import`, `households`, `gap` and `segment`: what the council knows, by command."""

import json
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import click

from engage.commands import printing
from engage.commands.caller import (
    Desk,
    acting_as,
    as_json,
    at_desk,
    day,
    demand_database,
    facts,
    for_authority,
    read_json,
    show,
    table,
    take_desk,
)
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Office


@click.command(name="import")
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--as-at", "as_at", required=True, metavar="DATE", type=day, help="The day the file speaks of.")
@click.option("--dry-run", is_flag=True, help="Check only, show what would come in; change nothing.")
@click.option("--accept-shrink", is_flag=True, help="Import although it has over 5 % fewer rows than the one before.")
@at_desk(Right.import_data)
def import_(desk: Desk, kind: str, files: tuple[Path, ...], as_at: date, dry_run: bool, accept_shrink: bool) -> None:
    """Import each FILE as KIND: register, register-update, gazetteer, geography, indicator, population, boundaries,
    contacts, suppressions or protected.

    The format is recognised from content, not from the name; files may be gzipped. With --json, one object to a line.
    """
    from segments.files.report import ShrinkRefused
    from segments.importing.imports import import_file

    tell = partial(printing.imported, lake=desk.office.lake.root)
    for file in files:
        try:
            report = import_file(
                desk.office, desk.actor, kind, file, as_at, dry_run=dry_run, accept_shrink=accept_shrink
            )  # fmt: skip
        except ShrinkRefused as refused:
            desk.show(refused.report.as_dict(), tell)
            raise InputRefused(f"{refused} If it is right so, import it with --accept-shrink.") from None
        except InputRefused as refused:
            if desk.json_wanted:
                why = {"kind": kind, "file": file.name, "outcome": "refused", "why": str(refused)}
                desk.show(why, facts)
            raise
        desk.show(report.as_dict(preview=dry_run), tell)


@click.group()
def households() -> None:
    """The table of homes."""


@households.command()
@click.option("--all", "everywhere", is_flag=True, help="Build for every authority kept here, in one run.")
@for_authority
@acting_as
@as_json
def build(everywhere: bool, authority: str | None, email: str | None, as_json: bool) -> None:
    """Link the newest register and build one row per home."""
    from segments.homes import households as homes

    if everywhere:
        show(_built_all(), _told_all, json_wanted=as_json)
        return
    desk = take_desk(authority, email, Right.import_data, json_wanted=as_json)
    homes.build(desk.office, desk.actor)
    desk.show(vars(homes.summary(desk.office, desk.actor.authority)), facts)


def _built_all() -> dict[str, Any]:
    from segments.homes import households as homes

    office = Office()
    demand_database(office)
    everywhere = homes.build_all(office, "command")
    built = [{"authority": code, "households": snapshot.rows} for code, snapshot in everywhere.built.items()]
    return {"built": built, "left_out": everywhere.left_out}


def _told_all(value: dict[str, Any]) -> None:
    table(value["built"], ["authority", "households"])
    for code, why in value["left_out"].items():
        click.echo(f"{code} was left out. {why}")


@households.command()
@click.argument("file", type=click.Path(path_type=Path))
@at_desk(Right.see_data, results=False)
def export(desk: Desk, file: Path) -> None:
    """Write the table of homes to FILE (.parquet or .csv)."""
    from segments.homes import households as homes

    click.echo(f"{homes.export(desk.office, desk.actor, file):,} homes written to {file}")


@click.command()
@click.option(
    "--by", "level", default="ward", show_default=True, metavar="LEVEL",
    help="ward, area (output area), tenure, age, mobility, students, english or deprivation.",
)  # fmt: skip
@at_desk(Right.see_data)
def gap(desk: Desk, level: str) -> None:
    """Who is missing, by ward, area or group, most people first, with 95 % intervals.

    Shares of groups are inferred from areas: docs/method.md says how.
    """
    from segments.missing import gap as gaps

    rows = [row.as_dict() for row in gaps.by_level(desk.office, desk.actor.authority, level)]
    notes = gaps.ASSUMPTIONS if level in ("ward", "area", "deprivation") else [gaps.INFERRED, *gaps.ASSUMPTIONS]
    desk.show({"rows": rows}, lambda value: printing.gap(value["rows"], notes))


@click.group()
def segment() -> None:
    """Groups of homes, by rule."""


@segment.command()
@click.argument("rule", metavar="RULE.json", type=click.Path(path_type=Path))
@click.option("--by", "level", type=click.Choice(["ward"]), help="Show each ward.")
@at_desk(Right.see_data)
def count(desk: Desk, rule: Path, level: str | None) -> None:
    """Count the homes of RULE.json."""
    from segments.audiences import segments as groups
    from segments.rules import local_indicators, tree

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
    from segments.audiences import segments as groups

    saved = groups.save(desk.office, desk.actor, name, read_json(rule))
    described = {"id": saved.id, "name": saved.name, "version": saved.version, "sentence": saved.sentence}
    desk.show(described, facts)


@segment.command()
@at_desk(Right.see_data, results=False)
def schema(desk: Desk) -> None:
    """Print the JSON Schema of rules, with the authority's own indicators."""
    from segments.rules import local_indicators
    from segments.rules import schema as rule_schema

    made = rule_schema.schema(local_indicators.columns(desk.office, desk.actor.authority))
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))


@segment.command(name="list")
@at_desk(Right.see_data)
def list_(desk: Desk) -> None:
    """List the segments."""
    from segments.audiences import segments as groups

    rows = [
        {"id": s.id, "name": s.name, "version": s.version, "sentence": s.sentence}
        for s in groups.all_segments(desk.office, desk.actor.authority)
    ]
    desk.show({"rows": rows}, lambda value: table(value["rows"], ["id", "name", "version"]))
