"""`engage serve` and `purge`: running a deployment."""

import click

from engage.commands.caller import as_json, demand_database, show
from engage.commands.printing import gone
from engage.deployment.permissions import close_to_others
from engage.deployment.purging import purge as purge_due
from engage.deployment.serving import serve as run
from engage.foundation.office import Office


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes that answer.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the web pages."""
    office = Office()
    demand_database(office)
    close_to_others(office)
    run(office, host=host, port=port, workers=workers)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what is due.")
@as_json
def purge(dry_run: bool, as_json: bool) -> None:
    """Remove what retention says is due, of every authority."""
    office = Office()
    demand_database(office, purging=not dry_run)
    found = purge_due(office, dry_run=dry_run)
    show(found, lambda value: gone(value, dry_run=dry_run), json_wanted=as_json)
