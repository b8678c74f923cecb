"""What commands that only look cost beside `engage --version`, in this version and in an earlier one.

    python benchmarks/commands.py [--earlier 8357f6f] [--times 5]

The earlier version is a commit of this repository, checked out for the time and run by the same Python, turn by turn,
each on a home that it made itself, with one authority and one segment. Exit code 1 where an answer of the two differs,
or a command takes more than 1.8 times the processor seconds of `engage --version`.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST = 1.8  # times `engage --version`
VERSION = ("--version",)
LOOKS = (VERSION, ("check", "--json"), ("segment", "list", "--json"), ("campaign", "list", "--json"))
CALL = "import sys; from engage.cli import main; sys.argv[0] = 'engage'; main()"
COUNCIL = "E07000193"
RULE = {"version": 1, "where": {"column": "electors", "is": "exactly", "value": 0}}


@dataclass
class Taken:
    """Seconds of processors and by the clock, and what was said."""

    processor: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)
    said: str = ""

    def __str__(self) -> str:
        low, middle, high = min(self.processor), statistics.median(self.processor), max(self.processor)
        return f"{middle:5.2f} s of processors ({low:.2f} to {high:.2f}), {statistics.median(self.clock):5.2f} s"


def run(code: Path, home: Path, *words: str) -> tuple[float, float, str]:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "ENGAGE_HOME": str(home), "PYTHONPATH": str(code), "ENGAGE_AUTHORITY": COUNCIL}
    done = subprocess.run(  # the words are those above
        [sys.executable, "-c", CALL, *words], capture_output=True, text=True, cwd=code, env=environment, check=False
    )
    clock, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock, done.stdout


def furnish(code: Path, home: Path) -> None:
    rule = home.parent / "rule.json"
    rule.write_text(json.dumps(RULE), encoding="utf-8")
    run(code, home, "init", "--authority", COUNCIL, "--name", "Exampleton")
    run(code, home, "segment", "save", str(rule), "--name", "Nobody registered")


def measure(codes: dict[str, Path], homes: dict[str, Path], times: int) -> dict[tuple[str, tuple[str, ...]], Taken]:
    """The first turn warms the files and is not counted."""
    found = {(name, words): Taken() for name in codes for words in LOOKS}
    for turn in range(times + 1):
        for (name, words), taken in found.items():
            processor, clock, taken.said = run(codes[name], homes[name], *words)
            if turn:
                taken.processor.append(processor)
                taken.clock.append(clock)
    return found


def differs(words: tuple[str, ...], ours: str, before: str) -> bool:
    """Of the health only what is checked and how it stands, as free space changes meanwhile."""
    if words[0] != "check":
        return ours != before
    return _standing(ours) != _standing(before)


def _standing(said: str) -> dict[str, bool]:
    return {name: part["well"] for name, part in json.loads(said).items() if name != "healthy"}


def report(found: dict[tuple[str, tuple[str, ...]], Taken]) -> list[str]:
    wrong = []
    base = {name: statistics.median(found[name, VERSION].processor) for name in ("ours", "earlier")}
    for words in LOOKS:
        ours, before = found["ours", words], found["earlier", words]
        times, earlier = (
            statistics.median(taken.processor) / base[name] for name, taken in (("ours", ours), ("earlier", before))
        )
        print(f"{' '.join(words):22} {ours}: {times:.2f} times --version; earlier {before}: {earlier:.2f} times")
        wrong += [f"{' '.join(words)}: another answer"] if differs(words, ours.said, before.said) else []
        wrong += [f"{' '.join(words)}: {times:.2f} times, at most {MOST}"] if times > MOST else []
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", default="8357f6f")
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        earlier = Path(folder) / "earlier"
        codes = {"ours": ROOT, "earlier": earlier}
        homes = {name: Path(folder) / f"home of {name}" for name in codes}
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "-q", str(earlier), asked.earlier], check=True)
        try:
            for name, code in codes.items():
                furnish(code, homes[name])
            wrong = report(measure(codes, homes, asked.times))
        finally:
            subprocess.run([*git, "remove", "--force", str(earlier)], check=True)
    print(*wrong, sep="\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
