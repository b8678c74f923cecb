"""`engage gap`: who is missing."""

import click

from engage.commands import printing
from engage.commands.caller import Desk, at_desk
from engage.foundation.identity import Right
from segments.missing import gap as gaps


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
    rows = [row.as_dict() for row in gaps.by_level(desk.office, desk.actor.authority, level)]
    notes = gaps.ASSUMPTIONS if level in ("ward", "area", "deprivation") else [gaps.INFERRED, *gaps.ASSUMPTIONS]
    desk.show({"rows": rows}, lambda value: printing.gap(value["rows"], notes))
