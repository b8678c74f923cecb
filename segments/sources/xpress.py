"""Civica Xpress: the full register in 13 or 14 columns and perhaps an elector id, and the monthly update in 23.

The update says what to do by the months in which an entry was created, changed and deleted. Its address lines and those
of the full register repeat the postcode. Elector numbers (`KD-2/2-289/1`) are new each December.
"""

from dataclasses import replace
from functools import partial

from segments.files.reading import Head
from segments.sources.entry import Layout
from segments.sources.format import Check, Format, headed_by
from segments.sources.marker import PRINTED, Franchise
from segments.sources.register import Changes, apply, take

FULL = ("Elector Number Prefix", "Elector Number", "Elector Markers", "PostCode", "Address1")
UPDATE = ("ElectorNumber", "ElectorForename", "ElectorSurname", "PropertyAddress1", "PropertyPostCode")
CREATED, CHANGED, DELETED = MONTHS = ("ElectorCreatedMonth", "ElectorChangedMonth", "ElectorDeletedMonth")
REGISTER = Layout(
    name=("Elector Name", "Elector Forename", "Elector Surname"),
    number=("Elector Number Prefix", "Elector Number"),
    suffix="Elector Number Suffix",
    address=tuple(f"Address{n}" for n in range(1, 7)),
    postcode="PostCode",
    postcode_in_lines=True,
    birth="Elector DOB",
    elector_id="Elector ID",
    forenames=("Elector Forename",),
    surname="Elector Surname",
    marker="Elector Markers",
    markers=PRINTED | {"": Franchise.ORDINARY, "Z": Franchise.NONE},
)
MONTHLY = replace(
    REGISTER,
    name=("ElectorForename", "ElectorSurname"),
    forenames=("ElectorForename",),
    surname="ElectorSurname",
    number=("ElectorNumber",),
    suffix="",
    district="DistrictRef",
    address=tuple(f"PropertyAddress{n}" for n in range(1, 6)),
    dwelling=("PropertyAddressPrefix", "PropertyAddressNumber"),
    postcode="PropertyPostCode",
    birth="ElectorDOB",
    marker="MarkersRegisterText",
)


def _happened(month: str) -> str:
    return f"coalesce(whole({month}), 0) > 0"


CAME_AND_WENT = f"({_happened(CREATED)} and {_happened(DELETED)})"
UNREADABLE = {month: f"(clean({month}) is not null and whole({month}) is null)" for month in MONTHS}
CHANGES = Changes(
    DELETED,
    f"case when {_happened(DELETED)} then 'D' when {_happened(CREATED)} then 'N' else 'A' end",
    (
        *(Check(month, f"{month} is not a whole number", when, month) for month, when in UNREADABLE.items()),
        Check(DELETED, "created and deleted again before this update", CAME_AND_WENT, expected=True),
    ),
)


def locate(head: Head) -> int | None:
    """The name is in one column or in two."""
    found = (headed_by(*FULL, name)(head) for name in ("Elector Name", "Elector Surname"))
    return next((at for at in found if at is not None), None)


FORMATS = (
    Format(
        kind="register", name="Xpress full register", columns=(*FULL, "Elector Name or Elector Surname", "Elector ID"),
        normalise=partial(take, REGISTER), locate=locate, rows_need=(*FULL, *REGISTER.name, "Elector ID"),
    ),
    Format(
        kind="register-update", name="Xpress monthly update", columns=(*UPDATE, *MONTHS),
        normalise=partial(apply, MONTHLY, CHANGES), locate=headed_by(*UPDATE, *MONTHS), snapshot_kind="register",
    ),
)  # fmt: skip
