"""An address or a thousand held against the gazetteer at once: what it surely is, else what it may be.

The gazetteer's wordings lie ready in the memory of the process (`wordings`), so that an answer takes milliseconds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from rapidfuzz.distance import OSA
from sqlmodel import Session

from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.crosswalk.matches import CLEAR, LETTERS, SURE, TO_REVIEW
from segments.crosswalk.wordings import Wording, Wordings, numbers, opening
from segments.engine.kept import Kept
from segments.linking import matching
from segments.linking.differences import Doubt, Dwelling, Known, weigh
from segments.linking.neighbours import BESIDE_IN_LISTS, LONG, ranked
from segments.linking.premises import read

MOST, LONGEST = 1_000, 400  # addresses at once, and letters of one
SHOWN = 10
AUTHORITIES = 4  # whose wordings lie ready in one process, those asked of last
POSTCODE = re.compile(r"^([A-Z]{1,2}[0-9][A-Z0-9]?) *([0-9][A-Z]{2})$")
AT_END = re.compile(r"[ ,]+([A-Z]{1,2}[0-9][A-Z0-9]? *[0-9][A-Z]{2})[ .,]*$", re.IGNORECASE)
NOTHING = "nothing near it"


@dataclass(frozen=True)
class Found:
    """What an address is: sure with its UPRN, or what it may be, likeliest first."""

    state: str
    uprn: int | None
    candidates: list[int]


class Lookup:
    """Of one gazetteer. Nothing in it changes, so any number may ask at once."""

    def __init__(self, gazetteer: Path) -> None:
        self._wordings = Wordings(gazetteer)

    def match(self, said: Sequence[tuple[str, str]]) -> list[Found]:
        """Of each address with its postcode, '' where that is not known or stands in the address."""
        keys = self._wordings.spelt([address for address, _ in said])
        return [
            self._one(key, postcode_of(postcode, address)) for key, (address, postcode) in zip(keys, said, strict=True)
        ]

    def is_written(self, address: str, postcode: str) -> bool:
        """Whether a property is written so, word for word."""
        (key,) = self._wordings.spelt([address])
        return self.exactly(key, postcode_of(postcode, address)) is not None

    def _one(self, key: str, postcode: str | None) -> Found:
        told = self.exactly(key, postcode)
        return Found(SURE, told, [told]) if told is not None else self._nearly(key, postcode)

    def exactly(self, key: str, postcode: str | None) -> int | None:
        """As `matching.EXACT` and `matching.CONFUSED`, of one address."""
        written = list(self._wordings.written_as(key))
        here = [each for each in written if postcode and each.postcode == postcode]
        hits = here or [each for each in written if key.count(" ") > 1 and _beside(postcode, each.postcode)]
        homes = {each.uprn for each in hits if each.meant}
        if len(homes) != 1 or not (here or len({each.uprn for each in hits if each.live}) == 1):
            return None
        doubted = self._is_confused(homes, key, postcode, here=bool(here)) or (
            not here and postcode and self._is_taken([each for each in hits if each.meant], key, postcode)
        )
        return None if doubted else homes.pop()

    def _is_taken(self, homes: list[Wording], key: str, postcode: str) -> bool:
        """Beside the home's postcode: its street runs through the one that is said, or its number is another's there,
        so that more than the postcode may be wrong."""
        streets, own = {each.street for each in homes} - {""}, numbers(key)
        return any(
            each.street in streets or (numbers(each.core) == own and (own or opening(each.core) == opening(key)))
            for each in self._wordings.at(postcode)
        )

    def _is_confused(self, homes: set[int], key: str, postcode: str | None, *, here: bool) -> bool:
        return any(
            key.startswith(other.core) and postcode in {None, other.postcode} and (other.named or not here)
            for uprn in homes for other in self._wordings.namesakes(uprn)
        )  # fmt: skip

    def _nearly(self, key: str, postcode: str | None) -> Found:
        far = postcode is not None and postcode.split()[0] not in self._wordings.areas
        near = [] if far or not key else self._wordings.near(key, postcode)
        pool = [self._wordings[number] for number in near]
        if not pool:
            return Found(NOTHING, None, [])
        if (told := _by_letters(key, postcode, pool)) is not None:
            return Found(SURE, told, [told])
        dwellings = [self._wordings.dwelling(number) for number in near]
        known = Known(slips=self._slips(key, dwellings), of_lists=True)
        doubts: dict[int, Doubt] = {}
        for each, taken in zip(pool, dwellings, strict=True):
            doubt = weigh(key, postcode, taken, known)
            doubts[each.uprn] = min(doubt, doubts.get(each.uprn, doubt))
        return _found(doubts, pool)

    def _slips(self, key: str, pool: list[Dwelling]) -> dict[str, dict[str, int]]:
        """A word that the gazetteer does not have, and those near which it may be a slip for."""
        unknown = [w for w in key.split() if w not in self._wordings.words and len(w) > 3 and w.isalpha()]
        near = {word for each in pool for word in (*each.premises.words, *each.places)} if unknown else set()
        return {word: _edits(word, [each for each in near if len(each) > 2 and each.isalpha()]) for word in unknown}


def _edits(word: str, others: list[str]) -> dict[str, int]:
    most = 2 if len(word) >= LONG else 1
    edits = {other: OSA.distance(word, other, score_cutoff=most) for other in others}
    return {other: n for other, n in edits.items() if 0 < n <= most}


def _beside(postcode: str | None, other: str | None) -> bool:
    return not postcode or not other or postcode[:-2] == other[:-2]


def postcode_of(postcode: str, address: str) -> str | None:
    end = AT_END.search(address)
    given = POSTCODE.match((postcode or (end[1] if end else "")).upper().replace(" ", "").strip())
    return f"{given[1]} {given[2]}" if given else None


def _by_letters(key: str, postcode: str | None, pool: list[Wording]) -> int | None:
    """As `matches.NEARLY`: the numbers and the postcode are one property's, and a letter or two are not."""
    own, squeezed = read(key).numbered, key.replace(" ", "")
    if not postcode or not own or " FLAT " in key:
        return None
    letters: dict[int, int] = {}
    for each in pool:
        if each.postcode == postcode and read(each.core).numbered == own:
            core = each.core.replace(" ", "")
            apart = OSA.distance(squeezed[: len(core)], core)
            letters[each.uprn] = min(apart, letters.get(each.uprn, apart))
    best = sorted(letters.items(), key=lambda pair: pair[1])
    clear = len(best) == 1 or (len(best) > 1 and best[1][1] >= best[0][1] + CLEAR)
    meant = {each.uprn for each in pool if each.meant}
    return best[0][0] if best and clear and best[0][1] <= LETTERS - 1 and best[0][0] in meant else None


def _found(doubts: dict[int, Doubt], pool: list[Wording]) -> Found:
    homes = {each.uprn for each in pool if each.meant}
    parents = {each.uprn: each.parent for each in pool if each.parent}
    weighed = sorted(ranked(0, doubts, homes, parents, BESIDE_IN_LISTS), key=lambda row: (row[2], row[1]))
    certain = next((uprn for _, uprn, _, sure, _ in weighed if sure), None)
    if certain is not None:
        return Found(SURE, certain, [certain])
    near = [uprn for _, uprn, against, _, _ in weighed if against <= matching.FAR][:SHOWN]
    return Found(TO_REVIEW, None, near) if near else Found(NOTHING, None, [])


def asked(body: Any) -> list[tuple[str, str]]:
    """What a request says: `address` and perhaps `postcode`, or a list of those as `addresses`; InputRefused else."""
    rows = body.get("addresses", [body]) if isinstance(body, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST:
        raise InputRefused(f'Expected {{"address": …, "postcode": …}}, or up to {MOST:,} of those as "addresses".')
    return [_one(n, row) for n, row in enumerate(rows, 1)]


def _one(n: int, row: Any) -> tuple[str, str]:
    address = row.get("address") if isinstance(row, dict) else None
    postcode = row.get("postcode") or "" if isinstance(row, dict) else ""
    if not isinstance(address, str) or not address.strip() or len(address) > LONGEST or not isinstance(postcode, str):
        raise InputRefused(
            f"Address {n}: expected an address in words, of at most {LONGEST} letters, and a postcode in words or none."
        )
    return address, postcode[:LONGEST]


_READY: Kept[Lookup] = Kept("gazetteer", most=AUTHORITIES)
_building = Lock()


def lookup(office: Office, session: Session, of: Snapshot) -> Lookup:
    """The one of this gazetteer, made by whoever asks first; others wait for it."""
    with _building:
        return _READY.of(office, session, of.authority, lambda: Lookup(office.lake.file(of)))
