"""What a campaign's design could tell before it is run."""

from math import ceil

from scipy.optimize import brentq
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from dashboards.intervals import LEVEL

POWER = 0.80


def needed(baseline: float, lift: float, *, ratio: float = 1.0, design_effect: float = 1.0) -> int:
    """Homes needed in the reminded arm, with `ratio` times as many in the comparison, to find a lift of this share.

    Two-sided 5 % test, 80 % power, normal approximation with the pooled variance under no effect (Fleiss 1981);
    `design_effect` is 1 + (m - 1) rho where groups of m are randomised together.
    """
    return ceil(_needed(baseline, lift, ratio) * design_effect)


def detectable(treated: int, control: int, baseline: float, *, design_effect: float = 1.0) -> float | None:
    """The least lift, as a share (0.02 is 2 points), found with 80 % power; None where even the largest is not."""
    if min(treated, control) < 2 or not 0 <= baseline < 1:
        return None
    ratio, worth = control / treated, treated / design_effect
    most = 1 - baseline - 1e-9

    def short(lift: float) -> float:
        return _needed(baseline, lift, ratio) - worth

    if short(most) > 0:
        return None
    return float(brentq(short, 1e-6, most)) if short(1e-6) > 0 else 1e-6


def _needed(baseline: float, lift: float, ratio: float) -> float:
    # Arms: 1 is the reminded one; statsmodels counts its rows and takes the control's as `ratio` times those.
    return float(
        samplesize_proportions_2indep_onetail(
            lift, baseline, POWER, ratio=ratio, alpha=1 - LEVEL, alternative="two-sided"
        )
    )
