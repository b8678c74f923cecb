"""What is known of each output area: eligible people, stale entries, and the indicators of the rules."""

import re
from functools import reduce

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.lake import Snapshot, current, current_by_name
from engage.foundation.office import Office
from segments import engine, population

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*$")
NOT_ENGLISH = "proficiency in english language: main language is not english (english or welsh in wales)"
SPEAKERS = "proficiency in english language: total: all usual residents aged 3 years and over"


def indicators(session: Session, authority: str) -> dict[str, Snapshot]:
    return current_by_name(session, authority, "indicator")


def measures(backend: Backend, office: Office, snapshots: dict[str, Snapshot]) -> ir.Table | None:
    """All imported indicator tables under one another: `area, level, measure, value`."""
    tables = [engine.table(backend, office.lake, snapshot) for snapshot in snapshots.values()]
    return ibis.union(*tables) if len(tables) > 1 else next(iter(tables), None)


def indicator_names(all_measures: ir.Table) -> dict[str, list[str]]:
    """Indicator names by level: `{"oa": [...], "lsoa": [...]}`."""
    pairs = all_measures.select("level", "measure").distinct().order_by("measure").execute()
    names: dict[str, list[str]] = {}
    for level, measure in pairs.itertuples(index=False):
        if IDENTIFIER.match(measure):
            names.setdefault(level, []).append(measure)
    return names


def wide(all_measures: ir.Table, level: str, names: list[str]) -> ir.Table:
    """One row per area of a level, one column per indicator."""
    of_level = all_measures.filter(all_measures.level == level)
    columns = {name: of_level.value.max(where=of_level.measure == name) for name in names}
    return of_level.group_by(of_level.area).agg(**columns)


def areas(backend: Backend, office: Office, session: Session, authority: str) -> ir.Table | None:
    """One row per output area: `oa, adults, eligible, stale, not_entitled`; None before a Census age table."""
    snapshots = indicators(session, authority)
    if "ts007a" not in snapshots:
        return None
    ages = engine.table(backend, office.lake, snapshots["ts007a"])
    split = population.split_of_band(_single_years(backend, office, session, authority))
    adults = population.of_registration_age(ages.filter(ages.level == "oa"), split)
    shares = [_moved(backend, office, snapshots), _other_language(backend, office, snapshots)]
    known = [share for share in shares if share is not None]
    joined = reduce(lambda left, right: engine.attach(left, right, "oa"), known, adults)
    return _estimate(joined)


def _estimate(joined: ir.Table) -> ir.Table:
    nothing = ibis.null("float64")
    moved = joined.moved if "moved" in joined.columns else nothing
    other = joined.other_language if "other_language" in joined.columns else nothing
    shares = joined.mutate(stale=population.stale_share(moved), not_entitled=population.not_entitled_share(other))
    return shares.mutate(eligible=shares.adults * (1 - shares.not_entitled)).select(
        "oa", "adults", "eligible", "stale", "not_entitled"
    )


def _single_years(backend: Backend, office: Office, session: Session, authority: str) -> ir.Table | None:
    snapshot = current(session, authority, "population")
    return engine.table(backend, office.lake, snapshot) if snapshot else None


def _moved(backend: Backend, office: Office, snapshots: dict[str, Snapshot]) -> ir.Table | None:
    if "ts019" not in snapshots:
        return None
    table = engine.table(backend, office.lake, snapshots["ts019"])
    moved = table.filter((table.level == "oa") & (table.measure == "moved_last_year_share"))
    return moved.select(oa="area", moved="value")


def _other_language(backend: Backend, office: Office, snapshots: dict[str, Snapshot]) -> ir.Table | None:
    if "ts029" not in snapshots:
        return None
    table = engine.table(backend, office.lake, snapshots["ts029"])
    share = table.value.sum(where=table.measure == NOT_ENGLISH) / table.value.sum(where=table.measure == SPEAKERS)
    return table.filter(table.level == "oa").group_by(oa="area").agg(other_language=share)
