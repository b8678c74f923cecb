"""A gazetteer's wordings ready in memory: by how an address is written, by its postcode, and by the words in it.

What an answer needs is looked up, never computed over the whole gazetteer; benchmarks/properties.py says what memory
that takes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segments.linking import addresses, matching
from segments.linking.differences import Dwelling, dwelling

# What of a property's localities and towns is left off (as addresses.FORMS), and what tells it from the next.
LEFT_OFF = 4
NUMBERS = re.compile(r"\b([0-9][0-9A-Z_|]*|[A-Z][0-9][0-9A-Z]*|[A-Z])\b", re.ASCII)
OPENING = re.compile(r"\S+ \S+")
RAREST, AGREEING, ALIKE = 3, 2, 60  # of an address's words, how many must agree, and of how many properties
POOL = 600  # wordings that one address is compared with
DWELLINGS = 20_000  # wordings that are kept taken apart


class Wording(NamedTuple):
    """One way to write a property. `meant`: an address may mean it; `live`: it is there, if as a building of homes."""

    uprn: int
    meant: bool
    live: bool
    core: str
    street: str
    rest: tuple[str, ...]
    postcode: str | None
    parent: int | None

    @property
    def there(self) -> bool:
        return self.meant or self.live


class Namesake(NamedTuple):
    """Another property is written as `core` is, but for a name or numbers that are easily left off."""

    core: str
    postcode: str | None
    named: bool


READ = """
select w.uprn, w.home, w.live, w.core, coalesce(w.street, ''), w.rest, w.postcode, p.parent_uprn
from wording w join property p using (uprn) order by w.uprn, w.nth
"""
AREAS = "select distinct split_part(postcode, ' ', 1) from property where postcode is not null"
SAID = "select list_transform(?::varchar[], lambda each: coalesce(said(each), ''))"
WORDS = """
select word, list(distinct uprn) as uprns from (
    select uprn, unnest(string_split(core, ' ')) as word from wording where home or live) group by word
"""


class Wordings:
    """Of one gazetteer."""

    def __init__(self, gazetteer: Path) -> None:
        with duckdb.connect() as con:
            addresses.read_wordings(con, gazetteer, addresses.LIVE)
            con.execute(matching.NAMESAKES)
            self._every = [_read(row) for row in con.execute(READ).fetchall()]
            self._numbered = _Postings([each.uprn for each in self._every], con.execute(WORDS).to_arrow_table())
            self._namesakes: dict[int, list[Namesake]] = defaultdict(list)
            for uprn, *told in con.execute("select distinct uprn, core, postcode, named from namesake").fetchall():
                self._namesakes[uprn].append(Namesake(*told))
            self.areas = frozenset(area for (area,) in con.execute(AREAS).fetchall())
        self._by_core = _placed((each.core, n) for n, each in enumerate(self._every))
        self._by_postcode = _placed((each.postcode, n) for n, each in enumerate(self._every) if each.there)
        self._longest = max((each.core.count(" ") + 1 for each in self._every), default=0)
        self.words = self._numbered.words | {w for each in self._every for part in each.rest for w in part.split()}
        self._spelling = duckdb.connect(config={"threads": 1})
        self._spelling.execute(addresses.MACROS)
        self.dwelling = lru_cache(DWELLINGS)(self._taken_apart)

    def spelt(self, texts: Sequence[str]) -> list[str]:
        """Each address in the words that compare."""
        (row,) = self._spelling.cursor().execute(SAID, [list(texts)]).fetchall()
        return list(row[0])

    def written_as(self, key: str) -> Iterator[Wording]:
        """What is written word for word so, whatever of its localities and towns is left off."""
        tokens = key.split()
        for upto in range(min(len(tokens), self._longest) + 1):
            core, rest = " ".join(tokens[:upto]), " ".join(tokens[upto:])
            if core or not rest:
                yield from (each for n in self._by_core.get(core, ()) if _ends(each := self._every[n], rest))

    def at(self, postcode: str | None) -> Iterator[Wording]:
        return (self._every[n] for n in self._by_postcode.get(postcode, ()))

    def namesakes(self, uprn: int) -> Sequence[Namesake]:
        return self._namesakes.get(uprn, ())

    def near(self, key: str, postcode: str | None) -> list[int]:
        """The numbers of the wordings in its postcode, and of those elsewhere that share its rarest words."""
        here = self._by_postcode.get(postcode, ()) if postcode else ()
        alike = (n for n in self._numbered.sharing(set(key.split())) if self._every[n].there)
        return list(dict.fromkeys((*here, *alike)))[:POOL]

    def __getitem__(self, number: int) -> Wording:
        return self._every[number]

    def _taken_apart(self, number: int) -> Dwelling:
        each = self._every[number]
        return dwelling(each.core, each.street, " ".join(each.rest).split(), each.postcode)


class _Postings:
    """Of each word the properties that have it; a property's wordings lie side by side."""

    def __init__(self, uprns: Sequence[int], words: pa.Table) -> None:
        own, self._begins = np.unique(np.array(uprns, np.int64), return_index=True)
        self._begins = np.append(self._begins, len(uprns))
        lists = words["uprns"].combine_chunks()
        self._places = np.searchsorted(own, lists.values.to_numpy()).astype(np.int32)
        self._offsets = lists.offsets.to_numpy()
        self._word = {word: n for n, word in enumerate(words["word"].to_pylist())}
        self.words = frozenset(self._word)

    def sharing(self, words: set[str]) -> Iterator[int]:
        """The wordings of properties that have at least two of the rarest of these words, those with most first."""
        lists = [self._of(word) for word in sorted(words & self.words, key=lambda word: (len(self._of(word)), word))]
        if not lists:
            return
        times = np.bincount(np.concatenate(lists[:RAREST]), minlength=len(self._begins) - 1)
        found = np.flatnonzero(times >= min(AGREEING, len(lists)))
        for place in found[np.argsort(-times[found], kind="stable")][:ALIKE]:
            yield from range(self._begins[place], self._begins[place + 1])

    def _of(self, word: str) -> npt.NDArray[np.int32]:
        n = self._word[word]
        found: npt.NDArray[np.int32] = self._places[self._offsets[n] : self._offsets[n + 1]]
        return found


def _read(row: tuple[Any, ...]) -> Wording:
    """What many properties have in common is kept once."""
    uprn, meant, live, core, street, rest, postcode, parent = row
    parts = tuple(intern(part) for part in rest)
    return Wording(uprn, meant, live, core, intern(street), parts, postcode and intern(postcode), parent)


def _placed(pairs: Iterable[tuple[str | None, int]]) -> dict[str | None, tuple[int, ...]]:
    found: dict[str | None, tuple[int, ...]] = {}
    for key, n in pairs:
        found[key] = (*found.get(key, ()), n)
    return found


def _ends(each: Wording, rest: str) -> bool:
    """Whether this is some of its localities and towns, in their order."""
    parts = [part for part in each.rest[:LEFT_OFF] if part]
    return not rest or any(
        " ".join(some) == rest for size in range(1, len(parts) + 1) for some in combinations(parts, size)
    )


def numbers(spelt: str) -> list[str]:
    """As the macro `identity`: what tells one home from the next."""
    return NUMBERS.findall(spelt)


def opening(spelt: str) -> str:
    """As the macro of this name."""
    found = OPENING.match(spelt)
    return found[0] if found else ""
