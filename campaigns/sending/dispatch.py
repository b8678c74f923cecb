"""Sending: a batch of the ledger is claimed and committed, handed to Notify, and the outcome committed.

A crash in between leaves rows in `sending`; `campaigns.sending.settlement` finds out what became of them.
"""

import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import ceil
from threading import Event

import sqlalchemy as sa
from sqlmodel import Session, col

from campaigns.approval import validity
from campaigns.messages import service_name, wording
from campaigns.notify.errors import (
    Ambiguous,
    DailyLimitReached,
    ForEverybody,
    NotSent,
    RateLimited,
    RecipientInvalid,
    SendFault,
)
from campaigns.notify.messages import Accepted, Notify, Outgoing
from campaigns.notify.pace import Pacer
from campaigns.notify.text import fill
from campaigns.plan.audience import Particulars
from campaigns.records.models import Campaign, CampaignState, Channel
from campaigns.sending import breaker, outcome
from campaigns.sending.claims import Brief, Claims, Row
from campaigns.sending.outcome import Outcome, Patience
from campaigns.sending.pace import SharedBook
from engage.foundation.clock import today
from engage.foundation.office import Office

__all__ = ["Dispatcher", "Outcome", "Patience"]

THREADS = 8
MOST_IN_A_BATCH = 500
CHECKED_EVERY = 5.0  # seconds between looks at how a campaign's messages are answered
LOOKED_EVERY = 0.5  # seconds between looks at whether it was paused or stopped
RECORDED_EVERY = 0.2  # seconds, so that many rows share one commit and a crash leaves few in doubt


@dataclass
class _Halt:
    """What the threads tell each other."""

    everything: Event = field(default_factory=Event)
    channels: set[str] = field(default_factory=set)  # closed for the day
    ambiguous: int = 0
    edited: set[str] = field(default_factory=set)  # templates of which Notify sent another version than was approved
    renamed: str = ""  # what is to be said where Notify puts another name before texts than was counted

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
        self.claims = Claims(office)
        self._checked: dict[int, float] = {}
        self.handled, self.lost = 0, 0  # messages of which it is known what became of them, or not

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """Kept from batch to batch, as each thread keeps its connection to Notify."""
        return ThreadPoolExecutor(self.threads, thread_name_prefix="notify")

    def free(self, session: Session, campaign_id: int) -> sa.Select[tuple[int]]:
        """Rows of a launched campaign that may leave at this moment."""
        return self.claims.free(session, campaign_id)

    def send_batch(self, campaign_id: int) -> Counter[str]:
        return self.send(campaign_id, 1)

    def send(self, campaign_id: int, batches: int, stopping: Event | None = None) -> Counter[str]:
        """So many batches, or fewer where nothing more may leave; gives the messages by what became of them. The next
        is claimed when half of one has left, so that no thread waits for it."""
        counted: Counter[str] = Counter()
        halt, looked = _Halt(), time.monotonic()
        flying: set[Future[Outcome]] = set()
        try:
            while True:
                while batches and len(flying) <= self.batch // 2:
                    ended = halt.everything.is_set() or (stopping is not None and stopping.is_set())
                    begun = None if ended else self._begin(campaign_id, halt, counted)
                    batches = 0 if begun is None else batches - 1
                    flying |= begun or set()
                if not flying:
                    return +counted
                done, flying = wait(flying, timeout=RECORDED_EVERY)
                counted += self._record(done)
                if flying and time.monotonic() - looked > LOOKED_EVERY:
                    self._look(campaign_id, halt)
                    looked = time.monotonic()
        finally:  # whatever happened, nothing more leaves, and what has left is written down
            halt.everything.set()
            counted += self._record(wait(flying).done)
            if halt.edited:
                outcome.persistently(partial(validity.edited, self.office, campaign_id, sorted(halt.edited)))
            if halt.renamed:
                outcome.persistently(partial(validity.pause, self.office, campaign_id, halt.renamed, True))

    def _begin(self, campaign_id: int, halt: _Halt, counted: Counter[str]) -> set[Future[Outcome]] | None:
        """Claim a batch and hand it to the threads; None where there is none."""
        if self._tripped(campaign_id):
            halt.everything.set()
            return None
        claim = self.claims.take(campaign_id, self.batch)
        if claim is None:
            return None
        counted += claim.dropped
        self.handled += claim.dropped.total()
        homes = claim.brief.homes.of(row.uprn for row in claim.rows)
        return {self._pool.submit(self._send, row, homes[row.uprn], claim.brief, halt) for row in claim.rows}

    def _tripped(self, campaign_id: int) -> bool:
        now = time.monotonic()
        if now < self._checked.get(campaign_id, 0.0) + CHECKED_EVERY and campaign_id in self._checked:
            return False
        self._checked[campaign_id] = now
        return breaker.check(self.office, campaign_id)

    def _look(self, campaign_id: int, halt: _Halt) -> None:
        """Nothing more leaves once the campaign is paused or stopped, or nobody can say whether it is."""
        query = sa.select(col(Campaign.state)).where(col(Campaign.id) == campaign_id)
        try:
            with self.office.database.reading() as session:
                launched = session.execute(query).scalar_one() == CampaignState.launched
        except sa.exc.OperationalError:
            launched = False
        if not launched:
            halt.everything.set()

    def _send(self, row: Row, home: Particulars, brief: Brief, halt: _Halt) -> Outcome:
        try:
            ours = self.pacer.wait(lambda: halt.stops(row.channel))
        except sa.exc.OperationalError:  # the database is away, and with it the pace
            halt.everything.set()
            ours = False
        if not ours or self.office.clock.now() - row.claimed_at > self.patience.claim:
            return Outcome(row, tried=False)
        message = self._written(row, home, brief)
        try:
            accepted = self.notify.send(message)
        except (SendFault, RecipientInvalid) as fault:
            self._tell(fault, row, halt)
            return Outcome(row, fault=fault)
        self._compare(accepted, row, brief, halt)
        parts = self._counted(accepted, message, brief, halt) if row.channel == Channel.sms else None
        return Outcome(row, accepted.notification_id, parts=parts)

    def _written(self, row: Row, home: Particulars, brief: Brief) -> Outgoing:
        """At the last moment, so that few contacts lie readable in memory."""
        source = home.sources.get(row.channel, "")
        filled = wording.values(self.office, brief.council, brief.plan, brief.guard.poll_deadline, row, source)
        recipient = self.office.keys.decrypt(row.recipient) if row.recipient else ""
        return wording.outgoing(row, recipient, filled, home.address_lines if row.channel == Channel.letter else ())

    def _compare(self, accepted: Accepted, row: Row, brief: Brief, halt: _Halt) -> None:
        approved = brief.approved.get(row.template)
        if approved is not None and approved.version != accepted.template_version:
            halt.edited.add(approved.name)
            halt.everything.set()

    def _counted(self, accepted: Accepted, message: Outgoing, brief: Brief, halt: _Halt) -> int | None:
        """The parts of a text as they were priced, against which Notify's bill is held; None where they were not."""
        approved = brief.approved.get(message.template_id)
        if approved is None or brief.text_name is None:
            return None
        text, on = fill(approved.written, message.personalisation, "sms"), today(self.office.clock)
        other = service_name.other_name(self.office, accepted.body or "", text, brief.text_name, on)
        if other is not None:
            halt.renamed = service_name.told(brief.text_name, other)
            halt.everything.set()
        return service_name.check(self.office, text, brief.text_name, on).fragments

    def _tell(self, fault: SendFault | RecipientInvalid, row: Row, halt: _Halt) -> None:
        match fault:
            case ForEverybody() | NotSent():
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

    def _record(self, done: Iterable[Future[Outcome]]) -> Counter[str]:
        outcomes = [future.result() for future in done]
        lost = sum(isinstance(each.fault, Ambiguous | NotSent) for each in outcomes)
        self.lost += lost
        self.handled += sum(each.tried for each in outcomes) - lost
        return (
            outcome.persistently(partial(outcome.record, self.office, self.patience, outcomes))
            if outcomes
            else Counter()
        )
