"""Who is entitled to be registered, area by area, and how sure that is.

Every function takes a Census table with one row per area and one column per published label (`age: total`, …) and
gives one number per area. Sources and figures: docs/method.md.
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from segments.sources.census_categories import total_of

CENSUS_DAY = date(2021, 3, 21)

# Electoral Commission: 8.8 % (2015) and 10.4 % (2018) of entries name nobody at the address. Many are left behind by
# movers, others by deaths and by moves long ago, so that half of them follow an area's share of movers (11.5 % moved
# in England and Wales) and half are spread evenly.
STALE_SHARE = 0.096
MOVED_NATIONALLY = 0.115
STALE_WITH_MOVERS = 0.5
STALE_SPREAD = 0.20  # standard error, relative

# How many of the residents of communal establishments are of an age and at an address to register: standard error.
COMMUNAL_SPREAD = 0.30
FEWEST_COMMUNAL = 10  # under this, the difference of two Census tables is the noise that was put into both
# A mid-year estimate moves a count at most so far: beyond, one of the two is of another place or boundary. What is
# beyond the notable is told.
MOST_GROWTH, NOTABLE_GROWTH = 2.0, 1.25

# Where the franchise is by lawful residence, few are left out: Scottish Elections (Franchise and Representation) Act
# 2020; Local Government and Elections (Wales) Act 2021.
NO_LEAVE_TO_REMAIN = {"Scotland": 0.1, "Wales": 0.1}


@dataclass(frozen=True)
class Entitlement:
    """How a Census table tells who is not entitled: the share of each category that is (longest label that fits), and
    the relative standard error of the outcome."""

    table: str
    prefix: str
    words: str
    entitled: dict[str, float]
    spread: float


# British, Irish and Commonwealth citizens are entitled, and of EU citizens those who lived here before 2021 or whose
# country has a treaty. Of a region, the share is that of its Commonwealth countries among passport holders: ours.
PASSPORTS = Entitlement(
    "ts005", "passports held: ", "the passports they hold (Census table TS005)",
    {
        "europe: united kingdom": 1.0, "europe: ireland": 1.0, "europe": 0.6,
        "europe: other europe: eu member countries": 0.85,
        "europe: other europe: eu member countries: poland": 0.97,
        "europe: other europe: eu member countries: portugal": 0.97,
        "europe: other europe: eu member countries: spain": 0.97,
        "europe: other europe": 0.8, "europe: other europe: rest of europe": 0.03,
        "africa": 0.75, "africa: north africa": 0.02, "africa: south and eastern africa": 0.8,
        "middle east and asia": 0.65, "middle east and asia: middle east": 0.02,
        "middle east and asia: eastern asia": 0.1, "middle east and asia: southern asia": 0.92,
        "middle east and asia: south-east asia": 0.35, "middle east and asia: central asia": 0.0,
        "the americas and the caribbean": 0.35,
        "the americas and the caribbean: north america and the caribbean": 0.45,
        "the americas and the caribbean: central and south america": 0.05,
        "antarctica and oceania": 0.98, "british overseas": 1.0, "no passport held": 0.98,
    },
    0.20,
)  # fmt: skip
# Many who were born abroad have become British since.
BIRTH = Entitlement(
    "ts004", "country of birth: ", "the countries they were born in (Census table TS004)",
    {
        "europe: united kingdom": 1.0, "europe": 0.8, "europe: eu countries": 0.88, "europe: non-eu countries": 0.45,
        "africa": 0.88, "middle east and asia": 0.83, "the americas and the caribbean": 0.7,
        "antarctica and oceania": 0.98, "british overseas": 1.0,
    },
    0.30,
)  # fmt: skip
# The last resort: no table says it, but those whose main language is another stand in for them. In England and Wales
# 5.1 million had one (Census 2021, TS029), and the shares of PASSPORTS come to some 1.4 million without an entitled
# nationality there: 28 for every 100.
LANGUAGE = Entitlement(
    "ts029", "proficiency in english language: ", "the languages they speak (Census table TS029)",
    {"main language is english": 1.0, "main language is not english": 0.72},
    0.30,
)  # fmt: skip
ENTITLEMENTS = (PASSPORTS, BIRTH, LANGUAGE)
UNKNOWN_NOT_ENTITLED, UNKNOWN_SPREAD = 0.04, 0.5  # before any of these tables is imported


@dataclass(frozen=True)
class Band:
    first: int
    last: int


def band(measure: str) -> Band | None:
    """The ages of a TS007A label: `age: aged 15 to 19 years`, `age: aged 85 years and over`."""
    words = measure.removeprefix("age: aged ").split()
    if not measure.startswith("age: aged "):
        return None
    first = int(words[0])
    if "under" in words:
        return Band(0, first)
    return Band(first, int(words[2]) if words[1] == "to" else 120)


def youngest(registration_age: int, as_at: date) -> float:
    """The age in years from which somebody may be registered on a day: attainers come of voting age before the end of
    the 12 months that begin on the next 1 December, which is 1 to 2 years away (RPA 1983, s 4(6))."""
    following = date(as_at.year if as_at < date(as_at.year, 12, 1) else as_at.year + 1, 12, 1)
    window = (following.replace(year=following.year + 1) - as_at).days / 365.25
    return registration_age + 2 - min(window, 2.0)


def years_of(single: pd.Series | None, first: float, last: float) -> float:
    """People from age `first` to before age `last`, by a count of single years of age; all years alike without one."""
    total = 0.0
    for age in range(int(first), int(last) + 1):
        part = max(0.0, min(age + 1, last) - max(age, first))
        total += part * (float(single.get(age, 0.0)) if single is not None else 1.0)
    return total


def share_of_band(single: pd.Series | None, ages: Band, first: float, last: float) -> float:
    """The part, 0 to 1, of a Census band that is from age `first` to before age `last`."""
    if first <= ages.first and ages.last + 1 <= last:
        return 1.0
    if last <= ages.first or ages.last + 1 <= first:
        return 0.0
    for counted in (single, None):
        whole = years_of(counted, ages.first, ages.last + 1)
        if whole:
            return years_of(counted, max(first, ages.first), min(last, ages.last + 1)) / whole
    return 0.0


def aged(ages: pd.DataFrame, single: pd.Series | None, first: float, last: float = 121.0) -> pd.Series:
    """Residents from age `first` to before age `last`, from TS007A; split bands follow single years of age."""
    bands = {measure: found for measure in ages.columns if (found := band(measure))}
    weights = pd.Series({measure: share_of_band(single, found, first, last) for measure, found in bands.items()})
    return ages[weights.index] @ weights


def communal_residents(ages: pd.DataFrame, sizes: pd.DataFrame) -> pd.Series:
    """Residents whom no household counts: everybody of TS007A less the people in households of TS017."""
    persons = pd.Series({m: _persons(m) for m in sizes.columns if m.endswith("in household")})
    found = ages["age: total"] - (sizes[persons.index] @ persons).reindex(ages.index)
    return found.where(found >= FEWEST_COMMUNAL, 0.0).fillna(0.0)


def _persons(measure: str) -> float:
    number = measure.removeprefix("household size: ").split()
    return 8.5 if "more" in number else float(number[0])


def share(table: pd.DataFrame, *labels: str) -> pd.Series:
    """The sum of some categories over the table's total, 0 to 1; of no area where it does not say its total."""
    total = total_of(dict.fromkeys(table.columns))
    if total is None:
        return pd.Series(float("nan"), index=table.index)
    return (table[list(labels)].sum(axis=1) / table[total].where(table[total] > 0)).clip(0, 1).rename(None)


def categories(table: pd.DataFrame, said: Entitlement) -> tuple[str | None, dict[str, str]]:
    """The column of the total, and of each category that no other column is a part of."""
    labels = {str(c).removeprefix(said.prefix).strip(): str(c) for c in table.columns if said.prefix in str(c)}
    parts = {name: column for name, column in labels.items() if not any(o.startswith(f"{name}:") for o in labels)}
    total = next((column for name, column in labels.items() if name.startswith("total")), None)
    return total, {name: column for name, column in parts.items() if not name.startswith("total")}


def not_entitled(table: pd.DataFrame, said: Entitlement, nation: str) -> pd.Series:
    """Share of residents without an entitled nationality, 0 to 0.8; of no area where it does not say its total."""
    total, parts = categories(table, said)
    if total is None:
        return pd.Series(float("nan"), index=table.index)
    missing = pd.Series({column: 1 - _entitled(name, said.entitled) for name, column in parts.items()})
    found = (table[list(missing.index)] @ missing) / table[total].where(table[total] > 0)
    return (found * NO_LEAVE_TO_REMAIN.get(nation, 1.0)).clip(0, 0.8)


def _entitled(name: str, shares: dict[str, float]) -> float:
    fitting = [label for label in shares if name.startswith(label)]
    return shares[max(fitting, key=len)] if fitting else 1.0


def stale_share(moved: pd.Series) -> pd.Series:
    """Share of an area's entries that name nobody there, from its share of movers."""
    following = STALE_WITH_MOVERS * moved.fillna(MOVED_NATIONALLY) / MOVED_NATIONALLY
    return (STALE_SHARE * (1 - STALE_WITH_MOVERS + following)).clip(0, 0.5)


def change(adults: pd.Series, estimated: pd.Series) -> pd.Series:
    """How far a later mid-year estimate would move a count, by area; empty where there is none."""
    return (estimated / adults.where(adults > 0)).reindex(adults.index)


def growth(changed: pd.Series) -> pd.Series:
    """How far it does move it: 1 where there is none."""
    return changed.clip(1 / MOST_GROWTH, MOST_GROWTH).fillna(1.0)
