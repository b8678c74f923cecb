"""`engage campaign create`, `revise`, `show`, `test`, `submit` and `renew`: a campaign until somebody approves it."""

from pathlib import Path
from typing import Any

import click

from campaigns.approval import changes, dates, drafts, submission, trial_message
from campaigns.plan import power
from campaigns.records import lookup
from campaigns.records.models import Campaign
from engage.commands.caller import Caller, facts, table, with_right
from engage.commands.campaign.shown import campaign_id, described, show_campaign
from engage.foundation.identity import Right


@click.command()
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path))
@with_right(Right.plan)
def create(caller: Caller, plan: Path) -> None:
    """Make a draft from PLAN.json; prints its number."""
    _show_draft(caller, drafts.create(caller.office, caller.actor, plan))


@click.command()
@campaign_id
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path))
@with_right(Right.plan)
def revise(caller: Caller, campaign_id: int, plan: Path) -> None:
    """Give a campaign another plan before launch: a new version to submit and approve."""
    _show_draft(caller, drafts.revise(caller.office, caller.actor, campaign_id, plan))


def _show_draft(caller: Caller, made: Campaign) -> None:
    """With what is to be known of its dates on the error stream; a plan whose dates clash has made no draft."""
    show_campaign(caller, made)
    for clash in dates.of_campaign(caller.office, made):
        click.echo(f"Note: {clash.words}", err=True)


@click.command(name="show")
@campaign_id
@with_right(Right.see_data)
def show_(caller: Caller, campaign_id: int) -> None:
    """What an approver reads: who is left out, days, cost, messages, what it can find, what changed."""
    found = lookup.campaign(caller.office, caller.actor, campaign_id)
    with caller.office.database.reading() as session:
        changed = changes.since_approved(session, found)
    value = {
        **described(found), "digest": found.digest, "reason": found.reason, "plan": found.plan, **found.estimate,
        "clashes": [clash.words for clash in dates.of_campaign(caller.office, found)],
        "finds": power.said(found.estimate["power"]) if "power" in found.estimate else [],
        "changes": None if changed is None else [vars(change) for change in changed],
    }  # fmt: skip
    caller.show(value, _told)


@click.command()
@campaign_id
@click.option("--channel", type=click.Choice(["email", "sms"]), required=True)
@click.option("--language", type=click.Choice(["en", "cy"]), default="en", show_default=True)
@click.option("--to", required=True, metavar="EMAIL", help="The account of a colleague.")
@click.option("--number", default="", help="Their work mobile number, for a text.")
@with_right(Right.plan)
def test(caller: Caller, campaign_id: int, channel: str, language: str, to: str, number: str) -> None:
    """Send one of its messages to a colleague, on record."""
    sent = trial_message.send(
        caller.office, caller.actor, campaign_id, channel=channel, language=language, to=to, number=number
    )  # fmt: skip
    caller.show({"notify_id": sent}, facts)


@click.command()
@campaign_id
@with_right(Right.plan)
def submit(caller: Caller, campaign_id: int) -> None:
    """Freeze the audience, draw the arms and ask for approval."""
    show_campaign(caller, submission.submit(caller.office, caller.actor, campaign_id))


@click.command()
@campaign_id
@with_right(Right.plan)
def renew(caller: Caller, campaign_id: int) -> None:
    """Submit a paused campaign's messages as they are at GOV.UK Notify now, for somebody else to approve."""
    show_campaign(caller, submission.renew(caller.office, caller.actor, campaign_id))


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
    for words in value["clashes"]:
        click.echo(f"Its dates: {words}")
    for change in value["changes"] or []:
        click.echo(f"Changed since it was approved before: {change['what']}: {change['before']} -> {change['now']}")


def _line(line: dict[str, Any]) -> dict[str, str]:
    minus, about = "- " if line["kind"] == "left out" else "", "about " if line["about"] else ""
    return {"": f"{minus}{line['what']}", "homes": f"{about}{line['homes']:,}"}
