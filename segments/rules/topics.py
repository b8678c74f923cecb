"""The conditions a rule may have, by what they are about: some forty are too many for one list."""

from collections.abc import Mapping

from segments.rules.columns import RECORDS, Column
from segments.sources.indicators import INDICATORS

SEGMENTS, OWN, OF_RECORDS = "Other segments", "Figures of your own", "The council's own records"
OF_HOMES = {
    "class": "The home", "ward": "Where it is", "reach": "How it can be reached", "electors": "Who is registered there",
    "attainers": "Who is registered there", "expected_adults": "Who is missing there", "gap": "Who is missing there",
} | dict.fromkeys(RECORDS, OF_RECORDS)  # fmt: skip
OF_TABLES = {  # an area's own figures, by the table they come from
    "ts054": "Areas: homes and households", "ts003": "Areas: homes and households",
    "ts017": "Areas: homes and households", "ts019": "Areas: age, study, work and moving",
    "ts007a": "Areas: age, study, work and moving", "ts068": "Areas: age, study, work and moving",
    "ts066": "Areas: age, study, work and moving", "ts029": "Areas: language and origin",
    "ts021": "Areas: language and origin", "ts004": "Areas: language and origin", "ts005": "Areas: language and origin",
    "imd2025": "Areas: deprivation", "imd2019": "Areas: deprivation",
}  # fmt: skip
OTHER_AREAS = "Areas: other figures"
ORDER = tuple(dict.fromkeys([*OF_HOMES.values(), *OF_TABLES.values(), OTHER_AREAS, OWN, SEGMENTS]))


def topic(name: str) -> str:
    if name.startswith("segment "):
        return SEGMENTS
    if name in INDICATORS:
        return OF_TABLES.get(INDICATORS[name].table, OTHER_AREAS)
    return OF_HOMES.get(name, OWN)


def grouped(columns: Mapping[str, Column]) -> dict[str, dict[str, Column]]:
    """Columns by topic, in the order in which somebody looks for them; topics without one are left out."""
    found: dict[str, dict[str, Column]] = {each: {} for each in ORDER}
    for name, column in columns.items():
        found[topic(name)][name] = column
    return {each: held for each, held in found.items() if held}
