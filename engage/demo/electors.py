"""The made-up borough's electors, and its register as Elector8 exports it.

`electors` is the one table of state: everybody of 16 or over who lives here, has left a stale entry behind, or
votes from overseas. A register is those of them who are `on_register`, numbered afresh.
"""

import csv
from collections.abc import Hashable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engage.demo.geography import AUTHORITY_NAME, Bools, BoroughMap, Ints
from engage.demo.people import COMMUNAL, SHARERS, Population
from engage.demo.words import FORENAMES, SURNAMES, words

COLUMNS = words(
    "PDCode RollNo ElectorTitle ElectorSurname ElectorForename ElectorMiddleName IERStatus DateOfAttainment "
    "FranchiseMarker RegisteredAddress1 RegisteredAddress2 RegisteredAddress3 RegisteredAddress4 RegisteredAddress5 "
    "RegisteredAddress6 PostCode Euro Parl County Ward SubHouse House MethodOfVerification ElectorID UPRN"
)
FIRST_ID = 1_000_001
# What the electoral management system holds is seldom as tidy as the gazetteer. Shares of homes.
MESS = {
    "blank_uprn": 0.012,
    "leading_zeros": 0.006,
    "decimal_uprn": 0.008,
    "split_number": 0.02,
    "double_space": 0.015,
    "trailing_space": 0.007,
}
STALE = 0.6  # of homes with new occupants, those where the last ones are still registered
LATE = 0.01  # entries numbered between two others, as added during the year


def electors(population: Population, as_at: date, rng: np.random.Generator, stale: float = STALE) -> pd.DataFrame:
    """Columns: home (row of homes, -1 overseas), age, eligible, resident, on_register, marker, title, surname,
    forename, middle, attains (ISO date or blank), elector_id (0 until registered), late."""
    people = population.residents[population.residents["age"] >= 16]
    living = people[["home", "age", "eligible"]].assign(
        resident=True, on_register=people["registered"], marker=_markers(people, rng)
    )
    table = pd.concat([living, _left_behind(population, rng, stale), _overseas(len(population.homes), rng)])
    table = _with_names(table.reset_index(drop=True), population.homes, rng)
    table["attains"] = _attainments(table["age"].to_numpy(), as_at, rng)
    table["elector_id"] = 0
    table["late"] = rng.uniform(size=len(table)) < LATE
    return with_ids(table, rng)


def _markers(people: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """E ordinary (Commonwealth citizens too), B qualifying EU citizens."""
    european = people["foreign"] & (rng.uniform(size=len(people)) < 0.5)
    return ["B" if qualifies else "E" for qualifies in european]


def _left_behind(population: Population, rng: np.random.Generator, stale: float) -> pd.DataFrame:
    """Former occupants whose entries nobody has removed yet."""
    changed = population.residents[population.residents["moved"]]["home"].unique()
    empty = population.homes.index[~population.homes["occupied"]].to_numpy()
    homes = np.concatenate([changed, empty])
    homes = homes[(rng.uniform(size=len(homes)) < stale) & (population.homes["kind"].to_numpy()[homes] >= 0)]
    homes = np.repeat(homes, rng.integers(1, 3, len(homes)))
    ages = rng.integers(20, 80, len(homes))
    return _only_entries({"home": homes, "age": ages, "marker": "E"})


def _overseas(homes: int, rng: np.random.Generator) -> pd.DataFrame:
    count = max(2, homes // 400)
    return _only_entries({"home": -1, "age": rng.integers(25, 85, count), "marker": "F"})


def _only_entries(columns: Mapping[str, object]) -> pd.DataFrame:
    """Entries of people who do not live at the home."""
    return pd.DataFrame({**columns, "eligible": False, "resident": False, "on_register": True})


def _with_names(table: pd.DataFrame, homes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Invented names; families mostly share a surname, sharers do not."""
    count, home = len(table), table["home"].to_numpy()
    family = rng.integers(len(SURNAMES), size=len(homes) + 1)
    kin = table["resident"] & ~homes["kind"].reindex(home).isin([SHARERS, -1]).to_numpy()
    kin &= (homes["tenure"].reindex(home) != COMMUNAL).to_numpy() & (rng.uniform(size=count) < 0.85)
    surname = np.where(kin, family[home], rng.integers(len(SURNAMES), size=count))
    man = rng.uniform(size=count) < 0.49
    first, middle = (_forenames(man, rng) for _ in range(2))
    her = rng.choice(["Mrs", "Miss", "Ms", ""], size=count, p=[0.4, 0.25, 0.25, 0.1])
    return table.assign(
        title=np.where(man, "Mr", her),
        surname=np.array(SURNAMES)[surname],
        forename=first,
        middle=np.where(rng.uniform(size=count) < 0.4, middle, ""),
    )


def _forenames(man: Bools, rng: np.random.Generator) -> np.typing.NDArray[np.str_]:
    his, hers = (rng.choice(FORENAMES[title], size=len(man)) for title in ("Mr", "Ms"))
    return np.where(man, his, hers)


def _attainments(age: Ints, as_at: date, rng: np.random.Generator) -> list[str]:
    days = rng.integers(1, 365, len(age))
    return [
        (as_at + timedelta(days=int(day) + 365 * (17 - int(years)))).isoformat() if years < 18 else ""
        for years, day in zip(age, days, strict=True)
    ]


def with_ids(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Gives each new entry an elector number of the system's own, which stays with it; older ones keep theirs."""
    new = np.flatnonzero(table["on_register"] & (table["elector_id"] == 0))
    first = max(FIRST_ID, int(table["elector_id"].max()) + 1)
    ids = table["elector_id"].to_numpy(copy=True)
    ids[new] = first + rng.permutation(len(new))
    return table.assign(elector_id=ids)


def addresses(borough: BoroughMap, homes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """What the electoral management system holds of each home: pd, ward, line1-4, postcode, sub_house, house, uprn
    (as text, as typed) and mess (which fault it has, or blank)."""
    mess = rng.choice([*MESS, ""], size=len(homes), p=[*MESS.values(), 1 - sum(MESS.values())])
    rows = [_held(borough, home, str(fault)) for home, fault in zip(homes.to_dict("records"), mess, strict=True)]
    return pd.DataFrame(rows)


def _held(borough: BoroughMap, home: Mapping[Hashable, Any], fault: str) -> dict[str, str]:
    number, name = home["number"], home["house_name"].title()
    if fault == "split_number" and not number:
        fault = ""
    numbered = [number, home["street"]] if fault == "split_number" else [f"{number} {home['street']}".strip()]
    lines = [line for line in (home["unit"].title(), name, *numbered, home["locality"], AUTHORITY_NAME) if line]
    return {
        "pd": _district(borough, home["ward"], home["oa"]),
        "ward": borough.wards[home["ward"]].name,
        **{f"line{place}": line for place, line in enumerate((lines + [""] * 6)[:6], 1)},
        "postcode": _postcode(home["postcode"], fault),
        "sub_house": home["unit"].title(),
        "house": number or name,
        "uprn": _uprn(home["uprn"], fault),
        "mess": fault,
    }


def _postcode(postcode: str, fault: str) -> str:
    return {"double_space": postcode.replace(" ", "  "), "trailing_space": f"{postcode} "}.get(fault, postcode)


def _uprn(uprn: int, fault: str) -> str:
    text = {"blank_uprn": "", "leading_zeros": f"{uprn:014d}", "decimal_uprn": f"{uprn}.00"}
    return text.get(fault, str(uprn))


def _district(borough: BoroughMap, ward: int, oa: int) -> str:
    first = int(np.flatnonzero(borough.oa_ward == ward)[0])
    return f"{borough.wards[ward].letters}{(oa - first) // 3 + 1}"


def write_register(path: Path, table: pd.DataFrame, held: pd.DataFrame, as_at: date) -> pd.DataFrame:
    """Writes the register of that day in Elector8's layout.

    Returns what each line holds: line, elector_id, home, pd, roll, marker.
    """
    rows = table[table["on_register"]].copy()
    districts = sorted(held["pd"].unique())
    overseas = (rows["home"] < 0).to_numpy()
    rows["pd"] = held["pd"].reindex(rows["home"]).to_numpy()
    rows.loc[overseas, "pd"] = [districts[number % len(districts)] for number in rows.loc[overseas, "elector_id"]]
    rows["last"] = overseas | (rows["marker"] == "N").to_numpy()
    rows = rows.sort_values(["pd", "last", "home", "elector_id"], kind="stable").reset_index(drop=True)
    rows["roll"] = _numbers(rows)
    address = held.reindex(rows["home"]).fillna("").reset_index(drop=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        entries = zip(rows.to_dict("records"), address.to_dict("records"), strict=True)
        writer.writerows(_entry(person, place, as_at) for person, place in entries)
    rows["line"] = np.arange(len(rows)) + 2
    return rows[["line", "elector_id", "home", "pd", "roll", "marker"]]


def _numbers(rows: pd.DataFrame) -> list[str]:
    """Whole numbers within each polling district; a late entry takes the one before it and a half."""
    first = rows["pd"] != rows["pd"].shift()
    late = rows["late"] & ~first & ~rows["late"].shift(fill_value=False)
    whole = (~late).groupby(rows["pd"]).cumsum()
    return [f"{number}.5" if half else str(number) for number, half in zip(whole, late, strict=True)]


def _entry(person: Mapping[Hashable, Any], place: Mapping[Hashable, Any], as_at: date) -> list[str]:
    if person["marker"] == "N":  # the law keeps an anonymous elector's name and address off every copy
        return [person["pd"], person["roll"], *[""] * 6, "N", *[""] * 16]
    lines = [place[f"line{number}"] for number in range(1, 7)]
    if person["marker"] == "F":
        lines[0] = "Other Electors"
    attains = person["attains"] if person["attains"] > as_at.isoformat() else ""
    if attains and person["elector_id"] % 2:
        attains = f"{attains[8:]}/{attains[5:7]}/{attains[:4]}"
    return [
        person["pd"],
        person["roll"],
        person["title"],
        person["surname"],
        person["forename"],
        person["middle"],
        "V",
        attains,
        person["marker"],
        *lines,
        place["postcode"],
        "North Sea",
        AUTHORITY_NAME,
        "Exampleshire",
        place["ward"],
        place["sub_house"],
        place["house"],
        "D",
        str(person["elector_id"]),
        place["uprn"],
    ]
