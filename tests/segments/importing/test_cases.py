"""Inputs beside the project that went wrong once, each with the right value. Tests of their kinds lie with the formats;
those of the other cases do too (`grep -r 'cases/' tests`)."""

import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.areas import wards
from segments.files.report import ImportReport
from segments.importing import imports
from segments.importing.imports import import_file
from segments.safeguards.suppression import suppressed_contacts
from tests.segments.sources import papers

DAY = date(2026, 6, 1)
Take = Callable[..., ImportReport]


@pytest.fixture
def cases(shared: Path) -> Path:
    if not (shared / "cases").is_dir():
        pytest.skip("needs the folder of cases beside the project")
    return shared / "cases"


@pytest.fixture
def take(office: Office, actor: Actor, cases: Path) -> Take:
    def taken(kind: str, name: str, *, yes: bool = False) -> ImportReport:
        return import_file(office, actor, kind, cases / name, DAY, accept_problems=yes)

    return taken


@pytest.fixture
def homes(take: Take) -> None:
    take("gazetteer", "base/gazetteer_dtf73.csv.gz", yes=True)
    take("geography", "base/onsud.csv.gz", yes=True)


def test_a_line_of_types_under_the_header_is_no_elector(office: Office, take: Take) -> None:
    report = take("register", "a09c-type-line-under-header.csv.gz", yes=True)
    assert (report.rows_read, report.accepted) == (601, 600)
    assert sum(report.rejected.values()) == 1
    assert ("text",) not in papers.rows(office, report.snapshot_id, "address")


def test_columns_of_a_newer_addressbase_are_counted_and_no_cell_is_shown(take: Take, cases: Path) -> None:
    with pytest.raises(InputRefused) as refused:
        take("gazetteer", "b1-plus-noheader-3-more.csv.gz")
    first = gzip.decompress((cases / "b1-plus-noheader-3-more.csv.gz").read_bytes()).decode().splitlines()[0]
    said = str(refused.value)
    assert "columns" in said
    assert str(len(first.split(","))) in said
    assert [cell for cell in first.split(",") if len(cell) > 4 and cell in said] == []


@pytest.mark.usefixtures("homes")
def test_wards_under_codes_of_their_own_take_those_of_the_geography(
    office: Office, actor: Actor, take: Take, cases: Path
) -> None:  # fmt: skip
    report = take("boundaries", "c1-wards-recoded.geojson.gz", yes=True)
    own = json.loads(gzip.decompress((cases / "base/wards.geojson.gz").read_bytes()))
    wanted = {each["properties"]["WD25CD"]: each["properties"]["WD25NM"] for each in own["features"]}
    found = {code: name for code, (name, _) in wards.shapes(office, actor.authority).items()}
    assert found["E05014473"] == "Anglesey"
    assert {code for code, name in found.items() if wanted.get(code) != name} <= {"E05015486"}, "no home of it is here"
    assert "2 wards have other codes than in the geography" in report.warnings[0]


@pytest.mark.usefixtures("homes")
@pytest.mark.parametrize("table", ["ts007a", "ts017", "ts029"])
def test_a_table_by_lsoa_is_taken(take: Take, cases: Path, table: str) -> None:
    name = f"d11-{table}-lsoa.csv"
    report = take("indicator", name, yes=True)
    assert report.accepted == len((cases / name).read_text().splitlines()) - 1
    assert report.rejected == {}


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("indicator", "d7-wimd2025.csv", "LSOA Code"),
        ("suppressions", "e3-notify-report.csv", "delivery report"),
        ("contacts", "e3-notify-report.csv", "delivery report"),
    ],
)
def test_a_file_that_is_not_known_is_told_what_it_has(take: Take, kind: str, name: str, said: str) -> None:
    with pytest.raises(InputRefused, match=said) as refused:
        take(kind, name)
    assert "no header row" not in str(refused.value)
    assert "@" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "people"), [("e12-notify-unsubscribe-report.csv", "u"), ("e4-mailchimp-unsubscribed.csv", "b")]
)
def test_who_unsubscribed_is_suppressed(office: Office, actor: Actor, take: Take, name: str, people: str) -> None:
    assert take("suppressions", name).accepted == 3
    with office.database.session() as session:
        wanted = {office.keys.contact("email", f"{people}{n}@example.com") for n in range(3)}
        assert suppressed_contacts(session, actor.authority) == wanted


@pytest.mark.usefixtures("homes")
def test_each_column_of_telephones_is_tried(office: Office, take: Take) -> None:
    report = take("contacts", "e7-two-mobiles.csv")
    assert (report.accepted, report.rejected) == (5, {})
    assert papers.rows(office, report.snapshot_id, "distinct channel") == [("sms",)]


OPTED_OUT = ("Opted out", "TRUE", "Y", "Yes", "unsubscribed", "x", "1")


@pytest.mark.usefixtures("homes")
def test_words_that_are_no_objection_silence_nobody_and_undo_undoes(
    office: Office, actor: Actor, take: Take, cases: Path
) -> None:  # fmt: skip
    report = take("contacts", "e8-optout-words.csv", yes=True)
    lines = [line.split(",") for line in (cases / "e8-optout-words.csv").read_text().splitlines()[1:]]
    wanted = {office.keys.contact("email", row[5]) for row in lines if row[-1].strip() in OPTED_OUT}
    with office.database.session() as session:
        assert suppressed_contacts(session, actor.authority) == wanted
    imports.undo(office, actor, report.snapshot_id or 0)
    with office.database.session() as session:
        assert suppressed_contacts(session, actor.authority) == set()


@pytest.mark.usefixtures("homes")
def test_one_contact_on_several_homes_is_kept_with_each(office: Office, take: Take) -> None:
    """That a wave writes to it once is the matter of sending."""
    report = take("contacts", "f4-contacts-shared.csv", yes=True)
    assert report.accepted == 48
    kept = papers.rows(office, report.snapshot_id, "channel, contact, uprn")
    assert {channel: len({uprn for each, _, uprn in kept if each == channel}) for channel, *_ in kept} == {
        "email": 40,
        "sms": 8,
    }
    assert len({contact for _, contact, _ in kept}) == 2


def test_markers_are_read_by_the_documented_letters(office: Office, take: Take) -> None:
    report = take("register", "x1-xpress-markers.csv", yes=True)
    assert report.rows_read == 30
    assert report.rejected == {"special entry, not imported": 2, "other elector, no residential address": 3}, "N; F"
    assert report.accepted == 25
