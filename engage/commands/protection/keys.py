"""`engage keys`: the master keys, by their fingerprints."""

from dataclasses import asdict

import click
from cryptography.fernet import Fernet

from engage.commands.caller import as_json, demand_database, show, table
from engage.deployment import rotation
from engage.foundation.office import Office


@click.group()
def keys() -> None:
    """The keys that everything is encrypted with."""


@keys.command(name="list")
@as_json
def list_keys(as_json: bool) -> None:
    """Each master key by its fingerprint, and how many keys of the database it wraps."""
    found = [asdict(key) for key in rotation.listed(Office())]
    show(found, lambda rows: table(rows, ("fingerprint", "wraps", "newest")), json_wanted=as_json)


@keys.command()
def new() -> None:
    """Print a new key for ENGAGE_SECRET_KEYS. Nothing is changed."""
    click.echo(Fernet.generate_key().decode())


@keys.command()
@click.option("--drop-old", is_flag=True, help="Take the old keys out of the key file, once they wrap nothing.")
@as_json
def rotate(drop_old: bool, as_json: bool) -> None:
    """Wrap every key by the newest master key; a new one is made where they stand in the key file. Done while the
    service runs, and done again where it was stopped."""
    office = Office()
    demand_database(office)
    found = rotation.rotate(office, drop_old=drop_old)
    show(asdict(found), lambda _: click.echo(found.message), json_wanted=as_json)
