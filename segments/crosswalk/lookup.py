"""An address or a thousand held against the gazetteer at once: what it surely is, else what it may be.

The gazetteer's wordings lie ready in the memory of the process, so that an answer takes milliseconds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa
from rapidfuzz.distance import OSA

from engage.foundation.errors import InputRefused
from segments.crosswalk.matches import CLEAR, LETTERS, SURE, TO_REVIEW
from segments.linking import addresses, matching
from segments.linking.differences import Doubt, Dwelling, Known, dwelling, weigh
from segments.linking.neighbours import BESIDE_IN_LISTS, LONG, ranked
from segments.linking.premises import read

MOST, LONGEST = 1_000, 400  # addresses at once, and letters of one
SHOWN = 10
POSTCODE = re.compile(r"^([A-Z]{1,2}[0-9][A-Z0-9]?) *([0-9][A-Z]{2})$")
AT_END = re.compile(r"[ ,]+([A-Z]{1,2}[0-9][A-Z0-9]? *[0-9][A-Z]{2})[ .,]*$", re.IGNORECASE)
NOTHING = "nothing near it"


@dataclass(frozen=True)
class Wording:
    """One way to write a property, ready to be compared."""

    uprn: int
    home: bool
    core: str
    dwelling: Dwelling
    parent: int | None


@dataclass(frozen=True)
class Found:
    """What an address is: sure with its UPRN, or what it may be, likeliest first."""

    state: str
    uprn: int | None
    candidates: list[int]


class Lookup:
    """Of one gazetteer. What is asked at once is answered one after the other."""

    def __init__(self, gazetteer: Path) -> None:
        self._con = duckdb.connect()
        addresses.read_gazetteer(self._con, gazetteer, addresses.LIVE)
        self._con.execute(matching.NAMESAKES)
        self._con.execute("""
            create table core_word as select distinct uprn, unnest(string_split(core, ' ')) as word from wording
                where home or live;
            create table common as select word, count(*) as properties from core_word group by word;
        """)
        found = self._con.execute("select word from common union select unnest(string_split(part, ' ')) "
                                  "from (select unnest(rest) as part from wording)").fetchall()  # fmt: skip
        self._words = frozenset(word for (word,) in found)
        areas = self._con.execute("select distinct split_part(postcode, ' ', 1) from property").fetchall()
        self._areas = frozenset(area for (area,) in areas)
        self._lock = Lock()

    def match(self, said: Sequence[tuple[str, str]]) -> list[Found]:
        """Of each address with its postcode, '' where that is not known or stands in the address."""
        rows = [(n, address, postcode_of(postcode, address)) for n, (address, postcode) in enumerate(said)]
        with self._lock:
            exact = self._exactly(rows)
            return [exact[n] if n in exact else self._nearly(self._keys[n], postcode) for n, _, postcode in rows]

    def _exactly(self, rows: list[tuple[int, str, str | None]]) -> dict[int, Found]:
        numbers, said, postcodes = zip(*rows, strict=True)
        self._con.register("asked_now", pa.table({
            "spot": numbers, "address": said, "postcode": pa.array(postcodes, pa.string()),
        }))  # fmt: skip
        for table in ("spot", "hit", "exact", "confused"):
            self._con.execute(f"drop table if exists {table}")
        self._con.execute("drop table if exists no_home")
        self._con.execute(
            "create table spot as select spot, postcode, coalesce(said(address), '') as key from asked_now"
        )
        self._keys = dict(self._con.execute("select spot, key from spot").fetchall())
        self._con.execute(matching.EXACT)
        self._con.execute(matching.CONFUSED)
        found = self._con.execute("select spot, uprn from exact where uprn is not null").fetchall()
        return {spot: Found(SURE, uprn, [uprn]) for spot, uprn in found}

    def _nearly(self, key: str, postcode: str | None) -> Found:
        far = postcode is not None and postcode.split()[0] not in self._areas
        pool = [] if far or not key else self._pool(key, postcode)
        if not pool:
            return Found(NOTHING, None, [])
        if (told := _by_letters(key, postcode, pool)) is not None:
            return Found(SURE, told, [told])
        known = Known(slips=self._slips(key, pool), of_lists=True)
        doubts: dict[int, Doubt] = {}
        for each in pool:
            doubt = weigh(key, postcode, each.dwelling, known)
            doubts[each.uprn] = min(doubt, doubts.get(each.uprn, doubt))
        return _found(doubts, pool)

    def _pool(self, key: str, postcode: str | None) -> list[Wording]:
        """What lies in its postcode, and what shares its rarest words elsewhere."""
        words = [word for word in key.split() if word in self._words]
        rows = self._con.execute("""
            with rare as (select word from common where word in (select unnest(?)) order by properties limit 3),
            alike as (select uprn from core_word where word in (from rare) group by uprn having count(*) >= least(2,
                (select count(*) from rare)) order by count(*) desc limit 60)
            select w.uprn, w.home, w.core, w.street, w.rest, w.postcode, p.parent_uprn from wording w
            join property p using (uprn)
            where (w.home or w.live) and (w.postcode = ? or w.uprn in (from alike)) limit 600
        """, [words, postcode]).fetchall()  # fmt: skip
        return [
            Wording(uprn, home, core, dwelling(core, street or "", " ".join(rest).split(), its), parent)
            for uprn, home, core, street, rest, its, parent in rows
        ]

    def _slips(self, key: str, pool: list[Wording]) -> dict[str, dict[str, int]]:
        """A word that the gazetteer does not have, and those near which it may be a slip for."""
        near = {word for each in pool for word in (*each.core.split(), *each.dwelling.places)}
        near = {word for word in near if len(word) > 2 and word.isalpha()}
        slips: dict[str, dict[str, int]] = {}
        for word in key.split():
            if word in self._words or len(word) <= 3 or not word.isalpha():
                continue
            most = 2 if len(word) >= LONG else 1
            edits = {other: OSA.distance(word, other, score_cutoff=most) for other in near}
            slips[word] = {other: n for other, n in edits.items() if 0 < n <= most}
        return slips


def postcode_of(postcode: str, address: str) -> str | None:
    end = AT_END.search(address)
    given = POSTCODE.match((postcode or (end[1] if end else "")).upper().replace(" ", "").strip())
    return f"{given[1]} {given[2]}" if given else None


def _by_letters(key: str, postcode: str | None, pool: list[Wording]) -> int | None:
    """As `matches.NEARLY`: the numbers and the postcode are one property's, and a letter or two are not."""
    numbers, squeezed = read(key).numbered, key.replace(" ", "")
    if not postcode or not numbers or " FLAT " in key:
        return None
    letters: dict[int, int] = {}
    for each in pool:
        if each.dwelling.postcode == postcode and each.dwelling.premises.numbered == numbers:
            own = each.core.replace(" ", "")
            apart = OSA.distance(squeezed[: len(own)], own)
            letters[each.uprn] = min(apart, letters.get(each.uprn, apart))
    best = sorted(letters.items(), key=lambda pair: pair[1])
    homes = {each.uprn for each in pool if each.home}
    clear = len(best) == 1 or (len(best) > 1 and best[1][1] >= best[0][1] + CLEAR)
    return best[0][0] if best and clear and best[0][1] <= LETTERS - 1 and best[0][0] in homes else None


def _found(doubts: dict[int, Doubt], pool: list[Wording]) -> Found:
    homes = {each.uprn for each in pool if each.home}
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


_lookups: dict[str, tuple[Path, Lookup]] = {}
_building = Lock()


def lookup(place: str, gazetteer: Path) -> Lookup:
    """The one of this authority, made anew where its gazetteer is another."""
    with _building:
        if _lookups.get(place, (None,))[0] != gazetteer:
            _lookups[place] = gazetteer, Lookup(gazetteer)
        return _lookups[place][1]
