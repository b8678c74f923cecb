"""How many homes of a rule a campaign holds now or has written to lately.

Campaigns stand on a higher floor than segments: what they hold is handed in (`engage.app` does), never asked for here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from sqlmodel import Session

from engage.foundation.office import Office

RECENT = timedelta(days=28)
Uprns = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Listed:
    """UPRNs, in order. Handed in again as the same object while it is the same list, so that where its homes lie is
    looked up once."""

    uprns: Uprns


@dataclass(frozen=True)
class Reminded:
    """The homes of each campaign that is launched or paused, whatever its arm, by the campaign's name; and those a
    message went to within RECENT."""

    running: Mapping[str, Listed]
    recent: Listed


@runtime_checkable
class Campaigns(Protocol):
    """Whom an authority's campaigns remind, as things stand."""

    def __call__(self, office: Office, session: Session, authority: str) -> Reminded: ...


@dataclass(frozen=True)
class Overlap:
    """Homes of a rule: in each running campaign, in any of them, and written to within RECENT."""

    campaigns: dict[str, int]
    running: int
    recent: int


class Homes(Protocol):
    """The homes of a rule: which of them are listed."""

    def among(self, listed: Listed, /) -> npt.NDArray[np.bool_]: ...


def of(homes: Homes, reminded: Reminded) -> Overlap:
    held = {name: homes.among(others) for name, others in reminded.running.items()}
    recent = homes.among(reminded.recent)
    anywhere = np.zeros_like(recent)
    for found in held.values():
        anywhere |= found
    counts = {name: int(np.count_nonzero(found)) for name, found in held.items()}
    return Overlap(counts, int(np.count_nonzero(anywhere)), int(np.count_nonzero(recent)))
