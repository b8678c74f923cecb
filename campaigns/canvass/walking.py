"""The order in which homes are walked: street by street, up the odd numbers, down the even ones, flats within theirs.

A street goes on at the nearest one that is left. A house that has a name and no number stands where it lies between
the numbered ones; where nobody knows where anything lies, streets follow their postcodes and names the alphabet.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from math import hypot

Natural = tuple[tuple[int, int, str], ...]
Point = tuple[float, float]

NUMBERED = re.compile(
    r"(?:(?P<flat>[\w-]+), )?(?P<number>\d+)(?P<suffix>[A-Za-z]?)(?:[-/]\d+[A-Za-z]?)?,? (?P<street>\D.*)"
)
FLOORS = ("basement", "lower ground", "ground", "first", "second", "third", "fourth", "fifth", "sixth")
FLOOR = re.compile(rf"\b({'|'.join(FLOORS)})(?= floor\b)")


@dataclass(frozen=True)
class Door:
    """A home as the gazetteer has it; the lines of its address end with the postcode."""

    uprn: int
    lines: tuple[str, ...]
    street: str = ""
    usrn: int | None = None
    easting: float | None = None
    northing: float | None = None

    @property
    def point(self) -> Point | None:
        return None if self.easting is None or self.northing is None else (self.easting, self.northing)

    @cached_property
    def _on_street(self) -> tuple[int, re.Match[str] | None]:
        """Which line names the street, and its number where it has one."""
        last = max(len(self.lines) - 1, 1)
        found = [(at, NUMBERED.fullmatch(line)) for at, line in enumerate(self.lines[:last])]
        if self.street:
            theirs = [(at, n) for at, n in found if self.lines[at].casefold().endswith(self.street.casefold())]
            return theirs[-1] if theirs else (last, None)
        numbered = [(at, number) for at, number in found if number]
        return numbered[-1] if numbered else (min(1, last - 1) if last > 2 else 0, None)

    @property
    def named_street(self) -> str:
        at, number = self._on_street
        if self.street:
            return self.street
        return number["street"] if number else "".join(self.lines[at : at + 1])

    @property
    def locality(self) -> str:
        return self.lines[-2] if len(self.lines) > 2 else ""

    @property
    def postcode(self) -> str:
        return self.lines[-1] if self.lines else ""

    @property
    def building(self) -> tuple[int, str, str]:
        """Its number and the letter after it, or its name: what flats of one building have in common."""
        at, number = self._on_street
        if number:
            return int(number["number"]), number["suffix"].upper(), ""
        before = self.lines[:at]
        return 0, "", (before[-1] if before else "").casefold()

    @property
    def flat(self) -> Natural:
        at, number = self._on_street
        within = [*self.lines[:at], *([number["flat"]] if number and number["flat"] else [])]
        return natural(" ".join(within[:-1] if not number else within))


@dataclass(frozen=True)
class Stop:
    """A home where its turn is. `side` is odd or even, or empty where it has no number."""

    door: Door
    street: str
    side: str
    building: tuple[int, str, str]


@dataclass
class _Building:
    number: int
    suffix: str
    name: str
    doors: list[Door]
    point: Point | None = field(init=False)

    def __post_init__(self) -> None:
        self.point = middle(door.point for door in self.doors)

    @property
    def side(self) -> str:
        return "" if not self.number else "odd" if self.number % 2 else "even"

    @property
    def along(self) -> tuple[float, Natural]:
        return (sum(self.point) if self.point else float("inf"), natural(self.name))


def natural(words: str) -> Natural:
    """So that 2 comes before 10, the ground floor before the first, and A before B."""
    spoken = FLOOR.sub(lambda floor: str(FLOORS.index(floor[1])), words.casefold())
    parts = re.split(r"(\d+)", spoken)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def middle(points: Iterable[Point | None]) -> Point | None:
    known = [point for point in points if point]
    return (sum(x for x, _ in known) / len(known), sum(y for _, y in known) / len(known)) if known else None


def order(doors: Iterable[Door]) -> list[Stop]:
    streets: dict[object, list[Door]] = {}
    for door in sorted(doors, key=lambda each: each.uprn):
        named = (door.named_street.casefold(), door.locality.casefold())
        streets.setdefault(door.usrn or named, []).append(door)
    return [stop for street in _streets(list(streets.values())) for stop in _along(street)]


def _streets(streets: list[list[Door]]) -> Iterator[list[Door]]:
    """Each after the nearest of those before it; those of which nobody knows where they lie come last."""
    placed = {at: point for at, doors in enumerate(streets) if (point := middle(door.point for door in doors))}
    here = min(placed.values(), key=lambda point: (point[0] - point[1], point), default=(0.0, 0.0))
    while placed:
        at = min(placed, key=lambda each: (hypot(placed[each][0] - here[0], placed[each][1] - here[1]), each))
        here = placed.pop(at)
        yield streets[at]
    unplaced = [doors for doors in streets if not middle(door.point for door in doors)]
    yield from sorted(unplaced, key=lambda doors: (doors[0].locality, doors[0].postcode, doors[0].named_street))


def _along(doors: Sequence[Door]) -> Iterator[Stop]:
    street = doors[0].named_street
    for building in _buildings(doors):
        for door in sorted(building.doors, key=lambda each: (each.flat, each.uprn)):
            yield Stop(door, street, building.side, (building.number, building.suffix, building.name))


def _buildings(doors: Sequence[Door]) -> Iterator[_Building]:
    held: dict[tuple[int, str, str], list[Door]] = {}
    for door in doors:
        held.setdefault(door.building, []).append(door)
    found = [_Building(*key, homes) for key, homes in held.items()]
    odd, even, named = (sorted_by_number(found, side) for side in ("odd", "even", ""))
    return _placed([*odd, *reversed(even)], sorted(named, key=lambda each: each.along))


def sorted_by_number(buildings: list[_Building], side: str) -> list[_Building]:
    return sorted((b for b in buildings if b.side == side), key=lambda each: (each.number, each.suffix))


def _placed(walked: list[_Building], named: list[_Building]) -> Iterator[_Building]:
    """Each that has a name behind the numbered one it lies nearest to, else at the end."""
    behind: dict[int, list[_Building]] = {}
    for building in named:
        behind.setdefault(_nearest(building, walked), []).append(building)
    for at, building in enumerate(walked):
        yield building
        yield from behind.get(at, [])
    yield from behind.get(-1, [])


def _nearest(building: _Building, walked: list[_Building]) -> int:
    if building.point is None:
        return -1
    x, y = building.point
    near = [(hypot(each.point[0] - x, each.point[1] - y), at) for at, each in enumerate(walked) if each.point]
    return min(near, default=(0.0, -1))[1]


def rounds(stops: Sequence[Stop], size: int) -> Iterator[list[Stop]]:
    """So many homes at a time; a building is not parted unless it alone has more."""
    walk: list[Stop] = []
    for _, held in groupby(stops, key=lambda stop: (stop.street, stop.building)):
        building = list(held)
        if walk and len(walk) + len(building) > size:
            yield walk
            walk = []
        walk += building
        while len(walk) > size:
            yield walk[:size]
            walk = walk[size:]
    if walk:
        yield walk
