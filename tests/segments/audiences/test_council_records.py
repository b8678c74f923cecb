"""Rules that ask for the council's own records: counted alike by every engine, only while an agreement is in date, and
never of a home that must not be seen."""

import csv
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.office import Office
from segments.audiences import council_records, holding, segments, starters, summary
from segments.audiences.audience import freeze, reproduce
from segments.missing import gap, usable, with_records
from segments.records import agreements, arrival, known
from segments.records.layouts import of_sources
from segments.rules import topics, tree
from segments.rules.columns import COLUMNS, RECORDS
from segments.safeguards.suppression import suppress_household
from tests.segments.audiences.test_segments import nobody_reminded
from tests.segments.conftest import Town
from tests.segments.records.town import COUNCIL_TAX, PLANTED, account

KNOWN = {"version": 1, "where": {"column": "known_not_registered", "is": "at least", "value": 0.5}}
NOT_KNOWN = {"version": 1, "where": {"not": KNOWN["where"]}}
EVERY = {"version": 1, "where": {"column": "electors", "is": "at least", "value": 0}}
NAMED = 40  # homes where council tax names somebody whom the register does not have


@pytest.fixture(scope="module")
def recorded(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Council tax and a blue badge of some homes, one of them protected, with an agreement on each."""
    folder = tmp_path_factory.mktemp("recorded")
    shutil.copytree(town.office.settings.home, folder / "home")
    copy = Town(Office(town.office.settings.model_copy(update={"home": folder / "home"}), town.office.clock),
                town.actor, town.borough)  # fmt: skip
    paths = [_council_tax(copy, folder), _badges(copy, folder)]
    arrival.bring_in(copy.office, copy.actor, of_sources(paths, ["council_tax", "blue_badge"]), town.borough.as_at)
    _agree(copy, "council_tax", "blue_badge")
    yield copy
    copy.office.close()


def _agree(town: Town, *sources: str) -> None:
    day = today(town.office.clock)
    for source in sources:
        agreements.agree(town.office, town.actor, source, day, day + timedelta(days=60))


def _rows(town: Town, kind: str) -> list[dict[str, str]]:
    with dict(town.borough.files)[kind].open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _council_tax(town: Town, folder: Path) -> Path:
    electors = [row for row in _rows(town, "register") if row["UPRN"] and row["FranchiseMarker"] != "N"]
    homes = list({row["UPRN"]: row for row in electors}.values())
    kept = {"UPRN": _rows(town, "protected")[0]["uprn"], "RegisteredAddress1": "", "RegisteredAddress2": "",
            "PostCode": ""}  # fmt: skip
    rows = [account(home, f"A{n}", f"{PLANTED[n % 4]}, MR ADA") for n, home in enumerate([kept, *homes[:NAMED]])]
    return _written(folder / "council_tax.csv", COUNCIL_TAX, rows)


def _badges(town: Town, folder: Path) -> Path:
    rows = [
        {"badge_ref": f"B{n}", "forename": "Ada", "surname": PLANTED[0], "address_1": row["RegisteredAddress1"],
         "address_2": row["RegisteredAddress2"], "postcode": row["PostCode"], "date_of_birth": "01-Mar-1950"}
        for n, row in enumerate(_rows(town, "register")[-20:])
    ]  # fmt: skip
    return _written(folder / "blue_badge.csv", tuple(rows[0]), rows)


def _written(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_rule_counts_who_is_known_alike_on_every_engine(recorded: Town) -> None:
    office, code = recorded.office, recorded.code
    told = known.homes(office, code, known.held(office, code, ["council_tax", "blue_badge"]).names)
    wanted = set(told.filter(pl.col("known_not_registered") >= 0.5)["home_uprn"])
    assert NAMED - 3 <= len(wanted) <= NAMED  # the protected one is not among them
    counted = segments.count(office, code, KNOWN)
    assert counted.households == len(wanted)
    at_once = segments.count_all(office, KNOWN)[code]
    assert (at_once.households, at_once.electors, at_once.letter) == (len(wanted), counted.electors, counted.letter)
    frozen = freeze(office, recorded.actor, KNOWN, name="known")
    held = pl.read_parquet(frozen.path)
    assert set(held["uprn"]) == wanted
    assert not RECORDS & set(held.columns)  # what the records told of a home is not kept with it
    every = segments.count(office, code, EVERY).households
    assert segments.count(office, code, NOT_KNOWN).households == every - len(wanted)
    saved = segments.save(office, recorded.actor, "Known", KNOWN)
    assert [each.name for each in holding.holding(office, code, min(wanted))] == [saved.name]


def test_what_the_records_add_is_said_beside_what_all_homes_have(recorded: Town) -> None:
    found = summary.picture(recorded.office, recorded.code, tree.parse(KNOWN), nobody_reminded)
    assert found.known is not None
    assert found.known.adults == pytest.approx(found.known.all_adults)
    assert found.known.homes < found.known.all_homes
    offered = {offer.starter.key: offer for offer in starters.offers(recorded.office, recorded.code)}
    assert offered["known-to-the-council"].households == found.known.homes


def test_without_an_agreement_in_date_nothing_is_counted_or_offered(recorded: Town) -> None:
    office, code = recorded.office, recorded.code
    frozen = freeze(office, recorded.actor, KNOWN, name="before")
    assert reproduce(office, code, frozen.snapshot_id).num_rows == frozen.households
    of_estimate = gap.estimate(office, code)
    assert with_records.estimate(office, code) is not None
    agreements.end(office, recorded.actor, "council_tax")
    try:
        assert with_records.estimate(office, code) is None  # a blue badge may still confirm, and tells nothing
        assert gap.estimate(office, code) == of_estimate
        for asked in (segments.count, lambda office, _, rule: segments.count_all(office, rule),
                      lambda office, _, rule: freeze(office, recorded.actor, rule, name="after")):  # fmt: skip
            with pytest.raises(InputRefused, match="agreement in date"):
                asked(office, code, KNOWN)
        with pytest.raises(InputRefused, match="may no longer be used"):
            reproduce(office, code, frozen.snapshot_id)
        assert "known-to-the-council" not in {offer.starter.key for offer in starters.offers(office, code)}
        assert summary.picture(office, code, tree.parse(EVERY), nobody_reminded).known is None
    finally:
        _agree(recorded, "council_tax")
    assert segments.count(office, code, KNOWN).households == frozen.households


def test_the_columns_stand_under_the_councils_own_records() -> None:
    assert set(topics.grouped(COLUMNS)[topics.OF_RECORDS]) == RECORDS == set(council_records.HELD)


def test_a_home_that_comes_to_be_protected_is_counted_no_more(recorded: Town) -> None:
    office, code = recorded.office, recorded.code
    with office.database.reading() as session:
        found = usable.in_use(office, session, code)
    assert found is not None
    home = int(found.homes.filter(pl.col("known_not_registered") > 0)["home_uprn"][0])
    before = segments.count(office, code, KNOWN).households
    with office.database.session() as session:
        suppress_household(session, office, code, home, "asked", "again")
    assert segments.count(office, code, KNOWN).households == segments.count_all(office, KNOWN)[code].households
    assert segments.count(office, code, KNOWN).households == before - 1
    with office.database.reading() as session:
        again = usable.in_use(office, session, code)
    assert again is not None
    assert home not in again.homes.filter(pl.col("known_not_registered") > 0)["home_uprn"].to_list()
