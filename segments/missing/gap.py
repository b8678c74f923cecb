"""Who is missing: eligible people less those registered, with how sure that is. Never a point alone.

completeness = registered / eligible, where
registered   = electors linked to the area's homes x (1 - share of entries that name nobody there), and
eligible     = residents of registration age x (1 - share without an entitled nationality).
The 95 % interval adds up, as relative variances, what each assumption is unsure of (segments/areas/population.py). Of
groups the rates are inferred from areas (segments/missing/ecological_inference.py). docs/method.md explains both.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import ibis
import pandas as pd
from scipy.special import ndtri  # scipy.stats takes a second longer to import

from engage.foundation.errors import InputRefused
from engage.foundation.office import Office
from segments.areas import output_areas as areas
from segments.areas import population, wards
from segments.areas.ageing import Ageing
from segments.areas.output_areas import Known
from segments.engine import execution
from segments.engine.kept import Kept
from segments.homes import households, registrations
from segments.missing import contrasts, groups
from segments.missing.contrasts import Contrast

NORMAL_95 = float(ndtri(0.975))
READ = ("households", "indicator", "population", "geography", "gazetteer", "boundaries", "register")
LEVELS = ("ward", "area", *groups.CHARACTERISTICS)
AGES_ELSEWHERE = (
    "Census table TS007A (ages) has none of the output areas that these homes lie in. Import the one of this council."
)
NEEDS_AGES = "The gap needs the Census table of ages (TS007A). Import it first."
IMPORT = "engage import indicator FILE …"

ASSUMPTIONS = [
    (
        "People old enough to be registered are counted from Census 2021, with homes that the gazetteer says were "
        "begun since, and from a mid-year estimate where a later one is imported. The more years have passed since, "
        "and the faster people move here, the wider the range."
    ),
    (
        "Who has an entitled nationality is estimated for each area from the Census table on passports, else on "
        "country of birth, else on language. British, Irish and Commonwealth citizens count as entitled, and most EU "
        "citizens who were here before 2021."
    ),
    (
        f"Of all entries, {population.STALE_SHARE:.1%} name nobody at the address (Electoral Commission: 8.8% in 2015, "
        "10.4% in 2018), more where more people moved in the last year."
    ),
    (
        "People in communal homes, such as care homes and student halls, are counted. How many of them may register "
        "there is less sure, so areas with many of them have wider ranges."
    ),
    (
        "Electors whose address could not be tied to a home are shared over the wards as the others are, but for those "
        "whose postcode lies in another area: they are counted apart and in no ward."
    ),
]
EXCESS = (
    "In {row.name} {row.registered:,.0f} are registered where {row.eligible:,.0f} may be, which is more than the range "
    "allows. Either the register holds people who do not live there, or the people counted there are too few: do not "
    "rely on this share."
)
INFERRED = (
    "Shares of groups are inferred, not counted: a register does not say how people live. They follow from what is "
    "registered in the areas where more or fewer of the group live and from published national figures. Read the "
    "range, not the point."
)


@dataclass(frozen=True)
class Row:
    """One area or group. Shares are 0 to 1; `low` and `high` are the 95 % interval of `completeness`."""

    key: str
    name: str
    eligible: float
    registered: float
    completeness: float
    low: float
    high: float
    missing: float

    @property
    def is_beyond(self) -> bool:
        """More are registered than may be, beyond what the range allows."""
        return self.registered > self.eligible and (self.low >= 1 or not self.eligible)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Estimate:
    """Who is missing in one authority; every list has the most people missing first. `groups` are by characteristic."""

    overall: Row
    wards: list[Row]
    areas: list[Row]
    groups: Mapping[str, list[Row]] = field(default_factory=dict)
    contrasts: list[Contrast] = field(default_factory=list)
    nationality: str = ""  # what tells who is entitled, in words
    strangers: int = 0  # electors whose postcode lies in another area: they are in none of these figures

    people: str = ""  # what counts who lives there, in words
    unused: tuple[str, ...] = ()  # datasets that are not used, or only in part, and areas left out

    @property
    def notes(self) -> list[str]:
        """What whoever reads the figures must know first."""
        return [*self._of_strangers, *self._of_excess, *self.unused]

    def notes_of(self, row: Row) -> list[str]:
        """The same, for whoever has this row alone."""
        excess = [EXCESS.format(row=row)] if row.is_beyond and row in self.wards else []
        return [*self._of_strangers, *excess, *self.unused]

    @property
    def _of_strangers(self) -> list[str]:
        if not self.strangers:
            return []
        sentence = (
            f"{self.strangers:,} electors of the register have a postcode that lies in another area, and no home here. "
            "They are counted apart and in no ward. The register may hold electors of another council."
        )
        return [sentence]

    @property
    def _of_excess(self) -> list[str]:
        rows = [replace(self.overall, name="the whole area"), *self.wards]
        return [EXCESS.format(row=row) for row in rows if row.is_beyond]


def by_level(office: Office, authority: str, level: str = "ward") -> list[Row]:
    """Areas or groups with the most people missing first. InputRefused names the level, or the table it lacks."""
    if level not in LEVELS:
        raise InputRefused(f"--by is {level!r}: expected {', '.join(LEVELS[:-1])} or {LEVELS[-1]}.")
    found = estimate(office, authority)
    if level in groups.CHARACTERISTICS and level not in found.groups:
        tables = groups.CHARACTERISTICS[level].tables_said
        raise InputRefused(f"The gap by {level} needs {tables}. Import it first.", by_command=IMPORT)
    return {"ward": found.wards, "area": found.areas}.get(level) or found.groups[level]


def by_ward(office: Office, authority: str) -> list[Row]:
    return by_level(office, authority, "ward")


def in_wards(office: Office, authority: str) -> list[Row]:
    """The wards alone, for what has to add up to them, in a fraction of the time that groups take."""
    homes, known, lsoa, _ = _read(office, authority)
    parts = _parts(homes, areas.estimate(known, lsoa))
    return _rows(_totals(parts, "ward", known, areas.ageing(known, lsoa)))


def overall(office: Office, authority: str) -> Row:
    """The whole authority; its assumptions hold or fail in every ward together, so they do not average out."""
    return estimate(office, authority).overall


_MADE: Kept[Estimate] = Kept(*READ)


def estimate(office: Office, authority: str) -> Estimate:
    """As things stand; worked out again only when what it is read from has changed."""
    with office.database.reading() as session:
        return _MADE.of(office, session, authority, lambda: _estimate(office, authority))


def _estimate(office: Office, authority: str) -> Estimate:
    homes, known, lsoa, strangers = _read(office, authority)
    return of_homes(homes, known, lsoa, authority, strangers)


def of_homes(homes: pd.DataFrame, known: Known, lsoa: pd.Series, authority: str, strangers: int = 0) -> Estimate:
    """From `oa, ward, ward_name, homes, electors` of the homes, what is known of their areas, and the LSOA of each."""
    of_areas, aged = areas.estimate(known, lsoa), areas.ageing(known, lsoa)
    parts = _parts(homes, of_areas)
    if not parts.eligible.sum() > 0:
        raise InputRefused(AGES_ELSEWHERE, by_command=IMPORT)
    of_ward, of_area = _totals(parts, "ward", known, aged), _totals(parts, "oa", known, aged)
    whole = _whole(of_ward, authority, known, aged)
    common, found = float(whole.error.iloc[0]), groups.available(known)
    by_group = {key: _of_groups(key, known, of_areas, lsoa, of_area, common) for key in found}
    return Estimate(
        overall=_rows(whole)[0], wards=_rows(of_ward), areas=_rows(of_area),
        groups={key: rows for key, rows in by_group.items() if rows},
        contrasts=contrasts.between_fifths(of_area, known, lsoa),
        nationality=known.entitlement.words if known.entitlement else "", strangers=strangers,
        people=_people(known), unused=(*known.notes, *areas.grown(known, lsoa), *_left_out(homes, of_areas)),
    )  # fmt: skip


def _read(office: Office, authority: str) -> tuple[pd.DataFrame, Known, pd.Series, int]:
    """`oa, ward, ward_name, homes, electors` of the homes, by the wards of today; what is known; LSOAs; strangers."""
    with office.database.session() as session, execution.connect() as backend:
        snapshot = households.newest(session, authority)
        built = execution.table(backend, office.lake, snapshot)
        homes = wards.restated(backend, office, session, authority, built)
        known = areas.known(backend, office, session, authority)
        if known is None:
            raise InputRefused(NEEDS_AGES, by_command=IMPORT)
        if not known.has_ages:
            raise InputRefused(" ".join(known.notes))
        lsoa = areas.lsoas(backend, office, session, authority)
        counted = homes.group_by("oa", "ward", "ward_name").agg(homes=ibis._.count(), electors=ibis._.electors.sum())
        frame: pd.DataFrame = counted.execute()
    scaled = frame.assign(electors=frame.electors * registrations.scale(snapshot))
    return scaled, known, lsoa, registrations.strangers(snapshot)


def _people(known: Known) -> str:
    """Before the Census a mid-year estimate says only how ages are spread within its bands."""
    built = areas.built_since(known)
    parts = ["Census 2021"]
    if known.estimated_by:
        later = known.counted > population.CENSUS_DAY
        parts.append(known.estimated_by + ("" if later else ", which only tells the ages within each band"))
    if built and round(built.households):
        parts.append(f"about {built.households:,.0f} homes that the gazetteer says were begun since the Census")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _is_counted(homes: pd.DataFrame, of_areas: pd.DataFrame) -> pd.Series:
    """An area whose people are not known is left out of both sides: its electors alone would look complete. Homes
    that nobody could place lie in some area of their ward, whose people are counted."""
    return homes.oa.isna() | homes.oa.isin(of_areas.index)


def _left_out(homes: pd.DataFrame, of_areas: pd.DataFrame) -> list[str]:
    lost = homes[~_is_counted(homes, of_areas)]
    if lost.empty:
        return []
    wards_said = ", ".join(sorted(set(lost.ward_name.dropna()))[:5])
    told = (
        f"Census table TS007A does not tell the ages of {lost.oa.nunique():,} output areas with {lost.homes.sum():,} "
        f"homes ({wards_said}). Neither their people nor their electors are counted here. Import the table again, "
        "with every area."
    )
    return [told]


def _parts(homes: pd.DataFrame, of_areas: pd.DataFrame) -> pd.DataFrame:
    """One row per output area and ward; an output area that lies in two wards gives each its part, by homes."""
    homes = homes[_is_counted(homes, of_areas)]
    part = homes.homes / homes.groupby("oa").homes.transform("sum")
    joined = homes.merge(of_areas, left_on="oa", right_index=True, how="left")
    joined["eligible"] = (joined.eligible * part).fillna(0.0)
    joined["communal"] = (joined.eligible_communal * part).fillna(0.0)
    joined["stale"] = joined.electors * joined.stale.fillna(population.STALE_SHARE)
    joined["not_entitled"] = joined.eligible * joined.not_entitled.fillna(0.0)
    return joined[joined.ward.notna()]


def _totals(parts: pd.DataFrame, key: str, known: Known, aged: Ageing) -> pd.DataFrame:
    """By ward or output area: `name, eligible, electors, communal` (people), `stale, not_entitled` (shares) and
    `registered, completeness, error` (relative standard error)."""
    sums = parts.groupby(key)[["eligible", "electors", "communal", "stale", "not_entitled"]].sum()
    sums["name"] = parts.sort_values("homes").groupby(key).ward_name.last()
    sums["stale"] = (sums.stale / sums.electors.where(sums.electors > 0)).fillna(population.STALE_SHARE)
    sums["not_entitled"] = (sums.not_entitled / sums.eligible.where(sums.eligible > 0)).fillna(0.0)
    return _completed(sums, known, aged.error(key))


def _completed(sums: pd.DataFrame, known: Known, aged: float) -> pd.DataFrame:
    registered = sums.electors * (1 - sums.stale)
    completeness = (registered / sums.eligible.where(sums.eligible > 0)).fillna(0.0)
    spread = known.entitlement.spread if known.entitlement else population.UNKNOWN_SPREAD
    error = relative_error(sums.assign(completeness=completeness), spread, aged)
    return sums.assign(registered=registered, completeness=completeness, error=error)


def relative_error(sums: pd.DataFrame, entitlement: float, aged: float) -> pd.Series:
    """Standard error of completeness, relative: independent sources add up as squares (delta method).

    `entitlement` is the relative error of the share not entitled, `aged` that of the count of people.
    """
    share = sums.completeness.clip(0.01, 0.99)
    squares = (
        (population.STALE_SPREAD * sums.stale / (1 - sums.stale)) ** 2
        + (entitlement * sums.not_entitled / (1 - sums.not_entitled)) ** 2
        + aged**2
        + (population.COMMUNAL_SPREAD * sums.communal / sums.eligible.clip(lower=1)) ** 2
        + (1 - share) / (share * sums.eligible.clip(lower=1))
    )
    return squares**0.5


def _rows(totals: pd.DataFrame) -> list[Row]:
    """A place whose people are not known has no row: no share would be true of it."""
    rows = [_row(str(key), found) for key, found in totals[totals.eligible > 0].to_dict("index").items()]
    return sorted(rows, key=lambda row: (-row.missing, row.key))


def _row(key: str, found: Mapping[Any, Any]) -> Row:
    """The interval is of completeness as it is worked out, even where that is over 1; the row shows at most 1."""
    share, eligible = float(found["completeness"]), float(found["eligible"])
    low, high = (share * (1 + sign * NORMAL_95 * found["error"]) for sign in (-1, 1))
    registered = float(found["registered"])
    return Row(
        key, str(found["name"]), eligible, registered, min(share, 1.0), min(max(low, 0.0), 1.0), min(high, 1.0),
        max(eligible - registered, 0.0),
    )  # fmt: skip


def _whole(of_ward: pd.DataFrame, authority: str, known: Known, aged: Ageing) -> pd.DataFrame:
    """All wards as one row: its assumptions hold or fail in every ward together, so they do not average out."""
    people = of_ward[["eligible", "electors", "communal"]].sum()
    stale = (of_ward.stale * of_ward.electors).sum() / max(people.electors, 1)
    barred = (of_ward.not_entitled * of_ward.eligible).sum() / max(people.eligible, 1)
    whole = pd.DataFrame({**people, "stale": stale, "not_entitled": barred, "name": ""}, index=[authority])
    return _completed(whole, known, aged.error("authority"))


def _of_groups(
    key: str, known: Known, of_areas: pd.DataFrame, lsoa: pd.Series, totals: pd.DataFrame, common: float
) -> list[Row]:
    own = of_areas[of_areas.index.isin(totals.index)]
    of_own = totals.reindex(own.index)
    found = groups.infer_each(key, known, own, lsoa, of_own.registered, of_own.error, common)
    rows = [
        Row(group.key, group.name, n, n * rate, rate, low, high, n * (1 - rate)) for group, n, rate, low, high in found
    ]
    return sorted(rows, key=lambda row: (-row.missing, row.key))
