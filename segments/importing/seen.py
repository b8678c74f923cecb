"""What a file that is no known format looks like, told without a word of what may be somebody's data.

A name of a column is repeated only where it is known here, is made of words that columns are called by, or stands above
numbers, dates or addresses. Of anything else only the number is told.
"""

import re
from collections import Counter

from segments.files.reading import Head, plain
from segments.sources.catalogue import NAMES
from segments.sources.format import HEADER_WITHIN

SHOWN, LONGEST = 30, 60
MANY_DIGITS = 5
RECORDS = frozenset(("10", "11", "12", "13", "14", "15", "21", "22", "23", "24", "28", "29", "30", "31", "32", "99"))
POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", re.IGNORECASE)
VALUE = re.compile(
    r"[-+£]?[\d.,/:% -]*\d[\d.,/:% TZ-]*|[EWSN]\d{8}|\S+@\S+|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", re.IGNORECASE
)
# The words that columns are called by; none is a common name of a person or a street.
WORDS = frozenset(
    """address area authority category class classification code coordinate count country created date dates day decile
    department description district dob easting eastings elector email emails employment end ended flag forename form
    gender id identifier income index job label language last latitude level line local location longitude lsoa mail
    merge message method mobile month msoa name names northing northings notes number oa opt optin optout order
    organisation owner percent percentage phone population postcode rank rate reason recipient ref reference
    region score sent service source start started state status surname tags telephone template tenure time
    timestamp title total type unsub unsubscribe unsubscribed updated uprn url usrn value version year zip
    """.split()  # noqa: SIM905 - a list would be three times as long
)
XML = (
    (r"<!doctype html|<html", "It is a web page: that of an error or a sign-in is easily saved instead of the file."),
    (r"<(\w+:)?workbook\b", "It is an Excel workbook as XML. Save it as XLSX or CSV and import that."),
    (r"<(\w+:)?kml\b", "It is KML, a map. Take the same data as CSV, or wards as GeoJSON."),
    (r"opengis\.net/gml|<(\w+:)?featurecollection\b", "It is GML. Take the same as CSV, or boundaries as GeoJSON."),
    (r"<", "It is XML, not a table. Export it as CSV."),
)  # fmt: skip


def seen(head: Head) -> str:
    if head.is_json:
        return "It is JSON of another shape."
    if head.is_xml:
        return next(words for mark, words in XML if re.search(mark, head.text[:4000], re.IGNORECASE))
    rows = [row for row in head.rows if any(cell.strip() for cell in row)]
    proven = (at for at in range(min(HEADER_WITHIN, len(rows))) if _is_header(rows[at], rows[at + 1 :]))
    at = next(proven, None)
    if at is not None:
        return _named(rows[at], rows[at + 1 :])
    if known := _known(rows[0] if rows else []):
        return _with_others(rows[0], known)
    return _unnamed(rows)


def _is_header(row: list[str], below: list[list[str]]) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    if len(filled) < 2 or any(map(_is_data, filled)):
        return False
    return len(_told(row, below)) * 2 > len(filled)


def _is_data(cell: str) -> bool:
    """What a cell of data looks like, and a name of a column never does."""
    digits = sum(letter.isdigit() for letter in cell)
    return "@" in cell or cell[:1].isdigit() or digits >= MANY_DIGITS or bool(POSTCODE.fullmatch(cell))


def _told(row: list[str], below: list[list[str]]) -> list[str]:
    """The names that may be repeated."""
    width, known = len(row), _known(row)
    under = [[cells[n].strip() for cells in below if len(cells) == width] for n in range(width)]
    return [
        cell.strip() for cell, cells in zip(row, under, strict=True)
        if cell.strip() and (cell.strip() in known or _is_called(cell) or _are_values(cells))
    ]  # fmt: skip


def _known(row: list[str]) -> list[str]:
    return [cell.strip() for cell in row if plain(cell) in NAMES and not plain(cell).isdigit()]


def _is_called(cell: str) -> bool:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cell)
    return any(word in WORDS for word in re.split(r"[\W\d_]+", spaced.casefold()))


def _are_values(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(len(cell) <= LONGEST and VALUE.fullmatch(cell) for cell in filled)


def _named(row: list[str], below: list[list[str]]) -> str:
    told, filled = _told(row, below), sum(bool(cell.strip()) for cell in row)
    if len(told) < filled:
        return _with_others(row, _known(row) or told)
    return f"Its header is: {', '.join(name[:LONGEST] for name in told[:SHOWN])}{', …' if len(told) > SHOWN else ''}."


def _with_others(row: list[str], shown: list[str]) -> str:
    others = sum(bool(cell.strip()) for cell in row) - len(shown)
    what = "known" if shown == _known(row) else "told by their names"
    names = ", ".join(name[:LONGEST] for name in shown[:SHOWN])
    rest = f"; {others} {'is' if others == 1 else 'are'} not" if others else ""
    return f"Of its columns these are {what}: {names}{rest}."


def _unnamed(rows: list[list[str]]) -> str:
    if not rows:
        return "It has no header row."
    records = Counter((row[0].strip(), len(row)) for row in rows if row[0].strip() in RECORDS)
    if records.total() * 2 > len(rows):
        widths = ", ".join(f"{record} of {width}" for record, width in sorted(records))
        return f"It has records without a header: {widths} columns."
    width = len(rows[0])
    of = f"{width} column{'s' if width > 1 else ''}"
    if any(_is_data(cell.strip()) for cell in rows[0]):
        return f"It has no header row, and its first row has {of}."
    return f"Its first row has {of}, none of which is known here."
