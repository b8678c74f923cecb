"""`engage gap`: who is missing."""

import click

from engage.commands import printing
from engage.commands.caller import Caller, with_right
from engage.foundation.identity import Right
from segments.missing import gap as gaps


@click.command()
@click.option(
    "--by", "level", default="ward", show_default=True, metavar="LEVEL",
    help="ward, area (output area), tenure, age, mobility, students, english or deprivation.",
)  # fmt: skip
@with_right(Right.see_data)
def gap(caller: Caller, level: str) -> None:
    """Who is missing, by ward, area or group, most people first, with 95 % intervals.

    Shares of groups are inferred from areas: docs/method.md says how.
    """
    office, authority = caller.office, caller.actor.authority
    rows = [row.as_dict() for row in gaps.by_level(office, authority, level)]
    found = gaps.estimate(office, authority)
    said = [f"People are counted from {found.people}.", *found.notes]
    notes = gaps.ASSUMPTIONS if level in ("ward", "area", "deprivation") else [gaps.INFERRED, *gaps.ASSUMPTIONS]
    value = {"rows": rows, "people": found.people, "notes": list(found.notes)}
    caller.show(value, lambda value: printing.gap(value["rows"], [*said, *notes]))
