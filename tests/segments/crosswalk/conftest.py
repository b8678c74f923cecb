"""The village with its shops and a gazetteer that knows council tax's references, kept once for the room."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from litestar.testing import TestClient

from engage.foundation.identity import Role
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.crosswalk import deliveries, systems
from segments.crosswalk.deliveries import Linked, Wanted
from tests.conftest import EAST_STAFFORDSHIRE, START, founded
from tests.segments.village import Gazetteer, village
from tests.website import Visitor, hire

ACTOR = Actor(EAST_STAFFORDSHIRE, "officer 1", 1)


def places() -> Gazetteer:
    made = village()
    made.add("Corner Stores, 14 High Street, Uttoxeter", "High Street", "ST14 7AA", home=False)
    return made


def commit(office: Office, gazetteer: Gazetteer, folder: Path) -> None:
    """As an import would, with the council tax reference CT1… of each home of Alma Street."""
    known = [(row["uprn"], f"CT{n}") for n, row in enumerate(gazetteer.rows) if row["street"] == "Alma Street"]
    with duckdb.connect() as con:
        con.execute("create table c (uprn bigint, reference varchar, source varchar, started date, ended date)")
        con.executemany("insert into c values (?, ?, 'CT', null, null)", known)
        con.sql("from c").write_parquet(str(folder / "c.parquet"))
    references = office.lake.adopt(folder / "c.parquet", EAST_STAFFORDSHIRE, "cross-references")
    with office.database.session() as session:
        office.lake.commit(
            session, gazetteer.write(folder / "g.parquet"), authority=EAST_STAFFORDSHIRE, kind="gazetteer",
            as_at=START.date(), made_at=START, made_by="officer 1", rows=len(gazetteer.rows), source="g",
            report={"outcome": "good", "cross_references": references},
        )  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("crosswalk")
    with founded(folder / "home") as office:
        commit(office, places(), folder)
        yield office


@pytest.fixture(scope="module")
def custodian(here: Office, application: Callable[[Office], Any]) -> Iterator[Visitor]:
    hire(here, Role.custodian)
    with TestClient(application(here)) as client:
        visitor = Visitor(client)
        visitor.sign_in("custodian@example.org")
        yield visitor


def link(office: Office, folder: Path, system: str, rows: Sequence[str], **how: Any) -> Linked:
    return deliveries.link(office, ACTOR, [Wanted(listed(folder, system, rows), system, **how)])[0]


def listed(folder: Path, system: str, rows: Sequence[str]) -> Path:
    path = folder / f"{system}.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def crosswalk(office: Office, made: Linked) -> dict[str, dict[str, Any]]:
    """By reference."""
    with office.database.session() as session:
        snapshot = session.get(Snapshot, made.snapshot_id)
    return _rows(office, snapshot)


def crosswalk_of(office: Office, name: str) -> dict[str, dict[str, Any]]:
    with office.database.session() as session:
        system = systems.called(session, ACTOR.authority, name)
        assert system
        return _rows(office, systems.crosswalk(session, system))


def _rows(office: Office, snapshot: Snapshot | None) -> dict[str, dict[str, Any]]:
    assert snapshot is not None
    found = duckdb.execute("from read_parquet(?)", [str(office.lake.file(snapshot))])
    names = [column[0] for column in found.description or []]
    return {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}
