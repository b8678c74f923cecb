"""Uplift: how much more often something happened in one arm than in another, as randomised.

Everybody stays in the arm chance put them in, whether or not a message reached them (intention to treat). The formulas
and where they come from are in docs/method.md; the distributions are SciPy's and the fits statsmodels'.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboards.intervals import Interval, Z, around
from dashboards.least_squares import Fit, fit
from dashboards.shrinkage import shrink
from dashboards.trial import Rate, control_arm, rate, rows
from engage.foundation.errors import InputRefused

Array = npt.NDArray[np.float64]

NOTHING_KNOWN = Interval(-1.0, 1.0)
SCANT = 5
"""With fewer clusters than this in an arm of a ward, each cluster is counted once instead of fitted."""


@dataclass(frozen=True)
class Complier:
    """The effect on those a message reaches, under the usual exclusion restriction."""

    contact_rate: float
    difference: float
    se: float
    low: float
    high: float


@dataclass(frozen=True)
class Arm:
    """One arm against the control. Means and differences are shares (0.05 is 5 points) where the outcome is 0 or 1.

    `n` and `clusters` count this arm's own rows; without a cluster column every row is a cluster of its own.
    `interval` names the method of `low` and `high`: normal, t, or newcombe.
    """

    arm: str
    n: int
    clusters: int
    mean: float
    difference: float
    se: float
    low: float
    high: float
    interval: str
    newcombe: Interval | None = None
    complier: Complier | None = None

    def as_dict(self) -> dict[str, Any]:
        names = ("arm", "n", "clusters", "mean", "difference", "se", "low", "high", "interval")
        out: dict[str, Any] = {name: getattr(self, name) for name in names}
        if self.newcombe:
            out["newcombe"] = self.newcombe._asdict()
        if self.complier:
            out["complier"] = vars(self.complier)
        return out


@dataclass(frozen=True)
class WardEffect:
    """One ward: its own difference with its interval, and the one to show, shrunken towards the other wards.

    Where an arm has nobody there is no difference. `too_early` holds where the shrunken interval, or the interval over
    all wards, includes nought: sixteen wards looked at one by one would otherwise give a false winner in more than
    half of all trials that had no effect.
    """

    ward: str
    treated: Rate
    control: Rate
    difference: float | None = None
    se: float | None = None
    interval: Interval = NOTHING_KNOWN
    shrunken: float | None = None
    shrunken_interval: Interval = NOTHING_KNOWN
    too_early: bool = True


@dataclass(frozen=True)
class Gathered:
    """`spread` is the standard deviation of the wards' true effects, `p_same` the test that they are all the same."""

    wards: tuple[WardEffect, ...]
    spread: float
    p_same: float | None


@dataclass(frozen=True)
class WardUplift:
    arm: str
    control: str
    overall: Arm
    gathered: Gathered

    @property
    def wards(self) -> tuple[WardEffect, ...]:
        return self.gathered.wards


@dataclass(frozen=True)
class Uplift:
    """Every arm against one control; `left_out` counts the rows whose outcome is not known."""

    control: str
    n: int
    mean: float
    arms: tuple[Arm, ...]
    left_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        control = {"arm": self.control, "n": self.n, "mean": self.mean}
        return {"control": control, "arms": [arm.as_dict() for arm in self.arms]}


def estimate(
    table: pd.DataFrame,
    *,
    arm: str,
    outcome: str,
    cluster: str | None = None,
    block: str | None = None,
    weight: str | None = None,
    control: str | None = None,
    contact: str | None = None,
) -> Uplift:
    """The difference in means of each arm from the control, one row per randomised home or person.

    Without cluster, block or weight: the unpooled standard error and a normal interval. With cluster: CR1 (as Stata's
    vce(cluster)) and t on clusters less one. With block or weight: weighted least squares with a fixed effect for
    each block, HC1 or CR1. Where an arm has fewer than 10 yes or 10 no: Newcombe's interval, each cluster counted
    once. Rows without an outcome are left out and counted. `contact` adds the complier effect.
    """
    held = rows(table, arm=arm, outcome=outcome, cluster=cluster, block=block, weight=weight, contact=contact)
    known = held.dropna(subset=["outcome"])
    labels = sorted(known["arm"].unique())
    base = control_arm(labels, control, arm)
    treated = [label for label in labels if label != base]
    if not treated:
        raise InputRefused(f"Column {arm!r} holds only the arm {base!r}; two arms or more were expected.")
    found = fit(known, treated)
    rates = {label: rate(known[known["arm"] == label]) for label in labels}
    arms = tuple(_arm(label, rates[label], rates[base], found, place) for place, label in enumerate(treated))
    return Uplift(base, rates[base].n, rates[base].mean, arms, len(held) - len(known))


def by_ward(
    table: pd.DataFrame, *, arm: str, outcome: str, ward: str, cluster: str | None = None, control: str | None = None
) -> tuple[WardUplift, ...]:
    """For each arm: the estimate over all wards, randomised within ward, and each ward's own, raw and shrunken."""
    overall = estimate(table, arm=arm, outcome=outcome, cluster=cluster, block=ward, control=control)
    known = rows(table, arm=arm, outcome=outcome, cluster=cluster, ward=ward).dropna(subset=["outcome"])
    parts = [(str(name), part) for name, part in known.groupby("ward")]
    return tuple(
        WardUplift(
            mine.arm,
            overall.control,
            mine,
            gather(
                Interval(mine.low, mine.high),
                [_ward(name, part, mine.arm, overall.control) for name, part in parts],
            ),
        )
        for mine in overall.arms
    )


def complier(
    difference: float,
    se: float,
    contact_rate: float,
    *,
    contact_rate_control: float = 0.0,
    critical: float = Z,
) -> Complier:
    """The effect among those whom being assigned got contacted: the difference over the difference in contact
    (Bloom 1984; Angrist, Imbens and Rubin 1996). The contact rates are taken as known.
    """
    reached = contact_rate - contact_rate_control
    if reached <= 0:
        raise InputRefused(
            f"The contact rate is {contact_rate:.4f} in the arm and {contact_rate_control:.4f} in the control: "
            "an effect on those reached needs more contact in the arm."
        )
    effect, error = difference / reached, se / reached
    return Complier(contact_rate, effect, error, effect - critical * error, effect + critical * error)


def compare(ward: str, treated: Rate, control: Rate) -> WardEffect:
    """A ward from its yes-or-no rates alone, by Newcombe's interval."""
    if not (treated.n and control.n):
        return WardEffect(ward, treated, control)
    difference = treated.mean - control.mean
    interval = around(difference, treated.pair, control.pair, treated.blur + control.blur)
    return WardEffect(ward, treated, control, difference, None, interval)


def gather(overall: Interval, wards: list[WardEffect]) -> Gathered:
    """The wards of one arm, each shrunken towards the rest; `overall` is the interval over all of them."""
    told = [ward for ward in wards if ward.difference is not None]
    errors = _errors(told)
    drawn = shrink(np.array([ward.difference for ward in told]), errors**2)
    early = overall.includes(0)
    shown = {}
    for place, ward in enumerate(told):
        interval = Interval(float(drawn.lows[place]), float(drawn.highs[place]))
        shown[ward.ward] = replace(
            ward,
            se=float(errors[place]),
            shrunken=float(drawn.estimates[place]),
            shrunken_interval=interval,
            too_early=early or interval.includes(0),
        )
    every = tuple(shown.get(ward.ward, ward) for ward in wards)
    return Gathered(every, drawn.spread, drawn.p_same)


def _ward(ward: str, part: pd.DataFrame, treated: str, control: str) -> WardEffect:
    one, zero = (rate(part[part["arm"] == label]) for label in (treated, control))
    plain = compare(ward, one, zero)
    whole = "cluster" not in part and one.binary and zero.binary
    if whole or one.few or zero.few or min(one.effective, zero.effective) < SCANT:
        return plain
    found = fit(part[part["arm"].isin([treated, control])], [treated])
    mine = _arm(treated, one, zero, found, 0)
    return replace(plain, se=mine.se, interval=Interval(mine.low, mine.high))


def _errors(wards: list[WardEffect]) -> Array:
    """Standard errors for weighing wards against each other. Where only Newcombe's interval stands, each rate is first
    drawn to that arm's rate in all wards by four homes, so that a ward without a single yes does not look certain.
    """
    variance = np.zeros(len(wards))
    for side in ("treated", "control"):
        rates: list[Rate] = [getattr(ward, side) for ward in wards]
        mean, n = np.array([one.mean for one in rates]), np.array([one.effective for one in rates])
        common = (mean @ n + 0.5) / (n.sum() + 1)
        drawn = (mean * n + 4 * common) / (n + 4)
        variance += drawn * (1 - drawn) / n + np.array([one.blur for one in rates])
    known = [ward.se for ward in wards]
    return np.where([se is not None for se in known], [se or 0.0 for se in known], np.sqrt(np.maximum(variance, 0)))


def _arm(label: str, mine: Rate, control: Rate, found: Fit, place: int) -> Arm:
    difference, se = float(found.differences[place]), float(found.errors[place])
    binary = mine.binary and control.binary
    if binary and (mine.few or control.few):
        interval, name = around(difference, mine.pair, control.pair), "newcombe"
    else:
        interval, name = Interval(difference - found.critical * se, difference + found.critical * se), found.interval
    score = around(difference, mine.pair, control.pair) if binary and found.plain else None
    reached = None
    if mine.contact is not None and control.contact is not None:
        reached = complier(difference, se, mine.contact, contact_rate_control=control.contact, critical=found.critical)
    return Arm(label, mine.n, mine.clusters, mine.mean, difference, se, *interval, name, score, reached)
