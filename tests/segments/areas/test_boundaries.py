"""A boundary file whose ward codes are not the geography's: the homes, or the boundaries before, say which is which,
whatever comes first. Names turned into codes and the map lost wards."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.areas import wards
from segments.files.report import ImportReport
from segments.importing.imports import import_file, undo
from tests.segments.conftest import Town
from tests.segments.sources import papers

Change = Callable[[dict[str, Any], int], None]


def changed(town: Town, folder: Path, change: Change) -> Path:
    collection = json.loads(town.borough.paths("boundaries")[0].read_text())
    for number, feature in enumerate(collection["features"]):
        change(feature["properties"], number)
    return papers.write(folder, "wards.geojson", json.dumps(collection))


def key(properties: dict[str, Any], form: str) -> str:
    return next(name for name in properties if name.upper().startswith(form) and name.upper().endswith("CD"))


def recoded(properties: dict[str, Any], number: int) -> None:
    properties[key(properties, "WD")] = f"E0509990{number}"


def own_system(properties: dict[str, Any], number: int) -> None:
    properties[key(properties, "WD")] = f"Ward {number}"


def other_council(properties: dict[str, Any], number: int) -> None:
    recoded(properties, number)
    properties[key(properties, "LAD")] = "E08000019"


def no_council(properties: dict[str, Any], number: int) -> None:
    recoded(properties, number)
    del properties[key(properties, "LAD")]


def one_only(properties: dict[str, Any], number: int) -> None:
    if not number:
        recoded(properties, number)


def old_council(properties: dict[str, Any], _: int) -> None:
    properties[key(properties, "LAD")] = "E08000019"


@pytest.mark.parametrize(
    ("change", "told"),
    [(recoded, 3), (own_system, 3), (other_council, 3), (no_council, 3), (one_only, 1), (old_council, 0)],
)
def test_wards_take_the_codes_of_the_geography(town: Town, tmp_path: Path, change: Change, told: int) -> None:
    before = wards.named(town.office, town.code)
    path = changed(town, tmp_path, change)
    report = import_file(town.office, town.actor, "boundaries", path, town.borough.as_at)
    try:
        assert (report.accepted, report.rejected) == (3, {})
        assert [each[:1] for each in report.warnings] == ([str(told)] if told else [])
        assert wards.named(town.office, town.code) == before
        assert set(wards.shapes(town.office, town.code)) == set(before)
    finally:
        undo(town.office, town.actor, report.snapshot_id or 0)


@pytest.fixture
def empty(town: Town, tmp_path: Path) -> Iterator[Callable[..., ImportReport]]:
    """An office of its own, into which the town's files are imported one by one."""
    office = Office(Settings(home=tmp_path / "home"), SteppedClock(at_london(town.borough.as_at, 10)))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=town.code, name="Exampleton"))
    actor = Actor(town.code, "officer 1")

    def take(kind: str, path: Path | None = None) -> ImportReport:
        return import_file(office, actor, kind, path or town.borough.paths(kind)[0], town.borough.as_at)

    take.office = office  # type: ignore[attr-defined]
    yield take
    office.close()


@pytest.mark.parametrize(
    "order",
    [("boundaries", "geography", "gazetteer"), ("gazetteer", "boundaries", "geography"),
     ("geography", "boundaries", "gazetteer"), ("geography", "gazetteer", "boundaries")],
)  # fmt: skip
def test_whatever_comes_first(
    town: Town, empty: Callable[..., ImportReport], tmp_path: Path, order: tuple[str, ...]
) -> None:
    path = changed(town, tmp_path, recoded)
    for kind in order:
        report = empty(kind, path if kind == "boundaries" else None)
        if kind == "boundaries" and order.index("geography") < order.index(kind):
            assert len(report.warnings) == 1, "told, whether it can be settled now or only later"
    assert wards.named(empty.office, town.code) == wards.named(town.office, town.code)  # type: ignore[attr-defined]
    assert len(wards.shapes(empty.office, town.code)) == 3  # type: ignore[attr-defined]


def test_the_boundaries_before_tell_where_no_homes_are_plotted(
    town: Town, empty: Callable[..., ImportReport], tmp_path: Path
) -> None:
    empty("geography")
    empty("boundaries")
    report = empty("boundaries", changed(town, tmp_path, recoded))
    assert report.warnings[0].startswith("3 wards have other codes than in the geography")


def test_a_code_that_belongs_to_another_ward_of_the_file_is_rejected(town: Town, tmp_path: Path) -> None:
    """One polygon of elsewhere carries a code that all homes of another have."""
    collection = json.loads(town.borough.paths("boundaries")[0].read_text())
    first = collection["features"][0]
    stranger = json.loads(json.dumps(first))
    stranger["geometry"] = {"type": "Polygon", "coordinates": [[[-4, 50.2], [-3.9, 50.2], [-3.9, 50.3], [-4, 50.2]]]}
    recoded(first["properties"], 0)
    collection["features"].append(stranger)
    path = papers.write(tmp_path, "wards.geojson", json.dumps(collection))
    report = import_file(town.office, town.actor, "boundaries", path, town.borough.as_at, dry_run=True)
    assert report.rejected == {"a code whose homes all lie in another ward of this file": 1}


def test_wards_of_nobody_here_are_refused(town: Town, tmp_path: Path) -> None:
    collection = json.loads(changed(town, tmp_path, other_council).read_text())
    for feature in collection["features"]:
        feature["geometry"] = {"type": "Polygon", "coordinates": [[[-4, 50.2], [-3.9, 50.2], [-3.9, 50.3], [-4, 50.2]]]}
    path = papers.write(tmp_path, "wards.geojson", json.dumps(collection))
    with pytest.raises(InputRefused, match="holds none of the wards of"):
        import_file(town.office, town.actor, "boundaries", path, town.borough.as_at, dry_run=True)
