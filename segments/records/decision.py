"""Yes, no or to review: how likely it is that the elector a name met is the person it names.

Nothing is learnt from answers. How often another person of the home is met at each level is measured on the records
themselves (`evidence.of_others`); held against how many names of a source are not met at all, it tells how many of
those met at that level are somebody else. A source with many names that nobody on the register has is believed less.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import groupby

import polars as pl

from segments.records import evidence
from segments.records.evidence import (
    EXACT,
    FORM,
    INITIAL_SLIPPED,
    INITIALLED,
    SAME_GIVEN,
    SAME_INITIAL,
    SLIPPED,
    SOUNDED,
    TURNED,
)

YES, NO, REVIEW = "yes", "no", "review"
SURE_YES = 0.9
RATHER_MANY = 50.0  # names of every source, that the figures of a small one are steadied by
TELLS_HOME = (EXACT, FORM, SLIPPED, TURNED)  # that tell which of a few homes a record is of
SURNAME_CHANGES = ("mrs", "miss", "ms")
SAME_GIVEN_MAN = SAME_GIVEN + 1
FLOOR = 1e-4  # of the chance to meet another person, where the sample shows none


def decide(names: pl.DataFrame, at: pl.DataFrame, met: pl.DataFrame, chances: Mapping[int, float]) -> pl.DataFrame:
    """`nid, home, person, level, likely, matched, sure_home`: one row for each name.

    `names` has nid, source, row, title; `at` nid, home, how, place in order; `met` is `evidence.found`."""
    told = _settled(met.join(names.select("nid", "source", "row", "title"), on="nid"))
    placed = _homes(names, at, told)
    best = (
        placed.join(told.select("nid", "home", "person", "level", "shared"), on=["nid", "home"], how="left")
        .sort("nid", "level", "person", nulls_last=True).unique("nid", keep="first", maintain_order=True)
        .with_columns(pl.col("level").fill_null(evidence.NOTHING))
        .join(names.select("nid", "source", alone=_initials_alone()), on="nid")
    )  # fmt: skip
    likely = best.join(_likely(best, chances), on=["source", "level"], how="left")
    return likely.select(
        "nid", "home", "person", "level", "sure_home", likely=pl.col("likely").fill_null(0.0), matched=_matched()
    ).sort("nid")


def _initials_alone() -> pl.Expr:
    return pl.col("given").list.eval(pl.element().str.len_chars()).list.max() == 1


def _settled(met: pl.DataFrame) -> pl.DataFrame:
    """An elector is one person of a record, and so is a name: where two names of one record met one elector, each is
    given its own, so that together they are met by most. `shared` where another could as well have had it."""
    woman = pl.col("title").is_in(list(SURNAME_CHANGES)).fill_null(value=False)
    told = met.with_columns(
        level=pl.when((pl.col("level") == SAME_GIVEN) & ~woman).then(SAME_GIVEN_MAN).otherwise("level")
    )
    claimed = pl.col("nid").n_unique().over("source", "row", "home", "person") > 1
    contested = claimed.any().over("source", "row", "home")
    told = told.with_columns(contested=contested)
    plain = told.filter(~pl.col("contested")).with_columns(shared=pl.lit(value=False))
    fought = told.filter("contested").sort("source", "row", "home", "level", "nid", "person")
    return pl.concat([plain, _shared_out(fought)]).drop("contested")


def _shared_out(fought: pl.DataFrame) -> pl.DataFrame:
    kept: list[tuple[int, bool]] = []
    indexed = fought.with_row_index("n")
    for _, rows in groupby(
        indexed.select("source", "row", "home", "n", "nid", "person", "level").iter_rows(), key=lambda row: row[:3]
    ):
        kept += _one_to_one([row[3:] for row in rows])
    chosen = pl.DataFrame(kept, schema={"n": pl.UInt32, "shared": pl.Boolean}, orient="row")
    return indexed.join(chosen, on="n").drop("n")


def _one_to_one(claims: list[tuple[int, int, str, int]]) -> list[tuple[int, bool]]:
    """Of `n, nid, person, level` in order of level: the strongest first, those with least choice first among equals."""
    choice = Counter(nid for _, nid, _, _ in claims)
    left = sorted(claims, key=lambda claim: (claim[3], choice[claim[1]], claim[0]))
    rivals = Counter((person, level) for _, _, person, level in claims)
    named, taken, kept = set[int](), set[str](), list[tuple[int, bool]]()
    for n, nid, person, level in left:
        if nid in named or person in taken:
            continue
        named.add(nid)
        taken.add(person)
        kept.append((n, rivals[person, level] > 1))
    return [(n, shared and len(taken) < len(choice)) for n, shared in kept]


def _homes(names: pl.DataFrame, at: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """`nid, home, sure_home`: that of the address, else of the few it may be the one where the name is known."""
    record = names.select("nid", "source", "row").join(at, on="nid")
    sure = record.filter(pl.col("place") == 0).select("nid", "home", sure_home=pl.lit(value=True))
    open_ = record.join(sure, on="nid", how="anti")
    told = told.filter(pl.col("level").is_in(list(TELLS_HOME))).select("source", "row", "home").unique()
    known = open_.join(told, on=["source", "row", "home"]).select("source", "row", "home").unique()
    only = known.filter(pl.len().over("source", "row") == 1).with_columns(known=pl.lit(value=True))
    ranked = open_.join(only, on=["source", "row", "home"], how="left").sort("nid", "known", "place", nulls_last=True)
    best = ranked.unique("nid", keep="first", maintain_order=True)
    return pl.concat([sure, best.select("nid", "home", sure_home=pl.col("known").fill_null(value=False))])


def _likely(best: pl.DataFrame, chances: Mapping[int, float]) -> pl.DataFrame:
    """`source, level, likely`, of the names of a source that met an elector at a level."""
    counted = best.filter("sure_home").group_by("source", "level", "alone").len()
    strangers = counted.filter(pl.col("level") == evidence.NOTHING).group_by("source", "alone").agg(unmet=pl.sum("len"))
    at_level = counted.filter(pl.col("level") < evidence.NOTHING).join(strangers, on=["source", "alone"], how="left")
    summed = at_level.group_by("source", "level").agg(pl.sum("len"), pl.col("unmet").fill_null(0).sum())
    every = summed.group_by("level").agg(all_met=pl.sum("len"), all_unmet=pl.sum("unmet"))
    steadied = summed.join(every, on="level").with_columns(
        n=pl.col("len") + RATHER_MANY * pl.col("len").clip(upper_bound=1),
        others=pl.col("unmet") + RATHER_MANY * pl.col("all_unmet") / pl.col("all_met"),
    )  # fmt: skip
    chance = pl.col("level").replace_strict(
        _every(chances, _kin(counted, chances)), default=FLOOR, return_dtype=pl.Float64
    )
    return steadied.select("source", "level", likely=(1 - chance * pl.col("others") / pl.col("n")).clip(0.0, 1.0))


def _kin(counted: pl.DataFrame, chances: Mapping[int, float]) -> float:
    """How often those whom nobody on the register is share a surname with somebody there, beside how often two who
    live together do: at most as often as surname and another initial are met."""
    whole = counted.filter(~pl.col("alone"))
    met = sum(whole.filter(pl.col("level") == SAME_INITIAL)["len"].to_list())
    unmet = sum(whole.filter(pl.col("level") == evidence.NOTHING)["len"].to_list())
    expected = chances.get(SAME_INITIAL, 0.0) * (unmet + met)
    return min(1.0, met / expected) if expected else 1.0


def _every(chances: Mapping[int, float], kin: float) -> dict[int, float]:
    found = {level: max(chances.get(level, 0.0), FLOOR) for level in range(SAME_GIVEN + 1)}
    found |= {level: found[level] * kin for level in (INITIALLED, INITIAL_SLIPPED, SOUNDED)}
    return found | {SAME_GIVEN_MAN: found[SAME_GIVEN]}


def _matched() -> pl.Expr:
    doubtful = pl.col("shared").fill_null(value=False) & (pl.col("level") >= INITIALLED)
    unknown = ~pl.col("sure_home")
    nothing = pl.col("level") == evidence.NOTHING
    return (
        pl.when(unknown).then(pl.lit(REVIEW))
        .when((pl.col("likely") >= SURE_YES) & ~doubtful).then(pl.lit(YES))
        .when(nothing).then(pl.lit(NO))
        .otherwise(pl.lit(REVIEW))
    )  # fmt: skip
