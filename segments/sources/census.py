"""Census 2021 tables in Nomis' bulk layout, by output area or LSOA; what the columns begin with tells the table."""

import re

from segments.files.reading import Head, Reading, open_rows, plain
from segments.sources.area_measures import harvest, label
from segments.sources.format import Format, Harvest

TABLES = {
    "household composition": "ts003", "country of birth": "ts004", "passports held": "ts005", "age": "ts007a",
    "household size": "ts017", "migrant indicator": "ts019", "ethnic group": "ts021",
    "proficiency in english language": "ts029", "tenure of household": "ts054", "economic activity status": "ts066",
    "schoolchild or full-time student indicator": "ts068",
}  # fmt: skip
FIRST = ["date", "geography", "geography code"]


def locate(head: Head) -> int | None:
    if not head.rows or head.is_json:
        return None
    names = head.header(0)
    return 0 if names[:3] == FIRST and len(names) > 3 and all(":" in name for name in names[3:]) else None


def normalise(reading: Reading, header_at: int) -> Harvest:
    open_rows(reading, header_at=header_at)
    measures = [name for name in reading.columns if plain(name) not in FIRST]
    area = next(name for name in reading.columns if plain(name) == "geography code")
    return harvest(reading, table_of(measures), area, measures)


def table_of(measures: list[str]) -> str:
    """`ts054`, or for a table without a name here one made of its topic."""
    labels = [label(measure) for measure in measures]
    topic = labels[0].partition(": ")[0]
    if "age: aged 1 year" in labels:
        return "ts007"  # single years, under the same topic as the bands of TS007A
    return TABLES.get(topic, re.sub(r"[^a-z0-9]+", "_", topic).strip("_")[:60])


FORMATS = (
    Format(
        kind="indicator", name="Census 2021 table (Nomis bulk)", normalise=normalise, locate=locate,
        columns=("date", "geography", "geography code", "and columns like 'Tenure of household: Owned'"),
    ),
)  # fmt: skip
