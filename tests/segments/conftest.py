"""A small made-up borough, imported once for the room."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlmodel import SQLModel

from engage.demo.borough import Borough, write_borough
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.homes import households
from segments.importing.imports import import_file


@dataclass(frozen=True)
class Town:
    """A borough of 1,200 homes in 3 wards, imported and built into households."""

    office: Office
    actor: Actor
    borough: Borough

    @property
    def code(self) -> str:
        return self.borough.authority_code


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
