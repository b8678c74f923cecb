"""What chance alone would have given: the lot drawn again and again, where clusters are too few for a formula."""

from dataclasses import dataclass
from itertools import combinations
from math import comb, prod

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboards.statistics.intervals import LEVEL

Array = npt.NDArray[np.float64]

FEW_CLUSTERS = 40
"""With fewer clusters than this in an arm and the control together, errors from a formula are too narrow."""
DRAWS = 9_999
ALL = 20_000
SEED = 20260601


@dataclass(frozen=True)
class Drawn:
    """`p` of no effect on anybody, and the 95 % interval of an effect that is the same for all, over `draws` lots;
    `every` says that these are all the lots there could have been."""

    p: float
    low: float
    high: float
    draws: int
    every: bool


def redrawn(rows: pd.DataFrame, treated: str, control: str, *, draws: int = DRAWS, seed: int = SEED) -> Drawn | None:
    """The difference of one arm from the control, as in `least_squares.fit`, with whole clusters dealt anew within
    their blocks, as many to each arm as there were (Fisher 1935; Imbens and Rubin 2015, chapter 5).

    Were the effect d for everybody, a lot b in place of the true one would have given a_b + d (1 - c_b), where a_b is
    the coefficient of the outcome on b and c_b that of the true arm on b. That is at least the difference found, a,
    for every d from (a - a_b) / (1 - c_b) up; so the 2.5 % and 97.5 % points of these are the ends of the interval
    (tests inverted: Garthwaite 1996, Biometrics 52: 1387-1393), the true lot counted among the draws. Missing where a
    cluster lies in two arms or two blocks.
    """
    pair = rows[rows["arm"].isin([treated, control])]
    clusters = _clusters(pair, treated)
    if clusters is None:
        return None
    lots, every = _lots(clusters, draws, seed)
    outcome, arm = _coefficients(clusters, lots)
    found, _ = _coefficients(clusters, clusters["z"].to_numpy(float)[None, :])
    same = np.abs(outcome) >= np.abs(found[0]) - 1e-12
    p = float(same.mean() if every else (same.sum() + 1) / (len(lots) + 1))
    return Drawn(p, *_ends(found[0], outcome, arm, every), len(lots), every)


def _ends(found: float, outcome: Array, arm: Array, every: bool) -> tuple[float, float]:
    """The interval. A lot that is the true one, or no further from it in its weights, speaks against no effect."""
    other = 1 - arm > 1e-9
    effects = (found - outcome[other]) / (1 - arm[other])
    silent = int((~other).sum()) + (not every)
    below, above = (np.sort(np.append(effects, [end] * silent)) for end in (-np.inf, np.inf))
    place = int(np.floor((1 - LEVEL) / 2 * len(below)))
    return float(below[place]), float(above[-1 - place])


def _clusters(pair: pd.DataFrame, treated: str) -> pd.DataFrame | None:
    """One row per cluster: its block, arm, weight and weighted outcome."""
    weight = pair["weight"].to_numpy(float) if "weight" in pair else np.ones(len(pair))
    block = pair["block"].to_numpy() if "block" in pair.columns else np.zeros(len(pair))
    held = pd.DataFrame(
        {
            "cluster": pair["cluster"].to_numpy(), "block": block, "z": (pair["arm"] == treated).to_numpy(int),
            "w": weight, "wy": weight * pair["outcome"].to_numpy(float),
        }
    )  # fmt: skip
    grouped = held.groupby("cluster")
    if (grouped["z"].nunique() > 1).any() or (grouped["block"].nunique() > 1).any():
        return None
    return grouped.agg(block=("block", "first"), z=("z", "first"), w=("w", "sum"), wy=("wy", "sum"))


def _lots(clusters: pd.DataFrame, draws: int, seed: int) -> tuple[Array, bool]:
    """Lots by clusters, 1 where treated: all of them where they are few enough, else drawn."""
    blocks = [np.flatnonzero(clusters["block"] == block) for block in clusters["block"].unique()]
    arm = clusters["z"].to_numpy(float)
    if prod(comb(len(places), int(arm[places].sum())) for places in blocks) <= ALL:
        return _all(blocks, arm), True
    random = np.random.default_rng(seed)
    lots = np.zeros((draws, len(arm)))
    for places in blocks:
        lots[:, places] = random.permuted(np.tile(arm[places], (draws, 1)), axis=1)
    return lots, False


def _all(blocks: list[npt.NDArray[np.intp]], arm: Array) -> Array:
    lots = np.zeros((1, len(arm)))
    for places in blocks:
        chosen = list(combinations(places, int(arm[places].sum())))
        part = np.zeros((len(chosen), len(arm)))
        for row, which in enumerate(chosen):
            part[row, list(which)] = 1
        lots = (lots[:, None, :] + part[None, :, :]).reshape(-1, len(arm))
    return lots


def _coefficients(clusters: pd.DataFrame, lots: Array) -> tuple[Array, Array]:
    """Of the outcome, and of the true arm, on each lot, within blocks."""
    number, _ = pd.factorize(clusters["block"])
    member = np.eye(number.max() + 1)[number]
    weight, true = clusters["w"].to_numpy(float), clusters["z"].to_numpy(float)
    total = weight @ member
    share = (lots * weight) @ member / total
    spread = (lots * weight).sum(axis=1) - (share**2 * total).sum(axis=1)

    def on(weighted: Array) -> Array:
        return np.asarray((lots @ weighted - share @ (weighted @ member)) / np.maximum(spread, 1e-300))

    return on(clusters["wy"].to_numpy(float)), on(weight * true)
