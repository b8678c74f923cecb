"""Files that must not come in at all, told by their column names or by what stands in them, whatever kind they are said
to be. A sentence repeats the telling word alone: what looks like a header may be somebody's row."""

import csv
import re
from itertools import islice

from engage.foundation.errors import InputRefused
from segments.files.reading import Head, plain

# RPA 2000 and the ERO's neutrality: what a party collected, or how somebody votes or voted, never enters.
PARTY = re.compile(
    r"^(political )?part(y|ies)$|\bparty (affiliation|support|preference|name|code|id)\b|\bvot(e|er|ing) intention"
    r"|^vi$|^1 ?- ?5$|^dnk$|^(19|20)?\d\d voted|\bvoted( (19|20)?\d\d)?$|^turnout|\bvot(e|ing) history\b"
    r"|^canvass(ed|er)\b"
    r"|\bcanvass (return|result|response|note)s?\b|\bpledged?$|\bsupport(er)? ?(level|score|rating)?$|^marked register"
    r"|\b(labour|conservative|liberal democrat|lib dem|tory|reform uk|green party|ukip|plaid|snp)\b"
)
# Data (Use and Access): an anonymous elector's details may be seen by a short closed list only (2001 Regs, reg 45C).
SECURE = re.compile(r"anonym|attestation|court order|qualifying address|correspondence address|secure record")
SPECIAL = re.compile(r"ethnic|relig|\bfaith|belief|\bhealth|disab|sexual|gender reassign|trade union|genetic|biometric")
# Only verifying an application needs it, and that is done elsewhere. Passing the column over is not enough: a file that
# arrives is kept a while, in the inbox or until somebody decides, and the numbers with it.
NATIONAL_INSURANCE = re.compile(r"\bnino\b|\bnational insurance\b|^ni (no|number)$")
# What canvassers write beside an elector; one alone may be a surname, a ward or a street.
CANVASSED = re.compile(
    r"lab(our)?|con(servatives?|s)?|tor(y|ies)|lib ?dems?|liberal democrats?|ld|greens?|reform( uk)?|ukip|snp"
    r"|plaid( cymru)?|dnk|dnv|against|undecided|won'?t say|(did )?not voted?|voted( (19|20)\d\d)?|pledged?"
    r"|(definite|def|probable|prob)(ly)? .+"
)
POLLING = re.compile(r"^(polling (place|station|venue)|station code|stationcode|xordinate|strand id|prem id)")
POLLING_JSON = ('"pollingDistricts"', '"stationId"')
# GOV.UK Notify's report of a job or of a week's messages: what became of each, whoever sent it.
DELIVERIES, SENDERS = {"template", "type", "status", "time"}, {"sent by", "job", "api key name"}
SAMPLED = 500  # rows in which content is looked for
LEAST = 3  # cells that must tell
PERSON = re.compile(r"surname|forename|first ?name|elector|\buprn\b")


def refuse_forbidden(headers: list[list[str]], file: str) -> None:
    """InputRefused if a header shows a party's canvass file, the secure record or special-category data of homes."""
    for row in headers:
        names = {_words(name) for name in row if name.strip()}
        _refuse_party(names, file)
        if any(SECURE.search(name) for name in names) and any(PERSON.search(name) for name in names):
            raise InputRefused(
                f"{file} looks like the secure record of anonymous electors. It must not be loaded here or anywhere "
                "else outside the electoral system. Nothing was read. Export the register without it."
            )
        if any(NATIONAL_INSURANCE.search(name) for name in names):
            raise InputRefused(
                f"{file} holds National Insurance numbers, which nothing here needs. Export it again without them, and "
                "delete this copy. Nothing was kept."
            )
        special = sorted(found.group() for name in names if (found := SPECIAL.search(name)))
        if special and any(PERSON.search(name) for name in names):
            raise InputRefused(
                f"{file} holds {special[0]!r} for homes or persons. Ethnicity, religion, health and the like are taken "
                "only for areas (output areas or larger), never for one home. Remove the column, or use Census tables."
            )


def refuse_foreign(head: Head, file: str) -> None:
    """InputRefused for a polling district export, and for a canvasser's copy that no column name gives away."""
    headers = [{_words(name) for name in row} for row in head.rows[:4]]
    polling = any(any(POLLING.search(n) for n in names) and not any("surname" in n for n in names) for names in headers)
    if polling or (head.is_json and any(key in head.text for key in POLLING_JSON)):
        raise InputRefused(
            f"{file} is a polling district export: properties and their polling places, not a register. Nothing in it "
            "is needed here. Export the electoral register, or the gazetteer, instead."
        )
    if any(names >= DELIVERIES and names & SENDERS for names in headers):
        raise InputRefused(
            f"{file} is GOV.UK Notify's delivery report: the messages that a service sent, and what became of each. It "
            "is no list of people not to contact. What became of Engage's own messages, Engage asks GOV.UK Notify "
            "itself. For who unsubscribed, download GOV.UK Notify's report of unsubscribe requests and import that as "
            "suppressions. Nothing was changed."
        )
    if not head.is_json and _is_canvassed(head):
        raise InputRefused(_copy_of_party(file, "a column of parties, promises or votes"))


def _is_canvassed(head: Head) -> bool:
    try:
        rows = list(islice(csv.reader(head.text.splitlines(keepends=True), delimiter=head.delimiter), SAMPLED))
    except csv.Error:
        return False
    width = max(map(len, rows), default=0)
    columns = ([plain(row[n]) for row in rows if n < len(row) and row[n].strip()] for n in range(width))
    return any(_tells_votes(column) for column in columns)


def _tells_votes(cells: list[str]) -> bool:
    found = [cell for cell in cells if CANVASSED.fullmatch(cell)]
    return len(found) >= LEAST and len(set(found)) > 1 and len(found) * 2 > len(cells)


def _refuse_party(names: set[str], file: str) -> None:
    found = sorted(telling.group() for name in names if (telling := PARTY.search(name)))
    if found and len(names) > 1:
        raise InputRefused(_copy_of_party(file, f"a column {found[0]!r}"))


def _copy_of_party(file: str, what: str) -> str:
    return (
        f"{file} has {what}: it looks like a party's or a canvasser's copy. Data on parties, votes or canvass returns "
        "is never taken. Export the register again from the electoral management system."
    )


def _words(name: str) -> str:
    """Column names as words: `CorrespondenceAddress1`, `voting_intention` and `Voted 2022` alike."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return plain(re.sub(r"[_.]+", " ", spaced))
