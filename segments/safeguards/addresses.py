"""Addresses that may be seen: found by words, postcode or UPRN among the council's own.

A protected one is found no more than one that does not exist: by the same questions, and in the same words.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import duckdb

from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from segments.files.postal import ABBREVIATIONS
from segments.safeguards import protected

MOST = 50  # that a page shows; who searches for fewer words is asked for more
LONGEST = 200
POSTCODE = re.compile(r"\b([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})\b")
UPRN = "'uprn' || chr(31) || uprn::VARCHAR"  # as `Keys.uprn` hashes it
PAGE = "page of a home"  # another hash than that of suppressions, as it stands in addresses of pages
UNKNOWN = (
    "No home was found. Check the number, the street or the postcode. An address that is new is found once the "
    "gazetteer that has it is imported."
)


@dataclass(frozen=True)
class Address:
    """`key` names it in the address of a page, from which nobody can tell which it is."""

    uprn: int
    lines: tuple[str, ...]
    key: str

    @property
    def line(self) -> str:
        return ", ".join(self.lines)

    @property
    def subject(self) -> str:
        """For the audit log, which holds no UPRN: the acts of one home have the same."""
        return f"home {self.key[:12]}"


@dataclass(frozen=True)
class Found:
    addresses: list[Address]
    more: bool  # than are shown
    by: str  # UPRN or address: what was searched by, which the audit log may say


def search(office: Office, authority: str, typed: str) -> Found:
    """By a UPRN, else by words that all stand in the address, numbers whole and words as they begin. InputRefused
    where too little is said, or nothing is found."""
    words = _words(typed)
    if len("".join(words)) < 3 or len(typed) > LONGEST:
        raise InputRefused("Enter a number and street, a postcode or a UPRN: three letters or digits at least")
    by_number = len(words) == 1 and words[0].isdigit() and len(words[0]) <= 12
    if by_number:
        found = _query(office, authority, "uprn = ?", [int(words[0])])
    else:
        found = _query(office, authority, " AND ".join([_SPELT_HAS] * len(words)), [_pattern(word) for word in words])
    if not found:
        raise InputRefused(UNKNOWN)
    return Found(found[:MOST], len(found) > MOST, "UPRN" if by_number else "address")


def by_key(office: Office, authority: str, key: str) -> Address:
    page = office.keys.hash_sql(f"'{PAGE}' || chr(31) || uprn::VARCHAR")
    found = _query(office, authority, f"left({page}, 32) = ?", [key])
    if not found:
        raise NotFound("There is no such home here.")
    return found[0]


def by_uprn(office: Office, authority: str, uprn: int) -> Address:
    """InputRefused where the gazetteer does not have it."""
    if not (found := _query(office, authority, "uprn = ?", [uprn])):
        raise InputRefused("There is no home with this UPRN on the council’s list of addresses. Search by its address")
    return found[0]


def any_listed(office: Office, authority: str) -> bool:
    with office.database.reading() as session:
        return current(session, authority, "gazetteer") is not None


_SPELT = "' ' || upper(strip_accents(replace(replace(address, '''', ''), '’', '')))"
_SPELT_HAS = f"regexp_matches({_SPELT}, ?)"


def _query(office: Office, authority: str, asked: str, given: list[Any]) -> list[Address]:
    with office.database.reading() as session:
        gazetteer = current(session, authority, "gazetteer")
        hidden = protected.keys(office, session, authority)
    rows = _rows(office, gazetteer, asked, [*given, sorted(hidden)]) if gazetteer else []
    return [Address(uprn, tuple(lines), office.keys.hash(PAGE, str(uprn))[:32]) for uprn, lines in rows]


def _rows(office: Office, gazetteer: Snapshot, asked: str, given: list[Any]) -> list[tuple[int, list[str]]]:
    query = (
        f"SELECT uprn, coalesce(address_lines, [address]) FROM read_parquet(?) WHERE residential AND {asked} "
        f"AND {office.keys.hash_sql(UPRN)} NOT IN (SELECT unnest(?::VARCHAR[])) "
        f"ORDER BY postcode, uprn LIMIT {MOST + 1}"
    )
    with duckdb.connect() as lake:
        return lake.execute(query, [str(office.lake.file(gazetteer)), *given]).fetchall()


def _words(typed: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", typed).encode("ascii", "ignore").decode()
    plain = re.sub(r"['`]", "", bare.upper())
    apart = POSTCODE.sub(r"\1 \2", re.sub(r"[^A-Z0-9]+", " ", plain))
    return apart.split()


def _pattern(word: str) -> str:
    """Of a word as people write it: Rd is Road too, and Ald finds Aldridge; 1 is not 12."""
    full = next((full for short, full in ABBREVIATIONS.items() if re.fullmatch(short, word)), None)
    ends = "([^A-Z0-9]|$)" if word[0].isdigit() or full else ""
    return f"[^A-Z0-9]({word}{'|' + full if full else ''}){ends}"
