"""A campaign from its launch to its end: what an officer starts, holds up and stops.

draft ─submit─▶ submitted ─approve─▶ approved ─launch─▶ launched ⇄ paused
  ▲                 │ reject            │                   │        │
  └──── revise ─────┴───────────────────┘                   └─ stop ─┴─▶ stopped;  all done ─▶ completed

A paused campaign whose approval no longer holds (`campaigns.approval.validity`) is renewed and approved before it is
resumed.
"""

from sqlmodel import Session, col, update

from campaigns.approval import authorship, dates, forecast
from campaigns.approval.decisions import demand_approved
from campaigns.messages import proofs
from campaigns.notify.messages import Notify
from campaigns.plan import exclusions
from campaigns.plan.plan import Plan
from campaigns.records.lookup import (
    CHANGEABLE,
    LONGEST_REASON,
    Shown,
    audience_file,
    campaign,
    find,
    in_state,
    nation_of,
    permit,
    record,
)
from campaigns.records.models import Campaign, CampaignState, Message, MessageState, Reason, Wave
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused, SendBlocked
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office


def launch(
    office: Office, actor: Actor, campaign_id: int, *, notify: Notify | None = None, shown: Shown | None = None
) -> Campaign:
    """Hand the approved version to the worker: its waves leave on their days. SendBlocked where a message is no more
    at GOV.UK Notify what was approved."""
    _same_messages(office, campaign(office, actor, campaign_id), notify)
    with office.database.session() as session:
        permit(session, actor, Right.send)
        begun = find(session, actor.authority, campaign_id, lock=True)
        in_state(begun, "launch", CampaignState.approved, shown=shown)
        plan = Plan.model_validate(begun.plan)
        demand_approved(session, office, begun)
        authorship.demand_other(session, office, actor, begun, "launch")
        exclusions.demand_apart(session, office, begun, audience_file(office, session, begun))
        dates.demand_possible(office, plan, nation_of(session, actor.authority))
        for number, wave in enumerate(plan.waves, 1):
            session.add(
                Wave(
                    campaign_id=campaign_id, number=number, channels=list(wave.channels), arms=list(wave.arms),
                    templates={channel: str(plan.template(wave, channel)) for channel in wave.channels},
                    send_on=wave.send_on, expires_on=wave.expires_on,
                )
            )  # fmt: skip
        begun.state, begun.launched_at = CampaignState.launched, office.clock.now()
        record(session, office, actor, "launch campaign", begun)
        return begun


def _same_messages(office: Office, approved: Campaign, notify: Notify | None) -> None:
    messages = approved.estimate.get("messages")
    known = forecast.templates(office, notify)
    if known is None:
        return
    if not messages:
        raise SendBlocked(
            "Its messages were not read from GOV.UK Notify when it was submitted, so nobody has approved what they "
            "say. Save the plan again, submit it, and let somebody approve it."
        )
    if others := proofs.changed(messages, known):
        raise SendBlocked(
            f"Changed at GOV.UK Notify since it was approved: {', '.join(others)}. Change the plan or save it again, "
            "submit it, and let somebody approve what the messages say now."
        )


def pause(
    office: Office, actor: Actor, campaign_id: int, *, reason: str = "", shown: Shown | None = None
) -> Campaign:  # fmt: skip
    with office.database.session() as session:
        permit(session, actor, Right.send)
        moved = find(session, actor.authority, campaign_id, lock=True)
        in_state(moved, "pause", CampaignState.launched, shown=shown)
        moved.state, moved.reason = CampaignState.paused, reason[:LONGEST_REASON]
        record(session, office, actor, "pause campaign", moved, why=reason)
        return moved


def resume(office: Office, actor: Actor, campaign_id: int, *, shown: Shown | None = None) -> Campaign:
    """Also lets go what could not leave on its day. SendBlocked where its approval no longer holds."""
    with office.database.session() as session:
        permit(session, actor, Right.send)
        resumed = find(session, actor.authority, campaign_id, lock=True)
        in_state(resumed, "resume", CampaignState.paused, shown=shown)
        demand_approved(session, office, resumed)
        authorship.demand_other(session, office, actor, resumed, "resume")
        resumed.state, resumed.reason = CampaignState.launched, ""
        _release(session, office, resumed)
        record(session, office, actor, "resume campaign", resumed)
        return resumed


def _release(session: Session, office: Office, campaign: Campaign) -> None:
    """An officer has said that waves whose day has passed may leave."""
    past = (col(Wave.campaign_id) == campaign.id) & (col(Wave.send_on) < today(office.clock))
    session.exec(update(Wave).where(past).values(released_at=office.clock.now()))


def demand_reason(reason: str) -> str:
    """What stops for good is asked about later: by colleagues, the auditor, a resident."""
    if not reason.strip():
        raise InputRefused("Enter why it is stopped, for whoever asks later")
    return reason.strip()


def discard(
    office: Office, actor: Actor, campaign_id: int, *, reason: str = "", shown: Shown | None = None
) -> Campaign:  # fmt: skip
    """Of a draft and of nothing else: what has been submitted, approved or launched is stopped, which says so."""
    with office.database.session() as session:
        permit(session, actor, Right.send)
        ended = find(session, actor.authority, campaign_id, lock=True)
        in_state(ended, "discard", CampaignState.draft, shown=shown)
        ended.state, ended.reason = CampaignState.stopped, reason[:LONGEST_REASON]
        ended.ended_at = office.clock.now()
        record(session, office, actor, "discard campaign", ended, why=reason)
        return ended


def stop(
    office: Office, actor: Actor, campaign_id: int, *, reason: str = "", shown: Shown | None = None
) -> Campaign:  # fmt: skip
    """For good: what is queued is dropped. What is on its way is still settled and its receipts kept."""
    with office.database.session() as session:
        permit(session, actor, Right.send)
        ended = find(session, actor.authority, campaign_id, lock=True)
        in_state(ended, "stop", *CHANGEABLE, CampaignState.launched, CampaignState.paused, shown=shown)
        dropped = session.exec(
            update(Message)
            .where(col(Message.campaign_id) == campaign_id, col(Message.state) == MessageState.planned)
            .values(state=MessageState.dropped, reason=Reason.stopped, settled_at=office.clock.now())
        ).rowcount
        ended.state, ended.reason = CampaignState.stopped, reason[:LONGEST_REASON]
        ended.ended_at = office.clock.now()
        record(session, office, actor, "stop campaign", ended, why=reason, dropped=dropped)
        return ended
