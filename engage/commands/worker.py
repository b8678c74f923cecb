"""`engage worker`: background work."""

import click

from campaigns.worker import work
from engage.commands.caller import demand_database
from engage.deployment.permissions import close_to_others
from engage.foundation import logs
from engage.foundation.office import Office


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
def worker(once: bool) -> None:
    """Do background work: waves, receipts, unknown messages."""
    office = Office()
    demand_database(office)
    close_to_others(office)
    logs.configure(office.settings.log_level)
    work.worker(office, once=once)
