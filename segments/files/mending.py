"""A text whose lines are not all rows, mended: every row ends up on the line that it begins on.

Most lines are copied as they stand. A row of several lines is put on one, a row whose last empty cells a spreadsheet
left off is given them; a line that is no row is set aside with its number and the reason; a filler stands where either
leaves a line over, so that line numbers stay the file's own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeAlias

from engage.foundation.libraries import np, npt

MOST_LINES = 20  # lines one row may span before its quotation mark counts as never closed
BATCH = 50_000
BLOCK = 1 << 22  # bytes
BLANK = 2  # bytes of a line that holds nothing but its end
HEADER_AGAIN = "the header again"
TOO_FEW, TOO_MANY, UNCLOSED = "too few columns", "too many columns", "a quotation mark is not closed"
QUOTE, TAB = '"', "\t"
MISQUOTED, BROKEN = "quotation marks in the wrong place", "a line break inside a row"


Bytes: TypeAlias = "npt.NDArray[np.uint8]"
Ends: TypeAlias = "npt.NDArray[np.intp]"
Flags: TypeAlias = "npt.NDArray[np.bool_]"


class Lines:
    """The lines of a file, a block at a time, so that runs of plain ones are told and copied together."""

    def __init__(self, file: BinaryIO, are_plain: Callable[[Bytes, Ends], Flags]) -> None:
        self._file, self._are_plain = file, are_plain
        self._block, self._rest, self._at = b"", b"", 0
        self._starts, self._odd = np.zeros(1, np.intp), np.zeros(0, np.intp)
        self.unfinished = False  # whether the last line lacks its end

    def more(self) -> bool:
        """Whether any line is left; the next block is read where this one is used up."""
        return self._left > 0 or self._fill()

    def take_plain(self) -> tuple[bytes, int]:
        """The run of plain lines from here on, and how many they are."""
        begin, following = self._at, np.searchsorted(self._odd, self._at)
        self._at = int(self._odd[following]) if following < len(self._odd) else len(self._starts) - 1
        return self._block[self._starts[begin] : self._starts[self._at]], self._at - begin

    def take(self) -> bytes:
        """The next line of the block, or nothing at its end."""
        self._at += 1 if (line := self._line(self._at)) else 0
        return line

    def ahead(self, most: int) -> list[bytes]:
        """Lines that follow, which stay to be taken."""
        while self._left < most and self._fill():
            pass
        return [self._line(self._at + n) for n in range(min(most, self._left))]

    def skip(self, lines: int) -> None:
        self._at += lines

    @property
    def _left(self) -> int:
        return len(self._starts) - 1 - self._at

    def _line(self, at: int) -> bytes:
        return self._block[self._starts[at] : self._starts[at + 1]] if at + 1 < len(self._starts) else b""

    def _fill(self) -> bool:
        """Read on, keeping the lines not yet taken; false where the file has no more."""
        more = self._file.read(BLOCK)
        if not more and self._rest:
            self.unfinished, more = True, b"\n"
        raw = self._block[self._starts[self._at] :] + self._rest + more
        end = raw.rfind(b"\n") + 1
        self._block, self._rest, self._at = raw[:end], raw[end:], 0
        letters = np.frombuffer(self._block, np.uint8)
        ends = np.flatnonzero(letters == ord("\n"))
        self._starts = np.concatenate([np.zeros(1, np.intp), ends + 1])
        self._odd = np.flatnonzero(~self._are_plain(letters, ends))
        return bool(more)


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
    least: int = 0  # cells that a row under a header must have, as those behind it may be empty; 0 is all
    rows: int = 0
    whole: int = 0
    cut_off: str = ""
    short: set[int] = field(default_factory=set)  # how many cells rows had that were filled up

    def write(self, target: Path) -> Iterator[list[tuple[int, str]]]:
        """Write the mended text; yields (file line, reason) of rejected rows, some thousands at a time."""
        faults = list[tuple[int, str]]()
        with self.source.open("rb") as file, target.open("wb") as out:
            for _ in range(self.skip):
                file.readline()
            for fault in self._mend(Lines(file, self._are_plain), out):
                faults.append(fault)
                if len(faults) == BATCH:
                    yield faults
                    faults = []
        yield faults

    def _mend(self, lines: Lines, out: BinaryIO) -> Iterator[tuple[int, str]]:
        filler = self._line([self.filler, *[""] * (self.width - 1)])
        number, fault, cells, alone = self.skip, "", list[str](), False
        while lines.more():
            plain, count = lines.take_plain()
            out.write(plain.replace(b"\r\n", b"\n"))
            number, self.rows, self.whole, fault = number + count, self.rows + count, self.whole + count, ""
            alone = alone and not count
            if not (line := lines.take()):
                continue
            number += 1
            cells, fault, taken = self._read(line, lines)
            alone = bool(cells) and not fault and self._is_new_width(len(cells))
            if fault:
                yield number, HEADER_AGAIN if cells == self.header else fault
            out.write(self._line(cells) if cells and not fault else filler)
            self.rows, self.whole = self.rows + bool(cells or fault), self.whole + (bool(cells) and not fault)
            out.write(filler * taken)
            number += taken
        fault = TOO_FEW if alone else fault
        if fault in (TOO_FEW, UNCLOSED) and self.whole and lines.unfinished:
            self.cut_off = _cut_off(number, fault, len(cells), self.width)

    def _is_new_width(self, cells: int) -> bool:
        """Whether no row before was so short: at the end of a file it is then one cut off."""
        if cells >= self.width or not self.header or cells in self.short:
            return False
        self.short.add(cells)
        return True

    def _are_plain(self, raw: Bytes, ends: Ends) -> Flags:
        """Which of the lines of a block are rows as they stand: all their cells there, and no quotation mark."""
        separators = np.diff(np.searchsorted(np.flatnonzero(raw == ord(self.delimiter)), ends), prepend=0)
        plain = (separators == self.width - 1) if self.header else (separators < self.width)
        plain &= np.diff(ends, prepend=-1) > BLANK
        returns = np.flatnonzero(raw == ord("\r"))
        alone = returns[raw[returns + 1] != ord("\n")]  # a block ends with a line feed
        for odd in (np.flatnonzero(raw == ord('"')), alone):
            plain[np.searchsorted(ends, odd)] = False
        return plain

    def _read(self, line: bytes, lines: Lines) -> tuple[list[str], str, int]:
        """The cells of the row that begins with a line, what is wrong with it, and how many more lines it took.

        Where the following lines make no whole row of it, an open quotation mark is a slip and must not swallow them.
        Where quotation marks make no sense at all, the separators alone tell the cells, as they always do of tabs: a
        tab is never typed into a name or an address.
        """
        parted = self._parted(line)
        if self.delimiter == TAB and len(parted) == self.width and not self._goes_on(parted[-1], lines):
            return [_unquoted(cell) for cell in parted], "", 0
        cells, fault, taken = self._quoted(line, lines)
        parts_fit = not self._misfit(parted) if self.delimiter == TAB else len(parted) == self.width
        if parts_fit and (fault == MISQUOTED or (fault and self.delimiter == TAB)):
            return [_unquoted(cell) for cell in parted], "", 0
        return cells, fault, taken

    def _parted(self, line: bytes) -> list[str]:
        return line.decode("utf-8-sig").rstrip("\r\n").split(self.delimiter)

    def _goes_on(self, last: str, lines: Lines) -> bool:
        """Whether the last cell of a line is quoted and may end on a line that is no row by itself."""
        if not last.startswith(QUOTE) or (len(last) > 1 and last.endswith(QUOTE)):
            return False
        return any(len(self._parted(line)) != self.width for line in lines.ahead(1))

    def _quoted(self, line: bytes, lines: Lines) -> tuple[list[str], str, int]:
        cells, fault = self._parse([line])
        if fault == UNCLOSED:
            following = lines.ahead(MOST_LINES)
            for taken in range(1, len(following) + 1):
                longer, still = self._parse([line, *following[:taken]])
                if not still and self._misfit(longer):
                    return [], UNCLOSED, 0
                if not still:
                    lines.skip(taken)
                    return longer, "", taken
        return cells, fault or (self._misfit(cells) if cells else ""), 0

    def _parse(self, lines: list[bytes]) -> tuple[list[str], str]:
        text = b"".join(lines).decode("utf-8-sig").rstrip("\r\n")
        try:
            return next(csv.reader([text], delimiter=self.delimiter, strict=True), []), ""
        except csv.Error as error:
            kind = str(error)
            return [], UNCLOSED if "unexpected end" in kind else BROKEN if "new-line" in kind else MISQUOTED

    def _misfit(self, cells: list[str]) -> str:
        """Empty cells at the end count for nothing: spreadsheets add them, and leave them off."""
        if any(cell.strip() for cell in cells[self.width :]):
            return TOO_MANY
        return TOO_FEW if self.header and len(cells) < (self.least or self.width) else ""

    def _line(self, cells: list[str]) -> bytes:
        out = io.StringIO()
        cells = [*cells, *[""] * (self.width - len(cells))][: self.width]
        csv.writer(out, delimiter=self.delimiter, lineterminator="\n").writerow(map(_one_line, cells))
        return out.getvalue().encode()


def _unquoted(cell: str) -> str:
    """A cell that is quoted as CSV quotes; any other quotation mark is a letter of it."""
    inner = cell[1:-1].replace(QUOTE * 2, "")
    is_quoted = len(cell) > 1 and cell.startswith(QUOTE) and cell.endswith(QUOTE) and QUOTE not in inner
    return cell[1:-1].replace(QUOTE * 2, QUOTE) if is_quoted else cell


def _one_line(cell: str) -> str:
    return " ".join(cell.split()) if "\n" in cell or "\r" in cell else cell


def _cut_off(line: int, fault: str, found: int, width: int) -> str:
    what = f"{found} columns, where {width} were expected" if fault == TOO_FEW else fault
    return f"line {line}: the file ends in the middle of a row ({what})."
