"""Lists that an earlier version read wrongly are told until they are imported again or undone."""

from pathlib import Path

import pytest
from sqlmodel import col, select

from engage.foundation import identity
from engage.foundation.identity import Role
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.pages.overview import overview
from segments.files.report import ImportReport
from segments.importing import imports, misread
from segments.importing.imports import import_file
from tests.segments.sources.test_contact_list import standing
from tests.segments.sources.test_lists import LISTS, TODAY, contacts


def aged(office: Office, report: ImportReport) -> int:
    """Its report as an earlier version wrote it."""
    with office.database.session() as session:
        snapshot = session.exec(select(Snapshot).where(col(Snapshot.id) == report.snapshot_id)).one()
        snapshot.report = {name: value for name, value in snapshot.report.items() if name != "questions"}
        session.add(snapshot)
    return report.snapshot_id or 0


def told(office: Office, actor: Actor) -> list[tuple[str, int, bool]]:
    return [(each.kind, each.snapshot_id, each.again) for each in misread.found(office, actor.authority)]


def steps(office: Office, actor: Actor) -> list[tuple[str, str]]:
    with office.database.session() as session:
        account, _ = identity.invite(
            session, code=actor.authority, email=f"o{len(identity.accounts(session, actor.authority))}@example.com",
            name="Olive", role=Role.officer, at=office.clock.now(),
        )  # fmt: skip
    return [(step.title, step.href) for step in overview(office, account).steps]


def test_a_contact_list_is_told_until_its_file_came_in_again(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"email": "a@example.org", "unsubscribed": "Y"},
        {"email": "b@example.org", "uprn": 8},
    ]
    old = aged(office, contacts(office, actor, tmp_path, *rows))
    assert told(office, actor) == [("contacts", old, True)]
    assert ("Import again: Email addresses and phone numbers", "/data/new?kind=contacts") in steps(office, actor)
    again = contacts(office, actor, tmp_path, *rows)
    assert not again.unchanged  # the very file, read as it should have been
    assert told(office, actor) == [("contacts", old, False)]
    assert ("Undo: Email addresses and phone numbers", f"/data/{old}/undo") in steps(office, actor)
    before = standing(office, actor)
    imports.undo(office, actor, old)
    assert (told(office, actor), standing(office, actor)) == ([], before)
    assert contacts(office, actor, tmp_path, *rows).unchanged


def test_a_list_that_an_earlier_version_undid_can_be_undone_again(
    office: Office, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = aged(office, contacts(office, actor, tmp_path, {"email": "a@example.org", "unsubscribed": "Y"}))
    with monkeypatch.context() as earlier:
        earlier.setattr("segments.importing.imports.suppression.lift_source", lambda *_: 0)
        imports.undo(office, actor, old)
    [found] = misread.found(office, actor.authority)
    assert "1 suppression of it stand" in found.why
    imports.undo(office, actor, old)
    assert (told(office, actor), standing(office, actor)) == ([], set())


def test_lists_without_a_doubt_are_not_told(office: Office, actor: Actor, tmp_path: Path) -> None:
    aged(office, contacts(office, actor, tmp_path, {"email": "a@example.org"}))
    assert told(office, actor) == []


@pytest.mark.parametrize("kind", ["suppressions", "protected"])
def test_lists_of_which_rows_were_left_out(office: Office, actor: Actor, kind: str) -> None:
    path = LISTS / f"{kind}.csv"
    old = aged(office, import_file(office, actor, kind, path, TODAY, accept_problems=True))
    assert told(office, actor) == [(kind, old, True)]
    import_file(office, actor, kind, path, TODAY, accept_problems=True)
    assert told(office, actor) == []
