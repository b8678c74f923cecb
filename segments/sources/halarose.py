"""Halarose, now Idox Eros: the full register, often with the day of publication above its header.

Addresses have seven or nine lines, and the postcode a column of its own or any of the lines. `Opt Out` and `Status` say
who left the open register, which is no franchise and is not read.
"""

import re

from segments.files.reading import Reading, literal
from segments.sources.entry import Layout
from segments.sources.format import Format, Harvest, headed_by, scalar
from segments.sources.marker import PRINTED, Franchise
from segments.sources.register import take

NEEDED = ("PD", "ENO", "Surname", "Franchise Flag", "Address 1")
PUBLISHED = re.compile(r"date published\W+(\d\S+)", re.IGNORECASE)
LAYOUT = Layout(
    name=("First Names", "First Name", "Initials", "Surname"),
    forenames=("First Names", "First Name"),
    surname="Surname",
    number=("PD", "ENO"),
    address=tuple(f"Address {n}" for n in range(1, 10)),
    postcode="Postcode",
    postcode_in_lines=True,
    attainment="Date of Attainment",
    marker="Franchise Flag",
    markers=PRINTED | {"": Franchise.ORDINARY, "Z": Franchise.NONE},
)


def normalise(reading: Reading, header_at: int) -> Harvest:
    _compare_dates(reading, header_at)
    return take(LAYOUT, reading, header_at)


def _compare_dates(reading: Reading, header_at: int) -> None:
    above = " ".join(cell for row in reading.head.rows[:header_at] for cell in row)
    if not (said := PUBLISHED.search(above)):
        return
    day = scalar(reading, f"select as_day({literal(said[1])})")
    if day and day != reading.as_at:
        reading.warnings.append(
            f"The file says it was published on {day.isoformat()}, but it comes in as at {reading.as_at.isoformat()}: "
            "make sure that it is the right file"
        )


FORMATS = (
    Format(
        kind="register", name="Halarose (Idox Eros) full register", columns=NEEDED, normalise=normalise,
        locate=headed_by(*NEEDED),
    ),
)  # fmt: skip
