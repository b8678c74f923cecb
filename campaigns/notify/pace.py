"""One pace for all threads of a process: Notify counts rejected requests too, so hammering starves the sender."""

import threading
import time
from collections.abc import Callable

DEFAULT_RATE = 40.0


class Pacer:
    """Spaces calls evenly; `rate` is in calls a second. The sum over all processes of a key must stay under 50."""

    def __init__(
        self,
        rate: float = DEFAULT_RATE,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / rate
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = monotonic()

    def wait(self) -> None:
        """Return when this thread may call. A pause also holds those who are already waiting."""
        while (delay := self._take()) > 0:
            self._sleep(delay)

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long, after Notify said that we are too fast."""
        with self._lock:
            self._next = max(self._next, self._monotonic() + seconds)

    def _take(self) -> float:
        """Zero if the slot is ours, else the seconds until it is worth asking again."""
        with self._lock:
            now = self._monotonic()
            if now < self._next:
                return self._next - now
            # A late wake-up may be made good by one gap at most, so no burst follows an idle spell.
            self._next = max(self._next, now - self._gap) + self._gap
            return 0.0
