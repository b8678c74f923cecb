"""Boroughs whose people moved since the Census, with the truth: three generators, as frames that the estimate reads.

`demo` settles people as the made-up borough does; `estates` and `campus` are towns of another make, with other rates.
Run by itself it prints how far wards and output areas moved in two years.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from engage.demo import census, electors, geography
from engage.demo.geography import Floats, Ints
from engage.demo.homes import build
from engage.demo.people import AGE_BANDS, BROAD_TENURE, BROAD_TENURE_NAMES, Drivers, Population, settle
from segments.areas import population
from segments.areas.output_areas import Known

AGES = ("16-17", "18-19", "20-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+")
ENGLISH = np.array(["english", "well", "well", "little", "little"])
TABLES = (census.AGES, census.SIZES, census.MIGRANTS, census.ENGLISH, census.TENURE, census.STUDENTS)

# Movement a year that homes do not tell, in log adults: standard deviations of councils, wards within them, LSOAs in
# those and output areas in those. With the estates, wards then move by about 3 %, output areas by 7.4 % in two years.
OF_COUNCIL, OF_WARD, OF_LSOA, OF_AREA = 0.006, 0.0075, 0.0203, 0.0359
TAILS = 5  # degrees of freedom: few places move far
ESTATES_A_YEAR = 0.007  # of LSOAs
ESTATE = (0.1, 0.6)  # new homes to a home that was there
RECORDED = 0.95  # of new homes, with the day they began
RECORDED_ANEW = 0.03  # of old homes, since the Census
ESTIMATE_ERROR = 0.4  # of the movement of an area, that a later estimate of it does not see
# Of other nationals those who may register; three in ten speak English at home, so that of those who do not it is
# 0.72, as in the country.
ENTITLED = (0.68, 0.92)
AS_AT = date(2026, 6, 1)  # the day of the made-up borough, whose attainers are of that day


@dataclass(frozen=True)
class Truth:
    """`wards` and `areas` are indexed by code, `groups` by characteristic and key; columns eligible and registered."""

    wards: pd.DataFrame
    areas: pd.DataFrame
    groups: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Town:
    """Who lives where on the register's day. `electors` is by home; the arrays of areas are by output area."""

    people: Population
    electors: Ints
    oa_ward: Ints
    oa_lsoa: Ints

    @property
    def areas(self) -> pd.Index:
        return codes("E00", np.arange(len(self.oa_ward)))


@dataclass(frozen=True)
class Past:
    """By home, how many there were of it on Census day and on the day of a later estimate; and when it was begun."""

    at_census: Ints
    at_estimate: Ints
    began: Ints  # days after the Census; 0 for a home that was there
    estimated_on: date
    level: str  # of the estimate, or none


@dataclass(frozen=True)
class Borough:
    homes: pd.DataFrame
    known: Known
    lsoa: pd.Series
    truth: Truth
    ward_movement: Floats  # log adults of the Census's homes, by ward and output area, a year
    area_movement: Floats


def codes(letters: str, numbers: Ints) -> pd.Index:
    return pd.Index([f"{letters}{9_00000 + number + 1:06d}" for number in numbers])


# The past of a town


def past(town: Town, rng: np.random.Generator) -> Past:
    """A random walk of wards, LSOAs and output areas back from today, and estates that were not there."""
    days = (AS_AT - population.CENSUS_DAY).days
    on = AS_AT - timedelta(days=int(rng.integers(340, 1_000)))
    level = str(rng.choice(["", "lsoa", "oa", "ward"], p=[0.4, 0.35, 0.15, 0.1]))
    since, before = (AS_AT - on).days, (on - population.CENSUS_DAY).days
    began = _estates(town, days, rng)
    late, early = _walk(town, since / 365.25, rng), _walk(town, before / 365.25, rng)
    oa = town.people.homes.oa.to_numpy()
    there = np.where(began <= before, 1.0, 0.0)
    at_estimate = _copies(np.exp(-late)[oa] * there, oa, rng)
    at_census = _copies(np.exp(-late - early)[oa] * (began == 0), oa, rng)
    return Past(at_census, at_estimate, began, on, level)


def _walk(town: Town, years: float, rng: np.random.Generator) -> Floats:
    """Log of growth by output area; on average nobody is won or lost but what the council as a whole wins or loses."""
    lsoa_ward = np.zeros(town.oa_lsoa.max() + 1, dtype=int)
    lsoa_ward[town.oa_lsoa] = town.oa_ward

    def moved(places: int, spread: float) -> Floats:
        drawn = rng.standard_t(TAILS, places) * np.sqrt((TAILS - 2) / TAILS)
        return np.clip(drawn * spread * np.sqrt(years), -0.5, 0.5)

    walk = moved(len(town.oa_ward), OF_AREA) + moved(len(lsoa_ward), OF_LSOA)[town.oa_lsoa]
    walk += moved(int(town.oa_ward.max()) + 1, OF_WARD)[town.oa_ward]
    whole = rng.normal(0, OF_COUNCIL * np.sqrt(years))
    return np.asarray(walk + np.log(np.mean(np.exp(-walk))) + whole)


def _estates(town: Town, days: int, rng: np.random.Generator) -> Ints:
    """The day on which each home was begun, after the Census; 0 for one that was there."""
    lsoas = int(town.oa_lsoa.max()) + 1
    built = rng.uniform(size=lsoas) < ESTATES_A_YEAR * days / 365.25
    day, share = rng.integers(30, days - 30, lsoas), rng.uniform(*ESTATE, lsoas)
    lsoa = town.oa_lsoa[town.people.homes.oa]
    new = built[lsoa] & (rng.uniform(size=len(lsoa)) < (share / (1 + share))[lsoa])
    return np.where(new, day[lsoa], 0)


def _copies(weight: Floats, oa: Ints, rng: np.random.Generator) -> Ints:
    """Whole numbers near each weight, whose sums by output area are right within one."""
    order = np.lexsort((rng.uniform(size=len(oa)), oa))
    total = np.floor(np.cumsum(weight[order]) + rng.uniform())
    found = np.zeros(len(oa), dtype=np.int64)
    found[order] = np.diff(np.concatenate([[np.floor(0.0)], total])).astype(np.int64)
    return found


def of_copies(people: Population, copies: Ints) -> Population:
    """The same kinds of homes and people, each so many times."""
    homes = people.homes.loc[np.repeat(np.arange(len(people.homes)), copies)].reset_index(drop=True)
    first = np.cumsum(copies) - copies
    own = people.residents.home.to_numpy()
    times = copies[own]
    residents = people.residents.loc[np.repeat(np.arange(len(own)), times)].reset_index(drop=True)
    nth = np.arange(len(residents)) - np.repeat(np.cumsum(times) - times, times)
    residents["home"] = np.repeat(first[own], times) + nth
    return Population(homes, residents)


# What is known of it


def borough(town: Town, earlier: Past, rng: np.random.Generator) -> Borough:
    then = of_copies(town.people, earlier.at_census)
    oa_of = town.people.homes.oa.to_numpy()
    homes = pd.DataFrame({
        "oa": town.areas, "ward": codes("E05", town.oa_ward), "ward_name": codes("Ward ", town.oa_ward),
        "homes": np.bincount(oa_of, minlength=len(town.oa_ward)),
        "electors": np.bincount(oa_of, town.electors, len(town.oa_ward)),
    })  # fmt: skip
    lsoa = pd.Series(codes("E01", town.oa_lsoa), index=town.areas)
    days = recorded(earlier, rng)
    known = blurred(known_of(town, then, earlier, days), rng)
    return Borough(homes, known, lsoa, truth_of(town), *_movement(town, then))


def known_of(town: Town, then: Population, earlier: Past, days: Ints) -> Known:
    """`days` are those on which the gazetteer says that homes began, after the Census."""
    started = (pd.Timestamp(population.CENSUS_DAY) + pd.to_timedelta(days, unit="D")).where(days > 0)
    frame = pd.DataFrame({"oa": town.areas[town.people.homes.oa], "started": started})
    homes = frame.groupby(["oa", "started"], dropna=False).size().rename("homes").reset_index()
    youngest = population.youngest(16, AS_AT)
    return _estimated(Known(tabulated(then, town.areas), "England", AS_AT, youngest, homes=homes), town, earlier)


def recorded(earlier: Past, rng: np.random.Generator) -> Ints:
    """What a gazetteer says: most new homes with their day, and some old ones that were recorded anew."""
    new, chance = earlier.began > 0, rng.uniform(size=len(earlier.began))
    anew = rng.integers(1, (AS_AT - population.CENSUS_DAY).days, len(new))
    return np.where(new & (chance < RECORDED), earlier.began, np.where(~new & (chance < RECORDED_ANEW), anew, 0))


def blurred(known: Known, rng: np.random.Generator) -> Known:
    """An estimate does not see all of the movement."""
    if known.estimated_on is None:
        return known
    years = (known.estimated_on - population.CENSUS_DAY).days / 365.25
    spread = ESTIMATE_ERROR * {"oa": 0.042, "lsoa": 0.027, "ward": 0.015}[known.estimated_level] * np.sqrt(years)
    return replace(known, estimated=known.estimated * np.exp(rng.normal(0, spread, len(known.estimated))))


def tabulated(people: Population, areas: pd.Index) -> dict[str, pd.DataFrame]:
    """Census tables as they lie in the lake: a row per output area, a column per label."""
    found = {}
    for table, (area, code, levels) in zip(TABLES, _coded(people), strict=True):
        counts = census.cross_count(area, code, len(areas), levels)
        columns = {f"{table.prefix}{label}".lower(): counts[:, own].sum(axis=1) for label, own in table.columns}
        found[table.code] = pd.DataFrame(columns, index=areas).astype(float)
    return found


def _coded(people: Population) -> Iterator[tuple[Ints, Ints, int]]:
    """Of each table: output areas, codes and how many codes there are; as census.write_census counts them."""
    homes, own = people.homes, people.residents
    home, age = own.home.to_numpy(), own.age.to_numpy()
    oa, size = homes.oa.to_numpy(), np.bincount(home, minlength=len(homes))
    lived = (size > 0) & (homes.tenure != 8).to_numpy()
    migrant = np.where(own.abroad, 3, np.where(own.moved, 2, 0))
    yield oa[home], np.minimum(age // 5, 17), 18
    yield oa[lived], np.minimum(size, 8)[lived], 9
    yield oa[home], migrant, 4
    yield oa[home][age >= 3], own.english.to_numpy()[age >= 3], 5
    yield oa[lived], homes.tenure.to_numpy()[lived], 8
    yield oa[home][age >= 5], own.student.to_numpy()[age >= 5].astype(np.int64), 2


def _estimated(known: Known, town: Town, earlier: Past) -> Known:
    """With ages of single years, and a later estimate of areas of its level unless there is none."""
    people = of_copies(town.people, earlier.at_estimate)
    age = np.minimum(people.residents.age.to_numpy(), 90)
    single = pd.Series(np.bincount(age, minlength=91).astype(float))
    if not earlier.level:
        return replace(known, single_years=single)
    oa = people.homes.oa.to_numpy()[people.residents.home]
    places = {"oa": town.areas, "lsoa": codes("E01", town.oa_lsoa), "ward": codes("E05", town.oa_ward)}
    place = pd.Series(places[earlier.level], index=town.areas)
    part = np.clip(age + 1 - known.youngest, 0, 1)
    adults = pd.Series(np.bincount(oa, part, len(town.areas)), index=town.areas).groupby(place).sum()
    return replace(
        known, single_years=single, estimated=adults, estimated_on=earlier.estimated_on, estimated_in=place,
        estimated_level=earlier.level, estimated_by=f"the estimate by {earlier.level}",
    )  # fmt: skip


def truth_of(town: Town) -> Truth:
    homes, people = town.people.homes, town.people.residents.query("eligible")
    oa = homes.oa.to_numpy()[people.home]
    tenure = np.array(BROAD_TENURE_NAMES)[BROAD_TENURE[homes.tenure.to_numpy()[people.home]]]
    keys = {
        "tenure": tenure, "age": np.array(AGES)[np.searchsorted(AGE_BANDS, people.age, side="right")],
        "mobility": np.where(people.moved, "moved", "stayed"), "english": ENGLISH[people.english],
        "students": np.where(people.student, "students", "others"),
    }  # fmt: skip
    groups = {key: counted(people, by) for key, by in keys.items()}
    return Truth(
        counted(people, codes("E05", town.oa_ward)[oa].to_numpy()), counted(people, town.areas[oa].to_numpy()), groups
    )


def counted(people: pd.DataFrame, by: object) -> pd.DataFrame:
    found: pd.DataFrame = people.groupby(by).registered.agg(["size", "sum"])
    return found.set_axis(["eligible", "registered"], axis=1)


def _movement(town: Town, then: Population) -> tuple[Floats, Floats]:
    """Log of adults now over those of the Census, by ward and by output area, as of one year."""
    years = (AS_AT - population.CENSUS_DAY).days / 365.25
    moved = []
    for place in (town.oa_ward, np.arange(len(town.oa_ward))):
        now, before = (
            np.bincount(place[each.homes.oa.to_numpy()[each.residents.home]], each.residents.age >= 16, place.max() + 1)
            for each in (town.people, then)
        )
        moved.append(np.log(now / np.maximum(before, 1)) / np.sqrt(years))
    return moved[0], moved[1]


# The three generators


def demo(rng: np.random.Generator, homes: int = 20_000, wards: int = 12) -> Town:
    drivers = other_drivers(rng)
    drawn = geography.draw_map(homes, wards, rng)
    people = settle(drawn, build(drawn, rng), rng, drivers)
    table = electors.electors(people, AS_AT, rng, drivers.stale)
    return of_demo(drawn, people, table, rng)


def of_demo(
    drawn: geography.BoroughMap, people: Population, table: pd.DataFrame, rng: np.random.Generator
) -> Town:  # fmt: skip
    """Its people of 16 are all eligible, where half of them are too young for this register."""
    own = table[table.on_register & (table.home >= 0) & (table.marker != "N")]
    young = (people.residents.age == 16).to_numpy() & (rng.uniform(size=len(people.residents)) < 0.5)
    residents = people.residents.assign(
        eligible=people.residents.eligible & ~young, registered=people.residents.registered & ~young
    )
    gone = np.bincount(
        people.residents.home[young & people.residents.registered.to_numpy()], minlength=len(people.homes)
    )
    counted_at = np.bincount(own.home, minlength=len(people.homes)) - gone
    return Town(Population(people.homes, residents), np.maximum(counted_at, 0), drawn.oa_ward, drawn.oa_lsoa)


def other_drivers(rng: np.random.Generator) -> Drivers:
    """Rates moved at random on the log-odds scale, so that other people are missing for other reasons each time."""
    usual = Drivers()
    return Drivers(
        by_age=shifted(usual.by_age, 0.25, rng), by_tenure=shifted(usual.by_tenure, 0.3, rng),
        by_moved=shifted(usual.by_moved, 0.3, rng), completeness=float(rng.uniform(0.78, 0.89)),
        moved=tuple((np.array(usual.moved) * rng.uniform(0.7, 1.4)).tolist()),
        entitled=float(rng.uniform(*ENTITLED)), stale=float(rng.uniform(0.45, 0.7)),
    )  # fmt: skip


def shifted(rates: tuple[float, ...], spread: float, rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(expit(logit(np.array(rates)) + rng.normal(0, spread, len(rates))).tolist())


@dataclass(frozen=True)
class Make:
    """What a town is like: shares of tenure (owned outright, mortgage, social, private), rates of registration by
    tenure, age and (stayed, moved) that are shifted for each town, and how many share a privately rented home."""

    tenure: tuple[float, float, float, float]
    by_tenure: tuple[float, float, float, float]
    by_age: tuple[float, ...]
    by_moved: tuple[float, float]
    sharers: float
    foreign: float


ESTATES = Make(
    (0.33, 0.37, 0.14, 0.16), (0.93, 0.90, 0.75, 0.70), (0.30, 0.70, 0.72, 0.78, 0.84, 0.88, 0.91, 0.93, 0.94),
    (0.91, 0.45), 0.05, 0.07,
)  # fmt: skip
CAMPUS = Make(
    (0.24, 0.24, 0.20, 0.32), (0.95, 0.87, 0.80, 0.58), (0.18, 0.55, 0.58, 0.70, 0.82, 0.88, 0.92, 0.94, 0.95),
    (0.88, 0.35), 0.4, 0.15,
)  # fmt: skip
WARDS, AREAS_IN_WARD, HOMES_IN_AREA = 17, 16, 125
HEAD = np.array([[68.0, 11.0], [44.0, 10.0], [50.0, 17.0], [35.0, 11.0]])  # mean and spread of age, by tenure
MOVERS = np.array([0.03, 0.07, 0.09, 0.28])


def estates(rng: np.random.Generator) -> Town:
    return town_of(ESTATES, rng)


def campus(rng: np.random.Generator) -> Town:
    return town_of(CAMPUS, rng)


def town_of(make: Make, rng: np.random.Generator) -> Town:
    oa_ward = np.repeat(np.arange(WARDS), AREAS_IN_WARD)
    oa_lsoa = np.arange(len(oa_ward)) // 4
    homes = _homes(make, oa_ward, rng)
    people = _residents(make, homes, rng)
    people["registered"] = people.eligible & (rng.uniform(size=len(people)) < _chance(make, homes, people, rng))
    here = np.bincount(people.home[people.registered], minlength=len(homes))
    return Town(Population(homes, people), here + _stale(homes, int(here.sum()), rng), oa_ward, oa_lsoa)


def _homes(make: Make, oa_ward: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """`oa, ward, tenure` (0 to 7 as in TS054)`, occupied, moved, foreign`."""
    mean = np.log(np.array(make.tenure))
    of_oa = mean + rng.normal(0, 0.5, (oa_ward.max() + 1, 4))[oa_ward] + rng.normal(0, 0.5, (len(oa_ward), 4))
    size = np.maximum(rng.normal(HOMES_IN_AREA, 15, len(oa_ward)).astype(int), 60)
    oa = np.repeat(np.arange(len(oa_ward)), size)
    shares = np.cumsum(np.exp(of_oa) / np.exp(of_oa).sum(axis=1, keepdims=True), axis=1)[oa]
    broad = np.minimum((rng.uniform(size=(len(oa), 1)) > shares).sum(axis=1), 3)
    abroad = make.foreign * np.exp(rng.normal(-0.2, 0.6, oa_ward.max() + 1))[oa_ward][oa] * np.where(broad == 3, 2, 0.7)
    return pd.DataFrame({
        "oa": oa, "ward": oa_ward[oa], "broad": broad, "tenure": np.array([0, 1, 3, 5])[broad],
        "occupied": rng.uniform(size=len(oa)) > rng.uniform(0.02, 0.06), "kind": 0,
        "moved": rng.uniform(size=len(oa)) < np.clip(MOVERS * rng.uniform(0.7, 1.4), 0, 1)[broad],
        "foreign": rng.uniform(size=len(oa)) < np.clip(abroad, 0, 0.7),
    })  # fmt: skip


def _residents(make: Make, homes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    lived = np.flatnonzero(homes.occupied)
    broad = homes.broad.to_numpy()[lived]
    head = np.clip(rng.normal(*HEAD[broad].T), 18, 97)
    shared = (broad == 3) & (rng.uniform(size=len(lived)) < make.sharers)
    head = np.where(shared, rng.uniform(18, 27, len(lived)), head)
    partner = ~shared & (rng.uniform(size=len(lived)) < 0.56)
    grown = (head > 40) & (head < 66) & (rng.uniform(size=len(lived)) < 0.3)
    children = np.where((head > 22) & (head < 52) & ~shared, rng.poisson(0.9, len(lived)), 0)
    sharers = np.where(shared, rng.integers(1, 5, len(lived)), 0)
    parts = [
        (lived, head), (lived[partner], np.clip(head + rng.normal(0, 3, len(head)), 18, 97)[partner]),
        (lived[grown], rng.uniform(16, 27, int(grown.sum()))),
        (np.repeat(lived, children), rng.uniform(0, 18, int(children.sum()))),
        (np.repeat(lived, sharers), rng.uniform(18, 27, int(sharers.sum()))),
    ]  # fmt: skip
    home, years = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _circumstances(homes, home.astype(int), years, homes.index.isin(lived[shared])[home.astype(int)], rng)


def _circumstances(
    homes: pd.DataFrame, home: Ints, years: Floats, shared: np.typing.NDArray[np.bool_], rng: np.random.Generator
) -> pd.DataFrame:
    """As `settle` makes them; who is too young for this register, to the day, is not eligible."""
    foreign, moved = homes.foreign.to_numpy()[home], homes.moved.to_numpy()[home]
    chance = np.select([years < 5, years < 16, years < 18, years < 25], [0, 1, 0.85, np.where(shared, 0.9, 0.25)], 0.01)
    old_enough = years >= population.youngest(16, AS_AT)
    entitled = ~foreign | (rng.uniform(size=len(home)) < rng.uniform(*ENTITLED))
    spoken = np.searchsorted(np.cumsum([0.3, 0.32, 0.22, 0.12]), rng.uniform(size=len(home)), side="right")
    return pd.DataFrame({
        "home": home, "age": years.astype(int), "moved": moved, "foreign": foreign,
        "abroad": moved & foreign & (rng.uniform(size=len(home)) < 0.35),
        "student": rng.uniform(size=len(home)) < chance, "english": np.where(foreign, spoken, 0),
        "eligible": old_enough & entitled,
    })  # fmt: skip


def _chance(make: Make, homes: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Rates add up on the log-odds scale, alike within homes and areas, to a completeness of the town's own."""
    home = people.home.to_numpy()
    band = np.searchsorted(AGE_BANDS, people.age, side="right")
    score = logit(np.array(shifted(make.by_age, 0.25, rng)))[band]
    score = score + logit(np.array(shifted(make.by_tenure, 0.3, rng)))[homes.broad.to_numpy()[home]]
    score = score + logit(np.array(shifted(make.by_moved, 0.3, rng)))[people.moved.astype(int)]
    score = score + rng.normal(0, 1.0, len(homes))[home]
    score = score + rng.normal(0, 0.25, homes.oa.max() + 1)[homes.oa.to_numpy()[home]]
    wanted, low, high = float(rng.uniform(0.78, 0.89)), -8.0, 8.0
    eligible = people.eligible.to_numpy()
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(score + middle)[eligible].mean() < wanted else (low, middle)
    return np.asarray(expit(score + low))


def _stale(homes: pd.DataFrame, registered: int, rng: np.random.Generator) -> Ints:
    """Entries of nobody there: as many to a mover as in the country but for the town's own share, in homes that changed
    hands or anywhere."""
    share = population.STALE_SHARE * np.exp(rng.normal(0, population.STALE_SPREAD))
    following = float(rng.uniform(0.2, 0.9))
    changed = homes.moved.to_numpy() / population.MOVED_NATIONALLY
    entries = registered / len(homes) * share / (1 - share) * (1 - following + following * changed)
    return np.where(rng.uniform(size=len(homes)) < entries / 1.5, rng.integers(1, 3, len(homes)), 0)


GENERATORS: dict[str, Callable[[np.random.Generator], Town]] = {"demo": demo, "estates": estates, "campus": campus}


def made(name: str, seed: int) -> Borough:
    rng = np.random.default_rng(seed)
    town = GENERATORS[name](rng)
    return borough(town, past(town, rng), rng)


def main() -> int:
    for name in GENERATORS:
        found = [made(name, seed) for seed in range(6)]
        for place in ("ward", "area"):
            moved = np.concatenate([getattr(each, f"{place}_movement") for each in found]) * np.sqrt(2)
            print(f"{name}: {place}s moved by {np.sqrt(np.mean(moved**2)):.1%} in two years, mean {moved.mean():+.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
