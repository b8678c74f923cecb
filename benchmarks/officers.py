"""Officers' pages with 100,000 homes on SQLite, in this version and in an earlier one, turn by turn.

    python benchmarks/officers.py [--earlier 8357f6f] [--homes 100000] [--times 100]

Each version plays the demo for itself and serves it in a process of its own, which is asked one page at a time: how
long an answer takes (median and 95 of 100) and the processor's milliseconds. Exit code 1 where a page is not answered,
or takes longer than its limit.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from load import spent
from memory import PLAY, ROOT, earlier_version, pages, run, serving

from engage.foundation.identity import Role

PATHS = ("/", "/gaps", "/segments/new", "/data/gazetteer", "/data", "/campaigns/1", "/health")
MOST = dict.fromkeys(PATHS[:4], 50.0)  # milliseconds, 95 of 100
WARM = 5


def of(base: str, process: psutil.Process, times: int) -> dict[str, tuple[float, float, float]]:
    """Of each page the median and the 95th of 100 in milliseconds, and the processor's milliseconds."""
    found = {}
    for client, path in pages(base, Role.officer, PATHS):
        taken = []
        for number in range(times + WARM):
            if number == WARM:
                before = spent(process)
            begun = time.perf_counter()
            answer = client.get(path)
            taken.append(1000 * (time.perf_counter() - begun))
            if answer.status_code not in (200, 503 if path == "/health" else 200):
                sys.exit(f"{path}: {answer.status_code}")
        worked = 1000 * (spent(process) - before) / times
        found[path] = (statistics.median(taken[WARM:]), statistics.quantiles(taken[WARM:], n=20)[-1], worked)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", default="8357f6f")
    parser.add_argument("--homes", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100)
    asked, missed = parser.parse_args(), []
    with tempfile.TemporaryDirectory() as folder, earlier_version(Path(folder) / "code", asked.earlier) as earlier:
        found = {}
        for name, code in (("ours", ROOT), ("earlier", earlier)):
            run(code, PLAY, str(Path(folder) / name), str(asked.homes))
            with serving(code, Path(folder) / name / "home") as (base, process):
                found[name] = of(base, process, asked.times)
    for path in PATHS:
        (median, high, worked), (was_median, was_high, was_worked) = found["ours"][path], found["earlier"][path]
        ours = f"median {median:.0f}, 95 of 100 {high:.0f} ms, {worked:.1f} CPU ms"
        print(f"{path}: {ours}; earlier {was_median:.0f}, {was_high:.0f}, {was_worked:.1f} ({worked / was_worked:.2f})")
        missed += [f"{path} within {MOST[path]:.0f} ms"] if high > MOST.get(path, high) else []
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
