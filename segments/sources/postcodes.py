"""ONS look-ups from postcode to areas: NSPL and ONSPD, in every layout since 2022.

Their columns carry years (`lad26cd`) or none (`oslaua`), and a postcode stands in up to three forms.
"""

from segments.files.reading import Head, Reading, plain
from segments.sources.area_columns import has_all, open_placed, placed
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest

FORMS = ("pcds", "pcd8", "pcd7", "pcd2", "pcd")  # one space, eight places, seven places
ENDED = "doterm"


def locate(head: Head) -> int | None:
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = head.header(at)
        if ENDED in names and set(FORMS) & set(names) and "uprn" not in names and has_all(names):
            return at
    return None


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_placed(reading, header_at, ENDED, *FORMS)
    given = reading.column(*FORMS)
    name = next(name for form in FORMS for name in reading.columns if plain(name) == form)
    postcode = f"as_postcode({given})"
    checks = [
        # The Royal Mail ended it: no home has it today, and it may be given to another street tomorrow.
        Check("", "terminated postcode", f"clean({reading.column(ENDED)}) is not null", listed=False, expected=True),
        Check(name, "not a postcode", f"{postcode} is null", f"left({given}, 12)"),
    ]
    return placed(reading, ("postcode", postcode), checks, "the same postcode twice")


FORMATS = (
    Format(
        kind="geography", name="Postcode look-up (NSPL or ONSPD)", normalise=normalise, locate=locate,
        snapshot_kind="postcodes",
        columns=("pcds (or pcd, pcd7, pcd8)", "doterm", "oa21cd", "lsoa21cd", "msoa21cd", "wd26cd (any year, or ward)",
                 "lad26cd (any year, or laua)"),
    ),
)  # fmt: skip
