"""What is worked out when a campaign is submitted, and shown to whoever approves it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from campaigns import audience, exclusions
from campaigns.exclusions import Uprns
from campaigns.plan import Plan
from engage.foundation.calendar import law
from engage.foundation.errors import InputRefused
from engage.foundation.office import Office


def estimate(
    office: Office, authority: str, plan: Plan, seed: int, frozen: Path, to: Path, left_out: Mapping[str, Uprns]
) -> dict[str, Any]:
    """Write the audience with its arms to `to`; gives who is in it, who is left out, and what it can find."""
    from campaigns import power  # noqa: PLC0415  # brings the statistics, which a worker does without

    counts, without = _left_out(frozen, left_out)
    arms = audience.with_arms(frozen, to, plan.arms, seed, without)
    if not sum(arms.values()):
        raise InputRefused(
            "Every home of the segment is left out, so there is nobody to remind. " + "; ".join(
                f"{reason}: {homes:,}" for reason, homes in counts.items()
            )
        )  # fmt: skip
    with office.database.session() as session:
        waterfall = exclusions.waterfall(office, session, authority, plan, to, counts)
    return {
        **audience.estimate(to, plan, law(office.settings.home)),
        "arms": arms,
        "waterfall": waterfall,
        "power": power.statement(to, plan),
    }


def _left_out(frozen: Path, left_out: Mapping[str, Uprns]) -> tuple[dict[str, int], Uprns]:
    """Each home under the first reason that holds for it, so that the counts add up."""
    counts: dict[str, int] = {}
    without = audience.NOBODY
    for reason, uprns in left_out.items():
        more = np.setdiff1d(audience.held(frozen, uprns), without)
        counts[reason], without = len(more), np.union1d(without, more)
    return counts, without
