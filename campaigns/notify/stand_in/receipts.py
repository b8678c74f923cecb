"""Telling the sender: delivery receipts and received texts, posted by a thread of its own as Notify does."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests

TIMEOUT_SECONDS = 5
RETRIES = 5
RETRY_AFTER = timedelta(seconds=300)
_log = logging.getLogger(__name__)

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One callback; the payload is frozen at the first attempt."""

    url: str
    payload: Payload
    attempt: int = 0


class ReceiptSender:
    """Posts calls when the stand-in's clock says they are due."""

    def __init__(self, now: Callable[[], datetime], token: str | None) -> None:
        self._now = now
        self._token = token or ""
        self._due: list[tuple[datetime, int, Call]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._session = requests.Session()
        self._thread: threading.Thread | None = None

    def later(self, when: datetime, call: Call) -> None:
        with self._changed:
            heapq.heappush(self._due, (when, next(self._order), call))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notify-receipts", daemon=True)
                self._thread.start()
            if self._due[0][2] is call:
                self._changed.notify()

    def clock_moved(self) -> None:
        with self._changed:
            self._changed.notify()

    def deliver(self, call: Call) -> None:
        """Post now; a busy or broken endpoint is tried again, any other refusal is dropped for good."""
        status = self._post(call)
        if (status is None or status == 429 or status >= 500) and call.attempt < RETRIES:
            self.later(self._now() + RETRY_AFTER, Call(call.url, call.payload, call.attempt + 1))
        elif status is None or status >= 300:
            _log.info("A callback was dropped after the answer %s", status)

    def _post(self, call: Call) -> int | None:
        try:
            answer = self._session.post(
                call.url,
                json=call.payload,
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=TIMEOUT_SECONDS,
            )
        except requests.RequestException:
            return None
        return answer.status_code

    def _run(self) -> None:
        while (call := self._next()) is not None:
            self.deliver(call)

    def _next(self) -> Call | None:
        """Wait for the next call that is due; None when the stand-in stops."""
        with self._changed:
            while not self._stopping:
                wait = (self._due[0][0] - self._now()).total_seconds() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                # A clock that stands still tells when it is moved; one that ticks is looked at each second.
                self._changed.wait(None if wait is None else min(wait, 1.0))
            return None

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread:
            self._thread.join(TIMEOUT_SECONDS + 1)
        self._session.close()
