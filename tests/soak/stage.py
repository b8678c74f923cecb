"""A campaign acted out by real processes (`engage worker`, the stand-in, a database), and looked at hard meanwhile.

The journal of the stand-in is the truth: what it holds has arrived at GOV.UK Notify, whatever our ledger believes.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import requests
import sqlalchemy as sa

from campaigns.approval import control, drafts, submission
from campaigns.messages.wording import FIELDS
from campaigns.notify.client import GovukNotify
from campaigns.notify.messages import Outgoing
from campaigns.records.models import MESSAGES, Campaign, CampaignState, MessageState
from campaigns.sending import ledger, waves
from campaigns.sending import settlement as settle
from campaigns.worker.work import Work
from engage.deployment.authorities import open_authority
from engage.foundation.errors import SendBlocked
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.campaigns.council import COUNCIL, KEY, SEED, TEMPLATES, WARDS, Maker, plan, staff

MORNING = datetime(2026, 6, 3, 8, tzinfo=UTC)  # a Wednesday, nine o'clock in London
FIRST_UPRN = 100000000000
TEXTS = [n for n in range(1, 1000) if n not in (111, 222)]  # the three that Notify only pretends to accept
PATIENT = 600  # seconds until a soak gives up
PROJECT = Path(__file__).parents[2]
ENGAGE = (sys.executable, "-c", "from engage.cli import main; main()")
LOOK_AGAIN = timedelta(minutes=31)  # longer than any wait between two looks of `Patience`
LAST_WORDS = (timedelta(days=1, hours=9), timedelta(days=15))  # letters are printed at half past five, or given up
NEVER_LEFT = (MessageState.planned, MessageState.dropped)
HELD = (MessageState.accepted, MessageState.delivered)
of = MESSAGES.c


class Jumping:
    """A clock that ticks like the machine's and jumps when told; a file, where given, tells other processes."""

    def __init__(self, start: datetime, told: Path | None = None) -> None:
        self.shift, self.told = start - datetime.now(UTC), told
        self.jump(timedelta(0))

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def jump(self, by: timedelta) -> None:
        self.shift += by
        if self.told:
            self.told.with_suffix(".new").write_text(str(self.shift.total_seconds()))
            self.told.with_suffix(".new").replace(self.told)


class Post:
    """The stand-in as a process of its own, which may be killed and started again on its journal."""

    def __init__(self, folder: Path, clock: Jumping, per_minute: int = 600_000) -> None:
        self.folder, self.clock = folder, clock
        self.journal, self._seed = folder / "journal", folder / "seed.json"
        self._per_minute = per_minute
        self._write_seed()
        self.base_url = f"http://127.0.0.1:{free_port()}"
        self._arrived: Counter[str] = Counter()
        self._read = 0
        self._process: subprocess.Popen[bytes] | None = None

    def _write_seed(self, **service: Any) -> None:
        seed = deepcopy(SEED)
        seed["services"]["demo"] |= {"rate_limit": self._per_minute, **service}
        self._seed.write_text(json.dumps(seed))

    def change_service(self, **service: Any) -> None:
        """From here on the service is so, or as it was; what it has taken it keeps."""
        self._write_seed(**service)
        self.kill()
        self.start()

    def start(self) -> None:
        port = self.base_url.rpartition(":")[2]
        self._process = subprocess.Popen(
            [*ENGAGE, "notify-stand-in", "--port", port, "--seed", self._seed, "--journal", self.journal],
            env=os.environ | {"ENGAGE_REHEARSAL_TIME": self.clock.now().isoformat()},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT,
        )  # fmt: skip
        wait_until(self._answers)
        self.set_clock()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.base_url}/stand-in/references/none", timeout=5).ok
        except requests.RequestException:
            return False

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def order(self, what: str, body: dict[str, Any]) -> None:
        requests.post(f"{self.base_url}/stand-in/{what}", json=body, timeout=30).raise_for_status()

    def set_clock(self) -> None:
        self.order("clock", {"now": self.clock.now().isoformat()})

    def arrived(self) -> Counter[str]:
        """How often each reference arrived, by the journal."""
        with self.journal.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        self._arrived.update(json.loads(line)["reference"] for line in whole.splitlines())
        return self._arrived

    def summary(self) -> dict[str, Any]:
        answer = requests.get(f"{self.base_url}/stand-in/summary", timeout=60)
        answer.raise_for_status()
        said: dict[str, Any] = answer.json()
        return said


@dataclass
class Stage:
    """One campaign on one database. `jumping` workers follow the clock's jumps while they run."""

    folder: Path
    database_url: str
    jumping: bool = False
    start: datetime = MORNING
    pace: float = 1000  # messages a second
    per_minute: int = 600_000  # what the stand-in allows
    looks: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    campaign: Campaign = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Jumping(self.start, self.folder / "clock" if self.jumping else None)
        settings = Settings(home=self.folder / "home", database_url=self.database_url, notify_pace=self.pace)
        self.office = Office(settings, self.clock)
        self.post = Post(self.folder, self.clock, self.per_minute)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._writers: list[subprocess.Popen[bytes]] = []  # of the log, which end with their worker
        open_authority(self.office, COUNCIL, "East Staffordshire")
        self.people = staff(self.office)

    def launch(self, messages: int, *, register: int | None = None, values: int = 0, **changes: Any) -> None:
        """One wave to so many homes: emails, some letters, and as many texts as there are numbers for drama."""
        everyone = {"channels": ["email", "sms", "letter"], "send_on": f"{self.start:%Y-%m-%d}", "arms": ["everyone"]}
        said = plan(
            arms={"everyone": 1.0}, comparison="", waves=[everyone], templates=TEMPLATES, start=f"{self.start:%Y-%m-%d}",
            **changes,
        )  # fmt: skip
        office, maker = self.office, Maker(self.office, self.people)
        draft = drafts.create(office, self.people.planner, said)
        frozen, known = audience(office, messages, values), GovukNotify(KEY, self.post.base_url).templates()
        submission.adopt(office, self.people.planner, draft, frozen, register_snapshot=register, known=known)
        maker.approve(draft.id or 0)
        self.campaign = control.launch(office, self.people.planner, draft.id or 0)

    def worker(self, *options: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "ENGAGE_HOME": str(self.office.settings.home),
            "ENGAGE_DATABASE_URL": self.database_url,
            "ENGAGE_NOTIFY_API_KEY": KEY,
            "ENGAGE_NOTIFY_BASE_URL": self.post.base_url,
            "ENGAGE_NOTIFY_PACE": str(self.pace),
            "ENGAGE_REHEARSAL_TIME": self.clock.now().isoformat(),
            "ENGAGE_SOAK_CLOCK": str(self.clock.told or ""),
        }
        command = [sys.executable, "-m", "tests.soak.jumping"] if self.jumping else [*ENGAGE, "worker", *options]
        with (self.folder / "worker.log").open("ab") as log:
            # Through a pipe, so that a worker whose disk is full can still say so.
            writer = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
        assert writer.stdin
        with writer.stdin:
            started = subprocess.Popen(command, env=environment, stderr=writer.stdin, cwd=PROJECT)
        self._workers.append(started)
        self._writers.append(writer)
        return started

    def end(self, worker: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
        worker.send_signal(how)
        self._workers.remove(worker)
        return worker.wait(timeout=PATIENT)

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait()
        for writer in self._writers:
            writer.wait()
        self.post.kill()
        self.office.close()

    def jump(self, by: timedelta) -> None:
        """While no worker runs, or only such as follow."""
        self.clock.jump(by)
        self.post.set_clock()

    def sent(self) -> int:
        return self.post.arrived().total()

    def until(self, messages: int, *workers: subprocess.Popen[bytes], within: float = PATIENT) -> bool:
        """Whether so many messages have arrived before the time was over or a worker ended."""
        give_up = time.monotonic() + within
        while self.sent() < messages:
            assert all(worker.poll() is None for worker in workers), f"a worker ended: {self.folder}/worker.log"
            if time.monotonic() > give_up:
                return False
            time.sleep(0.02)
        return True

    def look(self) -> ledger.Status:
        """The status, held against the ledger row by row and against what arrived."""
        before = set(self.post.arrived())
        rows = self._rows()
        arrived = self.post.arrived()
        states = Counter(state for _, state in rows)
        assert arrived.total() == len(arrived), "a message arrived twice"
        wrong = [state for reference, state in rows if reference in before and state in NEVER_LEFT]
        assert not wrong, f"{Counter(wrong)} in the ledger have left"
        early = [reference for reference, state in rows if state in HELD and reference not in arrived]
        assert not early, f"{len(early)} in the ledger as accepted never arrived"
        assert before <= {reference for reference, _ in rows}, "what nobody planned has arrived"
        status = ledger.status(self.office, self.people.planner, self.campaign.id or 0)
        assert status.balanced
        assert status.duplicates == 0
        assert status.planned >= len(rows)
        self.looks += 1
        self.seen.update(states.keys())
        return status

    def _rows(self) -> Sequence[Any]:
        with self.office.database.reading() as session:
            return session.execute(sa.select(of.reference, of.state).order_by(of.id)).all()

    def finish(self) -> ledger.Status:
        """Let time pass until all is settled and the campaign is complete, with a worker at each stop of the clock."""
        for wait in (*[timedelta(0), *[LOOK_AGAIN] * 8], *LAST_WORDS):
            if wait < LAST_WORDS[0] and not self.look().waiting and self.look().planned:
                continue
            self.jump(wait)
            self.decide()
            self.work()
            status = self.look()
            if status.state == CampaignState.completed:
                return status
        raise AssertionError(f"not complete after weeks: {status}")

    def paused(self) -> bool:
        with self.office.database.reading() as session:
            return session.get_one(Campaign, self.campaign.id).state == CampaignState.paused

    def resume(self) -> None:
        control.resume(self.office, self.people.planner, self.campaign.id or 0)

    def leave_unknown(self, every: int) -> tuple[int, int]:
        """As after the death of a sender: all is unknown, and every so manieth has arrived. Gives how many, and how
        many arrived."""
        waves.plan_due(self.office, self.campaign.id or 0)
        doubtful = {"state": MessageState.unknown.value, "claimed_at": self.office.clock.now(), "attempts": 1}
        with self.office.database.session() as session:
            session.execute(sa.update(MESSAGES).values(**doubtful))
            rows = session.execute(sa.select(MESSAGES).where(of.channel != "letter").order_by(of.id)).all()
        notify, values = GovukNotify(KEY, self.post.base_url), dict.fromkeys(FIELDS, "x")

        def send(row: Any) -> None:
            recipient = self.office.keys.decrypt(row.recipient)
            notify.send(Outgoing(row.channel, row.template, row.reference, values, recipient))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, rows[::every]))
        return len(rows), len(rows[::every])

    def decide(self) -> None:
        """As an officer does of letters that Notify never had."""
        with suppress(SendBlocked):
            settle.decide(self.office, self.people.planner, self.campaign.id or 0, again=True)

    def settle(self) -> None:
        """Only until no message waits, by this process, which need not start first."""
        notify = GovukNotify(KEY, self.post.base_url)
        for _ in range(8):
            if not self.look().waiting:
                return
            self.jump(LOOK_AGAIN)
            self.decide()
            Work(self.office, notify).tick()
        raise AssertionError(f"messages wait for ever: {self.look()}")

    def work(self) -> None:
        """What is due now, by a worker that ends by itself."""
        if not self.jumping:
            assert self.worker("--once").wait(timeout=PATIENT) == 0
            self._workers.pop()
            return
        worker = self.worker()
        time.sleep(5)
        wait_until(self._idle)
        self.end(worker)

    def _idle(self) -> bool:
        before = self._rows()
        time.sleep(3)
        return before == self._rows()

    def verdict(self, messages: int, *, dropped: int = 0) -> str:
        """Lost 0, duplicated 0, unknown 0, and the stand-in's count by reference is the ledger's."""
        status, summary, arrived = self.look(), self.post.summary(), self.post.arrived()
        accepted = {reference for reference, state in self._rows() if state in HELD}
        assert (status.planned, status.dropped, status.failed) == (messages, dropped, 0)
        assert (status.waiting, status.unknown, status.duplicates) == (0, 0, 0)
        assert (summary["total"], summary["references"], summary["duplicates"]) == (
            status.accepted,
            status.accepted,
            {},
        )
        assert accepted == set(arrived)
        assert status.accepted == messages - dropped
        return (
            f"{messages:,} planned, {status.accepted:,} accepted, {dropped:,} dropped, lost 0, duplicated 0; "
            f"{self.looks} looks, states seen: {', '.join(sorted(self.seen))}"
        )


@contextmanager
def stage(folder: Path, database_url: str, **settings: Any) -> Iterator[Stage]:
    made = Stage(folder, database_url, **settings)
    try:
        made.post.start()
        yield made
    finally:
        made.close()


def audience(office: Office, households: int, values: int = 0) -> Path:
    """Of ten homes nine have an email address, of which some have a mobile instead; the tenth gets a letter.
    With `values`, only so many contacts are encrypted, again and again, as that takes long for a million."""
    kept: list[str] = [office.keys.encrypt(f"household-{n}@example.org") for n in range(values)]
    path = office.lake.stage()
    text = pa.string()
    schema = pa.schema(
        [
            ("uprn", pa.int64()), ("ward", text), ("ward_name", text), ("oa", text), ("electors", pa.int32()),
            ("address_lines", pa.list_(text)), ("postcode", text), ("letter", pa.bool_()), ("email_contact", text),
            ("email_value", text), ("sms_contact", text), ("sms_value", text),
            ("email_source", text), ("sms_source", text),
        ]
    )  # fmt: skip
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, households, 50_000):
            rows = [_home(office, n, kept) for n in range(first, min(first + 50_000, households))]
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return path


def _home(office: Office, n: int, kept: list[str]) -> dict[str, Any]:
    home = {
        "uprn": FIRST_UPRN + n, "ward": WARDS[n % 3], "ward_name": f"Ward {n % 3}", "oa": "E00000001", "electors": 0,
        "address_lines": [f"{n + 1} High Street", "Burton", "DE14 1AA"], "postcode": "DE14 1AA", "letter": n % 10 == 9,
    }  # fmt: skip
    if n % 10 == 9:
        return home
    texts = n % 25 == 0 and n // 25 < len(TEXTS)
    channel, value = ("sms", f"447700900{TEXTS[n // 25]:03}") if texts else ("email", f"household-{n}@example.org")
    return home | {
        f"{channel}_contact": office.keys.contact(channel, value),
        f"{channel}_value": kept[n % len(kept)] if kept and not texts else office.keys.encrypt(value),
        f"{channel}_source": "Council tax",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(reached: Callable[[], object], within: float = PATIENT) -> None:
    give_up = time.monotonic() + within
    while not reached():
        assert time.monotonic() < give_up, "nothing moved any more"
        time.sleep(0.1)


def uprns(numbers: Iterable[int]) -> list[int]:
    return [FIRST_UPRN + n for n in numbers]
