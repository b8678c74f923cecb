"""Whatever wraps a table, and whatever letters it is written in, the text and its fingerprint are the same."""

import gzip
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files import archives
from segments.files.archives import CHUNK
from segments.files.letters import typed
from segments.files.lines import LONGEST_LINE, LineGuard
from segments.files.staging import Utf8Guard, fingerprint, receive
from segments.importing.imports import import_file
from tests.examples import examples
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
TEXT = "uprn,Straße\r\n1,Łódź\r\n2,x\r\n"


def zipped(**members: bytes | str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("_", "."), content)
    return archive.getvalue()


def book(*sheets: list[list[Any]], names: tuple[str, ...] = ("Export", "Notes", "More")) -> bytes:
    workbook, out = openpyxl.Workbook(), io.BytesIO()
    workbook.remove(workbook.worksheets[0])
    for name, rows in zip(names, sheets, strict=False):
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(out)
    return out.getvalue()


def text_of(folder: Path, content: bytes, name: str = "t.csv") -> str:
    (folder / "text").unlink(missing_ok=True)
    return receive(papers.write(folder, name, content), folder / "text").path.read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("content", "copied"),
    [
        (TEXT.encode(), False), (TEXT.encode("utf-8-sig"), False), (TEXT.encode("utf-16"), True),
        (TEXT.encode("utf-16-le"), True), (TEXT.encode("utf-16-be"), True), (gzip.compress(TEXT.encode()), True),
        (zipped(a_csv=TEXT), True), (zipped(a_csv=TEXT, read_pdf=b"%PDF", licence_txt="x", guide_html="<p>"), True),
        (zipped(only_txt=TEXT), True), (TEXT.replace("\r\n", "\r").encode(), True),
        (TEXT.replace("\r\n", "\n").encode(), False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["t.csv", "t.xlsx", "t.zip", "strange [1]*.gz"])
def test_by_content_and_never_by_name(tmp_path: Path, content: bytes, copied: bool, name: str) -> None:
    assert text_of(tmp_path, content, name).replace("\r\n", "\n") == TEXT.replace("\r\n", "\n")
    assert (tmp_path / "text").is_symlink() != copied


def test_letters_of_windows_are_read(tmp_path: Path) -> None:
    assert text_of(tmp_path, "a,b\r\nMüller,€\r\n".encode("windows-1252")) == "a,b\nMüller,€\n"


@pytest.mark.parametrize("pack", [lambda raw: raw, gzip.compress, lambda raw: zipped(a_csv=raw)])
def test_the_fingerprint_is_of_what_is_inside(tmp_path: Path, pack: Any) -> None:
    path = papers.write(tmp_path, "t.csv", pack(TEXT.encode()))
    assert fingerprint(path).digest == blake3(TEXT.encode()).hexdigest()


@settings(max_examples=examples(200), derandomize=True)
@given(parts=st.lists(st.text("aŁ€😀\n", max_size=3).map(str.encode) | st.binary(max_size=2), max_size=6))
def test_utf8_is_told_as_the_standard_library_does(parts: list[bytes]) -> None:
    guard, whole = Utf8Guard("t.csv"), b"".join(parts)
    taken = all(guard.takes(part) for part in parts) and guard.ends()
    try:
        text = whole.decode("utf-8-sig")
        expected = b"\0" not in whole and not any(b"\r" in part and b"\n" not in part for part in parts)
        expected &= typed(text) == text  # nothing in it that nobody types, such as the 0x1A at the end of some files
    except UnicodeDecodeError:
        expected = False
    assert taken == (expected and not (parts and next(filter(None, parts), b"").startswith((b"\xff\xfe", b"\xfe\xff"))))


def test_letters_and_lines_may_lie_across_chunks(tmp_path: Path) -> None:
    line = "Łódź,é" * 50 + "\n"
    raw = b"x" * 3 + line.encode() * (2 * CHUNK // len(line.encode()) + 2)
    whole = receive(papers.write(tmp_path, "t.csv", raw), tmp_path / "whole")
    assert whole.path.is_symlink(), "read where it lies"
    assert whole.lines == raw.count(b"\n")
    assert whole.digest == blake3(raw).hexdigest()
    with pytest.raises(InputRefused, match="letters that cannot be read as utf-8"):
        receive(papers.write(tmp_path, "u.csv", raw[:-2] + "é".encode()[:1]), tmp_path / "cut")


def test_bytes_that_are_no_letters_are_told_by_line(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"^t\.csv, line 3: letters that cannot be read as utf-8"):
        text_of(tmp_path, "a\nŁ\ncaf".encode() + b"\xff\xfe\n")
    with pytest.raises(InputRefused, match=r"^t\.csv, line 2: letters that cannot be read as windows-1252"):
        text_of(tmp_path, b"a\ncaf\x81\n")


def test_a_workbook_reads_as_it_is_seen(tmp_path: Path) -> None:
    rows = [  # a workbook knows no time zones
        ["id", "day", "number", "text"], [1, date(2026, 1, 2), 2.5, " 007 "], [],
        [100031000001, datetime(2026, 1, 2, 3, 4), True, 'a\nb, "c"'], [None, None, 3.0, "x"],  # noqa: DTZ001
    ]  # fmt: skip
    expected = 'id,day,number,text\n1,2026-01-02,2.5,007\n\n100031000001,2026-01-02 03:04:00,TRUE,"a b, ""c"""\n,,3,x\n'
    for name in ("t.xlsx", "t.csv"):
        assert text_of(tmp_path, book(rows), name) == expected
    assert text_of(tmp_path, book([], rows, [])) == expected


def test_a_workbook_keeps_the_lines_of_its_sheet(office: Office, actor: Actor, tmp_path: Path) -> None:
    header = papers.geography().split()[0].split(",")
    oa, lsoa, msoa, ward, lad = papers.HERE
    areas = ["DE14 1AA", oa, lad, ward, lsoa, msoa, "E01000009", "1a1"]
    content = book([["Areas of each property"], [], header, [31, *areas], [], ["none", *areas], [32, *areas]])
    report = import_file(office, actor, "geography", papers.write(tmp_path, "g.csv", content), TODAY)
    assert (report.rows_read, report.accepted) == (3, 2)
    assert (office.lake.root / report.rejects_file).read_text("utf-8-sig").splitlines()[1].startswith("6,UPRN,")
    assert papers.rows(office, report.snapshot_id, "uprn") == [(31,), (32,)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (book([["a"], [1]], [["b"], [2]]), "2 sheets with rows: Export, Notes"),
        (book([]), "a workbook without rows"),
        (book([["a"], ["=1+1"]]), "holds formulas"),
        (zipped(**{"xl/workbook_xml": "<x/>"}), "a damaged workbook"),
        (zipped(**{"word/document_xml": "<x/>"}), "a Word document"),
        (zipped(a_csv=TEXT, b_csv=TEXT), "a zip file of 2 files, 2 of which could be the table"),
        (zipped(a_pdf=b"%PDF", b_html="<p>"), "a zip file of 2 files, 0 of which could be the table"),
        (zipped(a_pdf=b"%PDF-1.7"), "a PDF document"),
        (zipped(), "a zip file of 0 files"),
        (zipped(a_zip=zipped(a_csv=TEXT)), "holds another packed file"),
        (gzip.compress(gzip.compress(TEXT.encode())), "holds another packed file"),
        (b"\xd0\xcf\x11\xe0" + bytes(512) + "EncryptedPackage".encode("utf-16-le"), "locked with a password"),
        (b"\xd0\xcf\x11\xe0" + bytes(512), "an old Excel or Word document"),
        (b"a,b\n" * 5 + b"1,\0\n" * 5, "line 6: a zero byte"),
    ],
)  # fmt: skip
def test_what_holds_no_one_table_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(InputRefused, match=r"^t\.csv") as refusal:
        text_of(tmp_path, content)
    assert sentence in str(refusal.value)


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    locked = bytearray(zipped(a_csv=TEXT))
    locked[6] |= 1  # the flag of encryption, in both headers
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InputRefused, match="locked with a password"):
        text_of(tmp_path, bytes(locked))


@pytest.mark.parametrize("pack", [gzip.compress, lambda raw: zipped(a_csv=raw)])
def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Any) -> None:
    monkeypatch.setattr(archives, "EXPANSION_FREE", 1 << 20)
    with pytest.raises(InputRefused, match=r"unpacks to far more than a real export does, so it was not opened"):
        text_of(tmp_path, pack(b"a,b\n" * (3 << 20)))


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    lying = bytearray(zipped(a_csv=b"a,b\n" * (20 << 20)))
    for header, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = lying.index(header) + at
        lying[start : start + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(InputRefused, match=r"damaged or cut off|far more than a real export"):
        text_of(tmp_path, bytes(lying))


def pass_by(guard: LineGuard, text: bytes, step: int) -> LineGuard:
    for at in range(0, len(text), step):
        guard.check(text[at : at + step])
    return guard


@pytest.mark.parametrize("before", ["", "a,b\n", "x" * 500 + "\n"])
@pytest.mark.parametrize("step", [1000, 100_003, 1 << 20])
def test_a_line_may_be_as_long_as_the_limit_and_no_longer(before: str, step: int) -> None:
    line = before.count("\n") + 1
    longest = (before + "x" * LONGEST_LINE + "\nz\n").encode()
    assert pass_by(LineGuard("t.csv"), longest, step).count == line + 1
    with pytest.raises(InputRefused, match=rf"line {line} is longer than any row"):
        pass_by(LineGuard("t.csv"), longest.replace(b"x\nz", b"xx\nz"), step)


RUN = [
    '=HYPERLINK("http://example.com")', "=cmd|' /C calc'!A0", "+cmd|x", "@SUM(1)", "-cmd(1)", '"=HYPERLINK(""x"")"', "=Sheet1!A1",
    "-2+3+cmd|'x'!A", "＝SUM(1)", "  =SUM(1)",
]  # fmt: skip
DO_NOT_RUN = [
    "+44 7700 900123", "-5", "+44 (0)7700 900123", "@home", '="007"', "The (rear)", "-The Barn (rear)", "a=b(c)", "=1+1",
    "'=SUM(1)", "Flat @ Mill (x)", "x|y", "Hello!", "a@example.com", "-", "=",
]  # fmt: skip


@pytest.mark.parametrize("step", [3, 1000])
@pytest.mark.parametrize("cell", RUN)
def test_formulas_are_stopped_wherever_they_stand(cell: str, step: int) -> None:
    for before, line, column in (("", 1, 1), ("a,b\r\nx,", 2, 2), ('a,b\r\n"x, y","', 2, 2)):
        where = rf"^t\.csv, line {line}, column {column}: a cell that a spreadsheet"
        with pytest.raises(InputRefused, match=where) as said:
            pass_by(LineGuard("t.csv"), f"{before}{cell},z\r\n".encode(), step)
        assert cell.strip(' "')[:6] not in str(said.value)


@pytest.mark.parametrize("cell", DO_NOT_RUN)
def test_what_only_looks_like_a_formula_passes(cell: str) -> None:
    for before in ("", "a,b\r\nx,", "x" * 300 + ","):
        assert LineGuard("t.csv").check(f"{before}{cell},z\r\n".encode())
