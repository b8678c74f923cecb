"""What the columns of a system's list are: proposed from their names and contents, confirmed once by a person.

A list is read for properties alone: its reference, UPRN, address, and the reference that the gazetteer knows. Whatever
else it has is not looked at, and a list of persons is refused before anything of it is kept.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from engage.foundation.errors import InputRefused
from segments.files.reading import Reading, literal, quoted
from segments.sources.format import scalar

PERSONS = re.compile(
    r"\b(dob|date of birth|birth ?date|date of death|surname|fore ?names?|first ?names?|last ?name|family ?name"
    r"|given ?names?|elector(?! ?ref)|nationality|ni number|national insurance)\b"
)
ELSEWHERE = re.compile(
    r"\b(contact|correspondence|billing|forwarding|previous|former|owner|landlord|agent|mail(ing)?)\b"
)
POSTCODE = re.compile(r"\bpost ?code\b|\bpcode\b|\bpostal code\b")
UPRN = re.compile(r"\buprn\b")
ADDRESS = re.compile(
    r"\baddr(ess)?\b|\bstreet\b|\broad\b|\btown\b|\bcity\b|\bvillage\b|\blocality\b|\bpremises?\b|\bhouse\b|\bflat\b"
    r"|\bbuilding\b|\bproperty$|\bpaon?\b|\bsaon?\b|\bcounty\b"
)
REFERENCE = re.compile(r"\b(ref(erence)?|account|id|number|no|licence|permit|subscription|key|case|uid|urn)\b")
NO_REFERENCE = re.compile(r"\b(date|from|to|start|end|value|amount|band|name|holder|type|easting|northing)\b")
LEAST_KNOWN = 0.5  # of a column's values, where they are the gazetteer's cross references
ROLES = ("reference", "address", "postcode", "uprn", "cross_reference")


@dataclass(frozen=True)
class Columns:
    """Which column is what; `source` says whose cross references those are (CT is council tax)."""

    reference: str
    address: tuple[str, ...] = ()
    postcode: str = ""
    uprn: str = ""
    cross_reference: str = ""
    source: str = ""

    @property
    def said(self) -> str:
        """As --columns takes them."""
        parts = {"reference": self.reference, "address": "+".join(self.address), "postcode": self.postcode,
                 "uprn": self.uprn, "cross_reference": f"{self.cross_reference}:{self.source}".strip(":")}  # fmt: skip
        return ",".join(f"{role}={name}" for role, name in parts.items() if name)

    @property
    def named(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.reference, *self.address, self.postcode, self.uprn, self.cross_reference)))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        return cls(**kept | {"address": tuple(kept.get("address", ()))})


def given(said: str) -> Columns:
    """Of an option or a form: `reference=account,address=line_1+line_2,postcode=pc,uprn=u,cross_reference=ref:CT`."""
    pairs = [part.partition("=") for part in said.split(",") if part.strip()]
    found = {role.strip(): name.strip() for role, _, name in pairs}
    strange = next((role for role in found if role not in ROLES), None)
    if strange is not None or not found.get("reference"):
        raise InputRefused(
            f"The columns are {said[:80]!r}: expected reference=COLUMN and any of address=COLUMN+COLUMN, "
            "postcode=COLUMN, uprn=COLUMN, cross_reference=COLUMN:SOURCE, with commas between them."
        )
    reference, _, source = found.get("cross_reference", "").partition(":")
    address = tuple(filter(None, (name.strip() for name in found.get("address", "").split("+"))))
    return Columns(
        found["reference"], address, found.get("postcode", ""), found.get("uprn", ""), reference, source.upper()
    )  # fmt: skip


def words(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name)
    return re.sub(r"[^a-z0-9]+", " ", spaced.lower()).strip()


def refuse_persons(file: str, names: list[str]) -> None:
    """InputRefused for a list of persons: what a property list holds of people is never read."""
    if found := next((name for name in names if PERSONS.search(words(name))), None):
        raise InputRefused(
            f"{file}: the column {found!r} is of persons, and a list of properties is expected. Export the references "
            "and addresses of the properties without it. Nothing was kept."
        )


def propose(reading: Reading) -> tuple[Columns, list[str]]:
    """What the columns seem to be, and what a person should look at before it is taken so."""
    names = reading.columns
    of_property = [name for name in names if not ELSEWHERE.search(words(name))]
    uprn = next((name for name in of_property if UPRN.search(words(name))), "")
    postcode = next((name for name in of_property if POSTCODE.search(words(name))), "")
    address = [
        name for name in of_property
        if ADDRESS.search(words(name)) and name not in {uprn, postcode} and not REFERENCE.search(words(name))
    ]  # fmt: skip
    if not address and not uprn:
        raise InputRefused(
            f"{reading.file} has neither an address nor a UPRN that can be told from its columns "
            f"({', '.join(names)[:200]}). Say which they are.",
            by_command="--columns reference=…,address=…",
        )
    others = [name for name in names if name not in {uprn, postcode, *address} and not ELSEWHERE.search(words(name))]
    reference, sure = _reference(reading, others)
    cross, source = _cross_reference(reading, others)
    doubts = [] if sure else [f"which column is the reference: {reference} is only the likeliest"]
    return Columns(reference, tuple(address), postcode, uprn, cross, source), doubts


def _reference(reading: Reading, others: list[str]) -> tuple[str, bool]:
    """The column that tells each row from all others; sure where it is called so or comes first."""
    told = [name for name in others if not NO_REFERENCE.search(words(name)) and _tells(reading, name)]
    if best := next((name for name in told if REFERENCE.search(words(name))), None):
        return best, True
    if told:
        return told[0], told[0] == reading.columns[0]
    if called := next((name for name in others if REFERENCE.search(words(name))), None):
        return called, True  # what is wrong with its values is told line by line
    raise InputRefused(
        f"{reading.file} has no reference: no column ({', '.join(reading.columns)[:200]}) tells each property from all "
        "others, and without one the next delivery could not be told from this one. Export it with the system's own "
        "reference of each property. Nothing was changed."
    )


def _tells(reading: Reading, name: str) -> bool:
    column = quoted(name)
    query = (
        f"select count(*) > 0 and count(distinct clean({column})) = count(*) and "
        f"bool_and(regexp_matches({column}, '[0-9]')) and avg(length({column})) < 40 from raw"
    )
    return bool(scalar(reading, query))


def _cross_reference(reading: Reading, others: list[str]) -> tuple[str, str]:
    """The column, if any, whose values the gazetteer knows properties by, and whose references those are."""
    found = [
        (share, name, source) for name in others for source, share in _known(reading, name) if share >= LEAST_KNOWN
    ]  # fmt: skip
    return max(found)[1:] if found else ("", "")


def _known(reading: Reading, name: str) -> Iterator[tuple[str, float]]:
    column = quoted(name)
    query = (
        f"with said as (select distinct clean({column}) as reference from raw where clean({column}) is not null) "
        "select c.source, count(distinct c.reference) / (select count(*) from said) from said "
        "join cross_reference c using (reference) group by c.source"
    )
    yield from reading.con.execute(query).fetchall()


class ColumnsGone(InputRefused):
    """A list lacks a column that was confirmed or given: it may be called otherwise now."""


def demand_there(reading: Reading, columns: Columns) -> None:
    if gone := [name for name in columns.named if not reading.has(name)]:
        raise ColumnsGone(
            f"{reading.file} has no column {', '.join(map(literal, gone))}. It has {', '.join(reading.columns)[:200]}. "
            "If the system calls it otherwise now, say so. Nothing was changed.",
            by_command=f"--columns {columns.said}",
        )
