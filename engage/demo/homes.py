"""The buildings of a made-up borough: streets of houses, flats, shared houses, a care home, and what is not a home.

One table, a row per property (UPRN), in walking order. `home` marks what counts as a dwelling an elector can live at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pandas as pd

from engage.demo.geography import AUTHORITY_NAME, BoroughMap, Floats, Ints
from engage.demo.words import (
    BLOCKS,
    HOUSE_FIRST,
    HOUSE_LAST,
    SHOPS,
    STREET_BEFORE,
    STREET_FIRST,
    STREET_LAST,
    WardProfile,
)

CUSTODIAN = 9990  # no authority has this code
STREET_HOMES = 28
USUAL, VACANT, GONE, PLANNED = (1, 2), (1, 3), (8, 4), (6, 1)  # logical status and state in the gazetteer
HOUSES = ("RD02", "RD03", "RD04")
SHELLS = ("PP", "RH01")  # a building of flats or rooms, itself no home


@dataclass
class Street:
    usrn: int
    name: str
    locality: str
    postcode: str
    oa: int
    ward: int
    start: Floats
    step: Floats
    properties: list["Property"] = field(default_factory=list)


@dataclass
class Property:
    """`number` or `house_name` says which building, `unit` which part of it ("FLAT 3")."""

    blpu_class: str
    number: str = ""
    house_name: str = ""
    unit: str = ""
    status: tuple[int, int] = USUAL
    organisation: str = ""

    @property
    def home(self) -> bool:
        dwelling = self.blpu_class in (*HOUSES, "RD01", "RD06", "RH02", "RH03", "RI01", "X")
        return dwelling and self.status in (USUAL, VACANT)


def build(borough: BoroughMap, rng: np.random.Generator) -> pd.DataFrame:
    """Columns: uprn, parent, blpu_class, status, state, home, ward, oa, lsoa, usrn, street, locality, town, postcode,
    number, house_name, unit, organisation, easting, northing (grid metres)."""
    streets = _streets(borough, rng)
    rows = pd.DataFrame([row for street in streets for row in _rows(street)])
    rows.insert(0, "uprn", _uprns(len(rows), rng))
    rows["parent"] = _parents(rows)
    rows["lsoa"] = borough.oa_lsoa[rows["oa"]]
    rows["town"] = AUTHORITY_NAME
    return rows


def _streets(borough: BoroughMap, rng: np.random.Generator) -> list[Street]:
    plain = [f"{first} {last}" for first in STREET_FIRST for last in STREET_LAST]
    plain = [plain[place] for place in rng.permutation(len(plain))]
    names = (f"{before} {name}".strip() for before in STREET_BEFORE for name in plain)
    streets: list[Street] = []
    care_home_due = True
    for oa, (ward, homes) in enumerate(zip(borough.oa_ward.tolist(), borough.oa_homes.tolist(), strict=True)):
        profile = borough.wards[ward]
        left = homes
        while left > 0:
            size = left if left < 1.5 * STREET_HOMES else int(rng.integers(20, 36))
            street = _street(borough, oa, next(names), len(streets), rng)
            if care_home_due and profile.outright > 0.25:
                street.properties.append(Property("RI01", house_name=f"{profile.name} Care Home".upper()))
                size, care_home_due, left = size - 1, False, left - 1
            street.properties += _buildings(profile, size, rng)
            streets.append(street)
            left -= size
    return streets


def _street(borough: BoroughMap, oa: int, name: str, number: int, rng: np.random.Generator) -> Street:
    ward = int(borough.oa_ward[oa])
    angle = rng.uniform(0, 2 * np.pi)
    way = np.array([np.cos(angle), np.sin(angle)]) * 0.24 * borough.spacing
    letters = "".join(rng.choice(list("ABDEFGHJLNPQRSTUWXYZ"), 2))
    return Street(
        usrn=99_000_001 + number,
        name=name,
        locality=borough.wards[ward].village,
        postcode=f"NR{51 + ward} {number % 10}{letters}",  # Norwich has no such districts
        oa=oa,
        ward=ward,
        start=borough.oa_cells[oa][number % len(borough.oa_cells[oa])] - way,
        step=2 * way,
    )


def _buildings(profile: WardProfile, homes: int, rng: np.random.Generator) -> Iterator[Property]:
    """Buildings along a street until it has so many homes, with shops, garages and old or planned records between."""
    number, left = 0, homes
    names = iter(rng.permutation(len(HOUSE_FIRST) * len(HOUSE_LAST)).tolist())
    while left > 0:
        number += int(rng.choice([1, 1, 2]))
        kind = rng.uniform()
        if kind < profile.flats / 6 and left >= 4:
            units = min(left, int(rng.integers(4, 13)))
            yield from _block(str(number), units, rng)
        elif kind > 1 - profile.shared_houses / 2 and left >= 4:
            units = min(left, int(rng.integers(4, 7)))
            yield from _bedsits(str(number), units)
        else:
            units = 1
            place = next(names)
            name = f"{HOUSE_FIRST[place // len(HOUSE_LAST)]} {HOUSE_LAST[place % len(HOUSE_LAST)]}".upper()
            yield _house(profile, number, name, rng)
        left -= units
        yield from _other_uses(str(number), rng)


def _block(number: str, units: int, rng: np.random.Generator) -> Iterator[Property]:
    name = f"{rng.choice(BLOCKS)} HOUSE".upper() if rng.uniform() < 0.4 else ""
    word = rng.choice(["FLAT", "APARTMENT"], p=[0.8, 0.2])
    yield Property("PP", number, name)
    for unit in range(1, units + 1):
        yield Property("RD06", number, name, f"{word} {unit}", status=_occupation(rng))


def _bedsits(number: str, units: int) -> Iterator[Property]:
    yield Property("RH01", number)
    for unit in range(1, units + 1):
        yield Property("RH02", number, unit=f"ROOM {unit}")


def _house(profile: WardProfile, number: int, name: str, rng: np.random.Generator) -> Property:
    rural = bool(profile.village)
    weights = [0.62, 0.28, 0.10] if rural else [0.24, 0.40, 0.36]
    kind = str(rng.choice(HOUSES, p=weights))
    chance = rng.uniform()
    if chance < profile.shared_houses:
        kind = "RH03"
    elif chance > 0.995:
        kind = "RD01" if rural else "X"
    named = rng.uniform() < (0.25 if rural else 0.015) or kind == "RD01"
    suffix = "A" if rng.uniform() < 0.015 else ""
    plain = "" if named and rng.uniform() < 0.6 else f"{number}{suffix}"
    return Property(kind, plain, name if named else "", status=_occupation(rng))


def _occupation(rng: np.random.Generator) -> tuple[int, int]:
    return VACANT if rng.uniform() < 0.015 else USUAL


def _other_uses(number: str, rng: np.random.Generator) -> Iterator[Property]:
    chance = rng.uniform()
    if chance < 0.02:
        name = f"{rng.choice(STREET_FIRST)} {rng.choice(SHOPS)}"
        yield Property("CR08", number + "B", organisation=name)
    elif chance < 0.04:
        yield Property("RG02", number + "C", house_name="GARAGE")
    elif chance < 0.07:
        yield Property("RD", number + "D", status=GONE)
    elif chance < 0.08:
        yield Property("RD03", number + "E", status=PLANNED)


def _rows(street: Street) -> Iterator[dict[str, object]]:
    count = len(street.properties)
    for place, item in enumerate(street.properties):
        east, north = street.start + street.step * (place + 0.5) / count
        yield {
            "blpu_class": item.blpu_class,
            "status": item.status[0],
            "state": item.status[1],
            "home": item.home,
            "shell": item.blpu_class in SHELLS,
            "ward": street.ward,
            "oa": street.oa,
            "usrn": street.usrn,
            "street": street.name,
            "locality": street.locality,
            "postcode": street.postcode,
            "number": item.number,
            "house_name": item.house_name,
            "unit": item.unit,
            "organisation": item.organisation,
            "easting": round(float(east), 2),
            "northing": round(float(north), 2),
        }


def _uprns(count: int, rng: np.random.Generator) -> Ints:
    """Ten- and twelve-figure numbers, as old and new records have, rising in walking order within each kind."""
    gaps = np.cumsum(rng.integers(1, 9, count))
    bases = np.where(rng.uniform(size=count) < 0.3, CUSTODIAN * 1_000_000, 100_099_000_000)
    return np.asarray(bases + gaps, dtype=np.int64)


def _parents(rows: pd.DataFrame) -> pd.Series:
    """UPRN of the shell each child stands behind; 0 for the rest."""
    shell = rows["uprn"].where(rows["shell"]).ffill().fillna(0).astype("int64")
    return cast("pd.Series", shell.where(rows["unit"] != "", 0))
