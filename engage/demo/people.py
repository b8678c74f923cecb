"""Who lives in a made-up borough, and who of them is on its register.

Households are drawn by tenure, people by household type; whether somebody is registered follows the published rates by
age, tenure and time at the address (Electoral Commission, completeness studies of 2018 and 2022), alike within a home.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from engage.demo.geography import BoroughMap, Floats, Ints

# Tenure is 0 to 7 as in Census table TS054 (owned outright, mortgage, shared ownership, council, other social,
# private landlord, other private, rent free) and 8 for communal establishments; kinds as in TS003.
BROAD_TENURE = np.array([0, 1, 1, 2, 2, 3, 3, 3, 4])  # outright, mortgage, social, private, communal
BROAD_TENURE_NAMES = ("outright", "mortgage", "social", "private", "communal")
COMMUNAL = 8
SHARERS = 13  # household type "other, including all full-time students"
# Rows: broad tenure; columns: the fourteen kinds of household in TS003.
TYPE_WEIGHTS = np.array(
    [
        [26, 6, 30, 14, 2, 9, 2, 0, 0, 1, 4, 2, 1, 3],
        [1, 14, 1, 18, 34, 8, 9, 7, 1, 4, 2, 1, 1, 1],
        [16, 24, 4, 4, 10, 3, 3, 6, 1, 18, 5, 1, 2, 3],
        [4, 26, 1, 10, 15, 1, 13, 9, 1, 11, 2, 2, 2, 5],
    ],
    dtype=float,
)
HEAD_AGES = np.array(
    [
        [66, 95],
        [20, 65],
        [66, 90],
        [23, 65],
        [26, 50],
        [46, 65],
        [20, 48],
        [24, 46],
        [46, 62],
        [20, 48],
        [46, 75],
        [20, 60],
        [25, 55],
        [19, 40],
    ]
)
TENURE_AGES = np.array([[45, 95], [25, 66], [18, 95], [18, 72]])
MOVED = np.array([0.03, 0.08, 0.09, 0.30, 0.25])  # share at the address for less than a year, by broad tenure
# How a home's class bends its ward's tenure: outright, mortgage, social, private.
CLASS_TENURE = {
    "RD02": [1.7, 1.3, 0.2, 0.6],
    "RD03": [1.1, 1.2, 1.0, 0.8],
    "RD04": [0.8, 1.0, 1.1, 1.1],
    "RD06": [0.4, 0.5, 1.5, 1.7],
    "X": [0.3, 0.3, 0.1, 2.0],
}
AGE_BANDS = np.array([18, 20, 25, 35, 45, 55, 65, 75])
RATE_BY_AGE = np.array([0.25, 0.64, 0.68, 0.75, 0.84, 0.88, 0.92, 0.94, 0.95])
RATE_BY_TENURE = np.array([0.95, 0.885, 0.78, 0.61, 0.70])
RATE_BY_MOVED = np.array([0.90, 0.42])
COMPLETENESS = 0.84


@dataclass(frozen=True)
class Drivers:
    """What decides who is registered: rates by age band, broad tenure and (stayed, moved), fitted together; and shares
    of homes that changed hands in the last year, of other nationals who may register, of left homes still entered."""

    by_age: tuple[float, ...] = tuple(RATE_BY_AGE.tolist())
    by_tenure: tuple[float, ...] = tuple(RATE_BY_TENURE.tolist())
    by_moved: tuple[float, ...] = tuple(RATE_BY_MOVED.tolist())
    completeness: float = COMPLETENESS
    moved: tuple[float, ...] = tuple(MOVED.tolist())
    entitled: float = 0.7
    stale: float = 0.6


USUAL = Drivers()


@dataclass(frozen=True)
class Population:
    """`homes` one row per home of the borough, `residents` one per person living there (`home` is a row of homes)."""

    homes: pd.DataFrame  # property columns of homes.build and tenure (0-8), kind (0-13, -1 communal), occupied
    residents: pd.DataFrame  # home, age, moved, abroad, student, foreign, english (0-4), eligible, registered


def settle(
    borough: BoroughMap, properties: pd.DataFrame, rng: np.random.Generator, drivers: Drivers = USUAL
) -> Population:
    homes = properties[properties["home"]].reset_index(drop=True)
    homes["tenure"] = _tenures(borough, homes, rng)
    homes["occupied"] = (homes["state"] != 3) & (rng.uniform(size=len(homes)) > 0.02)
    homes["kind"] = _kinds(homes, rng)
    residents = _residents(homes, rng)
    _circumstances(borough, homes, residents, rng, drivers)
    residents["registered"] = rng.uniform(size=len(residents)) < _chance(homes, residents, rng, drivers)
    residents["registered"] &= residents["eligible"]
    return Population(homes, residents)


def draw(weights: Floats, rng: np.random.Generator) -> Ints:
    """One column number per row, with chances in proportion to the row's weights."""
    edges = np.cumsum(weights, axis=1)
    points = rng.uniform(size=(len(weights), 1)) * edges[:, -1:]
    return np.asarray((points > edges).sum(axis=1), dtype=np.int64)


def _tenures(borough: BoroughMap, homes: pd.DataFrame, rng: np.random.Generator) -> Ints:
    wards = np.array([[w.outright, w.mortgage, w.social, w.private] for w in borough.wards])
    areas = np.array([rng.dirichlet(14 * wards[ward]) for ward in borough.oa_ward])
    bend = np.array([CLASS_TENURE.get(str(c), [1, 1, 1, 1]) for c in homes["blpu_class"]])
    broad = draw(areas[homes["oa"]] * bend + 1e-6, rng)
    within = np.array([[1, 0], [0.96, 0.04], [0.45, 0.55], [0.93, 0.07]])
    tenure = np.array([[0, 0], [1, 2], [3, 4], [5, 6]])[broad, draw(within[broad], rng)]
    tenure = np.where((broad == 3) & (rng.uniform(size=len(homes)) < 0.02), 7, tenure)
    tenure = np.where(homes["blpu_class"].str.startswith("RH"), 5, tenure)
    return np.where(homes["blpu_class"] == "RI01", COMMUNAL, tenure).astype(np.int64)


def _kinds(homes: pd.DataFrame, rng: np.random.Generator) -> Ints:
    kind = draw(TYPE_WEIGHTS[np.minimum(BROAD_TENURE[homes["tenure"]], 3)], rng)
    kind = np.where(homes["blpu_class"] == "RH02", 1, kind)
    kind = np.where(homes["blpu_class"] == "RH03", SHARERS, kind)
    return np.where(homes["tenure"] == COMMUNAL, -1, kind).astype(np.int64)


def _residents(homes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Heads, partners, children, grown children, sharers and care-home residents: home and age."""
    lived_in = np.flatnonzero(homes["occupied"] & (homes["kind"] >= 0))
    kind = homes["kind"].to_numpy()[lived_in]
    head = _head_ages(kind, BROAD_TENURE[homes["tenure"].to_numpy()[lived_in]], rng)
    partner = np.isin(kind, (2, 3, 4, 5, 6, 7, 8))
    oldest = np.where(kind == 2, 100, 65)
    parts = [
        (lived_in, head),
        (
            lived_in[partner],
            np.clip(head + np.round(rng.normal(0, 3, len(head))), np.where(kind == 2, 66, 18), oldest)[partner],
        ),
        _others(lived_in, kind, (4, 7, 9, 12), 1 + rng.binomial(2, 0.4, len(kind)), 0, np.minimum(18, head - 18), rng),
        _others(
            lived_in, kind, (5, 8, 10), 1 + (rng.uniform(size=len(kind)) < 0.25), 19, np.minimum(35, head - 18), rng
        ),
        _others(lived_in, kind, (11, 12), np.ones_like(kind), np.maximum(18, head - 8), head + 8, rng),
        _others(lived_in, kind, (SHARERS,), _sharers(homes, lived_in, rng), np.maximum(18, head - 4), head + 4, rng),
    ]
    communal = np.repeat(np.flatnonzero(homes["kind"] < 0), 24)
    parts.append((communal, rng.integers(72, 99, len(communal))))
    home, age = (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
    people = pd.DataFrame({"home": home, "age": age})
    return people.sort_values("home", kind="stable").reset_index(drop=True)


def _head_ages(kind: Ints, tenure: Ints, rng: np.random.Generator) -> Ints:
    low, high = HEAD_AGES[kind].T
    youngest = np.maximum(low, TENURE_AGES[tenure, 0])
    oldest = np.minimum(high, TENURE_AGES[tenure, 1])
    clash = youngest > oldest
    youngest, oldest = np.where(clash, low, youngest), np.where(clash, high, oldest)
    years = rng.uniform(size=len(kind)) * (oldest - youngest + 1)
    return np.asarray(youngest + np.floor(years), dtype=np.int64)


def _sharers(homes: pd.DataFrame, lived_in: Ints, rng: np.random.Generator) -> Ints:
    shared = (homes["blpu_class"] == "RH03").to_numpy()[lived_in]
    return np.where(shared, rng.integers(2, 6, len(lived_in)), rng.integers(1, 3, len(lived_in)))


def _others(
    home: Ints,
    kind: Ints,
    kinds: tuple[int, ...],
    count: Ints,
    youngest: Ints | int,
    oldest: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """So many further people in each home of these kinds, aged evenly from youngest to oldest."""
    times = np.where(np.isin(kind, kinds), count, 0)
    low, high = (np.repeat(np.broadcast_to(bound, kind.shape), times) for bound in (youngest, oldest))
    age = low + np.floor(rng.uniform(size=len(low)) * (np.maximum(high, low) - low + 1))
    return np.repeat(home, times), age.astype(np.int64)


def _circumstances(
    borough: BoroughMap, homes: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator, drivers: Drivers
) -> None:
    """Adds moved, abroad, student, foreign, english (0 main language, 1-4 how well spoken) and eligible."""
    home, age = people["home"].to_numpy(), people["age"].to_numpy()
    tenure = BROAD_TENURE[homes["tenure"]]
    young = people.groupby("home")["age"].max().reindex(homes.index, fill_value=0).to_numpy() < 30
    moved = rng.uniform(size=len(homes)) < np.clip(np.array(drivers.moved)[tenure] * np.where(young, 1.6, 1.0), 0, 1)
    foreign_share = np.array([ward.foreign for ward in borough.wards])[homes["ward"]]
    foreign = rng.uniform(size=len(homes)) < foreign_share * np.where(tenure == 3, 1.5, 0.7)
    student_home = (homes["kind"] == SHARERS).to_numpy()
    chance = np.select(
        [age < 5, age < 16, age < 19, age < 25], [0.0, 1.0, 0.85, np.where(student_home[home], 0.9, 0.3)], 0.01
    )
    people["moved"] = moved[home]
    people["foreign"] = foreign[home]
    people["abroad"] = people["moved"] & people["foreign"] & (rng.uniform(size=len(people)) < 0.35)
    people["student"] = rng.uniform(size=len(people)) < chance
    level = draw(np.tile([0.3, 0.32, 0.22, 0.12, 0.04], (len(people), 1)), rng)
    people["english"] = np.where(people["foreign"], level, 0)
    # Qualifying Commonwealth citizens and those of some EU countries may register, the others may not.
    people["eligible"] = (age >= 16) & (~people["foreign"] | (rng.uniform(size=len(people)) < drivers.entitled))


def _chance(homes: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator, drivers: Drivers) -> Floats:
    """Chance of being registered: all three published margins fitted on the log-odds scale, then the total."""
    home = people["home"].to_numpy()
    factors = [
        (np.searchsorted(AGE_BANDS, people["age"].to_numpy(), side="right"), np.array(drivers.by_age)),
        (BROAD_TENURE[homes["tenure"].to_numpy()[home]], np.array(drivers.by_tenure)),
        (people["moved"].to_numpy().astype(np.int64), np.array(drivers.by_moved)),
    ]
    count = (people["eligible"]).to_numpy().astype(float)
    score = (
        rng.normal(1.6, 1.1, len(homes))[home]
        + rng.normal(0, 0.25, int(homes["oa"].max()) + 1)[homes["oa"].to_numpy()[home]]
    )
    for _ in range(12):
        for level, rate in [*factors, (np.zeros_like(home), np.array([drivers.completeness]))]:
            weight = np.bincount(level, count, len(rate))
            seen = np.bincount(level, count * expit(score), len(rate)) / np.maximum(weight, 1)
            score += np.where(weight > 0, logit(rate) - logit(np.clip(seen, 0.01, 0.99)), 0.0)[level]
    return np.asarray(expit(score), dtype=np.float64)
