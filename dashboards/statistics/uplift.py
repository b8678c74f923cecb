"""Uplift: how much more often something happened in one arm than in another, as randomised.

Everybody stays in the arm chance put them in, whether or not a message reached them (intention to treat). The formulas
and where they come from are in docs/method.md; the distributions are SciPy's and the fits statsmodels'.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboards.statistics import small_blocks
from dashboards.statistics.caveats import caveats, usable
from dashboards.statistics.effects import NONE, Adjusted, Arm, Complier, Gathered, Uplift, WardEffect, WardUplift
from dashboards.statistics.intervals import Interval, Z, around
from dashboards.statistics.least_squares import Fit, fit
from dashboards.statistics.order import in_order
from dashboards.statistics.randomisation import FEW_CLUSTERS, Drawn, redrawn
from dashboards.statistics.shrinkage import shrink
from dashboards.statistics.simultaneous import dunnett, looking
from dashboards.statistics.trial import COVARIATE, Rate, control_arm, rate, rows, spelt
from engage.foundation.errors import InputRefused
from engage.foundation.libraries import proportion

__all__ = [
    "Adjusted", "Arm", "Complier", "Gathered", "Uplift", "WardEffect", "WardUplift",
    "by_ward", "compare", "complier", "estimate", "gather", "reach",
]  # fmt: skip

Array = npt.NDArray[np.float64]

SCANT = 5
"""With fewer clusters than this in an arm of a ward, each cluster is counted once instead of fitted."""


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
    covariates: Sequence[str] = (),
    interim: bool = False,
) -> Uplift:
    """The difference in means of each arm from the control, one row per randomised home or person.

    Without cluster, block or weight: the unpooled standard error and a normal interval. With cluster: CR1 (as Stata's
    vce(cluster)) and t on clusters less one. With block or weight: weighted least squares with a fixed effect for
    each block, HC1 or CR1. Where an arm has fewer than 10 yes or 10 no: Newcombe's interval, each cluster counted
    once. In blocks of few clusters: CR2 and Satterthwaite's degrees of freedom. Rows without an outcome, and those of a
    block with one arm only, are left out and counted. `contact` adds the complier effect, `covariates` the
    adjusted difference, `interim` an interval that holds however often one looks before the window has closed.
    """
    held = rows(
        table, arm=arm, outcome=outcome, cluster=cluster, block=block, weight=weight, contact=contact,
        covariates=covariates,
    )  # fmt: skip
    every = sorted(held["arm"].unique())
    base = control_arm(every, control, arm)
    if len(every) == 1:
        raise InputRefused(f"Column {arm!r} holds only the arm {base!r}; two arms or more were expected.")
    known = usable(held, base, (arm, outcome))
    treated = sorted(set(known["arm"]) - {base})
    rates = {label: rate(known[known["arm"] == label]) for label in (base, *treated)}
    worst = _worst(held, treated, base) if len(known) < len(held) else None
    comparison = _Comparison(known, base, treated, rates, fit(known, treated), interim, worst)
    arms = tuple(comparison.arm(place) for place in range(len(treated)))
    told = caveats(held, spelt(table, arm, cluster, block), small_blocks=small_blocks.small(known))
    return Uplift(base, rates[base].n, rates[base].mean, arms, told)


def _worst(held: pd.DataFrame, treated: list[str], base: str) -> list[Interval] | None:
    """Each arm's difference if all that are missing in it had been a no and all in the control a yes, and the other
    way round (Horowitz and Manski 2000, JASA 95: 77-84): no assumption, and no chance, is in these bounds."""
    outcome = held["outcome"]
    if outcome.notna().all() or not outcome.dropna().isin([0.0, 1.0]).all():
        return None
    control = held["arm"] == base
    least, most = (
        fit(usable(held.assign(outcome=outcome.fillna((control == first).astype(float))), base, ("", "")), treated)
        for first in (True, False)
    )
    pairs = zip(least.differences, most.differences, strict=True)
    return [Interval(float(low), float(high)) for low, high in pairs]


@dataclass(frozen=True)
class _Comparison:
    """The rows whose outcome is known, and what was found of all arms together."""

    rows: pd.DataFrame
    base: str
    treated: list[str]
    rates: dict[str, Rate]
    found: Fit
    interim: bool
    worst: list[Interval] | None = None

    @cached_property
    def _several(self) -> float | None:
        return dunnett(self.found.correlation, self.found.freedom) if len(self.treated) > 1 else None

    @cached_property
    def _reached(self) -> Array | None:
        """The difference each arm made in contact."""
        if "contact" not in self.rows:
            return None
        return fit(self.rows.assign(outcome=self.rows["contact"]), self.treated).differences

    @cached_property
    def _beside_covariates(self) -> Fit | None:
        names = [name for name in self.rows.columns if name.startswith(COVARIATE)]
        return fit(self.rows, self.treated, self.rows[names].to_numpy(float)) if names else None

    def arm(self, place: int) -> Arm:
        label = self.treated[place]
        mine, control = self.rates[label], self.rates[self.base]
        arm = _arm(label, mine, control, self.found, place)
        few = arm.interval == "newcombe"
        several = self._several
        looks = looking(arm.se, mine.pair, control.pair, len(self.treated)) if self.interim else None
        return replace(
            arm,
            complier=self._complier(place, arm),
            adjusted=None if few else self._adjusted(place),
            randomised=self._randomised(label),
            simultaneous=_reaching(arm, mine, control, several) if several else None,
            always_valid=_reaching(arm, mine, control, looks) if looks else None,
            critical=looks or several or self.found.critical,
            worst_case=self.worst[place] if self.worst else None,
        )

    def _complier(self, place: int, arm: Arm) -> Complier | None:
        """Two-stage least squares, one arm at a time: d/c, its error that of the outcome less (d/c) contact, over c.
        The error so counts that c is estimated as well (Angrist, Imbens and Rubin 1996).
        """
        reached = 0.0 if self._reached is None else self._reached[place]
        if not reached > 0 or not arm.se:
            return None
        effect = arm.difference / reached
        rest = self.rows.assign(outcome=self.rows["outcome"] - effect * self.rows["contact"])
        error = float(fit(rest, self.treated).errors[place] / reached)
        half = self.found.critical * error
        share = self.rates[self.treated[place]].contact or 0.0
        return Complier(share, float(effect), error, float(effect - half), float(effect + half))

    def _adjusted(self, place: int) -> Adjusted | None:
        found = self._beside_covariates
        if found is None or not found.errors[place]:
            return None
        difference, se = float(found.differences[place]), float(found.errors[place])
        return Adjusted(difference, se, difference - found.critical * se, difference + found.critical * se)

    def _randomised(self, label: str) -> Drawn | None:
        if "cluster" not in self.rows or self.rates[label].clusters + self.rates[self.base].clusters >= FEW_CLUSTERS:
            return None
        return redrawn(self.rows, label, self.base)


def by_ward(
    table: pd.DataFrame,
    *,
    arm: str,
    outcome: str,
    ward: str,
    cluster: str | None = None,
    control: str | None = None,
    interim: bool = False,
) -> tuple[WardUplift, ...]:
    """For each arm: the estimate over all wards, randomised within ward, and each ward's own, raw and shrunken."""
    overall = estimate(table, arm=arm, outcome=outcome, cluster=cluster, block=ward, control=control, interim=interim)
    known = rows(table, arm=arm, outcome=outcome, cluster=cluster, ward=ward).dropna(subset=["outcome"])
    parts = [(str(name), part) for name, part in known.groupby("ward")]
    return tuple(
        WardUplift(
            mine.arm,
            overall.control,
            mine,
            gather(
                mine.judged,
                [_ward(name, part, mine, overall.control) for name, part in parts],
                _of_wards(mine),
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


def compare(ward: str, treated: Rate, control: Rate, critical: float = Z) -> WardEffect:
    """A ward from its yes-or-no rates alone, by Newcombe's interval."""
    if not (treated.n and control.n):
        return WardEffect(ward, treated, control)
    difference = treated.mean - control.mean
    interval = around(difference, treated.pair, control.pair, treated.blur + control.blur, critical)
    return WardEffect(ward, treated, control, difference, None, interval)


def reach(treated: Rate, control: Rate, *, arms: int = 1) -> float:
    """How many standard errors the interval of two plain rates must reach: 1.96; with several `arms` of about one size
    against one control, Dunnett's. For `compare`, `gather` and `intervals.around`, where only rates are at hand and not
    rows.
    """
    if arms == 1:
        return Z
    together = treated.effective / (treated.effective + control.effective)
    return dunnett(np.full((arms, arms), together) + np.eye(arms) * (1 - together))


def gather(overall: Interval, wards: list[WardEffect], critical: float = Z, nought: float = 0.0) -> Gathered:
    """The wards of one arm, each shrunken towards the rest; `overall` is the interval over all of them, by which it is
    judged whether anything may be said yet. Shrunken intervals reach `critical` standard errors. An end no further from
    nought than `nought` is not told apart from it: what rounding shows as 0.0 must not be called certain.
    """
    told = [ward for ward in wards if ward.difference is not None]
    errors = _errors(told)
    drawn = shrink(np.array([ward.difference for ward in told]), errors**2, critical)
    early = overall.near(nought)
    shown = {}
    for place, ward in enumerate(told):
        interval = Interval(float(drawn.lows[place]), float(drawn.highs[place]))
        shown[ward.ward] = replace(
            ward,
            se=float(errors[place]),
            shrunken=float(drawn.estimates[place]),
            shrunken_interval=interval,
            too_early=early or interval.near(nought),
        )
    every = tuple(shown.get(ward.ward, ward) for ward in wards)
    return Gathered(in_order(every), drawn.spread, drawn.p_same)


def _of_wards(arm: Arm) -> float:
    """How many standard errors a ward's intervals reach: as many as its arm's where there are several arms or looks."""
    return arm.critical if arm.simultaneous or arm.always_valid else Z


def _ward(ward: str, part: pd.DataFrame, arm: Arm, control: str) -> WardEffect:
    one, zero = (rate(part[part["arm"] == label]) for label in (arm.arm, control))
    critical = _of_wards(arm)
    plain = compare(ward, one, zero, critical)
    whole = "cluster" not in part and one.binary and zero.binary
    if whole or one.few or zero.few or min(one.effective, zero.effective) < SCANT:
        return plain
    found = fit(part[part["arm"].isin([arm.arm, control])], [arm.arm])
    mine = _arm(arm.arm, one, zero, found, 0)
    return replace(plain, se=mine.se, interval=_reaching(mine, one, zero, max(critical, found.critical)))


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
    few = binary and (mine.few or control.few or not se)
    interval = "newcombe" if few else found.interval if se else NONE
    arm = Arm(
        label, mine.n, mine.clusters, mine.mean, difference, se, 0.0, 0.0, interval,
        newcombe=around(difference, mine.pair, control.pair) if binary and found.plain else None,
        z=_pooled(mine, control) if binary and found.plain else None,
        cr0=None if found.plain else float(found.uncorrected[place]),
        freedom=None if found.plain else found.freedom,
    )  # fmt: skip
    low, high = _reaching(arm, mine, control, Z if few else found.critical)
    return replace(arm, low=low, high=high)


def _reaching(arm: Arm, mine: Rate, control: Rate, critical: float) -> Interval:
    """The arm's interval over so many standard errors."""
    if arm.interval == "newcombe":
        return around(arm.difference, mine.pair, control.pair, critical=critical)
    if arm.interval == NONE:
        return Interval(-inf, inf)
    return Interval(arm.difference - critical * arm.se, arm.difference + critical * arm.se)


def _pooled(mine: Rate, control: Rate) -> float | None:
    """The test of no difference with the variance of both arms taken together."""
    counts = [round(each.mean * each.n) for each in (mine, control)]
    if sum(counts) in (0, mine.n + control.n):
        return None
    return float(proportion.proportions_ztest(counts, [mine.n, control.n])[0])
