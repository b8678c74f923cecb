"""The entries of the register as the records see them: confirmed, or of somebody whom nobody knows there any more.

It is a sign that somebody may have left, for an officer to look at. It ends no entry: that takes two sources and the
law's own steps (2001 Regs, regs 31C to 31D).
"""

import polars as pl

from segments.records.decision import NO, YES
from segments.records.layouts import BY_SOURCE

ANSWERED = pl.lit(value=True)


def matched_homes(electors: pl.DataFrame, names: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """`uprn, matched` of each home with electors: yes where every elector is confirmed and nobody else is known."""
    confirmed = _confirmed(names).rename({"home": "uprn"}).with_columns(seen=ANSWERED)
    others = live.filter(matched=NO).select(uprn="home").unique().with_columns(more=ANSWERED)
    told = electors.join(confirmed, on=["person", "uprn"], how="left").group_by("uprn").agg(
        every=pl.col("seen").fill_null(value=False).all()
    )  # fmt: skip
    both = told.join(others, on="uprn", how="left")
    answer = pl.when(pl.col("every") & pl.col("more").is_null()).then(pl.lit(YES)).otherwise(pl.lit(NO))
    return both.select("uprn", matched=answer).sort("uprn")


def _confirmed(names: pl.DataFrame) -> pl.DataFrame:
    """`person, home` of whom a record that holds has there: an account that has ended confirms nobody."""
    alive = [name for name, layout in BY_SOURCE.items() if not layout.of_deaths]
    held_there = names.filter(
        ~pl.col("ended"), ~pl.col("away"), pl.col("kind") == "person", pl.col("source").is_in(alive), matched=YES
    )
    return held_there.select("person", "home").unique()


def nobody_knows(electors: pl.DataFrame, names: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """`home, nobody_knows`: entries whom no record has there any more, where an account of theirs has ended, their
    death was told, or all whom council tax has there now are others. Where it has one of the entries, the rest may be
    their children or share with them: those are not counted, as most of them live there."""
    entries = electors.select("person", home="uprn").with_columns(here=ANSWERED)
    unseen = entries.join(_confirmed(names), on=["person", "home"], how="anti")
    left = names.filter(_tells_of_leaving(), matched=YES).select("person", "home").unique()
    payers = live.filter(source="council_tax").group_by("home").agg(
        strangers=(pl.col("matched") == NO).all()
    ).filter("strangers")  # fmt: skip
    replaced = payers.join(entries.join(unseen, on=["person", "home"], how="anti"), on="home", how="anti")
    gone = unseen.join(left.with_columns(left=ANSWERED), on=["person", "home"], how="left").join(
        replaced, on="home", how="left"
    )
    return gone.filter(pl.col("left") | pl.col("strangers")).group_by("home").agg(nobody_knows=pl.len().cast(pl.Int64))


def _tells_of_leaving() -> pl.Expr:
    deaths = [name for name, layout in BY_SOURCE.items() if layout.of_deaths]
    return pl.col("ended") | pl.col("source").is_in(deaths) | (pl.col("kind") == "dead")
