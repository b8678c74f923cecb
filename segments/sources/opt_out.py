"""What a cell of an opt-out column says: a closed list of words is a yes, another a no, and any other word waits for
somebody. Until they correct it, whoever it stands for counts as having objected (UK GDPR Art 21).
"""

import re

from segments.files.questions import Question
from segments.files.reading import Reading, literal, quoted
from segments.sources.contact_columns import words
from segments.sources.unread import lines_of

# As `normalised` writes them: small letters and digits, one blank between words. `-1` is a yes of Microsoft Access.
YES = (
    "y", "yes", "t", "true", "1", "1 0", "1 00", "on", "x", "ticked", "checked", "ie", "ydw", "oes",
    "opted out", "opt out", "optout", "optedout", "out", "has opted out", "yes opted out", "yes opt out",
    "unsubscribed", "unsubscribe", "unsub", "has unsubscribed", "yes unsubscribed", "removed", "withdrawn",
    "objection", "objected", "objects", "object", "has objected", "yes objected", "complaint", "complained", "stop",
    "stopped", "do not contact", "dnc", "do not email", "do not text", "do not call", "do not write", "dont contact",
    "don t contact", "consent withdrawn", "withdrew consent",
)  # fmt: skip
NO = (
    "n", "no", "f", "false", "0", "0 0", "0 00", "off", "none", "null", "nil", "nan", "na", "n a", "not applicable",
    "blank", "empty", "not set", "unticked", "unchecked", "nac ydw", "nac oes",
    "subscribed", "subscribe", "still subscribed", "is subscribed", "opted in", "opt in", "optin", "in", "has opted in",
    "not opted out", "not opt out", "no opt out", "no optout", "has not opted out", "did not opt out", "not optedout",
    "not unsubscribed", "no unsubscribe", "not unsubscribe", "has not unsubscribed", "never unsubscribed",
    "never opted out", "not objected", "no objection", "no objections", "has not objected", "did not object",
    "none recorded", "not recorded",
)  # fmt: skip
# Of a column `Status`, which may say more than yes and no.
LEFT = (
    "cleaned", "bounced", "hard bounce", "hard bounced", "suppressed", "blocked", "blacklisted", "blocklisted",
    "spam complaint", "globally unsubscribed", "archived", "invalid",
)  # fmt: skip
STAYED = ("active", "confirmed", "valid", "ok")
STATUS = re.compile(r"((subscription|subscriber|contact|email|sms|member|list) )?(permission )?status")
TICKS, EMPTY_BOX = "✓✔☑✅☒×", "☐"
NOTHING = r"^[\s.,_/\\'\x{2010}-\x{2015}\x{2212}-]*$"  # dashes and dots stand for an empty cell
EPOCHS = "('0000-00-00', '00/00/0000', '1899-12-30', '1900-01-00', '1900-01-01', '01/01/1900')"  # no date, as a date
DAY = (
    r"^(\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}|\d{1,2}[-/. ](\d{1,2}|[a-z]{3,9})[-/. ,]+(\d{4}|\d{2}))([ t]+(at )?\d.*)?$"
    r"|^[34]\d{4}(\.\d+)?$"  # a day as a spreadsheet counts them
)
HEADER = re.compile(
    r"\bunsub|\bun subscri|\bopt(ed)? ?outs?\b|\bdo not (contact|email|text|call|write)\b|\bdnc\b"
    r"|\bobject(s|ed|ing|ions?)?\b"
)
ABOUT = re.compile(r"\b(id|reasons?|notes?|comments?|campaign|methods?|source|by|url|link|title|token|via)\b")
SHOWN, LONGEST, CODE_FROM = 5, 24, 3
WAITS = "opt-out-words"


def columns(reading: Reading) -> list[str]:
    return [name for name in reading.columns if is_opt_out(name)]


def is_opt_out(header: str) -> bool:
    """Whether a column of that name says that somebody does not want to be contacted, and not why or by whom."""
    return bool(HEADER.search(words(header))) and not ABOUT.search(words(header))


def is_status(header: str) -> bool:
    return bool(STATUS.fullmatch(words(header)))


def answer(column: str) -> str:
    """SQL of what a cell of the column says: 'yes', 'no' or 'unclear'. A day is a yes: the day they said so."""
    cell, word = quoted(column), f"normalised({quoted(column)})"
    yes, no = ((*YES, *LEFT), (*NO, *STAYED)) if is_status(column) else (YES, NO)
    return (
        f"case when clean({cell}) is null or regexp_matches({cell}, {literal(NOTHING)}) then 'no' "
        f"when {word} in {yes} or contains({literal(TICKS)}, clean({cell})) then 'yes' "
        f"when {word} in {no} or clean({cell}) = {literal(EMPTY_BOX)} then 'no' "
        f"when left(clean({cell}), 10) in {EPOCHS} then 'no' "
        f"when regexp_matches(lower(clean({cell})), {literal(DAY)}) then 'yes' else 'unclear' end"
    )


def answers(names: list[str]) -> str:
    """SQL of what all these columns say together: one yes is enough."""
    given = ", ".join(map(answer, names))
    return (
        f"case when list_contains([{given}], 'yes') then 'yes' when list_contains([{given}], 'unclear') then 'unclear' "
        "else 'no' end"
        if names
        else "'no'"
    )


def ask_of_unclear(reading: Reading, names: list[str]) -> None:
    """Somebody must say yes before words that are neither yes nor no count as objections."""
    told = [_told(reading, name) for name in names]
    if found := [words for words in told if words]:
        reading.questions.append(Question(
            WAITS,
            f"{reading.file}: {'; '.join(found)}. Expected is yes, opted out, unsubscribed or a date; or no, "
            "subscribed, not opted out or an empty cell. If you import it as it is, each of these rows counts as an "
            "objection, and nobody in it is contacted until the import is undone. If they are not objections, write no "
            "in their place and import the file again.",
            ask="Are all of these objections?", yes="Yes, do not contact any of them",
            confirm="Confirm that these rows are objections, or correct the file",
        ))  # fmt: skip


def _told(reading: Reading, name: str) -> str:
    """Where they stand. A word is shown only if it is short, of letters and stands in several rows: another may be what
    somebody wrote of a person."""
    unclear = f"from raw where {answer(name)} = 'unclear'"
    lines = [line for (line,) in reading.con.execute(f"select line {unclear} order by line").fetchall()]
    if not lines:
        return ""
    codes = reading.con.execute(
        f"select clean({quoted(name)}) as word {unclear} group by word having count(*) >= {CODE_FROM} "
        f"and length(word) <= {LONGEST} and regexp_matches(word, '^[A-Za-z /-]+$') "
        f"order by count(*) desc, word limit {SHOWN}"
    ).fetchall()
    shown = f" ({', '.join(repr(word) for (word,) in codes)})" if codes else ""
    rows = f"{len(lines):,} rows say" if len(lines) > 1 else "1 row says"
    return f"in the column {name!r} {rows} neither yes nor no{shown}, {lines_of(lines)}"
