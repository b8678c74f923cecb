"""The home that each record is of: by its UPRN where the address fits it, else by the address, of all sources in one
run. Where an address leaves a few homes to choose from, they are kept: a name may tell which."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from engage.foundation.privacy import Keys
from segments.linking.electors import Written, link
from segments.records.extracts import Records

SURE, UNSURE = "sure", "unsure"
MOST_HOMES = 12  # of an address that nobody can tell


def of_records(
    every: Sequence[Records], gazetteer: Path, keys: Keys, scratch: Path, postcodes: Path | None
) -> pl.DataFrame:  # fmt: skip
    """`source, row, home, how` (sure, unsure): one row for each home that a record may be of, the likeliest first."""
    written = scratch / "addresses.parquet"
    _addresses(every).write_parquet(written)
    to = Written(*(scratch / f"{name}.parquet" for name in ("linked", "questions", "contradictions")))
    try:
        link(written, gazetteer, keys, [], to, postcodes)
        linked = pl.read_parquet(to.electors).select("person", home="uprn", how=pl.lit(SURE), place=pl.lit(0))
        asked = waiting(to.questions)
    finally:
        for file in (written, to.electors, to.questions, to.contradictions):
            file.unlink(missing_ok=True)
    return _told(pl.concat([linked, asked.select(linked.columns)], how="vertical_relaxed"))


ASKED = f"""
select person.person as person, home.uprn as home, '{UNSURE}' as how, place::integer as place
from (select unnest(people) as person, candidates, exact from '{{questions}}' where exact is null),
    lateral (select unnest(candidates) as home, unnest(range(1, len(candidates) + 1)) as place)
where place <= {MOST_HOMES}
"""


def waiting(questions: Path) -> pl.DataFrame:
    """`person, home, how, place` of the addresses that are asked of a person."""
    return duckdb.sql(ASKED.format(questions=questions)).pl()


def _addresses(every: Sequence[Records]) -> pl.DataFrame:
    """As the linker takes the rows of a register; nothing of a name is in it."""
    return pl.concat([
        records.rows.select(
            person=pl.format("{}:{}", pl.lit(records.layout.source), "row"), uprn="uprn", postcode="postcode",
            attainment=pl.lit(None, pl.Date), line=pl.col("row"), address="address",
        )
        for records in every
    ])  # fmt: skip


def _told(found: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("person").str.split_exact(":", 1)
    return (
        found.with_columns(source=parts.struct.field("field_0"), row=parts.struct.field("field_1").cast(pl.Int64))
        .sort("source", "row", "place")
        .select("source", "row", "home", "how", "place")
    )
