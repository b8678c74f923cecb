"""The council's own records on their way in: read in memory, tied to homes and to the register, and the names let go.

What is kept of a record is its reference, its home, and whether the register has the person there. Of a person whom it
has not, one short keyed hash is kept, by which two sources that name the same person are seen to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from engage.foundation import audit, data_keys, identity
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments.homes import registrations
from segments.importing.workspace import scratch
from segments.names.keys import hashed, initialled
from segments.records import births, evidence, extracts, homes
from segments.records.decision import NO, REVIEW, YES, decide
from segments.records.extracts import Records
from segments.records.layouts import Layout
from segments.safeguards import protected

KIND = "council-records"
COLUMNS = (
    "row", "ref", "name_no", "home", "matched", "level", "likely", "person", "who", "kind", "began", "ended", "away",
)  # fmt: skip
AGAIN = (
    "The register here was imported before names were kept as hashes, so nobody on it can be known again. Import the "
    "register once more, then these records. Nothing was kept."
)


@dataclass(frozen=True)
class Standing:
    """What the records are held against."""

    register: Snapshot
    gazetteer: Snapshot
    postcodes: Snapshot | None
    electors: Snapshot
    hidden: frozenset[int]
    key: str


def bring_in(
    office: Office, actor: Actor, files: Sequence[tuple[Layout, Path]], as_at: date
) -> list[Snapshot]:  # fmt: skip
    """One snapshot for each file, all together or none; their addresses are linked in one run."""
    if as_at > today(office.clock):
        raise InputRefused(f"The date {as_at} is in the future. Give the day the records speak of.")
    standing = _standing(office, actor)
    with scratch(office.lake) as folder:
        every = [extracts.read(office, actor, layout, path, as_at, folder) for layout, path in files]
        at = homes.of_records(
            every, office.lake.file(standing.gazetteer), office.keys, folder,
            office.lake.file(standing.postcodes) if standing.postcodes else None,
        ).filter(~pl.col("home").is_in(list(standing.hidden)))  # fmt: skip
    for each in every:
        each.rows = each.rows.drop(extracts.OF_THE_HOME)  # it is known now, and a million addresses are much
    electors = people(office, standing)
    tables = _matched(office, every, at, standing, electors)
    ages = births.bands(office, standing.register, electors)
    return _keep(office, actor, every, tables, as_at, standing, ages)


def _standing(office: Office, actor: Actor) -> Standing:
    with office.database.session() as session:
        identity.authority(session, actor.authority)
        register = current(session, actor.authority, "register")
        gazetteer = current(session, actor.authority, "gazetteer")
        postcodes = current(session, actor.authority, "postcodes")
        key = data_keys.standing(session, "names", actor.authority, "")
    if register is None or gazetteer is None:
        missing = "register" if register is None else "gazetteer"
        raise InputRefused(f"There is no {missing} here to hold these records against. Import it first.")
    if "names" not in pl.read_parquet_schema(office.lake.file(register)) or key is None:
        raise InputRefused(AGAIN)
    electors = registrations.link(office, actor, register)
    with office.database.session() as session:
        hidden = frozenset(protected.hidden(office, session, gazetteer))
    return Standing(register, gazetteer, postcodes, electors, hidden, office.keys.masters.unwrap(key))


def people(office: Office, standing: Standing) -> pl.DataFrame:
    register = pl.read_parquet(office.lake.file(standing.register), columns=list(REGISTER))
    linked = pl.read_parquet(office.lake.file(standing.electors))
    waiting = homes.waiting(office.lake.at(str(standing.electors.report["questions_file"])))
    return evidence.electors(register, linked, waiting)


REGISTER = ("person", "names", "uprn", "address", "postcode")


def _matched(
    office: Office, every: Sequence[Records], at: pl.DataFrame, standing: Standing, electors: pl.DataFrame
) -> list[pl.DataFrame]:  # fmt: skip
    """Each file's table, in the order of the file."""
    told = [
        each.names.join(each.rows, on="row", maintain_order="left").with_columns(source=pl.lit(each.layout.source))
        for each in every
    ]
    names = pl.concat(told).with_row_index("nid").with_columns(pl.col("nid").cast(pl.Int64))
    persons = names.filter(pl.col("kind") != "company").select(
        "nid", "source", "row", "title", "given", "family", "birth"
    )
    there = persons.select("nid", "source", "row").join(at, on=["source", "row"]).select("nid", "home", "how", "place")
    spots = there.select("nid", "home")
    met = evidence.found(persons, spots, electors, standing.key)
    chances = evidence.of_others(persons, met, spots, electors, standing.key)
    met = births.hold_against(office, standing.register, persons, met, electors)
    decided = names.join(decide(persons, there, met, chances), on="nid", how="left", maintain_order="left")
    kept = _without_names(decided, electors, standing.key)
    return [kept.filter(pl.col("source") == each.layout.source) for each in every]


def _without_names(decided: pl.DataFrame, electors: pl.DataFrame, key: str) -> pl.DataFrame:
    """A keyed hash for whom the register does not have; of whom it has, the register's own, and whether it would have
    been the same (`alike`), from which it is counted how a source writes."""
    unknown = pl.col("matched") != YES
    said = [initialled(tuple(g), tuple(f)) for g, f in decided.select("given", "family").iter_rows()]
    who = hashed(pl.col("said"), pl.col("home").cast(pl.String), key)
    at_home = electors.filter(pl.col("place") == pl.col("home").cast(pl.String))
    theirs = at_home.select("home", "person", "names").unique(["home", "person"])
    told = decided.with_columns(pl.Series("said", said, dtype=pl.String)).join(
        theirs, on=["home", "person"], how="left", maintain_order="left"
    )
    return told.with_columns(
        alike=pl.when(~unknown).then(pl.col("names").list.contains(who)),
        home=pl.when(pl.col("matched").is_null()).then(None).otherwise("home"),
        person=pl.when(unknown).then(None).otherwise("person"),
    ).with_columns(
        matched=pl.col("matched").fill_null(REVIEW),
        who=pl.when(unknown & pl.col("home").is_not_null()).then(who),
        ended=pl.col("ended"),
    )


def _keep(
    office: Office, actor: Actor, every: Sequence[Records], tables: Sequence[pl.DataFrame], as_at: date,
    standing: Standing, ages: pl.DataFrame,
) -> list[Snapshot]:  # fmt: skip
    staged = []
    for table in tables:
        staged.append(office.lake.stage())
        table.select(COLUMNS).write_parquet(staged[-1], compression="zstd")
    made = []
    with office.database.session() as session:
        for records, table, path in zip(every, tables, staged, strict=True):
            report = _report(records, table, standing, ages)
            made.append(office.lake.commit(
                session, path, authority=actor.authority, kind=KIND, name=records.layout.source, as_at=as_at,
                made_at=office.clock.now(), made_by=actor.label, rows=len(table), source=records.digest, report=report,
            ))  # fmt: skip
            audit.record(
                session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
                act="import council records", subject=f"snapshot {made[-1].id}", rows_read=records.read,
                accepted=records.rows.height, names=len(table),
            )  # fmt: skip
    return made


def _report(records: Records, table: pl.DataFrame, standing: Standing, ages: pl.DataFrame) -> dict[str, Any]:
    answers = dict(table.group_by("matched").len().iter_rows())
    return {
        "source": records.layout.source, "file": records.file, "rows_read": records.read,
        "accepted": records.rows.height, "rejected": dict(records.rejected), "names": len(table),
        **{answer: int(answers.get(answer, 0)) for answer in (YES, NO, REVIEW)},
        "register": standing.register.id, "as_written": table["alike"].mean(),
        "ages": _ages(table, ages),
    }  # fmt: skip


def _ages(table: pl.DataFrame, ages: pl.DataFrame) -> dict[str, list[int]]:
    """By band how many electors there are, and how many of them the source has at their home. Counts alone: the dates
    are gone when the run is over."""
    there = table.filter(pl.col("matched") == YES, ~pl.col("ended"), ~pl.col("away")).select("home", "person").unique()
    told = ages.join(there.with_columns(known=pl.lit(value=True)), on=["home", "person"], how="left")
    counted = told.group_by("band").agg(pl.len(), pl.col("known").sum())
    return {band: [electors, known] for band, electors, known in counted.sort("band").iter_rows()}
