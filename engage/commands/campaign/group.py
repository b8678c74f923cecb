"""`engage campaign …`: a campaign's life by command."""

import click

from engage.commands.groups import Commands

PLACES = {
    "create": ("engage.commands.campaign.plan:create", "Make a draft from PLAN.json; prints its number."),
    "revise": (
        "engage.commands.campaign.plan:revise",
        "Give a campaign another plan before launch: a new version to submit and approve.",
    ),
    "show": (
        "engage.commands.campaign.plan:show_",
        "What an approver reads: who is left out, days, cost, messages, what it can find, what changed.",
    ),
    "test": ("engage.commands.campaign.plan:test", "Send one of its messages to a colleague, on record."),
    "list": ("engage.commands.campaign.listing:list_", "List the campaigns, newest first."),
    "submit": ("engage.commands.campaign.plan:submit", "Freeze the audience, draw the arms and ask for approval."),
    "approve": (
        "engage.commands.campaign.control:approve",
        "Approve what somebody else submitted: in a rehearsal alone, else on the pages.",
    ),
    "reject": ("engage.commands.campaign.control:reject", "Send it back with a reason."),
    "launch": ("engage.commands.campaign.control:launch", "Hand the approved version to the worker."),
    "pause": ("engage.commands.campaign.control:pause", "Send nothing more until it is resumed."),
    "resume": ("engage.commands.campaign.control:resume", "Go on after a pause."),
    "renew": (
        "engage.commands.campaign.plan:renew",
        "Submit a paused campaign's messages as they are at GOV.UK Notify now, for somebody else to approve.",
    ),
    "letters": (
        "engage.commands.campaign.control:letters",
        "Decide on letters that GOV.UK Notify did not have when it was asked twice.",
    ),
    "stop": ("engage.commands.campaign.control:stop", "End it for good: what is queued is dropped."),
    "status": (
        "engage.commands.campaign.ledger:status",
        "Where every message stands; planned = waiting + accepted + dropped + failed.",
    ),
    "ledger": ("engage.commands.campaign.ledger:export_ledger", "Every message as CSV."),
    "assignment": (
        "engage.commands.campaign.ledger:assignment",
        "The arm of every household as CSV: uprn, arm, contacted_on, channel.",
    ),
}


@click.group(cls=Commands, places=PLACES)
def campaign() -> None:
    """Plan, approve, send and watch campaigns."""
