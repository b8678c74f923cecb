"""What is found of a trial: each arm against the control, each ward against the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isinf
from typing import Any

from dashboards.statistics.caveats import Caveats
from dashboards.statistics.intervals import Interval, Z
from dashboards.statistics.randomisation import Drawn
from dashboards.statistics.trial import Rate

NOTHING_KNOWN = Interval(-1.0, 1.0)
NONE = "none"
"""The method of an interval without ends, where rows or clusters are all alike and say nothing of chance."""


@dataclass(frozen=True)
class Complier:
    """The effect on those a message reaches, under the usual exclusion restriction."""

    contact_rate: float
    difference: float
    se: float
    low: float
    high: float


@dataclass(frozen=True)
class Adjusted:
    """The difference with covariates taken out: the second line, never the first."""

    difference: float
    se: float
    low: float
    high: float


@dataclass(frozen=True)
class Arm:
    """One arm against the control. Means and differences are shares (0.05 is 5 points) where the outcome is 0 or 1.

    `n` and `clusters` count this arm's own rows; without a cluster column every row is a cluster of its own.
    `interval` names the method of `low` and `high`: normal, t (on `freedom` degrees), newcombe, or none. What is
    missing does not apply:

    - `z`, of no difference with the pooled variance, and `newcombe`: of two plain rates;
    - `cr0`, the error without the correction for few clusters, and `randomised`, the lot drawn again, which is given
      where an arm and the control have fewer than 40 clusters together: of clusters;
    - `simultaneous`, an interval that holds for all arms at once: of two arms or more;
    - `always_valid`, one that holds for all arms at every look: of a campaign whose window has not closed;
    - `worst_case`, the difference if all outcomes that are missing went one way, and the other: of yes or no;
    - `adjusted`: of covariates; `complier`: of contact.
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
    z: float | None = None
    cr0: float | None = None
    adjusted: Adjusted | None = None
    randomised: Drawn | None = None
    simultaneous: Interval | None = None
    always_valid: Interval | None = None
    critical: float = Z
    worst_case: Interval | None = None
    freedom: float | None = None

    @property
    def judged(self) -> Interval:
        """The interval by which something is said, or "too early to say": it allows for several arms and looks, and
        where the lot was drawn again it reaches as far as that does. `critical` is its number of standard errors.
        """
        seen = self.always_valid or self.simultaneous or Interval(self.low, self.high)
        if self.randomised is None:
            return seen
        return Interval(min(seen.low, self.randomised.low), max(seen.high, self.randomised.high))

    def as_dict(self) -> dict[str, Any]:
        names = ("arm", "n", "clusters", "mean", "difference", "se", "low", "high", "interval")
        out: dict[str, Any] = _ended({name: getattr(self, name) for name in names})
        out |= {name: value for name in ("z", "cr0", "freedom") if (value := getattr(self, name)) is not None}
        for name in ("newcombe", "simultaneous", "always_valid", "worst_case"):
            if interval := getattr(self, name):
                out[name] = _ended(interval._asdict())
        for name in ("adjusted", "complier", "randomised"):
            if part := getattr(self, name):
                out[name] = _ended(vars(part))
        return out


def _ended(figures: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no end without end, of which nothing speaks against any effect."""
    return {name: None if isinstance(value, float) and isinf(value) else value for name, value in figures.items()}


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
    """Every arm against one control; `caveats` counts the rows that are in no figure, and says what to know of them."""

    control: str
    n: int
    mean: float
    arms: tuple[Arm, ...]
    caveats: Caveats = field(default_factory=Caveats)

    @property
    def left_out(self) -> int:
        """The rows whose outcome is not known."""
        return self.caveats.left_out

    @property
    def notes(self) -> tuple[str, ...]:
        lonely = [arm for arm in self.arms if arm.n == 1 and arm.se]
        told = (_without_error(arm) for arm in self.arms if not arm.se)
        return (*self.caveats.notes, *told, *map(_of_one_row, lonely))

    def as_dict(self) -> dict[str, Any]:
        control = {"arm": self.control, "n": self.n, "mean": self.mean}
        arms = [arm.as_dict() for arm in self.arms]
        return {"control": control, "arms": arms, **self.caveats.as_dict(), "notes": list(self.notes)}


def _of_one_row(arm: Arm) -> str:
    return (
        f"The arm {arm.arm!r} has one row only, which says nothing of chance: is it a slip of the pen for another arm?"
    )


def _without_error(arm: Arm) -> str:
    instead = "there is no interval" if arm.interval == NONE else "the interval is Newcombe’s"
    return (
        f"Rows or clusters of {arm.arm!r} and of the control do not differ among themselves, so no standard error can "
        f"be worked out and {instead}."
    )
