"""A text whose lines are not all rows, mended: every row ends up on the line that it begins on.

Most lines are copied as they stand. A row of several lines is put on one; a line that is no row is set aside with its
number and the reason; a filler stands where either leaves a line over, so that line numbers stay the file's own.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

MOST_LINES = 20  # lines one row may span before its quotation mark counts as never closed
BATCH = 50_000
HEADER_AGAIN = "the header again"
TOO_FEW, TOO_MANY, UNCLOSED = "too few columns", "too many columns", "a quotation mark is not closed"
MISQUOTED, BROKEN = "quotation marks in the wrong place", "a line break inside a row"


@dataclass
class Mending:
    """One text and how it is laid out; then what was found. `rows` are those of the file, rejected ones too; `cut_off`
    says what is wrong with a last row that is not whole."""

    source: Path
    delimiter: str
    width: int
    filler: str  # the first cell of a line that stands for no row
    header: list[str] = field(default_factory=list)  # as it is printed; none means that rows may be short
    skip: int = 0  # lines before the first row
    rows: int = 0
    whole: int = 0
    cut_off: str = ""

    def write(self, target: Path) -> Iterator[list[tuple[int, str]]]:
        """Write the mended text; yields (file line, reason) of rejected rows, some thousands at a time."""
        faults = list[tuple[int, str]]()
        with self.source.open("rb") as file, target.open("wb") as out:
            for _ in range(self.skip):
                file.readline()
            for fault in self._mend(file, out):
                faults.append(fault)
                if len(faults) == BATCH:
                    yield faults
                    faults = []
        yield faults

    def _mend(self, file: BinaryIO, out: BinaryIO) -> Iterator[tuple[int, str]]:
        filler = self._line([self.filler, *[""] * (self.width - 1)])
        number, waiting, fault, cells, line = self.skip, list[bytes](), "", list[str](), b""
        while following := waiting.pop(0) if waiting else file.readline():
            line, number, fault = following, number + 1, ""
            if self._is_plain_row(line):
                self.rows, self.whole = self.rows + 1, self.whole + 1
                out.write(line.replace(b"\r\n", b"\n") if line.endswith(b"\n") else line + b"\n")
                continue
            cells, fault, taken = self._read(line, waiting, file)
            if cells and not fault:
                self.whole += 1
                out.write(self._line(cells))
            else:
                out.write(filler)
            self.rows += bool(cells or fault)
            if fault:
                yield number, HEADER_AGAIN if cells == self.header else fault
            out.write(filler * taken)
            waiting, number = waiting[taken:], number + taken
        if fault in (TOO_FEW, UNCLOSED) and self.whole and not line.endswith(b"\n"):
            self.cut_off = _cut_off(number, fault, len(cells), self.width)

    def _is_plain_row(self, line: bytes) -> bool:
        separators = line.count(self.delimiter.encode())
        if b'"' in line or b"\r" in line[:-2] or not line.strip():
            return False
        return separators == self.width - 1 or (not self.header and separators < self.width)

    def _read(self, line: bytes, waiting: list[bytes], file: BinaryIO) -> tuple[list[str], str, int]:
        """The cells of the row that begins with a line, what is wrong with it, and how many more lines it takes.

        Where the following lines make no whole row of it, an open quotation mark is a slip and must not swallow them.
        """
        cells, fault = self._parse([line])
        if fault == UNCLOSED:
            waiting += islice(file, MOST_LINES - len(waiting))
            for taken in range(1, len(waiting) + 1):
                longer, still = self._parse([line, *waiting[:taken]])
                if not still:
                    return (longer, "", taken) if not self._misfit(longer) else ([], UNCLOSED, 0)
        return cells, fault or (self._misfit(cells) if cells else ""), 0

    def _parse(self, lines: list[bytes]) -> tuple[list[str], str]:
        text = b"".join(lines).decode("utf-8-sig").rstrip("\r\n")
        try:
            return next(csv.reader([text], delimiter=self.delimiter, strict=True), []), ""
        except csv.Error as error:
            kind = str(error)
            return [], UNCLOSED if "unexpected end" in kind else BROKEN if "new-line" in kind else MISQUOTED

    def _misfit(self, cells: list[str]) -> str:
        if len(cells) > self.width:
            return TOO_MANY
        return TOO_FEW if len(cells) < self.width and self.header else ""

    def _line(self, cells: list[str]) -> bytes:
        out = io.StringIO()
        csv.writer(out, delimiter=self.delimiter, lineterminator="\n").writerow(map(_one_line, cells))
        return out.getvalue().encode()


def _one_line(cell: str) -> str:
    return " ".join(cell.split()) if "\n" in cell or "\r" in cell else cell


def _cut_off(line: int, fault: str, found: int, width: int) -> str:
    what = f"{found} columns, where {width} were expected" if fault == TOO_FEW else fault
    return f"line {line}: the file ends in the middle of a row ({what})."
