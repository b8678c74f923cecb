"""`engage segment list`: apart from what counts homes, so that a look at the list loads little."""

import click

from engage.commands.caller import Caller, table, with_right
from engage.foundation.identity import Right
from segments.audiences import named_rules


@click.command(name="list")
@with_right(Right.see_data)
def list_(caller: Caller) -> None:
    """List the segments."""
    rows = [
        {"id": s.id, "name": s.name, "version": s.version, "sentence": s.sentence}
        for s in named_rules.all_segments(caller.office, caller.actor.authority)
    ]
    caller.show({"rows": rows}, lambda value: table(value["rows"], ["id", "name", "version"]))
