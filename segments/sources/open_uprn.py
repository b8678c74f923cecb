"""OS Open UPRN: the coordinates of every UPRN of Great Britain, 40 million rows without an address.

It is for homes whose point in the gazetteer is missing or 0,0, and for checking points against the ward their code
says. Only UPRNs that the authority's gazetteer or geography knows are kept, as a kind of snapshot of their own:

    coordinates  uprn, easting, northing (metres, British National Grid), latitude, longitude (degrees, ETRS89)
"""

from engage.foundation.errors import InputRefused
from segments.files.reading import Reading, literal, open_rows
from segments.sources import gazetteer
from segments.sources.format import Check, Format, Harvest, headed_by, refuse_if_none, save, tabulate

COLUMNS = ("UPRN", "X_COORDINATE", "Y_COORDINATE", "LATITUDE", "LONGITUDE")
# The National Grid's bounds, and those of Great Britain in degrees.
BOUNDS = {"X_COORDINATE": (0, 700_000), "Y_COORDINATE": (0, 1_300_000), "LATITUDE": (49, 61), "LONGITUDE": (-9, 2)}


def normalise(reading: Reading, header_at: int) -> Harvest:
    known = [path for path in (reading.known.gazetteer, reading.known.geography) if path]
    if not known:
        raise InputRefused(
            f"{reading.file} holds every UPRN of Great Britain, and nothing here tells which are of "
            f"{reading.authority}. Import the gazetteer or the geography first, then this file again."
        )
    open_rows(reading, header_at=header_at)
    paths = ", ".join(literal(str(path)) for path in known)
    reading.con.execute(f"create table own as select distinct uprn from read_parquet([{paths}], union_by_name = true)")
    elsewhere = gazetteer.leave_out(reading, "as_uprn(UPRN) not in (select uprn from own)")
    checks = [Check("UPRN", gazetteer.FAULT_UPRN, "as_uprn(UPRN) is null")] + [
        Check(name, f"{name} is not a number from {low} to {high}",
              f"not coalesce(as_number({name}) between {low} and {high}, false)", f"left({name}, 20)")
        for name, (low, high) in BOUNDS.items()
    ]  # fmt: skip
    output = {
        "uprn": "as_uprn(UPRN)", "easting": "as_number(X_COORDINATE)", "northing": "as_number(Y_COORDINATE)",
        "latitude": "as_number(LATITUDE)", "longitude": "as_number(LONGITUDE)",
    }  # fmt: skip
    rejected = tabulate(
        reading, output, checks, unique="uprn", repeated=gazetteer.REPEATED, unlisted_if=elsewhere
    )  # fmt: skip
    rows = save(reading, "select * exclude line from good order by uprn")
    refuse_if_none(reading, rows, rejected)
    return Harvest(rows, rejected, {"properties": rows}, rows)


FORMATS = (
    Format(
        kind="gazetteer", name="OS Open UPRN", normalise=normalise, snapshot_kind="coordinates",
        columns=COLUMNS, locate=headed_by(*COLUMNS, without=("CLASS", "CHANGE_TYPE")),
    ),
)  # fmt: skip
