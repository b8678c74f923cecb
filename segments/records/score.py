"""The score that says where to write first: how many adults are expected to be missing from a home.

As it comes it is what the records know there, with those whom no list names shared out. Where it was seen who
registered between two registers, it is shared out by how many did in homes like this one, if that told better of homes
that were held out (`segments/missing/newly_registered.py`). Kept are the coefficients: nothing of a home or
person.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from sqlalchemy import JSON, Column
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.database import Moment

Floats = npt.NDArray[np.float64]
# Of each home: a figure is capped, so that a house of many adults does not outweigh a street.
FEATURES = {
    "known": pl.col("known_not_registered").clip(0, 4),
    "known for sure": (pl.col("known_low") > 0).cast(pl.Float64),
    "known at all": (pl.col("known_not_registered") > 0).cast(pl.Float64),
    "moved in": pl.col("moved_in").clip(0, 2),
    "more expected": (pl.col("gap") - pl.col("known_not_registered")).clip(0, 3),
    "nobody registered": (pl.col("electors") == 0).cast(pl.Float64),
    "electors": pl.col("electors").clip(0, 6).cast(pl.Float64),
    "nobody knows": (pl.col("nobody_knows") > 0).cast(pl.Float64),
}


class RecordScore(SQLModel, table=True):
    """What was learnt once; the newest of an authority counts. Lifts are of homes that were held out: the share of all
    who registered that is in the tenth of homes ranked highest, over one tenth."""

    __tablename__ = "record_score"

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(foreign_key="authority.code", max_length=9, index=True)
    earlier: date  # the registers that it was learnt between
    later: date
    homes: int  # with evidence, and nobody who left between them
    registered: int  # adults who newly registered in them
    lift: float
    lift_fixed: float  # of the score as it comes
    gain: float  # log-likelihood to a home, beyond the score as it comes; and its standard error
    gain_error: float
    better: bool
    coefficients: dict[str, float] = Field(sa_column=Column(JSON, nullable=False))
    learnt_at: datetime = Field(sa_type=Moment)
    learnt_by: str = Field(max_length=80)


def newest(session: Session, authority: str) -> RecordScore | None:
    of = select(RecordScore).where(RecordScore.authority == authority)
    return session.exec(of.order_by(col(RecordScore.id).desc())).first()


def features(homes: pl.DataFrame) -> Floats:
    """A row for each home, after a constant."""
    told = homes.select(pl.lit(1.0), **{name: said.fill_null(0.0) for name, said in FEATURES.items()})
    return told.to_numpy().astype(np.float64)


def expected(coefficients: Mapping[str, Any], homes: pl.DataFrame) -> Floats:
    """How many register in a home between two registers."""
    weights = np.array([float(coefficients.get(name, 0.0)) for name in ("constant", *FEATURES)])
    found: Floats = np.exp(np.clip(features(homes) @ weights, -20.0, 5.0))
    return found


def learnt(session: Session, authority: str, homes: pl.DataFrame) -> pl.DataFrame:
    """`homes` with `score`, which is there, shared out anew over those that have `evidence`, where that is better. The
    sum stays, so that a rule that asks for a score means about as many homes as before."""
    found = newest(session, authority)
    if found is None or not found.better:
        return homes
    evidence = homes["evidence"].to_numpy()
    fixed = homes["score"].to_numpy().astype(np.float64)
    likely = np.where(evidence, expected(found.coefficients, homes), 0.0)
    scale = fixed[evidence].sum() / max(likely.sum(), 1e-9)
    return homes.with_columns(score=pl.Series(np.where(evidence, likely * scale, fixed)))
