"""`engage uplift`: what the reminders of a campaign changed, or any trial in a CSV file."""

from pathlib import Path
from typing import Any

import click

from dashboards.results.measurement import of_campaign, of_table
from engage.commands import printing
from engage.commands.caller import acting_as, as_json, asking, for_authority, identify, show
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right


@click.command()
@click.argument("campaign", required=False, metavar="[CAMPAIGN]", type=int)
@click.option("--table", "table_file", type=click.Path(path_type=Path), help="Any CSV of a trial instead.")
@click.option("--arm", help="Column of the arm.")
@click.option("--outcome", help="Column of the outcome, 0 or 1 or a number.")
@click.option("--cluster", help="Column of the cluster.")
@click.option("--block", help="Column of the block.")
@click.option("--weight", help="Column of the weight.")
@click.option("--contact", help="Column of who was reached: adds the effect on those.")
@click.option("--covariate", "covariates", multiple=True, help="Column known beforehand; may be given again.")
@click.option("--control", help="Name of the arm to compare with.")
@for_authority
@acting_as
@as_json
@asking(Right.see_data)
def uplift(
    campaign: int | None,
    table_file: Path | None,
    authority: str | None,
    email: str | None,
    as_json: bool,
    **columns: Any,
) -> None:
    """How many more registered because of the reminders: of a CAMPAIGN, or of a trial in a CSV file."""
    if (campaign is None) == (table_file is None):
        raise InputRefused("Name either a CAMPAIGN by its number or a file with --table. See: engage uplift --help")
    if table_file is not None:
        result = of_table(table_file, **columns)
    else:
        caller = identify(authority, email, Right.see_data)
        result = of_campaign(caller.office, caller.actor, campaign or 0)
    show(result, printing.uplift, json_wanted=as_json)
