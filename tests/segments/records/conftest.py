"""One town for the tests of the room, built once; each has a copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from engage.demo.borough import write_borough
from engage.foundation.identity import Authority
from segments.importing.imports import import_file
from tests.segments.records.town import Town


@pytest.fixture(scope="package")
def built(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("records")
    town = Town(folder, write_borough(folder / "files", homes=120, wards=2))
    SQLModel.metadata.create_all(town.office.database.engine)
    with town.office.database.session() as session:
        session.add(Authority(code=town.borough.authority_code, name=town.borough.authority_name))
    for kind, path in town.borough.files:
        if kind in {"gazetteer", "register", "protected"}:
            import_file(town.office, town.actor, kind, path, town.borough.as_at)
    town.office.close()
    return town


@pytest.fixture
def town(built: Town, tmp_path: Path) -> Iterator[Town]:
    shutil.copytree(built.folder / "home", tmp_path / "home")
    town = Town(tmp_path, built.borough)
    yield town
    town.office.close()
