"""Letters that nobody sees or means cost no row, in whatever encoding they come."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.foundation.office import Actor, Office
from segments.files import letters
from segments.files.staging import receive
from segments.importing.imports import import_file
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a,b\r\n1,2\r\n\x1a", "a,b\r\n1,2\r\n"),
        (b"a,b\r\n1,2\x1a", "a,b\r\n1,2"),
        (b"a,b\r\n1,2\r\n\x1a\x1a\x1a\r\n", "a,b\r\n1,2\r\n\r\n"),
        (b"a,b\n1,2\n\x1a\xef\xbb\xbfa,b\n3,4\n\x1a", "a,b\n1,2\na,b\n3,4\n"),
        ("\ufeffa,b\u200b\n1\u200b,\u202a2\u202c\n\ufeff".encode(), "a,b\n1,2\n"),
        ("a,b\n1,2\u200b\n\x1a".encode("utf-16"), "a,b\n1,2\n"),
        ("a,b\n1–2,3".encode("windows-1252"), "a,b\n1-2,3"),
        ("a,b\n1–2,−3‑4\n".encode(), "a,b\n1-2,-3-4\n"),
        ("a,b\n1\u202f000,Caf\u00e9\n".encode(), "a,b\n1 000,Caf\u00e9\n"),
    ],
)
def test_a_text_is_staged_as_somebody_would_type_it(tmp_path: Path, content: bytes, text: str) -> None:
    staged = receive(papers.write(tmp_path, "t.csv", content), tmp_path / "text")
    with staged.open() as file:
        assert file.read() == text
    assert staged.lines == len(text.splitlines())


@given(st.text(st.sampled_from(letters.NO_WIDTH + letters.BLANKS + letters.DASHES + "\x1aaé—’\u00a0\u200c\n")))
def test_what_needs_no_change_is_known_by_its_bytes(text: str) -> None:
    assert letters.is_typed(text.encode()) is (letters.typed(text) == text)


@pytest.mark.parametrize(
    "uprn",
    ["100,031,000,009", "100 031 000 009", "100\u202f031\u202f000\u202f009", "100031000009\u200b", "\ufeff100031000009",
     "'100031000009", '="100031000009"', "100,031,000,009.00", "\u202d100031000009\u202c"],
)  # fmt: skip
def test_a_uprn_is_read_however_a_spreadsheet_writes_it(
    office: Office, actor: Actor, tmp_path: Path, uprn: str
) -> None:  # fmt: skip
    path = papers.write(tmp_path, "r.csv", papers.register(papers.elector(1), papers.elector(2, UPRN=uprn)))
    report = import_file(office, actor, "register", path, TODAY)
    assert papers.rows(office, report.snapshot_id, "uprn", "line")[1] == (100_031_000_009,)
    assert report.warnings == []


@pytest.mark.parametrize("uprn", ["1,00031,000", "100,031,000,00", "100.031.000.009", "1 2 3", "12,345x"])
def test_what_is_no_uprn_stays_none(office: Office, actor: Actor, tmp_path: Path, uprn: str) -> None:
    path = papers.write(tmp_path, "r.csv", papers.register(papers.elector(1), papers.elector(2, UPRN=uprn)))
    report = import_file(office, actor, "register", path, TODAY, dry_run=True)
    assert "1 UPRNs are no whole number of up to 12 digits" in report.warnings[0]


def test_names_of_columns_dates_and_contacts_are_read_through_such_letters(
    office: Office, actor: Actor, tmp_path: Path
) -> None:  # fmt: skip
    header = ["uprn", "\ufeffsource", "lawful_basis\u200b", "agreement_reference", "collected_on", "email", "mobile"]
    rows = [
        [1, "Waste", "Art 6(1)(e)", "DSA-1", "2026–01–01", "robin@example.com\u200b", ""],
        [2, "Waste", "Art 6(1)(e)", "DSA-1", "01/01/2026\u200e", "", "07700–900123"],
        [3, "Waste", "Art 6(1)(e)", "DSA-1", "2026-01-01", "", "0447700900123"],
    ]
    path = papers.write(tmp_path, "c.csv", papers.table(header, rows) + "\x1a")
    report = import_file(office, actor, "contacts", path, TODAY, dry_run=True)
    assert (report.rows_read, report.accepted) == (3, 3)
