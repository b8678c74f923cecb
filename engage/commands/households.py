"""`engage households`: the table of homes."""

from pathlib import Path
from typing import Any

import click

from engage.commands.caller import (
    Caller,
    acting_as,
    as_json,
    asking,
    demand_database,
    facts,
    for_authority,
    identify,
    show,
    table,
    with_reason,
    with_right,
)
from engage.foundation.identity import Right
from engage.foundation.office import Office
from segments.homes import former_contacts as earlier
from segments.homes import households as homes


@click.group()
def households() -> None:
    """The table of homes."""


@households.command()
@click.option("--all", "everywhere", is_flag=True, help="Build for every authority kept here, in one run.")
@for_authority
@acting_as
@as_json
@asking(Right.import_data)
def build(everywhere: bool, authority: str | None, email: str | None, as_json: bool) -> None:
    """Link the newest register and build one row per home."""
    if everywhere:
        show(_built_all(), _told_all, json_wanted=as_json)
        return
    caller = identify(authority, email, Right.import_data, json_wanted=as_json)
    homes.build(caller.office, caller.actor)
    caller.show(vars(homes.summary(caller.office, caller.actor.authority)), facts)


def _built_all() -> dict[str, Any]:
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
@with_reason
@with_right(Right.see_data, results=False)
def export(caller: Caller, file: Path, reason: str) -> None:
    """Write the table of homes to FILE (.parquet or .csv)."""
    click.echo(f"{homes.export(caller.office, caller.actor, file, reason=reason):,} homes written to {file}")


@households.command("former-contacts")
@click.option("--may", is_flag=True, help="The order that made the council, or the agreements, let it use them.")
@with_right(Right.import_data)
def former_contacts(caller: Caller, *, may: bool) -> None:
    """Take over the contacts that councils which went into this one have here."""
    made = earlier.take_over(caller.office, caller.actor, may=may)
    caller.show({"snapshot": made.id, "contacts": made.rows, "of": made.report["taken_over"]}, facts)
