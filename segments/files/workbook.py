"""An Excel workbook as text: the one sheet that has rows, each on the line that it has in the sheet."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from engage.foundation.errors import InputRefused
from segments.files.archives import archive_of_workbook

MOST = 1 << 29  # bytes unpacked: more than the million rows a sheet can have
FORMULA = re.compile(rb"<(?:\w+:)?f[ >]")
# A row that is hidden and has cells: one without ends with />.
HIDDEN = re.compile(rb"<(?:\w+:)?row\s[^>]*\bhidden=[\"'](?:1|true)[\"'](?:[^>]*[^/>])?>")
BATCH = 10_000
Cell = int | float | str | bool | date | datetime | time | timedelta


def lines(source: Path) -> Iterator[bytes]:
    """The sheet as UTF-8 CSV: no `.0`, dates as yyyy-mm-dd. InputRefused for several sheets, formulas or a password."""
    with archive_of_workbook(source, MOST) as archive:
        _refuse_formulas(archive, source.name)
    try:
        workbook = CalamineWorkbook.from_path(source) if source.suffix == ".xlsx" else _by_content(source)
        sheet = _the_sheet(workbook, source.name)
        yield from _rows(sheet)
    except PasswordError:
        raise InputRefused(f"{source.name} is locked with a password. Save it without the password.") from None
    except (CalamineError, ValueError):
        raise InputRefused(f"{source.name} is a damaged workbook. Save it again, or as CSV.") from None


def hidden_rows(source: Path) -> int:
    """How many rows of the sheet are there but not seen, as a filter hides them; they are among the `lines`."""
    with archive_of_workbook(source, MOST) as archive:
        return sum(count_hidden(part) for part in _sheets(archive))


def count_hidden(sheet: IO[bytes]) -> int:
    count, tail = 0, b""
    while chunk := sheet.read(1 << 20):
        whole, _, tail = (tail + chunk).rpartition(b"<")
        count += len(HIDDEN.findall(whole))
        tail = b"<" + tail
    return count + len(HIDDEN.findall(tail))


def _sheets(archive: zipfile.ZipFile) -> Iterator[IO[bytes]]:
    for part in archive.namelist():
        if part.startswith("xl/worksheets/") and part.endswith(".xml"):
            with archive.open(part) as sheet:
                yield sheet


def _by_content(source: Path) -> CalamineWorkbook:
    with source.open("rb") as file:
        return CalamineWorkbook.from_filelike(io.BytesIO(file.read()))


def _refuse_formulas(archive: zipfile.ZipFile, name: str) -> None:
    """What a formula shows is not what the file says: it can call out, or have gone stale."""
    if any(_holds_formula(sheet) for sheet in _sheets(archive)):
        raise InputRefused(
            f"{name} holds formulas. A file to import has values only: copy the sheet, paste it as values, "
            "save that and import it."
        )


def _holds_formula(sheet: IO[bytes]) -> bool:
    tail = b""
    while chunk := sheet.read(1 << 20):
        if FORMULA.search(tail + chunk):
            return True
        tail = chunk[-16:]
    return False


def _the_sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    sheets = [workbook.get_sheet_by_name(sheet) for sheet in workbook.sheet_names]
    filled = [sheet for sheet in sheets if sheet.start is not None]
    if not filled:
        raise InputRefused(f"{name} is a workbook without rows. Export it again.")
    if len(filled) > 1:
        raise InputRefused(
            f"{name} is a workbook of {len(filled)} sheets with rows: {', '.join(sheet.name for sheet in filled)}. "
            "Save the one to import as a workbook of its own, or as CSV."
        )
    return filled[0]


def _rows(sheet: CalamineSheet) -> Iterator[bytes]:
    top, left = sheet.start or (0, 0)
    yield b"\n" * top
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = [_text(cell) for cell in row]
        out.write("\n") if not any(cells) else writer.writerow([*[""] * left, *cells])
        if number % BATCH == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _text(cell: Cell) -> str:
    match cell:
        case bool():
            return str(cell).upper()
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime():
            return cell.isoformat(" ") if cell.time() != time() else cell.date().isoformat()
        case _:
            return " ".join(str(cell).split()) if isinstance(cell, str) else str(cell)
