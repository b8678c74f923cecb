"""Democracy Counts Elector8: the full register, and updates that say of each row what to do with it."""

from functools import partial

from segments.sources.entry import Layout
from segments.sources.format import Format, headed_by
from segments.sources.marker import PRINTED, Franchise
from segments.sources.register import Changes, apply, take

NEEDED = ("PDCode", "RollNo", "ElectorSurname", "ElectorForename", "FranchiseMarker", "RegisteredAddress1", "PostCode")
CHANGE = "ChangeTypeID"
LAYOUT = Layout(
    name=("ElectorForename", "ElectorMiddleName", "ElectorSurname"),
    number=("PDCode", "RollNo"),
    suffix="Suffix",
    address=tuple(f"RegisteredAddress{n}" for n in range(1, 7)),
    dwelling=("SubHouse", "House"),
    postcode="PostCode",
    ward="Ward",
    attainment="DateOfAttainment",
    elector_id="ElectorID",
    marker="FranchiseMarker",
    markers=PRINTED | {"E": Franchise.ORDINARY},
)
CHANGES = Changes(CHANGE, f"upper(clean({CHANGE}))")

FORMATS = (
    Format(
        kind="register", name="Elector8 full register", columns=(*NEEDED, "ElectorID", "UPRN"),
        normalise=partial(take, LAYOUT), locate=headed_by(*NEEDED, without=(CHANGE,)), rows_need=(*NEEDED, "ElectorID"),
    ),
    Format(
        kind="register-update", name="Elector8 register update", columns=(*NEEDED, "ElectorID", "UPRN", CHANGE),
        normalise=partial(apply, LAYOUT, CHANGES), locate=headed_by(*NEEDED, CHANGE), snapshot_kind="register",
        rows_need=(*NEEDED, "ElectorID", CHANGE),
    ),
)  # fmt: skip
