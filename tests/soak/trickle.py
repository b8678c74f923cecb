"""Visitors who come one after another while the web is renewed: on new connections, as from a proxy, and on ones they
keep, where a request may come at the moment at which a process ends."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import requests


@dataclass
class Trickle:
    url: str
    answered: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    cut: int = 0  # of those on kept connections
    slowest: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def visit(self, *, kept: bool) -> None:
        session = requests.Session()
        while not self.ended.is_set():
            begun = time.monotonic()
            try:
                found = (session if kept else requests).get(self.url, timeout=30)
                self.answered["kept" if kept else "new"] += 1
                self.failed += [] if found.ok else [str(found.status_code)]
            except requests.RequestException as error:
                self.cut += kept
                self.failed += [] if kept else [type(error).__name__]
            self.slowest = max(self.slowest, time.monotonic() - begun)
            time.sleep(0.02)
        session.close()


@contextmanager
def trickling(url: str) -> Iterator[Trickle]:
    made = Trickle(url)
    visitors = [threading.Thread(target=made.visit, kwargs={"kept": kept}) for kept in (True, True, False, False)]
    for visitor in visitors:
        visitor.start()
    try:
        yield made
    finally:
        made.ended.set()
        for visitor in visitors:
            visitor.join()


def alive(pid: int) -> set[int]:
    """The processes below one."""
    every = psutil.Process(pid).children(recursive=True)
    return {each.pid for each in every if each.status() != psutil.STATUS_ZOMBIE}
