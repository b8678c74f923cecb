"""Work that goes on while pages are answered: a few threads of this process, one piece of work of a name at a time;
and work on one thing while the next is made.

Nothing here is remembered. What must survive a crash is a row in the database, which says what is left to do.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from engage.foundation.logs import log_fault

THREADS = 2
T = TypeVar("T")
_END = object()


class Background:
    """`stopping` is set when the process ends: work looks at it between two steps and leaves the rest for later."""

    def __init__(self, threads: int = THREADS) -> None:
        self.stopping = threading.Event()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="engage-background")
        self._going: dict[str, Future[None]] = {}
        self._again: set[str] = set()
        self._lock = threading.Lock()

    def run(self, name: str, work: Callable[[], object]) -> None:
        """Begin the work; if it is under way already, once more after it, as it may have looked before this call."""
        with self._lock:
            if self.stopping.is_set():
                return
            if name in self._going:
                self._again.add(name)
                return
            self._going[name] = self._pool.submit(self._until_done, name, work)

    def _until_done(self, name: str, work: Callable[[], object]) -> None:
        while True:
            try:
                work()
            except Exception as error:  # noqa: BLE001  # nobody waits for it: the log is the only place to say so
                log_fault(error)
            with self._lock:
                if name not in self._again or self.stopping.is_set():
                    del self._going[name]
                    return
                self._again.discard(name)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is under way, at most so long; whether that came."""
        with self._lock:
            going = list(self._going.values())
        return not wait(going, timeout=seconds).not_done

    def wait_for(self, name: str, seconds: float) -> None:
        """Wait until that work is done, at most so long."""
        with self._lock:
            going = self._going.get(name)
        if going:
            wait([going], timeout=seconds)

    def close(self) -> None:
        self.stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)


def ahead(stream: Iterator[T]) -> Iterator[T]:
    """The same things, each made in another thread while the one before it is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as beside:
        following = beside.submit(next, stream, _END)
        while (made := following.result()) is not _END:
            following = beside.submit(next, stream, _END)
            yield made  # type: ignore[misc]  # all but the end is of the stream
