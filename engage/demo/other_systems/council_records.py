"""Council tax and the housing list of the made-up borough, as of one day, from who truly lives there by then.

Each knows what such a system would: council tax up to two of the eldest of a home and no grown children, housing the
tenants of social homes. Either is late: where somebody left whom the register still has, it may name them, too.
"""

import csv
from collections.abc import Hashable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engage.demo.words import words

COUNCIL_TAX = words(
    "account_ref uprn name_1 name_2 address_1 address_2 address_3 address_4 postcode liable_from liable_to "
    "contact_address"
)
HOUSING = words("person_ref uprn title forenames surname date_of_birth address postcode tenancy_start role")
LIABLE = 2
STILL_NAMED = 0.4  # of those who left and whom the register has, too
INITIALS = 0.3
ENDED = 0.02
LONGEST = 9_000  # days since a record began

Row = Mapping[Hashable, Any]


def write(folder: Path, as_at: date, seed: int = 2026) -> dict[str, Path]:
    """Each file by its source. `as_at` is the day of a register of this borough."""
    rng = np.random.default_rng([seed, as_at.toordinal()])
    people = _known(folder / "truth", as_at, rng)
    tenants = people[people["tenure"] == "social"]
    paths = {source: folder / f"{source}_{as_at}.csv" for source in ("council_tax", "housing_tenants")}
    liable = people.sort_values(["home", "age"], ascending=[True, False], kind="stable").groupby("home").head(LIABLE)
    accounts = [list(home) for _, home in groupby(liable.to_dict("records"), itemgetter("home"))]
    _write(paths["council_tax"], COUNCIL_TAX, [_account(number, home) for number, home in enumerate(accounts, 1)])
    entries = enumerate(tenants.to_dict("records"), 1)
    _write(paths["housing_tenants"], HOUSING, [_tenant(number, person) for number, person in entries])
    return paths


def _known(truth: Path, as_at: date, rng: np.random.Generator) -> pd.DataFrame:
    """Adults whom a list may name, with their home's address: `began`, `initial` and `ended` are drawn here."""
    people = pd.read_parquet(truth / f"people_{as_at}.parquet")
    homes = pd.read_parquet(truth / "homes.parquet")[["uprn", "tenure"]]
    held = pd.read_parquet(truth / "addresses.parquet").drop(columns="uprn")
    late = people["on_register"] & (rng.uniform(size=len(people)) < STILL_NAMED)
    known = people[(people["home"] >= 0) & (people["age"] >= 18) & (people["resident"] | late)]
    known = known.join(homes, on="home").join(held, on="home")
    known = known[known["tenure"] != "communal"]
    count = len(known)
    began = [as_at - timedelta(days=int(days)) for days in rng.integers(60, LONGEST, count)]
    return known.assign(
        began=began, initial=rng.uniform(size=count) < INITIALS, ended=rng.uniform(size=count) < ENDED, as_at=as_at
    )


def _account(number: int, home: Sequence[Row]) -> list[str]:
    first = home[0]
    names = [f"{each['surname']}, {each['title']} {_given(each)}".upper() for each in home]
    ended = (first["as_at"] - timedelta(days=30)).isoformat() if first["ended"] else ""
    lines = [first[f"line{line}"] for line in range(1, 5)]
    began = first["began"].isoformat()
    return [f"CT{number:06}", str(first["uprn"]), *[*names, ""][:LIABLE], *lines, first["postcode"], began, ended, ""]


def _tenant(number: int, person: Row) -> list[str]:
    address = ", ".join(filter(None, (person[f"line{line}"] for line in range(1, 5))))
    return [
        f"H{number:06}", str(person["uprn"]), person["title"], person["forename"], person["surname"], "", address,
        person["postcode"], person["began"].isoformat(), "tenant",
    ]  # fmt: skip


def _given(person: Row) -> str:
    forename: str = person["forename"]
    return forename[0] if person["initial"] else forename


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
