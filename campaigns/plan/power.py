"""What a campaign's comparison can find, said before anybody approves it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import ceil
from pathlib import Path
from typing import Any

from campaigns.plan.audience import connect
from campaigns.plan.plan import Plan
from engage.foundation.libraries import optimize, proportion

LEVEL, POWER = 0.95, 0.80
FEWEST = 100  # homes in each group, below which no effect of a ward is ever shown
ELSEWHERE = (
    "A smaller effect may be real and yet not be told from chance. Elsewhere a letter or card added about 1 in every "
    "100 people, and texts from a council up to 8."
)
OTHER_RATES = (0.02, 0.05, 0.10, 0.20)


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
    return float(optimize.brentq(short, 1e-6, most, xtol=1e-6)) if short(1e-6) > 0 else 1e-6


def _needed(baseline: float, lift: float, ratio: float) -> float:
    # Arms: 1 is the reminded one; statsmodels counts its rows and takes the control's as `ratio` times those.
    return float(
        proportion.samplesize_proportions_2indep_onetail(
            lift, baseline, POWER, ratio=ratio, alpha=1 - LEVEL, alternative="two-sided"
        )
    )


@dataclass(frozen=True)
class Contrast:
    """Two groups that will be compared. `finds` is the least lift found with 80 % power, as a share, or None;
    `shown` whether a ward is large enough for its effect to be shown at all."""

    arm: str
    against: str
    homes: int
    others: int
    finds: float | None
    ward: str = ""
    name: str = ""
    shown: bool = True


def statement(audience: Path, plan: Plan) -> dict[str, Any]:
    """For the page and the file of a submitted campaign: `rate` is the share of homes expected to gain an elector
    without any reminder; `overall` the groups compared, `rates` the first of them at other rates, `wards` by ward."""
    counts = _counts(audience)
    total = {arm: sum(homes.get(arm, 0) for _, homes in counts.values()) for arm in plan.arms}
    pairs = compared(plan)
    overall = [_contrast(pair, total, plan.expected_rate) for pair in pairs]
    wards = [
        _contrast(pairs[0], homes, plan.expected_rate, ward, name) for ward, (name, homes) in counts.items() if pairs
    ]
    return {
        "rate": plan.expected_rate,
        "days": (plan.outcome_window.end - plan.outcome_window.start).days + 1,
        "overall": [asdict(found) for found in overall],
        "rates": [
            {"rate": rate, "finds": detectable(overall[0].homes, overall[0].others, rate)}
            for rate in sorted({*OTHER_RATES, plan.expected_rate}) if overall
        ],
        "wards": [asdict(found) for found in wards],
    }  # fmt: skip


def compared(plan: Plan) -> list[tuple[str, str]]:
    """Each group that is reminded with the one that is not yet; then those reminded on the same days by pairs."""
    if len(plan.arms) < 2:
        return []
    now = [arm for arm in plan.arms if arm != plan.comparison]
    return [*((arm, plan.comparison) for arm in now), *((second, first) for first, second in combinations(now, 2))]


def _counts(audience: Path) -> dict[str, tuple[str, dict[str, int]]]:
    query = "SELECT coalesce(ward, ''), coalesce(any_value(ward_name), ''), arm, count(*) FROM read_parquet(?)"
    with connect() as lake:
        rows = lake.execute(f"{query} GROUP BY ALL ORDER BY ALL", [str(audience)]).fetchall()
    counts: dict[str, tuple[str, dict[str, int]]] = {}
    for ward, name, arm, homes in rows:
        counts.setdefault(ward, (name, {}))[1][arm] = homes
    return counts


def _contrast(
    pair: Sequence[str], homes: Mapping[str, int], rate: float, ward: str = "", name: str = ""
) -> Contrast:  # fmt: skip
    arm, against = pair
    treated, control = homes.get(arm, 0), homes.get(against, 0)
    shown = not ward or min(treated, control) >= FEWEST
    finds = detectable(treated, control, rate) if shown else None
    return Contrast(arm, against, treated, control, finds, ward, name, shown)


def said(found: Mapping[str, Any]) -> list[str]:
    """The statement in plain words, for the page, the command and the record."""
    if not found["overall"]:
        return ["Nobody is compared with anybody, so this campaign cannot show what it changed."]
    around = _in_100(found["rate"])
    return [
        *(_sentence(contrast, around) for contrast in found["overall"]),
        ELSEWHERE,
        _wards_said(found["wards"]),
    ]


def _sentence(contrast: Mapping[str, Any], around: str) -> str:
    groups = f"{contrast['homes']:,} homes ({contrast['arm']}) and {contrast['others']:,} ({contrast['against']})"
    if contrast["finds"] is None:
        return f"With {groups}, even the largest effect could be chance. There are too few homes."
    return (
        f"With {groups}, an effect of {_in_100(contrast['finds'], up=True)} more homes in every 100 or larger will be "
        f"found four times in five, if about {around} in 100 gain an elector without this."
    )


def _wards_said(wards: Sequence[Mapping[str, Any]]) -> str:
    able = [ward["finds"] for ward in wards if ward["finds"] is not None]
    if not able:
        return f"No ward has {FEWEST} homes in each group, so no effect of a ward by itself will be shown."
    some = f"In {len(able)} of {len(wards)} wards an effect can be shown by itself"
    best, worst = _in_100(min(able), up=True), _in_100(max(able), up=True)
    span = f"of {best} more homes in every 100" if best == worst else f"of {best} to {worst} more homes in every 100"
    return f"{some}, and has to be much larger to be found there: the least is one {span}."


def _in_100(share: float, *, up: bool = False) -> str:
    """`2.3`; never less than what is meant where `up`."""
    tenths = ceil(share * 1000 - 1e-6) if up else round(share * 1000)
    return f"{tenths / 10:g}"
