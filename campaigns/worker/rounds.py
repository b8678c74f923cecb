"""Rounds as DBOS keeps them: workflows whose steps it remembers and takes up again after a crash."""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from dbos import DBOS, DBOSConfig, _workflow_commands

from campaigns.worker import workers
from engage.foundation.office import Office

# Raised when the steps of a round change, so that rounds begun before an upgrade are not taken up by other code.
ROUNDS = "2"
LAST_BATCH = 60  # seconds a round taken up by DBOS has to end its batch when the worker stops
TENDED_EVERY = 30.0  # seconds
QUEUE_LOOKED_AT = 5.0  # seconds
TOLD_EVERY = 1.0  # seconds between notifications, of which we make none; DBOS would look a hundred times in one
KEPT = timedelta(days=1)  # DBOS keeps what it did for ever; who asks why a round failed asks soon
AT_ONCE = 500
ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
BEGUN = ["PENDING", "ENQUEUED"]
log = structlog.get_logger()


class Steps(Protocol):
    """What a round is made of."""

    under_way: list[int]  # campaigns whose rounds have begun and not ended
    stopping: threading.Event

    def plan(self, campaign_id: int) -> int: ...
    def send(self, campaign_id: int) -> dict[str, int]: ...
    def settle(self, campaign_id: int) -> dict[str, int]: ...
    def sweep(self, campaign_id: int) -> int: ...
    def close(self, campaign_id: int) -> bool: ...


_acting: list[Steps] = []  # DBOS calls module functions, also to take up rounds; this is what they act with


@DBOS.workflow(name="round")
def round_of(campaign_id: int) -> dict[str, int]:
    under_way = _acting[-1].under_way
    under_way.append(campaign_id)
    try:
        _plan(campaign_id)
        sent = _send(campaign_id)
        _settle(campaign_id)
        _sweep(campaign_id)
        _close(campaign_id)
        return sent
    finally:
        under_way.remove(campaign_id)


@DBOS.step(name="plan")
def _plan(campaign_id: int) -> int:
    return _acting[-1].plan(campaign_id)


@DBOS.step(name="send")
def _send(campaign_id: int) -> dict[str, int]:
    return _acting[-1].send(campaign_id)


@DBOS.step(name="settle")
def _settle(campaign_id: int) -> dict[str, int]:
    return _acting[-1].settle(campaign_id)


@DBOS.step(name="sweep")
def _sweep(campaign_id: int) -> int:
    return _acting[-1].sweep(campaign_id)


@DBOS.step(name="close")
def _close(campaign_id: int) -> bool:
    return _acting[-1].close(campaign_id)


class _ToOurLog(logging.Handler):
    """DBOS would write to the console in its own way; its errors belong in our log, without their details."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("durable work", says=record.getMessage().partition("\n")[0][:200])


_DBOS_LOG = logging.getLogger("dbos")
_DBOS_LOG.addHandler(_ToOurLog())  # with a handler there, DBOS adds none
_DBOS_LOG.propagate = False


class Tending:
    """Takes up the rounds that dead workers left and removes old ones: now and then, as the ledger does not wait."""

    def __init__(self, office: Office, name: str) -> None:
        self._office, self._name = office, name
        self._next = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + TENDED_EVERY
        recover(self._office, self._name)
        forget(datetime.now(UTC) - KEPT)


def recover(office: Office, name: str) -> list[str]:
    """Hand the pending rounds of workers that are gone to those that live; gives the names of the gone. Only one of
    several who try it at once succeeds with a round."""
    left = DBOS.list_workflows(status="PENDING", app_version=ROUNDS, load_input=False, load_output=False)
    owners = {flow.executor_id for flow in left if flow.executor_id} - {name}
    gone = sorted(owners - workers.alive(office.database)) if owners else []
    if gone:
        log.info("rounds taken up", workers=len(gone))
        DBOS._recover_pending_workflows(gone)  # noqa: SLF001 - DBOS offers no other way that two may try at once
    return gone


def forget(before: datetime) -> int:
    """Remove rounds begun before a moment, with their steps: those that ended, and those of another version, which
    nobody takes up. Gives their number. What one of them left undone is in the ledger."""
    removed = 0
    for status in (ENDED, BEGUN):
        while old := DBOS.list_workflows(
            end_time=before.isoformat(), status=status, limit=AT_ONCE, load_input=False, load_output=False
        ):
            gone = [flow.workflow_id for flow in old if status is ENDED or flow.app_version != ROUNDS]
            if not gone:
                break
            DBOS.delete_workflows(gone)
            removed += len(gone)
    return removed


@contextmanager
def launched(office: Office, steps: Steps) -> Iterator[Tending]:
    """DBOS for this process while the block lasts. A process has one: whoever launched a second would quietly be given
    the first, with the rounds of another office."""
    if _acting:
        raise RuntimeError("This process keeps durable rounds already")
    with workers.enrolled(office.database) as name:
        _acting.append(steps)
        kept = DBOS(config=_config(office, name))
        try:
            _launch(kept)
            yield Tending(office, name)
        finally:
            steps.stopping.set()
            DBOS.destroy(workflow_completion_timeout_sec=LAST_BATCH if steps.under_way else 0)
            _acting.remove(steps)


def _launch(kept: DBOS) -> None:
    """DBOS would ask each second for rounds in its queue, for queues that the database defines, and for what is delayed
    or has run out of time, each for half a hundredth of a core. Rounds taken up are in no such hurry, and we have none
    of the others. There are no other ways to say so."""
    kept._registry.get_internal_queue()._polling_interval_sec = QUEUE_LOOKED_AT  # noqa: SLF001
    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = TENDED_EVERY  # noqa: SLF001
    DBOS.launch()
    kept._sys_db.list_queues = lambda **_: []  # type: ignore[method-assign]  # noqa: SLF001


class Milliseconds(sqlite3.Connection):
    """DBOS asks SQLite for the time in milliseconds, which only SQLite 3.42 and later can tell."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sqlite3.sqlite_version_info < (3, 42):
            self.create_function("unixepoch", 1, lambda _precision: time.time())


def _config(office: Office, name: str) -> DBOSConfig:
    beside = f"sqlite:///{office.settings.home.absolute() / 'work.sqlite'}"
    return DBOSConfig(
        name="engage",
        system_database_url=beside if office.database.embedded else office.database.url,
        sys_db_pool_size=5,
        notification_coalesce_sec=TOLD_EVERY,
        db_engine_kwargs={"connect_args": {"factory": Milliseconds}} if office.database.embedded else {},
        application_version=ROUNDS,
        executor_id=name,
        enable_otlp=False,
        log_level="ERROR",
    )
