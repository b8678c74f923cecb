"""`engage gazetteer standing`: where the gazetteer stands in the improvement schedule, and the schedule entered."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from engage.commands.caller import Caller, read_json, table, with_right
from engage.foundation.errors import InputRefused
from engage.foundation.folders import writing
from engage.foundation.identity import Right
from segments.standing import report, schedule
from segments.standing.measures import MEASURES

SHOWN = ("title", "percent", "to_mend", "level", "unknown")


@click.command(name="standing")
@click.option(
    "--schedule",
    "asked",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
    help="Enter the schedule of FILE first: JSON of four percentages for each measure, lowest level first.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The day from which the schedule holds.")
@click.option("--csv", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write what is to mend to FILE.")
@with_right(Right.see_gazetteer)
def standing(caller: Caller, asked: Path | None, since: datetime | None, file: Path | None) -> None:
    """Where the gazetteer stands in the improvement schedule, and what would lift it.

    The figures are kept as the month's. Levels are told by the schedule that the custodian entered.
    """
    if asked or file:
        caller.demand(Right.import_gazetteer)
    if asked:
        _enter(caller, asked, since)
    found = report.take(caller.office, caller.actor).as_dict()
    if file:
        with writing(file, encoding="utf-8-sig", newline="") as out:  # the mark makes Excel read UTF-8
            found["written"] = report.export(caller.office, caller.actor, out)
    caller.show(found, _told)


def _enter(caller: Caller, file: Path, since: datetime | None) -> None:
    if since is None:
        raise click.UsageError("--schedule needs --since, the day from which it holds.")
    levels = read_json(file)
    if not isinstance(levels, dict) or not all(map(_is_row, levels.values())):
        keys = ", ".join(measure.key for measure in MEASURES)
        raise InputRefused(f"{file}: expected an object of four percentages for some of {keys}. Nothing was changed.")
    schedule.enter(caller.office, caller.actor, since.date(), levels)


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and all(type(each) in (int, float) for each in value)


def _told(found: dict[str, Any]) -> None:
    table(found["measures"], SHOWN)
    click.echo(f"\nlevel: {found['level'] or 'not known: no schedule is entered, or a measure of it has no figure'}")
    for lift in found["lifts"]:
        click.echo(f"{lift['more']:,} more for {lift['level']}: {lift['measure']}")
    if "written" in found:
        click.echo(f"{found['written']:,} rows written")
