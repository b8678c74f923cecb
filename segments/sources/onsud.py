"""ONS look-ups from UPRN to areas: ONSUD and NSUL, whole or split by region."""

from segments.files.reading import Head, Reading
from segments.sources.area_columns import has_all, open_placed, placed
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest


def locate(head: Head) -> int | None:
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = head.header(at)
        if "uprn" in names and has_all(names):
            return at
    return None


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_placed(reading, header_at, "uprn")
    uprn = f"as_uprn({reading.column('UPRN')})"
    wrong = Check("UPRN", "UPRN is not a whole number of up to 12 digits", f"{uprn} is null")
    return placed(reading, ("uprn", uprn), [wrong], "the same UPRN twice")


FORMATS = (
    Format(
        kind="geography", name="ONSUD or NSUL", normalise=normalise, locate=locate,
        columns=("UPRN", "OA21CD", "LSOA21CD", "MSOA21CD", "WD25CD (any year)", "LAD25CD (any year)"),
    ),
)  # fmt: skip
