"""What is learnt from who registered between the last two registers: by the evidence that the council's own records
gave at the earlier, and by nothing that came later.

Each home is held out once in FOLDS: what is learnt of the others says how many were to register there (a Poisson
regression), and so does the score as it comes, on a scale of its own. Which of the two had told better of homes it had
not seen decides whether the score that is learnt is used. Homes that somebody left between the registers are no part of
it: who came there in their place was not missing from it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pandas.util import hash_array
from sqlmodel import Session

from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot, current, history
from engage.foundation.libraries import linear_models
from engage.foundation.office import Actor, Office
from segments.homes import registrations
from segments.missing.usable import NONE_IN_DATE
from segments.records import agreements, known, score
from segments.records.arrival import KIND
from segments.records.layouts import BY_SOURCE
from segments.records.score import FEATURES, Floats, RecordScore

FOLDS = 5
FEWEST = 60  # people who registered, that something can be learnt of
STEADIED = 1e-4  # a little towards nothing, so that a column that never varies does no harm
SURE = 2.0  # standard errors by which it must have told better
TENTH = 0.1
NO_EARLIER = (
    "Nothing can be learnt yet: it takes the council's own records, with an agreement in date, that were held against "
    "the register before the newest. Bring records in before the next register, and learn after it. Nothing was "
    "changed."
)
Gained = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Learnt:
    """As RecordScore has it."""

    homes: int
    registered: int
    lift: float
    lift_fixed: float
    gain: float
    gain_error: float
    coefficients: dict[str, float]

    @property
    def better(self) -> bool:
        return self.gain > SURE * self.gain_error and self.lift >= self.lift_fixed


def learn(office: Office, actor: Actor) -> RecordScore:
    """Fit, judge and keep; it counts from now on. InputRefused says what is missing."""
    latest, earlier, deliveries = _registers(office, actor.authority)
    homes = _evidence(office, actor, earlier, deliveries)
    came, left = registrations.changes_since(office, actor.authority, earlier.id or 0)
    homes = homes.filter(~pl.col("home").is_in(list(left)))
    gained = np.array([came.get(home, 0) for home in homes["home"]], dtype=np.int64)
    if gained.sum() < FEWEST:
        raise InputRefused(
            f"{gained.sum()} people newly registered in the {len(gained):,} homes that the records name: expected at "
            f"least {FEWEST}. Nothing was changed."
        )
    found = fitted(homes, gained)
    made = RecordScore(
        authority=actor.authority, earlier=earlier.as_at, later=latest.as_at, better=found.better,
        learnt_at=office.clock.now(), learnt_by=actor.label, **asdict(found),
    )  # fmt: skip
    with office.database.session() as session:
        return _kept(session, actor, made)


def _registers(office: Office, authority: str) -> tuple[Snapshot, Snapshot, list[Snapshot]]:
    """The newest register, the one before that records were held against, and the newest of these of each source."""
    usable = agreements.in_date(office, authority)
    if not any(BY_SOURCE[source].tells for source in usable):
        raise InputRefused(NONE_IN_DATE)
    with office.database.reading() as session:
        latest = current(session, authority, "register")
        before = {each.id: each for each in history(session, authority, "register") if latest and each.id != latest.id}
        told = [each for each in history(session, authority, KIND) if each.name in usable]
    for earlier in before.values():
        of_earlier = {each.name: each for each in reversed(told) if each.report["register"] == earlier.id}
        if latest is not None and any(BY_SOURCE[name].tells for name in of_earlier):
            return latest, earlier, list(of_earlier.values())
    raise InputRefused(NO_EARLIER)


def _evidence(office: Office, actor: Actor, earlier: Snapshot, deliveries: Sequence[Snapshot]) -> pl.DataFrame:
    """As `known.scored`, of homes with evidence, as it stood with the earlier register."""
    with office.database.reading() as session:
        table = current(session, actor.authority, "households")
    if table is None:
        raise InputRefused("There is no table of homes yet. Build it first. Nothing was changed.")
    electors = pl.read_parquet(office.lake.file(registrations.link(office, actor, earlier)), columns=["person", "uprn"])
    expected = _expected(pl.read_parquet(office.lake.file(table), columns=["uprn", "gap", "electors"]), electors)
    found = known.of(office, actor.authority, deliveries)
    return known.scored(found.names, electors, expected).filter("evidence").sort("home")


def _expected(homes: pl.DataFrame, electors: pl.DataFrame) -> pl.DataFrame:
    """`home, gap, electors` by the register given; how many adults are expected does not depend on a register."""
    then = electors.group_by("uprn").agg(then=pl.len().cast(pl.Int64))
    both = homes.join(then, on="uprn", how="left").with_columns(pl.col("then").fill_null(0))
    return both.select(home="uprn", gap=pl.col("gap") + pl.col("electors") - pl.col("then"), electors="then")


def fitted(homes: pl.DataFrame, gained: Gained) -> Learnt:
    """Of `known.scored`, and how many registered in each home."""
    learnt, fixed = held_out(score.features(homes), gained, homes), held_out(_as_it_comes(homes), gained, homes)
    better_by = _told(learnt, gained) - _told(fixed, gained)
    gain, error = float(better_by.mean()), float(better_by.std() / np.sqrt(len(better_by)))
    lifts = lift(learnt, gained), lift(homes["score"].to_numpy(), gained)
    weights = _weights(score.features(homes), gained)
    coefficients = dict(zip(("constant", *FEATURES), map(float, weights), strict=True))
    return Learnt(len(gained), int(gained.sum()), *lifts, gain, error, coefficients)


def _as_it_comes(homes: pl.DataFrame) -> Floats:
    """The score that is not learnt, bent as need be, so that it is judged by its order and not by its scale."""
    fixed = homes["score"].to_numpy().astype(np.float64)
    return np.column_stack([np.ones(len(fixed)), fixed, np.log(fixed + 0.05)])


def held_out(columns: Floats, gained: Gained, homes: pl.DataFrame) -> Floats:
    """How many were to register in each home, by what was learnt of the homes of other folds."""
    fold = hash_array(homes["home"].to_numpy()) % np.uint64(FOLDS)
    told = np.zeros(len(gained))
    for each in range(FOLDS):
        apart = fold == each
        told[apart] = np.exp(np.clip(columns[apart] @ _weights(columns[~apart], gained[~apart]), -20.0, 5.0))
    return told


def _weights(columns: Floats, gained: Gained) -> Floats:
    steadied = np.full(columns.shape[1], STEADIED)
    steadied[0] = 0.0  # so that as many are expected as there were
    model: Any = linear_models.GLM(gained.astype(np.float64), columns, family=linear_models.families.Poisson())
    found: Floats = np.asarray(model.fit_regularized(alpha=steadied, L1_wt=0.0).params)
    return found


def _told(expected: Floats, gained: Gained) -> Floats:
    """The log-likelihood of each home, but for what is the same of every model."""
    found: Floats = gained * np.log(expected) - expected
    return found


def lift(ranked: Floats, gained: Gained) -> float:
    """The share of those gained in the tenth of homes ranked highest, over one tenth; of the last rank in part."""
    least = np.sort(ranked)[::-1][max(round(len(ranked) * TENTH) - 1, 0)]
    above, level = ranked > least, ranked == least
    part = (round(len(ranked) * TENTH) - above.sum()) / level.sum()
    return float((gained[above].sum() + part * gained[level].sum()) / max(gained.sum(), 1) / TENTH)


def _kept(session: Session, actor: Actor, made: RecordScore) -> RecordScore:
    session.add(made)
    audit.record(
        session, authority=actor.authority, at=made.learnt_at, actor=actor.label, act="learn score of council records",
        subject=f"registers of {made.earlier} and {made.later}", homes=made.homes, registered=made.registered,
        better=made.better,
    )  # fmt: skip
    session.flush()
    return made
