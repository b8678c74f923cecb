"""Estimates of many areas drawn towards what they have in common, by as much as chance explains their spread."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboards.statistics.intervals import Z
from engage.foundation.libraries import meta_analysis, stats

Array = npt.NDArray[np.float64]

ENOUGH = 4
"""Fewer areas than this say too little of their own spread: they are left as they are."""


@dataclass(frozen=True)
class Shrunken:
    """`spread` is the standard deviation of the true effects; `p_same` the p-value of Cochran's test that it is 0."""

    estimates: Array
    lows: Array
    highs: Array
    spread: float
    p_same: float | None


def shrink(effects: Array, variances: Array, critical: float = Z) -> Shrunken:
    """Random-effects estimates of each area: DerSimonian and Laird's spread from statsmodels, and the intervals of
    Morris 1983 (JASA 78: 47-55, section 5), which allow for the spread itself being estimated. They reach `critical`
    standard errors to each side.
    """
    k = len(effects)
    if k < ENOUGH:
        half = critical * np.sqrt(variances)
        return Shrunken(effects, effects - half, effects + half, 0.0, None)
    # statsmodels divides by a heterogeneity of 0, and takes the root of a spread below 0, for figures not used here.
    with np.errstate(invalid="ignore", divide="ignore"):
        combined = meta_analysis.combine_effects(effects, variances, method_re="chi2")
    between = max(0.0, float(combined.tau2))
    weights = 1 / (variances + between)
    shares = weights / weights.sum()
    mean = float(shares @ effects)
    pull = (k - 3) / (k - 1) * variances * weights
    estimates = effects - pull * (effects - mean)
    typical = float(shares @ variances)
    unsure = 2 / (k - 3) * pull**2 * (typical + between) * weights * (effects - mean) ** 2
    half = critical * np.sqrt(variances * (1 - (1 - shares) * pull) + unsure)
    p_same = float(stats.chi2.sf(max(0.0, float(combined.q)), k - 1))
    return Shrunken(estimates, estimates - half, estimates + half, float(np.sqrt(between)), p_same)
