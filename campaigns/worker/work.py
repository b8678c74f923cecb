"""Background work: DBOS drives it, the ledger decides.

Each round of a campaign is a durable workflow (see `campaigns.worker.rounds`). Every step reads what is due from the
ledger and commits its own progress there, so running one twice changes nothing.
"""

import fcntl
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import IO, Any

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from campaigns.approval import validity
from campaigns.closing import completion, restored
from campaigns.notices import delivery, outbox
from campaigns.notify.client import service
from campaigns.notify.errors import NotifyError
from campaigns.notify.messages import Notify
from campaigns.records.models import MESSAGES, Campaign, CampaignState, MessageState
from campaigns.replies import help_answers, receipts, received_texts
from campaigns.sending import settlement as settle
from campaigns.sending import waves
from campaigns.sending.dispatch import Dispatcher, Patience
from campaigns.worker import lookout, rounds
from engage.foundation.errors import SettingsInvalid
from engage.foundation.folders import writing
from engage.foundation.office import Office
from segments.importing import steps

ALIVE = (CampaignState.launched, CampaignState.paused)
# To a turn: about half a minute of sending by all campaigns, after which questions have their turn.
BATCHES, FEWEST_BATCHES = 30, 3
EVERY = 1.0  # seconds between looks at whether an officer did something, so that a resume acts within two
RESTS = 10  # of those between two looks at all that may be due, which cost a hundredth of a core each second
HELD = 10.0  # seconds until that is asked again
SELDOM = timedelta(seconds=20)  # between looks that read a whole campaign
TEXTS_EVERY = timedelta(seconds=30)  # what a resident wrote is on the work list within a minute, callback or not
log = structlog.get_logger()
of = MESSAGES.c


@dataclass
class Work:
    """What the rounds act with. `stopping` ends a round after the batch it is in."""

    office: Office
    notify: Notify
    patience: Patience = field(default_factory=Patience)
    stopping: threading.Event = field(default_factory=threading.Event)
    tend: Callable[[], None] | None = None  # what keeps the durable rounds; None where there are none
    under_way: list[int] = field(default_factory=list)
    _looked: dict[int, datetime] = field(default_factory=dict)
    _batches: int = BATCHES
    _texts_asked: datetime | None = None
    _texts_read: datetime | None = None
    _held: dict[int, float] = field(default_factory=dict)  # since when nobody can say whether a campaign may go on

    @cached_property
    def dispatcher(self) -> Dispatcher:
        return Dispatcher(self.office, self.notify, patience=self.patience)

    def tick(self) -> Counter[str]:
        """Do all that is due for every campaign; gives the number of messages by what became of them. Files that have
        arrived come in meanwhile, in the background."""
        done: Counter[str] = Counter()
        while passed := self._turn():
            done += passed
            if self.stopping.is_set():
                break
        return done

    def _turn(self) -> Counter[str]:
        """One round of every campaign that has something to do."""
        done: Counter[str] = Counter()
        settle.orphans(self.office, self.patience)
        self.hold_restored()
        self.settle_all()
        if self.tend:
            self.tend()
        steps.tick(self.office)
        receipts.reconcile(self.office)
        receipts.drop_strays(self.office)
        self.read_replies()
        due = self.due()
        self._batches = max(BATCHES // max(len(due), 1), FEWEST_BATCHES)
        for campaign_id in due:
            try:
                done += Counter(rounds.round_of(campaign_id) if self.tend else self.round(campaign_id))
            except sa.exc.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one campaign, the others go on
                log.warning("round failed", campaign=campaign_id, why=type(error).__name__)
        return done

    def campaigns(self) -> list[tuple[int | None, str]]:
        """Those under way, with their states; none while the database is away."""
        query = select(Campaign.id, Campaign.state).where(col(Campaign.state).in_(ALIVE)).order_by(col(Campaign.id))
        try:
            with self.office.database.reading() as session:
                return [(row[0], row[1]) for row in session.exec(query)]
        except sa.exc.OperationalError:
            return []

    def hold_restored(self) -> None:
        """Before anything leaves of what came back from a copy."""
        try:
            restored.hold(self.office, self.notify)
        except NotifyError as error:
            log.warning("restored copy not held against Notify", why=type(error).__name__)

    def read_replies(self) -> None:
        """Texts that no callback brought, answers to HELP, and emails to colleagues."""
        now, asked = self.office.clock.now(), self._texts_asked
        try:
            if asked is None or not asked <= now < asked + TEXTS_EVERY:
                self._texts_asked = now
                received_texts.fetch(self.office, self.notify, self._texts_read)
                self._texts_read = now
                outbox.tell_results(self.office)
            help_answers.answer_due(self.office, self.notify)
            delivery.send_due(self.office, self.notify)
        except NotifyError as error:
            log.warning("texts not read", why=type(error).__name__)

    def due(self) -> list[int]:
        """Campaigns with something to do at this moment."""
        with self.office.database.session() as session:
            lately = self.office.clock.now() - receipts.LETTERS_AWAITED
            alive = session.exec(
                select(Campaign)
                .where(col(Campaign.state).in_(ALIVE) | (col(Campaign.ended_at) > lately))
                .order_by(col(Campaign.id))
            )
            return [campaign.id or 0 for campaign in alive if self._tried(session, campaign)]

    def settle_all(self) -> Counter[str]:
        """Before anything else, as a worker that does not live long must not do that alone; one look for all."""
        with self.office.database.reading() as session:
            unknown = sa.select(of.campaign_id).where(
                of.campaign_id.in_(sa.select(col(Campaign.id))), of.state == MessageState.unknown.value
            )
            campaigns = list(session.execute(unknown.distinct().order_by(of.campaign_id)).scalars())
        return settle.settle(self.office, self.notify, self.patience, *campaigns) if campaigns else Counter()

    def _tried(self, session: Session, campaign: Campaign) -> bool:
        """What cannot even be asked is due, and its round says why."""
        try:
            return self._due(session, campaign)
        except sa.exc.OperationalError:
            raise
        except Exception:  # noqa: BLE001 - as with a round that fails
            return True

    def _due(self, session: Session, campaign: Campaign) -> bool:
        questions: tuple[Callable[[], object], ...] = (
            lambda: waves.due(session, self.office, campaign),
            lambda: self._sendable(session, campaign),
            lambda: settle.due(self.office, session, self.patience, campaign.id or 0),
            lambda: self._seldom_due(session, campaign),
        )
        return any(question() for question in questions)

    def _seldom_due(self, session: Session, campaign: Campaign) -> bool:
        """Asked of a large campaign these cost a noticeable part of a second."""
        number, now = campaign.id or 0, self.office.clock.now()
        looked = self._looked.get(number)
        if looked and looked <= now < looked + SELDOM and campaign.state != CampaignState.stopped:
            return False
        found = (
            receipts.sweep_due(self.office, session, campaign)
            or completion.closable(session, self.office, campaign)
            or (campaign.state == CampaignState.launched and validity.lapsed(self.office, session, campaign))
        )
        if not found:
            self._looked[number] = now
        return bool(found)

    def _sendable(self, session: Session, campaign: Campaign) -> bool:
        if campaign.state != CampaignState.launched or self._is_held(campaign.id or 0):
            return False
        return session.execute(self.dispatcher.free(session, campaign.id or 0).limit(1)).first() is not None

    def _is_held(self, campaign_id: int) -> bool:
        return time.monotonic() < self._held.get(campaign_id, -HELD) + HELD

    def round(self, campaign_id: int) -> dict[str, int]:
        """One round without DBOS: the same steps in the same order."""
        self.plan(campaign_id)
        done = self.send(campaign_id)
        self.settle(campaign_id)
        self.sweep(campaign_id)
        self.close(campaign_id)
        return done

    def plan(self, campaign_id: int) -> int:
        return waves.plan_due(self.office, campaign_id)

    def send(self, campaign_id: int) -> dict[str, int]:
        """Empty when nothing may leave now."""
        try:
            if not validity.stands(self.office, self.notify, campaign_id):
                return {}
        except NotifyError as error:
            log.warning("templates not read", campaign=campaign_id, why=type(error).__name__)
            self._held[campaign_id] = time.monotonic()
            return {}
        done = self.dispatcher.send(campaign_id, self._batches, self.stopping)
        settled = done[MessageState.accepted] + done[MessageState.failed] + done[MessageState.dropped]
        return {str(state): count for state, count in done.items()} if settled else {}

    def settle(self, campaign_id: int) -> dict[str, int]:
        return dict(settle.settle(self.office, self.notify, self.patience, campaign_id))

    def sweep(self, campaign_id: int) -> int:
        return receipts.sweep(self.office, self.notify, campaign_id)

    def close(self, campaign_id: int) -> bool:
        return completion.close(self.office, campaign_id)


@contextmanager
def working(office: Office, notify: Notify, patience: Patience | None = None) -> Iterator[Work]:
    """DBOS, launched for this process while the block lasts; rounds that a crash interrupted are taken up again."""
    work = Work(office, notify, patience or Patience())
    with _only_worker(office):
        if office.database.embedded:
            settle.orphans(office, work.patience, all_claims=True)
        try:
            with rounds.launched(office, work) as tending, lookout.watching(office, notify, work.dispatcher):
                work.tend = tending
                yield work
        finally:
            office.close()


@contextmanager
def _only_worker(office: Office) -> Iterator[None]:
    """An embedded database has one worker; PostgreSQL any number."""
    if not office.database.embedded:
        yield
        return
    with writing(office.settings.home / "worker.lock") as file:
        _lock(file, office.settings.home)
        yield


def _lock(file: IO[str], home: Path) -> None:
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
    """Until SIGTERM or SIGINT, do what is due every few seconds; with `once`, until nothing more is due now. Without a
    key for GOV.UK Notify it takes in the files that arrive, as long as no campaign is launched."""
    notify = notify or service(office.settings)
    if notify is None:
        _take_files_in(office, once=once, every=every)
        return
    with working(office, notify, patience) as work, _stopped_by_signals(work.stopping):
        while not work.stopping.is_set():
            try:
                busy = bool(work.tick())
            except sa.exc.OperationalError as error:  # the database is away: what was claimed is settled later
                log.warning("database unavailable", why=type(error.orig).__name__)
                busy = False
            if once and not busy and steps.finish(office):
                return
            if not busy:
                _rest(work, every)


def _rest(work: Work, every: float) -> None:
    """Until something may be due again."""
    before = work.campaigns()
    for _ in range(RESTS):
        if work.stopping.wait(every) or work.campaigns() != before:
            return


def _take_files_in(office: Office, *, once: bool, every: float) -> None:
    stopping = threading.Event()
    with _only_worker(office), _stopped_by_signals(stopping):
        while not stopping.is_set():
            _demand_nothing_to_send(office)
            steps.tick(office)
            if once and steps.finish(office):
                return
            stopping.wait(every)


def _demand_nothing_to_send(office: Office) -> None:
    with office.database.session() as session:
        if session.exec(select(Campaign.id).where(Campaign.state == CampaignState.launched)).first() is not None:
            raise SettingsInvalid(
                "ENGAGE_NOTIFY_API_KEY is empty, so nothing can be sent, and a campaign is launched. Set it to a "
                "GOV.UK Notify API key."
            )


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
