"""Linking the borough beside the project against its truth, with its UPRNs and by addresses alone.

The reference is `uk_address_matcher` alone on the same rows in the same run. Then the borough's own addresses with
errors as councils record them, and typing noise besides (`address-errors`), three times. Exit code 1 when a limit is
missed.
"""

import csv
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import duckdb
import pandas as pd
from address_errors import Controls, Corruptor, Noise, Profile, load_components
from sqlmodel import SQLModel
from uk_address_matcher import AddressMatcher, ExactMatchStage, SplinkStage, UniqueTrigramStage

import engage.migrations.tables  # noqa: F401  # every table
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.importing.imports import import_file
from segments.linking.electors import Written, link

T = TypeVar("T")
SHARED = Path(os.environ.get("ENGAGE_SHARED", Path(__file__).parents[2] / "shared"))
BOROUGH = SHARED / "data/east-staffordshire"
CODE, AS_AT = "E07000193", date(2026, 6, 1)
FILES = {"gazetteer": "gazetteer_dtf73.csv.gz", "register": "register_2026-06-01.csv.gz"}
LEAST_PRECISION, LEAST_RECALL, MOST_TIME = 0.999, 0.99, 1.0  # time as a share of the reference's
SEEDS, NOISY = (1, 2, 3), 25_000  # addresses for each seed
PREVALENCE, NOISE = 3.0, 0.2  # three times the errors that councils make, and a slip or two in every fifth address
LEAST_NOISY_RECALL, LEAST_OFFERED = 0.85, 0.98
UNITS = ("FLAT", "ROOM", "UNIT", "ANNEXE", "APARTMENT")
FIELDS = (
    "uprn", "subname", "name", "number", "streetname", "locality", "townname", "postcode", "classificationcode",
    "parentuprn", "usrn",
)  # fmt: skip


@dataclass(frozen=True)
class Score:
    """Of the electors linked without asking, how many rightly; of those with a home in the gazetteer, how many."""

    precision: float
    recall: float
    seconds: float


def main() -> int:
    if not BOROUGH.is_dir():
        print(f"Skipped: the borough is not beside the project ({BOROUGH}).")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Settings(home=Path(folder) / "home"), SteppedClock(at_london(AS_AT, 10)))
        files = {kind: bring_in(office, kind, name) for kind, name in FILES.items()}
        files["blank"] = Path(folder) / "blank.parquet"
        duckdb.execute(
            f"copy (select * replace (null::bigint as uprn) from read_parquet('{files['register']}')) "
            f"to '{files['blank']}' (format parquet)"
        )
        missed = [*measure(office, files, Path(folder)), *measure_noise(office, files["gazetteer"], Path(folder))]
        office.close()
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


def bring_in(office: Office, kind: str, name: str) -> Path:
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        if session.get(Authority, CODE) is None:
            session.add(Authority(code=CODE, name="East Staffordshire"))
    import_file(office, Actor(CODE, "benchmark"), kind, BOROUGH / name, AS_AT)
    return next((office.lake.root / CODE / kind).glob("*.parquet"))


def measure(office: Office, files: dict[str, Path], folder: Path) -> list[str]:
    reference, found = timed(lambda: matcher_alone(files["register"], files["gazetteer"]))
    alone = score(files, found, reference)
    print(f"uk_address_matcher alone:   {said(alone)}")
    missed = []
    for title, register in (("by addresses alone", "blank"), ("with UPRNs", "register")):
        to = Written(*(folder / f"{register}-{name}.parquet" for name in ("electors", "questions", "contradictions")))
        run = lambda register=register, to=to: link(files[register], files["gazetteer"], office.keys, [], to)  # noqa: E731
        seconds, counts = timed(run)
        electors = duckdb.sql(f"select person, uprn from read_parquet('{to.electors}')")
        own = score(files, electors, seconds)
        ratio = own.seconds / alone.seconds
        asked = counts.to_review / counts.electors
        print(
            f"Engage {title + ':':20} {said(own)}, ratio {ratio:.2f}, to review {counts.addresses_to_review} addresses "
            f"({asked:.2%} of electors), unlinked besides {(counts.unlinked - counts.to_review) / counts.electors:.2%}"
        )
        missed += [f"{title}: precision {own.precision:.5f}"] if own.precision < LEAST_PRECISION else []
        missed += [f"{title}: recall {own.recall:.5f}"] if own.recall < LEAST_RECALL else []
        missed += [f"{title}: {ratio:.2f} times the reference"] if ratio > MOST_TIME else []
    return missed


def measure_noise(office: Office, gazetteer: Path, folder: Path) -> list[str]:
    """An address that the noise has made another home's, word for word, is counted apart: nobody could tell."""
    register, to = folder / "noisy.parquet", Written(*(folder / f"noisy-{n}.parquet" for n in "eqc"))
    with duckdb.connect() as con:
        rows = pd.DataFrame(
            noisy(gazetteer, folder / "components.csv"), columns=["truth", "address", "postcode", "taken"]
        )
        con.register("noisy", rows)  # one by one they would take longer than to be linked
        con.sql(
            "select lpad(n::varchar, 64, '0') as person, null::bigint as uprn, address, postcode, null::varchar as "
            "ward_name, null::date as attainment, null::varchar as franchise, n + 1 as line, truth, taken "
            "from (select row_number() over () as n, * from noisy)"
        ).write_parquet(str(register))
        link(register, gazetteer, office.keys, [], to)
        linked, right, wrong, asked, offered = con.execute(NOISY_COUNTS.format(
            register=register, electors=to.electors, questions=to.questions)).fetchall()[0]  # fmt: skip
    total = len(SEEDS) * NOISY
    print(
        f"Noisy addresses: {linked:,} of {total:,} linked, precision {right / linked:.5f}, {linked - right} to another "
        f"home than they came from, {wrong} of these avoidable; {asked:,} asked, their home among those offered in "
        f"{offered:.1%}"
    )
    missed = [f"noise: precision {right / linked:.5f}"] if right < LEAST_PRECISION * linked else []
    missed += [f"noise: {right} right"] if right < LEAST_NOISY_RECALL * total else []
    return missed + ([f"noise: offered in {offered:.1%}"] if offered < LEAST_OFFERED else [])


NOISY_COUNTS = """
with said as (
    select r.* exclude (uprn), e.uprn
    from read_parquet('{register}') r left join read_parquet('{electors}') e using (person)),
asked as (select unnest(people).person as person, list_transform(candidates, home -> home.uprn) as homes
    from read_parquet('{questions}'))
select count(uprn), count(*) filter (uprn = truth), count(*) filter (uprn <> truth and not taken),
    count(homes) filter (uprn is null), avg(list_contains(homes, truth)::int) filter (uprn is null)
from said left join asked using (person)
"""


def noisy(gazetteer: Path, components: Path) -> Iterator[tuple[int, str, str, bool]]:
    """Homes with an address and postcode as somebody may have recorded them."""
    homes = write_components(gazetteer, components)
    records, profile = load_components(str(components)), Profile.load()
    controls = Controls(prevalence=PREVALENCE, noise=Noise(rate=NOISE, max_ops=2))
    for seed in SEEDS:
        corruptor = Corruptor(profile, seed=seed, rates="pooled", controls=controls)
        corruptor.index(records)
        for row in corruptor.generate(random.Random(seed).sample(homes, NOISY)):
            taken = row["collision"] in ("matches_other_only", "matches_label_and_other")
            yield int(row["source_uprn"]), row["recorded_address"], row["recorded_postcode"], taken


def write_components(gazetteer: Path, to: Path) -> list[str]:
    """Every property in its parts, as `address-errors` wants them; returns the homes."""
    found = duckdb.execute(
        "select uprn, class, parent_uprn, address, postcode, street, usrn, residential from read_parquet(?) "
        "where logical_status = 1 order by uprn",
        [str(gazetteer)],
    ).fetchall()
    with to.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(FIELDS)
        for uprn, kind, parent, address, postcode, street, usrn, _ in found:
            parts = in_parts([part for part in address.upper().split(", ") if part != postcode], street.upper())
            writer.writerow([uprn, *parts, postcode, kind or "", parent or "", usrn or ""])
    return [str(row[0]) for row in found if row[-1]]


def in_parts(lines: list[str], street: str) -> list[str]:
    """Unit, name, number, street, locality and town."""
    at = next((n for n, line in enumerate(lines) if line.endswith(street)), len(lines) - 1)
    before, number = lines[:at], lines[at].removesuffix(street).strip()
    unit = before.pop(0) if before and (before[0].startswith(UNITS) or before[0].endswith(" FLAT")) else ""
    if number and not number[0].isdigit():
        before, number = [*before, number], ""
    after = lines[at + 1 :] or [""]
    return [unit, " ".join(before), number, street, " ".join(after[:-1]), after[-1]]


def timed(run: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = run()
    return time.perf_counter() - begun, result


def matcher_alone(register: Path, gazetteer: Path) -> duckdb.DuckDBPyRelation:
    """`person, uprn` by its own three stages, on each distinct address once."""
    for name in ("uk_address_matcher", "splink"):
        logging.getLogger(name).setLevel(logging.ERROR)
    con = duckdb.connect()
    con.execute(
        f"create table homes as select uprn as unique_id, address as address_concat, postcode "
        f"from read_parquet('{gazetteer}') where residential"
    )
    con.execute(
        f"create table said as select row_number() over () as unique_id, address as address_concat, "
        f"coalesce(postcode, '') as postcode, list(person) as people from read_parquet('{register}') group by 2, 3"
    )
    matcher = AddressMatcher(
        canonical_addresses=con.table("homes"),
        addresses_to_match=con.table("said").project("unique_id, address_concat, postcode"),
        con=con,
        stages=[ExactMatchStage(), UniqueTrigramStage(), SplinkStage()],
        cleaning_num_chunks=1,
        show_progress="off",
    )
    matcher.match().matches().create("found")
    return con.sql(
        "select unnest(people) as person, resolved_canonical_id as uprn from found join said using (unique_id) "
        "where resolved_canonical_id is not null"
    )


def score(files: dict[str, Path], found: duckdb.DuckDBPyRelation, seconds: float) -> Score:
    """Truth is by line of the register file; its `uprn` is the home that the entry is really for."""
    with duckdb.connect() as con:
        con.register("found", found.to_arrow_table())
        row = con.execute(
            f"""
            with truth as (
                select r.person, t.uprn, t.uprn in (
                    select uprn from read_parquet('{files["gazetteer"]}') where residential) as linkable
                from read_parquet('{files["register"]}') r
                join read_parquet('{BOROUGH}/truth/electors.parquet') t on t.on1 and t.line = r.line)
            select avg((f.uprn = t.uprn)::int) filter (f.uprn is not null),
                avg(coalesce(f.uprn = t.uprn, false)::int) filter (linkable)
            from truth t left join found f using (person)
            """
        ).fetchone()
    precision, recall = row or (0.0, 0.0)
    return Score(precision, recall, seconds)


def said(score: Score) -> str:
    return f"precision {score.precision:.5f}, recall {score.recall:.5f}, {score.seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
