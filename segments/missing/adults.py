"""The adults missing from each kind of home of an authority, which add up to those missing from its wards.

`segments/missing/gap.py` says how many are missing from a ward, `segments/missing/occupancy.py` from which homes they
are likely to be: both are estimates, and of one home nothing is known.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from scipy.special import expit, logit
from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.areas import output_areas, population
from segments.areas.output_areas import Known
from segments.engine import execution
from segments.engine.holdings import Holdings
from segments.engine.kept import Kept
from segments.homes.households import ADULTS_BY_CLASS
from segments.missing import gap, occupancy
from segments.missing.occupancy import Floats, Kind
from segments.sources.census_categories import total_of

KEYS = ["ward", "oa", "class", "unoccupied", "electors"]  # homes that are alike in all of them lack as many adults
NOWHERE = ""  # the area of homes that nobody could place
BETWEEN = "|"  # keys, in the one word of them
CELLS = pa.schema({"authority": pa.string(), "cell": pa.string(), "missing": pa.float64()})
MOST_ELECTORS = 10  # a home of more lacks as many as one of so many
HOUSEHOLDS = ("ts017", "ts003", "ts054")  # Census tables whose total is of households
NOBODY_THERE = "household size: 0 people in household"
# Homes without anybody that no list names, where nothing counts households; and how far a count of them is followed.
EMPTY, LEAST_EMPTY, MOST_EMPTY = 0.04, 0.005, 0.3
EMPTY_WEIGHT = 400  # homes of an area that say as much of its empty ones as the whole council does
SHARE_WEIGHT = 300  # people of an area that say as much of how many are registered there as its ward does
LEAST_SHARE, MOST_SHARE = 0.3, 0.985
# How far apart from all homes the people of a class are, in log-odds of being registered: the tenures of each class
# (English Housing Survey) with the published rates of each tenure (segments/missing/groups.py).
APART = {"RD02": 0.6, "RD03": 0.25, "RD04": -0.2, "RD06": -0.5, "RD08": -0.5, "RH": -1.2}
KIND = ["oa", "weight", "apart"]
BARRED_ALONE = 0.5  # of those who may not register, about so many live with nobody who may

_CELLS: Kept[pa.Table] = Kept(*gap.READ)
_GROUND: Kept[tuple[dict[str, float], pd.DataFrame]] = Kept(*gap.READ)


def seen(office: Office, table: Snapshot, hidden: list[int], columns: list[str] | None = None) -> pl.DataFrame:
    """The homes of a table without the hidden ones. One that an earlier version built does not say which homes are
    without anybody."""
    held = pl.scan_parquet(office.lake.file(table))
    if "unoccupied" not in held.collect_schema():
        held = held.with_columns(unoccupied=pl.lit(None, pl.String))
    closed = pl.LazyFrame({"uprn": hidden}, schema={"uprn": pl.Int64})
    return (held.select(columns) if columns else held).join(closed, on="uprn", how="anti").collect()


def attached(
    holdings: Holdings, homes: ir.Table, tables: Mapping[str, Snapshot], hidden: Mapping[str, list[int]]
) -> ir.Table:
    """`homes` of these tables with `missing`, on the engine they are computed by."""
    told = homes if "unoccupied" in homes.columns else homes.mutate(unoccupied=ibis.null("string"))
    words = [told[key].cast("string").fill_null(NOWHERE) for key in KEYS]
    named = told.mutate(cell=ibis.literal(BETWEEN).join(words))
    return execution.attach(named, ibis.memtable(cells(holdings, tables, hidden)), "cell").drop("cell")


def cells(holdings: Holdings, tables: Mapping[str, Snapshot], hidden: Mapping[str, list[int]]) -> pa.Table:
    """`authority, cell, missing` of these tables, where a cell is KEYS in one word."""
    return pa.concat_tables([_named(holdings, table, hidden[code]) for code, table in tables.items()])


def _named(holdings: Holdings, table: Snapshot, hidden: list[int]) -> pa.Table:
    """Kept, as none of it follows from the rule that is counted."""
    office, session = holdings.office, holdings.session
    also = table.id, frozenset(hidden)
    return _CELLS.of(office, session, table.authority, lambda: _cells(holdings, table, hidden), also=also)


def _cells(holdings: Holdings, table: Snapshot, hidden: list[int]) -> pa.Table:
    own = seen(holdings.office, table, hidden, ["uprn", *KEYS])
    found = of_homes(holdings.office, holdings.session, table.authority, own)
    words = [pl.col(key).cast(pl.String).fill_null(NOWHERE) for key in KEYS]
    named = found.select(
        authority=pl.lit(table.authority), cell=pl.concat_str(words, separator=BETWEEN), missing="missing"
    )
    return named.to_arrow().cast(CELLS)


def of_homes(office: Office, session: Session, authority: str, homes: pl.DataFrame) -> pl.DataFrame:
    """KEYS of `homes`, which are those that may be seen, and `missing`: the adults missing from a home like that,
    expected. It is 0 before it is known who lives here."""
    cells = homes.group_by(KEYS, maintain_order=True).len("homes")
    try:
        wards, areas = _ground(office, session, authority)
    except InputRefused:
        return cells.select(*KEYS, missing=pl.lit(0.0))
    frame = _told(cells.to_pandas())
    likely = np.where(frame.communal, _of_communal(frame, areas), _of_households(frame, areas))
    added_up = _added_up(frame, np.where(frame.unoccupied.isna(), likely, 0.0), wards)
    return cells.select(*KEYS, missing=pl.Series(added_up))


def _ground(office: Office, session: Session, authority: str) -> tuple[dict[str, float], pd.DataFrame]:
    """The adults missing from each ward, and what is known of each area; worked out again only when what they are read
    from has changed, as homes are counted again whenever one of them must not be seen."""

    def work() -> tuple[dict[str, float], pd.DataFrame]:
        wards = {row.key: row.missing for row in gap.in_wards(office, authority)}
        return wards, _areas(office, session, authority)

    return _GROUND.of(office, session, authority, work)


def _told(cells: pd.DataFrame) -> pd.DataFrame:
    """With `weight` (adults to a home of its class), `apart` (APART), `communal`, and whether anybody may live there,
    `open`."""
    code = cells["class"].fillna("")
    weight = pd.Series(1.0, index=cells.index)
    apart = pd.Series(0.0, index=cells.index)
    for prefix, adults in reversed(ADULTS_BY_CLASS.items()):
        weight = weight.mask(code.str.startswith(prefix), adults)
    for prefix, distance in APART.items():
        apart = apart.mask(code.str.startswith(prefix), distance)
    communal = code.str.startswith("RI")
    open_ = cells.unoccupied.isna()
    return cells.assign(oa=cells.oa.fillna(NOWHERE), weight=weight, apart=apart, communal=communal, open=open_)


def _areas(office: Office, session: Session, authority: str) -> pd.DataFrame:
    """What is known of each output area, with its share of people who `moved`, and its `households`, empty where no
    table counts them."""
    with execution.connect() as backend:
        known = output_areas.known(backend, office, session, authority)
        lsoa = output_areas.lsoas(backend, office, session, authority)
    if known is None or not known.has_ages:
        raise InputRefused(gap.NEEDS_AGES, by_command=gap.IMPORT)
    found = output_areas.estimate(known, lsoa)
    moved = 1 - population.share(known.tables["ts019"], output_areas.MOVED) if "ts019" in known.tables else _none()
    return found.assign(
        moved=moved.reindex(found.index).fillna(population.MOVED_NATIONALLY),
        households=_households(known).reindex(found.index),
    )


def _none() -> pd.Series:
    return pd.Series(dtype=float)


def _households(known: Known) -> pd.Series:
    """By area, of the first table that counts them; spaces without anybody are not among them."""
    for table in (known.tables[name] for name in HOUSEHOLDS if name in known.tables):
        if total := total_of(dict.fromkeys(table.columns)):
            nobody: pd.Series = table[NOBODY_THERE] if NOBODY_THERE in table else pd.Series(0.0, index=table.index)
            return table[total] - nobody.fillna(0.0)
    return _none()


# Homes of households


def _of_households(cells: pd.DataFrame, areas: pd.DataFrame) -> Floats:
    """Adults missing from a home of each cell, before they are made to add up; 0 where no area is known."""
    own = cells[cells.open & ~cells.communal]
    kinds = own.groupby(KIND, as_index=False).homes.sum().merge(_of_area(own, areas), left_on="oa", right_index=True)
    if kinds.empty:
        return np.zeros(len(cells))
    plain = own[own.oa.isin(kinds.oa) & ~own["class"].fillna("").str.startswith("RH")]
    kinds = _by_class(kinds).set_index(KIND)
    told = occupancy.fitted(_kind(kinds), kinds.homes.to_numpy(dtype=np.float64), _electors(plain))
    table = occupancy.missing(told, MOST_ELECTORS)
    row = kinds.index.get_indexer(pd.MultiIndex.from_frame(cells[KIND]))
    found = table[row, cells.electors.clip(upper=MOST_ELECTORS).to_numpy(dtype=np.intp)]
    return np.where(row >= 0, found, 0.0)


def _kind(kinds: pd.DataFrame) -> Kind:
    def of(name: str) -> Floats:
        return kinds[name].to_numpy(dtype=np.float64)

    return Kind(
        of("adults"), of("complete"), of("empty"), of("barred"), of("moved"), of("left"), of("left_moved")
    )  # fmt: skip


def _electors(homes: pd.DataFrame) -> Floats:
    """How many homes have 0, 1, 2 … electors, the last so many or more."""
    number = homes.electors.clip(upper=MOST_ELECTORS).to_numpy(dtype=np.intp)
    return np.bincount(number, homes.homes.to_numpy(dtype=np.float64), MOST_ELECTORS + 1).astype(np.float64)


def _by_class(kinds: pd.DataFrame) -> pd.DataFrame:
    """Adults and completeness of each area's kinds of homes: together they are those of the area."""
    adults = kinds.adults * kinds.weight
    people = adults * kinds.homes
    part = people / people.groupby(kinds.oa).transform("sum")
    area, places = pd.factorize(kinds.oa)
    apart = sorted(set(kinds.apart))
    shares = [np.bincount(area, part.where(kinds.apart == each, 0.0), len(places)).astype(np.float64) for each in apart]
    mean = kinds.groupby("oa").complete.first().reindex(places).to_numpy(dtype=np.float64)
    base = occupancy.shifted(mean, list(zip(shares, apart, strict=True)))
    return kinds.assign(adults=adults, complete=expit(logit(base[area]) + kinds.apart))


def _of_area(own: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """By output area what the homes of an average class are like, as `occupancy.Kind` says it; the mean of all for
    homes that nobody could place."""
    sums = own.assign(weighed=own.weight * own.homes, entries=own.electors * own.homes, ward=own.ward.fillna(NOWHERE))
    of_oa = sums.groupby("oa")[["homes", "weighed", "entries"]].sum().join(areas, how="inner")
    of_oa = of_oa.assign(ward=sums.groupby("oa").ward.first(), people=of_oa.eligible - of_oa.eligible_communal)
    of_oa = of_oa[(of_oa.homes > 0) & (of_oa.people > 0)]
    if of_oa.empty:
        return of_oa
    empty = _empty(of_oa)
    entries = of_oa.entries / of_oa.homes
    left = _left(entries, empty, of_oa.stale)
    found = pd.DataFrame(
        {
            "adults": of_oa.people / (of_oa.weighed * (1 - empty)), "complete": _complete(of_oa), "empty": empty,
            "barred": BARRED_ALONE * of_oa.not_entitled, "moved": of_oa.moved.clip(0.01, 0.6), "left": left,
            "left_moved": left / population.MOVED_NATIONALLY,
        }
    )  # fmt: skip
    mean = pd.DataFrame([np.average(found, axis=0, weights=of_oa.homes)], columns=found.columns, index=[NOWHERE])
    return pd.concat([found, mean]).rename_axis("oa")


def _empty(of_oa: pd.DataFrame) -> pd.Series:
    """The share of homes that stand empty, of those that no list names: homes the Census counts no household in."""
    counted = of_oa.households.notna()
    homes, households = of_oa.homes.where(counted, 0.0), of_oa.households.fillna(0.0)
    everywhere = EMPTY if not counted.any() else 1 - float(households.sum() / homes.sum())
    everywhere = min(max(everywhere, LEAST_EMPTY), MOST_EMPTY)
    found = (everywhere * EMPTY_WEIGHT + homes - households) / (EMPTY_WEIGHT + homes)
    return found.clip(LEAST_EMPTY, MOST_EMPTY)


def _complete(of_oa: pd.DataFrame) -> pd.Series:
    """The share registered of each area's people, moved towards that of its ward, as an area's own is less sure."""
    registered = of_oa.entries * (1 - of_oa.stale)
    wards = pd.DataFrame({"registered": registered, "people": of_oa.people}).groupby(of_oa.ward).transform("sum")
    of_ward = wards.registered / wards.people
    found = (registered + SHARE_WEIGHT * of_ward) / (of_oa.people + SHARE_WEIGHT)
    return found.clip(LEAST_SHARE, MOST_SHARE)


def _left(entries: pd.Series, empty: pd.Series, stale: pd.Series) -> pd.Series:
    """Entries to a home that name nobody, where nobody moved: half of those that movers do not leave behind."""
    lived_in = (stale * entries - empty * occupancy.LEFT_EMPTY) / stale.clip(lower=0.01)
    at_least = 0.3 * entries
    return population.STALE_SHARE * (1 - population.STALE_WITH_MOVERS) * lived_in.clip(lower=at_least)


# Communal homes


def _of_communal(cells: pd.DataFrame, areas: pd.DataFrame) -> Floats:
    """An area's communal homes share the people who live in such homes and are not registered there."""
    own = cells[cells.open & cells.communal]
    sums = own.assign(entries=own.electors * own.homes).groupby("oa")[["homes", "entries"]].sum()
    joined = sums.join(areas[["eligible_communal", "stale"]], how="inner")
    lacking = (joined.eligible_communal - joined.entries * (1 - joined.stale)).clip(lower=0) / joined.homes
    return cells.oa.map(lacking).fillna(0.0).to_numpy(dtype=np.float64)


# Adding up


def _added_up(cells: pd.DataFrame, likely: Floats, wards: Mapping[str, float]) -> Floats:
    """What is likely, scaled in each ward so that its homes add up to what is missing there. What is missing from wards
    that no home here has by its name, as boundaries are newer than the homes, is of the homes of the other wards."""
    place = cells.ward.where(cells.ward.isin(list(wards)), NOWHERE)
    here = set(place.unique())
    lacking = pd.Series(dict(wards), dtype=float).groupby(lambda ward: ward if ward in here else NOWHERE).sum()
    if not (place == NOWHERE).any() and NOWHERE in lacking:
        lacking = lacking.drop(NOWHERE) * (lacking.sum() / max(lacking.drop(NOWHERE).sum(), 1e-9))
    weighed = pd.Series(likely, index=cells.index)
    none = (weighed * cells.homes).groupby(place).transform("sum") <= 0
    weighed = weighed.mask(none & cells.open, 1.0)
    total = (weighed * cells.homes).groupby(place).transform("sum")
    found = weighed * place.map(lacking).fillna(0.0) / total.where(total > 0)
    return found.fillna(0.0).to_numpy(dtype=np.float64)
