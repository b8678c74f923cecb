"""How much speaks against a register's address being a home's: one number, added up from each difference.

The home of a row is the one with little against it and clearly less than any other. The weights are of the kinds of
difference that people make; benchmarks/linking.py measures what they do.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from segments.linking.premises import Premises, lettered, overlap, read, readings, within_range

# Linked without asking up to MOST, where every other home has at least LEAD more against it.
MOST, LEAD = 5.0, 4.5
# Too much to be linked, and near enough that no other is linked without asking.
RIVAL = 6.0
# Of the same building or at the same number, and so worth showing; nothing of it is the same.
DISTANT, NEVER = 12.0, 99.0
# What is left off so easily that the home stands close behind one that is written without: the building of a flat, the
# letter after a number. Flat 2 of number 6 is as often written number 2 as a street misspelt.
WITHOUT_BUILDING, WITHOUT_LETTER = 2.0, 8.0
# Flat 1 of number 3 and flat 3 of number 1 are written for each other.
SWAPPED = 4.0
# In lists of properties: "108 FLAT ALMA ST" of a house that has no flats, and the letter as seldom left off as added.
FLAT_OF_NOTHING, LETTER_OF_LISTS = 2.0, 7.5

TYPES = frozenset(
    [
        "ROAD",
        "STREET",
        "LANE",
        "AVENUE",
        "CLOSE",
        "COURT",
        "DRIVE",
        "CRESCENT",
        "GARDENS",
        "GREEN",
        "GROVE",
        "MEWS",
        "MOUNT",
        "PARADE",
        "PARK",
        "PLACE",
        "RISE",
        "ROW",
        "SQUARE",
        "TERRACE",
        "VIEW",
        "WALK",
        "WAY",
        "YARD",
        "HILL",
        "CROFT",
        "END",
        "GATE",
        "BANK",
        "VALE",
        "LEA",
        "PATH",
        "PASSAGE",
        "WYND",
        "LOAN",
        "BRAE",
        "CIRCUS",
        "QUAY",
        "WHARF",
        "HEOL",
        "FFORDD",
        "STRYD",
        "LON",
        "CLOS",
        "RHODFA",
    ]
)
# A name is told by none of these alone.
GENERIC = frozenset(
    [
        "HOUSE",
        "COTTAGE",
        "COTTAGES",
        "FARM",
        "FARMHOUSE",
        "BARN",
        "LODGE",
        "VIEW",
        "THE",
        "OLD",
        "NEW",
        "COURT",
        "HALL",
        "MANSIONS",
        "BUILDINGS",
        "BUILDING",
        "BUNGALOW",
        "VILLA",
        "APARTMENTS",
        "PLACE",
        "TOWER",
        "POINT",
        "MILL",
        "TY",
        "BWTHYN",
        "Y",
        "YR",
    ]
)
EMPTY = frozenset(
    [
        "THE",
        "AT",
        "OF",
        "AND",
        "ON",
        "IN",
        "NR",
        "NEAR",
        "OFF",
        "BY",
        "UPON",
        "Y",
        "YR",
        "TREATED",
        "ADDRESS",
        "LTD",
        "LIMITED",
    ]
)
# What lies there is not the home itself.
BESIDE = frozenset(
    [
        "ADJOINING",
        "ADJACENT",
        "OPPOSITE",
        "BEHIND",
        "BESIDE",
        "ABOVE",
        "OVER",
        "NEXT",
        "LAND",
        "GARAGE",
        "STABLES",
        "OUTBUILDING",
        "OUTBUILDINGS",
        "SHED",
        "STORE",
        "SITE",
        "CABIN",
        "YURT",
        "BOAT",
        "BOATHOUSE",
    ]
)
# Welsh and English names of one street (either may be in the gazetteer): compared word by word.
ENGLISH = {
    "FFORDD": "ROAD", "HEOL": "ROAD", "STRYD": "STREET", "LON": "LANE", "CLOS": "CLOSE", "RHODFA": "AVENUE",
    "CILGANT": "CRESCENT", "GERDDI": "GARDENS", "TERAS": "TERRACE", "PARC": "PARK", "SGWAR": "SQUARE", "LLYS": "COURT",
    "FAWR": "HIGH", "EGLWYS": "CHURCH", "CAPEL": "CHAPEL", "ORSAF": "STATION", "GORSAF": "STATION", "YSGOL": "SCHOOL",
    "FELIN": "MILL", "MELIN": "MILL", "BONT": "BRIDGE", "PONT": "BRIDGE", "NEWYDD": "NEW", "FRENHINES": "QUEEN",
    "BRENIN": "KING", "UCHAF": "UPPER", "ISAF": "LOWER", "CASTELL": "CASTLE", "MARCHNAD": "MARKET", "AFON": "RIVER",
    "FFYNNON": "WELL", "PERLLAN": "ORCHARD", "TY": "HOUSE", "BWTHYN": "COTTAGE", "FFERM": "FARM", "GWYN": "WHITE",
    "HEN": "OLD", "COED": "WOOD", "MYNYDD": "MOUNTAIN", "MOR": "SEA",
}  # fmt: skip


@dataclass(frozen=True)
class Dwelling:
    """A wording of a home: `name` are the words before its street."""

    premises: Premises
    name: tuple[str, ...]
    street: tuple[str, ...]
    places: frozenset[str]
    postcode: str
    on_street: bool  # its last number is the street's, not one in a building with a name


@dataclass
class Known:
    """What the whole gazetteer tells: words of places, and for a word it does not have those it may be a slip for."""

    places: frozenset[str] = frozenset()
    slips: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # two words that were written as one
    streets: frozenset[tuple[str, tuple[str, ...]]] = frozenset()  # postcodes, each with the streets it lies on
    of_lists: bool = False  # the addresses are of a system's list of properties, not of a register


class Doubt(NamedTuple):
    """What speaks against an address being a home's; `rival` is how far the home stands behind another one's link."""

    against: float
    rival: float
    street_alone: bool  # the address is the home's street and tells no home of it
    here: bool = True  # the home has the row's postcode, or there is none to compare
    told: bool = False  # it has the row's postcode and its number or name, and lies on another street


def dwelling(core: str, street: str, places: Iterable[str], postcode: str | None) -> Dwelling:
    premises = read(core)
    road = read(street).words or _street(core)
    name, after = _around(premises.words, road)
    before = core.removesuffix(street).split() if street else core.split()[: -len(road) or None]
    on_street = (bool(before) and before[-1][0].isdigit()) or (len(before) > 1 and before[-2][0].isdigit())
    return Dwelling(premises, name, road, frozenset((*after, *places)), postcode or "", on_street)


def _street(core: str) -> tuple[str, ...]:
    """Where the gazetteer does not say: the words after the last number, up to the first like ROAD."""
    tokens = core.split()
    last = max((n for n, token in enumerate(tokens) if token[0].isdigit()), default=-1)
    words = read(" ".join(tokens[last + 1 :])).words if last >= 0 else ()
    upto = next((n for n, word in enumerate(words) if n and word in TYPES), len(words) - 1)
    return words[: upto + 1]


def _around(words: tuple[str, ...], road: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for at in range(len(words) - len(road), -1, -1):
        if road and words[at : at + len(road)] == road:
            return words[:at], words[at + len(road) :]
    return words, ()


def against(said: str, postcode: str | None, home: Dwelling, known: Known) -> float:
    """What speaks against this address, as `addresses.said` spells it, being that home."""
    return weigh(said, postcode, home, known).against


def weigh(said: str, postcode: str | None, home: Dwelling, known: Known) -> Doubt:
    row = read(said)
    compared = _Comparison(row, postcode or "", home, known)
    words = compared.words()
    numbers, rival = (min(each) for each in zip(*_numbers(row, home, compared), strict=True))
    street_alone = compared.street_alone and not row.numbered and not row.floors and not row.flat
    here = not postcode or postcode == home.postcode
    told = here and bool(postcode) and numbers == 0 and compared.elsewhere and bool(row.numbered or compared.partly)
    behind = words - WITHOUT_BUILDING if compared.nameless else words
    return Doubt(_total(numbers, words), _total(rival, behind), street_alone, here, told)


def _total(numbers: float, words: float) -> float:
    return min(NEVER, numbers + words) if numbers < NEVER else NEVER


def _numbers(row: Premises, home: Dwelling, compared: "_Comparison") -> Iterator[tuple[float, float]]:
    """For each way in which either may be read: what speaks against the numbers, and the same as a rival."""
    ours = home.premises
    # Flat 2 of a street is not number 2; of a building with a name it may be.
    if row.flat and not (ours.flat or ours.floors or (compared.named and row.units)):
        doubt = RIVAL if row.numbered == ours.numbered else DISTANT
        if compared.known.of_lists and doubt == RIVAL and not row.units and not row.floors:
            doubt = FLAT_OF_NOTHING
        yield doubt, doubt
        return
    for said, floor in readings(row.numbered):
        for meant, its_floor in readings(ours.numbered):
            if _comparable(said, meant):
                floors = _floors(row.floors | ({floor} - {""}), ours.floors | ({its_floor} - {""}), ours)
                doubt = _same_numbers(said, meant) + floors
            else:
                doubt = _other_numbers(row, said, ours, meant, compared)
            yield doubt, _behind(doubt, said, meant, LETTER_OF_LISTS if compared.known.of_lists else WITHOUT_LETTER)


def _behind(doubt: float, said: tuple[str, ...], meant: tuple[str, ...], letter: float) -> float:
    if said != meant and sorted(said) == sorted(meant):
        return min(doubt, SWAPPED)
    return doubt - _left_off(said, meant, letter) if doubt < NEVER else NEVER


def _left_off(said: tuple[str, ...], meant: tuple[str, ...], letter: float) -> float:
    if not said or not meant or said == meant:
        return 0.0
    if said == meant[:-1]:
        return WITHOUT_BUILDING
    return letter if said == (*meant[:-1], _bare(meant[-1])) else 0.0


def _comparable(said: tuple[str, ...], meant: tuple[str, ...]) -> bool:
    return lettered(said) == lettered(meant) or overlap(said, meant)


def _same_numbers(said: tuple[str, ...], meant: tuple[str, ...]) -> float:
    if said == meant:
        return 0.0
    if lettered(said) == lettered(meant):
        return 2.0
    return 3.0 if within_range(said, meant) else RIVAL


def _other_numbers(
    row: Premises, said: tuple[str, ...], ours: Premises, meant: tuple[str, ...], compared: "_Comparison"
) -> float:
    """A house or building with a name goes without its number; a name with another number is not certain."""
    if ours.numbers and said == meant[:-1]:
        if compared.named and row.units == ours.units:
            return 4.0 + _floors(row.floors, ours.floors, ours)
        return RIVAL if compared.partly or said else NEVER
    if compared.named and not ours.units:
        return RIVAL
    same = bool(said and meant) and _bare(said[-1]) == _bare(meant[-1])
    return DISTANT if compared.partly or same else NEVER


def _bare(number: str) -> str:
    """Without the letter after it."""
    return number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") or number


def _floors(row: frozenset[str], ours: frozenset[str], home: Premises) -> float:
    """A flat with a number may go without its floor, or have it added; a flat told by its floor cannot."""
    if row == ours:
        return 0.0
    several = len(home.numbered) > 1 or bool(home.units)
    return 2.0 if several and not (row and ours) else DISTANT


class _Comparison:
    """The words of one row, used up by the words of one home."""

    def __init__(self, row: Premises, postcode: str, home: Dwelling, known: Known) -> None:
        self.home, self.known, self.postcode = home, known, postcode
        self.left = [*row.words]
        self.slips = 0.0
        self.named = self.partly = False  # whether the row has the home's own name, or some of it
        self.street_alone = False
        self.elsewhere = False  # whether the row has another street, or none
        self.nameless = False  # whether a flat of a building with a name is written without that name
        self._split_joined()
        self._leave_off_places()

    def words(self) -> float:
        street, name = self._missing(self.home.street), self._missing(self.home.name)
        # Mill Lodge is a name, though neither word of it is.
        whole = len(set(self.home.name) - EMPTY) > 1 and not set(name) - EMPTY
        self.partly = whole or bool(set(self.home.name) - GENERIC - set(name))
        self.named = self.partly and not set(name) - EMPTY
        extra = self._extra()
        self.street_alone = not street and not extra and len(name) == len(self.home.name)
        self.elsewhere = bool(street) and len(street) == len(self.home.street)
        flat = bool(self.home.premises.numbered) and not self.home.on_street
        self.nameless = flat and bool(name) and len(name) == len(self.home.name)
        total = (
            self._street(street, extra)
            + self._name(name)
            + self._strange(extra, bool(name) or (bool(street) and TYPES.issuperset(street)))
        )
        return total + self.slips + self._postcode()

    def _split_joined(self) -> None:
        """Two words written as one, or one as two."""
        said = (*self.home.name, *self.home.street, *self.home.places)
        self.left = [part for word in self.left for part in self.known.joined.get(word, (word,))]
        for n in range(len(self.left) - 2, -1, -1):
            if "".join(self.left[n : n + 2]) in said:
                self.left[n : n + 2] = ["".join(self.left[n : n + 2])]

    def _leave_off_places(self) -> None:
        """From the end, so that Trent Road in Burton upon Trent keeps its name."""
        while self.left and (self.left[-1] in self.home.places or self._place_slip(self.left[-1])):
            self.left.pop()

    def _missing(self, wanted: tuple[str, ...]) -> list[str]:
        return [word for word in wanted if not self._take(word)]

    def _take(self, word: str) -> bool:
        if word in self.left:
            self.left.remove(word)
            return True
        found = min(((cost, each) for each in self.left if (cost := self._slip(each, word)) < NEVER), default=None)
        if found is None:
            return False
        self.slips += found[0]
        self.left.remove(found[1])
        return True

    def _slip(self, said: str, word: str) -> float:
        if ENGLISH.get(said, said) == ENGLISH.get(word, word):
            return 1.0
        edits = self.known.slips.get(said, {}).get(word)
        return {1: 1.0, 2: 2.5}.get(edits or 0, NEVER)

    def _extra(self) -> list[str]:
        home = {*self.home.places, *self.home.name, *self.home.street}
        return [word for word in self.left if word not in home and word not in EMPTY and not self._place_slip(word)]

    def _place_slip(self, word: str) -> bool:
        return not self.home.places.isdisjoint(self.known.slips.get(word, ()))

    def _street(self, missing: list[str], extra: list[str]) -> float:
        if not missing:
            return 0.0
        other = [word for word in extra if word not in self.known.places]
        if all(word in TYPES or word in EMPTY for word in missing):
            return 6.0 if any(word in TYPES for word in other) else 2.0
        if set(missing) < set(self.home.street) and not set(self.home.street) - set(missing) <= TYPES:
            return 4.0
        # Left off, or another street in its place: a number alone does not tell.
        return 4.0 if self.named else RIVAL

    def _name(self, missing: list[str]) -> float:
        if not [word for word in missing if word not in EMPTY]:
            return 0.0
        told = [word for word in self.home.name if word not in missing and word not in GENERIC]
        number = bool(self.home.premises.numbers) and self.home.on_street
        if told:
            return 1.0 if number else 3.0
        if self.home.premises.numbered and not number:
            return RIVAL
        return 2.0 if number else NEVER

    def _strange(self, extra: list[str], renamed: bool) -> float:
        """Words of the row that are nobody's: of another place, of a firm or house in front, of another house."""
        far = self.postcode != self.home.postcode or self.elsewhere
        places = 3.0 if far and any(word in self.known.places for word in extra) else 0.0
        others = [word for word in extra if word not in self.known.places]
        if not others:
            return places
        if not BESIDE.isdisjoint(others):
            return RIVAL
        return places + (6.0 if renamed else 3.0 if self.home.premises.numbers else 5.0)

    def _postcode(self) -> float:
        ours = self.home.postcode
        if self.postcode == ours:
            return 0.0
        if not self.postcode or not ours:
            return 3.0
        if (self.postcode, self.home.street) in self.known.streets:
            return RIVAL  # the street runs through both: the number may be wrong as well as the postcode
        return 2.0 if self.postcode[:-2] == ours[:-2] else 5.0
