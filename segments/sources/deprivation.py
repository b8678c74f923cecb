"""English indices of deprivation, File 7: IMD 2025 on LSOAs of 2021 and IMD 2019 on LSOAs of 2011."""

import re

from segments.files.reading import Head, Reading, open_rows, plain, quoted
from segments.sources.area_columns import ELSEWHERE
from segments.sources.area_measures import harvest
from segments.sources.authority_column import NO_HOMES, lies_here, says_ours, tell_other_codes
from segments.sources.format import Check, Format, Harvest

EDITIONS = {"lsoa code (2021)": "imd2025", "lsoa code (2011)": "imd2019"}
DISTRICT = re.compile(r"local authority district code \(\d{4}\)")
CHANGED = "an LSOA of 2011 that the LSOAs of 2021 no longer have: IMD 2019 and today's homes must not be mixed there"
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
    edition = EDITIONS[plain(area)]
    found = harvest(reading, edition, area, figures, checks=_checks(reading, area, district, edition), shares=False,
                    blanks=True)  # fmt: skip
    if district and (ours := lies_here(reading, "lsoa", f"upper(clean({quoted(area)}))")):
        tell_other_codes(reading, district, ours)
    if edition == "imd2019" and not reading.known.geography:
        reading.warnings.append("IMD 2019 is on the LSOAs of 2011: it reaches only homes in LSOAs that did not change")
    return found


def _checks(reading: Reading, area: str, district: str | None, edition: str) -> list[Check]:
    """Rows of other districts, where the file names them and no geography tells; and LSOAs of 2011 that were split or
    merged in 2021."""
    if district is None:
        return []
    code = f"upper(clean({quoted(area)}))"
    said, here = says_ours(reading, f"clean({quoted(district)})"), lies_here(reading, "lsoa", code)
    if here is None:
        return [Check(district, ELSEWHERE, f"not {said}", listed=False, expected=True)]
    return [
        Check(district, ELSEWHERE, f"not {here} and not {said}", listed=False, expected=True),
        Check(area, CHANGED if edition == "imd2019" else NO_HOMES, f"not {here}", f"left({code}, 20)"),
    ]


FORMATS = (
    Format(
        kind="indicator", name="Indices of deprivation, File 7", normalise=normalise, locate=locate,
        columns=("LSOA code (2021)", "Local Authority District code (2024)", "Index of Multiple Deprivation (IMD) …"),
    ),
)  # fmt: skip
