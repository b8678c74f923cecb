"""Homes built since the Census, and homes that have gone: the gazetteer of today against the households counted then.

A day of beginning alone proves nothing, as records of old buildings are begun anew. So a home counts as new where its
record began after the Census and its area has so many more homes than its households explain.
"""

from dataclasses import dataclass
from datetime import date

import ibis
import pandas as pd
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.lake import current
from engage.foundation.office import Office
from segments.areas.population import CENSUS_DAY
from segments.engine import execution

STARTED = "started"
# Of an area's households: a smaller excess is no more than homes that stand empty, and records begun anew.
LEAST_MORE, LEAST_FEWER = 0.08, 0.2
MOST_HOMES = 1.25  # to a household, empty ones and holiday homes included, in the usual area of a council


@dataclass(frozen=True)
class Built:
    """By output area: households in homes built `before` a day and `since` then; those gone are below zero."""

    before: pd.Series
    since: pd.Series

    @property
    def areas(self) -> int:
        return int((self.before + self.since != 0).sum())

    @property
    def households(self) -> float:
        """More than were counted."""
        return float((self.before + self.since).clip(lower=0).sum())


def counted(backend: Backend, office: Office, session: Session, authority: str) -> pd.DataFrame | None:
    """`oa, started, homes` of the homes of today: how many there began on which day after the Census, or (no day)
    before. None where no gazetteer here says when."""
    gazetteer, geography = (current(session, authority, kind) for kind in ("gazetteer", "geography"))
    if gazetteer is None or geography is None:
        return None
    properties = execution.table(backend, office.lake, gazetteer)
    if STARTED not in properties.columns:
        return None
    homes = properties.filter(properties.residential).select("uprn", "postcode", STARTED)
    places = execution.table(backend, office.lake, geography).select("uprn", "oa")
    placed = execution.attach(homes, places, "uprn")
    near = placed.filter(placed.oa.notnull() & placed.postcode.notnull())
    placed = execution.attach(placed, near.group_by("postcode").agg(oa_near=ibis._.oa.mode()), "postcode")
    late = (placed.started > CENSUS_DAY).ifelse(placed.started, ibis.null("date"))
    told = placed.mutate(oa=placed.oa.coalesce(placed.oa_near), told=placed.started.notnull(), started=late)
    found: pd.DataFrame = told.group_by("oa", STARTED).agg(homes=ibis._.count(), told=ibis._.told.any()).execute()
    return found.drop(columns="told") if found.told.any() else None


def built(homes: pd.DataFrame, households: pd.Series, on: date | None) -> Built:
    """Since the Census, parted at the day `on` (None: all of them `since`). `households` are those of the Census by
    output area; `homes` are as `counted`."""
    now = homes.groupby("oa").homes.sum().reindex(households.index).fillna(0.0)
    usual = _usual(now, households)
    started = pd.to_datetime(homes.started)
    more = (now / usual - households).where(households > 0, 0.0)
    late = _sum(homes, started.notna(), households) / usual
    new = more.clip(lower=0.0, upper=late)
    new = new.where(new >= LEAST_MORE * households, 0.0)
    gone = more.where((more <= -LEAST_FEWER * households) & (now > 0), 0.0)
    if on is None:
        return Built(new * 0.0, new + gone)
    after = _sum(homes, started > pd.Timestamp(on), households) / usual
    part = (after / late.where(late > 0)).fillna(0.0)
    return Built(new * (1 - part) + gone, new * part)


def _usual(now: pd.Series, households: pd.Series) -> float:
    """Homes to a household in the middle area, so that a few estates do not move it."""
    ratio = (now / households.where(households > 0)).dropna()
    return float(min(max(ratio.median(), 1.0), MOST_HOMES)) if len(ratio) else 1.0


def _sum(homes: pd.DataFrame, which: pd.Series, like: pd.Series) -> pd.Series:
    return homes[which].groupby("oa").homes.sum().reindex(like.index).fillna(0.0)
