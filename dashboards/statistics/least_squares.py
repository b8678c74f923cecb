"""Least squares of an outcome on arms, within blocks and weighted, with the error the design asks for."""

from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboards.statistics import small_blocks
from dashboards.statistics.intervals import LEVEL, Z
from engage.foundation.errors import InputRefused
from engage.foundation.libraries import linear_models, stats

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """One difference from the control and its standard error for each arm; `critical` times the error is half the
    95 % interval, `interval` says from which distribution, on `freedom` degrees, `plain` that neither clusters nor
    blocks were used. `uncorrected` errors are CR0 (HC0) where `errors` are CR1 or CR2 (HC1), an
    error of 0 is one that nothing is known of; `correlation` is that of the
    differences, which share their control.
    """

    differences: Array
    errors: Array
    uncorrected: Array
    correlation: Array
    critical: float
    freedom: float
    interval: str
    plain: bool


def fit(rows: pd.DataFrame, treated: list[str], covariates: Array | None = None) -> Fit:
    """`rows` has arm and outcome and may have cluster, block (both whole numbers from 0) and weight.

    With `covariates`, one column each, known before anybody was reminded: every covariate less its mean, alone and
    times every arm (Lin 2013, Annals of Applied Statistics 7: 295-318), which costs no precision in a large trial even
    where the outcome does not depend on them in a straight line.
    """
    outcome: Array = rows["outcome"].to_numpy(np.float64)
    arms: Array = np.column_stack([rows["arm"] == label for label in treated]).astype(np.float64)
    design, response, absorbed = _within_blocks(rows, _design(rows, arms, covariates), outcome, len(treated))
    if covariates is not None:
        design = design[:, _independent(design)]
    model = linear_models.OLS(response, design)
    free = max(1, len(rows) - design.shape[1] - absorbed)
    told = _fitted(rows, model, len(treated), free, lin=covariates is not None)
    # An error of nothing but rounding is none: clusters or rows that are all alike say nothing of chance.
    real = np.isfinite(told.errors) & (told.errors > ROUNDING * max(1e-300, float(np.abs(outcome).max())))
    return replace(told, errors=np.where(real, told.errors, 0.0))


ROUNDING = 1e-9


def _fitted(rows: pd.DataFrame, model: "linear_models.OLS", arms: int, free: int, *, lin: bool) -> Fit:
    if "cluster" in rows:
        _refuse_one_cluster(rows)
        if small_blocks.small(rows):
            return _within_small_blocks(model, rows, arms)
        found, spread, freedom = _clustered(model, rows, free)
    elif {"block", "weight"} & set(rows.columns):
        found, spread, freedom = model.fit(cov_type="HC0"), len(rows) / free, free
    else:
        # HC0 is p(1-p)/n for a yes-or-no outcome; HC2 is Neyman's s^2/n for any other.
        binary = not lin and rows["outcome"].isin([0.0, 1.0]).all()
        with np.errstate(invalid="ignore", divide="ignore"):  # of an arm with one row there is no variance
            found = model.fit(cov_type="HC0" if binary else "HC2")
        return _told(found, arms, 1.0, inf)
    return _told(found, arms, spread, freedom)


def _within_small_blocks(model: "linear_models.OLS", rows: pd.DataFrame, arms: int) -> Fit:
    """CR2, on the fewest degrees of freedom of any arm; CR0 beside it."""
    found = model.fit(cov_type="cluster", cov_kwds={"groups": rows["cluster"].to_numpy(), "use_correction": False})
    spread = small_blocks.spread(rows, model.exog, np.asarray(found.resid))
    freedom = np.nan_to_num(spread.freedom[:arms], nan=1.0, posinf=1.0)
    told = _told(found, arms, 1.0, max(1.0, float(freedom.min())))
    own = spread.covariance[:arms, :arms]
    return replace(told, errors=np.sqrt(np.diag(own)), correlation=_correlation(own))


def _told(found: Any, k: int, spread: float, freedom: float) -> Fit:
    covariance: Array = np.asarray(found.cov_params())[:k, :k]
    with np.errstate(invalid="ignore"):
        raw = np.sqrt(np.diag(covariance))
    critical = Z if freedom == inf else float(stats.t.isf((1 - LEVEL) / 2, freedom))
    name = "normal" if freedom == inf else "t"
    return Fit(
        found.params[:k], raw * np.sqrt(spread), raw, _correlation(covariance), critical, freedom, name, freedom == inf
    )


def _correlation(covariance: Array) -> Array:
    raw = np.sqrt(np.abs(np.diag(covariance)))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation: Array = np.nan_to_num(covariance / np.outer(raw, raw))
    np.fill_diagonal(correlation, 1.0)
    return correlation


def _design(rows: pd.DataFrame, arms: Array, covariates: Array | None) -> Array:
    if covariates is None:
        return arms
    weight = rows["weight"].to_numpy(float) if "weight" in rows else None
    centred: Array = covariates - np.average(covariates, axis=0, weights=weight)
    crossed = [arms[:, [place]] * centred for place in range(arms.shape[1])]
    return np.hstack([arms, centred, *crossed])


def _independent(design: Array) -> list[int]:
    """The columns that say something those before them do not: covariates may be constant, or repeat each other."""
    length = np.sqrt((design**2).sum(axis=0))
    unit = design / np.maximum(length, 1e-12)
    alike = unit.T @ unit
    kept: list[int] = []
    for place in range(design.shape[1]):
        tried = [*kept, place]
        if int(np.linalg.matrix_rank(alike[np.ix_(tried, tried)], tol=1e-9)) == len(tried):
            kept = tried
    return kept


def _refuse_one_cluster(rows: pd.DataFrame) -> None:
    for label, count in rows.groupby("arm")["cluster"].nunique().items():
        if count < 2:
            raise InputRefused(
                f"The arm {label!r} has only one cluster: its error cannot be known. "
                "Two clusters or more in each arm were expected."
            )


def _clustered(model: "linear_models.OLS", rows: pd.DataFrame, free: int) -> tuple[Any, float, int]:
    """CR1: the sandwich over clusters times G/(G-1) x (N-1)/(N-K), the blocks counted in K."""
    number = int(rows["cluster"].nunique())
    keywords = {"groups": rows["cluster"].to_numpy(), "use_correction": False}
    found = model.fit(cov_type="cluster", cov_kwds=keywords)
    return found, number / (number - 1) * (len(rows) - 1) / free, number - 1


def _within_blocks(rows: pd.DataFrame, columns: Array, outcome: Array, arms: int) -> tuple[Array, Array, int]:
    """Columns and outcome less their weighted block means, times the root of the weight; and the parameters absorbed.

    By the theorem of Frisch, Waugh and Lovell this gives the coefficients and residuals of the regression with a
    dummy for every block, without the dummies. Without blocks a constant is kept.
    """
    weight = rows["weight"].to_numpy(float) if "weight" in rows else np.ones(len(rows))
    root = np.sqrt(weight)
    if "block" not in rows:
        # The constant is a column of its own here, and counted with them.
        return np.column_stack([columns, np.ones(len(rows))]) * root[:, None], outcome * root, 0
    block = rows["block"].to_numpy()
    total = np.bincount(block, weight)
    means = [(np.bincount(block, weight * part) / np.maximum(total, 1e-300))[block] for part in (*columns.T, outcome)]
    centred = (np.column_stack([columns, outcome]) - np.column_stack(means)) * root[:, None]
    design = centred[:, :-1]
    if np.linalg.matrix_rank(design[:, :arms]) < arms:
        raise InputRefused("No block holds both an arm and the control, so nothing can be compared within blocks.")
    return design, centred[:, -1], int(np.unique(block).size)
