"""What an officer can do to a campaign, each confirmed on a page of its own that says what will happen."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from campaigns.approval import authorship, control, decisions, submission
from campaigns.records.models import Campaign, CampaignState
from campaigns.sending import settlement
from campaigns.setup.plan_form import shown
from engage.foundation.errors import NotFound
from engage.foundation.identity import Account, Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form

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
    return decisions.approve(
        office, actor, number, note=form.text("note"), digest=form.text("digest"), shown=shown(form)
    )


def _reject(office: Office, actor: Actor, number: int, form: Form) -> Campaign:
    return decisions.reject(
        office, actor, number, note=form.text("note"), digest=form.text("digest"), shown=shown(form)
    )


def _stop(office: Office, actor: Actor, number: int, form: Form) -> Campaign:
    reason = control.demand_reason(form.text("note"))
    return control.stop(office, actor, number, reason=reason, shown=shown(form))


def _pause(office: Office, actor: Actor, number: int, form: Form) -> Campaign:
    return control.pause(office, actor, number, reason=form.text("note"), shown=shown(form))


def _discard(office: Office, actor: Actor, number: int, form: Form) -> Campaign:
    return control.discard(office, actor, number, reason=form.text("note"), shown=shown(form))


def _decide_letters(office: Office, actor: Actor, number: int, form: Form, *, again: bool) -> Campaign:
    letters = form.text("letters")
    expected = int(letters) if letters.isdecimal() else None
    return settlement.decide(office, actor, number, again=again, expected=expected)


ACTS = {
    act.name: act
    for act in (
        Act(
            "submit", Right.plan, (CampaignState.draft,), "Submit for approval", "Submit for approval",
            "The homes of the segment are frozen, drawn into their groups by lot, and counted. Somebody else then "
            "approves exactly this version. Nothing is sent.",
            "Submitted. Somebody else can approve it now.",
            lambda office, actor, number, form: submission.submit(office, actor, number, shown=shown(form)),
        ),
        Act(
            "approve", Right.approve, (CampaignState.submitted, CampaignState.paused), "Approve this campaign",
            "Approve",
            "You approve exactly this version: these homes, these messages, these days. Nothing is sent before an "
            "officer launches it or, where it was paused, resumes it.",
            "Approved. It can be launched now.",
            _approve, asks="Note (optional)",
        ),
        Act(
            "reject", Right.approve, (CampaignState.submitted, CampaignState.paused), "Send this campaign back",
            "Send back",
            "It goes back with your note, to be changed and submitted anew. Nothing leaves before it is approved.",
            "Sent back to be changed.",
            _reject, asks="What has to change?",
        ),
        Act(
            "launch", Right.send, (CampaignState.approved,), "Launch this campaign", "Launch",
            "Each wave leaves on its day, in waking hours, to those who are still unregistered and have not asked to "
            "stop. Each message is checked again at the moment it leaves.",
            "Launched. Its waves leave on their days.",
            lambda office, actor, number, form: control.launch(office, actor, number, shown=shown(form)),
        ),
        Act(
            "pause", Right.send, (CampaignState.launched,), "Pause this campaign", "Pause",
            "Nothing more leaves until it is resumed. What GOV.UK Notify already has goes on.",
            "Paused. Nothing more leaves until you resume it.",
            _pause, asks="Why? (optional)",
        ),
        Act(
            "renew", Right.plan, (CampaignState.paused,), "Submit the messages as they are now",
            "Submit the messages again",
            "The messages are read from GOV.UK Notify as they are now, with the polls that have been called. Homes, "
            "groups and days stay as they were. Somebody else then approves this version, and you resume it. "
            "Nothing is sent.",
            "Submitted. Somebody else can approve it now.",
            lambda office, actor, number, form: submission.renew(office, actor, number, shown=shown(form)),
        ),
        Act(
            "resume", Right.send, (CampaignState.paused,), "Resume this campaign", "Resume",
            "What is waiting leaves, each message checked again first, also of a wave that could not leave on its day. "
            "A wave whose last day has passed is dropped.",
            "Resumed.",
            lambda office, actor, number, form: control.resume(office, actor, number, shown=shown(form)),
        ),
        Act(
            "letters-again", Right.send, (CampaignState.launched, CampaignState.paused),
            "Send letters again", "Send letters again",
            "GOV.UK Notify was asked for these letters twice, half an hour apart, and did not have them. They are sent "
            "again under the same references. If Notify has one after all, that home gets it twice, as a letter cannot "
            "be called back.",
            "The letters are sent again.",
            partial(_decide_letters, again=True),
        ),
        Act(
            "letters-given-up", Right.send, (CampaignState.launched, CampaignState.paused),
            "Give letters up", "Give letters up",
            "These letters count as failed, not confirmed by GOV.UK Notify, and are not sent again.",
            "The letters count as failed.",
            partial(_decide_letters, again=False),
        ),
        Act(
            "discard", Right.send, (CampaignState.draft,), "Discard this draft", "Discard the draft",
            "It cannot be submitted, approved or launched any more. What was planned and decided stays on record.",
            "Discarded. Nothing of it is sent.",
            _discard, asks="Why? (optional)",
        ),
        Act(
            "stop", Right.send,
            (CampaignState.submitted, CampaignState.approved, CampaignState.launched, CampaignState.paused),
            "Stop everything", "Stop everything",
            "Everything that is still waiting is dropped, for good. What GOV.UK Notify already has cannot be called "
            "back. A stopped campaign cannot be started again.",
            "Stopped. Nothing more leaves.",
            _stop, asks="Why?", grave=True,
        ),
    )
}  # fmt: skip


RIGHTS = {act.name: act.right for act in ACTS.values()}
OF_LETTERS = ("letters-again", "letters-given-up")
BEFORE_A_POLL = ("submit", "approve", "launch")  # acts that tell of a poll that is near


def named(name: str) -> Act:
    if name not in ACTS:
        raise NotFound("There is no such page.")
    return ACTS[name]


def possible(office: Office, account: Account, campaign: Campaign) -> list[Act]:
    """What this account may do to it now."""
    return [act for act, hindered in _of_role(office, account, campaign) if not hindered]


def withheld(office: Office, account: Account, campaign: Campaign) -> list[str]:
    """Why acts that its role may do now are not offered to this account, each reason once."""
    return list(dict.fromkeys(hindered for _, hindered in _of_role(office, account, campaign) if hindered))


def _of_role(office: Office, account: Account, campaign: Campaign) -> list[tuple[Act, str]]:
    """What the role may do to it now, and what hinders this account."""
    if campaign.authority != account.authority:
        return []  # of a council that went into this one: to be read
    idle = _idle(office, campaign)
    able = [act for act in ACTS.values() if campaign.state in act.states and act.name not in idle]
    with office.database.reading() as session:
        return [
            (act, authorship.hindrance(session, office, campaign, account.id, act.name))
            for act in able
            if account.may(act.right)
        ]


def _idle(office: Office, campaign: Campaign) -> set[str]:
    """Acts that would change nothing now, though its state allows them."""
    with office.database.reading() as session:
        waits, undecided = decisions.awaited(session, office, campaign), settlement.any_undecided(session, campaign)
    idle = set() if undecided else {"letters-again", "letters-given-up"}
    if campaign.state != CampaignState.paused:
        return idle
    if waits:
        return idle | {"renew", "resume"}
    return idle | {"approve", "reject", "resume" if not campaign.digest else "renew"}
