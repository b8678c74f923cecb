"""Sending: a batch of the ledger is claimed and committed, handed to Notify, and the outcome committed.

A crash in between leaves rows in `sending`; `campaigns.settle` finds out what became of them.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import ceil
from threading import Event
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from campaigns import audience, breaker, lifecycle, outcome, wording
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
    SendFault,
)
from campaigns.notify.messages import Notify, Outgoing
from campaigns.notify.pace import Pacer
from campaigns.outcome import Outcome, Patience
from campaigns.pace import SharedBook
from campaigns.plan import Plan
from engage.foundation.identity import Authority
from engage.foundation.office import Office

__all__ = ["Dispatcher", "Outcome", "Patience"]

THREADS = 8
MOST_IN_A_BATCH = 500
CHECKED_EVERY = 5.0  # seconds between looks at how a campaign's messages are answered
LOOKED_EVERY = 0.5  # seconds between looks at whether it was paused or stopped
of = MESSAGES.c


@dataclass
class _Halt:
    """What the threads of one batch tell each other."""

    everything: Event = field(default_factory=Event)
    channels: set[str] = field(default_factory=set)  # closed for the day
    ambiguous: int = 0

    def stops(self, channel: str) -> bool:
        return self.everything.is_set() or channel in self.channels


class Dispatcher:
    """Sends for any campaign. One to a process; its threads share `notify`, and one pace with every other worker."""

    def __init__(
        self, office: Office, notify: Notify, *, threads: int = THREADS, pacer: Pacer | None = None,
        patience: Patience | None = None, batch: int | None = None,
    ) -> None:  # fmt: skip
        self.office, self.notify = office, notify
        self.threads = threads
        # About a second's worth, so that a pause acts within two.
        self.batch = batch or min(max(threads, ceil(office.settings.notify_pace)), MOST_IN_A_BATCH)
        self.pacer = pacer or Pacer(office.settings.notify_pace, SharedBook(office))
        self.patience = patience or Patience()
        self._guards: dict[int, tuple[str, Guard | None]] = {}
        self._checked: dict[int, float] = {}

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """Kept from batch to batch, as each thread keeps its connection to Notify."""
        return ThreadPoolExecutor(self.threads, thread_name_prefix="notify")

    def send_batch(self, campaign_id: int) -> Counter[str]:
        if self._tripped(campaign_id):
            return Counter()
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
        futures = {self._pool.submit(self._send, row, message, halt) for row, message in outgoing}
        try:
            for outcomes in _finished(futures, lambda: self._look(campaign_id, halt)):
                counted += outcome.persistently(partial(self._commit, outcomes))
        finally:  # whatever happened, nothing of this batch leaves once it is given up
            halt.everything.set()
            wait(futures)
        return +counted

    def _tripped(self, campaign_id: int) -> bool:
        now = time.monotonic()
        if now < self._checked.get(campaign_id, 0.0) + CHECKED_EVERY and campaign_id in self._checked:
            return False
        self._checked[campaign_id] = now
        return breaker.check(self.office, campaign_id)

    def _look(self, campaign_id: int, halt: _Halt) -> None:
        """Nothing more leaves once the campaign is paused or stopped, or nobody can say whether it is."""
        try:
            with self.office.database.reading() as session:
                launched = session.get_one(Campaign, campaign_id).state == CampaignState.launched
        except sa.exc.OperationalError:
            launched = False
        if not launched:
            halt.everything.set()

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
        try:
            ours = self.pacer.wait(lambda: halt.stops(row.channel))
        except sa.exc.OperationalError:  # the database is away, and with it the pace
            halt.everything.set()
            ours = False
        if not ours or self.office.clock.now() - row.claimed_at > self.patience.claim:
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

    def _commit(self, outcomes: Iterable[Outcome]) -> Counter[str]:
        return outcome.record(self.office, self.patience, outcomes)


def _finished(futures: set[Future[Outcome]], look: Callable[[], None]) -> Iterator[list[Outcome]]:
    """Outcomes a few times a second, so that many rows share one commit and a crash leaves few in doubt. `look` is
    called meanwhile."""
    looked = time.monotonic()
    while futures:
        done, futures = wait(futures, timeout=0.2)
        if done:
            yield [future.result() for future in done]
        if futures and time.monotonic() - looked > LOOKED_EVERY:
            look()
            looked = time.monotonic()
