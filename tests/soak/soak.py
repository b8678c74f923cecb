"""`make soak`: whatever crashes, stops or jumps, each message of a campaign arrives once or is accounted for.

Not collected by `make test`, which has small versions in tests/faults.
"""

import os
import resource
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import requests
import sqlalchemy as sa
from sqlmodel import SQLModel

from campaigns.replies import receipts
from tests.campaigns.council import SEED
from tests.engage.migrations.test_earlier_home import CODE, HOMES, restored
from tests.soak import power, trickle
from tests.soak.arrivals import Arrivals
from tests.soak.cluster import Cluster
from tests.soak.conftest import Size
from tests.soak.power import Power
from tests.soak.stage import ENGAGE, PATIENT, PROJECT, Stage, free_port, stage, wait_until

MINUTE = timedelta(minutes=1)


@contextmanager
def launched(folder: Path, database_url: str, messages: int, *, jumping: bool = False) -> Iterator[Stage]:
    with stage(folder, database_url, jumping=jumping) as made:
        made.launch(messages)
        yield made


def say(what: str, verdict: str) -> None:
    print(f"\n  {what}: {verdict}", flush=True)  # noqa: T201 - the figures are what it is run for


def test_killed_at_random_points(database_url: str, tmp_path: Path, size: Size) -> None:
    draw = Random(size.seed)
    points = sorted(draw.randrange(size.messages) for _ in range(size.points))
    with launched(tmp_path, database_url, size.messages) as play:
        killed = 0
        for point in points:
            how = signal.SIGKILL if draw.random() < 0.7 else signal.SIGTERM
            worker = play.worker()
            reached = play.sent() < point and play.until(point, worker, within=20)
            time.sleep(draw.uniform(0, 0.4) if reached else draw.uniform(0, 4))  # also while it starts and plans
            ended = play.end(worker, how)
            assert ended in (-how, 0)
            killed += how == signal.SIGKILL
            play.look()
            play.jump(draw.uniform(0, 4) * MINUTE)
        play.finish()
        verdict = play.verdict(size.messages)
    say(f"{killed} SIGKILL and {len(points) - killed} SIGTERM", verdict)


def test_postgresql_restarts_under_load(postgres: Cluster, tmp_path: Path, size: Size) -> None:
    url = postgres.url.rsplit("/", 1)[0] + "/restarted"
    _database(postgres.url, "restarted")
    shares = (0.0, 0.2, 0.4, 0.6, 0.8)
    with launched(tmp_path, url, size.messages) as play:
        worker = play.worker()
        for number, share in enumerate(shares):
            assert play.until(max(1, int(size.messages * share)), worker, within=180)
            postgres.restart("immediate" if number % 2 else "fast")
            play.look()
            play.post.set_clock()
        assert play.until(int(size.messages * 0.85), worker), "the worker goes on by itself"
        assert play.end(worker) == 0
        play.finish()
        verdict = play.verdict(size.messages)
    say(f"PostgreSQL restarted {len(shares)} times", verdict)


def _database(server: str, name: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="fills the disk by a limit that only Linux sets from outside"
)
def test_the_disk_is_full(tmp_path: Path, size: Size) -> None:
    database = tmp_path / "engage.sqlite"
    with launched(tmp_path, f"sqlite:///{database}", size.messages) as play:
        worker = play.worker()
        for share in (0.3, 0.6):
            assert play.until(int(size.messages * share), worker)
            full = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (1, full[1]))  # no file may grow
            time.sleep(10)
            assert worker.poll() is None, "it waits for room"
            held = play.sent()
            time.sleep(3)
            assert play.sent() == held, "nothing leaves that cannot be written down"
            play.look()
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, full)
        assert play.until(int(size.messages * 0.7), worker), "the worker goes on by itself"
        assert play.end(worker) == 0
        play.finish()
        verdict = play.verdict(size.messages)
    say("disk full twice, 13 seconds each", verdict)


def test_notify_is_away(database_url: str, tmp_path: Path, size: Size) -> None:
    with launched(tmp_path, database_url, size.messages) as play:
        worker = play.worker()
        assert play.until(size.messages // 3, worker)
        play.post.kill()
        for _ in range(3):
            time.sleep(10)
            assert worker.poll() is None
            play.look()
        play.post.start()
        assert play.until(size.messages // 2, worker), "the worker goes on by itself"
        assert play.end(worker) == 0
        play.finish()
        verdict = play.verdict(size.messages)
    say("the stand-in killed, and away for 30 seconds", verdict)


def test_the_clock_jumps(database_url: str, tmp_path: Path, size: Size) -> None:
    draw = Random(size.seed)
    jumps = [draw.choice((-1, 1)) * draw.uniform(0.5, 15) * MINUTE for _ in range(10)]
    with launched(tmp_path, database_url, size.messages, jumping=True) as play:
        worker = play.worker()
        for number, by in enumerate([*jumps, -sum(jumps, timedelta(0))], 1):
            play.until(size.messages * number // 12, worker, within=30)
            play.jump(by)
            time.sleep(draw.uniform(0, 1))
            play.look()
        assert play.end(worker) == 0
        play.finish()
        verdict = play.verdict(size.messages)
    say(f"the clock jumped {len(jumps) + 1} times, by up to 15 minutes, either way", verdict)


def test_one_of_three_workers_is_killed(postgres: Cluster, tmp_path: Path, size: Size) -> None:
    _database(postgres.url, "three")
    with launched(tmp_path, postgres.url.rsplit("/", 1)[0] + "/three", size.messages) as play:
        workers = [play.worker() for _ in range(3)]
        assert play.until(size.messages // 4, *workers)
        play.end(workers.pop(1), signal.SIGKILL)
        play.look()
        assert play.until(size.messages // 2, *workers)
        play.look()
        assert play.until(int(size.messages * 0.9), *workers)
        assert [play.end(worker) for worker in workers] == [0, 0]
        play.finish()
        verdict = play.verdict(size.messages)
    say("one of three workers killed", verdict)


AMBIGUOUS = {"drop_after": "accepted, then the connection dropped", "error_after": "500 after storing",
             "unreadable": "an unreadable 201"}  # fmt: skip


def test_nobody_knows_whether_it_was_sent(database_url: str, tmp_path: Path, size: Size) -> None:
    each = size.ambiguous // len(AMBIGUOUS) + 1
    with launched(tmp_path, database_url, size.messages) as play:
        given = 0
        while (left := each * len(AMBIGUOUS) - given) > 0:
            # In portions, as a worker that meets many of them at once rightly stops to ask.
            kind = list(AMBIGUOUS)[given // each]
            portion = min(left, each - given % each, 250)
            play.post.order("faults", {kind: {"count": portion}})
            given += portion
            play.work()
            play.jump(2 * MINUTE)
            play.look()
        play.post.order("faults", {})
        play.finish()
        verdict = play.verdict(size.messages)
        assert play.seen["unknown"]
    say(f"{given:,} ambiguous sends ({', '.join(AMBIGUOUS.values())})", verdict)


def test_what_arrives_between_planning_and_sending(database_url: str, tmp_path: Path, size: Size) -> None:
    early = datetime(2026, 6, 3, 5, tzinfo=UTC)  # six in the morning in London: planned, but nothing may leave
    with stage(tmp_path, database_url, start=early) as play:
        arrivals = Arrivals(play)
        # Twelve working days before 19 June is the third: at midnight it is too late.
        play.launch(size.messages, register=arrivals.first_register(), poll_date=f"{date(2026, 6, 19)}")
        play.work()
        letters = size.messages // 10
        assert (play.look().planned, play.sent()) == (size.messages, letters), "letters disturb nobody"
        closed = arrivals.stop(10) + arrivals.protect(10) + arrivals.join_register(10)
        play.jump(timedelta(hours=4))
        worker = play.worker()
        assert play.until(size.messages // 3, worker)
        closed += arrivals.stop_waiting(10)
        play.until(size.messages // 2, worker)
        play.end(worker)
        before_deadline = play.sent()
        play.jump(timedelta(hours=24))
        play.work()
        assert play.sent() == before_deadline, "nothing leaves after the deadline but what is found again"
        assert not arrivals.reached(closed)
        play.finish()
        assert not arrivals.reached(closed)
        status = play.look()
        verdict = play.verdict(size.messages, dropped=status.dropped)
        assert set(status.dropped_for) == {"suppressed", "registered since", "expired"}
    say(f"{len(closed)} STOPs, protected homes and new electors, then the deadline: {status.dropped_for}", verdict)


KEYS = SEED["services"]["demo"]["api_keys"]
EVERYBODYS: dict[str, dict[str, Any]] = {
    "trial mode": {"restricted": True},
    "a team-only key": {"api_keys": {"normal": KEYS["team"], "team": KEYS["normal"]}},
    "no permission for emails": {"permissions": ["sms", "letter"]},
    "a suspended service": {"archived": True},
}


def test_what_is_wrong_is_wrong_for_everybody(database_url: str, tmp_path: Path, size: Size) -> None:
    with launched(tmp_path, database_url, size.messages) as play:
        worker = play.worker()
        for number, service in enumerate(EVERYBODYS.values(), 1):
            assert play.until(size.messages * number // 8, worker)
            play.post.change_service(**service)
            wait_until(play.paused)
            assert play.look().failed == 0
            sent = play.sent()
            play.post.change_service()
            time.sleep(2)
            assert play.sent() == sent, "nothing leaves before an officer resumes"
            play.resume()
        assert play.until(int(size.messages * 0.7), worker), "the worker goes on by itself"
        assert play.end(worker) == 0
        play.finish()
        verdict = play.verdict(size.messages)
    say(", ".join(EVERYBODYS), verdict)


def test_the_service_is_renamed_in_the_middle(database_url: str, tmp_path: Path, size: Size) -> None:
    with launched(tmp_path, database_url, size.messages) as play:
        worker = play.worker()
        assert play.until(size.messages // 3, worker)
        play.post.change_service(name="Register to vote")
        if play.paused():  # where the name before each text is not what the council gave
            play.resume()
        assert play.until(int(size.messages * 0.7), worker), "the worker goes on by itself"
        assert play.end(worker) == 0
        play.finish()
        verdict = play.verdict(size.messages)
    say("the service renamed", verdict)


def cut(grid: Power, child: int, postgres: Cluster | None) -> None:
    """Whatever writes, and its database with it."""
    if postgres:
        postgres.kill()
    grid.cut(child)
    if postgres:
        postgres.back()


def fresh(postgres: Cluster | None, name: str) -> str:
    """A database of that name, which nobody holds a connection to."""
    if postgres is None:
        return ""
    _database(postgres.url, name)
    return postgres.url.rsplit("/", 1)[0] + f"/{name}"


KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@KINDS
def test_the_power_goes(request: pytest.FixtureRequest, kind: str, tmp_path: Path, size: Size) -> None:
    draw, home = Random(size.seed), tmp_path / "home"
    postgres = request.getfixturevalue("postgres") if kind == "postgresql" else None
    database_url = fresh(postgres, "power")
    power.found(home, database_url)
    with power.power() as grid:
        for point in range(1, size.points // 2 + 1):
            child = grid.on(home, database_url, ["import", "import", "purge", "rotate"], point)
            grid.until(home, draw.randrange(5))
            time.sleep(draw.uniform(0, 0.5))
            cut(grid, child, postgres)
            office = power.opened(home, database_url)
            verdict = power.sound(office)
            office.close()
        say(f"the power went {size.points // 2} times ({grid.went})", verdict)
    power.bring_in(home, database_url, 0)
    power.forget(home, database_url, 0)
    office = power.opened(home, database_url)
    assert power.sound(office).startswith("0 lists count")
    office.close()


@KINDS
def test_the_power_goes_while_it_migrates(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path, size: Size
) -> None:  # fmt: skip
    """From the first version's schema, filled, to this one; the next run of the command goes on."""
    draw, inside = Random(size.seed), 0
    postgres = request.getfixturevalue("postgres") if kind == "postgresql" else None
    with power.power() as grid:
        for point in range(1, size.points // 4 + 1):
            folder = tmp_path / str(point)
            with tarfile.open(HOMES / f"{kind}.tar.gz") as archive:
                archive.extractall(folder, filter="data")
            url = fresh(postgres, f"migrated{point}")
            if postgres:
                restored(folder / "home.sql", url)
            child = grid.on(folder / "home", url, ["migrate"], point)
            grid.until(folder / "home", 0)
            time.sleep(draw.uniform(0, 2))
            cut(grid, child, postgres)
            office = power.opened(folder / "home", url)
            inside += not power.up_to_date(office)
            office.close()
            power.migrate(folder / "home", url, 0)
            office = power.opened(folder / "home", url)
            assert power.up_to_date(office)
            verdict = power.sound(office, CODE)
            office.close()
    say(f"the power went {size.points // 4} times while it migrated, {inside} before the schema stood", verdict)


def test_web_processes_are_renewed_and_no_request_fails(tmp_path: Path) -> None:
    """By SIGHUP, as `systemctl reload` sends it: each new process is ready before an old one ends."""
    home, port = tmp_path / "home", free_port()
    power.found(home, "")
    url = f"http://127.0.0.1:{port}/sign-in"
    environment = os.environ | {"ENGAGE_HOME": str(home)}
    web = subprocess.Popen([*ENGAGE, "serve", "--port", str(port), "--workers", "2"], env=environment, cwd=PROJECT)

    def answers() -> bool:
        with suppress(requests.RequestException):
            return requests.get(url, timeout=5).ok
        return False

    try:
        wait_until(answers)
        with trickle.trickling(url) as visitors:
            before = trickle.alive(web.pid)
            web.send_signal(signal.SIGHUP)
            wait_until(lambda: len(before & trickle.alive(web.pid)) < 2)
            time.sleep(10)
        assert visitors.failed == []
    finally:
        web.terminate()
        web.wait(timeout=120)
    told = f"slowest {visitors.slowest:.1f} s, {visitors.cut} cut on kept connections"
    say(f"{dict(visitors.answered)} requests while both processes were renewed", told)


IDLE = 30.0  # seconds


def test_receipts_of_other_senders(database_url: str, tmp_path: Path, size: Size) -> None:
    with launched(tmp_path, database_url, size.messages // 10) as play:
        now = play.office.clock.now()
        with play.office.database.session() as session:
            strays = [
                {"notify_id": str(uuid4()), "reference": "", "status": "delivered", "received_at": now,
                 "source": "callback", "unmatched": True}
                for _ in range(size.strays)
            ]  # fmt: skip
            session.execute(sa.insert(SQLModel.metadata.tables["receipt"]), strays)
        play.jump(2 * MINUTE)
        play.work()
        times = []
        for _ in range(20):  # the worker sees to the rest while it is idle
            begun = time.perf_counter()
            receipts.reconcile(play.office)
            times.append(time.perf_counter() - begun)
        longest = max(times)
        worker = play.worker()
        time.sleep(70)  # DBOS looks for schedules each second in its first minute
        before = _cpu(worker.pid)
        time.sleep(IDLE)
        share = (_cpu(worker.pid) - before) / IDLE
        assert play.end(worker) == 0
        play.finish()
        verdict = play.verdict(size.messages // 10)
    say("stray receipts", f"{[round(1000 * each) for each in times]} ms each, idle {share:.2%} of a core")
    assert longest < 0.1, f"a transaction took {longest:.3f} s"
    assert share < 0.01, f"an idle worker used {share:.1%} of a core"
    say(
        f"{size.strays:,} stray receipts, at most {longest * 1000:.0f} ms at a time, idle {share:.2%} of a core",
        verdict,
    )


def _cpu(pid: int) -> float:
    """Seconds of processor time."""
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")


def test_killed_every_eleven_seconds(database_url: str, tmp_path: Path, size: Size) -> None:
    with launched(tmp_path, database_url, size.ambiguous) as play:
        begun = time.monotonic()
        total, stored = play.leave_unknown(every=2)
        adopted = settled = 0.0
        while not settled and time.monotonic() - begun < PATIENT:
            worker = play.worker()
            time.sleep(11)
            play.end(worker, signal.SIGKILL)
            status = play.look()
            adopted = adopted or (time.monotonic() - begun if status.accepted >= stored else 0.0)
            settled = settled or (time.monotonic() - begun if play.sent() >= total else 0.0)
        play.finish()
        verdict = play.verdict(size.ambiguous)
    assert 0 < adopted - 60 < 120, f"adopted {adopted - 60:.0f} s after the first might be asked"
    assert 0 < settled - 60 < 360, f"sent {settled - 60:.0f} s after the first might be asked"
    say(f"{total:,} unknown, adopted after {adopted:.0f} s and sent after {settled:.0f} s", verdict)
