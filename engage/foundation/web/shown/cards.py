"""Rows of a table that can stand as cards: on a narrow screen each cell says its column, as the heads are gone."""

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

ROW = re.compile(r"(<tr\b[^>]*>)(.*?)(?=</tr>)", re.DOTALL)
CELL = re.compile(r"<(t[dh])\b([^>]*)>")
SPAN = re.compile(r'colspan="(\d+)"')


def labelled(rows: str, columns: Sequence[tuple[str, str]]) -> Markup:
    """The rows with the heading of its column in each cell; the head of a row needs none."""
    headings = [heading for heading, _ in columns]
    made = ROW.sub(lambda row: row[1] + "".join(_cells(row[2], headings)), str(rows))
    return Markup(made)  # noqa: S704  # what was rendered before, and headings that are escaped  # nosec B704


def _cells(row: str, headings: Sequence[str]) -> Iterator[str]:
    at, column = 0, 0
    for cell in CELL.finditer(row):
        named = cell[1] == "td" and column < len(headings) and headings[column]
        label = f' data-label="{escape(headings[column])}"' if named else ""
        yield f"{row[at : cell.start()]}<{cell[1]}{cell[2]}{label}>"
        span = SPAN.search(cell[2])
        at, column = cell.end(), column + (int(span[1]) if span else 1)
    yield row[at:]
