"""Who is entitled to be registered, area by area, and how sure that is.

Eligible people of an output area = residents of registration age (Census 2021, TS007A; the band that the age
splits is split by single years of age of the mid-year estimates) less those whose nationality gives no vote.
Sources and figures: docs/method.md.
"""

from dataclasses import dataclass
from math import isnan

import ibis
import ibis.expr.types as ir

# The Census has no table of entitlement. Until passports (TS005) are imported, the share of adults without an
# entitled nationality is taken as this part of those whose main language is not English (TS029).
NOT_ENTITLED_PER_OTHER_LANGUAGE = 0.40
NOT_ENTITLED_SPREAD = 0.30  # standard error, relative

# Electoral Commission: 8.8 % (2015) and 10.4 % (2018) of entries name nobody at the address. Such entries are
# left behind by movers, so an area's share follows its share of movers; 11.5 % moved in England and Wales.
STALE_SHARE = 0.096
MOVED_NATIONALLY = 0.115
STALE_SPREAD = 0.20

# People move in and out after the Census: standard error, relative, of an area's count.
AGEING_OF_WARD = 0.015
AGEING_OF_AREA = 0.06


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


def weight(ages: Band, registration_age: int, split: float) -> float:
    """What part of a band is of registration age: all, none, or `split` of the band the age falls in."""
    if ages.first >= registration_age:
        return 1.0
    return split if ages.last >= registration_age else 0.0


def of_registration_age(age_counts: ir.Table, registration_age: int, split: float) -> ir.Table:
    """`oa, adults` from TS007A in long form."""
    measures = [m for m in age_counts.measure.as_table().distinct().execute()["measure"] if band(m)]
    weights = [(m, weight(band(m) or Band(0, 0), registration_age, split)) for m in measures]
    factor = ibis.cases(*[(age_counts.measure == m, ibis.literal(w)) for m, w in weights], else_=0.0)
    return age_counts.mutate(part=age_counts.value * factor).group_by(oa="area").agg(adults=ibis._.part.sum())


def split_of_band(population: ir.Table | None, registration_age: int) -> float:
    """The part of the five-year band around the registration age that has reached it, from single years of age
    where they are imported, else as if each year were alike."""
    first = registration_age // 5 * 5
    last = first + 4
    alike = (last - registration_age + 1) / 5
    if population is None:
        return alike
    band_total = population.value.sum(where=population.age.between(first, last))
    old_enough = population.value.sum(where=population.age.between(registration_age, last))
    share = (old_enough / band_total.nullif(0)).execute()
    return alike if share is None or isnan(share) else float(share)


def stale_share(moved: ir.FloatingValue) -> ir.FloatingValue:
    return (moved * (STALE_SHARE / MOVED_NATIONALLY)).fill_null(STALE_SHARE).clip(0, 0.5)


def not_entitled_share(other_language: ir.FloatingValue) -> ir.FloatingValue:
    return (other_language * NOT_ENTITLED_PER_OTHER_LANGUAGE).fill_null(0.04).clip(0, 0.8)
