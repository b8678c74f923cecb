"""How far each source is to be believed, against made-up lists whose truth is known."""

import numpy as np
import polars as pl
import pytest

from segments.records import known, weights

HOMES = 6_000


def lists(gone: float, written: float, seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of each home two people: council tax knows both with 0.9 each, the list of bins one of them. `gone` of its records
    are of who lived there before, and `written` of all names are written as on the register. 0.8 are registered."""
    rng = np.random.default_rng(seed)
    home = np.arange(HOMES)
    out_of_date = rng.random(HOMES) < gone
    rows = []
    for source, has in (("council_tax", 0.9), ("garden_waste", 0.5)):
        for person in ("a", "b"):
            there = rng.random(HOMES) < has
            alike = rng.random(HOMES) < written
            moved = out_of_date if source == "garden_waste" else np.zeros(HOMES, dtype=bool)
            registered = np.where(moved, rng.random(HOMES) < 0.3, (home * 7 + ord(person)) % 10 < 8)
            who = (home * 10 + ord(person)) * 10 + np.where(moved, 1, 0) + np.where(alike, 0, 2 + has * 6).astype(int)
            rows.append(pl.DataFrame({
                "source": source, "home": home, "matched": np.where(registered, "yes", "no"),
                "person": [f"{h}{person}{m}" for h, m in zip(home, moved, strict=True)], "who": who,
                "lives": ~moved, "old": False, "as_written": written,
            }).filter(there))  # fmt: skip
    named = pl.concat(rows)
    alone = named.filter(source="garden_waste").join(
        named.filter(source="council_tax").select("home", "who").unique(), on=["home", "who"], how="anti"
    )
    return named, alone.filter(matched="no")


@pytest.mark.parametrize(("gone", "written"), [(0.04, 0.98), (0.15, 0.9)])
def test_three_lists_tell_how_many_of_a_source_still_live_there(gone: float, written: float) -> None:
    """Of names that neither the register nor council tax has, far fewer than of all names of the source. Whoever has
    gone and is on the register still makes it a little too many."""
    named, alone = lists(gone, written)
    told = {row["source"]: row for row in weights.of_sources(named).filter(~pl.col("old")).to_dicts()}
    bins, tax = told["garden_waste"], told["council_tax"]
    true = float(alone["lives"].mean())  # type: ignore[arg-type]
    assert true < (1 - gone) * 0.85
    assert abs(bins["weight"] - true) < 0.1
    assert bins["low"] < min(bins["weight"], true) < max(bins["weight"], true) < bins["high"] < bins["low"] + 0.5
    assert tax["weight"] > 0.9


def test_nothing_is_told_of_a_source_that_shares_no_home() -> None:
    named, _ = lists(0.1, 0.95)
    assert weights.of_sources(named.filter(source="council_tax")).is_empty()
    apart = named.with_columns(
        home=pl.when(pl.col("source") == "council_tax").then(-pl.col("home") - 1).otherwise("home")
    )
    assert weights.of_sources(apart).is_empty()
    assert weights.of_sources(named.clear()).is_empty()


def test_how_many_live_there_is_told_with_its_ends() -> None:
    assert [known.between(each) for each in ((0.98,), (0.5,), (0.9, 0.9), (0.98, 0.98, 0.98))] == [
        (1, 1), (0, 1), (1, 2), (2, 3),
    ]  # fmt: skip
