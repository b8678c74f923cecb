"""What became of a claimed message, committed to the ledger; and what a fault means for everybody else's messages:
`campaigns.sending.kept` keeps them where it is theirs too."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlmodel import Session

from campaigns.notify.errors import (
    Ambiguous,
    DailyLimitReached,
    ForEverybody,
    NotSent,
    RecipientInvalid,
    RecipientRefused,
    Refused,
    SendFault,
)
from campaigns.records.models import MESSAGES, CampaignState, MessageState
from campaigns.sending import kept
from engage.foundation.office import Office

RECORDED_WITHIN = 90.0  # seconds for which an outcome is held while the database is away
of = MESSAGES.c
log = structlog.get_logger()
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Patience:
    """How long to wait, on the office's clock. Notify may commit up to 30 s after it received a request, and our own
    request gives up after 40 s, so a claim of twice that is abandoned and an outcome is not asked for before 60 s."""

    claim: timedelta = timedelta(seconds=60)  # after this nobody sends on an old claim
    orphan: timedelta = timedelta(seconds=120)  # after this a claim's outcome is unknown
    settle: timedelta = timedelta(seconds=60)  # between the attempt and the first look
    second_look: timedelta = timedelta(minutes=3)
    second_look_letter: timedelta = timedelta(minutes=30)
    backoff: timedelta = timedelta(seconds=30)  # doubled with each attempt that never arrived
    too_fast: float = 1.5  # seconds of real time nobody sends after a RateLimitError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one claimed row. `fault` is None where Notify accepted it; `tried` is False if it never left."""

    row: Any
    notify_id: str | None = None
    fault: SendFault | RecipientInvalid | None = None
    tried: bool = True
    parts: int | None = None  # of a text, as counted


NOT_SETTLED = (MessageState.sending, MessageState.unknown, MessageState.planned)
# A receipt may have come first, and then knows more; a row given up as unknown, or planned again, was sent after all.
ACCEPT = (
    sa.update(MESSAGES)
    .where(
        of.id == sa.bindparam("row"),
        # not in_(), as one statement is executed for many rows
        sa.or_(*(of.state == state.value for state in NOT_SETTLED)),
    )
    .values(
        state=MessageState.accepted.value, reason="", notify_id=sa.bindparam("notify"), sent_at=sa.bindparam("at"),
        copies=1, parts=sa.bindparam("parts"),
    )
)  # fmt: skip


def record(office: Office, patience: Patience, outcomes: Sequence[Outcome]) -> Counter[str]:
    """In one transaction and as of one moment, for nobody knows which of them came first; gives the number of messages
    by their state after it. What was accepted goes first: it shows that a refusal beside it is not everybody's."""
    now = office.clock.now()
    accepted = [
        {"row": each.row.id, "notify": each.notify_id, "at": now, "parts": each.parts}
        for each in outcomes
        if each.notify_id
    ]
    counted = Counter({MessageState.accepted.value: len(accepted)})
    with office.database.session() as session:
        if accepted:
            session.connection().execute(ACCEPT, accepted)
        for each in outcomes:
            if not each.notify_id:
                counted[_not_accepted(session, office, patience, each, now)] += 1
    return +counted


def _not_accepted(session: Session, office: Office, patience: Patience, outcome: Outcome, now: datetime) -> str:
    row, fault = outcome.row, outcome.fault
    change: dict[str, Any] = {"state": MessageState.planned.value, "claimed_at": None}
    match fault:
        case Refused() | RecipientInvalid():
            change = {"state": MessageState.failed.value, "reason": kept.reason(fault), "settled_at": now}
        case Ambiguous():
            # The minute until it is looked up begins now, not when it was claimed.
            change = {"state": MessageState.unknown.value, "reason": fault.error[:200], "claimed_at": now}
        case DailyLimitReached():
            change["not_before"] = midnight_utc(now)
            _close_for_today(session, row.channel, midnight_utc(now))
        case NotSent():
            change["not_before"] = now + patience.backoff * 2 ** min(row.attempts - 1, 6)
        case ForEverybody():
            kept.pause(session, office, row, fault)
    if not outcome.tried or isinstance(fault, ForEverybody):
        change["attempts"] = row.attempts - 1
    session.execute(
        sa.update(MESSAGES)
        .where(of.id == row.id, of.state == MessageState.sending.value, of.claimed_by == row.claimed_by)
        .values(**change)
    )
    if isinstance(fault, Refused) and not isinstance(fault, RecipientRefused):
        return kept.unless_alike(session, office, row, fault)
    return str(change["state"])


def _close_for_today(session: Session, channel: str, until: datetime) -> None:
    """The day's allowance is the key's, so no campaign's messages leave by this channel before it begins anew."""
    queued = (of.state == MessageState.planned.value) & (of.channel == channel)
    earlier = of.not_before.is_(None) | (of.not_before < until)
    for campaign_id in kept.campaigns(session, CampaignState.launched, CampaignState.paused):
        session.execute(
            sa.update(MESSAGES).where(of.campaign_id == campaign_id, queued, earlier).values(not_before=until)
        )


def persistently(recording: Callable[[], _Result]) -> _Result:
    """What Notify answered is lost if it is not recorded, so a database that is away for a moment is waited for."""
    give_up = time.monotonic() + RECORDED_WITHIN
    while True:
        try:
            return recording()
        except sa.exc.OperationalError as error:
            if time.monotonic() > give_up:
                raise
            log.warning("waiting to record what was sent", why=type(error.orig).__name__)
            time.sleep(1)


def midnight_utc(now: datetime) -> datetime:
    """When Notify's daily counters begin again."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
