"""Group rates inferred from areas. Areas tell only how many of all their people are registered, not who.

On the log-odds scale a group's rate is its published rate, moved by what the areas of this council tell, and every area
is shifted until its groups add up to what is registered there. Ranges are of the posterior, never outside the bounds
that the areas' totals set (Duncan and Davis 1953). docs/method.md has the formulas.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
TELLING = 0.1  # of what areas seem to tell: where a group is many, its people differ from where it is few
ROUNDS, HALVINGS = 40, 50
COMMON_SPREAD = 2.0  # log-odds: a council's level as a whole is its own
LEAST_SHARE, MOST_SHARE = 0.002, 0.998
# No range ends nearer to the rate, unless the bounds do: near 100 % a step in log-odds is hardly any in points, and
# published rates are no surer of those of whom nearly all are registered.
NEAREST = 0.05


@dataclass(frozen=True)
class Inferred:
    """Per group, 0 to 1: `low` and `high` are the 95 % range, `least` and `most` the bounds."""

    rate: Floats
    low: Floats
    high: Floats
    least: Floats
    most: Floats


def infer(
    people: Floats, registered: Floats, error: Floats, common: float, prior: Floats, spread: Floats, unlike: float = 0.0
) -> Inferred:  # fmt: skip
    """`people` (areas, groups) and `registered` (areas) are counts; `error` is each area's relative standard error and
    `common` what all areas share; `prior` are rates, `spread` their standard deviations in log-odds;
    `unlike` is how far groups of a council are from what its areas seem to tell, in log-odds too."""
    size = people.sum(axis=1)
    seen = size > 0
    people, size = people[seen], size[seen]
    share = np.clip(registered[seen] / size, LEAST_SHARE, MOST_SHARE)
    centre, covariance = _posterior(people / size[:, None], share, error[seen] * share, logit(prior), spread)
    rate = _fitted(people, share, centre)
    spreads = _deviation(people, share, centre, covariance)
    logs = np.hypot(np.hypot(spreads, common * rate) / (rate * (1 - rate)), unlike)
    least, most = bounds(people, share * size)
    low, high = (expit(logit(rate) + sign * 1.96 * logs) for sign in (-1, 1))
    low, high = np.minimum(low, np.maximum(rate - NEAREST, 0.0)), np.maximum(high, np.minimum(rate + NEAREST, 1.0))
    slack = 1.96 * common
    low = np.minimum(np.maximum(low, least * (1 - slack)), rate)
    return Inferred(rate, low, np.maximum(np.minimum(high, most * (1 + slack)), rate), least, most)


def bounds(people: Floats, registered: Floats) -> tuple[Floats, Floats]:
    """The least and the most of each group that can be registered, whoever they are, given the areas' totals."""
    others = people.sum(axis=1, keepdims=True) - people
    least = np.maximum(registered[:, None] - others, 0.0)
    most = np.minimum(registered[:, None], people)
    total = people.sum(axis=0)
    return least.sum(axis=0) / total, most.sum(axis=0) / total


def _posterior(parts: Floats, share: Floats, error: Floats, prior: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of the groups' log-odds (Gauss-Newton); areas differ at random besides, by a spread that is
    estimated from what is left over."""
    precision = np.linalg.inv(np.diag(spread**2) + COMMON_SPREAD**2)
    centre, between = prior + logit(np.mean(share)) - logit(np.clip(np.mean(parts @ expit(prior)), 0.01, 0.99)), 0.1
    covariance = np.diag(spread**2)
    for _ in range(ROUNDS):
        chance = expit(centre)
        slope = parts * chance * (1 - chance)
        steep = slope.sum(axis=1)
        weight = TELLING / (error**2 + between * steep**2)
        rest = share - parts @ chance
        covariance = np.linalg.inv((slope.T * weight) @ slope + precision)
        centre = centre + 0.7 * covariance @ (slope.T @ (weight * rest) - precision @ (centre - prior))
        between = max(0.7 * between + 0.3 * float(np.mean((rest**2 - error**2) / steep**2)), 1e-4)
    return centre, covariance


def _fitted(people: Floats, share: Floats, centre: Floats) -> Floats:
    """Rates of the groups when every area is shifted on the log-odds scale until its total is what is registered."""
    parts = people / people.sum(axis=1, keepdims=True)
    low, high = np.full(len(share), -12.0), np.full(len(share), 12.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = (parts * expit(centre + middle[:, None])).sum(axis=1) < share
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    chance = expit(centre + ((low + high) / 2)[:, None])
    return np.asarray((people * chance).sum(axis=0) / people.sum(axis=0))


def _deviation(people: Floats, share: Floats, centre: Floats, covariance: Floats) -> Floats:
    """Standard deviation of the fitted rates: what each independent direction of doubt changes, squared and added."""
    values, directions = np.linalg.eigh(covariance)
    steps = (directions * np.sqrt(np.maximum(values, 0))).T
    moved = [(_fitted(people, share, centre + step) - _fitted(people, share, centre - step)) / 2 for step in steps]
    spread: Floats = np.sqrt((np.array(moved) ** 2).sum(axis=0))
    return spread
