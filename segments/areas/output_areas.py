"""What is known of each output area: eligible people, stale entries, and the indicators of the rules."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.calendar import in_force, law
from engage.foundation.clock import today
from engage.foundation.identity import authority as find_authority
from engage.foundation.lake import Snapshot, current, current_by_name, history
from engage.foundation.office import Office
from segments.areas import census_tables, dwellings, mid_year, population
from segments.areas.ageing import Ageing, Movement, pace
from segments.areas.dwellings import Built
from segments.engine import execution

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*$")
LEVELS = ("uprn", "oa", "lsoa", "ward")  # of a home, from the finest
MOVED = "migrant indicator: address one year ago is the same as the address of enumeration"
AGES = "ts007a"
READ = ("ts003", "ts004", "ts005", AGES, "ts017", "ts019", "ts029", "ts054", "ts068", "imd2025")
FOLLOWED = (
    "In {areas} {estimate} counts over a quarter more or fewer people than the Census and the homes built since "
    "explain. It is followed there."
)
CUT = (
    "In {areas} {estimate} counts over twice, or less than half, the people of the Census and the homes built "
    "since. It is followed only to twice or half of them: its areas may have other boundaries. Do not rely on the "
    "figures there."
)


@dataclass(frozen=True)
class Known:
    """The Census tables of an authority by name, a row per area and a column per label or indicator; people by single
    year of age, and adults by area, where a mid-year estimate is imported. `homes` are as dwellings.counted has them.
    `notes` say what is not as it should be."""

    tables: dict[str, pd.DataFrame]
    nation: str
    as_at: date  # of the register
    youngest: float  # age from which people may be registered
    single_years: pd.Series | None = None
    estimated: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    estimated_on: date | None = None
    estimated_in: pd.Series | None = None  # the area of the estimate that each output area lies in; None: its LSOA
    estimated_by: str = ""  # in words
    estimated_level: str = "lsoa"
    moved: tuple[Movement, ...] = ()  # between estimates of years since the Census
    homes: pd.DataFrame | None = None
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
    homes = dwellings.counted(backend, office, session, authority)
    found = Known(tables.by_name, nation, as_at, youngest, homes=homes, notes=notes)
    newest = current_by_name(session, authority, "population")
    every = history(session, authority, "population")
    return _with_estimate(found, backend, office, newest.values(), every, here)


def _with_estimate(
    found: Known, backend: Backend, office: Office, newest: Iterable[Snapshot], every: list[Snapshot],
    here: pd.DataFrame,
) -> Known:  # fmt: skip
    """With single years of age of the authority, and adults of each area, of the mid-year estimate that is followed:
    one of the `newest`; `every` estimate since the Census tells how far places move."""
    read = partial(_estimates, backend, office, here=here)
    estimates = read(newest)
    chosen, notes = mid_year.choose(estimates.values())
    if chosen is None:
        passed = ["No mid-year estimate here is of the areas of these homes: none is used."] if estimates else []
        return replace(found, notes=(*found.notes, *passed))
    vintages = read(each for each in every if each.name == chosen.level) if chosen.is_later else {}
    return replace(
        found, single_years=chosen.single_years(), estimated=chosen.adults(found.youngest), estimated_on=chosen.on,
        estimated_in=here[chosen.level], estimated_by=chosen.words, estimated_level=chosen.level,
        moved=mid_year.movements(chosen, vintages.values(), found.youngest), notes=(*found.notes, *notes),
    )  # fmt: skip


def _estimates(
    backend: Backend, office: Office, snapshots: Iterable[Snapshot], here: pd.DataFrame
) -> dict[tuple[str, date | None], mid_year.Estimate]:
    """By level and day; of two alike the first."""
    found = dict[tuple[str, date | None], mid_year.Estimate]()
    for snapshot in snapshots:
        rows = execution.table(backend, office.lake, snapshot).execute()
        period = snapshot.report.get("figures", {}).get("period")
        on = date.fromisoformat(period) if period else None
        for level in set(rows.level) & set(mid_year.LEVELS):
            found.setdefault((level, on), mid_year.of_level(rows, level, on, here))
    return found


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
    index, people = found.tables[AGES].index, _people(found, lsoa)
    table = found.entitlement
    none = population.UNKNOWN_NOT_ENTITLED
    no_vote = (
        _of(found, table.table, lambda known: population.not_entitled(known, table, found.nation), none)
        if table
        else pd.Series(none, index=index)
    )
    moved = _of(found, "ts019", lambda known: 1 - population.share(known, MOVED), population.MOVED_NATIONALLY)
    return pd.DataFrame(
        {
            "adults": people.adults, "communal": people.communal, "not_entitled": no_vote,
            "stale": population.stale_share(moved), "eligible": people.adults * (1 - no_vote),
            "eligible_communal": people.communal * (1 - no_vote),
        }
    ).rename_axis("oa")  # fmt: skip


def _people(found: Known, lsoa: pd.Series) -> pd.DataFrame:
    """`adults, communal` today: as the Census counted them, with the homes built and gone since, moved on by a later
    estimate. What was built before the estimate is in it, and says only where in its area people came."""
    adults, communal = _at_census(found)
    built = built_since(found)
    size = _adults_to_a_household(found, adults - communal)
    grown = population.growth(_change(found, lsoa))
    place = _place(found, lsoa)
    moved = place.map(grown).fillna(1.0) if len(grown) else pd.Series(1.0, index=adults.index)
    if built:
        adults = adults + size * built.before
    adults = adults.clip(lower=0) * moved
    if built:
        adults = (adults + size * built.since).clip(lower=0)
    return pd.DataFrame({"adults": adults, "communal": (communal * moved).clip(upper=adults)})


def _at_census(found: Known) -> tuple[pd.Series, pd.Series]:
    ages = found.tables[AGES]
    adults = population.aged(ages, found.single_years, found.youngest)
    communal = _of(found, "ts017", lambda sizes: population.communal_residents(ages, sizes), 0.0)
    return adults, communal.clip(upper=adults)


def built_since(found: Known) -> Built | None:
    """None where the gazetteer does not say when homes began, or no table counts the households of the Census."""
    households = census_tables.households(found.tables)
    if found.homes is None or households is None:
        return None
    index = found.tables[AGES].index
    later = found.estimated_on if found.counted > population.CENSUS_DAY else None
    return dwellings.built(found.homes, households.reindex(index).fillna(0.0), later)


def _adults_to_a_household(found: Known, adults: pd.Series) -> pd.Series:
    households = census_tables.households(found.tables)
    if households is None:
        return pd.Series(0.0, index=adults.index)
    counted = households.reindex(adults.index)
    return (adults / counted.where(counted > 0)).fillna(0.0)


def _of(found: Known, name: str, work: Callable[[pd.DataFrame], pd.Series], missing: float) -> pd.Series:
    """A figure of a table for every output area; `missing` where the table or the area is not known."""
    index = found.tables[AGES].index
    if name not in found.tables:
        return pd.Series(missing, index=index)
    return work(found.tables[name]).reindex(index).fillna(missing)


def _place(found: Known, lsoa: pd.Series) -> pd.Series:
    """The area of the estimate that each output area lies in."""
    return (lsoa if found.estimated_in is None else found.estimated_in).reindex(found.tables[AGES].index)


def _change(found: Known, lsoa: pd.Series) -> pd.Series:
    """What a mid-year estimate later than the Census makes of the people of its areas; empty without one."""
    if found.counted == population.CENSUS_DAY:
        return pd.Series(dtype=float)
    adults, communal = _at_census(found)
    built = built_since(found)
    if built:
        adults = (adults + _adults_to_a_household(found, adults - communal) * built.before).clip(lower=0)
    return population.change(adults.groupby(_place(found, lsoa)).sum(), found.estimated)


def ageing(found: Known, lsoa: pd.Series) -> Ageing:
    """How unsure the count of people is by now, at the pace at which the areas of this council move."""
    followed, changed = built_since(found) is not None, _change(found, lsoa).dropna()
    later = found.counted if found.counted > population.CENSUS_DAY else None
    moved = list(found.moved)
    if later:
        years = (later - population.CENSUS_DAY).days / 365.25
        moved.append(Movement(changed, found.estimated_level, years))
    return Ageing(found.as_at, followed, later, found.estimated_level, pace(moved, homes_followed=followed))


def grown(found: Known, lsoa: pd.Series) -> list[str]:
    """Sentences on areas that a later estimate moves further than is usual."""
    changed = _change(found, lsoa).dropna()
    further = changed.map(lambda ratio: max(ratio, 1 / ratio) if ratio > 0 else float("inf"))
    beyond = further > population.MOST_GROWTH
    notable = (further > population.NOTABLE_GROWTH) & ~beyond
    said = []
    if notable.any():
        said.append(FOLLOWED.format(areas=_named(changed[notable], found), estimate=found.estimated_by))
    if beyond.any():
        said.append(CUT.format(areas=_named(changed[beyond], found), estimate=found.estimated_by))
    return said


def _named(changed: pd.Series, found: Known) -> str:
    """`2 LSOAs (E01000001, E01000002)`."""
    level, codes = mid_year.LEVELS[found.estimated_level], list(map(str, changed.index))
    shown = ", ".join(codes[:5]) + (" and others" if len(codes) > 5 else "")
    return f"{len(codes):,} {level}{'s' if len(codes) > 1 else ''} ({shown})"
