"""The power goes: whatever writes is killed at once, the database with it, and what is left is looked at hard.

One process imports everything once and forks for each act, so that a point costs no start of Python.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import IO

import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlmodel import col, select

from engage.deployment import rotation
from engage.deployment.authorities import open_authority
from engage.deployment.purging import purge
from engage.foundation import audit
from engage.foundation.clock import SteppedClock
from engage.foundation.data_keys import DataKey
from engage.foundation.errors import EngageError
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.migrations import current_revision, latest_revision
from segments.importing.imports import import_file
from segments.safeguards import made_up
from tests.campaigns.council import COUNCIL, START
from tests.soak.stage import wait_until

HEADER = "uprn,email,source,lawful_basis,agreement_reference,collected_on\n"
ROWS = 300
YEARS = timedelta(days=900)  # after which every list is due
PROJECT = Path(__file__).parents[2]


def opened(home: Path, url: str, *, later: bool = False) -> Office:
    return Office(Settings(home=home, database_url=url), SteppedClock(START + (YEARS if later else timedelta(0))))


def listed(folder: Path, number: int) -> Path:
    """A list of contacts that no other is like."""
    path = folder / f"contacts-{number}.csv"
    rows = (
        f"{100000000000 + n},home-{n}-{number}@example.com,Garden waste,public task,DSA 1,2026-05-01\n"
        for n in range(ROWS)
    )
    path.write_text(HEADER + "".join(rows))
    return path


def bring_in(home: Path, url: str, number: int) -> None:
    office, file = opened(home, url), listed(home.parent, number)
    import_file(office, Actor(COUNCIL, "command"), "contacts", file, date(2026, 6, 1))
    office.close()


def forget(home: Path, url: str, _: int) -> None:
    office = opened(home, url, later=True)
    purge(office)
    office.close()


def rotate(home: Path, url: str, _: int) -> None:
    office = opened(home, url)
    rotation.rotate(office)
    with suppress(EngageError):  # somebody wrapped by the old one at this moment
        rotation.rotate(office, drop_old=True)
    office.close()


def migrate(home: Path, url: str, _: int) -> None:
    """Of the home that tests/engage/migrations keeps, as the first version left it."""
    office = opened(home, url)
    open_authority(office, "E07900001", "Exampleton")
    office.close()


ACTS = {"import": bring_in, "purge": forget, "rotate": rotate, "migrate": migrate}


@dataclass
class Power:
    """What writes, one act after another, until it is cut."""

    process: "subprocess.Popen[str]"
    went: dict[str, int] = field(default_factory=dict)  # how often each act was cut

    def on(self, home: Path, url: str, acts: list[str], number: int) -> int:
        """Gives the process that acts, over and over."""
        return int(self._ask({"home": str(home), "url": url, "acts": acts, "number": number}))

    def _ask(self, order: dict[str, object]) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def until(self, home: Path, turn: int) -> None:
        """So many acts are done, and one more has begun."""
        wait_until(lambda: int((home.parent / "under-way").read_text()[10:] or -1) >= turn)

    def cut(self, child: int) -> str:
        """Gives the act that was under way."""
        os.kill(child, signal.SIGKILL)
        act = self._ask({"ended": child}).strip()
        self.went[act] = self.went.get(act, 0) + 1
        return act


@contextmanager
def power() -> Iterator[Power]:
    command = [sys.executable, "-m", "tests.soak.power"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
    ) as process:  # fmt: skip
        yield Power(process)


def sound(office: Office, authority: str = COUNCIL) -> str:
    """That what was written is whole: each file that counts is there with its rows, each list can be read or its key is
    gone, keys open, the audit log is unbroken. Gives it in a line."""
    if office.database.embedded:
        with office.database.reading() as session:
            assert session.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
    office.open_keys()
    with office.database.reading() as session:
        assert audit.verify(session, authority).intact
        snapshots = session.exec(select(Snapshot).where(col(Snapshot.undone_at).is_(None))).all()
        destroyed = set(session.exec(select(DataKey.subject).where(col(DataKey.destroyed_at).is_not(None))))
    for each in snapshots:
        found = pq.read_table(office.lake.file(each))
        if each.kind == "contacts" and found.num_rows:
            assert found.num_rows == each.rows
            assert str(each.id) not in destroyed, "a list that counts can be read"
            assert made_up.contact(office.keys.decrypt(found.column("value")[0].as_py()))
    return f"{len(snapshots)} lists count, {len(destroyed)} are forgotten"


def up_to_date(office: Office) -> bool:
    return current_revision(office.database) == latest_revision()


def found(home: Path, url: str) -> None:
    """An authority, with a first list."""
    from engage.migrations.upgrading import upgrade

    office = opened(home, url)
    home.mkdir(mode=0o700, exist_ok=True)
    upgrade(office.database)
    with office.database.session() as session:
        session.add(Authority(code=COUNCIL, name="East Staffordshire"))
    office.close()
    bring_in(home, url, 0)


def _act(order: dict[str, object], under_way: IO[str]) -> None:
    home, url, draw = Path(str(order["home"])), str(order["url"]), Random(int(str(order["number"])))
    for turn in range(1000):
        act = draw.choice(list(order["acts"]))  # type: ignore[call-overload]
        under_way.seek(0)
        under_way.write(f"{act:10}{turn:5}")
        under_way.flush()
        with suppress(EngageError, sa.exc.DBAPIError):  # of an act that had nothing to do, or no database any more
            ACTS[act](home, url, int(str(order["number"])) * 1000 + turn)


def _listen() -> None:
    """In the one process, for as long as orders come."""
    said = Path()
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            os.waitpid(order["ended"], 0)
            told = said.read_text().split()[0]
        else:
            said = Path(order["home"]).parent / "under-way"
            said.write_text("")
            child = os.fork()
            if child == 0:
                with said.open("r+") as under_way:
                    _act(order, under_way)
                os._exit(0)
            told = str(child)
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _listen()
