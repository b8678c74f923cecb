"""People and homes not to contact: a list `type, value, reason, added_on`, type being email, mobile or uprn, or what an
electoral management system knows of its electors' addresses: `UnsubscribeEmail` and `EmailBounceBackDate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.libraries import pa
from engage.foundation.office import Office
from engage.foundation.privacy import Keys
from segments.files.reading import Head, Reading, open_rows, plain
from segments.safeguards import suppression
from segments.safeguards.contact_point import NO_EMAIL, is_other_number, normal
from segments.sources import opt_out
from segments.sources.contact_columns import emails, phones
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
from segments.sources.unread import ask_of_unread

# A reason is one of ours, so that nobody's story lands in it.
REASONS = {
    "unsubscribed": "unsubscribed", "objection": "objection", "hard_bounce": "bounce", "bounce": "bounce",
    "deceased": "deceased", "complaint": "complaint",
}  # fmt: skip
HOMES = ("uprn", "home", "household", "property")  # a type of these names a home by its UPRN
UNSUBSCRIBED, BOUNCED = "unsubscribeemail", "emailbouncebackdate"
EMS_EMAIL = ("electoremail", "email", "e-mail", "email address")
NOT_OPTED_OUT = "no unsubscription and no bounce"
NO_TYPE, NO_UPRN = "type is not email, mobile or uprn", "UPRN is not a whole number of up to 12 digits"
UNTEXTED = "a telephone number that no text reaches (a landline, or abroad): nothing is sent there"
UNSENT = "a bounce of what is no email address: nothing is sent there"
HARM = "whoever they stand for may be contacted"
GIVEN = "select line, coalesce(type, ''), given, home, or_home from good order by line"


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    kind, value = f"lower(clean({reading.column('type')}))", f"clean({reading.column('value')})"
    day, reason = f"as_day({reading.column('added_on')})", f"lower(clean({reading.column('reason')}))"
    known = f"map({list(REASONS)}, {list(REASONS.values())})[{reason}]"
    output = {
        "type": kind, "given": value, "home": f"as_uprn({value})", "or_home": "false",
        "reason": f"coalesce({known}, 'other')", "added_on": day,
    }  # fmt: skip
    warns = [
        Warn("{n} reasons are not known here and became 'other'", f"{known} is null"),
        Warn(
            "{n} rows have no date (expected yyyy-mm-dd or dd/mm/yyyy): the date of the file stands", f"{day} is null"
        ),
    ]
    rejected = tabulate(reading, output, [Check("value", "no value", f"{value} is null")], warns=warns)
    return harvest(reading, rejected, reading.column("value"))


def locate_ems(head: Head) -> int | None:
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = set(head.header(at))
        if names & {UNSUBSCRIBED, BOUNCED} and names & set(EMS_EMAIL):
            return at
    return None


def normalise_ems(reading: Reading, header_at: int) -> Harvest:
    """Only the address, the home and these two fields are read: such a table also holds dates of birth.

    Who unsubscribed objected, and that is final (UK GDPR Art 21); without an address that can be read it is the home's
    email that stops. An address that bounced is not written to again.
    """
    open_rows(reading, header_at=header_at)
    email, uprn = f"clean({reading.column(*EMS_EMAIL)})", f"as_uprn({reading.column('uprn')})"
    # A bit field exports as 0 or 1, a missing date as the first day of 1900.
    of = {name: [column for column in reading.columns if plain(column) == name] for name in (UNSUBSCRIBED, BOUNCED)}
    objected, bounced = (f"{opt_out.answers(columns)} <> 'no'" for columns in of.values())
    output = {
        "type": f"case when {email} is not null then 'email' else 'uprn by email' end", "given": email, "home": uprn,
        "or_home": objected, "reason": f"case when {objected} then 'objection' else 'bounce' end",
        "added_on": f"case when {objected} then null else as_day({reading.column(BOUNCED)}) end",
    }  # fmt: skip
    checks = [
        Check("", NOT_OPTED_OUT, f"not {objected} and not {bounced}", listed=False, expected=True),
        Check("", "no email address", f"{email} is null and not {objected}", expected=True),
        Check("", UNSENT, f"not {objected} and not contains({email}, '@')", expected=True),
        Check("", "no email address or UPRN", f"{email} is null and {uprn} is null"),
    ]
    rejected = tabulate(reading, output, checks)
    opt_out.ask_of_unclear(reading, [*of[UNSUBSCRIBED], *of[BOUNCED]])
    return harvest(reading, rejected, reading.column("uprn"))


def harvest(reading: Reading, rejected: Counter[str], cell: str, given: str = GIVEN) -> Harvest:
    """`given` is SQL of what each row of `good` gives to know somebody or a home by; `cell` of what tells why a row
    cannot be read."""
    rejected += _key(reading, given)
    rows = save(reading, ENTRIES)
    accepted = reading.rows - sum(rejected.values())
    refuse_if_none(reading, accepted, rejected)
    ask_of_unread(reading, cell, HARM)
    return Harvest(accepted, rejected, _figures(reading), rows, after=_take_up(_entries(reading)))


# A home is kept under the channel `household`, by the keyed hash of its UPRN.
ENTRIES = """
select case scope when 'household' then 'household' else channel end as channel, contact, reason, added_on
from keyed join good using (line) order by line
"""


@dataclass(frozen=True)
class Given:
    """What a row gives of somebody or of a home. With `or_home`, where no contact of the row can be read its home is
    closed to that channel instead: an objection stands whatever else is wrong with its row."""

    line: int
    kind: str
    value: str | None
    home: int | None
    or_home: bool


def _key(reading: Reading, given: str) -> Counter[str]:
    """Hash every entry; a row of which no value is a contact or a home is rejected, unseen."""
    keyed, failed = [], list[tuple[Given, str]]()
    for row in (Given(*found) for found in reading.con.execute(given).fetchall()):
        try:
            keyed.append({"line": row.line} | _keyed(reading.keys, row))
        except InputRefused as error:
            failed.append((row, str(error)))
    read = {entry["line"] for entry in keyed}
    unread = [(row, why) for row, why in failed if row.line not in read]
    by_home = [row for row, _ in unread if row.or_home and row.home]
    keyed += [{"line": row.line} | _closed(reading.keys, row.home, _channel(row) or "email") for row in by_home]
    texts = [(name, pa.string()) for name in ("scope", "channel", "contact")]
    schema = pa.schema([("line", pa.int64()), *texts])
    reading.con.register("keyed", pa.Table.from_pylist(keyed, schema=schema))
    saved = {row.line for row in by_home}
    return _list_unread(reading, {row.line: why for row, why in reversed(unread) if row.line not in saved})


def _list_unread(reading: Reading, problems: dict[int, str]) -> Counter[str]:
    bounces = {line for (line,) in reading.con.execute("select line from good where reason = 'bounce'").fetchall()}
    told = {line: UNSENT if why == NO_EMAIL and line in bounces else why for line, why in sorted(problems.items())}
    for line, why in told.items():
        reading.con.execute("insert into rejects values (?, 'value', ?, null)", [line, why])
    rejected = Counter(told.values())
    reading.expected |= {UNTEXTED, UNSENT} & rejected.keys()
    return rejected


def _keyed(keys: Keys, given: Given) -> dict[str, str]:
    channel, value = _channel(given), given.value or ""
    if channel == "home":
        return _closed(keys, given.home, "")
    if channel is None:
        raise InputRefused(NO_TYPE)
    try:
        return {"scope": "contact", "channel": channel, "contact": keys.contact(channel, normal(channel, value))}
    except InputRefused:
        if channel == "sms" and is_other_number(value):
            raise InputRefused(UNTEXTED) from None
        raise


def _closed(keys: Keys, home: int | None, channel: str) -> dict[str, str]:
    """A home closed to a channel, '' being every one."""
    if home is None:
        raise InputRefused(NO_UPRN)
    return {"scope": "household", "channel": channel, "contact": keys.uprn(home)}


def _channel(given: Given) -> str | None:
    """By its type, unless the value is plainly something else: a list kept by hand has the types of other rows."""
    value = given.value or ""
    if "@" in value:
        return "email"
    if given.kind in HOMES and given.home:
        return "home"
    if _is_mobile(value):
        return "sms"
    told = {"home": given.kind in HOMES, "email": emails([given.kind]), "sms": phones([given.kind])}
    return next((channel for channel, so in told.items() if so), None)


def _is_mobile(value: str) -> bool:
    try:
        normal("sms", value)
    except InputRefused:
        return False
    return True


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
