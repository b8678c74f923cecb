"""Files that must not come in: each is refused with the reason, changes nothing, and nothing of it is told anywhere."""

import gzip
import io
import json
import logging
import zipfile
from datetime import date
from pathlib import Path

import pytest
import structlog
from sqlmodel import select

from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.files import archives
from segments.importing.imports import import_file
from tests.segments.files.test_staging import book, zipped
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
CANARY = "Xylophagous"  # stands in every file, and nowhere else
SURNAMES = [f"{CANARY}{n}" for n in range(1, 6)]
ELECTORS = [papers.elector(n, ElectorSurname=name) for n, name in enumerate(SURNAMES, 1)]
REGISTER = papers.register(*ELECTORS)


def with_column(name: str, *cells: str) -> str:
    return papers.table([*papers.ELECTOR8, name], [[*row, cell] for row, cell in zip(ELECTORS, cells, strict=True)])


def in_a_cell(formula: str) -> str:
    return papers.register(
        *ELECTORS[:2], papers.elector(9, ElectorSurname=CANARY, RegisteredAddress2=formula), ELECTORS[3]
    )


def polling(*names: str) -> str:
    return papers.table(names, [[f"{CANARY} {n}" for _ in names] for n in range(3)])


def nested(depth: int) -> bytes:
    content: bytes = REGISTER.encode()
    for _ in range(depth):
        content = zipped(a_zip=content)
    return content


HALF = len(REGISTER) // 2
PARTY, FORMULA = "a party's or a canvasser's copy", "a cell that a spreadsheet would run as a formula"
SECURE, POLLING = "looks like the secure record of anonymous electors", "is a polling district export"
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "over-long line": (REGISTER + CANARY * 40_000 + "\r\n", "line 7 is longer than any row can be"),
    "NUL": (REGISTER[:HALF] + "\0" + REGISTER[HALF:], "a zero byte"),
    "NULs": (REGISTER.encode() + bytes(5000) + REGISTER.encode(), "a zero byte"),
    "zip in zip": (nested(2), "holds another packed file"),
    "gzip in gzip": (gzip.compress(gzip.compress(REGISTER.encode())), "holds another packed file"),
    "workbook in zip": (zipped(a_xlsx=book([[CANARY]])), "holds another packed file"),
    "zip without a table": (zipped(a_pdf=CANARY, b_html=CANARY), "0 of which could be the table"),
    "zip of nothing": (zipped(), "a zip file of 0 files"),
    "zip of two tables": (zipped(a_csv=REGISTER, b_csv=REGISTER), "2 of which could be the table"),
    "zip of a picture": (zipped(a_csv=b"\x89PNG" + CANARY.encode()), "is a picture"),
    "locked workbook": (
        b"\xd0\xcf\x11\xe0" + CANARY.encode() + bytes(512) + "EncryptedPackage".encode("utf-16-le"), "locked with a password",
    ),
    "workbook of two sheets": (book([[CANARY]], [[CANARY]]), "2 sheets with rows: Export, Notes"),
    "workbook with a formula": (book([papers.ELECTOR8, [CANARY, '=HYPERLINK("http://example.com")']]), "holds formulas"),
    "workbook with a call as text": (
        book([papers.ELECTOR8, [CANARY, "+cmd|' /C calc'!A0"]]), f"line 2, column 2: {FORMULA}",
    ),
    "hyperlink": (in_a_cell('=HYPERLINK("http://example.com")'), f"line 4, column 11: {FORMULA}"),
    "dde": (in_a_cell("=cmd|' /C calc'!A0"), f"line 4, column 11: {FORMULA}"),
    "dde with plus": (in_a_cell("+cmd|' /C calc'!A0"), f"line 4, column 11: {FORMULA}"),
    "call with at": (in_a_cell("@SUM(A1:A9)"), f"line 4, column 11: {FORMULA}"),
    "call with minus": (in_a_cell("-cmd(1)"), f"line 4, column 11: {FORMULA}"),
    "formula in UTF-16": (in_a_cell("=WEBSERVICE(A1)").encode("utf-16-le"), f"line 4, column 11: {FORMULA}"),
    "Party": (with_column("Party", *"abcde"), PARTY),
    "1-5": (with_column("1-5", *"12345"), PARTY),
    "DNK": (with_column("DNK", *"xxxxx"), PARTY),
    "2022 Voted": (with_column("2022 Voted", *"ynyny"), PARTY),
    "parties under another name": (with_column("Ref", "Lab", "Con", "LD", "Lab", "DNK"), PARTY),
    "votes under another name": (with_column("Code", "Voted", "Did not vote", "Voted 2022", "", "Voted"), PARTY),
    "canvass without a header": (f"{CANARY},1,Labour\n{CANARY},2,Against\n{CANARY},3,Labour\n", PARTY),
    "canvass note without a header": (f"AN1,{CANARY},canvassed {CANARY}\nAN2,x,y\n", PARTY),
    "secure record by columns": (
        papers.table(["ElectorID", "Surname", "QualifyingAddress1"], [[1, CANARY, CANARY]]), SECURE,
    ),
    "secure record by content": (
        papers.register(*(papers.elector(n, ElectorSurname=CANARY, FranchiseMarker="N") for n in (1, 2, 3)), ELECTORS[3]),
        SECURE,
    ),
    "polling districts, Democracy Counts": (
        polling("Add1", "Add2", "PostCode", "StationCode", "UPRN", "Xordinate", "Yordinate").encode("utf-16-le"), POLLING,
    ),
    "polling districts, Xpress": (
        polling("ElectionDate", "Property_URN", "AddressLine1", "Polling_Place_Id", "Polling_Place_UPRNProperty_URN"), POLLING,
    ),
    "polling districts, WebLookup": (polling("AuthorityCode", "PropertyNumber", "PollingPlaceId", "UPRN"), POLLING),
    "polling districts, Idox": (polling("HouseID", "UPRN", "AddressLine1", "PollingStationName"), POLLING),
    "polling districts, Strand": (polling("STRAND_ID", "WARD", "CODE", "ELECTORADD1"), POLLING),
    "polling districts, Northern Ireland": (polling("PRO_UPRN", "PRO_FULLADDRESS", "PREM_ID", "PREM_NAME"), POLLING),
    "polling districts, JSON": (json.dumps([{"id": 1, "stationId": 2, "name": CANARY, "pollingDistricts": []}]), POLLING),
    "no header": (f"{CANARY},Robin,1 Mill Lane\n{CANARY},Alex,2 Mill Lane\n", "It has no header row"),
    "a person beside the header": (REGISTER.replace("PDCode", f"PDCode,{CANARY}").replace("PostCode", CANARY), "Of its columns these are known: PDCode, RollNo"),
    "nothing usable": (papers.register(papers.elector(1, ElectorSurname=CANARY, FranchiseMarker="F")), "not one row can be used"),
    "cut off": (REGISTER[:-60], "the file ends in the middle of a row"),
    "letters of no alphabet": (REGISTER.encode() + b"\x81\x8d," + CANARY.encode(), "letters that cannot be read"),
}  # fmt: skip


def nothing_changed(office: Office) -> bool:
    with office.database.session() as session:
        rows = [*session.exec(select(Snapshot)).all(), *session.exec(select(audit.AuditEntry)).all()]
    lake = office.lake.root
    return not rows and not [path for path in lake.rglob("*") if lake.exists() and path.is_file()]


def refusal_of(
    office: Office, actor: Actor, path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> str:
    """The sentence; that nothing else tells anything of the file, nor stays of it, is asserted on the way."""
    with (
        caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logged,
        pytest.raises(InputRefused) as refusal,
    ):  # fmt: skip
        import_file(office, actor, "register", path, TODAY)
    causes, error = [], refusal.value
    while error is not None:
        causes.append(str(error))
        shown = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        error = shown  # type: ignore[assignment]  # any exception may be a cause
    printed = capfd.readouterr()
    told = "\n".join([*causes, caplog.text, str(logged), printed.out, printed.err])
    assert CANARY.casefold() not in told.casefold()
    assert nothing_changed(office)
    return str(refusal.value)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_without_a_trace(
    office: Office, actor: Actor, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    content, sentence = HOSTILE[what]
    said = refusal_of(office, actor, papers.write(tmp_path, "register.csv", content), caplog, capfd)
    assert said.startswith("register.csv")
    assert sentence in said


@pytest.mark.parametrize("how", ["zip", "gzip", "workbook"])
def test_a_bomb_is_refused_before_it_fills_anything(
    office: Office, actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(archives, "EXPANSION_FREE", 1 << 20)
    flood = REGISTER.encode() * 10 + b"\n" * (12 << 20)
    bomb = {
        "zip": zipped(a_csv=flood), "gzip": gzip.compress(flood),
        "workbook": zipped(**{"xl/workbook_xml": flood, "[Content_Types]_xml": b""}),
    }  # fmt: skip
    path = papers.write(tmp_path, "register.csv", bomb[how])
    assert "unpacks to far more than a real export does" in refusal_of(office, actor, path, caplog, capfd)


def test_a_zip_of_too_many_files_is_not_looked_through(
    office: Office, actor: Actor, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(archives.MOST_MEMBERS + 1):
            file.writestr(f"{CANARY}{number}.csv", "")
    path = papers.write(tmp_path, "register.csv", archive.getvalue())
    assert "more than 1000 files" in refusal_of(office, actor, path, caplog, capfd)


def test_surnames_and_wards_are_nobodys_vote(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows = [
        papers.elector(n, ElectorSurname=name, Ward="Green")
        for n, name in enumerate(["Green", "Green", "Brown", "Green"])
    ]
    report = import_file(office, actor, "register", papers.write(tmp_path, "r.csv", papers.register(*rows)), TODAY)
    assert report.accepted == 4
