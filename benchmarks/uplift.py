"""Uplift against a known truth: how often intervals hold it, and how often a page speaks where there is nothing to say.

    python benchmarks/uplift.py [--runs N]

Sixteen wards of 400 homes, baselines from 6 to 25 %, one to three people to a home whose answers go together, half of
each ward's homes reminded; effects of 0, +1 and +8 points. The sums of every run are made at once with NumPy; the same
first runs of each go row by row through `dashboards.statistics.uplift.by_ward` and must come out alike. What
follows from the sums (shrinking, Newcombe's intervals, what a page says) is the project's own code in every run. Then:
looking again and again before the window closes, several arms, few clusters, matched pairs, wards that truly differ;
and Table 3a of Gerber, Green and Larimer 2008 from the 344,084 rows beside the project. Exit code 1 when a limit is
missed.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from dashboards.published.findings import Cell, publish
from dashboards.statistics.intervals import Interval, Z
from dashboards.statistics.least_squares import fit
from dashboards.statistics.shrinkage import shrink
from dashboards.statistics.simultaneous import dunnett, looking
from dashboards.statistics.trial import FEW, Rate, read_table, rows
from dashboards.statistics.uplift import WardEffect, by_ward, compare, estimate, gather

Array = npt.NDArray[np.float64]

SHARED = Path(os.environ.get("ENGAGE_SHARED", Path(__file__).parents[2] / "shared"))
GGL = SHARED / "data/experiments/GerberGreenLarimer_APSR_2008_social_pressure.csv.gz"
TABLE_3A = {"Civic Duty": 0.018, "Hawthorne": 0.026, "Self": 0.049, "Neighbors": 0.081}
RUNS, EFFECTS = 2_000, (0.0, 0.01, 0.08)
WARDS, HOMES, CHECKED, CHUNK = 16, 400, 4, 100
LEAST, MOST, LIT, HOLD = 0.94, 0.96, 0.05, 0.95
LOOKS, ARMS, PRECINCTS, DRAWS = 26, 4, 14, 999
PAIRS = [(pairs, alike, 1) for pairs in (8, 30, 60) for alike in (True, False)] + [(8, False, 2), (30, False, 2)]
BASE = (0.06, 0.25)
SEED = 2026


@dataclass(frozen=True)
class Borough:
    """Of many runs at once: people and yes by run, ward and home; the first half of each ward's homes are reminded
    (homes are alike but for chance, so that which half does not matter)."""

    people: Array
    yes: Array

    @classmethod
    def drawn(cls, rng: np.random.Generator, runs: int, effect: Array | float) -> "Borough":
        shape = runs, WARDS, HOMES
        base = rng.uniform(*BASE, (runs, WARDS, 1))
        lift = np.broadcast_to(np.asarray(effect), (runs, WARDS))[:, :, None]
        chance = base + lift * (np.arange(HOMES) < HOMES // 2)
        people = rng.integers(1, 4, shape)
        together, alike = rng.random(shape) < 0.5, rng.random(shape) < chance
        own = rng.binomial(people, chance)
        return cls(people.astype(float), np.where(together, alike * people, own).astype(float))

    def rows(self, run: int) -> pd.DataFrame:
        """One row per person, as a file would hold them."""
        people, yes = self.people[run].ravel().astype(int), self.yes[run].ravel().astype(int)
        home = np.repeat(np.arange(people.size), people)
        place = np.arange(home.size) - np.repeat(people.cumsum() - people, people)
        arm = np.where(home % HOMES < HOMES // 2, "now", "later")
        return pd.DataFrame({"ward": home // HOMES, "home": home, "arm": arm, "y": (place < yes[home]).astype(float)})

    def cells(self, run: int) -> Iterator[Cell]:
        """Homes with at least one yes, as a page counts them."""
        for ward, homes in enumerate(self.yes[run] > 0):
            for arm, part in zip(("now", "later"), np.split(homes, 2), strict=True):
                yield Cell(f"W{ward:02}", arm, part.size, int(part.sum()))


@dataclass(frozen=True)
class Sums:
    """The differences and CR1 errors of every run: of each ward, and of all within wards."""

    people: Array  # run, ward, arm (reminded first)
    yes: Array
    own: Array  # run, ward
    own_se: Array
    whole: Array  # run
    whole_se: Array

    @classmethod
    def of(cls, drawn: Borough) -> "Sums":
        half = HOMES // 2
        people, yes = (np.stack([part[..., :half], part[..., half:]], axis=2) for part in (drawn.people, drawn.yes))
        n, y = people.sum(axis=3), yes.sum(axis=3)
        mean = y / n
        own = mean[..., 0] - mean[..., 1]
        scatter = ((yes - mean[..., None] * people) ** 2).sum(axis=3)
        every = n.sum(axis=2)
        own_se = np.sqrt((scatter / n**2).sum(axis=2) * _cr1(HOMES, every, every - 2))
        weight = n[..., 0] * n[..., 1] / every
        whole = (weight * own).sum(axis=1) / weight.sum(axis=1)
        # Arms and answers less their ward's mean: the regression with an effect for every ward.
        arm = np.stack([n[..., 1], -n[..., 0]], axis=2) / every[..., None]
        middle = (y.sum(axis=2) / every)[..., None, None]
        residual = yes - middle * people - whole[:, None, None, None] * arm[..., None] * people
        score = ((arm[..., None] * residual) ** 2).sum(axis=(1, 2, 3))
        total = every.sum(axis=1)
        spread = _cr1(WARDS * HOMES, total, total - 1 - WARDS)
        return cls(n, y, own, own_se, whole, np.sqrt(score * spread) / weight.sum(axis=1))

    def wards(self, run: int) -> list[WardEffect]:
        return [self._ward(run, ward) for ward in range(WARDS)]

    def _ward(self, run: int, ward: int) -> WardEffect:
        (n1, n0), (y1, y0) = self.people[run, ward], self.yes[run, ward]
        few = [min(y, n - y) < FEW for y, n in ((y1, n1), (y0, n0))]
        one, zero = (Rate(y / n, int(n), min(n, HOMES // 2), HOMES // 2, few=f)
                     for y, n, f in ((y1, n1, few[0]), (y0, n0, few[1])))  # fmt: skip
        if any(few):
            return compare(f"W{ward:02}", one, zero)
        difference, half = self.own[run, ward], T_WARD * self.own_se[run, ward]
        interval = Interval(difference - half, difference + half)
        return WardEffect(f"W{ward:02}", one, zero, difference, self.own_se[run, ward], interval)

    def overall(self, run: int) -> Interval:
        half = T_WHOLE * self.whole_se[run]
        return Interval(self.whole[run] - half, self.whole[run] + half)


def _cr1(clusters: int, rows: Array, free: Array) -> Array:
    return clusters / (clusters - 1) * (rows - 1) / free


T_WARD, T_WHOLE = (float(stats.t.isf(0.025, clusters - 1)) for clusters in (HOMES, WARDS * HOMES))


@dataclass
class Held:
    """What came of the runs with one effect; `apart` is the furthest any end of an interval lay from `by_ward`'s."""

    overall: list[bool] = field(default_factory=list)
    wards: list[list[bool]] = field(default_factory=list)
    shrunken: list[list[bool]] = field(default_factory=list)
    lit: list[bool] = field(default_factory=list)
    page: list[bool] = field(default_factory=list)
    apart: float = 0.0


def covering(effect: float, runs: int, limits: list[str], spread: float = 0.0) -> Held:
    rng = np.random.default_rng([SEED, round(effect * 1000), round(spread * 1000)])
    held = Held()
    for start in range(0, runs, CHUNK):
        size = min(CHUNK, runs - start)
        true = np.clip(effect + spread * rng.normal(size=(size, WARDS)), -BASE[0], None)
        drawn = Borough.drawn(rng, size, true)
        sums = Sums.of(drawn)
        for run in range(size):
            _one(held, drawn, sums, run, true[run], check=start + run < CHECKED)
    _tell(f"{100 * effect:+.0f} points" + (f", wards apart by {100 * spread:.1f}" if spread else ""), held)
    if held.apart > 1e-9:
        limits.append(f"by_ward lies {held.apart:.1e} from the sums")
    return held


def _one(held: Held, drawn: Borough, sums: Sums, run: int, true: Array, *, check: bool) -> None:
    overall = sums.overall(run)
    weight = sums.people[run].prod(axis=1) / sums.people[run].sum(axis=1)
    gathered = gather(overall, sums.wards(run))
    held.overall.append(overall.includes(float(weight @ true / weight.sum())))
    held.wards.append([w.interval.includes(t) for w, t in zip(gathered.wards, true, strict=True)])
    held.shrunken.append([w.shrunken_interval.includes(t) for w, t in zip(gathered.wards, true, strict=True)])
    held.lit.append(any(not ward.too_early for ward in gathered.wards))
    page = publish(drawn.cells(run), reminded="now", comparison="later")
    held.page.append(not (page.effect.too_early and all(ward.effect.too_early for ward in page.wards)))
    if check:
        (found,) = by_ward(drawn.rows(run), arm="arm", outcome="y", ward="ward", cluster="home")
        ours = [overall, *(w.interval for w in gathered.wards), *(w.shrunken_interval for w in gathered.wards)]
        mine = sorted(found.wards, key=lambda ward: int(ward.ward))
        theirs = [Interval(found.overall.low, found.overall.high), *(w.interval for w in mine)]
        theirs += [w.shrunken_interval for w in mine]
        held.apart = max(held.apart, float(np.abs(np.array(ours) - np.array(theirs)).max()))


def _tell(what: str, held: Held) -> None:
    each = np.mean(held.wards, axis=0)
    outside = int(((each < LEAST) | (each > MOST)).sum())
    print(f"  {what}: {len(held.overall):,} runs; overall {np.mean(held.overall):.1%}; wards {each.mean():.1%} "
          f"(each from {each.min():.1%} to {each.max():.1%}, {outside} of {WARDS} outside 94 to 96); "
          f"shrunken {np.mean(held.shrunken):.1%}; a ward lights up in {np.mean(held.lit):.1%}, "
          f"the page in {np.mean(held.page):.1%}")  # fmt: skip


def interim(effect: float, runs: int) -> tuple[float, float, float]:
    """Homes register one after another and are looked at every week: how often every look's interval holds, by the
    always-valid one and by 1.96 errors; and how often any look of the first excludes nought."""
    rng = np.random.default_rng([SEED, 7, round(effect * 1000)])
    n, lit = WARDS * HOMES // 2, 0
    valid, naive = 0, 0
    for _ in range(runs):
        base = rng.uniform(0.02, 0.25)
        days = np.linspace(1, LOOKS, LOOKS) / LOOKS
        one, zero = (base + effect) * days, base * days
        counts = [np.searchsorted(np.sort(rng.random(n)), share) / n for share in (one, zero)]
        errors = np.sqrt(sum(p * (1 - p) / n for p in counts))
        off = np.abs(counts[0] - counts[1] - (one - zero))
        pairs = zip(errors, *counts, strict=True)
        many = np.array([looking(se, (p1, n), (p0, n)) for se, p1, p0 in pairs])
        valid += bool((off <= many * errors).all())
        naive += bool((off <= Z * errors).all())
        lit += bool((np.abs(counts[0] - counts[1]) > many * errors).any())
    return valid / runs, naive / runs, lit / runs


def several(runs: int) -> tuple[float, float]:
    """Four arms without any effect: how often all intervals hold at once, by Dunnett's and one by one."""
    rng = np.random.default_rng([SEED, 8])
    n = 800
    p = rng.binomial(n, 0.15, (runs, ARMS + 1)) / n
    variance = p * (1 - p) / n
    ratio = np.abs(p[:, 1:] - p[:, :1]) / np.sqrt(variance[:, 1:] + variance[:, :1])
    bound = dunnett(np.full((ARMS, ARMS), 0.5) + np.eye(ARMS) / 2)
    return float((ratio < bound).all(axis=1).mean()), float((ratio < Z).all(axis=1).mean())


def few_clusters(runs: int, effect: float) -> tuple[float, float]:
    """Precincts of 30 to 600 people that differ: how often CR1's and the redrawn lot's intervals hold."""
    rng = np.random.default_rng([SEED, 9])
    held = np.zeros(2)
    for _ in range(runs):
        size, level = rng.integers(30, 600, 2 * PRECINCTS), rng.normal(0.3, 0.06, 2 * PRECINCTS)
        lot = rng.permutation(2 * PRECINCTS) < PRECINCTS
        yes = rng.binomial(size, np.clip(level + effect * lot, 0, 1))
        place = np.repeat(np.arange(size.size), size)
        voted = np.arange(place.size) - np.repeat(size.cumsum() - size, size) < yes[place]
        table = pd.DataFrame({"arm": np.where(lot, "now", "later")[place], "y": voted.astype(float), "precinct": place})
        (arm,) = estimate(table, arm="arm", outcome="y", cluster="precinct").arms
        drawn = arm.randomised
        held += [arm.low <= effect <= arm.high, drawn is not None and drawn.low <= effect <= drawn.high]
    return float(held[0] / runs), float(held[1] / runs)


def matched_pairs(runs: int, pairs: int, *, effect: float = 0.05, alike: bool = False, to_an_arm: int = 1) -> float:
    """Blocks of so many clusters to an arm, of 10 to 60 people (`alike`: all of 30) whose level differs from block to
    block and from cluster to cluster: how often the interval holds the effect. Of pairs it is worked out from their
    differences; the first runs go through `fit` and must come out alike."""
    rng = np.random.default_rng([SEED, 12, pairs, to_an_arm, alike])
    held = 0
    for run in range(runs):
        count = 2 * to_an_arm * pairs
        size = np.full(count, 30) if alike else rng.integers(10, 61, count)
        block = np.arange(count) // (2 * to_an_arm)
        level = rng.normal(0.35, 0.08, pairs)[block] + rng.normal(0, 0.05, count)
        lot = np.concatenate([rng.permutation(2 * to_an_arm) < to_an_arm for _ in range(pairs)])
        mean = rng.binomial(size, np.clip(level + effect * lot, 0, 1)) / size
        ends = _of_pairs(mean, size, lot) if to_an_arm == 1 else _fitted(mean, size, lot, block)
        if to_an_arm == 1 and run < CHECKED:
            np.testing.assert_allclose(ends, _fitted(mean, size, lot, block), rtol=1e-9)
        held += bool(ends[0] <= effect <= ends[1])
    return held / runs


def _fitted(mean: Array, size: npt.NDArray[Any], lot: npt.NDArray[Any], block: npt.NDArray[Any]) -> tuple[float, float]:
    """From one row to a cluster, its mean with its people as weight: the same interval as of its people (a test holds
    it). Not by `estimate`, which would draw the lot again 9,999 times besides."""
    arm = np.where(lot, "now", "later")
    table = pd.DataFrame({"arm": arm, "y": mean, "street": np.arange(len(mean)), "pair": block, "people": size})
    found = fit(rows(table, arm="arm", outcome="y", cluster="street", block="pair", weight="people"), ["now"])
    half = found.critical * found.errors[0]
    return float(found.differences[0] - half), float(found.differences[0] + half)


def _of_pairs(mean: Array, size: npt.NDArray[Any], lot: npt.NDArray[Any]) -> tuple[float, float]:
    """CR2 and Satterthwaite's degrees of freedom of pairs, as docs/method.md writes them."""
    sign = np.where(lot, 1, -1)
    differences = (sign * mean).reshape(-1, 2).sum(axis=1)
    n = size.reshape(-1, 2).astype(float)
    w = n.prod(axis=1) / n.sum(axis=1)
    whole = w.sum()
    middle = float(w @ differences / whole)
    c = w**2 / (1 - w / whole) / whole**2
    spread = np.diag(1 / w) - 1 / whole
    form = c[:, None] * spread
    freedom = np.trace(form) ** 2 / (form * form.T).sum()
    half = float(stats.t.isf(0.025, freedom) * np.sqrt(c @ (differences - middle) ** 2))
    return middle - half, middle + half


def spread_apart(runs: int, limits: list[str]) -> None:
    """Random effects as the model has them: wards of one error whose true effects are normal."""
    rng = np.random.default_rng([SEED, 10])
    held = []
    for _ in range(runs):
        errors = rng.uniform(0.015, 0.03, WARDS)
        true = rng.normal(0.02, 0.015, WARDS)
        drawn = shrink(true + errors * rng.normal(size=WARDS), errors**2)
        held.append((drawn.lows <= true) & (true <= drawn.highs))
    print(f"  wards that differ by 1.5 points: shrunken intervals hold {np.mean(held):.1%}")
    _limit(limits, "shrunken intervals of wards that differ", float(np.mean(held)), LEAST, 1.0)


def table_3a(limits: list[str]) -> None:
    if not GGL.exists():
        print("  Table 3a: not measured, the file is not here")
        return
    columns: dict[str, Any] = {"arm": "treatment", "outcome": "voted", "cluster": "hh_id"}
    found = {arm.arm: arm for arm in estimate(read_table(GGL, **columns), **columns).arms}
    print(
        "  Table 3a: " + "; ".join(f"{name} {found[name].difference:.3f} ({found[name].se:.3f})" for name in TABLE_3A)
    )
    wrong = [name for name, said in TABLE_3A.items()
             if (round(found[name].difference, 3), round(found[name].se, 3)) != (said, 0.003)]  # fmt: skip
    limits += [f"Table 3a: {name}" for name in wrong]


def _limit(limits: list[str], what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        limits.append(f"{what}: {value:.2%} is not within {least:.0%} to {most:.0%}")


def _effects(runs: int, limits: list[str]) -> None:
    for effect in EFFECTS:
        held = covering(effect, runs, limits)
        what = f"{100 * effect:+.0f} points"
        _limit(limits, f"{what}, overall", float(np.mean(held.overall)), LEAST, MOST)
        _limit(limits, f"{what}, wards", float(np.mean(held.wards)), LEAST, MOST)
        # Each ward by itself, give or take three standard errors of a simulation of so many runs.
        error = 3 * (0.95 * 0.05 / runs) ** 0.5
        for ward, share in enumerate(np.mean(held.wards, axis=0)):
            _limit(limits, f"{what}, ward {ward}", float(share), 0.95 - max(0.01, error), 0.95 + max(0.01, error))
        if effect == 0:
            _limit(limits, "a ward lights up without effect", float(np.mean(held.lit)), 0, LIT)
            _limit(limits, "the page lights up without effect", float(np.mean(held.page)), 0, LIT)
    covering(0.02, runs // 4, limits, spread=0.02)


def _others(runs: int, limits: list[str]) -> None:
    spread_apart(runs, limits)
    for effect in EFFECTS:
        valid, naive, lit = interim(effect, runs)
        print(f"  {LOOKS} looks, {100 * effect:+.0f} points: all hold in {valid:.1%} (1.96 errors: {naive:.1%}); "
              f"something is said in {lit:.1%}")  # fmt: skip
        _limit(limits, f"looks, {100 * effect:+.0f} points", valid, HOLD, 1)
    together, alone = several(5 * runs)
    print(f"  {ARMS} arms without effect: all hold in {together:.1%} (one by one: {alone:.1%})")
    _limit(limits, "several arms", together, LEAST, MOST)
    for effect in (0.0, 0.08):
        formula, lot = few_clusters(runs // 4, effect)
        print(f"  {2 * PRECINCTS} precincts, {100 * effect:+.0f} points: CR1 holds {formula:.1%}, the lot {lot:.1%}")
        _limit(limits, "few clusters, the lot drawn again", lot, 0.93, 1)
    for pairs, alike, to_an_arm in PAIRS:
        share = matched_pairs(runs, pairs, alike=alike, to_an_arm=to_an_arm)
        what = f"{pairs} blocks of {to_an_arm} to an arm{', of one size' if alike else ''}"
        print(f"  {what}: {share:.1%}")
        _limit(limits, what, share, LEAST, MOST)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    runs, limits = parser.parse_args().runs, list[str]()
    steps: list[Callable[[], None]] = [
        lambda: _effects(runs, limits), lambda: _others(runs, limits), lambda: table_3a(limits),
    ]  # fmt: skip
    for step in steps:
        started = time.perf_counter()
        step()
        print(f"  ({time.perf_counter() - started:.0f} s)")
    print("Limits missed: " + "; ".join(limits) if limits else "Every limit is met.")
    return 1 if limits else 0


if __name__ == "__main__":
    sys.exit(main())
