"""Files that must not come in at all, told by their column names, whatever kind they are said to be."""

import re

from engage.foundation.errors import InputRefused
from segments.reading import plain

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
PERSON = re.compile(r"surname|forename|first ?name|elector|\buprn\b")


def refuse_forbidden(headers: list[list[str]], file: str) -> None:
    """InputRefused if a header shows a party's canvass file, the secure record or special-category data of homes."""
    for row in headers:
        names = {_words(name): name.strip() for name in row if name.strip()}
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
        special = sorted(shown for name, shown in names.items() if SPECIAL.search(name))
        if special and any(PERSON.search(name) for name in names):
            raise InputRefused(
                f"{file} holds {special[0]!r} for homes or persons. Ethnicity, religion, health and the like are taken "
                "only for areas (output areas or larger), never for one home. Remove the column, or use Census tables."
            )


def _refuse_party(names: dict[str, str], file: str) -> None:
    found = sorted(shown for name, shown in names.items() if PARTY.search(name))
    if found and len(names) > 1:
        raise InputRefused(
            f"{file} has the column {found[0]!r}: it looks like a party's or a canvasser's copy. Data on parties, "
            "votes or canvass returns is never taken. Export the register again from the electoral management system."
        )


def _words(name: str) -> str:
    """Column names as words: `CorrespondenceAddress1`, `voting_intention` and `Voted 2022` alike."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return plain(re.sub(r"[_.]+", " ", spaced))
