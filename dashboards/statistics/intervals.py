"""Intervals for rates and their differences that hold for few cases and for rates near 0 or 1."""

from math import hypot, inf, sqrt
from typing import NamedTuple

from scipy.special import ndtri

LEVEL = 0.95
Z = -float(ndtri((1 - LEVEL) / 2))


class Interval(NamedTuple):
    low: float
    high: float

    def includes(self, value: float) -> bool:
        return self.low <= value <= self.high

    def near(self, nought: float) -> bool:
        """Whether it includes 0, or ends no further from it than `nought`."""
        return self.low <= nought and self.high >= -nought


def wilson(yes: float, n: float, critical: float = Z) -> Interval:
    """The 95 % score interval of a rate (Wilson 1927), within 0 and 1; `yes` may be a weighted count. `critical` is
    the number of standard errors it reaches to each side, where more than one interval must hold at once.
    """
    rate, by = yes / n, critical**2 / n
    middle = (rate + by / 2) / (1 + by)
    reach = critical * sqrt(rate * (1 - rate) / n + by / (4 * n)) / (1 + by)
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach))


def newcombe(yes_treated: float, n_treated: float, yes_control: float, n_control: float) -> Interval:
    """The 95 % interval of the difference of two rates: method 10 of Newcombe 1998, Statistics in Medicine 17."""
    difference = yes_treated / n_treated - yes_control / n_control
    return around(difference, (yes_treated / n_treated, n_treated), (yes_control / n_control, n_control))


def around(
    difference: float,
    treated: tuple[float, float],
    control: tuple[float, float],
    blur: float = 0.0,
    critical: float = Z,
) -> Interval:
    """Newcombe's limits about a difference that may have been adjusted; each arm is (rate, effective n).
    `blur` is the variance that rounding before publication adds; `critical` as of `wilson`.

    The limits are recovered from the Wilson limits of the two rates (Zou and Donner 2008,
    Statistics in Medicine 27: 1693-1702).
    """
    (rate1, n1), (rate0, n0) = treated, control
    one, zero = wilson(rate1 * n1, n1, critical), wilson(rate0 * n0, n0, critical)
    low = difference - hypot(rate1 - one.low, zero.high - rate0, critical * sqrt(blur))
    high = difference + hypot(one.high - rate1, rate0 - zero.low, critical * sqrt(blur))
    return Interval(max(-1.0, low), min(1.0, high))


class Price(NamedTuple):
    """Pounds for each extra registration. `value` is missing where there was none extra; `high` is endless where
    there may have been none, and all three where there was none or fewer even at best."""

    value: float | None
    low: float
    high: float


def price(pounds: tuple[float, float], homes: float, difference: float, interval: Interval) -> Price:
    """What each extra registration cost: `pounds` spent (from, to) on the `homes` of an arm, over difference x homes.

    The pounds are known but for their own two ends, so that Fieller's interval of the ratio (1954, Journal of the
    Royal Statistical Society B 16: 175-185) is the interval of the difference turned over: from the least pounds at
    its upper limit to the most pounds at its lower one. Where that limit is 0 or less the cost has no upper end.
    """
    least, most = pounds

    def each(spent: float, lift: float) -> float:
        return spent / (homes * lift) if lift > 0 and homes > 0 else inf

    middle = each((least + most) / 2, difference)
    return Price(None if middle == inf else middle, each(least, interval.high), each(most, interval.low))
