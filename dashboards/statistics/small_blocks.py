"""The error of whole clusters dealt within small blocks, such as pairs that were matched before the lot.

A fixed effect for each block takes up one parameter for every few clusters, which CR1 hardly counts: of pairs it finds
half the variance there is, and its 95 % intervals hold in 81 to 82 % of trials. CR2 (Bell and McCaffrey 2002, Survey
Methodology 28: 169-181; with fixed effects Pustejovsky and Tipton 2018, Journal of Business & Economic Statistics 36:
672-683) divides each cluster's residuals by what the fit has taken out of them. Of pairs it is the variance of the
differences within pairs: with w = n1 n0 / (n1 + n0) and W their sum, sum of w^2 (D - d)^2 / (1 - w / W) over W^2; where
all pairs weigh the same the design-based variance of Imai, King and Nall 2009, Statistical Science 24: 29-53.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

FEW_TO_A_BLOCK = 20
"""From so many clusters to a block on, what a block's own effect takes up no longer tells in an interval."""
ALL_TAKEN = 1e-9


@dataclass(frozen=True)
class Spread:
    """The covariance of all coefficients, and for each the degrees of freedom of its variance."""

    covariance: Array
    freedom: Array


def small(rows: pd.DataFrame) -> bool:
    """Whether every cluster lies in one block, and a block holds few of them."""
    if not {"cluster", "block"} <= set(rows.columns):
        return False
    places = rows[["cluster", "block"]].drop_duplicates()
    return not places["cluster"].duplicated().any() and len(places) < FEW_TO_A_BLOCK * places["block"].nunique()


def spread(rows: pd.DataFrame, design: Array, residual: Array) -> Spread:
    """`design` and `residual` are less their block means, times the root of the weight."""
    bread = np.linalg.inv(design.T @ design)
    common = design @ np.linalg.cholesky(bread)
    own = _of_blocks(rows)
    scores, parts = [], []
    for places in pd.Series(range(len(rows))).groupby(rows["cluster"].to_numpy()).indices.values():
        lift = Lift(np.column_stack([common[places], own[places]]))
        mine = lift(design[places])
        scores.append(mine.T @ residual[places])
        parts.append(Part(mine @ bread, common[places], own[places], int(rows["block"].iloc[places[0]])))
    meat = np.asarray(scores)
    return Spread(bread @ meat.T @ meat @ bread, _freedom(parts))


def _of_blocks(rows: pd.DataFrame) -> Array:
    """The column of each row's own block, of length 1 in that block."""
    weight = rows["weight"].to_numpy(float) if "weight" in rows else np.ones(len(rows))
    block = rows["block"].to_numpy()
    own: Array = np.sqrt(weight / np.bincount(block, weight)[block])
    return own


class Lift:
    """Of one cluster: what brings residuals back to the size they had before the fit, (I - H) to the power of -1/2,
    where H = B B' is worked out on the few columns of B."""

    def __init__(self, basis: Array) -> None:
        self.basis, triangle = np.linalg.qr(basis)
        taken, self.turned = np.linalg.eigh(triangle @ triangle.T)
        left = np.maximum(1 - taken, 0)
        self.more = np.where(left > ALL_TAKEN, 1 / np.sqrt(np.maximum(left, ALL_TAKEN)), 1.0) - 1

    def __call__(self, columns: Array) -> Array:
        axes = self.basis @ self.turned
        lifted: Array = columns + axes @ (self.more[:, None] * (axes.T @ columns))
        return lifted


class Part:
    """What the degrees of freedom need of one cluster: lengths, and what the fit takes out of them."""

    def __init__(self, weights: Array, common: Array, own: Array, block: int) -> None:
        self.length = (weights**2).sum(axis=0)
        self.common, self.own, self.block = common.T @ weights, own @ weights, block


def _freedom(parts: list[Part]) -> Array:
    """Satterthwaite's, where outcomes are independent and of one variance: the squared trace of the matrix P of the
    variance as a quadratic form over the sum of its squares. P is diagonal but for what clusters share: the columns of
    the design (u) and, within a block, that of the block (s)."""
    length = np.array([part.length for part in parts])  # cluster, coefficient
    u = np.array([part.common for part in parts])  # cluster, column, coefficient
    s = np.array([part.own for part in parts])
    block = np.unique([part.block for part in parts], return_inverse=True)[1]
    taken = (u**2).sum(axis=1) + s**2
    shared = np.einsum("gac,gbc->abc", u, u)
    across, within = np.zeros((block.max() + 1, *u.shape[1:])), np.zeros((block.max() + 1, s.shape[1]))
    np.add.at(across, block, s[:, None, :] * u)
    np.add.at(within, block, s**2)
    squares = (length**2 - 2 * length * taken).sum(axis=0) + (shared**2).sum(axis=(0, 1))
    squares += 2 * (across**2).sum(axis=(0, 1)) + (within**2).sum(axis=0)
    trace = (length - taken).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = trace**2 / squares
    return found
