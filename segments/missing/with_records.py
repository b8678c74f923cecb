"""Who is missing by ward and output area, once the council's own records are heard beside the estimate: for officers.

Both tell of the same people by different ways: the estimate (segments/missing/gap.py) of how many live in an area, the
records of who is known in each home. Each is off by itself. How far is told by how much the two agree over the areas
(Grubbs 1948): what they share is the truth, and what each has besides is its error. They are weighed by those errors,
so records that say nothing change nothing. Their sum stays that of the estimate: a list does not name everybody, and
some whom it names have moved on. No figure for members is made of this.
"""

from dataclasses import dataclass, replace
from datetime import date
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlmodel import Session

from engage.foundation.office import Office
from segments.areas import wards
from segments.engine import execution
from segments.homes import households
from segments.missing import gap, usable
from segments.missing.gap import NORMAL_95, Row

FEWEST = 8  # areas that tell an error from chance
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WithRecords:
    """Rows as those of `gap.Estimate`, most people missing first; `weight` is what the records count for, 0 to 1."""

    wards: list[Row]
    areas: list[Row]
    weight: float
    known: float  # adults known and not registered
    sources: list[str]  # as officers know them
    as_at: date  # of the oldest delivery
    of_newest_register: bool


@dataclass(frozen=True)
class Errors:
    """Variances of the share missing of an average area: of the estimate, and of the records, beyond what is common."""

    estimate: float
    records: float

    @property
    def weight(self) -> float:
        return self.estimate / (self.estimate + self.records) if self.records < np.inf else 0.0

    @property
    def together(self) -> float:
        """Not below half the estimate's own, as what agrees by chance is taken for truth."""
        both = (1 - self.weight) ** 2 * self.estimate + (self.weight**2 * self.records if self.weight else 0.0)
        return max(both, self.estimate / 2)


_MADE: WeakKeyDictionary[usable.InUse, tuple[gap.Estimate, WithRecords | None]] = WeakKeyDictionary()


def estimate(office: Office, authority: str) -> WithRecords | None:
    """None where no source may be used today, and where fewer than FEWEST areas can be told apart. Worked out again
    only when the estimate or the records have changed."""
    with office.database.reading() as session:
        found = usable.in_use(office, session, authority)
    if found is None:
        return None
    told = gap.estimate(office, authority)
    before, answer = _MADE.get(found, (None, None))
    if before is not told:
        answer = _estimate(office, authority, told, found)
        _MADE[found] = told, answer
    return answer


def _estimate(office: Office, authority: str, told: gap.Estimate, found: usable.InUse) -> WithRecords | None:
    with office.database.reading() as session:
        homes = _homes(office, session, authority, found)
    if len(told.areas) < FEWEST or not homes.known.sum() > 0:
        return None
    of_wards, of_areas, weight = calibrated(told, homes.groupby("ward").known.sum(), homes.groupby("oa").known.sum())
    oldest = min(each.as_at for each in found.snapshots)
    return WithRecords(
        of_wards, of_areas, weight, float(homes.known.sum()), found.titles, oldest, found.of_newest_register
    )


def _homes(office: Office, session: Session, authority: str, found: usable.InUse) -> pd.DataFrame:
    """`oa, ward, known` of the homes, by the wards of today."""
    known = found.homes.select("home_uprn", "known_not_registered").to_pandas().set_index("home_uprn")
    with execution.connect() as backend:
        built = execution.table(backend, office.lake, households.newest(session, authority))
        told = wards.restated(backend, office, session, authority, built).select("uprn", "oa", "ward")
        placed: pd.DataFrame = told.execute()
    return placed.assign(known=placed.uprn.map(known.known_not_registered).fillna(0.0))


def calibrated(told: gap.Estimate, by_ward: pd.Series, by_area: pd.Series) -> tuple[list[Row], list[Row], float]:
    """The rows of wards and areas, and what the records count for: one weight, so that wards are their areas' sums."""
    of_area = _compared(told.areas, by_area)
    errors = _errors(of_area)
    common = (told.overall.high - told.overall.low) / 2 / NORMAL_95 / max(told.overall.completeness, 0.01)
    of_ward = _compared(told.wards, by_ward)
    of_wards = _of_wards(errors, of_ward, len(of_area) / max(len(of_ward), 1))
    return (
        _rows(told.wards, of_ward, errors.weight, of_wards, common),
        _rows(told.areas, of_area, errors.weight, errors.together, common),
        errors.weight,
    )  # fmt: skip


def _compared(rows: list[Row], known: pd.Series) -> pd.DataFrame:
    """`eligible`, and the share missing by the `estimate` and by the `records`, scaled to the same sum."""
    frame = pd.DataFrame(
        {"eligible": [row.eligible for row in rows], "missing": [row.eligible - row.registered for row in rows]},
        index=[row.key for row in rows],
    )  # fmt: skip
    named = known.reindex(frame.index).fillna(0.0)
    scale = frame.missing.sum() / named.sum() if named.sum() > 0 else 0.0
    return frame.assign(estimate=frame.missing / frame.eligible, records=scale * named / frame.eligible)


def _errors(areas: pd.DataFrame) -> Errors:
    """Of the estimate at least what chance alone makes of so few people."""
    own, records, shared = _moments(areas)
    share = float(np.average(areas.estimate.clip(0.01, 0.99), weights=areas.eligible))
    chance = share * (1 - share) * len(areas) / float(areas.eligible.sum())
    if shared <= 0:
        return Errors(max(own, chance), np.inf)
    return Errors(max(own - shared, chance), max(records - shared, chance))


def _moments(places: pd.DataFrame) -> tuple[float, float, float]:
    """Variances of the two shares over the places, by people, and what they share."""
    both = np.cov(places[["estimate", "records"]].to_numpy(), rowvar=False, aweights=places.eligible)
    return float(both[0, 0]), float(both[1, 1]), float(both[0, 1])


def _of_wards(errors: Errors, places: pd.DataFrame, areas_each: float) -> float:
    """The variance of an average ward: of its areas' errors the part that does not average out is told by the wards."""
    if len(places) < FEWEST or not errors.weight:
        return errors.together
    own, records, shared = _moments(places)
    of_estimate = max(own - shared, errors.estimate / areas_each)
    of_records = max(records - shared, errors.records / areas_each)
    return (1 - errors.weight) ** 2 * of_estimate + errors.weight**2 * of_records


def _rows(rows: list[Row], places: pd.DataFrame, weight: float, variance: float, common: float) -> list[Row]:
    share = ((1 - weight) * places.estimate + weight * places.records).to_numpy(dtype=np.float64)
    of_size = places.eligible.mean() / places.eligible.to_numpy(dtype=np.float64)
    error = np.sqrt(variance * of_size + (common * (1 - share)) ** 2)
    found = [_row(row, float(each), float(off)) for row, each, off in zip(rows, share, error, strict=True)]
    return sorted(found, key=lambda row: (-row.missing, row.key))


def _row(row: Row, missing: float, error: float) -> Row:
    complete, spread = 1 - missing, NORMAL_95 * error
    return replace(
        row, registered=row.eligible * complete, missing=max(row.eligible * missing, 0.0),
        completeness=min(max(complete, 0.0), 1.0), low=min(max(complete - spread, 0.0), 1.0),
        high=min(max(complete + spread, 0.0), 1.0),
    )  # fmt: skip
