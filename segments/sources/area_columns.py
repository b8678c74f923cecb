"""Columns of area codes as ONS names them, whose years drift: `WD25CD`, `osward`, `lsoa21`. Look-ups share this."""

import re
from collections import Counter

from engage.foundation.errors import InputRefused
from segments.files.reading import Reading, open_rows, plain, quoted
from segments.sources.authority_column import has_any, lies_here, says_ours, tell_other_codes, was_hint
from segments.sources.format import Check, Harvest, Warn, save, scalar, tabulate

AREAS = {
    "oa": r"oa(\d\d)(cd)?", "lsoa": r"lsoa(\d\d)(cd)?", "msoa": r"msoa(\d\d)(cd)?",
    "ward": r"wd(\d\d)cd|ward|osward", "authority": r"lad(\d\d)cd|lad|laua|oslaua",
}  # fmt: skip
ELSEWHERE = "in another authority"
CENSUS = 21  # the year of the output areas that everything here is told by


def column_of(names: list[str], area: str) -> str | None:
    """The newest column of an area: `LSOA21CD` before `LSOA11CD`."""
    return max((name for name in names if re.fullmatch(AREAS[area], plain(name))), default=None, key=plain)


def has_all(names: list[str]) -> bool:
    return all(column_of(names, area) for area in AREAS)


def open_placed(reading: Reading, header_at: int, *more: str) -> None:
    """Open a look-up of which a row may lack what stands behind its areas and the columns `more`."""
    areas = {plain(column_of(reading.head.rows[header_at], area) or "") for area in AREAS}
    reading.needed = frozenset(areas | set(more))
    open_rows(reading, header_at=header_at)


def placed(reading: Reading, key: tuple[str, str], checks: list[Check], repeated: str) -> Harvest:
    """The snapshot of a look-up from `key` (name, SQL), such as a UPRN, to the areas it lies in; own rows only."""
    columns = {area: column_of(reading.columns, area) or "" for area in AREAS}
    _refuse_old(reading, columns["oa"])
    name, sql = key
    output = {name: sql} | {area: f"clean({quoted(column)})" for area, column in columns.items()}
    ours = _ours(reading, name, output)
    tell_other_codes(reading, columns["authority"], ours)
    checks = [
        *checks,
        # A regional or national file holds millions of rows of other authorities: counted, not listed.
        Check("", ELSEWHERE, f"not {ours}", listed=False, expected=True),
        *(
            Check(columns[area], f"no {area} code", f"not coalesce(is_code({output[area]}), false)",
                  f"left({output[area]}, 12)")
            for area in ("oa", "lsoa", "ward")
        ),
    ]  # fmt: skip
    warns = [Warn("{n} rows have no MSOA code", f"not coalesce(is_code({output['msoa']}), false)")]
    rejected = tabulate(reading, output, checks, warns=warns, unique=name, repeated=repeated)
    return _harvest(reading, name, columns["authority"], rejected)


def _ours(reading: Reading, name: str, output: dict[str, str]) -> str:
    """Of postcodes, by the output areas of the geography. A file of UPRNs is itself the geography, and its districts
    say what has come to this council or left it; only one that has no row of a code known here lags behind a change
    of codes, and then the output areas decide."""
    said, here = says_ours(reading, output["authority"]), lies_here(reading, "oa", output["oa"])
    if here is None or (name == "uprn" and has_any(reading, said)):
        return said
    return here if has_any(reading, here) else said


def _harvest(reading: Reading, name: str, authority: str, rejected: Counter[str]) -> Harvest:
    rows = save(reading, f"select * exclude line from good order by {name}")
    if not rows:
        raise InputRefused(
            f"{reading.file} has no usable row of {reading.authority}. {most_of(reading, authority)} "
            "Nothing was changed."
        )
    areas = reading.con.execute(
        "select count(distinct oa), count(distinct lsoa), count(distinct ward) from good"
    ).fetchone()
    noun = "properties" if name == "uprn" else f"{name}s"
    figures = {noun: rows} | dict(zip(("output_areas", "lsoas", "wards"), areas or (), strict=True))
    return Harvest(rows, rejected, figures, rows)


def _refuse_old(reading: Reading, column: str) -> None:
    found = re.search(r"\d\d", column)
    if found and not CENSUS <= int(found[0]) < 90:
        raise InputRefused(
            f"{reading.file} has only the output areas of 20{found[0]} (column {column}). Statistics here are on those "
            "of 2021: take an edition of late 2022 or newer, which has OA21CD."
        )


def most_of(reading: Reading, column: str) -> str:
    """Whose a file is that holds nothing of this authority."""
    found = scalar(reading, f"select mode(clean({quoted(column)})) from raw where is_code(clean({quoted(column)}))")
    if not found:
        return "Export it again."
    return f"Most of its rows are of {found}. Import the file of your own region. {was_hint(reading)}"
