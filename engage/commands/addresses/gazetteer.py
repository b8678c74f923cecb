"""`engage gazetteer health`: what the gazetteer's custodian could put right."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from engage.commands.addresses import positions, standing
from engage.commands.caller import Caller, table, with_right
from engage.foundation.folders import writing
from engage.foundation.identity import Right
from segments.gazetteer import health as gazetteer_health
from segments.importing.intake import right_to_see

ISSUE = ("count", "share", "title")
FILE = ("file", "rows", "with_uprn", "found", "share")


@click.group()
def gazetteer() -> None:
    """The gazetteer of addresses."""


gazetteer.add_command(positions.shift)
gazetteer.add_command(standing.standing)


@gazetteer.command(name="health")
@click.option("--csv", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write every property to FILE.")
@with_right(Right.see_gazetteer)
def health_(caller: Caller, file: Path | None) -> None:
    """What is wrong with the gazetteer, and how far each file is tied to it by UPRN.

    With --csv, the properties themselves for the custodian: UPRN, what the record says, what was expected.
    """
    if file:
        caller.demand(Right.import_gazetteer)
    health = gazetteer_health.examine(caller.office, caller.actor)
    seen = [file for file in health.files if caller.account.may(right_to_see(file.kind))]
    found = replace(health, files=seen).as_dict()
    if file:
        with writing(file, encoding="utf-8-sig", newline="") as out:  # the mark makes Excel read UTF-8
            found["written"] = gazetteer_health.export(caller.office, caller.actor, out)
    caller.show(found, _told)
    if file and not caller.json_wanted:
        click.echo(f"\n{found['written']:,} rows written to {file}")


def _told(found: dict[str, Any]) -> None:
    table([issue for issue in found["issues"] if not issue["needs"]], ISSUE)
    for issue in found["issues"]:
        if issue["needs"]:
            click.echo(f"not checked, as no {issue['needs']} is imported: {issue['title']}")
    click.echo()
    table([{"file": f"{file['kind']} {file['name']}".strip(), **file} for file in found["files"]], FILE)
    moved = sum(change["homes"] for change in found["wards"]["changes"])
    versions = found["wards"]["versions"]
    click.echo(f"\n{len(versions)} versions of the wards; {moved:,} homes have another ward code than before")
