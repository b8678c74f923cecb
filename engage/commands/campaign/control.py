"""`engage campaign approve`, `launch`, `pause`, `stop` and the like: a campaign decided on, started and ended."""

import click

from campaigns.approval import control, decisions
from campaigns.records import lookup
from campaigns.sending import settlement
from engage.commands.caller import Desk, at_desk, table
from engage.commands.campaign.shown import because, campaign_id, described, show_campaign
from engage.foundation.identity import Right


@click.command(name="list")
@at_desk(Right.see_data)
def list_(desk: Desk) -> None:
    """List the campaigns, newest first."""
    rows = [described(made) for made in lookup.campaigns(desk.office, desk.actor)]
    desk.show({"rows": rows}, lambda value: table(value["rows"], ["id", "name", "state", "households"]))


@click.command()
@campaign_id
@click.option("--note", default="", help="What was checked.")
@click.option("--digest", default="", help="The version that was read, as `show` prints it; another is refused.")
@at_desk(Right.approve)
def approve(desk: Desk, campaign_id: int, note: str, digest: str) -> None:
    """Approve what somebody else submitted."""
    show_campaign(desk, decisions.approve(desk.office, desk.actor, campaign_id, note=note, digest=digest))


@click.command()
@campaign_id
@click.option("--note", required=True, help="Why, for the officer who planned it.")
@at_desk(Right.approve)
def reject(desk: Desk, campaign_id: int, note: str) -> None:
    """Send it back with a reason."""
    show_campaign(desk, decisions.reject(desk.office, desk.actor, campaign_id, note=note))


@click.command()
@campaign_id
@at_desk(Right.send)
def launch(desk: Desk, campaign_id: int) -> None:
    """Hand the approved version to the worker."""
    show_campaign(desk, control.launch(desk.office, desk.actor, campaign_id))


@click.command()
@campaign_id
@because
@at_desk(Right.send)
def pause(desk: Desk, campaign_id: int, reason: str) -> None:
    """Send nothing more until it is resumed."""
    show_campaign(desk, control.pause(desk.office, desk.actor, campaign_id, reason=reason))


@click.command()
@campaign_id
@at_desk(Right.send)
def resume(desk: Desk, campaign_id: int) -> None:
    """Go on after a pause."""
    show_campaign(desk, control.resume(desk.office, desk.actor, campaign_id))


@click.command()
@campaign_id
@click.option("--again/--give-up", required=True, help="Send them again under their references, or count them failed.")
@at_desk(Right.send)
def letters(desk: Desk, campaign_id: int, again: bool) -> None:
    """Decide on letters that GOV.UK Notify did not have when it was asked twice."""
    show_campaign(desk, settlement.decide(desk.office, desk.actor, campaign_id, again=again))


@click.command()
@campaign_id
@because
@at_desk(Right.send)
def stop(desk: Desk, campaign_id: int, reason: str) -> None:
    """End it for good: what is queued is dropped."""
    show_campaign(desk, control.stop(desk.office, desk.actor, campaign_id, reason=reason))
