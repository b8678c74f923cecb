"""ONS look-ups from UPRN to areas: ONSUD and NSUL. Column names carry years that drift, so they are met by prefix."""

import re

from engage.foundation.errors import InputRefused
from segments.reading import Head, Reading, literal, open_rows, plain, quoted
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest, Warn, save, scalar, tabulate

AREAS = {
    "oa": r"oa(21(cd)?|\d\dcd)", "lsoa": r"lsoa(21(cd)?|\d\dcd)", "msoa": r"msoa(21(cd)?|\d\dcd)",
    "ward": r"wd\d\dcd|ward|osward", "authority": r"lad\d\dcd|lad|laua|oslaua",
}  # fmt: skip


def _column(names: list[str], area: str) -> str | None:
    """The newest column of an area: `LSOA21CD` before `LSOA11CD`."""
    return max((name for name in names if re.fullmatch(AREAS[area], plain(name))), default=None, key=plain)


def locate(head: Head) -> int | None:
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = head.header(at)
        if "uprn" in names and all(_column(names, area) for area in AREAS):
            return at
    return None


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    columns = {area: quoted(_column(reading.columns, area) or "") for area in AREAS}
    uprn, own = reading.column("UPRN"), literal(reading.authority)
    output = {"uprn": f"as_uprn({uprn})"} | {area: f"clean({name})" for area, name in columns.items()}
    missing = [
        Check(
            columns[area].strip('"'), f"no {area} code", f"not coalesce(is_code(clean({columns[area]})), false)",
            f"left(clean({columns[area]}), 12)",
        )
        for area in ("oa", "lsoa", "ward")
    ]  # fmt: skip
    checks = [
        Check("UPRN", "UPRN is not a whole number of up to 12 digits", f"as_uprn({uprn}) is null"),
        # A regional file holds millions of rows of other authorities: counted, not listed.
        Check("", "in another authority", f"clean({columns['authority']}) is distinct from {own}", listed=False),
        *missing,
    ]
    warns = [Warn("{n} rows have no MSOA code", f"not coalesce(is_code(clean({columns['msoa']})), false)")]
    rejected = tabulate(reading, output, checks, warns=warns, unique="uprn", repeated="the same UPRN twice")
    rows = save(reading, "select * exclude line from good order by uprn")
    if not rows:
        raise InputRefused(
            f"{reading.file} has no usable row of {reading.authority}. {_others(columns['authority'], reading)}"
        )
    row = reading.con.execute(
        "select count(distinct oa), count(distinct lsoa), count(distinct ward) from good"
    ).fetchone()
    figures = {"properties": rows} | dict(zip(("output_areas", "lsoas", "wards"), row or (), strict=True))
    return Harvest(rows, rejected, figures, rows)


def _others(column: str, reading: Reading) -> str:
    found = scalar(reading, f"select mode(clean({column})) from raw where is_code(clean({column}))")  # noqa: S608 - quoted
    return f"Most of its rows are of {found}. Import the file of your own region." if found else "Export it again."


FORMATS = (
    Format(
        kind="geography", name="ONSUD or NSUL", normalise=normalise, locate=locate,
        columns=("UPRN", "OA21CD", "LSOA21CD", "MSOA21CD", "WD25CD (any year)", "LAD25CD (any year)"),
    ),
)  # fmt: skip
