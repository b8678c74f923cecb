"""Two looks at one ward: a home that changed between them, or was moved to another ward, cannot be told."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pandas as pd
import pytest

from dashboards.published import exports, looks
from dashboards.published.disclosure import RULE
from dashboards.published.figures import published
from engage.foundation.lake import Snapshot, current
from tests.dashboards.conftest import Council

AUGUST, SEPTEMBER = date(2026, 8, 3), date(2026, 9, 1)


def homes(**wards: int) -> pd.DataFrame:
    """So many homes with one elector each in each ward, numbered through."""
    rows = [ward for ward, many in wards.items() for _ in range(many)]
    return pd.DataFrame({"uprn": range(len(rows)), "ward": rows, "electors": 1})


def changed(held: pd.DataFrame, many: int, **what: object) -> pd.DataFrame:
    found = held.copy()
    for column, value in what.items():
        found.loc[found.index[:many], column] = value
    return found


@pytest.mark.parametrize(("many", "stands"), [(0, {"A", "B"}), (1, {"A", "B"}), (9, {"A", "B"}), (10, {"B"})])
def test_a_ward_stands_until_ten_of_its_homes_have_changed(many: int, stands: set[str]) -> None:
    before = homes(A=200, B=200)
    assert set(looks.unmoved(changed(before, many, electors=2), [("first", before)])) == stands


def test_joined_left_and_moved_homes_are_changes_alike() -> None:
    before = homes(A=200, B=200)
    later = pd.concat([before.iloc[4:], homes(A=3).assign(uprn=[900, 901, 902])])
    later.loc[later.index[:2], "ward"] = "B"
    found = {(ward, then): parted for ward, then, parted in looks.apart(later, before)}
    assert found == {("A", "A"): 9, ("B", "B"): 2, ("B", "A"): 398}


def test_it_is_held_against_every_earlier_look_and_shows_the_nearest() -> None:
    """Ten homes that go and come again make the first look stand, not the last."""
    before = homes(A=200)
    without = before.iloc[10:]
    found = looks.unmoved(before.iloc[1:], [("first", before), ("second", without)])
    assert found == {"A": ("first", "A")}
    assert looks.unmoved(without, [("first", before)]) == {}


def test_a_ward_with_a_new_code_stands_too() -> None:
    before = homes(A=200, B=200)
    renamed = changed(before, 200, ward="N")
    assert looks.unmoved(changed(renamed, 1, ward="B"), [("first", before)])["N"] == ("first", "A")


def test_a_sliver_stays_with_what_most_of_its_ward_became() -> None:
    """A was parted into N and M; four homes of B came to M. M less its part of A would be those four alone."""
    before = homes(A=200, B=200)
    after = before.assign(ward=["N"] * 120 + ["M"] * 80 + ["M"] * 4 + ["B"] * 196)
    assert looks.snapped(after, before)["ward"].value_counts().to_dict() == {"B": 200, "N": 120, "M": 80}
    assert looks.snapped(before, before).equals(before)


@contextmanager
def imported(council: Council, kind: str, as_at: date, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Iterator[int]:
    """The newest snapshot of a kind as it would be at another day."""
    office = council.office
    with office.database.session() as session:
        newest = current(session, council.code, kind)
        assert newest
        staged = office.lake.stage()
        change(pd.read_parquet(office.lake.file(newest))).to_parquet(staged, index=False)
        number = office.lake.commit(
            session, staged, authority=council.code, kind=kind, as_at=as_at, rows=newest.rows,
            made_at=office.clock.now(), made_by="officer 1", report=newest.report,
        ).id  # fmt: skip
    yield number or 0
    with office.database.session() as session:
        session.get_one(Snapshot, number).undone_at = office.clock.now()


def joined(ward: str, many: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(held: pd.DataFrame) -> pd.DataFrame:
        rows = held.index[held["ward"] == ward][:many]
        held.loc[rows, "electors"] += 1
        return held

    return change


def said(council: Council) -> tuple[dict[str, str], str]:
    """By ward, what the newest register shows; and everything in the API but its days."""
    held = exports.as_json(published(council.office, council.code))
    wards = {one["ward"]: json.dumps(one) for one in held["completeness"]["wards"]}
    held["completeness"]["registers"] = held["completeness"]["registers"][-1:]
    return wards, re.sub(r"\d{4}-\d\d-\d\d", "", json.dumps(held, default=str))


def test_no_look_tells_of_one_home_and_ten_renew_their_ward_alone(council: Council) -> None:
    first, words = said(council)
    ward = min(first)
    with imported(council, "households", AUGUST, joined(ward, 9)):
        assert said(council) == (first, words)
    with imported(council, "households", AUGUST, joined(ward, 60)):
        renewed, _ = said(council)
        assert {code for code, text in renewed.items() if text != first[code]} == {ward}
        with imported(council, "households", SEPTEMBER, joined(ward, 1)):
            assert said(council)[0] == renewed, "one home since"


def test_a_home_that_is_moved_to_another_ward_moves_no_figure(council: Council) -> None:
    first = registered(council)
    one, other = sorted(first)[:2]

    def move(held: pd.DataFrame) -> pd.DataFrame:
        held.loc[held.index[held["ward"] == one][:1], "ward"] = other
        return held

    with imported(council, "geography", AUGUST, move):
        assert registered(council) == first


def registered(council: Council) -> dict[str, list[str]]:
    """Of each register: who may register is estimated for places, and moves with them."""
    held = published(council.office, council.code)
    return {ward.code: [past.ward(ward.code).registered.text for past in held.pasts] for ward in held.wards}


def test_the_total_says_nothing_besides_its_parts() -> None:
    parts = [RULE.count(n) for n in (4, 203, 0, 96)]
    assert [str(RULE.added(held)) for held in (parts, parts[:1], parts[2:3], [])] == ["305", "fewer than 10", "0", "0"]
    assert {str(RULE.added([RULE.count(n), RULE.count(m)])) for n in (1, 9) for m in (98, 102)} == {"105"}
