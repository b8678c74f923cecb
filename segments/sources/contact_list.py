"""Contact details a council may use: each with its source, lawful basis, agreement and date, or it stays out."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pyarrow as pa
from sqlmodel import Session

from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.privacy import Keys
from segments.files.reading import Head, Reading, literal, open_rows
from segments.safeguards import suppression
from segments.safeguards.contact_point import is_simulated, normal
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest, Warn, refuse_if_none, save, tabulate

# What each column may be called; exports of back offices differ.
NAMES = {
    "uprn": ("uprn",),
    "source": ("source", "data source", "service"),
    "lawful_basis": ("lawful_basis", "lawful basis", "legal basis", "legal_basis"),
    "agreement_reference": (
        "agreement_reference", "agreement reference", "agreement ref", "data sharing agreement", "dsa reference",
        "agreement",
    ),
    "collected_on": ("collected_on", "collected on", "date collected", "date_collected", "collection date"),
    "email": ("email", "e-mail", "email address", "e-mail address", "email_address", "emailaddress"),
    "mobile": (
        "mobile", "mobile phone", "mobile number", "mobile_phone", "mobile_number", "mobilephone", "telephone",
        "telephone number", "phone", "phone number",
    ),
    "unsubscribed": ("unsubscribed", "unsubscribeemail", "opted out", "opt out", "opted_out"),
    "objection_on": ("objection_on", "objection on", "date of objection"),
}  # fmt: skip
NEEDED = ("uprn", "source", "lawful_basis", "agreement_reference", "collected_on")
ELECTOR = ("surname", "electorsurname", "elector surname", "electornumber", "elector number", "electorid", "type")
EMS = ("unsubscribeemail", "emailbouncebackdate")  # an electoral system's own suppressions
CHANNELS = {"email": "email", "sms": "mobile"}
BATCH = 50_000
SIMULATED = "kept by GOV.UK Notify for tests, no resident"
POINTS = pa.schema([(name, pa.string()) for name in ("channel", "given", "contact", "value", "problem")])

# One row of the file may hold an e-mail address and a mobile; each stands or falls by itself.
LONG = """
create table candidates as select g.*, p.contact, p.value, p.problem
from (select *, 'email' as channel, email as given from good where email is not null
      union all select *, 'sms', mobile from good where mobile is not null) g
left join points p on p.channel = g.channel and p.given = g.given
"""
STANDING = """
select distinct on (uprn, channel, contact) * from candidates where contact is not null
order by uprn, channel, contact, objected desc, collected_on desc, line
"""
# Of somebody who objected the hash is enough, to know the contact again.
CONTACTS = f"""
select uprn, channel, contact, case when objected then '' else value end as value, source, lawful_basis,
    agreement_reference, collected_on, objected
from ({STANDING}) order by uprn, channel, contact
"""
KEPT = "select line from candidates where contact is not null"
FAILED = f"""
select line, arg_min(problem, channel) as problem, case min(channel) when 'sms' then 'mobile' else 'email' end as name
from candidates where line not in ({KEPT}) group by line
"""
HALVES = f"""
select channel, count(*) from candidates where contact is null and line in ({KEPT}) group by channel order by channel
"""


def locate(head: Head) -> int | None:
    """A table of UPRNs with all a contact list needs, or at least with a contact: then it is told what it lacks."""
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        names = set(head.header(at))
        found = {meaning for meaning, known in NAMES.items() if names & set(known)}
        told = found & {"email", "mobile"} and not names & {*EMS, *ELECTOR}
        if "uprn" in found and (told or set(NEEDED) <= found):
            return at
    return None


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    _refuse_lacking(reading)
    output = {
        "uprn": f"as_uprn({_column(reading, 'uprn')})", "email": f"clean({_column(reading, 'email')})",
        "mobile": f"clean({_column(reading, 'mobile')})",
        **{name: f"clean({_column(reading, name)})" for name in ("source", "lawful_basis", "agreement_reference")},
        "collected_on": f"as_day({_column(reading, 'collected_on')})", "objected": _objected(reading),
    }  # fmt: skip
    rejected = tabulate(reading, output, _checks(reading), warns=WARNS)
    reading.progress("Encrypting contact details")
    _points(reading)
    reading.con.execute(LONG)
    rejected += _list_failed(reading)
    rows = save(reading, CONTACTS)
    accepted = reading.rows - sum(rejected.values())
    refuse_if_none(reading, accepted, rejected)
    _warn_of_lost_halves(reading)
    return Harvest(accepted, rejected, _figures(reading), rows, after=_suppress(_objections(reading)))


def _column(reading: Reading, meaning: str) -> str:
    return reading.column(*NAMES[meaning])


def _refuse_lacking(reading: Reading) -> None:
    """UK GDPR Art 5(2): without where it came from, on which basis and under which agreement, no contact is used."""
    lacking = [meaning for meaning in NEEDED if not any(reading.has(name) for name in NAMES[meaning])]
    if lacking:
        raise InputRefused(
            f"{reading.file} lacks the columns {', '.join(lacking)}. Every contact needs its source, lawful basis, the "
            "reference of the agreement it was shared under, and the day it was collected. Add them. "
            "Nothing was changed."
        )
    if not any(reading.has(name) for meaning in CHANNELS.values() for name in NAMES[meaning]):
        raise InputRefused(f"{reading.file} has neither a column 'email' nor a column 'mobile'. Add at least one.")


WARNS = [
    Warn(
        "{n} rows say that the person unsubscribed or objected: they are kept only so as not to be contacted",
        "objected",
    )
]


def _objected(reading: Reading) -> str:
    said = f"lower(clean({_column(reading, 'unsubscribed')})) not in ('n', 'no', 'false', '0')"  # in doubt, they did
    return f"coalesce({said}, false) or clean({_column(reading, 'objection_on')}) is not null"


def _checks(reading: Reading) -> list[Check]:
    def blank(column: str) -> str:
        return f"clean({_column(reading, column)}) is null"

    day = f"as_day({_column(reading, 'collected_on')})"
    return [
        Check("uprn", "UPRN is not a whole number of up to 12 digits", f"as_uprn({_column(reading, 'uprn')}) is null"),
        Check("source", "no source", blank("source")),
        # UK GDPR Art 5(2): what cannot be accounted for is not used.
        Check("lawful_basis", "no lawful basis", blank("lawful_basis")),
        Check("agreement_reference", "no agreement reference", blank("agreement_reference")),
        Check("collected_on", "no date of collection (expected yyyy-mm-dd or dd/mm/yyyy)", f"{day} is null",
              f"left({_column(reading, 'collected_on')}, 20)"),
        Check("collected_on", "date of collection is after the date of the file",
              f"{day} > {literal(reading.as_at.isoformat())}::date", f"left({_column(reading, 'collected_on')}, 20)"),
        Check("email", "no email address or mobile number", f"{blank('email')} and {blank('mobile')}"),
    ]  # fmt: skip


def _points(reading: Reading) -> None:
    """Every distinct contact once: normalised, hashed and encrypted, or what is wrong with it."""
    reading.con.register("none", POINTS.empty_table())
    reading.con.execute("create table points as select * from none")
    for channel, column in CHANNELS.items():
        found = reading.con.cursor().execute(f"select distinct {column} from good where {column} is not null")
        while batch := found.fetchmany(BATCH):
            rows = [_point(reading.keys, channel, value) for (value,) in batch]
            reading.con.register("batch", pa.Table.from_pylist(rows, schema=POINTS))
            reading.con.execute("insert into points select * from batch")


def _point(keys: Keys, channel: str, given: str) -> dict[str, str | None]:
    try:
        value = normal(channel, given)
    except InputRefused as error:
        return {"channel": channel, "given": given, "problem": str(error)}
    if is_simulated(channel, value):
        return {"channel": channel, "given": given, "problem": SIMULATED}
    return {
        "channel": channel, "given": given, "contact": keys.contact(channel, value), "value": keys.encrypt(value),
    }  # fmt: skip


def _list_failed(reading: Reading) -> Counter[str]:
    reading.con.execute(f"insert into rejects select line, name, problem, null from ({FAILED})")
    found = reading.con.execute(f"select problem, count(*) from ({FAILED}) group by 1").fetchall()
    return Counter(dict(found))


def _warn_of_lost_halves(reading: Reading) -> None:
    for channel, count in reading.con.execute(HALVES).fetchall():
        reading.warnings.append(f"rows kept without their {CHANNELS[channel]}, which cannot be used: {count:,}")


def _figures(reading: Reading) -> dict[str, int]:
    row = reading.con.execute(
        "select count(*) filter (channel = 'email'), count(*) filter (channel = 'sms'), count(distinct uprn), "
        f"count(*) filter (objected) from ({STANDING})"
    ).fetchone()
    return dict(zip(("emails", "mobiles", "properties", "objected"), row or (), strict=True))


def _objections(reading: Reading) -> list[tuple[str, str]]:
    query = "select distinct channel, contact from candidates where objected and contact is not null order by all"
    return [(channel, contact) for channel, contact in reading.con.execute(query).fetchall()]


def _suppress(objections: list[tuple[str, str]]) -> Callable[[Session, Office, Snapshot], None]:
    """An objection outlasts the list it came in, so it also goes to the live list."""

    def write(session: Session, office: Office, snapshot: Snapshot) -> None:
        day: date = today(office.clock)
        entries = [("contact", contact, channel, "objection", day) for channel, contact in objections]
        suppression.add_imported(session, snapshot.authority, str(snapshot.id), entries)

    return write


FORMATS = (
    Format(
        kind="contacts", name="Contact list", normalise=normalise, locate=locate,
        columns=(*NEEDED, "email", "mobile", "unsubscribed", "objection_on"),
        rows_need=tuple(name for meaning in NEEDED for name in NAMES[meaning]),
    ),
)  # fmt: skip
