"""What other systems read by their token: a property, what an address is, and what changed; never what is hidden."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlmodel import SQLModel, select

from engage.deployment import systems
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from segments.crosswalk import changes
from segments.crosswalk.changes import CursorGone
from segments.safeguards.suppression import suppress_household
from segments.sources import gazetteer_versions
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.segments.crosswalk.conftest import ACTOR, commit, link, places
from tests.segments.village import Gazetteer

TOWN = places()
SEEN, UNSEEN = TOWN.uprn("12 Alma Street"), TOWN.uprn("13 Alma Street")


@pytest.fixture(scope="module")
def asking(
    application: Callable[[Office], Any], here: Office, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Any]]:
    folder = tmp_path_factory.mktemp("lists")
    link(here, folder, "bins", ["ref,address", '7,"12 Alma Street, Burton upon Trent, DE14 1AA"'])
    with here.database.session() as session:
        suppress_household(session, here, EAST_STAFFORDSHIRE, UNSEEN, "asked", "1")
    _, secret = systems.give(here, ACTOR, "Customer services", ["see properties"], date(2026, 6, 30))
    _, other = systems.give(here, ACTOR, "Watcher", ["read metrics"], date(2026, 6, 30))
    with TestClient(application(here)) as client:

        def ask(path: str, body: Any = None, *, token: str = secret, **headers: str) -> Any:
            client.cookies.clear()
            sent = {"Authorization": f"Bearer {other if token == 'other' else token}", **headers}
            return client.post(path, json=body, headers=sent) if body else client.get(path, headers=sent)

        yield ask


def test_a_property_is_told_with_the_lists_that_have_it(here: Office, asking: Callable[..., Any]) -> None:
    answer = asking(f"/api/properties/{SEEN}")
    told = answer.json()
    assert (answer.status_code, told["address"]) == (200, "12 Alma Street, Burton upon Trent, DE14 1AA")
    assert told["lists"] == [{"system": "bins", "reference": "7", "state": "sure", "since": START.date().isoformat()}]
    assert asking(f"/api/properties/{SEEN}", **{"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert [asking(f"/api/properties/{uprn}").status_code for uprn in (UNSEEN, 1)] == [404, 404]
    assert asking(f"/api/properties/{UNSEEN}").json()["detail"] == f"There is no property {UNSEEN} in this gazetteer."
    assert asking(f"/api/properties/{SEEN}", token="other").status_code == 403
    assert asking("/api/schema").json()["paths"].keys() >= {"/api/properties/changes", "/api/addresses/match"}
    with here.database.session() as session:
        acts = session.exec(select(AuditEntry).where(AuditEntry.act == "read a property")).all()
    assert acts
    assert {act.actor for act in acts} == {"token 1"}


MATCHED = {
    "12 Alma St., Burton upon Trent": ("sure", SEEN),
    "12 Alam Stret": ("sure", SEEN),
    "CORNER STORES, 14 HIGH STREET, UTTOXETER, ST14 7AA": ("sure", TOWN.uprn("Corner Stores, 14 High Street")),
    "Oak Manor, High Street, Uttoxeter, ST14 7AA": ("to review", None),
    "13 Alma Street": ("not found", None),  # it must not be seen
    "1 Nowhere Road, Elsewhere, ZZ9 9ZZ": ("not found", None),
}  # fmt: skip


def test_addresses_are_matched_one_or_many(asking: Callable[..., Any]) -> None:
    body = {"addresses": [{"address": said, "postcode": "" if "7AA" in said or "9ZZ" in said else "de141aa"}
                          for said in MATCHED]}  # fmt: skip
    found = asking("/api/addresses/match", body).json()["matches"]
    assert [(each["state"], each["uprn"]) for each in found] == list(MATCHED.values())
    assert asking("/api/addresses/match", {"address": "12 Alma St", "postcode": "DE14 1AA"}).json()["uprn"] == SEEN
    for wrong in ({"addresses": []}, {"address": 1}, {"addresses": [{"address": "x"}] * 1001}, [1]):
        assert asking("/api/addresses/match", wrong).status_code in {400, 422}
    assert asking("/api/addresses/match", body, token="other").status_code == 403


def test_changes_are_read_on_from_a_cursor(asking: Callable[..., Any]) -> None:
    first = asking("/api/properties/changes?limit=50").json()
    rest = asking(f"/api/properties/changes?since={first['next']}").json()
    told = [row["uprn"] for row in first["changes"] + rest["changes"]]
    assert told == sorted(row["uprn"] for row in TOWN.rows if row["uprn"] != UNSEEN)
    assert ({row["change"] for row in first["changes"]}, first["more"], rest["more"]) == ({"added"}, True, False)
    assert asking(f"/api/properties/changes?since={rest['next']}").json()["changes"] == []
    assert asking("/api/properties/changes?since=now").json() == rest | {"changes": []}
    assert asking("/api/properties/changes?since=x").status_code == 422
    assert asking("/api/properties/changes?limit=9999").status_code == 422
    assert asking(f"/api/properties/changes?since=1.{'0' * 16}.1").status_code == 410


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="Ours"))
    yield office
    office.close()


def read(office: Office, since: str, limit: int = 100) -> changes.Page:
    with office.database.session() as session:
        return changes.read(office, session, EAST_STAFFORDSHIRE, since, limit)


def test_a_cursor_misses_nothing_through_imports_undoing_and_a_restored_copy(office: Office, tmp_path: Path) -> None:
    """Each page is one row, and between the pages the gazetteer is imported again, undone, and the copy put back."""
    one, two = Gazetteer(), Gazetteer()
    for made in (one, two):
        made.add("1 Alma Street, Burton", "Alma Street", "DE14 1AA")
    two.rows[0]["class"] = "RD04"
    added = two.add("2 Alma Street, Burton", "Alma Street", "DE14 1AA")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    commit(office, one, tmp_path / "one")
    first = read(office, "", 1)
    assert ([row["change"] for row in first.rows], first.more) == (["added"], False)
    commit(office, two, tmp_path / "two")
    second = read(office, first.following, 1)
    assert ([row["change"] for row in second.rows], second.more) == (["changed"], True)
    with office.database.session() as session:
        newest = current(session, EAST_STAFFORDSHIRE, "gazetteer")
        assert newest
        found = session.get(Snapshot, newest.id)
        assert found
        found.undone_at = START
    third = read(office, second.following)
    assert [(row["change"], row["uprn"], row["version"]) for row in third.rows] == [
        ("added", added, 2), ("changed", one.rows[0]["uprn"], 3), ("removed", added, 3),
    ]  # fmt: skip
    with office.database.session() as session:  # a copy put back lacks what came after it
        session.delete(gazetteer_versions.newest(session, EAST_STAFFORDSHIRE))
    assert [row["version"] for row in read(office, second.following).rows] == [2, 3, 3]
    with pytest.raises(CursorGone, match="a restored copy does not have"):
        read(office, third.following)
