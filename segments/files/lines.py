"""Guards the lines of a text while it streams by: what no export has is refused, told by its line, not by its words."""

import csv
import re

from engage.foundation.errors import InputRefused

LONGEST_LINE = 1 << 18
DELIMITERS = (",", "\t", ";")
LOOK_BACK = 200  # bytes before its bracket or bar at which a formula begins
SIGN = rb"(?:=|\+|-|@|\xef\xbc\x9d|\xef\xbc\x8b|\xef\xbc\x8d|\xef\xbc\xa0)"  # full width too: some spreadsheets run it
START = rb"(?:[,;\t\r\n\"]|\xef\xbb\xbf)[ ]*"  # where a cell begins
# A cell that begins with = and calls, looks up or links; or with another sign and the name of what it calls.
LOOKS_UP = rb"(?:=|\xef\xbc\x9d)[^,;\t\r\n]*[(!]"
CALLS = SIGN + rb"[ ]*[A-Za-z][\w.]*\("
LINKS = SIGN + rb"[^,;\t\r\n]*\w\|"
FORMULA = re.compile(START + b"(?:" + b"|".join((LOOKS_UP, CALLS, LINKS)) + b")$")


class LineGuard:
    """Counts lines of UTF-8 text and stops at a zero byte, a line longer than any row, or a formula."""

    def __init__(self, name: str) -> None:
        self.name, self._newlines, self._tail, self._is_markup = name, 0, 0, False
        self._before = b"\n"  # the end of what went by
        self._delimiter = ","

    @property
    def count(self) -> int:
        return self._newlines + (self._tail > 0)

    def check(self, text: bytes) -> bytes:
        if not text:
            return text
        if self._newlines == 0 and self._tail == 0:
            self._begin(text)
        if b"\0" in text:
            line = self._newlines + text[: text.index(b"\0")].count(b"\n") + 1
            raise InputRefused(f"{self.name}, line {line}: a zero byte, which no text has. Export the file again.")
        if not self._is_markup:
            self._refuse_long(text)
            self._refuse_formulas(text)
        self._newlines += text.count(b"\n")
        last = text.rfind(b"\n")
        self._tail = self._tail + len(text) if last < 0 else len(text) - last - 1
        self._before = (self._before + text)[-LOOK_BACK:] if len(text) < LOOK_BACK else text[-LOOK_BACK:]
        return text

    def _begin(self, text: bytes) -> None:
        start = text.removeprefix(b"\xef\xbb\xbf").lstrip()
        self._is_markup = start[:1] in (b"{", b"[", b"<")
        first = start[:LONGEST_LINE].split(b"\n", 1)[0].decode("utf-8", "ignore")
        self._delimiter = max(DELIMITERS, key=first.count)

    def _refuse_long(self, text: bytes) -> None:
        begin = -self._tail
        while begin + LONGEST_LINE < len(text):
            end = text.rfind(b"\n", max(begin, 0), begin + LONGEST_LINE + 1)
            if end < 0:
                line = self._newlines + text[: max(begin, 0)].count(b"\n") + 1
                raise InputRefused(f"{self.name}, line {line} is longer than any row can be. Export it as CSV.")
            begin = end + 1

    def _refuse_formulas(self, text: bytes) -> None:
        for mark in (b"(", b"|", b"!"):
            at = text.find(mark)
            while at >= 0:
                window = text[max(at - LOOK_BACK, 0) : at + 1]
                if at < LOOK_BACK:
                    window = self._before + window
                if found := FORMULA.search(window):
                    line = self._newlines + text[:at].count(b"\n") + 1
                    self._refuse_formula(line, window[: found.start() + 1])
                at = text.find(mark, at + 1)

    def _refuse_formula(self, line: int, before: bytes) -> None:
        row = before[before.rfind(b"\n") + 1 :].decode("utf-8", "ignore")
        cells = next(csv.reader([row], delimiter=self._delimiter), [])
        column = f", column {max(len(cells), 1)}" if b"\n" in before else ""
        raise InputRefused(
            f"{self.name}, line {line}{column}: a cell that a spreadsheet would run as a formula, where plain text was "
            "expected. Nothing was imported. Remove it in the system that the file comes from, and export it again."
        )
