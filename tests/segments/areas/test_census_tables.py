"""Every table of a borough at every level, with each category in turn missing or blank: the estimate stands, or a
sentence names the table. Called directly, as a web request for each would take an hour."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from segments.areas import census_tables, output_areas
from segments.areas.output_areas import Known
from segments.engine import execution
from segments.missing import groups
from tests.examples import some
from tests.segments.conftest import Town

TABLES = ("ts003", "ts007a", "ts017", "ts019", "ts029", "ts054", "ts068", "imd2025")
Rows = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def held(town: Town) -> tuple[Rows, pd.DataFrame, Known]:
    """The tables as they lie in the lake, the places, and what is known of them as they are."""
    with town.office.database.session() as session, execution.connect() as backend:
        snapshots = output_areas.indicators(session, town.code)
        rows = {name: execution.table(backend, town.office.lake, snapshots[name]).execute() for name in TABLES}
        places = output_areas.places(backend, town.office, session, town.code)
        known = output_areas.known(backend, town.office, session, town.code)
    assert known
    return rows, places, known


def by_lsoa(rows: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """The same table counted by LSOA; its shares are means, near enough."""
    placed = rows.assign(area=rows.area.map(places.lsoa), level="lsoa")
    summed = placed.groupby(["area", "level", "measure"], as_index=False).value
    shares = placed.measure.str.endswith("_share")
    means = placed[shares].groupby(["area", "level", "measure"], as_index=False).value.mean()
    return pd.concat([summed.sum()[lambda each: ~each.measure.str.endswith("_share")], means])


def known_with(known: Known, rows: Rows, places: pd.DataFrame) -> Known:
    tables = census_tables.gather(rows, places)
    return replace(known, tables=tables.by_name, notes=(*tables.notes, *census_tables.untold(tables.by_name)))


def stands(known: Known, places: pd.DataFrame) -> None:
    """Every figure is one, and shares are between nothing and everybody."""
    if not known.has_ages:
        assert any("TS007A" in note for note in known.notes)
        return
    found = output_areas.estimate(known, places.lsoa)
    assert np.isfinite(found.to_numpy()).all()
    assert (found.eligible > 0).all()
    assert found.not_entitled.between(0, 0.8).all()
    counted, error = found.eligible * 0.8, pd.Series(0.05, index=found.index)
    for key in groups.available(known):
        for _, people, rate, low, high in groups.infer_each(key, known, found, places.lsoa, counted, error, 0.03):
            assert people > 0
            assert 0 <= low <= rate <= high <= 1


def categories(rows: pd.DataFrame) -> Iterator[str]:
    yield from sorted(rows.measure.unique())


@pytest.mark.parametrize("table", TABLES)
def test_each_category_in_turn_missing_or_blank(held: tuple[Rows, pd.DataFrame, Known], table: str) -> None:
    rows, places, known = held
    own = rows[table]
    everywhere, in_one = [True] * len(own), own.area == own.area.iloc[0]
    for category, where in some(product(categories(own), (everywhere, in_one))):
        changed = own[(own.measure != category) | ~np.asarray(where)]
        stands(known_with(known, rows | {table: changed}, places), places)
    gone = known_with(known, rows | {table: own[own.measure != census_tables.NEEDED.get(table, ["-"])[-1]]}, places)
    if table in census_tables.NEEDED:
        assert any(census_tables.said(table).lower() in note.lower() for note in gone.notes)


@pytest.mark.parametrize("table", [name for name in TABLES if name != "imd2025"])
def test_a_table_by_lsoa_is_spread_over_its_output_areas(held: tuple[Rows, pd.DataFrame, Known], table: str) -> None:
    rows, places, known = held
    larger = by_lsoa(rows[table], places)
    spread = known_with(known, rows | {table: larger}, places)
    total = next(label for label in spread.tables[table].columns if ": total" in label)
    own = known.tables[table][total].groupby(places.lsoa).sum()
    assert spread.tables[table][total].groupby(places.lsoa).sum().to_dict() == pytest.approx(own.to_dict())
    assert set(spread.tables[table].index) == set(places.index)
    assert spread.notes == known.notes
    stands(spread, places)
    before, after = (output_areas.estimate(each, places.lsoa).eligible.sum() for each in (known, spread))
    assert after == pytest.approx(before, rel=0.02)


def test_all_tables_by_lsoa_are_spread_by_homes(held: tuple[Rows, pd.DataFrame, Known]) -> None:
    rows, places, known = held
    larger = {name: table if name == "imd2025" else by_lsoa(table, places) for name, table in rows.items()}
    spread = known_with(known, larger, places)
    ages = spread.tables["ts007a"]["age: total"]
    assert (ages / places.homes).groupby(places.lsoa).std().max() == pytest.approx(0, abs=1e-9)
    stands(spread, places)


def test_output_areas_count_before_their_lsoa(held: tuple[Rows, pd.DataFrame, Known]) -> None:
    rows, places, known = held
    first = rows["ts007a"].area.iloc[0]
    own = rows["ts007a"][rows["ts007a"].area == first]
    both = known_with(known, rows | {"ts007a": pd.concat([by_lsoa(rows["ts007a"], places), own])}, places)
    pd.testing.assert_series_equal(both.tables["ts007a"].loc[first], known.tables["ts007a"].loc[first])


def test_a_table_of_another_council_is_named_and_not_used(held: tuple[Rows, pd.DataFrame, Known]) -> None:
    rows, places, known = held
    for name in TABLES:
        strangers = rows[name].assign(area="E01999999", level="lsoa")
        if name in census_tables.NEEDED and name != "imd2025":
            found = known_with(known, rows | {name: strangers}, places)
            assert name not in found.tables
            assert any(census_tables.said(name).lower() in note.lower() for note in found.notes), name


def test_hidden_ages_are_estimated_and_unknown_areas_left_out(held: tuple[Rows, pd.DataFrame, Known]) -> None:
    rows, places, known = held
    own = rows["ts007a"]
    first, second = own.area.unique()[:2]
    some = own.measure.isin(["age: aged 25 to 29 years", "age: aged 85 years and over"])
    hidden = own[~((own.area == first) & some) & (own.area != second)]
    found = known_with(known, rows | {"ts007a": hidden}, places)
    ages, before = found.tables["ts007a"], known.tables["ts007a"]
    labels = census_tables.AGES
    assert ages.loc[first, labels].sum() == pytest.approx(before.loc[first, labels].sum())
    assert second not in ages.index
    assert any("hides some ages" in note for note in found.notes)
