"""Protected addresses: `uprn, added_on, review_on`. Only keyed hashes are kept; nothing shows which homes they are."""

from segments.files.reading import Reading, open_rows
from segments.sources.format import Check, Format, Harvest, Warn, headed_by, refuse_if_none, save, tabulate
from segments.sources.unread import ask_of_unread

NEEDED = ("uprn", "added_on", "review_on")
REPEATED = "the same address twice"
HARM = "these homes are not protected: they are written to, counted and listed like any other"


def normalise(reading: Reading, header_at: int) -> Harvest:
    """An address whose dates cannot be read is protected all the same: only its UPRN must be right."""
    open_rows(reading, header_at=header_at)
    uprn = f"as_uprn({reading.column('uprn')})"
    dates = {name: f"as_day({reading.column(name)})" for name in ("added_on", "review_on")}
    output = {"address": reading.keys.hash_sql(f"concat('uprn', chr(31), {uprn}::varchar)")} | dates
    checks = [Check("uprn", "UPRN is not a whole number of up to 12 digits", f"{uprn} is null")]
    rejected = tabulate(
        reading, output, checks, warns=_undated(reading, dates), unique="address", repeated=REPEATED
    )  # fmt: skip
    reading.expected.add(REPEATED)  # it is protected by the first
    rows = save(reading, "select * exclude line from good order by address")
    refuse_if_none(reading, rows, rejected)
    ask_of_unread(reading, reading.column("uprn"), HARM)
    return Harvest(rows, rejected, {"addresses": rows}, rows)


def _undated(reading: Reading, dates: dict[str, str]) -> list[Warn]:
    return [
        Warn(
            f"{{n}} rows have a date in {name} that cannot be read (expected yyyy-mm-dd or dd/mm/yyyy): the address is "
            "protected all the same",
            f"{sql} is null and clean({reading.column(name)}) is not null",
        )
        for name, sql in dates.items()
    ]


FORMATS = (
    Format(
        kind="protected", name="Protected addresses", columns=NEEDED, normalise=normalise,
        locate=headed_by(*NEEDED, without=("email",)), rows_need=("uprn",),
    ),
)  # fmt: skip
