"""How far a name that the register does not have is to be believed, source by source, told by the records themselves.

Three lists are held against each other, as in capture and recapture: the source, the register and the list that knows
most homes (council tax). Of the names of a source that the register confirms, some share is on that list as well. Were
all the others true, too, the same share of them would be there; as far as fewer are, they are of people who have gone.
Two systems may write one name in two ways, so the share is lessened by how often each writes as the register does.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from segments.records.decision import NO, YES

Figures = npt.NDArray[np.float64]
Rates = dict[bool, tuple[Figures, Figures]]  # by whether names are old: how many live there, and of how many
DRAWS = 200  # of all homes, by which an interval is found
APART = 0.2  # of the logarithm of the odds of being on one list, by whether somebody is on another
STEADY = 20.0  # names, that the figure of a small source is steadied by
LEAST, MOST = 0.02, 0.98  # nobody is believed wholly, nor not at all
OF_NAMES = ("confirmed", "both", "new_there", "new_not", "old_there", "old_not")
SCHEMA = {"source": pl.String, "old": pl.Boolean, "weight": pl.Float64, "low": pl.Float64, "high": pl.Float64}


def of_sources(there: pl.DataFrame) -> pl.DataFrame:
    """`source, old, weight, low, high` of names that live there now by their source, with `source, home, matched, old,
    person, who, as_written`. `weight` is of a name that neither the register nor the largest list has; of the largest
    list itself, of all its names that the register does not have. Nothing is told where no two sources share a home."""
    named = there.filter(pl.col("matched").is_in([YES, NO])).with_columns(who=_whose())
    largest = _largest(named)
    others = [each for each in named["source"].unique().sort().to_list() if each != largest]
    counts = [counted for each in others for counted in [_beside(named, each, largest)] if len(counted)]
    if not counts:
        return pl.DataFrame(schema=SCHEMA)
    alike = _alike(there, largest)
    told = [each["source"][0] for each in counts]
    shared = [alike[each] for each in told]
    draws = [_drawn(each) for each in counts]
    rates = [_rates(each, much) for each, much in zip(draws, shared, strict=True)]
    overall = _of_largest(draws, rates, shared)
    return pl.concat([_told_of_others(told, rates), *(_row(largest, old, overall) for old in (False, True))])


def _whose() -> pl.Expr:
    return pl.when(pl.col("matched") == YES).then(pl.col("person")).otherwise(pl.col("who").cast(pl.String))


def _largest(named: pl.DataFrame) -> str:
    homes = named.group_by("source").agg(pl.col("home").n_unique()).sort("home", "source", descending=[True, False])
    return str(homes["source"][0]) if len(homes) else ""


def _alike(there: pl.DataFrame, largest: str) -> dict[str, float]:
    """How often a source and the largest write somebody's name alike, as each does it as the register."""
    written = dict(there.group_by("source").agg(pl.col("as_written").first().fill_null(1.0)).iter_rows())
    return {source: float(share * written[largest]) for source, share in written.items()}


def _beside(named: pl.DataFrame, source: str, largest: str) -> pl.DataFrame:
    """What the homes that both know hold, a row for each that is different, with how many homes are like that. The
    last four columns are the same seen from the largest: its names, and those of them that the source has."""
    own, theirs = (named.filter(source=each) for each in (source, largest))
    both = own.select("home").unique().join(theirs.select("home").unique(), on="home")
    mine = _met(own.join(both, on="home"), theirs).with_columns(state=_state())
    other = _met(theirs.join(both, on="home"), own.filter(~pl.col("old")))
    counted = mine.group_by("home").agg(
        confirmed=(pl.col("state") == "confirmed").sum(), both=((pl.col("state") == "confirmed") & pl.col("met")).sum(),
        **{name: (pl.col("state") == name).sum() for name in OF_NAMES[2:]},
    )  # fmt: skip
    seen = other.group_by("home").agg(
        sure=(pl.col("matched") == YES).sum(), sure_met=((pl.col("matched") == YES) & pl.col("met")).sum(),
        unknown=(pl.col("matched") == NO).sum(), unknown_met=((pl.col("matched") == NO) & pl.col("met")).sum(),
    )  # fmt: skip
    fresh = own.filter(~pl.col("old")).select("home").unique()
    every = counted.join(seen.join(fresh, on="home"), on="home", how="left").fill_null(0).with_columns(
        doubted=pl.when((pl.col("new_not") > 0) & (pl.col("new_there") == 0)).then("unknown").otherwise(0)
    ).drop("home")  # fmt: skip
    return every.group_by(every.columns).len("homes").sort(every.columns).with_columns(source=pl.lit(source))


def _met(names: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    there = theirs.select("home", "who").drop_nulls().unique().with_columns(met=pl.lit(value=True))
    return names.join(there, on=["home", "who"], how="left").with_columns(pl.col("met").fill_null(value=False))


def _state() -> pl.Expr:
    age, met = pl.when("old").then(pl.lit("old_")), pl.when("met").then(pl.lit("there")).otherwise(pl.lit("not"))
    unknown = pl.concat_str(age.otherwise(pl.lit("new_")), met)
    sure = pl.col("matched") == YES
    return pl.when(sure & ~pl.col("old")).then(pl.lit("confirmed")).when(~sure).then(unknown).otherwise(pl.lit(""))


def _drawn(counted: pl.DataFrame) -> dict[str, Figures]:
    """Each column's sum over all homes: as they are, then over DRAWS draws of as many, homes with all their names."""
    like = counted["homes"].to_numpy()
    drawn = np.random.default_rng(1).poisson(like, (DRAWS, len(like)))
    times = np.vstack([like[None, :], drawn]).astype(float)
    return {name: times @ counted[name].to_numpy() for name in counted.columns if name not in {"homes", "source"}}


def _rates(sums: dict[str, Figures], alike: float) -> Rates:
    """By whether they are old: how many of the names that nobody else has live there, of how many. Old names are on the
    largest list as often as others, if they are still true."""
    share = _hanging_together((sums["both"] + STEADY) / (sums["confirmed"] + STEADY) * alike)
    found = {}
    for old, there, missed in ((False, "new_there", "new_not"), (True, "old_there", "old_not")):
        living = np.clip(sums[there] / np.maximum(share, LEAST) - sums[there], 0.0, sums[missed])
        found[old] = living, sums[missed]
    return found


def _told_of_others(sources: Sequence[str], rates: Sequence[Rates]) -> pl.DataFrame:
    """Each steadied by what all of them are together."""
    rows = []
    for old in (False, True):
        living, names = (sum((each[old][part] for each in rates), np.zeros(DRAWS + 1)) for part in (0, 1))
        overall = (living + MOST) / (names + 1)
        for source, each in zip(sources, rates, strict=True):
            rows.append(_row(source, old, (each[old][0] + STEADY * overall) / (each[old][1] + STEADY)))
    return pl.concat(rows)


def _of_largest(draws: Sequence[dict[str, Figures]], rates: Sequence[Rates], alike: Sequence[float]) -> Figures:
    """Told by every other source: of its names that the register does not have, how many they have, beside how many
    they would have if all of them were true. Where the other names somebody else there, it may be the one that is
    wrong, and then it tells nothing."""
    each = list(zip(draws, rates, alike, strict=True))
    return (_total(sums["unknown_met"] for sums in draws) + STEADY * MOST) / (
        _total(_could_be_met(*one) for one in each) + STEADY
    )


def _could_be_met(sums: dict[str, Figures], rates: Rates, alike: float) -> Figures:
    living, names = rates[False]
    wrong = 1 - living / np.maximum(names, 1.0)
    share = _hanging_together(alike * sums["sure_met"] / np.maximum(sums["sure"], 1.0))
    return share * (sums["unknown"] - sums["doubted"] * wrong)


def _hanging_together(share: Figures) -> Figures:
    """Whoever is on no register may be on another list more or less often than who is. Nothing in three lists tells
    how much, so each draw takes another answer, and what is told from and to is the wider for it."""
    odds = share / np.maximum(1 - share, LEAST / 2)
    much = np.concatenate([[0.0], np.random.default_rng(2).standard_normal(DRAWS) * APART])
    changed: Figures = odds * np.exp(much)
    return changed / (1 + changed)


def _total(figures: Iterable[Figures]) -> Figures:
    total: Figures = np.stack(list(figures)).sum(axis=0)
    return total


def _row(source: str, old: bool, drawn: Figures) -> pl.DataFrame:
    within = np.clip(drawn, LEAST, MOST)
    low, high = np.quantile(within[1:], (0.025, 0.975))
    row = {"source": source, "old": old, "weight": float(within[0]), "low": float(low), "high": float(high)}
    return pl.DataFrame([row], schema=SCHEMA)
