"""`engage backup`: copies of all that is kept."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from engage.backups import making, restoring
from engage.commands.caller import as_json, demand_database, show
from engage.foundation.office import Office

FOLDER = click.Path(path_type=Path)
from_copy = click.option("--from", "folder", required=True, type=FOLDER, help="The folder of the copy.")
with_keys = click.option("--keys", type=FOLDER, help="The file of keys that belongs to it.")


@click.group()
def backup() -> None:
    """Copies of all that is kept, made, read and put back."""


@backup.command()
@click.option("--to", required=True, type=FOLDER, help="A new folder for the copy.")
@click.option("--keys-to", type=FOLDER, help="A new file for the keys, elsewhere; without it they are not copied.")
@click.option("--keys-inside", is_flag=True, help="The file of keys may lie in the copy, which then opens itself.")
@as_json
def create(to: Path, keys_to: Path | None, keys_inside: bool, as_json: bool) -> None:
    """Copy database, lake, law.toml, names.toml and settings, while the service runs; the keys apart."""
    office = Office()
    demand_database(office)
    made = making.create(office, to, keys_to=keys_to, keys_inside=keys_inside)
    show(asdict(made), lambda _: click.echo(made.message), json_wanted=as_json)
    sys.exit(1 if made.missing else 0)


@backup.command()
@from_copy
@with_keys
@as_json
def verify(folder: Path, keys: Path | None, as_json: bool) -> None:
    """Read a copy from beginning to end and say what is missing or different; exit code 0 only if nothing is."""
    wrong = making.verify(folder, making.read_keys(keys) if keys else None)
    said = "\n".join(wrong) or "The copy is whole."
    show({"whole": not wrong, "wrong": wrong}, lambda _: click.echo(said, err=bool(wrong)), json_wanted=as_json)
    sys.exit(1 if wrong else 0)


@backup.command()
@from_copy
@with_keys
@as_json
def restore(folder: Path, keys: Path | None, as_json: bool) -> None:
    """Put a copy back into an empty home folder and database. Nothing of it leaves before it was held against GOV.UK
    Notify."""
    done = restoring.restore(Office(), folder, making.read_keys(keys) if keys else None)
    show(asdict(done), lambda _: click.echo(done.message), json_wanted=as_json)
