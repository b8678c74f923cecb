"""Who joined between two registers: known persons at known homes, whatever their numbers."""

import csv
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from engage.demo.aftermath import next_register
from engage.demo.borough import write_borough
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from segments.homes import households, registrations
from segments.importing.imports import import_file
from segments.linking import review
from segments.linking.review import LinkAnswer

LATER = date(2026, 6, 1)


@pytest.fixture
def two_registers(office: Office, tmp_path: Path) -> tuple[Office, str, int, pd.DataFrame]:
    """A borough, its register, and the next one after half its homes got a letter; and who truly gained."""
    from engage.foundation.identity import Authority

    borough = write_borough(tmp_path / "files", homes=600, wards=2)
    with office.database.session() as session:
        session.add(Authority(code=borough.authority_code, name=borough.authority_name))
    actor = Actor(borough.authority_code, "officer 1")
    for kind, path in borough.files:
        if kind in ("boundaries", "gazetteer", "geography", "register"):
            import_file(office, actor, kind, path, date(2026, 5, 1))
    with office.database.session() as session:
        register = current(session, actor.authority, "register")
        assert register is not None
    homes = pd.read_parquet(borough.folder / "truth" / "homes.parquet")
    assignment = tmp_path / "assignment.csv"
    with assignment.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["uprn", "arm", "contacted_on", "channel"])
        for number, uprn in enumerate(homes.uprn):
            writer.writerow([uprn, "now", "2026-06-05", "letter"] if number % 2 else [uprn, "later", "", ""])
    after = next_register(borough.folder, assignment, {"letter": 0.5}, 0.05, as_at=date(2026, 8, 1))
    import_file(office, actor, "register", after.path, LATER)
    truth = pd.read_parquet(borough.folder / "truth" / "outcomes_2026-08-01.parquet")
    return office, actor.authority, register.id or 0, truth


def test_gains_are_found_and_renumbering_is_not_a_gain(two_registers: tuple[Office, str, int, pd.DataFrame]) -> None:
    office, authority, baseline, truth = two_registers
    found = registrations.gained_since(office, authority, baseline)
    gained = set(truth.uprn[truth.gained])
    assert len(gained) > 20
    assert len(gained - found) <= 0.02 * len(gained)
    # What is found beyond the truth are newcomers where somebody moved out, never the renumbered: those are everybody.
    assert len(found - gained) <= 0.05 * len(truth)


def test_nothing_is_gained_against_itself(two_registers: tuple[Office, str, int, pd.DataFrame]) -> None:
    office, authority, _, _ = two_registers
    with office.database.session() as session:
        newest = current(session, authority, "register")
        assert newest is not None
    assert registrations.gained_since(office, authority, newest.id or 0) == set()


def test_linking_twice_makes_one_snapshot(two_registers: tuple[Office, str, int, pd.DataFrame]) -> None:
    office, authority, _, _ = two_registers
    actor = Actor(authority, "officer 1")
    with office.database.session() as session:
        assert registrations.newest(office, actor, session).id == registrations.newest(office, actor, session).id
    assert households.build(office, actor).rows > 500


def test_answers_since_the_last_link_are_taken_up_once(two_registers: tuple[Office, str, int, pd.DataFrame]) -> None:
    office, authority, _, _ = two_registers
    actor = Actor(authority, "officer 1")

    def newest() -> int | None:
        with office.database.session() as session:
            return registrations.newest(office, actor, session).id

    first = households.build(office, actor).report["electors_snapshot"]
    assert first == newest()
    assert not review.homes_are_behind(office, authority)
    with office.database.session() as session:
        session.add(
            LinkAnswer(
                authority=authority, key="0" * 64, verdict="reject", answered_at=office.clock.now(), answered_by="x"
            )
        )
    assert review.homes_are_behind(office, authority)
    settled = newest()
    assert settled != first
    assert settled == newest() == households.build(office, actor).report["electors_snapshot"]
    assert not review.homes_are_behind(office, authority)
