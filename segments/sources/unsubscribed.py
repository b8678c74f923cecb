"""Lists of who unsubscribed, as mailing services write them: GOV.UK Notify's report, Mailchimp's and others' exports,
and plain lists of email addresses, mobile numbers or UPRNs.
"""

import re
from dataclasses import dataclass

from segments.files.questions import Question
from segments.files.reading import Head, Reading, literal, open_rows, plain, quoted
from segments.sources import opt_out
from segments.sources.contact_columns import cells, emails, phones, words
from segments.sources.format import HEADER_WITHIN, Check, Format, Harvest, headed_by, tabulate
from segments.sources.suppression_list import BOUNCED, harvest

REQUESTED = "unsubscribe request received at"
STILL_IN = "still subscribed"
SUBSCRIBERS = "list-of-subscribers"
CLEANED = re.compile(r"\b(clean(ed)?|bounced?)\b")  # addresses that bounced, as Mailchimp calls them
JOINED = re.compile(r"\bopt ?in\b|\bconfirm|\bsubscribed (on|at|date)\b|\b(date|time) subscribed\b")
# What stands beside the address in such a list. Any other column is of a table that says something else of people.
BESIDE = re.compile(
    r"(uprn|id|no|row|leid|euid|title|first name|last name|forename|surname|full name|name|firstname|lastname|company"
    r"|organisation|reason|type|date|day|time|added( (on|at|date))?|date added|created( (on|at))?|updated( (on|at))?"
    r"|tags?|notes?|source|list|segment|language|country|region|timezone|postcode|address|birthday"
    r"|member rating|rating|last changed|latitude|longitude|gmtoff|dstoff|cc|.*\b(ip|time|campaign|campaign title)\b.*)"
)
PERSONAL = re.compile(r"elector|\bdob\b|date of birth|register|franchise|polling")  # of tables that are no such list
SPELT_DAY = r"^\d{1,2} [A-Za-z]+ \d{4}"
FIRST_ROWS = 20
ADDED = ("added_on", "added on", "date added", "date_added", "date")
# What each row gives to know somebody by: its contacts, or where it has none its home.
GIVEN = """
select line, kind, value, home, true as or_home from (
    select line, 'email' as kind, unnest(email) as value, home from good
    union all select line, 'mobile', unnest(mobile), home from good
) where value is not null
union all select line, 'email', null, home, true from good
where len(list_filter(list_concat(email, mobile), x -> x is not null)) = 0 order by 1
"""
HOMES = "select line, 'uprn', null, home, false from good order by line"


def locate(head: Head) -> int | None:
    if _is_bare(head):
        return -1
    for at in range(min(HEADER_WITHIN, len(head.rows))):
        if _is_list([name for name in head.rows[at] if name.strip()]):
            return at
    return None


def _is_bare(head: Head) -> bool:
    """Email addresses under each other, without a header."""
    cells = [[cell for cell in row if cell.strip()] for row in head.rows[:FIRST_ROWS]]
    rows = [row for row in cells if row]
    return bool(rows) and all(len(row) == 1 and re.fullmatch(r"\S+@\S+\.\S+", row[0].strip()) for row in rows)


def _is_list(names: list[str]) -> bool:
    """A contact and when it unsubscribed, or a contact beside nothing that says more of people."""
    said = [words(name) for name in names]
    known = {*emails(names), *phones(names)}
    if (
        not (known or "uprn" in said)
        or any(PERSONAL.search(word) for word in said)
        or plain(BOUNCED) in map(plain, names)
    ):
        return False
    telling = [name for name in names if opt_out.is_opt_out(name) or opt_out.is_status(name)]
    beside = [word for name, word in zip(names, said, strict=True) if name not in known and name not in telling]
    if known and (any(map(opt_out.is_opt_out, telling)) or any(CLEANED.search(word) for word in beside)):
        return True
    return all(BESIDE.fullmatch(word) for word in beside)


@dataclass(frozen=True)
class Columns:
    """Of such a table: who is in it, and what says whether and when they left."""

    emails: list[str]
    phones: list[str]
    telling: list[str]
    days: list[str]


def normalise_report(reading: Reading, header_at: int) -> Harvest:
    """Every row of GOV.UK Notify's report is a request, whatever else it says."""
    open_rows(reading, header_at=header_at)
    days = [name for name in reading.columns if plain(name) == REQUESTED]
    return _taken(reading, Columns(emails(reading.columns), [], [], days), "unsubscribed")


def normalise(reading: Reading, header_at: int) -> Harvest:
    """Where a column says who left, it decides; else everybody on the list did."""
    if header_at < 0:
        open_rows(reading, header_at=None, widest=1)
        return _taken(reading, Columns(["c1"], [], [], []), "unsubscribed")
    open_rows(reading, header_at=header_at)
    names = reading.columns
    telling = [name for name in names if opt_out.is_opt_out(name) or opt_out.is_status(name)]
    cleaned = [name for name in names if CLEANED.search(words(name))]
    days = [name for name in names if plain(name) in ADDED]
    if not telling and not cleaned and any(JOINED.search(words(name)) for name in names):
        reading.questions.append(_whether_subscribers(reading))
    columns = Columns(emails(names), phones(names), telling, [*telling, *cleaned, *days])
    return _taken(reading, columns, "bounce" if cleaned and not telling else "unsubscribed")


def _taken(reading: Reading, columns: Columns, reason: str) -> Harvest:
    days = [_day(quoted(name)) for name in columns.days]
    output = {
        "email": cells(columns.emails), "mobile": cells(columns.phones), "home": f"as_uprn({reading.column('uprn')})",
        "reason": literal(reason), "added_on": f"coalesce({', '.join([*days, 'null::date'])})",
    }  # fmt: skip
    reading.work_out({"_said": opt_out.answers(columns.telling) if columns.telling else "'yes'"})
    stayed = Check("", STILL_IN, "_said = 'no'", listed=False, expected=True)
    rejected = tabulate(reading, output, [stayed])
    opt_out.ask_of_unclear(reading, columns.telling)
    listed = columns.emails or columns.phones
    return harvest(reading, rejected, reading.column("uprn"), GIVEN if listed else HOMES)


def _day(cell: str) -> str:
    """GOV.UK Notify writes `25 June 2026 at 11:00am`."""
    spelt = f"regexp_extract({cell}, {literal(SPELT_DAY)})"
    return f"coalesce(as_day({cell}), try_strptime({spelt}, ['%d %B %Y', '%d %b %Y'])::date)"


def _whether_subscribers(reading: Reading) -> Question:
    return Question(
        SUBSCRIBERS,
        f"{reading.file} says when people joined a mailing list and has no column of who left it: it looks like "
        "the list of those who are subscribed. If you import it, nobody on it is contacted.",
        ask="Did everybody on this list ask not to be contacted?", yes="Yes, do not contact any of them",
        confirm="Confirm that everybody on the list asked not to be contacted, or choose another file",
    )  # fmt: skip


FORMATS = (
    Format(
        kind="suppressions", name="Unsubscribe report (GOV.UK Notify)", normalise=normalise_report,
        columns=("Email address", "Template name", "Unsubscribe request received at"),
        locate=headed_by("email address", REQUESTED),
    ),
    Format(
        kind="suppressions", name="Unsubscribed addresses, numbers or homes", normalise=normalise, locate=locate,
        columns=("Email address (or Mobile, or UPRN)", "UNSUB_TIME or another day or word of who left, if it has one"),
    ),
)  # fmt: skip
