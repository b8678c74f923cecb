"""Contact details a council may use: each with its source, lawful basis, agreement and date, or it stays out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from datetime import date

from sqlmodel import Session

from engage.foundation.clock import today
from engage.foundation.data_keys import Sealer, keep
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.libraries import pa
from engage.foundation.office import Office
from engage.foundation.privacy import Keys
from engage.foundation.words import plural
from segments.files.questions import Question
from segments.files.reading import Head, Reading, literal, open_rows
from segments.safeguards import made_up, suppression
from segments.safeguards.contact_point import is_simulated, normal
from segments.sources import opt_out
from segments.sources.contact_columns import cells, emails, phones
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest, Warn, refuse_if_none, save, scalar, tabulate
from segments.sources.unread import cause, lines_of

# What each column may be called; exports of back offices differ. Those of contacts and opt-outs are told by a pattern.
NAMES = {
    "uprn": ("uprn",),
    "source": ("source", "data source", "service"),
    "lawful_basis": ("lawful_basis", "lawful basis", "legal basis", "legal_basis"),
    "agreement_reference": (
        "agreement_reference", "agreement reference", "agreement ref", "data sharing agreement", "dsa reference",
        "agreement",
    ),
    "collected_on": ("collected_on", "collected on", "date collected", "date_collected", "collection date"),
}  # fmt: skip
NEEDED = ("uprn", "source", "lawful_basis", "agreement_reference", "collected_on")
ELECTOR = ("surname", "electorsurname", "elector surname", "electornumber", "elector number", "electorid", "type")
EMS = ("unsubscribeemail", "emailbouncebackdate")  # an electoral system's own suppressions
CHANNELS = {"email": "email", "sms": "mobile"}
SAMPLE = 500  # contacts of a list that tell whether it is made up
BATCH = 50_000
LOST_OBJECTIONS = "objections-lost"
SIMULATED = "kept by GOV.UK Notify for tests, no resident"
POINTS = ("channel", "given", "contact", "value", "problem")

# One row of the file may hold several e-mail addresses and mobiles: in each channel the first that can be used is.
GIVEN = """
select line, channel, place, given, p.contact, p.value, p.problem from (
    select line, 'email' as channel, unnest(email) as given, generate_subscripts(email, 1) as place from {rows}
    union all select line, 'sms', unnest(mobile), generate_subscripts(mobile, 1) from {rows}
) left join points p using (channel, given) where given is not null
"""
CANDIDATES = f"""
create table candidates as
select distinct on (line, channel) * from good join ({GIVEN.format(rows="good")}) using (line)
order by line, channel, contact is null, place
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
# An objection stands whatever else is wrong with its row, so rejected rows are among these. Every contact of the row
# that can be read is closed; where none can, the home is, by the channels it was given for, or by both.
OBJECTING = f"""
create table objecting as select line, uprn, channel, given, contact
from (select line, uprn from judged where objected) left join ({GIVEN.format(rows="judged")}) using (line)
"""
UNREAD = "select line from objecting group by line having count(contact) = 0"
CLOSED = f"""
select distinct 'contact' as scope, contact, channel, null::bigint as uprn from objecting where contact is not null
union all select distinct 'household', null, closed, uprn
from (select *, unnest(case when channel is null then ['email', 'sms'] else [channel] end) as closed from objecting)
where line in ({UNREAD}) and uprn is not null
order by all
"""
RESCUED = """
select count(distinct line) from objecting where line not in (select line from candidates where contact is not null)
and (contact is not null or uprn is not null)
"""
LOST = f"select line from objecting where line in ({UNREAD}) and uprn is null"


def locate(head: Head) -> int | None:
    """A table of UPRNs with all a contact list needs, or at least with a contact: then it is told what it lacks."""
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        told = (emails(head.rows[at]) or phones(head.rows[at])) and not {*head.header(at)} & {*EMS, *ELECTOR}
        if "uprn" in _meanings(head, at) and (told or has_all(head, at)):
            return at
    return None


def has_all(head: Head, at: int) -> bool:
    """Nobody writes a lawful basis beside who must not be written to."""
    return set(NEEDED) <= _meanings(head, at)


def _meanings(head: Head, at: int) -> set[str]:
    names = set(head.header(at))
    return {meaning for meaning, known in NAMES.items() if names & set(known)}


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    _refuse_lacking(reading)
    opt_outs = opt_out.columns(reading)
    damaged = set(reading.rejected) if opt_outs else set[str]()
    reading.work_out({"_said": opt_out.answers(opt_outs)})
    rejected = tabulate(reading, _output(reading), _checks(reading), warns=WARNS)
    opt_out.ask_of_unclear(reading, opt_outs)
    reading.progress("Encrypting contact details")
    sealer = reading.keys.new_sealer()
    _points(reading, sealer)
    reading.con.execute(CANDIDATES)
    reading.con.execute(OBJECTING)
    rejected += _list_failed(reading)
    rows = save(reading, CONTACTS)
    accepted = reading.rows - sum(rejected.values())
    refuse_if_none(reading, accepted, rejected)
    _warn_of_lost_halves(reading)
    _say_which_column(reading)
    _warn_of_rescued(reading)
    _ask_of_lost(reading, damaged - reading.expected)
    return Harvest(accepted, rejected, _figures(reading), rows, after=_after(reading, sealer))


def _output(reading: Reading) -> dict[str, str]:
    return {
        "uprn": f"as_uprn({_column(reading, 'uprn')})", "email": cells(emails(reading.columns)),
        "mobile": cells(phones(reading.columns)),
        **{name: f"clean({_column(reading, name)})" for name in ("source", "lawful_basis", "agreement_reference")},
        "collected_on": f"as_day({_column(reading, 'collected_on')})", "objected": OBJECTED,
    }  # fmt: skip


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
    if not emails(reading.columns) and not phones(reading.columns):
        raise InputRefused(f"{reading.file} has neither a column 'email' nor a column 'mobile'. Add at least one.")


OBJECTED = "_said <> 'no'"  # in doubt they did, once somebody said that the file is right
WARNS = [
    Warn(
        "{n} rows say that the person unsubscribed or objected: they are kept only so as not to be contacted",
        OBJECTED,
    )
]


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
        Check("email", "no email address or mobile number",
              f"len(list_filter({cells(emails(reading.columns) + phones(reading.columns))}, x -> x is not null)) = 0"),
    ]  # fmt: skip


def _points(reading: Reading, sealer: Sealer) -> None:
    """Every distinct contact once: normalised, hashed and encrypted, or what is wrong with it."""
    schema = pa.schema([(name, pa.string()) for name in POINTS])
    reading.con.register("none", schema.empty_table())
    reading.con.execute("create table points as select * from none")
    for channel, column in CHANNELS.items():
        cells = f"select unnest({column}) as given from judged where verdict is null or objected"
        found = reading.con.cursor().execute(f"select distinct given from ({cells}) where given is not null")
        while batch := found.fetchmany(BATCH):
            rows = [_point(reading.keys, sealer, channel, value) for (value,) in batch]
            reading.con.register("batch", pa.Table.from_pylist(rows, schema=schema))
            reading.con.execute("insert into points select * from batch")


def _point(keys: Keys, sealer: Sealer, channel: str, given: str) -> dict[str, str | None]:
    try:
        value = normal(channel, given)
    except InputRefused as error:
        return {"channel": channel, "given": given, "problem": str(error)}
    if is_simulated(channel, value):
        return {"channel": channel, "given": given, "problem": SIMULATED}
    return {
        "channel": channel, "given": given, "contact": keys.contact(channel, value), "value": sealer.seal(value),
    }  # fmt: skip


def _list_failed(reading: Reading) -> Counter[str]:
    reading.con.execute(f"insert into rejects select line, name, problem, null from ({FAILED})")
    found = reading.con.execute(f"select problem, count(*) from ({FAILED}) group by 1").fetchall()
    return Counter(dict(found))


def _warn_of_lost_halves(reading: Reading) -> None:
    for channel, count in reading.con.execute(HALVES).fetchall():
        reading.warnings.append(f"rows kept without their {CHANNELS[channel]}, which cannot be used: {count:,}")


def _say_which_column(reading: Reading) -> None:
    """Where several columns hold telephone numbers or email addresses, which of them was read."""
    for channel, columns in (("email", emails(reading.columns)), ("sms", phones(reading.columns))):
        query = "select place, count(*) from candidates where channel = ? and contact is not null group by 1 order by 1"
        counts = reading.con.execute(query, [channel]).fetchall()
        if any(place > 1 for place, _ in counts):
            told = "; ".join(f"{columns[place - 1]!r} in {count:,} rows" for place, count in counts)
            reading.warnings.append(f"the {CHANNELS[channel]} is the first that can be used of each row: {told}")


def _warn_of_rescued(reading: Reading) -> None:
    if rescued := scalar(reading, RESCUED):
        reading.warnings.append(f"rows that cannot be used otherwise, but whose objection stands: {rescued:,}")


def _ask_of_lost(reading: Reading, damaged: Collection[str]) -> None:
    """Of lines that are no rows (`damaged` are the reasons) nobody can tell whether they hold an objection."""
    reasons = ", ".join(map(literal, damaged)) or "null"
    query = f"{LOST} union select line from rejects where reason in ({reasons}) order by line"
    lines = [line for (line,) in reading.con.execute(query).fetchall()]
    if lines:
        told = f" {why}" if (why := cause(reading, _column(reading, "uprn"), lines)) else ""
        reading.questions.append(Question(
            LOST_OBJECTIONS,
            f"{reading.file}: {plural(len(lines), 'row')} may hold an objection of which nobody can tell whose it is, "
            f"{lines_of(lines)}: no email address, mobile number or UPRN can be read.{told} If you import it as it is, "
            "these objections are not kept.",
            ask="Import without these objections?", yes="Yes, they are not to be kept",
            confirm="Confirm that these objections are not to be kept, or correct the file",
        ))  # fmt: skip


def _figures(reading: Reading) -> dict[str, int]:
    row = reading.con.execute(
        "select count(*) filter (channel = 'email'), count(*) filter (channel = 'sms'), count(distinct uprn), "
        f"count(*) filter (objected) from ({STANDING})"
    ).fetchone()
    return dict(zip(("emails", "mobiles", "properties", "objected"), row or (), strict=True))


def _objections(reading: Reading) -> list[tuple[str, str, str]]:
    return [
        (scope, contact or reading.keys.uprn(uprn), channel)
        for scope, contact, channel, uprn in reading.con.execute(CLOSED).fetchall()
    ]


def _after(reading: Reading, sealer: Sealer) -> Callable[[Session, Office, Snapshot], None]:
    suppress, invented = _suppress(_objections(reading)), _made_up(reading)

    def write(session: Session, office: Office, snapshot: Snapshot) -> None:
        keep(
            session, office.keys, sealer, office.clock.now(), purpose="contacts", authority=snapshot.authority,
            subject=str(snapshot.id),
        )  # fmt: skip
        suppress(session, office, snapshot)
        made_up.mark(session, office, snapshot.authority, invented=invented)

    return write


def _made_up(reading: Reading) -> bool:
    sample = reading.con.execute(f"select value from ({STANDING}) where value <> '' limit {SAMPLE}").fetchall()
    return bool(sample) and all(made_up.contact(reading.keys.decrypt(value)) for (value,) in sample)


def _suppress(objections: list[tuple[str, str, str]]) -> Callable[[Session, Office, Snapshot], None]:
    """An objection outlasts the list it came in, until that import is undone, so it also goes to the live list."""

    def write(session: Session, office: Office, snapshot: Snapshot) -> None:
        day: date = today(office.clock)
        entries = [(scope, key, channel, "objection", day) for scope, key, channel in objections]
        suppression.add_imported(session, snapshot.authority, str(snapshot.id), entries)

    return write


FORMATS = (
    Format(
        kind="contacts", name="Contact list", normalise=normalise, locate=locate, certain=has_all,
        columns=(*NEEDED, "email", "mobile", "unsubscribed", "objection_on"),
        rows_need=tuple(name for meaning in NEEDED for name in NAMES[meaning]),
    ),
)  # fmt: skip
