"""Rows that cannot be read in a list of who must not be contacted or seen: leaving one out would harm whom it is there
for, so the list waits until somebody says that it may come in without them.
"""

from collections.abc import Sequence

from engage.foundation.words import number, plural
from segments.files.questions import Question
from segments.files.reading import Reading
from segments.sources.format import scalar

UNREAD = "unread-rows"
FIRST = 5
# Likely causes, by SQL of what such a cell looks like, the likeliest first.
CAUSES = {
    "lost_digits({cell})":
        "a spreadsheet wrote long numbers in scientific notation, such as 1.00031E+11, and lost their last digits. "
        "Take the list from where it is kept, not from the spreadsheet, or format the column as text",
    "regexp_matches({cell}, '[0-9]') and regexp_matches(clean({cell}), '^[0-9OoIl ]*[OoIl][0-9OoIl ]*$')":
        "a letter stands in place of a digit, such as O for 0",
    "regexp_matches(clean({cell}), '^[0-9 ]{{13,}}$')": "two numbers stand in one cell, or a number was typed twice",
    "regexp_matches(clean({cell}), '[A-Za-z]{{3,}}.* ')": "an address or a remark stands where the number belongs",
    "clean({cell}) is null": "the cell is empty",
}  # fmt: skip


def lines_of(lines: Sequence[int]) -> str:
    """`on line 7`, or `the first on lines 7, 9 and 12`."""
    if len(lines) == 1:
        return f"on line {number(lines[0])}"
    shown = [number(line) for line in lines[:FIRST]]
    told = f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"{'the first ' if len(lines) > FIRST else ''}on lines {told}"


def ask_of_unread(reading: Reading, cell: str, harm: str) -> None:
    """`cell` is SQL of what tells a row's home or person; `harm` says what becomes of those left out."""
    lines = unread_lines(reading)
    if not lines:
        return
    rows = plural(len(lines), "row")
    told = f" {why}" if (why := cause(reading, cell, lines)) else ""
    reading.questions.append(Question(
        UNREAD,
        f"{reading.file}: {rows} of {number(reading.rows)} cannot be read, {lines_of(lines)}.{told} "
        f"If you import it as it is, {harm}.",
        ask="Import the list without these rows?", yes=f"Yes, leave out {rows}",
        confirm="Confirm that the list may come in without these rows, or correct the file",
    ))  # fmt: skip


def unread_lines(reading: Reading) -> list[int]:
    query = "select distinct line from rejects where not list_contains(?, reason) order by line"
    return [line for (line,) in reading.con.execute(query, [sorted(reading.expected)]).fetchall()]


def cause(reading: Reading, cell: str, lines: Sequence[int]) -> str:
    """Why most of them cannot be read, as far as their cells tell."""
    for pattern, words in CAUSES.items():
        among = f"from raw where line in ({', '.join(map(str, lines))}) and ({pattern.format(cell=cell)})"
        if (found := scalar(reading, f"select count(*) {among}")) and found * 2 >= len(lines):
            return f"Likely cause: {words}."
    return ""
