"""CSV files that are opened in a spreadsheet: a cell whose text would be run as a formula is text again.

Every file that somebody is given is written here. A name of a ward, a campaign or an arm was typed or imported by
somebody else than who opens it.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

# Also behind what spreadsheets take away or see through: spaces, quotation marks, marks without a width. And the wide
# signs of East Asian keyboards, which Excel reads as the narrow ones. Written so that DuckDB and Spark read it alike.
UNSEEN = "".join(map(chr, (0xA0, *range(0x200B, 0x2010), 0x2028, 0x2029, *range(0x202A, 0x202F), 0x2060, 0xFEFF)))
WIDE = "".join(map(chr, (0xFF1D, 0xFF0B, 0xFF0D, 0xFF20)))
FORMULA = rf"""^([\t\r\n]|[\s"'`\x00-\x20{UNSEEN}]*[=+\-@{WIDE}])"""
NUMBER = r"^[+-]?[0-9 ().]*[0-9]%?$"  # a negative figure, or a phone number with its country: nothing runs
_FORMULA, _NUMBER = re.compile(FORMULA), re.compile(NUMBER)


def harmless(cell: object) -> object:
    """Text with an apostrophe before it where a spreadsheet would run it; a number or a day as it is."""
    runs = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if runs else cell


def as_given(cell: str) -> str:
    """The text of a cell that may have been written here before: without the apostrophe, where that was ours."""
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell


def write(to: TextIO, header: Iterable[object], rows: Iterable[Iterable[object]], *, ends: str = "\n") -> int:
    """Gives the number of rows."""
    writer = csv.writer(to, lineterminator=ends)
    writer.writerow(map(harmless, header))
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - the last number is the count
        writer.writerow(map(harmless, row))
    return count


def written(header: Iterable[object], rows: Iterable[Iterable[object]], *, ends: str = "\n") -> str:
    out = io.StringIO(newline="")
    write(out, header, rows, ends=ends)
    return out.getvalue()
