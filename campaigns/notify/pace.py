"""The pace of sending: Notify counts rejected requests too, so hammering starves the sender."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

DEFAULT_RATE = 40.0
BLOCK = 0.5  # seconds of slots taken at once: so soon does every process know of a pause
CREDIT = 1.0  # seconds: a slot missed by less is made good, so a slow commit costs no pace and an idle spell no burst
FAR = 60.0  # seconds: no slot is so far ahead, so a clock that was set back is to blame
LOOK = 0.2  # seconds between looks at whether to go on waiting


class Book(Protocol):
    """Where slots are taken from, for one process or for all."""

    def take(self, slots: int, gap: float) -> float:
        """Seconds until the first of so many slots, `gap` seconds apart; negative where it is past."""
        ...

    def hold(self, seconds: float) -> None:
        """Give nobody a slot for so long."""
        ...


def first_free(free_at: float, now: float) -> float:
    """The moment of the next slot, where those before `free_at` are given away."""
    return free_at if now - CREDIT <= free_at <= now + FAR else now


class OwnBook:
    """For one process alone."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._free_at = monotonic()

    def take(self, slots: int, gap: float) -> float:
        now = self._monotonic()
        first = first_free(self._free_at, now)
        self._free_at = first + slots * gap
        return first - now

    def hold(self, seconds: float) -> None:
        self._free_at = max(self._free_at, self._monotonic() + seconds)


def _never() -> bool:
    return False


class Pacer:
    """Spaces the calls of a process's threads evenly, by slots of a book that other processes may share. `rate` is in
    calls a second over all of them and must stay under 50, at which Notify refills."""

    def __init__(
        self,
        rate: float = DEFAULT_RATE,
        book: Book | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / rate
        self._block = max(round(rate * BLOCK), 1)
        self._book = book or OwnBook(monotonic)
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._slots: deque[float] = deque()
        self._pauses = 0

    def wait(self, halted: Callable[[], bool] = _never) -> bool:
        """True when this thread may call; False as soon as `halted` says so. A pause also holds who already waits."""
        slot, pauses = self._slot()
        while not halted():
            if self._pauses != pauses:
                slot, pauses = self._slot()
            elif (delay := slot - self._monotonic()) > 0:
                self._sleep(min(delay, LOOK))
            else:
                return True
        return False

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long, after Notify said that we are too fast."""
        with self._lock:
            self._book.hold(seconds)
            self._slots.clear()
            self._pauses += 1

    def _slot(self) -> tuple[float, int]:
        with self._lock:
            while not self._slots or self._slots[0] < self._monotonic() - CREDIT:
                if self._slots:
                    self._slots.popleft()
                else:
                    first = self._monotonic() + self._book.take(self._block, self._gap)
                    self._slots.extend(first + number * self._gap for number in range(self._block))
            return self._slots.popleft(), self._pauses
