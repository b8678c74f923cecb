"""An address in its parts: what numbers the home, on which floor it lies, and the words that name it.

It takes the words as `addresses.words` spells them and reads what people write in more than one way: numbers in words,
floors, Scottish flats (3/1, 3F1), letters after a number or before it, one end of a range.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

UNIT_WORDS = frozenset(("FLAT", "FLATS", "STUDIO", "MAISONETTE", "BEDSIT", "SUITE", "FFLAT", "BEDROOM", "PLOT")) | {
    "CARAVAN", "CHALET", "PITCH",
}  # fmt: skip
# A part of a building that is called by where it lies; as good as a number.
POSITIONS = {"ANNEX": "ANNEXE", **{word: word for word in ("ANNEXE", "LEFT", "RIGHT", "FRONT", "REAR", "MIDDLE")}}
LEVELS = {
    "BASEMENT": "-1", "BSMT": "-1", "GROUND": "0", "GRD": "0", "GND": "0", "FIRST": "1", "SECOND": "2", "THIRD": "3",
    "FOURTH": "4", "FIFTH": "5", "SIXTH": "6", "TOP": "top", "ATTIC": "top", "GARDEN": "garden", "LOWER": "lower",
    "UPPER": "upper",
}  # fmt: skip
WHOLE_LEVELS = {"GFF": "0", "FFF": "1", "SFF": "2", "TFF": "top"}  # ground floor flat and so on, in one word
ALONE = frozenset(("BASEMENT", "BSMT", "GROUND", "GRD", "GND"))
FLOOR_WORDS = frozenset(("FLOOR", "FLR", "STOREY", "LEVEL"))
UNITS = "ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN ELEVEN TWELVE THIRTEEN FOURTEEN FIFTEEN SIXTEEN SEVENTEEN"
NUMBERS = {word: str(n) for n, word in enumerate(f"{UNITS} EIGHTEEN NINETEEN TWENTY".split(), 1)}
TENS = {
    word: 10 * n
    for n, word in enumerate(["TWENTY", "THIRTY", "FORTY", "FIFTY", "SIXTY", "SEVENTY", "EIGHTY", "NINETY"], 2)
}
ORDINAL = {"1ST": "FIRST", "2ND": "SECOND", "3RD": "THIRD", "4TH": "FOURTH", "5TH": "FIFTH", "6TH": "SIXTH"}
NUMBER = re.compile(r"[0-9][0-9A-Z_|]*|[A-Z][0-9][0-9A-Z]*|[A-Z]")
STAIR = re.compile(r"([0-9GBT])F([0-9]+)")
STAIRS = {"G": "0", "B": "-1", "T": "top"}


@dataclass(frozen=True)
class Premises:
    """`units` are numbers after a word like FLAT, `numbers` the others, in their order; `floors` as LEVELS has them."""

    units: tuple[str, ...]
    numbers: tuple[str, ...]
    floors: frozenset[str]
    words: tuple[str, ...]
    flat: bool = False  # it says that it is a part of a building, with a number or without

    @property
    def numbered(self) -> tuple[str, ...]:
        """Units first, so that `14 ALMA STREET FLAT 3` is `FLAT 3 14 ALMA STREET`."""
        return self.units + self.numbers


@lru_cache(maxsize=100_000)
def read(spelt: str) -> Premises:
    units: list[str] = []
    numbers: list[str] = []
    floors: set[str] = set()
    words: list[str] = []
    tokens = _tokens(spelt)
    into = {"unit": units.append, "number": numbers.append, "floor": floors.add, "word": words.append}
    for kind, value in _marked(tokens):
        into[kind](value)
    return Premises(
        tuple(units), tuple(_joined(numbers)), frozenset(floors), tuple(words), not UNIT_WORDS.isdisjoint(tokens)
    )


def _tokens(spelt: str) -> list[str]:
    """Words, of which numbers in words are numbers, and what is `care of` somebody is left off."""
    words = [ORDINAL.get(word, word) for word in spelt.split()]
    words = _without_care_of(words)
    found: list[str] = []
    for n, word in enumerate(words):
        before = words[n - 1] if n else ""
        if before in TENS and word in NUMBERS and int(NUMBERS[word]) < 10:
            found[-1] = str(TENS[before] + int(NUMBERS[word]))
        else:
            found.append(NUMBERS.get(word) or str(TENS.get(word, word)))
    return found


def _without_care_of(words: list[str]) -> list[str]:
    for n, pair in enumerate(pairwise(words)):
        if pair in (("C", "O"), ("CARE", "OF")):
            end = next((at for at in range(n + 2, len(words)) if words[at][0].isdigit() or words[at] in UNIT_WORDS), n)
            return words[:n] + words[end:] if end > n else words
    return words


def _marked(tokens: list[str]) -> Iterator[tuple[str, str]]:
    """Each token with what it is: unit, number, floor or word."""
    for n, token in enumerate(tokens):
        before, after = tokens[n - 1] if n else "", tokens[n + 1] if n + 1 < len(tokens) else ""
        stair = STAIR.fullmatch(token)
        if stair:
            yield "floor", STAIRS.get(stair[1], stair[1])
            yield "unit", stair[2]
        elif _is_floor(token, before, after, n > 1 and tokens[n - 2] in LEVELS):
            yield "floor", WHOLE_LEVELS.get(token) or LEVELS.get(token, token)
        elif token in UNIT_WORDS or token in FLOOR_WORDS:
            continue
        elif token in POSITIONS:
            yield "unit", POSITIONS[token]
        elif NUMBER.fullmatch(token):
            yield "unit" if before in UNIT_WORDS else "number", token
        else:
            yield "word", token


def _is_floor(token: str, before: str, after: str, after_level: bool) -> bool:
    if token in WHOLE_LEVELS:
        return True
    beside = after in FLOOR_WORDS or before in FLOOR_WORDS
    if token.isdigit():
        return before == "FLOOR" and not after_level
    return token in LEVELS and (beside or after in UNIT_WORDS or before in UNIT_WORDS or token in ALONE)


def _joined(numbers: list[str]) -> list[str]:
    """A letter by itself after a number belongs to it: 12 A."""
    found: list[str] = []
    for token in numbers:
        if len(token) == 1 and token.isalpha() and found and found[-1].isdigit():
            found[-1] += token
        else:
            found.append(token)
    return found


def readings(numbered: tuple[str, ...]) -> frozenset[tuple[tuple[str, ...], str]]:
    """The same numbers as they are written elsewhere, each with the floor that is among them ('' for none)."""
    found = {(numbered, "")}
    for n, token in enumerate(numbered):
        first, stroke, second = token.partition("|")
        if stroke:
            rest = numbered[:n], numbered[n + 1 :]
            found.add(((*rest[0], second, *rest[1]), first))  # 3/1: flat 1 on floor 3
            found.add(((*rest[0], second, first, *rest[1]), ""))  # 12/3: flat 3 of number 12
            found.add(((*rest[0], f"{first}_{second}", *rest[1]), ""))  # 28/30: a house that was two
    return frozenset(found)


def lettered(numbered: tuple[str, ...]) -> tuple[str, ...]:
    """Flat A of number 12 and 12A are written for each other."""
    letters = [token for token in numbered if len(token) == 1 and token.isalpha()]
    digits = [n for n, token in enumerate(numbered) if token.isdigit()]
    if len(letters) != 1 or not digits:
        return numbered
    rest = [token for token in numbered if token != letters[0]]
    rest[-1] += letters[0]
    return tuple(rest)


def within_range(said: tuple[str, ...], meant: tuple[str, ...]) -> bool:
    """Whether a home that takes up a range is written by one of its ends, or a home by the range that it begins."""
    return said in set(_ends(meant)) or meant in set(_ends(said, last=False))


def overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a range in one has an end in common with the other."""
    return not {one, *_ends(one)}.isdisjoint({other, *_ends(other)})


def _ends(numbered: tuple[str, ...], *, last: bool = True) -> Iterator[tuple[str, ...]]:
    for n, token in enumerate(numbered):
        ends = tuple(token.split("_"))
        if len(ends) == 2:
            for some in (ends[:1], ends[1:], ends) if last else (ends[:1], ends):
                yield numbered[:n] + some + numbered[n + 1 :]
