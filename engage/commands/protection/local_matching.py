"""`engage local-matching`: what the council's own records say of each name and each home."""

from pathlib import Path

import click

from engage.commands.caller import Caller, facts, with_right
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from segments.records import known


@click.group("local-matching")
def local_matching() -> None:
    """The council's own records held against the register."""


@local_matching.command()
@click.option("--matches", type=click.Path(path_type=Path), metavar="FILE", help="Each name, and whether it matched.")
@click.option("--homes", type=click.Path(path_type=Path), metavar="FILE", help="People known in each home, not on it.")
@with_right(Right.import_data)
def export(caller: Caller, matches: Path | None, homes: Path | None) -> None:
    """Write what was found as CSV.

    A row of --matches is one name of one record: source, source_ref, home_uprn, matched (yes, no, review). A row of
    --homes is one home: home_uprn, known_not_registered, score. No list names 4 in 10 of the people who are missing.
    """
    if not (matches or homes):
        raise InputRefused("Say what to write: --matches FILE, --homes FILE or both.")
    caller.show(known.export(caller.office, caller.actor, matches, homes), facts)
