"""`engage campaign approve`, `launch`, `pause`, `stop` and the like: a campaign decided on, started and ended."""

import click

from campaigns.approval import control, decisions
from campaigns.records import lookup
from campaigns.sending import settlement
from engage.commands.caller import Caller, with_right
from engage.commands.campaign.shown import because, campaign_id, show_campaign
from engage.foundation.identity import Right


@click.command()
@campaign_id
@click.option("--note", default="", help="What was checked.")
@click.option("--digest", default="", help="The version that was read, as `show` prints it; another is refused.")
@with_right(Right.approve)
def approve(caller: Caller, campaign_id: int, note: str, digest: str) -> None:
    """Approve what somebody else submitted: in a rehearsal alone, else on the pages."""
    show_campaign(caller, decisions.approve(caller.office, caller.actor, campaign_id, note=note, digest=digest))


@click.command()
@campaign_id
@click.option("--note", required=True, help="Why, for the officer who planned it.")
@with_right(Right.approve)
def reject(caller: Caller, campaign_id: int, note: str) -> None:
    """Send it back with a reason."""
    show_campaign(caller, decisions.reject(caller.office, caller.actor, campaign_id, note=note))


@click.command()
@campaign_id
@with_right(Right.send)
def launch(caller: Caller, campaign_id: int) -> None:
    """Hand the approved version to the worker."""
    show_campaign(caller, control.launch(caller.office, caller.actor, campaign_id))


@click.command()
@campaign_id
@because
@with_right(Right.send)
def pause(caller: Caller, campaign_id: int, reason: str) -> None:
    """Send nothing more until it is resumed."""
    show_campaign(caller, control.pause(caller.office, caller.actor, campaign_id, reason=reason))


@click.command()
@campaign_id
@with_right(Right.send)
def resume(caller: Caller, campaign_id: int) -> None:
    """Go on after a pause."""
    show_campaign(caller, control.resume(caller.office, caller.actor, campaign_id))


@click.command()
@campaign_id
@click.option("--again/--give-up", required=True, help="Send them again under their references, or count them failed.")
@with_right(Right.send)
def letters(caller: Caller, campaign_id: int, again: bool) -> None:
    """Decide on letters that GOV.UK Notify did not have when it was asked twice."""
    show_campaign(caller, settlement.decide(caller.office, caller.actor, campaign_id, again=again))


@click.command()
@campaign_id
@because
@with_right(Right.send)
def stop(caller: Caller, campaign_id: int, reason: str) -> None:
    """End it for good: what is queued is dropped. Say why."""
    lookup.campaign(caller.office, caller.actor, campaign_id)
    said = control.demand_reason(reason)
    show_campaign(caller, control.stop(caller.office, caller.actor, campaign_id, reason=said))
