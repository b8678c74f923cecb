"""Lines under a header that speak of the columns and are no row: their types, lengths, numbers or names in other words.

Databases and modelling tools export them. One that is taken for a row is an elector nobody is.
"""

import re

from segments.files.reading import Head

REASON = "a line about the columns, not a row"
MOST = 3  # such lines under one header
COMPARED = 3  # rows below that must agree before anything is told by what they hold
TYPE = re.compile(
    r"(n?(var)?char2?|character( varying)?|text|string|str|alpha(numeric)?|(big|small|tiny)?int(eger)?|number|numeric"
    r"|decimal|float|double( precision)?|real|money|bool(ean)?|bit|date|datetime2?|time(stamp)?(tz)?|year|object|uuid"
    r"|guid|uniqueidentifier|categor(y|ical)|blob|clob|memo|long text|short text|required|mandatory|optional|null"
    r"|[-=_]{2,}|(float|int|datetime)(32|64)(\[ns\])?)"
    r"( ?\((max|\d+( ?, ?\d+)?)( (char|byte))?\))?( (not )?null)?"
)


def lines_under(head: Head, header_at: int) -> list[list[str]]:
    """The cells of such lines, as the file has them; none where the first line under the header is a row."""
    found = list[list[str]]()
    below = head.rows[header_at + 1 :]
    width = len(head.rows[header_at])
    while len(found) < MOST and below and len(below[0]) <= width and _is_note(below[0], below[1:], width):
        found.append(below.pop(0))
    return found


def _is_note(row: list[str], below: list[list[str]], width: int) -> bool:
    cells = [cell.strip() for cell in row]
    filled = [cell for cell in cells if cell]
    if len(filled) < 2:
        return False
    if all(TYPE.fullmatch(cell.casefold()) for cell in filled):
        return True
    others = [other for other in below if len(other) == width][:10]
    if len(others) < COMPARED or any(_is_wordy(other) for other in others[-COMPARED:]):
        return False
    return _tells_words(cells, others) or _tells_numbers(cells, others)


def _is_wordy(row: list[str]) -> bool:
    return not any(letter.isdigit() for cell in row for letter in cell)


def _tells_words(cells: list[str], others: list[list[str]]) -> bool:
    """No digit in the whole line, though in two columns and more every row below has one."""
    if not _is_wordy(cells):
        return False
    numbered = [n for n, cell in enumerate(cells) if cell and all(re.search(r"\d", row[n]) for row in others)]
    return len(numbered) > 1


def _tells_numbers(cells: list[str], others: list[list[str]]) -> bool:
    """Small whole numbers in every column (lengths, or the numbers of the columns), though three and more columns
    never have one below."""
    if not all(re.fullmatch(r"\d{1,4}", cell) for cell in cells):
        return False
    never = [n for n in range(len(cells)) if not any(re.fullmatch(r"\d+", row[n].strip()) for row in others)]
    return len([n for n in never if any(row[n].strip() for row in others)]) > 2
