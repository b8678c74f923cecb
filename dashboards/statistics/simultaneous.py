"""How many standard errors an interval must reach where there is more than one chance to be wrong: several arms against
one comparison, and several looks before the outcome window has closed.
"""

from math import inf, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import lambertw

from dashboards.statistics.intervals import LEVEL
from engage.foundation.libraries import optimize, stats

Array = npt.NDArray[np.float64]

EXPECTED = 0.10
"""Looks are planned for a window at whose end this share of homes has registered; other shares cost a little width."""
LEAST_TIME = 0.001
SEED = 20260601  # of SciPy's quasi-random integration, so that the same figures are given each time


def dunnett(correlation: Array, freedom: float = inf) -> float:
    """Two-sided 95 % point of the largest of several t: every arm's interval then holds at once in 95 % of trials.

    Dunnett 1955, JASA 50: 1096-1121, for any correlation of the estimates, which share their control: Hothorn, Bretz
    and Westfall 2008, Biometrical Journal 50: 346-363. The distribution is SciPy's multivariate t (normal where
    `freedom` has no end). One arm gives the plain t or 1.96.
    """
    k = len(correlation)
    if k == 1:
        return float(stats.t.isf((1 - LEVEL) / 2, freedom))

    def short(bound: float) -> float:
        return _within(correlation, freedom, bound) - LEVEL

    alone, every = (float(stats.t.isf((1 - LEVEL) / 2 / m, freedom)) for m in (1, k))
    return float(optimize.brentq(short, alone - 0.01, every + 0.01, xtol=1e-4))


def _within(correlation: Array, freedom: float, bound: float) -> float:
    """The chance that all of them lie within the bound."""
    ends = np.full(len(correlation), bound)
    if freedom == inf:
        drawn = stats.multivariate_normal(np.zeros(len(ends)), correlation, allow_singular=True, seed=SEED)
        return float(drawn.cdf(ends, lower_limit=-ends))
    many = stats.multivariate_t(np.zeros(len(ends)), correlation, df=int(freedom), allow_singular=True, seed=SEED)
    return float(many.cdf(ends, lower_limit=-ends, random_state=SEED))


def looking(se: float, treated: tuple[float, float], control: tuple[float, float], arms: int = 1) -> float:
    """How many of these standard errors give an interval that holds at every look at once, in 95 % of trials, however
    many looks there are and whenever one stops; each arm is (rate, effective n) so far, `arms` share the 5 % equally.

    Robbins' normal mixture (1970, Annals of Mathematical Statistics 41: 1397-1409; Howard, Ramdas, McAuliffe and
    Sekhon 2021, Annals of Statistics 49: 1055-1080, proposition 5; with an estimated variance, Waudby-Smith, Arbour,
    Sinha, Kennedy and Ramdas 2024, Annals of Statistics 52: 2613-2640). It bounds a martingale M of variance v, at
    all v at once, by

        |M| < sqrt((v + k) (log((v + k) / k) + 2 log(1 / alpha))).

    Homes are all randomised on one day and register one after another, so v is not their number. With F the share
    registered so far, (estimate of F - F) / (1 - F) is a martingale (the empirical process, Shorack and Wellner 1986,
    chapter 3.6), and so is its difference between arms alike in F: v = (se / (1 - F))^2. Measured in the variance of
    one comparison of homes, 1/n1 + 1/n0, v is the odds F / (1 - F) times the design effect. k makes the bound
    narrowest at the odds of `EXPECTED`: k = odds / (-W(-alpha^2 / e) - 1), W the lower branch of Lambert's function.
    """
    (rate1, n1), (rate0, n0) = treated, control
    alpha = (1 - LEVEL) / arms
    still = 1 - min(0.999, (rate1 * n1 + rate0 * n0) / (n1 + n0))
    time = max(LEAST_TIME, (se / still) ** 2 / (1 / n1 + 1 / n0))
    best = -float(lambertw(-(alpha**2) / np.e, -1).real) - 1
    ratio = time * best * (1 - EXPECTED) / EXPECTED
    return sqrt((1 + 1 / ratio) * (log(1 + ratio) + 2 * log(1 / alpha)))
