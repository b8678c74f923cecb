"""Contacts of councils that went into one are taken over by a deed, each as it was collected, and undone again."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from engage.foundation.data_keys import DataKey
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority, FormerCode
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.homes import former_contacts
from segments.importing import imports
from tests.segments.snapshots import keep

NEW, OLD, OTHER = "E06000099", "E07000193", "E07000194"
ACTOR = Actor(NEW, "officer 1")


def listed(office: Office, authority: str, as_at: date, *rows: tuple[int, str, bool]) -> Snapshot:
    """A list of contacts: UPRN, whose it is, whether they objected."""
    points = [
        {"uprn": uprn, "channel": "email", "contact": office.keys.contact("email", f"{who}@example.com"),
         "value": "" if objected else office.keys.encrypt(f"{who}@example.com"), "source": f"council tax of {authority}",
         "lawful_basis": "public task", "agreement_reference": "DSA 1", "collected_on": as_at, "objected": objected}
        for uprn, who, objected in rows
    ]  # fmt: skip
    made = keep(office, "contacts", pd.DataFrame(points), as_at)
    with office.database.session() as session:
        session.get_one(Snapshot, made.id).authority = authority
    return made


def held(office: Office) -> list[tuple[Any, ...]]:
    with office.database.session() as session:
        newest = current(session, NEW, "contacts")
    rows = pd.read_parquet(office.lake.file(newest)) if newest else pd.DataFrame(columns=["uprn", "source", "objected"])
    return sorted(zip(rows.uprn, rows.source, rows.objected, strict=True))


@pytest.fixture
def merged(office: Office) -> Office:
    with office.database.session() as session:
        session.add_all([Authority(code=NEW, name="Both"), Authority(code=OTHER, name="Lichfield")])
        session.flush()
        session.add_all(FormerCode(authority=NEW, code=code, until=date(2026, 4, 1)) for code in (OLD, OTHER))
    listed(office, OLD, date(2026, 3, 1), (1, "ada", False), (2, "ben", False), (3, "cleo", True))
    listed(office, OTHER, date(2026, 2, 1), (2, "ben", True), (4, "dan", False))
    return office


def test_they_are_taken_over_when_somebody_says_so_and_undone(merged: Office) -> None:
    assert [(each.council, each.snapshot.rows) for each in former_contacts.left(merged, NEW)] == [
        ("East Staffordshire", 3), ("Lichfield", 2),
    ]  # fmt: skip
    assert former_contacts.left(merged, OLD) == []
    with pytest.raises(InputRefused, match="Nobody said"):
        former_contacts.take_over(merged, ACTOR, may=False)
    assert held(merged) == []
    made = former_contacts.take_over(merged, ACTOR, may=True)
    old, other = (f"council tax of {code}" for code in (OLD, OTHER))
    assert held(merged) == [(1, old, False), (2, other, True), (3, old, True), (4, other, False)]
    report = ImportReport.from_dict(made.report)
    assert (report.rows_read, report.accepted, sum(report.rejected.values()), report.as_at) == (
        5,
        4,
        1,
        date(2026, 3, 1),
    )
    assert former_contacts.left(merged, NEW) == []
    with pytest.raises(InputRefused, match="No earlier council"):
        former_contacts.take_over(merged, ACTOR, may=True)
    imports.undo(merged, ACTOR, made.id or 0)
    assert held(merged) == []
    assert len(former_contacts.left(merged, NEW)) == 2


def test_they_stand_beside_its_own_and_follow_a_later_list(merged: Office) -> None:
    listed(merged, NEW, date(2026, 5, 1), (4, "dan", False), (5, "eve", False))
    former_contacts.take_over(merged, ACTOR, may=True)
    own, old, other = (f"council tax of {code}" for code in (NEW, OLD, OTHER))
    first = [(1, old, False), (2, other, True), (3, old, True), (4, own, False), (5, own, False)]
    assert held(merged) == first
    listed(merged, OLD, date(2026, 5, 2), (1, "ada", False))
    former_contacts.take_over(merged, ACTOR, may=True)
    assert held(merged) == [row for row in first if row[0] != 3], "what its newest list no longer has is gone"


def test_they_are_sealed_by_a_key_of_their_own_that_no_earlier_list_takes_with_it(merged: Office) -> None:
    made = former_contacts.take_over(merged, ACTOR, may=True)
    given = [value for value in pd.read_parquet(merged.lake.file(made)).value if value]
    assert sorted(map(merged.keys.decrypt, given)) == ["ada@example.com", "dan@example.com"]
    with merged.database.session() as session:
        [key] = {value.partition(":")[0] for value in given}
        kept = session.get_one(DataKey, key)
        assert (kept.authority, kept.subject, kept.destroyed_at) == (NEW, str(made.id), None)
