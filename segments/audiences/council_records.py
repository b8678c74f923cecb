"""What rules may ask of the council's own records: figures of each home, laid beside the table of homes when a rule is
asked, never kept in it, as an agreement ends on a day and a source goes whole."""

import hashlib
from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir
import polars as pl
import pyarrow as pa
from sqlmodel import Session

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.engine import execution
from segments.engine.holdings import Holdings
from segments.missing import usable
from segments.rules.columns import RECORDS, RuleInvalid

HELD = {  # rule column: column of the figures
    "known_not_registered": "known_not_registered", "records_score": "score", "moved_in": "moved_in",
    "nobody_knows": "nobody_knows",
}  # fmt: skip
SCHEMA = pa.schema(
    [("authority", pa.string()), ("uprn", pa.int64()), *((name, pa.float64()) for name in HELD)]
)  # fmt: skip
NOBODY = dict.fromkeys(HELD, 0.0)


def beside(office: Office, session: Session, authority: str, homes: pl.DataFrame) -> pl.DataFrame:
    """`homes` with the figures that may be used today; as they are where none may."""
    found = usable.in_use(office, session, authority)
    if found is None:
        return homes
    told = homes.join(_figures(found), on="uprn", how="left")
    return told.with_columns(pl.col(name).fill_null(nothing) for name, nothing in NOBODY.items())


def _figures(found: usable.InUse) -> pl.DataFrame:
    figures = {to: pl.col(own).cast(pl.Float64) for to, own in HELD.items()}
    return found.homes.select(uprn=pl.col("home_uprn").cast(pl.Int64), **figures)


def attached(holdings: Holdings, homes: ir.Table, tables: Mapping[str, Snapshot], asked: Iterable[str]) -> ir.Table:
    """`homes` of these tables with the figures, on the engine they are computed by, where a rule asks for any; refused
    where an authority has no source that may be used today."""
    if not set(asked) & RECORDS:
        return homes
    several = len(tables) > 1
    figures = pl.concat([_of(holdings, code, f" ({code})" if several else "") for code in tables])
    told = execution.attach(homes, ibis.memtable(figures.to_arrow().cast(SCHEMA)), "uprn")
    return told.mutate(**{name: told[name].fill_null(nothing) for name, nothing in NOBODY.items()})


def _of(holdings: Holdings, authority: str, where: str) -> pl.DataFrame:
    found = usable.in_use(holdings.office, holdings.session, authority)
    if found is None:
        raise not_in_date(where)
    return _figures(found).select(pl.lit(authority).alias("authority"), "uprn", *HELD)


def digest(office: Office, session: Session, authority: str, asked: Iterable[str]) -> str | None:
    """By which the same figures are known again, of what a rule asks for; the figures themselves are not kept."""
    if not set(asked) & RECORDS:
        return None
    found = usable.in_use(office, session, authority)
    return hashlib.sha256(_figures(found).sort("uprn").write_ndjson().encode()).hexdigest() if found else ""


def not_in_date(where: str = "") -> RuleInvalid:
    return RuleInvalid(f"This rule asks for the council's own records{where}. {usable.NONE_IN_DATE}")
