"""People and homes not to contact: a list `type, value, reason, added_on`, type being email, mobile or uprn, or what an
electoral management system knows of its electors' addresses: `UnsubscribeEmail` and `EmailBounceBackDate`.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pyarrow as pa
from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.privacy import Keys
from segments.files.reading import Head, Reading, open_rows
from segments.safeguards import suppression
from segments.safeguards.contact_point import normal
from segments.sources.format import (
    HEADER_WITHIN,
    Check,
    Format,
    Harvest,
    Warn,
    headed_by,
    refuse_if_none,
    save,
    tabulate,
)

# A reason is one of ours, so that nobody's story lands in it.
REASONS = {
    "unsubscribed": "unsubscribed", "objection": "objection", "hard_bounce": "bounce", "bounce": "bounce",
    "deceased": "deceased", "complaint": "complaint",
}  # fmt: skip
CHANNELS = {
    "email": "email", "e-mail": "email", "email address": "email", "mobile": "sms", "sms": "sms", "phone": "sms",
    "telephone": "sms", "mobile phone": "sms",
}  # fmt: skip
HOMES = {"uprn": "", "uprn by email": "email"}  # the channel closed to a home; '' is every one
UNSUBSCRIBED, BOUNCED = "unsubscribeemail", "emailbouncebackdate"
EMS_EMAIL = ("electoremail", "email", "e-mail", "email address")
NOT_OPTED_OUT = "no unsubscription and no bounce"
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
            f"coalesce({kind}, '') not in {(*CHANNELS, 'uprn')}",
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
    return _harvest(reading, tabulate(reading, output, checks, warns=warns))


def locate_ems(head: Head) -> int | None:
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = set(head.header(at))
        if names & {UNSUBSCRIBED, BOUNCED} and names & set(EMS_EMAIL):
            return at
    return None


def normalise_ems(reading: Reading, header_at: int) -> Harvest:
    """Only the address, the home and these two fields are read: such a table also holds dates of birth.

    Who unsubscribed objected, and that is final (UK GDPR Art 21); without an address it is the home's email that
    stops. An address that bounced is not written to again.
    """
    open_rows(reading, header_at=header_at)
    email, uprn = f"clean({reading.column(*EMS_EMAIL)})", f"as_uprn({reading.column('uprn')})"
    # A bit field exports as 0 or 1, a missing date as the first day of 1900.
    objected = f"coalesce(lower(clean({reading.column(UNSUBSCRIBED)})) not in ('n', 'no', 'false', '0', 'null'), false)"
    day = f"as_day({reading.column(BOUNCED)})"
    bounced = (
        f"coalesce(lower(clean({reading.column(BOUNCED)})) not in ('0', 'null'), false) "
        f"and coalesce({day} > date '1900-01-01', true)"
    )
    output = {
        "type": f"case when {email} is not null then 'email' else 'uprn by email' end",
        "given": f"coalesce({email}, {uprn}::varchar)",
        "reason": f"case when {objected} then 'objection' else 'bounce' end",
        "added_on": f"case when {objected} then null else {day} end",
    }  # fmt: skip
    checks = [
        Check("", NOT_OPTED_OUT, f"not {objected} and not ({bounced})", listed=False, expected=True),
        Check("", "no email address", f"{email} is null and not {objected}"),
        Check("", "no email address or UPRN", f"{email} is null and {uprn} is null"),
    ]
    return _harvest(reading, tabulate(reading, output, checks))


def _harvest(reading: Reading, rejected: Counter[str]) -> Harvest:
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
    if kind in HOMES:
        return {"scope": "household", "channel": HOMES[kind], "contact": keys.uprn(given.split(".", 1)[0])}
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
        rows_need=("type", "value"),
        columns=("type", "value", "reason", "added_on"),
    ),
    Format(
        kind="suppressions", name="Unsubscribed and bounced addresses (EMS)", normalise=normalise_ems,
        locate=locate_ems, columns=("ElectorEmail (or Email)", "UnsubscribeEmail", "EmailBounceBackDate", "UPRN"),
        rows_need=(*EMS_EMAIL, UNSUBSCRIBED),
    ),
)  # fmt: skip
