"""Lists of people and homes not to contact: `type, value, reason, added_on`, type being email, mobile or uprn."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pyarrow as pa
from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.privacy import Keys
from segments import suppression
from segments.contact_point import normal
from segments.reading import Reading, open_rows
from segments.sources.format import Check, Format, Harvest, Warn, headed_by, refuse_if_none, save, tabulate

# A reason is one of ours, so that nobody's story lands in it.
REASONS = {
    "unsubscribed": "unsubscribed", "objection": "objection", "hard_bounce": "bounce", "bounce": "bounce",
    "deceased": "deceased", "complaint": "complaint",
}  # fmt: skip
CHANNELS = {"email": "email", "mobile": "sms", "sms": "sms"}
KEYED = pa.schema([("line", pa.int64()), ("scope", pa.string()), ("channel", pa.string()), ("contact", pa.string())])


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    kind, value = f"lower(clean({reading.column('type')}))", f"clean({reading.column('value')})"
    day, reason = f"as_day({reading.column('added_on')})", f"lower(clean({reading.column('reason')}))"
    known = f"map({list(REASONS)}, {list(REASONS.values())})[{reason}]"
    output = {"type": kind, "given": value, "reason": f"coalesce({known}, 'other')", "added_on": day}
    checks = [
        Check(
            "type",
            "type is not email, mobile or uprn",
            f"coalesce({kind}, '') not in ('email', 'mobile', 'sms', 'uprn')",
        ),
        Check("value", "no value", f"{value} is null"),
        Check(
            "value", "UPRN is not a whole number of up to 12 digits", f"{kind} = 'uprn' and as_uprn({value}) is null"
        ),
    ]
    warns = [
        Warn("{n} reasons are not known here and became 'other'", f"{known} is null"),
        Warn(
            "{n} rows have no date (expected yyyy-mm-dd or dd/mm/yyyy): the date of the file stands", f"{day} is null"
        ),
    ]
    rejected = tabulate(reading, output, checks, warns=warns)
    rejected += _key(reading)
    rows = save(reading, ENTRIES)
    accepted = reading.rows - sum(rejected.values())
    refuse_if_none(reading, accepted, rejected)
    return Harvest(accepted, rejected, _figures(reading), rows, after=_take_up(_entries(reading)))


# A home is kept under the channel `household`, by the keyed hash of its UPRN.
ENTRIES = """
select case scope when 'household' then 'household' else channel end as channel, contact, reason, added_on
from keyed join good using (line) order by line
"""


def _key(reading: Reading) -> Counter[str]:
    """Hash every entry; a value that is no contact is rejected, unseen."""
    keyed, rejected = [], Counter[str]()
    for line, kind, given in reading.con.execute("select line, type, given from good order by line").fetchall():
        try:
            keyed.append({"line": line} | _keyed(reading.keys, kind, given))
        except InputRefused as error:
            rejected[str(error)] += 1
            reading.con.execute("insert into rejects values (?, 'value', ?, null)", [line, str(error)])
    reading.con.register("keyed", pa.Table.from_pylist(keyed, schema=KEYED))
    return rejected


def _keyed(keys: Keys, kind: str, given: str) -> dict[str, str]:
    if kind == "uprn":
        return {"scope": "household", "channel": "", "contact": keys.uprn(given.split(".", 1)[0])}
    channel = CHANNELS[kind]
    return {"scope": "contact", "channel": channel, "contact": keys.contact(channel, normal(channel, given))}


def _figures(reading: Reading) -> dict[str, int]:
    row = reading.con.execute(
        "select count(*) filter (scope = 'contact'), count(*) filter (scope = 'household') from keyed"
    ).fetchone()
    return dict(zip(("contacts", "households"), row or (), strict=True))


def _entries(reading: Reading) -> list[tuple[str, str, str, str, date]]:
    query = (
        "select scope, contact, channel, reason, coalesce(added_on, ?) from keyed join good using (line) order by line"
    )
    return reading.con.execute(query, [reading.as_at]).fetchall()


def _take_up(entries: list[tuple[str, str, str, str, date]]) -> Callable[[Session, Office, Snapshot], None]:
    def write(session: Session, _office: Office, snapshot: Snapshot) -> None:
        suppression.add_imported(session, snapshot.authority, str(snapshot.id), entries)

    return write


FORMATS = (
    Format(
        kind="suppressions", name="Suppression list", normalise=normalise, locate=headed_by("type", "value", "reason"),
        columns=("type", "value", "reason", "added_on"),
    ),
)  # fmt: skip
