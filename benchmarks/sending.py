"""Sending: the pace kept, the speed beside a bare loop of the same client, and a campaign of a million.

    python benchmarks/sending.py [--messages N] [--million N] [--seconds S] [--databases sqlite postgresql]

`engage worker` and GOV.UK Notify's stand-in run as processes of their own, with nothing else on the machine. The bare
loop is what one would write without a ledger: threads, each with GOV.UK Notify's own Python client, sending the same
emails to the same stand-in; the number of threads that is fastest counts. Exit code 1 when a limit is missed.
"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from notifications_python_client import NotificationsAPIClient

from campaigns.messages.wording import FIELDS
from tests.campaigns.council import KEY, TEMPLATES
from tests.postgres import new_database
from tests.soak.cluster import cluster
from tests.soak.stage import PROJECT, Stage, stage

LEAST_PACE, LEAST_SHARE = 0.98, 0.7
MOST_MEMORY, MOST_PLANNING, MOST_RESTART = 250.0, 60.0, 5.0  # MB, seconds, seconds
THREADS = (1, 8)
PACE = 40.0


@dataclass(frozen=True)
class Sent:
    """So many messages in so many seconds between the first and the last, with so much of a processor."""

    messages: int
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def per_thousand(self) -> float:
        return self.processor / self.messages * 1000

    def __str__(self) -> str:
        return f"{self.rate:6.1f} a second, {self.per_thousand:.2f} s of processor for 1,000"


def bare_loop(base_url: str, threads: int, messages: int) -> dict[str, float]:
    """In a process of its own: as many as there are, as fast as the client goes."""
    numbers, values = itertools.count(), dict.fromkeys(FIELDS, "https://register.example.gov.uk/r/0123456789abcdef")

    def send() -> None:
        client = NotificationsAPIClient(KEY, base_url)
        while (number := next(numbers)) < messages:
            client.send_email_notification(
                f"household-{number}@example.org", TEMPLATES["email"], values, f"bare {threads} {os.getpid()} {number}"
            )

    running = [threading.Thread(target=send) for _ in range(threads)]
    before, started = time.process_time(), time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return {"seconds": time.perf_counter() - started, "processor": time.process_time() - before}


# In a process that imports what a worker does and nothing of this file: the wave written into the ledger.
PLANNING = """
import json, sys, time
from pathlib import Path
from campaigns.worker.work import waves
from engage.foundation.office import Office
office, started = Office(), time.perf_counter()
planned = waves.plan_due(office, int(sys.argv[1]))
found = {"seconds": time.perf_counter() - started, "processor": time.process_time(), "planned": planned}
status = Path("/proc/self/status")
high = int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024 if status.exists() else float("nan")
print(json.dumps(found | {"memory": high}))
"""


def _planning(play: Stage) -> dict[str, float]:
    moment = play.clock.now().isoformat()
    home, url = str(play.office.settings.home), play.database_url
    settings = {"ENGAGE_HOME": home, "ENGAGE_DATABASE_URL": url, "ENGAGE_REHEARSAL_TIME": moment}
    return _said([sys.executable, "-c", PLANNING, str(play.campaign.id)], os.environ | settings)


def _said(command: list[str], environment: Mapping[str, str]) -> dict[str, float]:
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=PROJECT)
    found: dict[str, float] = json.loads(printed.stdout.splitlines()[-1])
    return found


def _bare(play: Stage, messages: int) -> dict[int, Sent]:
    command = [sys.executable, __file__, "--bare", play.post.base_url]
    found = {threads: _said([*command, str(threads), str(messages)], os.environ) for threads in THREADS}
    return {threads: Sent(messages, said["seconds"], said["processor"]) for threads, said in found.items()}


@dataclass(frozen=True)
class Worker:
    """What a worker sent, by the journal of the stand-in, and what it took."""

    sent: Sent
    memory: float  # MB at most
    first: float  # seconds from its start to the first message


def _worked(play: Stage, enough: int) -> Worker:
    """A worker that runs until enough have arrived since it began."""
    before, started = play.sent(), time.time()
    worker = play.worker()
    assert play.until(before + 1, worker)
    first = time.time() - started
    assert play.until(before + enough, worker)
    memory = _high_water(worker.pid)
    worker.send_signal(signal.SIGTERM)
    _, _, used = os.wait4(worker.pid, 0)
    moments = _moments(play)[before:]
    seconds = (moments[-1] - moments[0]).total_seconds()
    return Worker(Sent(len(moments) - 1, seconds, used.ru_utime + used.ru_stime), memory, first)


def _high_water(pid: int) -> float:
    """MB. What wait4 tells includes what the process held from which it was forked."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float("nan")
    return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024


def _moments(play: Stage) -> list[datetime]:
    lines = play.post.journal.read_text(encoding="utf-8").splitlines()
    return sorted(datetime.fromisoformat(json.loads(line)["created_at"]) for line in lines)


def _idle(play: Stage) -> float:
    """Seconds of processor that a worker takes to start, find nothing and end."""
    worker = play.worker("--once")
    _, _, used = os.wait4(worker.pid, 0)
    return used.ru_utime + used.ru_stime


@contextmanager
def acting(database: str, **settings: Any) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        if database == "sqlite":
            with stage(here, f"sqlite:///{here / 'engage.sqlite'}", **settings) as play:
                yield play
        else:
            with cluster() as server, new_database(server.url) as url, stage(here, url, **settings) as play:
                yield play


def measure_pace(database: str, seconds: int) -> dict[str, bool]:
    """At the pace of real life, against the limits of real life."""
    with acting(database, pace=PACE, per_minute=3000) as play:
        play.launch(int(PACE * seconds))
        worker = _worked(play, int(PACE * seconds))
        repeated = _attempts(play)
    share = worker.sent.rate / PACE
    print(f"  at {PACE:.0f} a second for {seconds} s: {worker.sent.rate:.2f} ({share:.1%}), {repeated} tried again")
    return {f"{LEAST_PACE:.0%} of the pace on {database}": share >= LEAST_PACE, "no 429": not repeated}


def _attempts(play: Stage) -> int:
    with play.office.database.reading() as session:
        return int(session.connection().exec_driver_sql("SELECT count(*) FROM message WHERE attempts > 1").scalar_one())


def measure_speed(database: str, messages: int) -> dict[str, bool]:
    """Flat out. The bare loop runs before and after, so that a machine that slows down is noticed."""
    with acting(database) as play:
        play.launch(messages)
        idle = _idle_before(play)
        before = _bare(play, messages // 2)
        ours = _worked(play, messages).sent
        after = _bare(play, messages // 2)
    for threads in THREADS:
        print(f"  bare loop, {threads} threads: {before[threads]} before; {after[threads]} after")
    best = max((before[t].rate + after[t].rate) / 2 for t in THREADS)
    share = ours.rate / best
    net = Sent(ours.messages, ours.seconds, max(ours.processor - idle, 0))
    print(f"  engage worker: {net}, without {idle:.1f} s to start; {share:.2f} of the bare loop's {best:.0f} a second")
    return {f"{LEAST_SHARE} of the bare loop on {database}": share >= LEAST_SHARE}


def _idle_before(play: Stage) -> float:
    play.clock.jump(-timedelta(days=1))  # before its day nothing is due
    try:
        return _idle(play)
    finally:
        play.clock.jump(timedelta(days=1))


def measure_million(database: str, messages: int) -> dict[str, bool]:
    with acting(database) as play:
        play.launch(messages, values=1000)
        planned = _planning(play)
        worker = _worked(play, 5000)
        again = _worked(play, 5000)
    print(
        f"  {planned['planned']:,.0f} planned in {planned['seconds']:.1f} s ({planned['processor']:.0f} s of "
        f"processor) with {planned['memory']:.0f} MB; sent at {worker.sent.rate:.0f} a second "
        f"with {max(worker.memory, again.memory):.0f} MB; "
        f"first message {worker.first:.1f} s after the start, {again.first:.1f} s after a restart",
        flush=True,
    )
    memory = max(planned["memory"], worker.memory, again.memory)
    return {
        f"{messages:,} planned in {MOST_PLANNING:.0f} s on {database}": planned["seconds"] <= MOST_PLANNING,
        f"all of them planned on {database}": planned["planned"] == messages,
        f"{MOST_MEMORY:.0f} MB on {database}": memory <= MOST_MEMORY,
        f"the first message in {MOST_RESTART:.0f} s on {database}": max(worker.first, again.first) < MOST_RESTART,
    }


MEASURES = (measure_pace, measure_speed, measure_million)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000, help="sent flat out; 0 for none")
    parser.add_argument("--million", type=int, default=1_000_000, help="planned; 0 for none")
    parser.add_argument("--seconds", type=int, default=60, help="at the set pace; 0 for none")
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--bare", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.bare:
        print(json.dumps(bare_loop(asked.bare[0], int(asked.bare[1]), int(asked.bare[2]))))
        return 0
    limits: dict[str, bool] = {}
    for database in asked.databases:
        print(database, flush=True)
        for measure, size in (
            (measure_pace, asked.seconds),
            (measure_speed, asked.messages),
            (measure_million, asked.million),
        ):
            limits |= measure(database, size) if size else {}
    missed = [limit for limit, met in limits.items() if not met]
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
