"""A home is not reminded while its open applications cover all who are missing there, and no longer."""

import csv
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from engage.demo.borough import write_borough
from engage.foundation.identity import Authority
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from segments.homes import applications, households
from segments.importing.imports import import_file
from segments.linking import review

DAY = date(2026, 6, 1)


@pytest.fixture
def borough(office: Office, tmp_path: Path) -> tuple[Actor, pd.DataFrame]:
    made = write_borough(tmp_path / "files", homes=600, wards=2)
    with office.database.session() as session:
        session.add(Authority(code=made.authority_code, name=made.authority_name))
    actor = Actor(made.authority_code, "officer 1")
    for kind, path in made.files:
        if kind in ("boundaries", "gazetteer", "geography", "register", "indicator", "population"):
            import_file(office, actor, kind, path, date(2026, 5, 1), accept_problems=True)
    homes = households.build(office, actor)
    return actor, pd.read_parquet(office.lake.file(homes))


def take(office: Office, actor: Actor, folder: Path, rows: list[list[object]], on: date = DAY) -> None:
    path = folder / "applications.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["uprn", "address", "postcode", "applied_on"], *rows])
    import_file(office, actor, "applications", path, on, accept_problems=True)


def test_only_what_covers_all_who_are_missing_counts(
    office: Office, borough: tuple[Actor, pd.DataFrame], tmp_path: Path
) -> None:
    actor, homes = borough
    assert applications.covered(office, actor.authority, DAY) == frozenset()
    missing = homes.gap.fillna(1).round().clip(lower=1).astype(int)
    one, two = homes[missing == 1], homes[missing >= 2]
    enough, short, full, late = (
        int(one.uprn.iloc[0]),
        int(two.uprn.iloc[0]),
        int(two.uprn.iloc[1]),
        int(one.uprn.iloc[1]),
    )
    by_address = one.iloc[2]
    lines = list(by_address.address_lines)
    rows: list[list[object]] = [
        [enough, "", "", "2026-05-20"], [short, "", "", "2026-05-20"],
        *([[full, "", "", "2026-05-20"]] * int(missing[two.index[1]])), [late, "", "", "2026-03-01"],
        ["", ", ".join(lines[:-1]), lines[-1], "2026-05-21"],
    ]  # fmt: skip
    take(office, actor, tmp_path, rows)
    assert applications.covered(office, actor.authority, DAY) == {enough, full, int(by_address.uprn)}
    assert applications.covered(office, actor.authority, DAY + timedelta(days=60)) == frozenset(), "nobody stays silent"
    take(office, actor, tmp_path, [[full, "", "", "2026-05-20"]])
    assert applications.covered(office, actor.authority, DAY) == frozenset(), "the newest list alone counts"


def test_the_list_changes_nothing_of_the_register_and_the_homes(
    office: Office, borough: tuple[Actor, pd.DataFrame], tmp_path: Path
) -> None:
    actor, homes = borough
    before = review.queue(office, actor.authority)
    take(
        office,
        actor,
        tmp_path,
        [["", "1 Nowhere Road, Elsewhere", "", "2026-05-20"], [int(homes.uprn[0]), "", "", "2026-05-20"]],
    )
    applications.covered(office, actor.authority, DAY)
    assert review.queue(office, actor.authority) == before
    assert not review.homes_are_behind(office, actor.authority)
    with office.database.session() as session:
        register = current(session, actor.authority, "register")
    assert households.summary(office, actor.authority).electors > 0
    assert register is not None
