"""English indices of deprivation, File 7: IMD 2025 on LSOAs of 2021 and IMD 2019 on LSOAs of 2011."""

import re

from segments.reading import Head, Reading, literal, open_rows, plain, quoted
from segments.sources.area_measures import harvest
from segments.sources.format import Format, Harvest

EDITIONS = {"lsoa code (2021)": "imd2025", "lsoa code (2011)": "imd2019"}
DISTRICT = re.compile(r"local authority district code \(\d{4}\)")
FIGURE = re.compile(r" (score|rank|decile)\b|population|children aged")


def locate(head: Head) -> int | None:
    for at in range(min(4, len(head.rows))):
        names = head.header(at)
        if EDITIONS.keys() & set(names) and any(name.startswith("index of multiple deprivation") for name in names):
            return at
    return None


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    area = next(name for name in reading.columns if plain(name) in EDITIONS)
    district = next((name for name in reading.columns if DISTRICT.fullmatch(plain(name))), None)
    figures = [name for name in reading.columns if FIGURE.search(plain(name)) and not plain(name).startswith("lsoa ")]
    elsewhere = f"clean({quoted(district)}) is distinct from {literal(reading.authority)}" if district else ""
    edition = EDITIONS[plain(area)]
    if edition == "imd2019":
        reading.warnings.append("IMD 2019 is on the LSOAs of 2011: it reaches only homes in LSOAs that did not change")
    return harvest(reading, edition, area, figures, elsewhere=elsewhere, shares=False, blanks=True)


FORMATS = (
    Format(
        kind="indicator", name="Indices of deprivation, File 7", normalise=normalise, locate=locate,
        columns=("LSOA code (2021)", "Local Authority District code (2024)", "Index of Multiple Deprivation (IMD) …"),
    ),
)  # fmt: skip
