"""`engage campaign …`: a campaign's life by command."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from engage import told
from engage.desk import acting_as, as_json, facts, for_authority, show, table, take_desk
from engage.foundation.identity import Right

if TYPE_CHECKING:
    from campaigns.models import Campaign

campaign_id = click.argument("campaign_id", metavar="ID", type=int)
to_file = click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="File; else the screen.")
because = click.option("--reason", default="", help="Why, for whoever looks at it later.")


@click.group()
def campaign() -> None:
    """Plan, approve, send and watch campaigns."""


@campaign.command()
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path))
@for_authority
@acting_as
@as_json
def create(plan: Path, authority: str | None, email: str | None, as_json: bool) -> None:
    """Make a draft from PLAN.json; prints its number."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.plan)
    _show(lifecycle.create(desk.office, desk.actor, plan), as_json)


@campaign.command(name="list")
@for_authority
@acting_as
@as_json
def list_(authority: str | None, email: str | None, as_json: bool) -> None:
    """List the campaigns, newest first."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.see_data)
    rows = [_described(made) for made in lifecycle.campaigns(desk.office, desk.actor)]
    show({"rows": rows}, lambda value: table(value["rows"], ["id", "name", "state", "households"]), json_wanted=as_json)


@campaign.command()
@campaign_id
@for_authority
@acting_as
@as_json
def submit(campaign_id: int, authority: str | None, email: str | None, as_json: bool) -> None:
    """Freeze the audience, draw the arms and ask for approval."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.plan)
    _show(lifecycle.submit(desk.office, desk.actor, campaign_id), as_json)


@campaign.command()
@campaign_id
@click.option("--note", default="", help="What was checked.")
@for_authority
@acting_as
@as_json
def approve(campaign_id: int, note: str, authority: str | None, email: str | None, as_json: bool) -> None:
    """Approve what somebody else submitted."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.approve)
    _show(lifecycle.approve(desk.office, desk.actor, campaign_id, note=note), as_json)


@campaign.command()
@campaign_id
@click.option("--note", required=True, help="Why, for the officer who planned it.")
@for_authority
@acting_as
@as_json
def reject(campaign_id: int, note: str, authority: str | None, email: str | None, as_json: bool) -> None:
    """Send it back with a reason."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.approve)
    _show(lifecycle.reject(desk.office, desk.actor, campaign_id, note=note), as_json)


@campaign.command()
@campaign_id
@for_authority
@acting_as
@as_json
def launch(campaign_id: int, authority: str | None, email: str | None, as_json: bool) -> None:
    """Hand the approved version to the worker."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.send)
    _show(lifecycle.launch(desk.office, desk.actor, campaign_id), as_json)


@campaign.command()
@campaign_id
@because
@for_authority
@acting_as
@as_json
def pause(campaign_id: int, reason: str, authority: str | None, email: str | None, as_json: bool) -> None:
    """Send nothing more until it is resumed."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.send)
    _show(lifecycle.pause(desk.office, desk.actor, campaign_id, reason=reason), as_json)


@campaign.command()
@campaign_id
@for_authority
@acting_as
@as_json
def resume(campaign_id: int, authority: str | None, email: str | None, as_json: bool) -> None:
    """Go on after a pause."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.send)
    _show(lifecycle.resume(desk.office, desk.actor, campaign_id), as_json)


@campaign.command()
@campaign_id
@because
@for_authority
@acting_as
@as_json
def stop(campaign_id: int, reason: str, authority: str | None, email: str | None, as_json: bool) -> None:
    """End it for good: what is queued is dropped."""
    from campaigns import lifecycle

    desk = take_desk(authority, email, Right.send)
    _show(lifecycle.stop(desk.office, desk.actor, campaign_id, reason=reason), as_json)


@campaign.command()
@campaign_id
@for_authority
@acting_as
@as_json
def status(campaign_id: int, authority: str | None, email: str | None, as_json: bool) -> None:
    """Where every message stands; planned = waiting + accepted + dropped + failed."""
    from campaigns import ledger

    desk = take_desk(authority, email, Right.see_data)
    show(ledger.status(desk.office, desk.actor, campaign_id).as_dict(), told.status, json_wanted=as_json)


@campaign.command(name="ledger")
@campaign_id
@to_file
@for_authority
@acting_as
def export_ledger(campaign_id: int, to: Path | None, authority: str | None, email: str | None) -> None:
    """Every message as CSV."""
    from campaigns import ledger

    desk = take_desk(authority, email, Right.see_data)
    with _opened(to) as file:
        ledger.export_ledger(desk.office, desk.actor, campaign_id, file)


@campaign.command()
@campaign_id
@to_file
@for_authority
@acting_as
def assignment(campaign_id: int, to: Path | None, authority: str | None, email: str | None) -> None:
    """The arm of every household as CSV: uprn, arm, contacted_on, channel."""
    from campaigns import ledger

    desk = take_desk(authority, email, Right.see_data)
    with _opened(to) as file:
        ledger.export_assignment(desk.office, desk.actor, campaign_id, file)


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        yield file


def _show(made: "Campaign", wanted: bool) -> None:
    show(_described(made), facts, json_wanted=wanted)


def _described(made: "Campaign") -> dict[str, Any]:
    return {
        "id": made.id,
        "name": made.name,
        "state": str(made.state),
        "version": made.version,
        "households": made.households,
    }
