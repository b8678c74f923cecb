"""Protected addresses: `uprn, added_on, review_on`. Only keyed hashes are kept; nothing shows which homes they are."""

from segments.files.reading import Reading, open_rows
from segments.sources.format import Check, Format, Harvest, headed_by, refuse_if_none, save, tabulate

NEEDED = ("uprn", "added_on", "review_on")


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    uprn = f"as_uprn({reading.column('uprn')})"
    dates = {name: f"as_day({reading.column(name)})" for name in ("added_on", "review_on")}
    output = {"address": reading.keys.hash_sql(f"concat('uprn', chr(31), {uprn}::varchar)")} | dates
    checks = [
        Check("uprn", "UPRN is not a whole number of up to 12 digits", f"{uprn} is null"),
        *(
            Check(name, "not a date (expected yyyy-mm-dd or dd/mm/yyyy)",
                  f"{sql} is null and clean({reading.column(name)}) is not null")
            for name, sql in dates.items()
        ),
    ]  # fmt: skip
    rejected = tabulate(reading, output, checks, unique="address", repeated="the same address twice")
    rows = save(reading, "select * exclude line from good order by address")
    refuse_if_none(reading, rows, rejected)
    return Harvest(rows, rejected, {"addresses": rows}, rows)


FORMATS = (
    Format(
        kind="protected", name="Protected addresses", columns=NEEDED, normalise=normalise,
        locate=headed_by(*NEEDED, without=("email",)), rows_need=("uprn",),
    ),
)  # fmt: skip
