"""Who else is known to live in each home: people whom a record names there and the register does not have.

A figure of what the council's systems say, not of who is there: no list names 4 in 10 of those who are missing (grown
children, sharers), and some it names have moved on. A blue badge may confirm an elector and counts for nothing here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.files import cells
from engage.foundation.folders import writing
from engage.foundation.lake import Snapshot, current, current_by_name
from engage.foundation.libraries import stats
from engage.foundation.office import Actor, Office
from segments.records import entries, score, weights
from segments.records.arrival import KIND
from segments.records.decision import NO
from segments.records.layouts import BY_SOURCE
from segments.records.retention import CANVASS_ENDS
from segments.safeguards import protected

NOT_NAMED = "No list names 4 in 10 of the people who are missing"
UNNAMED = 0.4
COLUMNS = ("known_not_registered", "known_low", "known_high", "moved_in", "nobody_knows", "score")
MOVES = tuple(name for name, layout in BY_SOURCE.items() if layout.began_is_moving)
RANGE = 0.95


@dataclass(frozen=True)
class Held:
    """The records that stand, all sources together, without homes that must not be seen."""

    names: pl.DataFrame
    snapshots: list[Snapshot]


def held(office: Office, authority: str, sources: Iterable[str] | None = None) -> Held:
    with office.database.session() as session:
        found = current_by_name(session, authority, KIND)
    return of(office, authority, [found[name] for name in found if sources is None or name in sources])


def of(office: Office, authority: str, deliveries: Iterable[Snapshot]) -> Held:
    chosen = sorted(deliveries, key=lambda each: list(BY_SOURCE).index(each.name))
    if not chosen:
        raise InputRefused("None of the council's own records are here. Import them: engage import council-records.")
    tables = [
        pl.read_parquet(office.lake.file(each)).with_columns(
            source=pl.lit(each.name),
            as_at=pl.lit(each.as_at),
            as_written=pl.lit(each.report.get("as_written"), pl.Float64),
        )
        for each in chosen
    ]
    unseen = pl.col("home").is_in(hidden(office, authority))
    names = pl.concat(tables).with_columns(
        matched=pl.when(unseen).then(pl.lit("review")).otherwise("matched"),
        home=pl.when(unseen).then(None).otherwise("home"),
    )
    return Held(names, chosen)


def hidden(office: Office, authority: str) -> list[int]:
    """Homes that must not be seen, as things stand now: a list may have come in since the records."""
    with office.database.session() as session:
        gazetteer = current(session, authority, "gazetteer")
        return protected.hidden(office, session, gazetteer) if gazetteer else []


def live_there(names: pl.DataFrame) -> pl.DataFrame:
    """The names that tell of somebody who lives in the home now, if the source is right: no landlords, no accounts that
    have ended, nobody who died, and nothing that may only confirm."""
    told = [name for name, layout in BY_SOURCE.items() if layout.tells]
    return names.filter(
        pl.col("source").is_in(told), pl.col("home").is_not_null(), ~pl.col("ended"), ~pl.col("away"),
        pl.col("kind") == "person",
    )  # fmt: skip


def aged(there: pl.DataFrame) -> pl.DataFrame:
    """`old`: known since before the household that pays council tax now came."""
    came = there.filter(pl.col("source") == "council_tax").group_by("home").agg(came=pl.col("began").max())
    return there.join(came, on="home", how="left").with_columns(
        old=(pl.col("began") < pl.col("came")).fill_null(value=False)
    )


def people(names: pl.DataFrame) -> pl.DataFrame:
    """`home, who, likely, moved_in`: each person once, however many sources name them."""
    came = pl.col("source").is_in(MOVES) & (pl.col("began") >= _last_canvass())
    return (
        unknown(names)
        .group_by("home", "who")
        .agg(likely=1 - (1 - pl.col("weight")).product(), moved_in=came.fill_null(value=False).any())
    )


def unknown(names: pl.DataFrame) -> pl.DataFrame:
    """The names that the register does not have, with how far each is believed, and from and to how far: wholly, as
    nearly as anybody is, where no other list told (`told`)."""
    there = aged(live_there(names))
    told = there.filter(pl.col("matched") == NO, pl.col("who").is_not_null()).join(
        weights.of_sources(there), on=["source", "old"], how="left"
    )
    return told.with_columns(
        pl.col("weight", "low", "high").fill_null(weights.MOST), told=pl.col("weight").is_not_null()
    )


def _last_canvass() -> pl.Expr:
    """The day the register was published after the canvass before the records, by which who lived there was asked."""
    before = pl.col("as_at").dt.month() < CANVASS_ENDS[0]
    return pl.date(pl.col("as_at").dt.year() - before.cast(pl.Int32), *CANVASS_ENDS)


def homes(office: Office, authority: str, names: pl.DataFrame) -> pl.DataFrame:
    """COLUMNS of each home with something to say, those with the highest score first."""
    with office.database.session() as session:
        table = current(session, authority, "households")
        register = current(session, authority, "electors")
    electors = pl.read_parquet(office.lake.file(register), columns=["person", "uprn"]) if register else None
    if table is None:
        return _ordered(_known(names, electors).with_columns(score="known_not_registered"))
    expected = pl.read_parquet(office.lake.file(table), columns=["uprn", "gap", "electors"]).rename({"uprn": "home"})
    told = scored(names, electors, expected)
    with office.database.reading() as session:
        return _ordered(score.learnt(session, authority, told))


def scored(names: pl.DataFrame, electors: pl.DataFrame | None, expected: pl.DataFrame) -> pl.DataFrame:
    """`home` and COLUMNS with the score as it comes, and `gap` and `electors` of the homes expected; `evidence` says
    where a record names anybody."""
    named = names.filter(pl.col("home").is_not_null()).select("home", evidence=pl.lit(value=True)).unique()
    both = (
        expected.join(_known(names, electors), on="home", how="full", coalesce=True)
        .join(named, on="home", how="left")
        .with_columns(pl.col(*COLUMNS[:-1], "gap", "electors").fill_null(0), pl.col("evidence").fill_null(value=False))
    )
    return both.with_columns(score=pl.col("known_not_registered") + _unnamed(both))


def _known(names: pl.DataFrame, electors: pl.DataFrame | None) -> pl.DataFrame:
    """`home` and COLUMNS but for the score."""
    known = _of_people(names)
    if electors is None:
        return known.with_columns(nobody_knows=pl.lit(0, pl.Int64))
    gone = entries.nobody_knows(electors, names, live_there(names))
    return known.join(gone, on="home", how="full", coalesce=True).with_columns(pl.col(COLUMNS[:-1]).fill_null(0))


def _of_people(names: pl.DataFrame) -> pl.DataFrame:
    """`home` and what is known of it of the people whom the register does not have there."""
    counted = people(names).group_by("home").agg(
        pl.col("likely").round(3).sort(),
        known_not_registered=pl.col("likely").sum().round(3),
        moved_in=pl.col("likely").filter("moved_in").sum().round(3),
    )  # fmt: skip
    ends = [between(tuple(each)) for each in counted["likely"].to_list()]
    return counted.drop("likely").with_columns(
        pl.Series("known_low", [low for low, _ in ends], dtype=pl.Int64),
        pl.Series("known_high", [high for _, high in ends], dtype=pl.Int64),
    )


@lru_cache(maxsize=10_000)
def between(likely: tuple[float, ...]) -> tuple[int, int]:
    """From and to how many of these people live there, 19 times in 20."""
    low, high = stats.poisson_binom.interval(RANGE, list(likely))
    return int(low), int(high)


def _unnamed(homes: pl.DataFrame) -> pl.Series:
    """Those whom no list names, shared out over the homes where more adults are expected than anybody knows of."""
    left = (homes["gap"] - homes["known_not_registered"]).clip(lower_bound=0.0)
    more, room = float(sum(homes["known_not_registered"])) * UNNAMED / (1 - UNNAMED), float(sum(left))
    return left * min(1.0, more / room) if room else left


def _ordered(told: pl.DataFrame) -> pl.DataFrame:
    return (
        told.select(*COLUMNS[:-1], pl.col("score").round(4), home_uprn="home")
        .select("home_uprn", *COLUMNS)
        .sort("score", "home_uprn", descending=[True, False])
    )


def export(office: Office, actor: Actor, matches: Path | None, to_homes: Path | None) -> dict[str, int]:
    """Write what was found of each name and of each home. It is recorded who took it."""
    found = held(office, actor.authority)
    written = {}
    if matches:
        told = found.names.select("source", "home", "matched", source_ref="ref")
        rows = told.select("source", "source_ref", home_uprn="home", matched="matched")
        written["names"] = _write(rows, matches)
    if to_homes:
        written["homes"] = _write(homes(office, actor.authority, found.names), to_homes)
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
            act="export local matching", subject=f"{len(found.snapshots)} sources", **written,
        )  # fmt: skip
    return written


def _write(rows: pl.DataFrame, to: Path) -> int:
    with writing(to, encoding="utf-8", newline="") as out:
        return cells.write(out, rows.columns, rows.iter_rows())
