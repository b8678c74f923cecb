"""A list of applications in progress, as systems export it: homes and days are kept, names and decided ones are not."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from segments.importing.imports import import_file, undo
from tests.segments.sources import papers
from tests.segments.sources.test_lists import TODAY

HEADER = ["uprn", "address", "postcode", "applied_on", "status"]


def rows(office: Office, actor: Actor) -> list[dict[str, Any]]:
    with office.database.session() as session:
        snapshot = current(session, actor.authority, "applications")
    return pq.read_table(office.lake.file(snapshot)).to_pylist() if snapshot else []


def test_our_own_template(office: Office, actor: Actor, tmp_path: Path) -> None:
    table = papers.table(HEADER, [
        ["100031074821", "", "", "2026-05-28", ""], ["", "1 Example Street, Burton", "DE141AA", "28/05/2026", "In progress"],
        ["100031074822", "", "", "2026-05-20", "Rejected"], ["", "", "", "2026-05-20", ""],
        ["100031074823", "", "", "soon", ""], ["100031074824", "", "", "2026-07-01", ""],
    ])  # fmt: skip
    report = import_file(
        office, actor, "applications", papers.write(tmp_path, "a.csv", table), TODAY, accept_problems=True
    )
    assert (report.rows_read, report.accepted) == (6, 2)
    assert report.rejected == {
        "decided already": 1, "neither a UPRN nor an address": 1,
        "no day of application (expected yyyy-mm-dd or dd/mm/yyyy)": 1,
        "day of application is after the date of the file": 1,
    }  # fmt: skip
    assert [(row["uprn"], row["address"], row["postcode"], row["applied_on"]) for row in rows(office, actor)] == [
        (100031074821, None, None, date(2026, 5, 28)),
        (None, "1 Example Street, Burton", "DE14 1AA", date(2026, 5, 28)),
    ]


def test_names_tell_one_from_another_and_are_let_go(office: Office, actor: Actor, tmp_path: Path) -> None:
    header = ["Application Ref", "Surname", "Forename", "Property Address", "Date of Application", "Application Status"]
    home = "2 Example Street, Burton, DE14 1AA"
    table = papers.table(header, [
        ["1", "SAMPLESON", "Ada", home, "01/05/2026", "Awaiting evidence"],
        ["2", "Sampleson", "ADA", home, "03/05/2026", "New"], ["3", "Sampleson", "Beth", home, "03/05/2026", "New"],
    ])  # fmt: skip
    report = import_file(office, actor, "applications", papers.write(tmp_path, "a.csv", table), TODAY)
    assert (report.accepted, report.rejected) == (2, {"the same name at the same home again": 1})
    kept = rows(office, actor)
    assert {(row["address"], row["postcode"]) for row in kept} == {(home, "DE14 1AA")}
    assert "sampleson" not in str(kept).casefold()
    assert set(kept[0]) == {"person", "uprn", "address", "postcode", "attainment", "applied_on", "line"}


def test_anonymous_applications_are_only_counted(office: Office, actor: Actor, tmp_path: Path) -> None:
    table = papers.table(
        ["uprn", "applied_on", "type"], [["1", "2026-05-01", "Anonymous"], ["2", "2026-05-01", "Ordinary"]]
    )
    report = import_file(office, actor, "applications", papers.write(tmp_path, "a.csv", table), TODAY)
    assert report.rejected == {"special entry, not imported": 1}
    assert [row["uprn"] for row in rows(office, actor)] == [2]


def test_the_newest_list_counts_however_short_and_can_be_undone(office: Office, actor: Actor, tmp_path: Path) -> None:
    many = papers.table(HEADER, [[str(n), "", "", "2026-05-01", ""] for n in range(1, 200)])
    import_file(office, actor, "applications", papers.write(tmp_path, "a.csv", many), date(2026, 5, 30))
    few = papers.table(HEADER, [["7", "", "", "2026-05-01", ""]])
    report = import_file(office, actor, "applications", papers.write(tmp_path, "b.csv", few), TODAY)
    assert (report.questions, len(rows(office, actor))) == ([], 1)
    undo(office, actor, report.snapshot_id or 0)
    assert len(rows(office, actor)) == 199


def test_a_list_without_a_day_is_none(office: Office, actor: Actor, tmp_path: Path) -> None:
    table = papers.table(["Application Ref", "Property Address"], [["1", "x"]])
    with pytest.raises(InputRefused, match="applied_on"):
        import_file(office, actor, "applications", papers.write(tmp_path, "a.csv", table), TODAY)
