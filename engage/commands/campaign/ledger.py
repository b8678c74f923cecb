"""`engage campaign status`, `ledger` and `assignment`: where every message and every home stands."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from campaigns.sending import ledger
from engage.commands import printing
from engage.commands.caller import Caller, with_reason, with_right
from engage.commands.campaign.shown import campaign_id
from engage.foundation.folders import writing
from engage.foundation.identity import Right

to_file = click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="File; else the screen.")


@click.command()
@campaign_id
@with_right(Right.see_data)
def status(caller: Caller, campaign_id: int) -> None:
    """Where every message stands; planned = waiting + accepted + dropped + failed."""
    caller.show(ledger.status(caller.office, caller.actor, campaign_id).as_dict(), printing.status)


@click.command(name="ledger")
@campaign_id
@to_file
@with_reason
@with_right(Right.see_data, results=False)
def export_ledger(caller: Caller, campaign_id: int, to: Path | None, reason: str) -> None:
    """Every message as CSV."""
    with _opened(to) as file:
        ledger.export_ledger(caller.office, caller.actor, campaign_id, file, reason=reason)


@click.command()
@campaign_id
@to_file
@with_reason
@with_right(Right.see_data, results=False)
def assignment(caller: Caller, campaign_id: int, to: Path | None, reason: str) -> None:
    """The arm of every household as CSV: uprn, arm, contacted_on, channel."""
    with _opened(to) as file:
        ledger.export_assignment(caller.office, caller.actor, campaign_id, file, reason=reason)


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with writing(path, newline="") as file:
        yield file
