"""The table of homes against the truth of the borough it was made from."""

from pathlib import Path

import ibis
import pandas as pd
import pytest

from engage.foundation.files import cells
from segments.engine.execution import connect, table
from segments.homes import households
from segments.homes.households import newest
from segments.safeguards import protected
from tests.segments.conftest import Town


@pytest.fixture(scope="module")
def homes(town: Town) -> pd.DataFrame:
    with town.office.database.session() as session, connect() as backend:
        return table(backend, town.office.lake, newest(session, town.code)).execute().set_index("uprn")


@pytest.fixture(scope="module")
def truth(town: Town) -> pd.DataFrame:
    return pd.read_parquet(town.borough.folder / "truth" / "homes.parquet").set_index("uprn")


def hidden(town: Town) -> set[int]:
    from engage.foundation.lake import current

    with town.office.database.session() as session:
        gazetteer = current(session, town.code, "gazetteer")
        assert gazetteer is not None
        return set(protected.hidden(town.office, session, gazetteer))


def test_every_home_is_there_but_those_that_must_not_be_seen(
    homes: pd.DataFrame, truth: pd.DataFrame, town: Town
) -> None:
    out_of_sight = hidden(town)
    assert len(out_of_sight) >= town.borough.truth.protected
    assert set(truth.index) - set(homes.index) == out_of_sight & set(truth.index)


def test_electors_are_counted_at_their_true_homes(homes: pd.DataFrame, truth: pd.DataFrame) -> None:
    both = homes.join(truth[["electors"]].add_suffix("_true"), how="inner")
    assert (both.electors == both.electors_true).mean() >= 0.99


def test_wards_and_areas_are_those_of_the_home(homes: pd.DataFrame, truth: pd.DataFrame) -> None:
    both = homes.join(truth[["ward", "oa"]].add_suffix("_true"), how="inner")
    assert (both.ward == both.ward_true).all()
    assert (both.oa == both.oa_true).all()


def test_a_postcode_lies_where_most_of_its_homes_do_and_of_two_alike_at_the_lower_code() -> None:
    places = {"AA1 1AA": "bbc", "AA1 1AB": "cb", "AA1 1AC": "a"}
    rows = [{"postcode": code, "oa": area} for code, areas in places.items() for area in [*areas, None]]
    frame = pd.DataFrame(rows).assign(authority="E07000193", lsoa="l", ward="w")
    with connect() as backend:
        found = backend.execute(households._of_neighbours(ibis.memtable(frame)))
    assert dict(zip(found.postcode, found.oa_near, strict=True)) == {"AA1 1AA": "b", "AA1 1AB": "b", "AA1 1AC": "a"}


def test_expected_adults_add_up_to_the_eligible_of_the_area(homes: pd.DataFrame, truth: pd.DataFrame) -> None:
    expected, eligible = homes.expected_adults.sum(), truth.eligible.sum()
    assert expected == pytest.approx(eligible, rel=0.06)
    assert homes[homes.communal].gap.isna().all()


def test_indicators_are_columns(homes: pd.DataFrame) -> None:
    assert homes.private_rented_share.between(0, 1).all()
    assert homes.imd_decile.between(1, 10).all()


def test_reach_counts_only_contacts_that_may_be_used(homes: pd.DataFrame, town: Town) -> None:
    reachable = (homes.email | homes.sms).sum()
    assert 0 < reachable <= town.borough.truth.reachable
    assert homes.letter.mean() > 0.95


def test_export_has_one_row_per_home(homes: pd.DataFrame, town: Town, tmp_path: Path) -> None:
    for name in ("homes.parquet", "homes.csv"):
        assert households.export(town.office, town.actor, tmp_path / name) == len(homes)
    assert len(pd.read_csv(tmp_path / "homes.csv")) == len(homes)


def test_summary_says_how_many_electors_were_linked(town: Town) -> None:
    summary = households.summary(town.office, town.code)
    assert summary.electors == town.borough.truth.electors
    assert summary.linked_share > 0.98


def test_a_name_that_a_spreadsheet_would_run_is_text_in_the_file() -> None:
    """As `cells.harmless` has it, said by the engine."""
    hostile = ["=1+1", '"=1', "\u200b=1", "\uff1d1", "-cmd", "+44 7700 900123", "-1.4", "St-Mary", ""]
    table = ibis.memtable({"name": hostile, "homes": list(range(-4, 5))})
    told = table.mutate(name=households._harmless(table.name)).execute()
    assert list(told.sort_values("homes").name) == [cells.harmless(name) for name in hostile]
