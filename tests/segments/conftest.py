"""A small made-up borough, imported once for the room."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from engage.demo.borough import Borough, write_borough
from engage.foundation.clock import SteppedClock, at_london, today
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.homes import households
from segments.importing.imports import import_file
from segments.records import agreements, arrival
from segments.records.layouts import of_sources
from tests.segments.records.town import COUNCIL_TAX, PLANTED, account, written

NAMED = 40  # homes where council tax names somebody whom the register does not have


@dataclass(frozen=True)
class Town:
    """A borough of 1,200 homes in 3 wards, imported and built into households."""

    office: Office
    actor: Actor
    borough: Borough

    @property
    def code(self) -> str:
        return self.borough.authority_code

    def rows(self, kind: str) -> list[dict[str, str]]:
        """Of the borough's file of this kind."""
        with dict(self.borough.files)[kind].open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def copied(self, folder: Path) -> "Town":
        shutil.copytree(self.office.settings.home, folder / "home")
        settings = self.office.settings.model_copy(update={"home": folder / "home"})
        return replace(self, office=Office(settings, SteppedClock(at_london(self.borough.as_at, 10))))

    def named(self) -> list[dict[str, str]]:
        """An elector of each of NAMED homes."""
        electors = [row for row in self.rows("register") if row["UPRN"] and row["FranchiseMarker"] != "N"]
        return list({row["UPRN"]: row for row in electors}.values())[:NAMED]


def agree(town: Town, *sources: str) -> None:
    day = today(town.office.clock)
    for source in sources:
        agreements.agree(town.office, town.actor, source, day, day + timedelta(days=60))


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    borough = write_borough(folder / "files", homes=1200, wards=3)
    office = Office(Settings(home=folder / "home"), SteppedClock(at_london(borough.as_at, 10)))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=borough.authority_code, name=borough.authority_name))
    town = Town(office, Actor(borough.authority_code, "officer 1"), borough)
    for kind, path in borough.files:
        import_file(office, town.actor, kind, path, borough.as_at)
    households.build(office, town.actor)
    yield town
    office.close()


@pytest.fixture(scope="session")
def recorded(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Its own town, with council tax of some homes, one of them protected, a blue badge of others, and an agreement on
    each."""
    folder = tmp_path_factory.mktemp("recorded")
    copy = town.copied(folder)
    kept = {"UPRN": town.rows("protected")[0]["uprn"], "RegisteredAddress1": "", "RegisteredAddress2": "",
            "PostCode": ""}  # fmt: skip
    accounts = [account(row, f"A{n}", f"{PLANTED[n % 4]}, MR ADA") for n, row in enumerate([kept, *town.named()])]
    badges = [
        {"badge_ref": f"B{n}", "forename": "Ada", "surname": PLANTED[0], "address_1": row["RegisteredAddress1"],
         "address_2": row["RegisteredAddress2"], "postcode": row["PostCode"], "date_of_birth": "01-Mar-1950"}
        for n, row in enumerate(town.rows("register")[-20:])
    ]  # fmt: skip
    paths = [written(folder / "council_tax.csv", accounts, COUNCIL_TAX), written(folder / "badges.csv", badges)]
    arrival.bring_in(copy.office, copy.actor, of_sources(paths, ["council_tax", "blue_badge"]), town.borough.as_at)
    agree(copy, "council_tax", "blue_badge")
    yield copy
    copy.office.close()
