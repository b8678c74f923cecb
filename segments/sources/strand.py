"""Strand: the full register, its address in parts; a `(z)` before the surname left the open register."""

from functools import partial

from segments.sources.entry import Layout
from segments.sources.format import Format, headed_by
from segments.sources.marker import PRINTED, Franchise
from segments.sources.register import take

NEEDED = ("DISTRICT", "ELNO", "SURNAME", "QUALIFICATION", "STREETNAME", "PCODE")
LAYOUT = Layout(
    name=("FORENAMES", "SURNAME"),
    number=("DISTRICT", "ELNO"),
    address=(
        "FLAT",
        "HOUSENAME",
        "HOUSENUMBER",
        "SUBSTREETNAME",
        "STREETNAME",
        *(f"STREETADD{n}" for n in range(1, 5)),
    ),
    postcode="PCODE",
    postcode_in_lines=True,
    ward="WARD",
    attainment="DO18",
    marker="QUALIFICATION",
    markers=PRINTED | {"": Franchise.ORDINARY, "Z": Franchise.NONE},
)

FORMATS = (
    Format(
        kind="register", name="Strand full register", columns=NEEDED, normalise=partial(take, LAYOUT),
        locate=headed_by(*NEEDED),
    ),
)  # fmt: skip
