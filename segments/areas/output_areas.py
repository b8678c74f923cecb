"""What is known of each output area: eligible people, stale entries, and the indicators of the rules."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.calendar import in_force, law
from engage.foundation.clock import today
from engage.foundation.identity import authority as find_authority
from engage.foundation.lake import Snapshot, current, current_by_name
from engage.foundation.office import Office
from segments.areas import census_tables, mid_year, population
from segments.engine import execution

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*$")
LEVELS = ("uprn", "oa", "lsoa", "ward")  # of a home, from the finest
MOVED = "migrant indicator: address one year ago is the same as the address of enumeration"
AGES = "ts007a"
READ = ("ts003", "ts004", "ts005", AGES, "ts017", "ts019", "ts029", "ts054", "ts068", "imd2025")


@dataclass(frozen=True)
class Known:
    """The Census tables of an authority by name, a row per area and a column per label or indicator; people by single
    year of age, and adults by area, where a mid-year estimate is imported. `notes` say what is not as it should be."""

    tables: dict[str, pd.DataFrame]
    nation: str
    as_at: date  # of the register
    youngest: float  # age from which people may be registered
    single_years: pd.Series | None = None
    estimated: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    estimated_on: date | None = None
    estimated_in: pd.Series | None = None  # the area of the estimate that each output area lies in; None: its LSOA
    estimated_by: str = ""  # in words
    notes: tuple[str, ...] = ()

    @property
    def entitlement(self) -> population.Entitlement | None:
        """The best table there is on nationality."""
        return census_tables.entitlement(self.tables)

    @property
    def has_ages(self) -> bool:
        return AGES in self.tables

    @property
    def counted(self) -> date:
        """The day of the newest count of people."""
        later = self.estimated_on and self.estimated_on > population.CENSUS_DAY
        return self.estimated_on if later and self.estimated_on else population.CENSUS_DAY


def indicators(session: Session, authority: str) -> dict[str, Snapshot]:
    return current_by_name(session, authority, "indicator")


def measures(backend: Backend, office: Office, snapshots: dict[str, Snapshot]) -> ir.Table | None:
    """All imported indicator tables under one another: `authority, area, level, measure, value`."""
    return execution.tables(backend, office.lake, snapshots.values()) if snapshots else None


def indicator_names(backend: Backend, all_measures: ir.Table) -> dict[str, dict[str, list[str]]]:
    """Indicator names of each authority by level, the finest first: `{"oa": {"E07000193": [...]}, "lsoa": …}`."""
    columns = ["authority", "level", "measure"]
    found: dict[str, dict[str, list[str]]] = {level: {} for level in LEVELS}
    for row in execution.rows(backend, all_measures.select(*columns).distinct().order_by(*columns)):
        if row["level"] in found and IDENTIFIER.match(row["measure"]):
            found[row["level"]].setdefault(row["authority"], []).append(row["measure"])
    return {level: names for level, names in found.items() if names}


def wide(all_measures: ir.Table, level: str, names: list[str]) -> ir.Table:
    """One row per area of a level and authority, one column per indicator."""
    of_level = all_measures.filter(all_measures.level == level)
    columns = {name: of_level.value.max(where=of_level.measure == name) for name in names}
    return of_level.group_by("authority", "area").agg(**columns)


def known(backend: Backend, office: Office, session: Session, authority: str) -> Known | None:
    """None before the Census table of ages is imported."""
    snapshots = indicators(session, authority)
    if AGES not in snapshots:
        return None
    here = places(backend, office, session, authority)
    rows = {
        name: execution.table(backend, office.lake, snapshots[name]).execute() for name in READ if name in snapshots
    }
    tables = census_tables.gather(rows, here)
    nation = find_authority(session, authority).nation
    register = current(session, authority, "register")
    as_at = register.as_at if register else today(office.clock)
    age = in_force(law(office.settings.home).registration_age, as_at, nation).years
    youngest = population.youngest(age, as_at)
    notes = (*tables.notes, *census_tables.untold(tables.by_name))
    found = Known(tables.by_name, nation, as_at, youngest, notes=notes)
    return _with_estimate(found, backend, office, current_by_name(session, authority, "population"), here)


def _with_estimate(
    found: Known, backend: Backend, office: Office, snapshots: dict[str, Snapshot], here: pd.DataFrame
) -> Known:
    """With single years of age of the authority, and adults of each area, of the mid-year estimate that is followed."""
    estimates = dict[tuple[str, date | None], mid_year.Estimate]()
    for snapshot in snapshots.values():
        rows = execution.table(backend, office.lake, snapshot).execute()
        period = snapshot.report.get("figures", {}).get("period")
        on = date.fromisoformat(period) if period else None
        for level in set(rows.level) & set(mid_year.LEVELS):
            estimates.setdefault((level, on), mid_year.of_level(rows, level, on, here))
    chosen, notes = mid_year.choose(estimates.values())
    if chosen is None:
        passed = ["No mid-year estimate here is of the areas of these homes: none is used."] if estimates else []
        return replace(found, notes=(*found.notes, *passed))
    return replace(
        found, single_years=chosen.single_years(), estimated=chosen.adults(found.youngest), estimated_on=chosen.on,
        estimated_in=here[chosen.level], estimated_by=chosen.words, notes=(*found.notes, *notes),
    )  # fmt: skip


def areas(backend: Backend, office: Office, session: Session, authority: str) -> ir.Table | None:
    """`estimate` as a table to join homes with; None before the Census table of ages is imported."""
    found = known(backend, office, session, authority)
    if found is None or not found.has_ages:
        return None
    return ibis.memtable(estimate(found, lsoas(backend, office, session, authority)).reset_index())


def places(backend: Backend, office: Office, session: Session, authority: str) -> pd.DataFrame:
    """`oa, lsoa, ward` and the number of `homes` (any UPRN) of each output area; those most of its homes lie in."""
    snapshot = current(session, authority, "geography")
    if snapshot is None:
        return pd.DataFrame({"oa": [], "lsoa": [], "ward": [], "homes": []}, index=pd.Index([], name="area"))
    table = execution.table(backend, office.lake, snapshot)
    found: pd.DataFrame = (
        table.filter(table.oa.notnull())
        .group_by("oa")
        .agg(lsoa=ibis._.lsoa.mode(), ward=ibis._.ward.mode(), homes=ibis._.count())
        .execute()
    )
    return found.set_index("oa", drop=False).rename_axis("area")


def lsoas(backend: Backend, office: Office, session: Session, authority: str) -> pd.Series:
    """The LSOA of each output area."""
    found: pd.Series = places(backend, office, session, authority).lsoa
    return found


def estimate(found: Known, lsoa: pd.Series) -> pd.DataFrame:
    """One row per output area: `adults, communal` (of the adults), `eligible, eligible_communal, not_entitled, stale`.

    `lsoa` gives the LSOA of each output area, to follow a mid-year estimate that is later than the Census.
    """
    ages = found.tables[AGES]
    grown = _growth(found, population.aged(ages, found.single_years, found.youngest), lsoa)
    adults = population.aged(ages, found.single_years, found.youngest) * grown
    communal = _of(found, "ts017", lambda sizes: population.communal_residents(ages, sizes), 0.0)
    communal = (communal * grown).clip(upper=adults)
    table = found.entitlement
    none = population.UNKNOWN_NOT_ENTITLED
    no_vote = (
        _of(found, table.table, lambda known: population.not_entitled(known, table, found.nation), none)
        if table
        else pd.Series(none, index=ages.index)
    )
    moved = _of(found, "ts019", lambda known: 1 - population.share(known, MOVED), population.MOVED_NATIONALLY)
    return pd.DataFrame(
        {
            "adults": adults, "communal": communal, "not_entitled": no_vote, "stale": population.stale_share(moved),
            "eligible": adults * (1 - no_vote), "eligible_communal": communal * (1 - no_vote),
        }
    ).rename_axis("oa")  # fmt: skip


def _of(found: Known, name: str, work: Callable[[pd.DataFrame], pd.Series], missing: float) -> pd.Series:
    """A figure of a table for every output area; `missing` where the table or the area is not known."""
    index = found.tables[AGES].index
    if name not in found.tables:
        return pd.Series(missing, index=index)
    return work(found.tables[name]).reindex(index).fillna(missing)


def _growth(found: Known, adults: pd.Series, lsoa: pd.Series) -> pd.Series:
    """What a mid-year estimate later than the Census makes of an area, through the larger area it lies in; else 1."""
    if found.counted == population.CENSUS_DAY:
        return pd.Series(1.0, index=adults.index)
    place = (lsoa if found.estimated_in is None else found.estimated_in).reindex(adults.index)
    change = population.growth(adults.groupby(place).sum(), found.estimated)
    return place.map(change).fillna(1.0)
