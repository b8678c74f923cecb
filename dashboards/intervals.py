"""Intervals for rates and their differences that hold for few cases and for rates near 0 or 1."""

from math import hypot, sqrt
from typing import NamedTuple

from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

LEVEL = 0.95
Z = float(norm.isf((1 - LEVEL) / 2))


class Interval(NamedTuple):
    low: float
    high: float

    def includes(self, value: float) -> bool:
        return self.low <= value <= self.high


def wilson(yes: float, n: float) -> Interval:
    """The 95 % score interval of a rate (Wilson 1927), within 0 and 1; `yes` may be a weighted count."""
    low, high = proportion_confint(yes, n, alpha=1 - LEVEL, method="wilson")
    return Interval(max(0.0, float(low)), min(1.0, float(high)))


def newcombe(yes_treated: float, n_treated: float, yes_control: float, n_control: float) -> Interval:
    """The 95 % interval of the difference of two rates: method 10 of Newcombe 1998, Statistics in Medicine 17."""
    difference = yes_treated / n_treated - yes_control / n_control
    return around(difference, (yes_treated / n_treated, n_treated), (yes_control / n_control, n_control))


def around(
    difference: float, treated: tuple[float, float], control: tuple[float, float], blur: float = 0.0
) -> Interval:
    """Newcombe's limits about a difference that may have been adjusted; each arm is (rate, effective n).
    `blur` is the variance that rounding before publication adds.

    The limits are recovered from the Wilson limits of the two rates (Zou and Donner 2008,
    Statistics in Medicine 27: 1693-1702).
    """
    (rate1, n1), (rate0, n0) = treated, control
    one, zero = wilson(rate1 * n1, n1), wilson(rate0 * n0, n0)
    low = difference - hypot(rate1 - one.low, zero.high - rate0, Z * sqrt(blur))
    high = difference + hypot(one.high - rate1, rate0 - zero.low, Z * sqrt(blur))
    return Interval(max(-1.0, low), min(1.0, high))
