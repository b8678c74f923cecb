from datetime import date
from pathlib import Path

import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from segments.importing.imports import import_file
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
SAMPLES = Path(__file__).parent / "samples" / "gazetteers"
FIRST = 100_090_000_000


def test_points_of_known_properties_are_kept(office: Office, actor: Actor, tmp_path: Path) -> None:
    """Nine of the gazetteer's, one that only the geography knows; the rest of Great Britain is expected."""
    gazetteer = import_file(office, actor, "gazetteer", SAMPLES / "dtf73_full.csv", TODAY)
    areas = papers.geography((FIRST + 101, *papers.HERE))
    import_file(office, actor, "geography", papers.write(tmp_path, "onsud.csv", areas), TODAY)
    report = import_file(office, actor, "gazetteer", SAMPLES / "open_uprn.csv", TODAY)
    assert (report.rows_read, report.accepted, report.rejected) == (12, 10, {"in another authority": 2})
    assert (report.expected, report.outcome, report.format) == (["in another authority"], "good", "OS Open UPRN")
    columns = "uprn, easting, northing, latitude, longitude"
    rows = papers.rows(office, report.snapshot_id, columns)
    assert rows == [
        (FIRST + n, 407000.0 + n, 407000.0 + n, 52.9, -1.8) for n in [*range(1, 10), 101]
    ]  # fmt: skip
    with office.database.session() as session:
        main, points = (current(session, actor.authority, kind) for kind in ("gazetteer", "coordinates"))
        assert main is not None
        assert points is not None
        assert (main.id, points.id) == (gazetteer.snapshot_id, report.snapshot_id)


def test_without_anything_that_tells_whose_it_is_refused(office: Office, actor: Actor) -> None:
    with pytest.raises(InputRefused, match="Import the gazetteer or the geography first"):
        import_file(office, actor, "gazetteer", SAMPLES / "open_uprn.csv", TODAY)


def test_a_file_of_other_places_is_refused(office: Office, actor: Actor, tmp_path: Path) -> None:
    import_file(office, actor, "gazetteer", SAMPLES / "dtf73_full.csv", TODAY)
    text = "UPRN,X_COORDINATE,Y_COORDINATE,LATITUDE,LONGITUDE\r\n1,358260,172796,51.4,-2.6\r\n"
    with pytest.raises(InputRefused, match="not one row can be used"):
        import_file(office, actor, "gazetteer", papers.write(tmp_path, "o.csv", text), TODAY)


def test_points_that_lie_nowhere_are_rejected(office: Office, actor: Actor, tmp_path: Path) -> None:
    import_file(office, actor, "gazetteer", SAMPLES / "dtf73_full.csv", TODAY)
    head = ("UPRN", "X_COORDINATE", "Y_COORDINATE", "LATITUDE", "LONGITUDE")
    good = (407001, 337001, 52.9, -1.8)
    rows = [
        (FIRST + 1, *good), (FIRST + 2, "", *good[1:]), (FIRST + 3, 407001, -5, 52.9, -1.8), (FIRST + 4, *good[:2], 92.9, -1.8),
        (FIRST + 5, *good[:3], "west"), (FIRST + 1, *good), ("x", *good),
    ]  # fmt: skip
    report = import_file(office, actor, "gazetteer", papers.write(tmp_path, "o.csv", papers.table(head, rows)), TODAY)
    assert (report.rows_read, report.accepted, report.outcome) == (7, 1, "usable")
    assert report.rejected == dict.fromkeys(
        sorted([
            "LATITUDE is not a number from 49 to 61", "LONGITUDE is not a number from -9 to 2",
            "UPRN is not a whole number of up to 12 digits", "X_COORDINATE is not a number from 0 to 700000",
            "Y_COORDINATE is not a number from 0 to 1300000", "the same UPRN twice",
        ]), 1,
    )  # fmt: skip
