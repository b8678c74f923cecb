"""Background work: DBOS drives it, the ledger decides.

Each round of a campaign is a durable workflow whose steps DBOS remembers and takes up again after a crash. Every step
reads what is due from the ledger and commits its own progress there, so running one twice changes nothing.
"""

import logging
import signal
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import IO, Any

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig
from sqlmodel import Session, col, select

from campaigns import receipts, settle, waves
from campaigns.dispatch import Dispatcher, Patience
from campaigns.models import MESSAGES, WAITING, Campaign, CampaignState, Channel, MessageState, Reason, Wave
from campaigns.notify.client import from_settings
from campaigns.notify.messages import Notify
from engage.foundation import audit
from engage.foundation.errors import EngageError, SettingsInvalid
from engage.foundation.office import Office
from segments import intake_work

# Raised when the steps of a round change, so that rounds begun before an upgrade are not taken up by other code.
ROUNDS = "1"
ALIVE = (CampaignState.launched, CampaignState.paused)
BATCHES = 30  # to a step: about half a minute of sending
EVERY = 2.0  # seconds between looks at what is due
LAST_BATCH = 60  # seconds a round taken up by DBOS has to end its batch when the worker stops
log = structlog.get_logger()
of = MESSAGES.c


@dataclass
class Work:
    """What the rounds act with. `stopping` ends a round after the batch it is in."""

    office: Office
    notify: Notify
    patience: Patience = field(default_factory=Patience)
    stopping: threading.Event = field(default_factory=threading.Event)
    durable: bool = False
    under_way: list[int] = field(default_factory=list)  # campaigns whose durable rounds have begun and not ended

    @cached_property
    def dispatcher(self) -> Dispatcher:
        return Dispatcher(self.office, self.notify, patience=self.patience)

    def tick(self) -> Counter[str]:
        """Do all that is due for every campaign; gives the number of messages by what became of them. Files that have
        arrived come in meanwhile, in the background."""
        done: Counter[str] = Counter()
        intake_work.tick(self.office)
        receipts.reconcile(self.office)
        settle.orphans(self.office, self.patience)
        for campaign_id in self.due():
            try:
                done += Counter(round_of(campaign_id) if self.durable else self.round(campaign_id))
            except EngageError as error:
                log.warning("round failed", campaign=campaign_id, why=type(error).__name__)
        return done

    def due(self) -> list[int]:
        """Campaigns with something to do at this moment."""
        with self.office.database.session() as session:
            lately = self.office.clock.now() - receipts.LETTERS_AWAITED
            alive = session.exec(
                select(Campaign)
                .where(col(Campaign.state).in_(ALIVE) | (col(Campaign.ended_at) > lately))
                .order_by(col(Campaign.id))
            )
            return [campaign.id or 0 for campaign in alive if self._due(session, campaign)]

    def _due(self, session: Session, campaign: Campaign) -> bool:
        questions: tuple[Callable[[], object], ...] = (
            lambda: waves.due(session, self.office, campaign),
            lambda: self._sendable(session, campaign),
            lambda: settle.due(self.office, session, self.patience, campaign.id or 0),
            lambda: receipts.sweep_due(self.office, session, campaign),
            lambda: _closable(session, self.office, campaign),
        )
        return any(question() for question in questions)

    def _sendable(self, session: Session, campaign: Campaign) -> bool:
        if campaign.state != CampaignState.launched:
            return False
        return session.execute(self.dispatcher.free(session, campaign).limit(1)).first() is not None

    def round(self, campaign_id: int) -> dict[str, int]:
        """One round without DBOS: the same steps in the same order."""
        done: Counter[str] = Counter()
        self.plan(campaign_id)
        while sent := self.send(campaign_id):
            done += Counter(sent)
        self.settle(campaign_id)
        self.sweep(campaign_id)
        self.close(campaign_id)
        return dict(done)

    def plan(self, campaign_id: int) -> int:
        return waves.plan_due(self.office, campaign_id)

    def send(self, campaign_id: int) -> dict[str, int]:
        """Empty when nothing may leave now."""
        done: Counter[str] = Counter()
        for _ in range(BATCHES):
            if self.stopping.is_set():
                break
            batch = self.dispatcher.send_batch(campaign_id)
            done += batch
            if not batch[MessageState.accepted] + batch[MessageState.failed] + batch[MessageState.dropped]:
                break
        settled = done[MessageState.accepted] + done[MessageState.failed] + done[MessageState.dropped]
        return {str(state): count for state, count in done.items()} if settled else {}

    def settle(self, campaign_id: int) -> dict[str, int]:
        return dict(settle.settle(self.office, self.notify, self.patience, campaign_id))

    def sweep(self, campaign_id: int) -> int:
        return receipts.sweep(self.office, self.notify, campaign_id)

    def close(self, campaign_id: int) -> bool:
        """Complete a campaign once every wave is in the ledger and no message waits; drop what a stop left queued."""
        with self.office.database.session() as session:
            campaign = session.get_one(Campaign, campaign_id, with_for_update=True)
            if not _closable(session, self.office, campaign):
                return False
            if campaign.state == CampaignState.stopped:
                _drop_queued(session, self.office, campaign)
                return False
            campaign.state, campaign.ended_at = CampaignState.completed, self.office.clock.now()
            audit.record(
                session, authority=campaign.authority, at=self.office.clock.now(), actor="worker",
                act="complete campaign", subject=f"campaign {campaign_id}",
            )  # fmt: skip
            return True


def _closable(session: Session, office: Office, campaign: Campaign) -> bool:
    """Whether `close` would change something. Letters and other messages without a last word are given their time."""
    mine = of.campaign_id == campaign.id
    if campaign.state == CampaignState.stopped:
        return _any(session, mine, of.state == MessageState.planned.value)
    if campaign.state != CampaignState.launched:
        return False
    to_come = select(Wave.id).where(Wave.campaign_id == campaign.id, col(Wave.planned_at).is_(None))
    if session.exec(to_come.limit(1)).first() is not None or _any(session, mine, of.state.in_(WAITING)):
        return False
    now = office.clock.now()
    letter = of.channel == Channel.letter.value
    awaited = sa.or_(
        letter & (of.sent_at > now - receipts.LETTERS_AWAITED), ~letter & (of.sent_at > now - receipts.SWEEP_AFTER[-1])
    )
    return not _any(session, mine, of.state == MessageState.accepted.value, of.settled_at.is_(None), awaited)


def _any(session: Session, *conditions: sa.ColumnElement[bool]) -> bool:
    return session.execute(sa.select(of.id).where(*conditions).limit(1)).first() is not None


def _drop_queued(session: Session, office: Office, campaign: Campaign) -> None:
    session.execute(
        sa.update(MESSAGES)
        .where(of.campaign_id == campaign.id, of.state == MessageState.planned.value)
        .values(state=MessageState.dropped.value, reason=Reason.stopped.value, settled_at=office.clock.now())
    )


_work: list[Work] = []  # DBOS calls module functions, also to take up rounds after a crash; this is what they act with


@DBOS.workflow(name="round")
def round_of(campaign_id: int) -> dict[str, int]:
    under_way = _work[-1].under_way
    under_way.append(campaign_id)
    try:
        return _round_of(campaign_id)
    finally:
        under_way.remove(campaign_id)


def _round_of(campaign_id: int) -> dict[str, int]:
    done: Counter[str] = Counter()
    _plan(campaign_id)
    while sent := _send(campaign_id):
        done += Counter(sent)
    _settle(campaign_id)
    _sweep(campaign_id)
    _close(campaign_id)
    return dict(done)


@DBOS.step(name="plan")
def _plan(campaign_id: int) -> int:
    return _work[-1].plan(campaign_id)


@DBOS.step(name="send")
def _send(campaign_id: int) -> dict[str, int]:
    return _work[-1].send(campaign_id)


@DBOS.step(name="settle")
def _settle(campaign_id: int) -> dict[str, int]:
    return _work[-1].settle(campaign_id)


@DBOS.step(name="sweep")
def _sweep(campaign_id: int) -> int:
    return _work[-1].sweep(campaign_id)


@DBOS.step(name="close")
def _close(campaign_id: int) -> bool:
    return _work[-1].close(campaign_id)


class _ToOurLog(logging.Handler):
    """DBOS would write to the console in its own way; its errors belong in our log, without their details."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("durable work", says=record.getMessage().partition("\n")[0][:200])


_DBOS_LOG = logging.getLogger("dbos")
_DBOS_LOG.addHandler(_ToOurLog())  # with a handler there, DBOS adds none
_DBOS_LOG.propagate = False


@contextmanager
def working(office: Office, notify: Notify | None = None, patience: Patience | None = None) -> Iterator[Work]:
    """DBOS, launched for this process while the block lasts; rounds a crash interrupted are taken up again."""
    work = Work(office, notify or _notify(office), patience or Patience(), durable=True)
    with _only_worker(office):
        if office.database.embedded:
            settle.orphans(office, work.patience, all_claims=True)
        _work.append(work)
        DBOS(config=_config(office))
        try:
            DBOS.launch()
            yield work
        finally:
            work.stopping.set()
            DBOS.destroy(workflow_completion_timeout_sec=LAST_BATCH if work.under_way else 0)
            _work.remove(work)
            office.close()


def _notify(office: Office) -> Notify:
    key = office.settings.notify_api_key.get_secret_value()
    if not key:
        raise SettingsInvalid(
            "ENGAGE_NOTIFY_API_KEY is empty, so nothing can be sent. Set it to a GOV.UK Notify API key."
        )
    return from_settings(key, office.settings.notify_base_url)


class Milliseconds(sqlite3.Connection):
    """DBOS asks SQLite for the time in milliseconds, which only SQLite 3.42 and later can tell."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sqlite3.sqlite_version_info < (3, 42):
            self.create_function("unixepoch", 1, lambda _precision: time.time())


def _config(office: Office) -> DBOSConfig:
    beside = f"sqlite:///{office.settings.home.absolute() / 'work.sqlite'}"
    return DBOSConfig(
        name="engage",
        system_database_url=beside if office.database.embedded else office.database.url,
        sys_db_pool_size=5,
        db_engine_kwargs={"connect_args": {"factory": Milliseconds}} if office.database.embedded else {},
        application_version=ROUNDS,
        executor_id=socket.gethostname(),
        enable_otlp=False,
        log_level="ERROR",
    )


@contextmanager
def _only_worker(office: Office) -> Iterator[None]:
    """An embedded database has one worker; PostgreSQL any number."""
    if not office.database.embedded:
        yield
        return
    with (office.settings.home / "worker.lock").open("w") as file:
        _lock(file, office.settings.home)
        yield


def _lock(file: IO[str], home: Path) -> None:
    import fcntl  # noqa: PLC0415  # not on Windows, where only this lock is missing

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SettingsInvalid(
            f"A worker is already running on {home}. SQLite takes one; use PostgreSQL (ENGAGE_DATABASE_URL) for more."
        ) from None


def tick(office: Office, notify: Notify, *, patience: Patience | None = None) -> Counter[str]:
    """All that is due, done now by the caller's own thread, without DBOS."""
    return Work(office, notify, patience or Patience()).tick()


def worker(
    office: Office, *, once: bool = False, notify: Notify | None = None, patience: Patience | None = None,
    every: float = EVERY,
) -> None:  # fmt: skip
    """Until SIGTERM or SIGINT, do what is due every few seconds; with `once`, until nothing more is due now."""
    with working(office, notify, patience) as work, _stopped_by_signals(work.stopping):
        while not work.stopping.is_set():
            try:
                busy = bool(work.tick())
            except sa.exc.OperationalError as error:  # the database is away: what was claimed is settled later
                log.warning("database unavailable", why=type(error.orig).__name__)
                busy = False
            if once and not busy and intake_work.finish(office):
                return
            if not busy:
                work.stopping.wait(every)


@contextmanager
def _stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    before: dict[int, Any] = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
