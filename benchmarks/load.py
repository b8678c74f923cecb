"""Two hundred people at work: each opens a page, then reads it for 1 to 5 seconds, for a minute.

    python benchmarks/load.py [--people N] [--seconds S] [--databases sqlite postgresql]

The demo is played once and served by `engage serve` in a process of its own, on this machine alone. Everybody has
signed in before the clock starts: three members to one officer, as councils have them. What is fetched is the page
itself, as a browser keeps the assets. The reference is the same crowd on a page without figures: it tells what the
machine and the clients take of each answer. Exit code 1 when a limit is missed.
"""

import argparse
import asyncio
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import sqlalchemy as sa
from members import serving
from sqlmodel import SQLModel

from engage.demo.story import PEOPLE, password, playing
from engage.foundation.database import Database
from engage.foundation.identity import Role
from engage.migrations.upgrading import upgrade
from tests.postgres import new_database
from tests.soak.cluster import cluster
from tests.website import token_in

CORES = os.cpu_count() or 1  # as many processes serve, as the deployment guide says
PEOPLE_AT_WORK, SECONDS, HOMES, WARDS = 200, 60.0, 4_000, 10
READS = (1.0, 5.0)  # seconds
P95 = 0.200  # seconds
QUIET = "/accessibility"
OFFICERS = 4  # one in so many
PAGES = {
    Role.member: ("/wards", "/wards/{ward}", "/wards.csv", "/report", "/dashboard/"),
    Role.officer: ("/", "/campaigns", "/campaigns/1", "/segments", "/gaps", "/data", "/replies", "/suppressions"),
}


@dataclass
class Seen:
    taken: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)

    def add(self, path: str, status: int, seconds: float) -> None:
        self.taken.append(seconds)
        self.answers[status] += 1
        self.slowest[path] = max(seconds, self.slowest.get(path, 0.0))

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.taken, n=20)[-1]

    @property
    def errors(self) -> int:
        return sum(count for status, count in self.answers.items() if status != 200)


async def person(client: httpx.AsyncClient, pages: tuple[str, ...], until: float, seed: int, seen: Seen) -> None:
    """Looks at one page after another; the first after a while of its own, as nobody comes at one moment."""
    chance = random.Random(seed)  # no secret
    await asyncio.sleep(chance.uniform(0, READS[1]))
    while time.perf_counter() < until:
        path = chance.choice(pages)
        started = time.perf_counter()
        try:
            status = (await client.get(path)).status_code
        except httpx.TransportError:
            status = 0
        seen.add(path, status, time.perf_counter() - started)
        await asyncio.sleep(chance.uniform(*READS))


async def crowd(clients: list[tuple[httpx.AsyncClient, tuple[str, ...]]], seconds: float) -> Seen:
    seen, until = Seen(), time.perf_counter() + seconds
    await asyncio.gather(*(person(client, pages, until, n, seen) for n, (client, pages) in enumerate(clients)))
    return seen


async def sign_in(base: str, role: Role) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        form = token_in((await client.get("/sign-in")).text)
        sent = {"email": PEOPLE[role][0], "password": password(role), "_csrf_token": form}
        answer = await client.post("/sign-in", data=sent, headers={"Origin": base})
        if answer.status_code != 303:
            sys.exit(f"The {role.value} could not sign in: {answer.status_code}.")
        return dict(client.cookies)


async def at_work(base: str, people: int, seconds: float, process: psutil.Process) -> tuple[Seen, Seen, float]:
    """What the crowd saw, what it saw of a page without figures, and the service's processor seconds for the pages."""
    tickets = {role: await sign_in(base, role) for role in PAGES}
    async with httpx.AsyncClient(base_url=base, cookies=tickets[Role.member], timeout=60) as first:
        while not (wards := (await first.get("/api/wards")).json()["completeness"]["wards"]):  # noqa: ASYNC110  # of another process
            await asyncio.sleep(0.5)  # until it publishes its first figures
    roles = [Role.officer if n % OFFICERS == 0 else Role.member for n in range(people)]
    clients = [httpx.AsyncClient(base_url=base, cookies=tickets[role], timeout=60) for role in roles]
    pages = [tuple(path.format(ward=wards[0]["ward"]) for path in PAGES[role]) for role in roles]
    try:
        for client, paths in list(zip(clients, pages, strict=True))[: 8 * CORES]:
            for path in paths:  # what each process works out once is, before anybody waits
                await client.get(path)
        started = spent(process)
        seen = await crowd(list(zip(clients, pages, strict=True)), seconds)
        took = spent(process) - started
        quiet = await crowd([(client, (QUIET,)) for client in clients], min(seconds, 15))
    finally:
        for client in clients:
            await client.aclose()
    return seen, quiet, took


def spent(process: psutil.Process) -> float:
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


@contextmanager
def database(kind: str, home: Path) -> Iterator[str]:
    """Where the service finds what was played: the SQLite file as it is, or a PostgreSQL that it was copied to."""
    if kind == "sqlite":
        yield ""
        return
    with cluster() as server, new_database(server.url) as url:
        copy(f"sqlite:///{home / 'engage.sqlite'}", url)
        yield url


def copy(source: str, target: str) -> None:
    held, empty = Database(source), Database(target)
    upgrade(empty)
    with held.engine.connect() as reading, empty.engine.begin() as writing:
        writing.execute(sa.text("SET session_replication_role = replica"))  # in any order, triggers aside
        for table in SQLModel.metadata.sorted_tables:
            writing.execute(table.delete())
            if rows := [dict(row) for row in reading.execute(sa.select(table)).mappings()]:
                writing.execute(table.insert(), rows)
            if rows and "id" in table.c and isinstance(table.c.id.type, sa.Integer):
                highest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
                writing.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "id"), highest)))
    held.engine.dispose()
    empty.engine.dispose()


def measure(kind: str, home: Path, people: int, seconds: float) -> list[str]:
    with database(kind, home) as url, serving(home, url, CORES) as (base, process):
        seen, quiet, took = asyncio.run(at_work(base, people, seconds, psutil.Process(process.pid)))
    pages = len(seen.taken)
    print(
        f"{kind}: {people} people, {pages} pages in {seconds:.0f} s, {seen.errors} errors; "
        f"median {1000 * statistics.median(seen.taken):.0f} ms, p95 {1000 * seen.p95:.0f} ms, "
        f"longest {1000 * max(seen.taken):.0f} ms; {1000 * took / pages:.1f} CPU ms a page; "
        f"a page without figures p95 {1000 * quiet.p95:.0f} ms, so {seen.p95 / quiet.p95:.1f} times it"
    )
    for path, longest in sorted(seen.slowest.items(), key=lambda each: -each[1])[:3]:
        print(f"  longest of {path}: {1000 * longest:.0f} ms")
    limits = {
        f"{kind}: no error (answers: {dict(seen.answers)})": not seen.errors,
        f"{kind}: p95 at most {1000 * P95:.0f} ms": seen.p95 <= P95,
    }
    return [limit for limit, met in limits.items() if not met]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--people", type=int, default=PEOPLE_AT_WORK)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    own = Path(tempfile.mkdtemp())
    try:
        with playing(own, homes=HOMES, wards=WARDS):
            pass
        missed = [
            limit for kind in asked.databases for limit in measure(kind, own / "home", asked.people, asked.seconds)
        ]
    finally:
        shutil.rmtree(own, ignore_errors=True)
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
