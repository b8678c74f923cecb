"""`engage local-matching`: what the council's own records say of each name and each home."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from engage.commands.caller import Caller, day, facts, table, with_right
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from segments.missing import newly_registered
from segments.records import agreements, known, retention, trust

SHOWN = (
    "source", "as_at", "names", "agreement", "not_on_the_register", "weight", "weight_low", "weight_high",
    "of_them_probably_wrong", "kept_until", "used",
)  # fmt: skip

LEARNT = {"earlier", "later", "homes", "registered", "lift", "lift_fixed", "gain", "gain_error"}


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
    --homes is one home: home_uprn, known_not_registered (the expected number), known_low and known_high (the range that
    holds the true one 19 times in 20), moved_in (those of them who came since the last canvass), nobody_knows (entries
    of people whom no record has there any more) and score. No list names 4 in 10 of the people who are missing.
    """
    if not (matches or homes):
        raise InputRefused("Say what to write: --matches FILE, --homes FILE or both.")
    caller.show(known.export(caller.office, caller.actor, matches, homes), facts)


@local_matching.command()
@with_right(Right.see_data)
def sources(caller: Caller) -> None:
    """What each source is worth: how far it agrees with the register, what would be wrong, whether it may be used.

    weight is how many of its names that nobody else has still live there, from weight_low to weight_high 19 times in
    20. With --json also its coverage by ward, and by age where dates of birth were here.
    """
    caller.show({"sources": trust.sources(caller.office, caller.actor.authority), "note": known.NOT_NAMED}, _told)


def _told(found: dict[str, Any]) -> None:
    table(found["sources"], SHOWN)
    click.echo(f"\n{found['note']} (grown children, people who share).")


@local_matching.command()
@click.option("--source", required=True, metavar="NAME", help="As the source is called: council_tax.")
@click.option("--since", required=True, metavar="DATE", type=day, help="The first day of the agreement.")
@click.option("--until", required=True, metavar="DATE", type=day, help="The last day of the agreement.")
@click.option("--reference", default="", help="By which the council finds the paper.")
@with_right(Right.answer_requests, results=False)
def agree(caller: Caller, source: str, since: date, until: date, reference: str) -> None:
    """Say that there is a written agreement on a source (regulation 35A)."""
    agreements.agree(caller.office, caller.actor, source, since, until, reference)
    click.echo(f"{source} may be used from {since} to {until}.")


@local_matching.command()
@with_right(Right.import_data)
def learn(caller: Caller) -> None:
    """Learn a score from who registered between the last two registers.

    It takes records, with an agreement in date, that were held against the earlier of the two. What is learnt is used
    only if it told better of homes that were held out.
    """
    made = newly_registered.learn(caller.office, caller.actor)
    told = made.model_dump(mode="json", include=LEARNT) | {"used": made.better}
    caller.show(told, facts)


@local_matching.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_right(Right.import_data)
def canvass(caller: Caller, file: Path) -> None:
    """Write uprn and matched of each home with electors to FILE, of sources with an agreement in date."""
    caller.show(trust.canvass(caller.office, caller.actor, file) | {"note": trust.HONEST}, facts)


@local_matching.command()
@click.option("--source", "names", required=True, multiple=True, metavar="NAME", help="As the source is called.")
@with_right(Right.import_data)
def drop(caller: Caller, names: tuple[str, ...]) -> None:
    """Remove a whole source, with every delivery of it."""
    caller.show(retention.drop(caller.office, caller.actor, names), facts)
