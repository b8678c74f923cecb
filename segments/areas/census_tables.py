"""Statistics tables brought to output areas, and held against what is counted with: a table that lacks something is
left out with a sentence that names it, so that no dataset takes the figures of the others away."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from segments.areas import population
from segments.sources.census_categories import BANDS, SIZES, counted_with, total_of

DEPRIVATION = "imd2025"  # stays by LSOA
NEEDED = {name: counted_with(name) for name in ("ts007a", "ts017", "ts019", "ts029", "ts054", "ts068")} | {
    DEPRIVATION: ["imd_decile"]
}
AGES, AGES_TOTAL = [f"age: {band}" for band in BANDS], "age: total"
LIVED_IN = [f"household size: {size}" for size in SIZES[1:]]
SHARE = "_share"  # of an area, so that it holds for every part of it; anything else is a count
# Tables of people, then of households, whose totals say how many live in which part of an LSOA.
TOTALS = ("ts007a", "ts019", "ts021", "ts004", "ts005", "ts068", "ts029", "ts003", "ts054", "ts017")
MOST_APART = 0.1  # of its total that the categories of a table on nationality may leave untold


@dataclass
class Tables:
    """One row per output area (of deprivation: per LSOA), one column per label or indicator; `notes` are sentences."""

    by_name: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def said(name: str) -> str:
    return "the Indices of Deprivation 2025" if name == DEPRIVATION else f"Census table {name.upper()}"


def gather(rows: Mapping[str, pd.DataFrame], places: pd.DataFrame) -> Tables:
    """Of tables in the lake (`area, level, measure, value`); `places` has the `lsoa` and `homes` of output areas."""
    wide = {name: {str(level): _wide(part) for level, part in frame.groupby("level")} for name, frame in rows.items()}
    weights, found = _people(wide, places), Tables()
    for name, levels in wide.items():
        own = levels.get("lsoa", pd.DataFrame()) if name == DEPRIVATION else None
        _keep(found, name, _by_output_area(levels, places, weights) if own is None else own)
    return found


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.pivot_table(index="area", columns="measure", values="value", aggfunc="max")


def _people(wide: Mapping[str, Mapping[str, pd.DataFrame]], places: pd.DataFrame) -> pd.Series:
    """How many live in each output area, by the first table that counts them there; else its homes."""
    for name in TOTALS:
        table = wide.get(name, {}).get("oa", pd.DataFrame())
        total = total_of(dict.fromkeys(table.columns))
        if total and table[total].reindex(places.index).notna().all():
            return table[total].reindex(places.index)
    return places.homes.astype(float)


def _by_output_area(levels: Mapping[str, pd.DataFrame], places: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """As counted by output area; of LSOAs the counts are spread over their output areas by the people there."""
    counted, larger = levels.get("oa", pd.DataFrame()), levels.get("lsoa", pd.DataFrame())
    left = places.index[places.lsoa.isin(larger.index) & ~places.index.isin(counted.index)]
    if left.empty:
        return counted
    lsoa = places.lsoa[left]
    whole = weights.groupby(places.lsoa).transform("sum")[left]
    part = (weights[left] / whole.where(whole > 0)).fillna(1 / lsoa.groupby(lsoa).transform("size"))
    spread = larger.reindex(lsoa).set_axis(left)
    counts = [name for name in spread.columns if not str(name).endswith(SHARE)]
    spread[counts] = spread[counts].mul(part, axis=0)
    return pd.concat([counted, spread]).rename_axis("area")


def _keep(found: Tables, name: str, table: pd.DataFrame) -> None:
    lacking = [label for label in NEEDED.get(name, []) if label not in table]
    if name == "ts007a" and not lacking:
        table = _of_all_ages(found, table)
    if not lacking and NEEDED.get(name):
        table = table[table[NEEDED[name]].notna().all(axis=1)]
    if lacking or table.empty:
        what = f"lacks {'; '.join(lacking[:3])}" if lacking else "has no figures of the output areas here"
        found.notes.append(
            f"{said(name)[:1].upper()}{said(name)[1:]} {what}, so it is not used. Import it again, with every category."
        )
        return
    found.by_name[name] = table


def _of_all_ages(found: Tables, table: pd.DataFrame) -> pd.DataFrame:
    """Ages that are hidden are estimated: what the total leaves is shared over them as ages are elsewhere. An area
    whose total is hidden too, or that counts nobody, is not known."""
    ages, everywhere = table[AGES], table[AGES].sum()
    lost = ages.isna()
    rest = (table[AGES_TOTAL] - ages.sum(axis=1)).clip(lower=0)
    shares = lost.mul(everywhere.where(everywhere > 0, 1.0))
    estimated = shares.div(shares.sum(axis=1).where(lost.any(axis=1), 1.0), axis=0).mul(rest, axis=0)
    filled = ages.where(~lost, estimated)
    table = table.assign(**filled)
    if hidden := int((lost.any(axis=1) & filled.notna().all(axis=1)).sum()):
        found.notes.append(
            f"In {hidden:,} output areas Census table TS007A hides some ages. They are estimated from the people "
            "counted there and the ages elsewhere."
        )
    return table[filled.sum(axis=1, min_count=1) > 0]


def households(tables: Mapping[str, pd.DataFrame]) -> pd.Series | None:
    """Of the Census, with anybody in them, by output area: by size, else by tenure, else by composition."""
    if "ts017" in tables:
        return tables["ts017"][LIVED_IN].sum(axis=1)
    for name in ("ts054", "ts003"):
        total = total_of(dict.fromkeys(tables[name].columns)) if name in tables else None
        if total:
            return tables[name][total]
    return None


def entitlement(tables: Mapping[str, pd.DataFrame]) -> population.Entitlement | None:
    """The best table on nationality whose categories tell of nearly all its people."""
    here = (each for each in population.ENTITLEMENTS if each.table in tables)
    return next((each for each in here if _tells(tables[each.table], each)), None)


def untold(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Which tables on nationality could not be used."""
    return [
        f"{said(each.table)} does not have all its categories, so it is not used to tell who may vote. Import it "
        "again, with every category."
        for each in population.ENTITLEMENTS
        if each.table in tables and not _tells(tables[each.table], each)
    ]


def _tells(table: pd.DataFrame, each: population.Entitlement) -> bool:
    total, parts = population.categories(table, each)
    if total is None or not parts:
        return False
    everybody = float(table[total].sum())
    return everybody > 0 and float(table[list(parts.values())].sum().sum()) >= (1 - MOST_APART) * everybody
