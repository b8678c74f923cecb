"""`engage check`: apart from what serves and purges, so that whatever watches a service may ask often."""

import sys

import click

from engage.commands.caller import as_json, show
from engage.deployment.health import Health, examine
from engage.foundation.office import Office


@click.command()
@click.option("--deep", is_flag=True, help="Ask afresh: GOV.UK Notify, every file of the lake, the disk.")
@as_json
def check(deep: bool, as_json: bool) -> None:
    """Is this deployment healthy? Exit code 0 only if it is."""
    found = examine(Office(), deep=deep)
    show(found.as_dict(), lambda _: _print(found), json_wanted=as_json)
    sys.exit(0 if found.healthy else 1)


def _print(found: Health) -> None:
    for check in found.checks:
        click.echo(f"{'well' if check.well else 'ILL '}  {check.name}: {check.detail}", err=not check.well)
