"""What every command of a campaign takes and shows."""

from typing import Any

import click

from campaigns.records.models import Campaign
from engage.commands.caller import Caller, facts

campaign_id = click.argument("campaign_id", metavar="ID", type=int)
because = click.option("--reason", default="", help="Why, for whoever looks at it later.")


def show_campaign(caller: Caller, made: Campaign) -> None:
    caller.show(described(made), facts)


def described(made: Campaign) -> dict[str, Any]:
    return {
        "id": made.id,
        "name": made.name,
        "state": str(made.state),
        "version": made.version,
        "households": made.households,
    }
