"""Sending: a batch of the ledger is claimed and committed, handed to Notify, and the outcome committed.

A crash in between leaves rows in `sending`; `campaigns.settle` finds out what became of them.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from threading import Event
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from campaigns import audience, lifecycle, wording
from campaigns.guard import Guard
from campaigns.ledger import audience_file
from campaigns.models import MESSAGES, Campaign, CampaignState, Channel, MessageState, Reason
from campaigns.notify.errors import (
    Ambiguous,
    DailyLimitReached,
    KeyRejected,
    NotSent,
    RateLimited,
    RecipientInvalid,
    Refused,
    SendFault,
)
from campaigns.notify.messages import Notify, Outgoing
from campaigns.notify.pace import Pacer
from campaigns.plan import Plan
from engage.foundation import audit
from engage.foundation.identity import Authority
from engage.foundation.office import Office

THREADS = 8
MOST_IN_A_BATCH = 500
of = MESSAGES.c


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


@dataclass
class _Halt:
    """What the threads of one batch tell each other."""

    everything: Event = field(default_factory=Event)
    channels: set[str] = field(default_factory=set)  # closed for the day
    ambiguous: int = 0

    def stops(self, channel: str) -> bool:
        return self.everything.is_set() or channel in self.channels


class Dispatcher:
    """Sends for any campaign. One to a process; its threads share one pace and `notify`."""

    def __init__(
        self, office: Office, notify: Notify, *, threads: int = THREADS, pacer: Pacer | None = None,
        patience: Patience | None = None, batch: int | None = None,
    ) -> None:  # fmt: skip
        self.office, self.notify = office, notify
        self.threads = threads
        # About a second's worth, so that a pause acts within two.
        self.batch = batch or min(max(threads, ceil(office.settings.notify_pace)), MOST_IN_A_BATCH)
        self.pacer = pacer or Pacer(office.settings.notify_pace)
        self.patience = patience or Patience()
        self._guards: dict[int, tuple[str, Guard | None]] = {}

    def send_batch(self, campaign_id: int) -> Counter[str]:
        guard = self._guard(campaign_id)
        guard.refresh()
        claimed = self._claim(campaign_id, guard)
        if not claimed:
            return Counter()
        with self.office.database.session() as session:
            waves = {wave.id or 0: wave for wave in lifecycle.waves(session, campaign_id)}
            verdicts = guard.verdicts(session, claimed, waves)
            if verdicts:
                self._drop(session, verdicts)
            leaving = [row for row in claimed if row.id not in verdicts]
            outgoing = list(self._outgoing(session, campaign_id, guard, leaving))
        counted: Counter[str] = Counter({MessageState.dropped.value: len(verdicts)})
        halt = _Halt()
        with ThreadPoolExecutor(self.threads, thread_name_prefix="notify") as pool:
            futures = {pool.submit(self._send, row, message, halt) for row, message in outgoing}
            for outcomes in _finished(futures):
                counted += self._commit(campaign_id, outcomes, halt)
        return +counted

    def _guard(self, campaign_id: int) -> Guard:
        with self.office.database.session() as session:
            return self._guard_of(session, session.get_one(Campaign, campaign_id))

    def _guard_of(self, session: Session, campaign: Campaign) -> Guard:
        """Kept from batch to batch while the campaign is the same version, as a new register takes long to compare."""
        version, guard = self._guards.get(campaign.id or 0, ("", None))
        if guard is None or version != campaign.digest:
            guard = Guard.of(self.office, session, campaign)
            self._guards[campaign.id or 0] = (campaign.digest, guard)
        return guard

    def free(self, session: Session, campaign: Campaign) -> sa.Select[tuple[int]]:
        """Rows of a launched campaign that may leave at this moment."""
        return self._free(campaign.id or 0, self._guard_of(session, campaign))

    def _free(self, campaign_id: int, guard: Guard) -> sa.Select[tuple[int]]:
        now = self.office.clock.now()
        return (
            sa.select(of.id)
            .where(
                of.campaign_id == campaign_id, of.state == MessageState.planned.value,
                of.not_before.is_(None) | (of.not_before <= now), of.channel.in_(guard.open_channels(now)),
            )
            .order_by(of.id)
        )  # fmt: skip

    def _claim(self, campaign_id: int, guard: Guard) -> list[Any]:
        """Rows that are ours alone from the moment this commits. PostgreSQL skips what another worker is claiming."""
        now = self.office.clock.now()
        claim = uuid.uuid4().hex
        with self.office.database.session() as session:
            campaign = session.get_one(Campaign, campaign_id)
            if campaign.state != CampaignState.launched:
                return []
            free = self._free(campaign_id, guard).limit(self.batch).with_for_update(skip_locked=True)
            ids = list(session.execute(free).scalars())
            if not ids:
                return []
            taken = (
                sa.update(MESSAGES).where(of.id.in_(ids), of.state == MessageState.planned.value)
                .values(state=MessageState.sending.value, claimed_by=claim, claimed_at=now, attempts=of.attempts + 1)
                .returning(*MESSAGES.c)
            )  # fmt: skip
            return sorted(session.execute(taken), key=lambda row: int(row.id))

    def _drop(self, session: Session, verdicts: dict[int, Reason]) -> None:
        for reason in set(verdicts.values()):
            ids = [message for message, why in verdicts.items() if why == reason]
            session.execute(
                sa.update(MESSAGES).where(of.id.in_(ids), of.state == MessageState.sending.value).values(
                    state=MessageState.dropped.value, reason=reason.value, settled_at=self.office.clock.now()
                )
            )  # fmt: skip

    def _outgoing(
        self, session: Session, campaign_id: int, guard: Guard, rows: list[Any]
    ) -> Iterator[tuple[Any, Outgoing]]:
        campaign = session.get_one(Campaign, campaign_id)
        council = session.get_one(Authority, campaign.authority).name
        plan = Plan.model_validate(campaign.plan)
        homes = audience.particulars(audience_file(self.office, session, campaign), [row.uprn for row in rows])
        for row in rows:
            home = homes[row.uprn]
            source = home.sources.get(row.channel, "")
            filled = wording.values(self.office, council, plan, guard.poll_deadline, row, source)
            recipient = self.office.keys.decrypt(row.recipient) if row.recipient else ""
            address = home.address_lines if row.channel == Channel.letter else ()
            yield row, wording.outgoing(row, recipient, filled, address)

    def _send(self, row: Any, message: Outgoing, halt: _Halt) -> Outcome:
        if not halt.stops(row.channel):
            self.pacer.wait()
        lapsed = self.office.clock.now() - row.claimed_at > self.patience.claim
        if lapsed or halt.stops(row.channel):
            return Outcome(row, tried=False)
        try:
            return Outcome(row, self.notify.send(message).notification_id)
        except (SendFault, RecipientInvalid) as fault:
            self._tell(fault, row, halt)
            return Outcome(row, fault=fault)

    def _tell(self, fault: SendFault | RecipientInvalid, row: Any, halt: _Halt) -> None:
        match fault:
            case KeyRejected() | NotSent():
                halt.everything.set()
            case RateLimited():
                self.pacer.pause(self.patience.too_fast)
            case DailyLimitReached():
                halt.channels.add(row.channel)
            case Ambiguous():
                # When Notify fails for everybody, finding out with a few messages is enough.
                halt.ambiguous += 1
                if halt.ambiguous >= 2 * self.threads:
                    halt.everything.set()

    def _commit(self, campaign_id: int, outcomes: Iterable[Outcome], halt: _Halt) -> Counter[str]:
        counted: Counter[str] = Counter()
        accepted = []
        with self.office.database.session() as session:
            for outcome in outcomes:
                if outcome.notify_id:
                    accepted.append({"row": outcome.row.id, "notify": outcome.notify_id, "at": self.office.clock.now()})
                    counted[MessageState.accepted.value] += 1
                else:
                    counted[self._not_accepted(session, campaign_id, outcome)] += 1
            if accepted:
                session.connection().execute(ACCEPT, accepted)
            if session.get_one(Campaign, campaign_id).state != CampaignState.launched:
                halt.everything.set()
        return counted

    def _not_accepted(self, session: Session, campaign_id: int, outcome: Outcome) -> str:
        row, fault, now = outcome.row, outcome.fault, self.office.clock.now()
        change: dict[str, Any] = {"state": MessageState.planned.value, "claimed_at": None}
        match fault:
            case Refused() | RecipientInvalid():
                change = {"state": MessageState.failed.value, "reason": str(fault)[:200], "settled_at": now}
            case Ambiguous():
                # The minute until it is looked up begins now, not when it was claimed.
                change = {"state": MessageState.unknown.value, "reason": fault.error[:200], "claimed_at": now}
            case DailyLimitReached():
                change["not_before"] = midnight_utc(now)
                self._close_for_today(session, campaign_id, row.channel, midnight_utc(now))
            case NotSent():
                change["not_before"] = now + self.patience.backoff * 2 ** min(row.attempts - 1, 6)
            case KeyRejected():
                self._pause(session, campaign_id, fault)
        if not outcome.tried:
            change["attempts"] = row.attempts - 1
        session.execute(
            sa.update(MESSAGES)
            .where(of.id == row.id, of.state == MessageState.sending.value, of.claimed_by == row.claimed_by)
            .values(**change)
        )
        return str(change["state"])

    def _close_for_today(self, session: Session, campaign_id: int, channel: str, until: datetime) -> None:
        session.execute(
            sa.update(MESSAGES)
            .where(of.campaign_id == campaign_id, of.channel == channel, of.state == MessageState.planned.value)
            .values(not_before=until)
        )

    def _pause(self, session: Session, campaign_id: int, fault: KeyRejected) -> None:
        campaign = session.get_one(Campaign, campaign_id, with_for_update=True)
        if campaign.state != CampaignState.launched:
            return
        campaign.state = CampaignState.paused
        campaign.reason = (
            f"GOV.UK Notify refused our API key ({fault.error}). Nothing more was sent. Put the right key in "
            "ENGAGE_NOTIFY_API_KEY, start the worker again and resume the campaign."
        )
        audit.record(
            session, authority=campaign.authority, at=self.office.clock.now(), actor="worker", act="pause campaign",
            subject=f"campaign {campaign_id}", why="key rejected",
        )  # fmt: skip


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
        copies=1,
    )
)  # fmt: skip


def _finished(futures: set[Future[Outcome]]) -> Iterator[list[Outcome]]:
    """Outcomes a few times a second, so that many rows share one commit and a crash leaves few in doubt."""
    while futures:
        done, futures = wait(futures, timeout=0.2)
        if done:
            yield [future.result() for future in done]


def midnight_utc(now: datetime) -> datetime:
    """When Notify's daily counters begin again."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
