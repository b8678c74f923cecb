"""The API of properties, asked of `engage serve` itself, at 100,000 properties: one address, a thousand, the changes.

    properties.py [FOLDER]

The gazetteer is the shared borough's, and some of it once more at other postcodes. FOLDER is what the shared tool
make_own_records.py writes for that borough (made on the fly without): addresses of its lists, half of them written
like no property. The reference is what a plain program would do, rapidfuzz's `process.extract` over all addresses of
the gazetteer, for a few of them. Exit code 1 when a limit is missed.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psutil
from crosswalk import made, rows
from linking import AS_AT, BOROUGH, CODE, bring_in
from members import serving
from rapidfuzz import fuzz, process

from engage.deployment import systems
from engage.foundation.clock import today
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from engage.migrations import upgrade
from segments.crosswalk import changes
from segments.crosswalk.lookup import AT_END, MOST, Lookup

PROPERTIES = 100_000
ONES, BY_REFERENCE = 300, 40  # addresses asked one by one, and of the reference
MOST_ONE, MOST_THOUSAND, LEAST_RATE, MOST_BYTES = 0.1, 10.0, 5_000, 300 << 20
# Some of the borough's properties once more, as another town's.
WIDENED = """
copy (
    with own as (from read_parquet('{source}')),
    more as (
        select * replace (uprn + 500000000000 as uprn, parent_uprn + 500000000000 as parent_uprn,
            replace(address, postcode, regexp_replace(postcode, '^[A-Z]+', 'ZE')) as address,
            regexp_replace(postcode, '^[A-Z]+', 'ZE') as postcode)
        from own order by hash(coalesce(parent_uprn, uprn)) limit {more})
    from own union all by name from more
) to '{target}' (format parquet)
"""


@dataclass(frozen=True)
class Asked:
    address: str
    postcode: str
    home: int

    @property
    def body(self) -> dict[str, str]:
        return {"address": self.address, "postcode": self.postcode}


def main(folders: Sequence[str]) -> int:
    if not BOROUGH.is_dir():
        print(f"Skipped: the borough is not beside the project ({BOROUGH}).")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(folders[0]) if folders else next(iter(made(Path(scratch), levels=("mid",))))
        office = Office(Settings(home=Path(scratch) / "home"))
        upgrade(office.database)
        gazetteer = widened(office, bring_in(office, "gazetteer", "gazetteer_dtf73.csv.gz"))
        until = today(office.clock) + timedelta(days=1)
        _, secret = systems.give(office, Actor(CODE, "benchmark"), "benchmark", ["see properties"], until)
        asked = sample(folder, Lookup(gazetteer))
        with serving(office.settings.home) as (base, served):
            client = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {secret}"}, timeout=60)
            missed = measure(client, psutil.Process(served.pid), asked, gazetteer)
        office.close()
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


def widened(office: Office, gazetteer: Path) -> Path:
    """The gazetteer of so many properties, current in this office."""
    staged, count = office.lake.stage(), duckdb.read_parquet(str(gazetteer)).shape[0]
    duckdb.execute(WIDENED.format(source=gazetteer, target=staged, more=max(0, PROPERTIES - count)))
    with office.database.session() as session:
        snapshot = office.lake.commit(
            session, staged, authority=CODE, kind="gazetteer", as_at=AS_AT, made_at=office.clock.now(),
            made_by="benchmark", rows=max(PROPERTIES, count), source="widened", report={"outcome": "good"},
        )  # fmt: skip
        return office.lake.file(snapshot)


def sample(folder: Path, lookup: Lookup) -> list[Asked]:
    """Half of them as they come, half those that no property is written like."""
    listed = rows(folder).sample(frac=1, random_state=1).head(20_000)
    every = [Asked(AT_END.sub("", row.address), row.postcode, row.truth) for row in listed.itertuples()]
    wanted = (ONES + MOST) // 2
    unlike = [each for each in every[wanted:] if not lookup.is_written(each.address, each.postcode)][:wanted]
    mixed = every[: ONES + MOST - len(unlike)] + unlike
    random.Random(1).shuffle(mixed)  # no secret
    return mixed


def measure(client: httpx.Client, served: psutil.Process, asked: Sequence[Asked], gazetteer: Path) -> list[str]:
    match = "/api/addresses/match"
    client.get("/api/properties/1")
    begun, before = spent(served), held(served)
    client.post(match, json=asked[0].body).raise_for_status()
    print(f"made ready in {spent(served) - begun:.1f} CPU s, before the first answer")
    begun, times = spent(served), []
    for each in asked[:ONES]:
        started = time.perf_counter()
        client.post(match, json=each.body).raise_for_status()
        times.append(time.perf_counter() - started)
    p95, cpu, begun = statistics.quantiles(times, n=20)[-1], (spent(served) - begun) / ONES, spent(served)
    started = time.perf_counter()
    found = client.post(match, json={"addresses": [each.body for each in asked[ONES:]]}).raise_for_status().json()
    thousand = time.perf_counter() - started
    grown = held(served) - before
    print(f"one match: p95 {p95 * 1000:.1f} ms, {cpu * 1000:.1f} CPU ms; memory grew by {grown / 2**20:.0f} MB")
    print(f"a thousand: {thousand:.2f} s, {spent(served) - begun:.2f} CPU s; {right(found['matches'], asked[ONES:])}")
    plain = by_reference(asked, gazetteer)
    print(f"rapidfuzz over all: {plain * 1000:.1f} CPU ms for one, so {plain / cpu:.0f} times a whole request")
    limits = {
        f"one match {p95:.3f} s": p95 <= MOST_ONE, f"a thousand {thousand:.1f} s": thousand <= MOST_THOUSAND,
        f"memory grew by {grown / 2**20:.0f} MB": grown <= MOST_BYTES, **measure_changes(client, served),
    }  # fmt: skip
    return [limit for limit, met in limits.items() if not met]


def right(found: list[dict[str, Any]], asked: Sequence[Asked]) -> str:
    pairs = [(each["uprn"], one.home) for each, one in zip(found, asked, strict=True) if each["uprn"] is not None]
    return f"{len(pairs)} sure, {sum(uprn != home for uprn, home in pairs)} wrong"


def by_reference(asked: Sequence[Asked], gazetteer: Path) -> float:
    """CPU seconds for each, and what came out."""
    written = dict(duckdb.execute(
        "select uprn, address from read_parquet(?) where address is not null and coalesce(logical_status, 1) = 1",
        [str(gazetteer)],
    ).fetchall())  # fmt: skip
    begun, wrong = time.process_time(), 0
    for each in asked[:BY_REFERENCE]:
        said = f"{each.address}, {each.postcode}"
        (_, _, best), *_ = process.extract(said, written, scorer=fuzz.token_sort_ratio, processor=str.lower, limit=1)
        wrong += best != each.home
    took = (time.process_time() - begun) / BY_REFERENCE
    print(f"rapidfuzz over all: of {BY_REFERENCE} addresses {wrong} wrong")
    return took


def measure_changes(client: httpx.Client, served: psutil.Process) -> dict[str, bool]:
    count, cursor, more, started, begun = 0, "", True, time.perf_counter(), spent(served)
    while more:
        path = f"/api/properties/changes?since={cursor}&limit={changes.MOST}"
        page = client.get(path).raise_for_status().json()
        count, cursor, more = count + len(page["changes"]), page["next"], page["more"]
    rate = count / (time.perf_counter() - started)
    print(f"changes: {count:,} rows, {rate:,.0f} a second, {spent(served) - begun:.1f} CPU s")
    return {f"changes: {rate:.0f} rows a second": rate >= LEAST_RATE}


def spent(served: psutil.Process) -> float:
    times = [each.cpu_times() for each in (served, *served.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def held(served: psutil.Process) -> int:
    return int(sum(each.memory_info().rss for each in (served, *served.children(recursive=True))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
