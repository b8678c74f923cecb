"""What is known of each output area: eligible people, stale entries, and the indicators of the rules."""

import re
from functools import reduce

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.calendar import in_force, law
from engage.foundation.clock import today
from engage.foundation.identity import authority as find_authority
from engage.foundation.lake import Snapshot, current, current_by_name
from engage.foundation.office import Office
from segments import engine, population

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*$")
MOVED, OTHER_LANGUAGE = "moved_last_year_share", "other_language_share"


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
    age = _registration_age(office, session, authority)
    split = population.split_of_band(_single_years(backend, office, session, authority), age)
    adults = population.of_registration_age(ages.filter(ages.level == "oa"), age, split)
    shares = [
        _share(backend, office, snapshots, "ts019", MOVED),
        _share(backend, office, snapshots, "ts029", OTHER_LANGUAGE),
    ]
    known = [share for share in shares if share is not None]
    joined = reduce(lambda left, right: engine.attach(left, right, "oa"), known, adults)
    return _estimate(joined)


def _estimate(joined: ir.Table) -> ir.Table:
    nothing = ibis.null("float64")
    moved = joined[MOVED] if MOVED in joined.columns else nothing
    other = joined[OTHER_LANGUAGE] if OTHER_LANGUAGE in joined.columns else nothing
    shares = joined.mutate(stale=population.stale_share(moved), not_entitled=population.not_entitled_share(other))
    return shares.mutate(eligible=shares.adults * (1 - shares.not_entitled)).select(
        "oa", "adults", "eligible", "stale", "not_entitled"
    )


def _registration_age(office: Office, session: Session, authority: str) -> int:
    nation = find_authority(session, authority).nation
    return in_force(law(office.settings.home).registration_age, today(office.clock), nation).years


def _single_years(backend: Backend, office: Office, session: Session, authority: str) -> ir.Table | None:
    snapshot = current(session, authority, "population")
    return engine.table(backend, office.lake, snapshot) if snapshot else None


def _share(
    backend: Backend, office: Office, snapshots: dict[str, Snapshot], name: str, indicator: str
) -> ir.Table | None:
    """`oa, INDICATOR` of one Census table, or None before it is imported."""
    if name not in snapshots:
        return None
    table = engine.table(backend, office.lake, snapshots[name])
    of_areas = table.filter((table.level == "oa") & (table.measure == indicator))
    return of_areas.select(oa="area", **{indicator: of_areas.value})
