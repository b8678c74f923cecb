"""Hostile requests: every route asked in every wrong way, by each role, on both databases; no answer may be a 5xx.

    python benchmarks/hostile.py [--requests N] [--seed N] [--home FOLDER] [--databases sqlite,postgresql]

The demo is played on a small borough, once; the application answers within this process, so that nothing goes over a
network. A 5xx is named by its route and kind, with the place in the code that its fault line names; one without a fault
line is named as well. Exit code 1 when there is either.
"""

import argparse
import asyncio
import contextlib
import io
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from engage.app import create_app
from engage.demo.story import PEOPLE, password, playing
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Role
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from engage.migrations.tables import METADATA
from engage.migrations.upgrading import upgrade
from tests.faults.hostile import CALLBACK_TOKEN, Asker, Browser, Made, ask
from tests.soak.cluster import cluster

REQUESTS, SEED, AT_ONCE, A_BATCH = 100_000, 2026, 8, 2_000
HOST = "127.0.0.1:8000"


@contextmanager
def played(folder: Path | None) -> Iterator[Path]:
    """The home folder of a borough whose campaign has ended."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory() as made:
        with playing(Path(made), homes=600, wards=3):
            pass
        yield Path(made) / "home"


@contextmanager
def opened(home: Path, url: str) -> Iterator[Office]:
    """A copy of that home on a database of its own; empty is SQLite."""
    with tempfile.TemporaryDirectory() as place:
        copied = Path(place) / "home"
        shutil.copytree(home, copied)
        settings = Settings(
            home=copied, database_url=url, base_url=f"http://{HOST}", notify_base_url="http://127.0.0.1:9",
            notify_callback_token=SecretStr(CALLBACK_TOKEN), log_level="warning", demo=True,
        )  # fmt: skip
        if url:
            _carry(f"sqlite:///{copied / 'engage.sqlite'}", url)
        office = Office(settings, SteppedClock(_last_moment(settings.database)))
        try:
            yield office
        finally:
            office.close()


def _carry(source: str, target: str) -> None:
    """Every row of one database into the other, which has the same tables by its migrations."""
    held, fresh = sa.create_engine(source), Office(Settings(database_url=target)).database
    upgrade(fresh)
    with held.connect() as old, fresh.engine.begin() as new:
        new.execute(sa.text("SET session_replication_role = replica"))  # whatever the order of the tables
        for table in METADATA.sorted_tables:
            new.execute(table.delete())
            if rows := [dict(row) for row in old.execute(table.select()).mappings()]:
                new.execute(table.insert(), rows)
                _count_on(new, table)
    fresh.close()


def _count_on(new: sa.Connection, table: sa.Table) -> None:
    column = table.autoincrement_column
    if column is not None:
        counter = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
        new.execute(sa.text(f"SELECT setval({counter}, max({column.name})) FROM {table.name}"))


def _last_moment(url: str) -> Any:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        return connection.execute(sa.select(sa.func.max(METADATA.tables["audit_entry"].c.at))).scalar_one()


class Found:
    """What was answered, and the fault lines that were written meanwhile."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.bad: defaultdict[tuple[str, str, int], list[Made]] = defaultdict(list)
        self.faults: Counter[str] = Counter()
        self.escaped: Counter[str] = Counter()  # what no handler answered
        self.slow: list[tuple[float, str, str]] = []

    def add(self, made: Made, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.kinds[made.kind] += 1
        self.slow = sorted([*self.slow, (round(seconds, 1), made.route, made.kind)])[-5:]
        if status >= 500 and not made.expects(status):
            self.bad[made.route, made.kind, status].append(made)

    def read(self, log: str) -> None:
        for line in log.splitlines():
            if '"fault"' in line:
                fault = json.loads(line)
                self.faults[f"{fault['error']} at {' < '.join(fault['where'][:-8:-1])}"] += 1

    @property
    def failed(self) -> int:
        return sum(map(len, self.bad.values()))

    def tell(self, name: str, seconds: float) -> None:
        asked = sum(self.statuses.values())
        print(f"{name}: {asked:,} requests in {seconds:,.0f} s, {self.failed:,} answered by a 5xx")
        print("  statuses", dict(sorted(self.statuses.items())))
        print("  kinds", dict(self.kinds.most_common()))
        print("  slowest", self.slow)
        for (route, kind, status), made in sorted(self.bad.items(), key=lambda found: -len(found[1])):
            print(f"  {status} {len(made):5} × {kind}: {route}   e.g. {made[0].shown}")
        print("  escaped", dict(self.escaped))
        for fault, times in self.faults.most_common():
            print(f"  fault {times:5} × {fault}")


async def attack(office: Office, requests: int, seed: int) -> Found:
    """In batches, so that sessions that a sign-out has ended are begun again."""
    app, chance, found = create_app(office), random.Random(seed), Found()
    asker = Asker(app)
    async with app.lifespan():
        for _ in range(-(-requests // A_BATCH)):
            browsers = [await Browser(HOST).look(app), *[await _entered(app, role) for role in Role]]
            made = [asker.make(chance, chance.choice(browsers)) for _ in range(min(A_BATCH, requests))]
            log = io.StringIO()
            with contextlib.redirect_stderr(log):
                await _all(app, made, found)
            found.read(log.getvalue())
    return found


async def _all(app: Any, made: list[Made], found: Found) -> None:
    waiting = iter(made)

    async def one_after_the_other() -> None:
        for each in waiting:
            began = time.perf_counter()
            try:
                status = await ask(app, each)
            except Exception as error:  # noqa: BLE001  # a server answers 500 for what the application lets out
                status, found.escaped[type(error).__name__] = 500, found.escaped[type(error).__name__] + 1
            found.add(each, status, time.perf_counter() - began)

    await asyncio.gather(*[one_after_the_other() for _ in range(AT_ONCE)])


async def _entered(app: Any, role: Role) -> Browser:
    browser = await Browser(HOST).sign_in(app, PEOPLE[role][0], password(role))
    assert browser.entered, f"{role} is not signed in"
    return browser


@contextmanager
def _server(database: str) -> Iterator[str]:
    if database == "sqlite":
        yield ""
        return
    with cluster() as made:
        yield made.url


def measure(home: Path, database: str, requests: int, seed: int) -> int:
    with _server(database) as url, opened(home, url) as office:
        began = time.perf_counter()
        found = asyncio.run(attack(office, requests, seed))
        found.tell(database, time.perf_counter() - began)
    silent = found.failed - sum(found.faults.values())
    if silent > 0:
        print(f"  {silent} without a fault line")
    return found.failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--databases", default="sqlite,postgresql")
    chosen = parser.parse_args()
    with played(chosen.home) as home:
        each = [measure(home, name, chosen.requests, chosen.seed) for name in chosen.databases.split(",")]
    return 1 if sum(each) else 0


if __name__ == "__main__":
    sys.exit(main())
