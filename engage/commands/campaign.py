"""`engage campaign …`: a campaign's life by command."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from engage.commands import printing
from engage.commands.caller import Desk, at_desk, facts, table
from engage.foundation.identity import Right

if TYPE_CHECKING:
    from campaigns.records.models import Campaign

campaign_id = click.argument("campaign_id", metavar="ID", type=int)
to_file = click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="File; else the screen.")
because = click.option("--reason", default="", help="Why, for whoever looks at it later.")


@click.group()
def campaign() -> None:
    """Plan, approve, send and watch campaigns."""


@campaign.command()
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path))
@at_desk(Right.plan)
def create(desk: Desk, plan: Path) -> None:
    """Make a draft from PLAN.json; prints its number."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.create(desk.office, desk.actor, plan))


@campaign.command()
@campaign_id
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path))
@at_desk(Right.plan)
def revise(desk: Desk, campaign_id: int, plan: Path) -> None:
    """Give a campaign another plan before launch: a new version to submit and approve."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.revise(desk.office, desk.actor, campaign_id, plan))


@campaign.command(name="show")
@campaign_id
@at_desk(Right.see_data)
def show_(desk: Desk, campaign_id: int) -> None:
    """What an approver reads: who is left out, days, cost, messages, what it can find, what changed."""
    from campaigns.approval import changes, lifecycle
    from campaigns.plan import power

    found = lifecycle.campaign(desk.office, desk.actor, campaign_id)
    with desk.office.database.reading() as session:
        changed = changes.since_approved(session, found)
    value = {
        **_described(found), "digest": found.digest, "reason": found.reason, "plan": found.plan, **found.estimate,
        "finds": power.said(found.estimate["power"]) if "power" in found.estimate else [],
        "changes": None if changed is None else [vars(change) for change in changed],
    }  # fmt: skip
    desk.show(value, _told)


@campaign.command()
@campaign_id
@click.option("--channel", type=click.Choice(["email", "sms"]), required=True)
@click.option("--language", type=click.Choice(["en", "cy"]), default="en", show_default=True)
@click.option("--to", required=True, metavar="EMAIL", help="The account of a colleague.")
@click.option("--number", default="", help="Their work mobile number, for a text.")
@at_desk(Right.plan)
def test(desk: Desk, campaign_id: int, channel: str, language: str, to: str, number: str) -> None:
    """Send one of its messages to a colleague, on record."""
    from campaigns.approval import test_message

    sent = test_message.send(
        desk.office, desk.actor, campaign_id, channel=channel, language=language, to=to, number=number
    )  # fmt: skip
    desk.show({"notify_id": sent}, facts)


@campaign.command(name="list")
@at_desk(Right.see_data)
def list_(desk: Desk) -> None:
    """List the campaigns, newest first."""
    from campaigns.approval import lifecycle

    rows = [_described(made) for made in lifecycle.campaigns(desk.office, desk.actor)]
    desk.show({"rows": rows}, lambda value: table(value["rows"], ["id", "name", "state", "households"]))


@campaign.command()
@campaign_id
@at_desk(Right.plan)
def submit(desk: Desk, campaign_id: int) -> None:
    """Freeze the audience, draw the arms and ask for approval."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.submit(desk.office, desk.actor, campaign_id))


@campaign.command()
@campaign_id
@click.option("--note", default="", help="What was checked.")
@click.option("--digest", default="", help="The version that was read, as `show` prints it; another is refused.")
@at_desk(Right.approve)
def approve(desk: Desk, campaign_id: int, note: str, digest: str) -> None:
    """Approve what somebody else submitted."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.approve(desk.office, desk.actor, campaign_id, note=note, digest=digest))


@campaign.command()
@campaign_id
@click.option("--note", required=True, help="Why, for the officer who planned it.")
@at_desk(Right.approve)
def reject(desk: Desk, campaign_id: int, note: str) -> None:
    """Send it back with a reason."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.reject(desk.office, desk.actor, campaign_id, note=note))


@campaign.command()
@campaign_id
@at_desk(Right.send)
def launch(desk: Desk, campaign_id: int) -> None:
    """Hand the approved version to the worker."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.launch(desk.office, desk.actor, campaign_id))


@campaign.command()
@campaign_id
@because
@at_desk(Right.send)
def pause(desk: Desk, campaign_id: int, reason: str) -> None:
    """Send nothing more until it is resumed."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.pause(desk.office, desk.actor, campaign_id, reason=reason))


@campaign.command()
@campaign_id
@at_desk(Right.send)
def resume(desk: Desk, campaign_id: int) -> None:
    """Go on after a pause."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.resume(desk.office, desk.actor, campaign_id))


@campaign.command()
@campaign_id
@at_desk(Right.plan)
def renew(desk: Desk, campaign_id: int) -> None:
    """Submit a paused campaign's messages as they are at GOV.UK Notify now, for somebody else to approve."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.renew(desk.office, desk.actor, campaign_id))


@campaign.command()
@campaign_id
@click.option("--again/--give-up", required=True, help="Send them again under their references, or count them failed.")
@at_desk(Right.send)
def letters(desk: Desk, campaign_id: int, again: bool) -> None:
    """Decide on letters that GOV.UK Notify did not have when it was asked twice."""
    from campaigns.sending import settlement

    _show(desk, settlement.decide(desk.office, desk.actor, campaign_id, again=again))


@campaign.command()
@campaign_id
@because
@at_desk(Right.send)
def stop(desk: Desk, campaign_id: int, reason: str) -> None:
    """End it for good: what is queued is dropped."""
    from campaigns.approval import lifecycle

    _show(desk, lifecycle.stop(desk.office, desk.actor, campaign_id, reason=reason))


@campaign.command()
@campaign_id
@at_desk(Right.see_data)
def status(desk: Desk, campaign_id: int) -> None:
    """Where every message stands; planned = waiting + accepted + dropped + failed."""
    from campaigns.sending import ledger

    desk.show(ledger.status(desk.office, desk.actor, campaign_id).as_dict(), printing.status)


@campaign.command(name="ledger")
@campaign_id
@to_file
@at_desk(Right.see_data, results=False)
def export_ledger(desk: Desk, campaign_id: int, to: Path | None) -> None:
    """Every message as CSV."""
    from campaigns.sending import ledger

    with _opened(to) as file:
        ledger.export_ledger(desk.office, desk.actor, campaign_id, file)


@campaign.command()
@campaign_id
@to_file
@at_desk(Right.see_data, results=False)
def assignment(desk: Desk, campaign_id: int, to: Path | None) -> None:
    """The arm of every household as CSV: uprn, arm, contacted_on, channel."""
    from campaigns.sending import ledger

    with _opened(to) as file:
        ledger.export_assignment(desk.office, desk.actor, campaign_id, file)


def _told(value: dict[str, Any]) -> None:
    """For people: what stands on the page of a campaign before it is launched."""
    facts({name: value[name] for name in ("id", "name", "state", "version", "digest", "reason") if value[name]})
    if "waterfall" not in value:
        click.echo("Not submitted yet: who is in it, its days and its cost are worked out then.")
        return
    table([_line(line) for line in value["waterfall"]], ("", "homes"))
    click.echo()
    table(value["timetable"]["days"], ("day", "wave", "channel", "messages", "others", "limit"))
    for late in value["timetable"]["late"]:
        click.echo(f"{late['messages']:,} of wave {late['wave']} ({late['channel']}) find no day until {late['last']}.")
    for name, cost in (("before VAT", value["cost"]), ("with VAT", value["cost"]["with_vat"])):
        click.echo(f"Cost {name}: £{cost['low'] / 100:,.2f} to £{cost['high'] / 100:,.2f}")
    for message in value["messages"]:
        parts = " to ".join(map(str, sorted(set(message["fragments"])))) + " parts" if message["fragments"] else ""
        click.echo(f"\n{message['title']}: {message['name']}, version {message['version']} {parts}".rstrip())
        click.echo(message["shown"])
        for warning in message["warnings"]:
            click.echo(f"  {warning}")
    click.echo("\n" + "\n".join(value["finds"]))
    for change in value["changes"] or []:
        click.echo(f"Changed since it was approved before: {change['what']}: {change['before']} -> {change['now']}")


def _line(line: dict[str, Any]) -> dict[str, str]:
    minus, about = "- " if line["kind"] == "left out" else "", "about " if line["about"] else ""
    return {"": f"{minus}{line['what']}", "homes": f"{about}{line['homes']:,}"}


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        yield file


def _show(desk: Desk, made: "Campaign") -> None:
    desk.show(_described(made), facts)


def _described(made: "Campaign") -> dict[str, Any]:
    return {
        "id": made.id,
        "name": made.name,
        "state": str(made.state),
        "version": made.version,
        "households": made.households,
    }
