"""`engage campaign list`: apart from what decides and plans, so that a look at the list loads little."""

import click

from campaigns.records import lookup
from engage.commands.caller import Caller, table, with_right
from engage.commands.campaign.shown import described
from engage.foundation.identity import Right


@click.command(name="list")
@with_right(Right.see_data)
def list_(caller: Caller) -> None:
    """List the campaigns, newest first."""
    rows = [described(made) for made in lookup.campaigns(caller.office, caller.actor)]
    caller.show({"rows": rows}, lambda value: table(value["rows"], ["id", "name", "state", "households"]))
