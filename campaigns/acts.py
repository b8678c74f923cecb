"""What an officer can do to a campaign, each confirmed on a page of its own that says what will happen."""

from collections.abc import Callable
from dataclasses import dataclass

from campaigns import lifecycle
from campaigns.models import Campaign, CampaignState
from engage.foundation.errors import NotFound
from engage.foundation.forms import Form
from engage.foundation.identity import Account, Right
from engage.foundation.office import Actor, Office

Do = Callable[[Office, Actor, int, Form], Campaign]


@dataclass(frozen=True)
class Act:
    """`asks` names the field for a note, '' where none is asked; `done` is said afterwards."""

    name: str
    right: Right
    states: tuple[CampaignState, ...]
    title: str
    button: str
    happens: str
    done: str
    do: Do
    asks: str = ""
    grave: bool = False


def _approve(office: Office, actor: Actor, number: int, form: Form) -> Campaign:
    return lifecycle.approve(office, actor, number, note=form.text("note"), digest=form.text("digest"))


def _reject(office: Office, actor: Actor, number: int, form: Form) -> Campaign:
    return lifecycle.reject(office, actor, number, note=form.text("note"), digest=form.text("digest"))


ACTS = {
    act.name: act
    for act in (
        Act(
            "submit", Right.plan, (CampaignState.draft,), "Submit for approval", "Submit for approval",
            "The homes of the segment are frozen, drawn into their groups by lot, and counted. Somebody else then "
            "approves exactly this version. Nothing is sent.",
            "Submitted. Somebody else can approve it now.",
            lambda office, actor, number, _: lifecycle.submit(office, actor, number),
        ),
        Act(
            "approve", Right.approve, (CampaignState.submitted,), "Approve this campaign", "Approve",
            "You approve exactly this version: these homes, these messages, these days. It can then be launched. "
            "Nothing is sent yet.",
            "Approved. It can be launched now.",
            _approve, asks="Note (optional)",
        ),
        Act(
            "reject", Right.approve, (CampaignState.submitted,), "Send this campaign back", "Send back",
            "It becomes a draft again, with your note, so that it can be changed and submitted anew.",
            "Sent back to be changed.",
            _reject, asks="What has to change?",
        ),
        Act(
            "launch", Right.send, (CampaignState.approved,), "Launch this campaign", "Launch",
            "Each wave leaves on its day, in waking hours, to those who are still unregistered and have not asked to "
            "stop. Each message is checked again at the moment it leaves.",
            "Launched. Its waves leave on their days.",
            lambda office, actor, number, _: lifecycle.launch(office, actor, number),
        ),
        Act(
            "pause", Right.send, (CampaignState.launched,), "Pause this campaign", "Pause",
            "Nothing more leaves until it is resumed. What GOV.UK Notify already has goes on.",
            "Paused. Nothing more leaves until you resume it.",
            lambda office, actor, number, form: lifecycle.pause(office, actor, number, reason=form.text("note")),
            asks="Why? (optional)",
        ),
        Act(
            "resume", Right.send, (CampaignState.paused,), "Resume this campaign", "Resume",
            "What is waiting leaves, each message checked again first. A wave whose last day has passed is dropped.",
            "Resumed.",
            lambda office, actor, number, _: lifecycle.resume(office, actor, number),
        ),
        Act(
            "stop", Right.send,
            (*lifecycle.CHANGEABLE, CampaignState.launched, CampaignState.paused),
            "Stop everything", "Stop everything",
            "Everything that is still waiting is dropped, for good. What GOV.UK Notify already has cannot be called "
            "back. A stopped campaign cannot be started again.",
            "Stopped. Nothing more leaves.",
            lambda office, actor, number, form: lifecycle.stop(office, actor, number, reason=form.text("note")),
            asks="Why?", grave=True,
        ),
    )
}  # fmt: skip


BEFORE_A_POLL = ("submit", "approve", "launch")  # acts that tell of a poll that is near


def named(name: str) -> Act:
    if name not in ACTS:
        raise NotFound("There is no such page.")
    return ACTS[name]


def possible(account: Account, campaign: Campaign) -> list[Act]:
    """What this account may do to it now. Who planned or submitted a campaign does not decide on it."""
    own = account.id in (campaign.created_by_id, campaign.submitted_by_id)
    return [
        act
        for act in ACTS.values()
        if campaign.state in act.states and account.may(act.right) and not (own and act.right == Right.approve)
    ]
