"""All of a council's files brought at once, whatever they are called: told apart, imported in order, homes built."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from engage.demo.borough import Borough, write_borough
from engage.foundation import lake
from engage.foundation.identity import Authority, Role
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.files import archives
from segments.importing import intake, uploads
from segments.importing.intake import Intake, IntakeState
from segments.linking import review
from tests.website import Enter, Visitor, hire

DAY = {"as_at-day": "1", "as_at-month": "6", "as_at-year": "2026"}
BOUNDARIES = (
    b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"WD24CD": "E05000001", "WD24NM": '
    b'"Abbey", "LAD24CD": "E07000193"}, "geometry": {"type": "Polygon", "coordinates": [[[-1.6, 52.8], [-1.5, 52.8], '
    b"[-1.5, 52.9], [-1.6, 52.8]]]}}]}"
)


@pytest.fixture(scope="module")
def borough(tmp_path_factory: pytest.TempPathFactory) -> Borough:
    return write_borough(tmp_path_factory.mktemp("borough"), homes=60, wards=1)


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def bring(visitor: Visitor, files: list[tuple[str, bytes]], **typed: str) -> Any:
    return visitor.send("/first-day", typed, files=[("files", file) for file in files])


def settled(office: Office) -> list[Intake]:
    office.background.wait(60)
    with office.database.session() as session:
        return list(session.exec(select(Intake)))


def test_a_folder_of_all_files_ends_in_a_table_of_homes(
    office: Office, visit: Callable[[], Visitor], borough: Borough
) -> None:
    """The register first and the gazetteer in a zip: what one stands on comes in before it all the same."""
    code = borough.authority_code
    with office.database.session() as session:
        session.merge(Authority(code=code, name=borough.authority_name))
    officer = visit()
    officer.sign_in(hire(office, Role.officer, authority=code, email="first@example.org").email)
    assert "Bring in the council’s files" in officer.get("/").text
    files = [(f"export {number}.dat", path.read_bytes()) for number, (_, path) in enumerate(borough.files)]
    loose, packed = files[::2], zipped(dict(files[1::2]) | {"read me.pdf": b"%PDF", "__MACOSX/x": b"1"})
    page = bring(officer, [*reversed(loose), ("rest.zip", packed), (".DS_Store", b"x"), ("empty.csv", b"")], **DAY)
    assert page.url.path == "/first-day"
    assert f"{len(files)} files arrived." in page.text
    rows = settled(office)
    assert [(row.name, row.refusal) for row in rows if row.state == IntakeState.refused] == []
    by_kind = {row.kind: row for row in rows if row.state == IntakeState.imported}
    assert set(by_kind) >= {"register", "gazetteer", "geography", "indicator", "households"}
    with office.database.session() as session:
        for waiting in [row for row in rows if row.state == IntakeState.waiting]:
            intake.accept(office, waiting.actor, waiting.token)
        ids = {kind: lake.current(session, code, kind) for kind in ("gazetteer", "register")}
    assert (ids["gazetteer"].id or 0) < (ids["register"].id or 0)  # type: ignore[union-attr]
    done = officer.get("/first-day").text
    assert "All that is needed is here, and the table of homes is made of it." in done
    assert "Bring in the council’s files" not in officer.get("/").text
    _undo_takes_it_out_of_the_homes(office, officer, code)


def _undo_takes_it_out_of_the_homes(office: Office, officer: Visitor, code: str) -> None:
    """A table of homes made of what was taken back stayed as it was, and no page said so."""
    clock: Any = office.clock
    clock.advance(timedelta(seconds=1))
    with office.database.session() as session:
        before, taken = (lake.current(session, code, kind) for kind in ("households", "indicator"))
    officer.send(f"/data/{taken.id if taken else 0}/undo")
    office.background.wait(60)
    with office.database.session() as session:
        after = lake.current(session, code, "households")
    assert before
    assert after
    assert (after.id or 0) > (before.id or 0)
    assert not review.homes_are_behind(office, code)


def test_files_without_a_day_are_asked_for_it_once_and_need_not_come_again(enter: Enter, office: Office) -> None:
    officer = enter(Role.officer)
    asked = bring(officer, [("wards.geojson", BOUNDARIES), ("wards 2026-05-01.geojson", BOUNDARIES)])
    assert asked.status_code == 422
    assert "as their names do not say it: wards.geojson<" in asked.text
    tokens = [part.split('"')[0] for part in asked.text.split('name="token" value="')[1:]]
    assert (len(tokens), settled(office)) == (2, [])
    officer.client.post("/first-day", data={"_csrf_token": officer.token(), "token": tokens, **DAY}, files={"x": b""})
    assert sorted(str(row.as_at) for row in settled(office)) == ["2026-05-01", "2026-06-01"]
    assert bring(officer, [], **DAY).status_code == 422
    future = bring(officer, [("w.geojson", BOUNDARIES)], **DAY | {"as_at-year": "2027"})
    assert "must be today or in the past" in future.text


def test_what_cannot_be_told_apart_says_why_and_stops_nothing_else(enter: Enter, office: Office) -> None:
    officer = enter(Role.officer)
    bring(officer, [("mystery.csv", b"colour,shape\nred,round\n"), ("wards.geojson", BOUNDARIES)], **DAY)
    found = {row.name: (row.kind, row.state) for row in settled(office)}
    assert found == {"mystery.csv": ("unsorted", "refused"), "wards.geojson": ("boundaries", "imported")}
    page = officer.get("/first-day").text
    assert "Cannot be used" in page
    assert "See why" in page
    with office.database.session() as session:
        assert [s.kind for s in session.exec(select(Snapshot))] == ["boundaries"], "no homes without what they need"


def test_a_custodian_brings_places_alone_and_sees_nobody_elses(enter: Enter, office: Office, borough: Borough) -> None:
    custodian = enter(Role.custodian)
    bring(custodian, [("r.csv", borough.paths("register")[0].read_bytes()), ("w.geojson", BOUNDARIES)], **DAY)
    found = {row.name: (row.state, row.refusal) for row in settled(office)}
    assert found["w.geojson"][0] == IntakeState.imported
    assert found["r.csv"] == ("refused", "r.csv is of a kind that your role does not import. It was removed.")
    assert not list((office.lake.root / "staging").rglob("r.csv"))
    enter(Role.officer).send("/first-day", DAY, files=[("files", ("secret name.csv", b"a,b\n1,2\n"))])
    settled(office)
    assert "secret name" not in custodian.get("/first-day").text
    assert "secret name" not in custodian.get("/data").text
    assert "Electoral register" not in custodian.get("/first-day").text
    assert enter(Role.auditor).get("/first-day").status_code == 403


def test_a_zip_that_unpacks_to_more_than_there_is_room_for_is_refused_whole(
    enter: Enter, office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    packed = zipped({"a.csv": b"x" * 4000, "b.csv": b"y" * 4000})
    path = tmp_path / "two.zip"
    path.write_bytes(packed)
    assert archives.tables(path) == ["a.csv", "b.csv"]
    officer = enter(Role.officer)
    monkeypatch.setattr(uploads, "room_left", lambda *_: 5000)
    bring(officer, [("two.zip", packed)], **DAY)
    (row,) = settled(office)
    assert (row.name, row.state) == ("two.zip", "refused")
    assert "Unzip it and import one at a time" in row.refusal
    assert not list((office.lake.root / "staging" / "uploads").rglob("*.csv"))
