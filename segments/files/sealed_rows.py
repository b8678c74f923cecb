"""The good rows of a register with its persons as keyed hashes: a country has 47.7 million of them, which Polars hashes
in a quarter of the time that DuckDB takes.

The table `repeated` holds the lines that are left out, and `apart` those of a person of whom an earlier line is too,
with which of the person's each is.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import polars_hash

from segments.files.reading import Reading
from segments.names.keys import of_electors


def write_sealed(
    reading: Reading, rows: Path, columns: Sequence[str], sealed: Sequence[str], named: Sequence[str]
) -> int:
    """Write these columns of the rows of a Parquet file that have no verdict and are not `repeated`, the `sealed` ones
    hashed, and `names` made of the `named` ones; returns how many."""
    known = pl.scan_parquet(rows, row_index_name="line", row_index_offset=reading.first_line)
    good = known.filter(pl.col("verdict").is_null()).with_columns(pl.col("line").cast(pl.Int64))
    if len(repeated := _table(reading, "repeated")):
        good = good.join(repeated.lazy(), on="line", how="anti", maintain_order="left")
    good = good.with_columns(
        polars_hash.col(name).chash.hmac_sha256(key=reading.keys.hashing_key)
        for name in columns if name in sealed
    )  # fmt: skip
    if len(apart := _table(reading, "apart")):
        good = _told_apart(good, apart)
    good = good.with_columns(
        pl.struct(*named).map_batches(
            lambda rows: of_electors(rows.struct.unnest(), reading.name_key), pl.List(pl.Int64), is_elementwise=True
        ).alias("names")
    )  # fmt: skip
    good.select(columns).sink_parquet(reading.output, compression="zstd", compression_level=1)
    return int(pl.scan_parquet(reading.output).select(pl.len()).collect().item())


def hash_names(reading: Reading, named: Sequence[str]) -> None:
    """Make the table `named` (line, names) of the rows of `judged` that have no verdict."""
    query = f"select line, {', '.join(named)} from judged where verdict is null"
    rows = pl.DataFrame(pl.from_arrow(reading.con.execute(query).to_arrow_table()))
    told = rows.select("line").with_columns(of_electors(rows, reading.name_key).alias("names"))
    reading.con.register("hashed_names", told.to_arrow())
    reading.con.execute("create table named as select line, names::bigint[] as names from hashed_names")
    reading.con.unregister("hashed_names")


def _table(reading: Reading, name: str) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(reading.con.execute(f"from {name}").to_arrow_table()))


def _told_apart(good: pl.LazyFrame, apart: pl.DataFrame) -> pl.LazyFrame:
    """As the macro `nth_person`. Of the rows that have no `nth` nothing is hashed again."""
    nth = polars_hash.concat_str("person", pl.lit(chr(31)), pl.col("nth").cast(pl.String)).chash.sha2_256()
    joined = good.join(apart.lazy(), on="line", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(nth, "person").alias("person"))
