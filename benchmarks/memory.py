"""What `engage serve` and `engage worker` hold in memory, in this version and in an earlier one, turn by turn.

    python benchmarks/memory.py [--earlier 8357f6f] [--times 5] [--homes 4000] [--requests 10000]

Each version plays the demo for itself, and what is told is the resident memory (MB): of the process that answers, at
rest and after a hundred members at once, of the worker at rest and at its highest while it sends a campaign to the
stand-in. Pages that the versions answer otherwise than with 200 are faults. This version is
then asked as many pages again, by officers and members in turn, and must not have grown. Exit code 1 where a limit is
missed.
"""

import argparse
import itertools
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from load import PAGES
from members import _wait, measure_crowd, signed_in

from engage.demo.story import PEOPLE, password
from engage.foundation.identity import Role
from tests.soak.stage import free_port
from tests.website import token_in

ROOT = Path(__file__).parents[1]
REST = 20  # seconds until a process that nobody asks anything has come to rest
MOST = {"serve at rest": 310, "serve after a hundred members": 400, "worker at rest": 130, "worker while it sends": 200}
GROWTH = 1.05
ENGAGE = "import sys; from engage.cli import main; sys.argv[0] = 'engage'; main()"
PLAY = """
import sys; from pathlib import Path; from engage.demo.story import playing
with playing(Path(sys.argv[1]), homes=int(sys.argv[2]), wards=10): pass
"""
WORK = """
import json, sys, time
from pathlib import Path
import psutil
from tests.soak.stage import stage
folder, highest = Path(sys.argv[1]), 0
with stage(folder, f"sqlite:///{folder / 'engage.sqlite'}") as play:
    process = psutil.Process(play.worker().pid)
    time.sleep(int(sys.argv[2]))
    resting = process.memory_info().rss
    play.launch(2000)
    while not play.until(1800, within=0.2):
        highest = max(highest, process.memory_info().rss)
    print(json.dumps({"worker at rest": resting, "worker while it sends": highest}))
"""


def environment(code: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGE_")}
    return kept | {"PYTHONPATH": str(code)} | settings


def run(code: Path, words: str, *options: str) -> str:
    asked = [sys.executable, "-c", words, *options]
    return subprocess.run(asked, env=environment(code), cwd=code, stdout=subprocess.PIPE, check=True, text=True).stdout


@contextmanager
def serving(code: Path, home: Path) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    told = environment(
        code, ENGAGE_HOME=str(home), ENGAGE_BASE_URL=base, ENGAGE_LOG_LEVEL="error", ENGAGE_SECOND_FACTOR="false"
    )
    served = [sys.executable, "-c", ENGAGE, "serve", "--port", str(port)]
    process = subprocess.Popen(served, env=told, cwd=code, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait(f"{base}/health")
        yield base, psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def held(process: psutil.Process) -> int:
    """Of the process that answers, not of the one that watches over it."""
    return int(max(each.memory_info().rss for each in process.children()))


def of_service(code: Path, home: Path) -> dict[str, int]:
    with serving(code, home) as (base, process):
        time.sleep(REST)
        found = {"serve at rest": held(process)}
        with closing(signed_in(base)) as client:
            if faults := measure_crowd(client):
                sys.exit("; ".join(faults))
        return found | {"serve after a hundred members": held(process)}


def of_worker(code: Path, own: Path) -> dict[str, int]:
    with tempfile.TemporaryDirectory(dir=own) as folder:
        found: dict[str, int] = json.loads(run(code, WORK, folder, str(REST)).splitlines()[-1])
    return found


def grown(home: Path, requests: int) -> float:
    """How many times the memory after a tenth of so many pages it is after all of them."""
    with serving(ROOT, home) as (base, process):
        asked = list(itertools.chain.from_iterable(pages(base, role, PAGES[role]) for role in PAGES))
        for number, (client, path) in enumerate(itertools.islice(itertools.cycle(asked), requests)):
            client.get(path).raise_for_status()
            if number == requests // 10:
                before = held(process)
        return held(process) / before


def pages(base: str, role: Role, paths: Sequence[str]) -> list[tuple[httpx.Client, str]]:
    client = httpx.Client(base_url=base, timeout=60)
    sent = {"email": PEOPLE[role][0], "password": password(role), "_csrf_token": token_in(client.get("/sign-in").text)}
    client.post("/sign-in", data=sent, headers={"Origin": base})
    [ward, *_] = client.get("/api/wards").raise_for_status().json()["completeness"]["wards"]
    return [(client, path.format(ward=ward["ward"])) for path in paths]


def report(found: dict[str, list[dict[str, int]]]) -> list[str]:
    missed = []
    for what, most in MOST.items():
        ours, before = ([each[what] / 2**20 for each in found[name]] for name in ("ours", "earlier"))
        print(f"{what:30} {_spread(ours)} MB, earlier {_spread(before)}: "
              f"{statistics.median(ours) / statistics.median(before):.2f} times")  # fmt: skip
        missed += [f"{what}: at most {most} MB"] if statistics.median(ours) > most else []
    return missed


def _spread(figures: Sequence[float]) -> str:
    return f"{statistics.median(figures):.0f} ({min(figures):.0f} to {max(figures):.0f})"


@contextmanager
def earlier_version(folder: Path, commit: str) -> Iterator[Path]:
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--detach", "-q", str(folder), commit], check=True)
    try:
        shutil.copytree(ROOT / "engage/static", folder / "engage/static")
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def measure(own: Path, asked: argparse.Namespace) -> list[str]:
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "earlier": []}
    with earlier_version(own / "code", asked.earlier) as earlier:
        codes = {"ours": ROOT, "earlier": earlier}
        for name, code in codes.items():
            run(code, PLAY, str(own / name), str(asked.homes))
        for _ in range(asked.times):
            for name, code in codes.items():
                found[name].append(of_service(code, own / name / "home") | of_worker(code, own))
    missed = report(found)
    times = grown(own / "ours/home", asked.requests)
    print(f"After {asked.requests:,} pages {times:.3f} times what is held after a tenth of them")
    return missed + ([f"it grows to {times:.3f} times"] if times > GROWTH else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", default="8357f6f")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--homes", type=int, default=4_000)
    parser.add_argument("--requests", type=int, default=10_000)
    with tempfile.TemporaryDirectory() as folder:
        missed = measure(Path(folder), parser.parse_args())
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
