"""The gap against the truth: intervals hold it, and the wards come in the right order."""

import pandas as pd
import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from segments.areas import output_areas, population
from segments.engine import kept
from segments.homes import households
from segments.missing import gap
from segments.missing.contrasts import between_fifths
from segments.missing.gap import relative_error
from tests.segments.conftest import Town


@pytest.fixture(scope="module")
def truth(town: Town) -> pd.DataFrame:
    homes = pd.read_parquet(town.borough.folder / "truth" / "homes.parquet")
    return homes.groupby("ward")[["eligible", "registered"]].sum()


def test_ward_intervals_hold_the_truth(town: Town, truth: pd.DataFrame) -> None:
    rows = gap.by_ward(town.office, town.code)
    assert {row.key for row in rows} == set(truth.index)
    for row in rows:
        assert row.low <= truth.registered[row.key] / truth.eligible[row.key] <= row.high
        assert row.low < row.completeness < row.high
        assert row.high - row.low < 0.15
        assert row.missing == pytest.approx(row.eligible - row.registered)


def test_the_whole_is_the_sum_of_its_wards(town: Town) -> None:
    rows, whole = gap.by_ward(town.office, town.code), gap.overall(town.office, town.code)
    assert whole.key == town.code
    assert whole.eligible == pytest.approx(sum(row.eligible for row in rows))
    assert whole.registered == pytest.approx(sum(row.registered for row in rows), rel=0.01)
    assert min(row.completeness for row in rows) < whole.completeness < max(row.completeness for row in rows)


def test_wards_and_areas_are_the_same_people(town: Town) -> None:
    wards, small = gap.by_ward(town.office, town.code), gap.by_level(town.office, town.code, "area")
    assert sum(row.eligible for row in small) == pytest.approx(sum(row.eligible for row in wards))
    assert {row.name for row in small} == {row.name for row in wards}


def test_most_missing_come_first(town: Town) -> None:
    for level in gap.LEVELS:
        missing = [row.missing for row in gap.by_level(town.office, town.code, level)]
        assert missing == sorted(missing, reverse=True)


def test_areas_are_less_sure_than_wards(town: Town) -> None:
    def width(rows: list[gap.Row]) -> float:
        return sum(row.high - row.low for row in rows) / len(rows)

    assert width(gap.by_level(town.office, town.code, "area")) > width(gap.by_ward(town.office, town.code))


def test_it_is_worked_out_once_until_something_changes(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    first = gap.estimate(town.office, town.code)
    assert gap.estimate(town.office, town.code) is first
    monkeypatch.setattr(kept, "standing", lambda *_: ("a newer import",))
    again = gap.estimate(town.office, town.code)
    assert again is not first
    assert again == first


def test_an_unknown_level_is_refused_by_name(town: Town) -> None:
    with pytest.raises(InputRefused, match=r"'street': expected ward, area, tenure, .* or deprivation"):
        gap.by_level(town.office, town.code, "street")


def test_a_group_without_its_table_says_what_to_import(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    known = output_areas.known

    def without_tenure(*args: object) -> output_areas.Known | None:
        found = known(*args)  # type: ignore[arg-type]
        assert found
        found.tables.pop("ts054")
        return found

    monkeypatch.setattr(output_areas, "known", without_tenure)
    monkeypatch.setattr(kept, "standing", lambda *_: ("without tenure",))
    with pytest.raises(InputRefused, match="needs Census table TS054 and Census table TS017"):
        gap.by_level(town.office, town.code, "tenure")
    assert gap.by_level(town.office, town.code, "age")


def test_figures_by_hand() -> None:
    """1,000 eligible, 900 entries of which a tenth are stale: 81 % complete, 190 missing."""
    found = {"name": "Ward", "eligible": 1000.0, "registered": 810.0, "completeness": 0.81, "error": 0.02}
    row = gap._row("W", found)
    assert row.completeness == pytest.approx(0.81)
    assert row.missing == pytest.approx(190)
    assert (row.low, row.high) == pytest.approx((0.81 * (1 - 0.0392), 0.81 * (1 + 0.0392)), abs=1e-4)


def test_every_source_of_doubt_widens_the_interval() -> None:
    def error(*, entitlement: float = 0.3, aged: float = 0.015, **changed: float) -> float:
        sums = {"eligible": 1000.0, "communal": 0.0, "stale": 0.1, "not_entitled": 0.04, "completeness": 0.81}
        return float(relative_error(pd.DataFrame([sums | changed]), entitlement, aged).iloc[0])

    by_hand = ((0.2 * 0.1 / 0.9) ** 2 + (0.3 * 0.04 / 0.96) ** 2 + 0.015**2 + 0.19 / (0.81 * 1000)) ** 0.5
    assert error() == pytest.approx(by_hand)
    for wider in (
        error(stale=0.2), error(not_entitled=0.2), error(communal=200.0), error(eligible=100.0),
        error(aged=0.06), error(entitlement=0.5),
    ):  # fmt: skip
        assert wider > by_hand


def test_contrasts_are_the_means_of_the_outer_fifths() -> None:
    index = pd.Index([f"E{n:08d}" for n in range(100)])
    totals = pd.DataFrame({"completeness": [n / 100 for n in range(100)], "eligible": 10.0}, index=index)
    rented = pd.DataFrame({"private_rented_share": [1 - n / 100 for n in range(100)], "owned_share": 0.5}, index=index)
    known = output_areas.Known({"ts054": rented}, "England", population.CENSUS_DAY, 16.0)
    (found,) = between_fifths(totals, known, pd.Series(dtype=str))
    assert found.indicator == "private_rented_share"
    assert (found.least_complete, found.most_complete) == pytest.approx((0.905, 0.105))
    assert between_fifths(totals.head(19), known, pd.Series(dtype=str)) == []


def test_a_later_mid_year_estimate_moves_the_areas_of_its_lsoa(town: Town) -> None:
    from segments.engine import execution

    with town.office.database.session() as session, execution.connect() as backend:
        known = output_areas.known(backend, town.office, session, town.code)
        lsoa = output_areas.lsoas(backend, town.office, session, town.code)
    assert known is not None
    assert known.estimated_on is not None
    assert known.counted == known.estimated_on > population.CENSUS_DAY
    grown = output_areas.Known(
        known.tables, known.nation, known.as_at, known.youngest, known.single_years, known.estimated * 1.1,
        known.estimated_on,
    )  # fmt: skip
    before, after = output_areas.estimate(known, lsoa), output_areas.estimate(grown, lsoa)
    assert after.adults.sum() == pytest.approx(1.1 * before.adults.sum())
    assert (after.eligible / after.adults).to_numpy() == pytest.approx((before.eligible / before.adults).to_numpy())


def row(**figures: float) -> gap.Row:
    found = {"eligible": 1000.0, "registered": 900.0, "completeness": 0.9, "low": 0.85, "high": 0.95, "missing": 100.0}
    return gap.Row("E05000001", "Anglesey", **found | figures)


@pytest.mark.parametrize(
    ("figures", "beyond"),
    [({}, False), ({"registered": 1010.0, "completeness": 1.0, "low": 0.96, "high": 1.0}, False),
     ({"registered": 1550.0, "completeness": 1.0, "low": 1.0, "high": 1.0}, True),
     ({"eligible": 0.0, "registered": 50.0, "completeness": 0.0, "low": 0.0, "high": 0.0}, True),
     ({"eligible": 0.0, "registered": 0.0, "completeness": 0.0, "low": 0.0, "high": 0.0}, False)],
)  # fmt: skip
def test_more_registered_than_the_range_allows_is_said(figures: dict[str, float], *, beyond: bool) -> None:
    found = gap.Estimate(overall=row(), wards=[row(**figures)], areas=[])
    assert [note.split(" are")[0] for note in found.notes] == (
        [f"In Anglesey {figures['registered']:,.0f}"] if beyond else []
    )


def test_strangers_are_told_and_left_out(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many more electors as are strangers change no figure."""
    before = gap.estimate(town.office, town.code)
    newest = households.newest

    def with_strangers(*args: object) -> Snapshot:
        found = newest(*args)  # type: ignore[arg-type]
        more = {"electors": found.report["electors"] + 1500, "strangers": 1500}
        return Snapshot(**found.model_dump() | {"report": found.report | more})

    monkeypatch.setattr(households, "newest", with_strangers)
    monkeypatch.setattr(kept, "standing", lambda *_: ("strangers",))
    after = gap.estimate(town.office, town.code)
    assert (before.strangers, after.strangers) == (0, 1500)
    assert after.wards == before.wards
    assert after.notes[0].startswith("1,500 electors of the register have a postcode that lies in another area")
    assert all(after.notes[0] in after.notes_of(row) for row in (*after.wards, *after.areas[:3]))


@pytest.mark.parametrize(
    ("factor", "followed", "said"),
    [
        (1.1, 1.1, ""), (0.85, 0.85, ""), (1.24, 1.24, ""),
        (1.4, 1.4, "over a quarter more or fewer people than the Census"), (1.9, 1.9, "It is followed there."),
        (0.7, 0.7, "over a quarter more or fewer"), (0.55, 0.55, "It is followed there."),
        (2.6, 2.0, "over twice, or less than half"), (0.3, 0.5, "Do not rely on the figures there."),
        (0.0, 0.5, "over twice, or less than half"),
    ],
)  # fmt: skip
def test_growth_is_followed_or_told_and_never_cut_in_silence(
    town: Town, factor: float, followed: float, said: str
) -> None:
    """Growth over a quarter was cut to a quarter, and nobody told."""
    from dataclasses import replace

    from segments.engine import execution

    with town.office.database.session() as session, execution.connect() as backend:
        known = output_areas.known(backend, town.office, session, town.code)
        lsoa = output_areas.lsoas(backend, town.office, session, town.code)
    assert known
    place = min(set(lsoa))
    moved = replace(known, estimated=known.estimated.mask(known.estimated.index == place, known.estimated * factor))
    before, after = (output_areas.estimate(each, lsoa).adults.groupby(lsoa).sum() for each in (known, moved))
    assert after[place] / before[place] == pytest.approx(followed, rel=0.02)
    assert after.drop(place).to_dict() == pytest.approx(before.drop(place).to_dict())
    assert output_areas.grown(known, lsoa) == []
    notes = output_areas.grown(moved, lsoa)
    assert len(notes) == bool(said)
    if said:
        assert notes[0].startswith(f"In 1 LSOA ({place}) the mid-year estimate of 30 June 2025 by LSOA counts over")
        assert said in notes[0]
