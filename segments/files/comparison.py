"""A new dataset held against what is here already: the one it follows, and the gazetteer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlmodel import Session

from engage.foundation import lake
from engage.foundation.lake import Snapshot
from engage.foundation.libraries import duckdb
from segments.files.questions import FEWER, Question
from segments.files.reading import literal

MOST_LOST = 0.05  # a file may have so much fewer rows than the last without a question
SHORT_LIVED = ("applications",)  # each takes the place of the last, and is as long as there is work that day
ADD_UP = ("suppressions",)  # every list of them counts beside the others, so none follows another


@dataclass(frozen=True)
class Comparison:
    """Rows and figures (before, now), and how many of each thing are new, gone or changed."""

    snapshot_id: int
    as_at: date
    rows_before: int
    rows_now: int
    changes: dict[str, int]
    figures: dict[str, list[float]]

    @property
    def lost(self) -> float:
        """The share of rows by which it is smaller, 0 where it is not."""
        return max(0, self.rows_before - self.rows_now) / self.rows_before if self.rows_before else 0.0


@dataclass(frozen=True)
class Kept:
    """How two datasets of a kind are compared: what names a thing, and SQL over `b` (before) and `n` (now) of what
    may have changed in one that is in both. `short` are columns made for it: of texts a hash of eight bytes will do,
    as tens of millions of them are more than memory holds."""

    things: str
    key: tuple[str, ...]
    changes: tuple[tuple[str, str], ...] = ()
    short: Mapping[str, str] = field(default_factory=dict)


# A UPRN that is missing on one side says nothing of a move; then the address does.
MOVED = "case when b.uprn is not null and n.uprn is not null then b.uprn <> n.uprn else b.place <> n.place end"
PLACE = "hash(upper(translate(concat(address, postcode), ' ,.-/''()', '')))"  # a quicker `squeezed`
KEPT = {
    "register": Kept(
        "electors", ("person",), (("electors_moved", MOVED),), {"person": "hash(person)", "place": PLACE},
    ),
    "gazetteer": Kept("uprns", ("uprn",), (
        ("class_changed", "b.class is distinct from n.class"),
        ("address_changed", "b.address is distinct from n.address"),
        ("became_homes", "n.residential and not b.residential"),
        ("no_longer_homes", "b.residential and not n.residential"),
    )),
    "geography": Kept("uprns", ("uprn",), (
        ("ward_changed", "b.ward is distinct from n.ward"), ("output_area_changed", "b.oa is distinct from n.oa"),
    )),
    "boundaries": Kept("wards", ("ward",), (
        ("wards_renamed", "b.name is distinct from n.name"),
        ("wards_redrawn", "b.geometry is distinct from n.geometry"),
    )),
    "contacts": Kept("contacts", ("uprn", "channel", "contact"), (
        ("objected_since", "n.objected and not b.objected"),
    ), {"contact": "hash(contact)"}),
    "protected": Kept("addresses", ("address",)),
    "indicator": Kept("areas", ("level", "area")),
    "population": Kept("areas", ("level", "area")),
}  # fmt: skip
# Of a kind that is not listed, the first of these columns that both have names the thing.
LIKELY = (("uprns", "uprn"), ("postcodes", "postcode"), ("areas", "area"), ("wards", "ward"))

COMPARED = """
select count(*) filter (b.present is null), count(*) filter (n.present is null){changes}
from (select {columns}, true as present from read_parquet({before}) {grouped}) b
full join (select {columns}, true as present from read_parquet({now}) {grouped}) n on {same}
"""
ANSWERS = """
select count(*) as rows, count(n.uprn) as with_uprn, count(*) filter (g.residential) as homes, count(g.uprn) as known,
    count(*) filter (g.residential and n.postcode <> g.postcode) as differ,
    count(*) filter (n.postcode is null) as no_postcode
from (select uprn, {postcode} as postcode from read_parquet({now})) n
left join (select uprn, residential, postcode from read_parquet({gazetteer})) g on g.uprn = n.uprn
"""


def followed(session: Session, authority: str, kind: str, name: str, as_at: date) -> Snapshot | None:
    """The dataset that one of that day would take the place of: of the same day, else the last before it."""
    if kind in ADD_UP + SHORT_LIVED:
        return None
    earlier = (s for s in lake.history(session, authority, kind, name) if s.as_at <= as_at)
    return next(earlier, None)


def compare(
    con: duckdb.DuckDBPyConnection, before: Snapshot, was: Path, now: Path, rows: int, figures: dict[str, Any]
) -> Comparison:  # fmt: skip
    """`was` and `now` are their Parquet files, `figures` what the format found in the new one."""
    earlier = before.report.get("figures", {})
    shared = [name for name, value in figures.items() if _is_number(value) and _is_number(earlier.get(name))]
    return Comparison(
        before.id or 0, before.as_at, before.rows, rows,
        changes=changes(con, before.kind, was, now) if was.exists() else {},
        figures={name: [earlier[name], figures[name]] for name in shared},
    )  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def changes(con: duckdb.DuckDBPyConnection, kind: str, before: Path, now: Path) -> dict[str, int]:
    """How many things are new, gone and changed between two Parquet files of a kind; {} where they share no key."""
    shared = _columns(con, before) & _columns(con, now)
    kept = KEPT.get(kind) or next((Kept(things, (key,)) for things, key in LIKELY if key in shared), None)
    if kept is None or not shared.issuperset(kept.key):
        return {}
    asked = {name: sql for name, sql in kept.changes if _named(sql) <= shared | kept.short.keys()}
    needed = {*kept.key}.union(*map(_named, asked.values()))
    query = COMPARED.format(
        columns=", ".join(f"{kept.short.get(name, name)} as {name}" for name in sorted(needed)),
        grouped="" if asked else "group by all", before=literal(str(before)), now=literal(str(now)),
        changes="".join(f", count(*) filter (b.present and n.present and ({sql}))" for sql in asked.values()),
        same=" and ".join(f"b.{key} = n.{key}" for key in kept.key),
    )  # fmt: skip
    found = con.execute(query).fetchone() or ()
    return dict(zip((f"new_{kept.things}", f"{kept.things}_gone", *asked), found, strict=True))


def _named(sql: str) -> set[str]:
    return set(re.findall(r"\b[bn]\.(\w+)", sql))


def _columns(con: duckdb.DuckDBPyConnection, path: Path) -> set[str]:
    return {row[0] for row in con.execute(f"describe from read_parquet({literal(str(path))})").fetchall()}


def shrinks(file: str, compared: Comparison) -> Question | None:
    """What the shrink guard asks."""
    if compared.lost <= MOST_LOST:
        return None
    sentence = (
        f"{file} makes {compared.rows_now:,} rows; the import it follows (number {compared.snapshot_id}, as at "
        f"{compared.as_at.isoformat()}) has {compared.rows_before:,}: {compared.lost:.1%} fewer. "
        "Part of the file may be missing."
    )
    return Question(
        FEWER, sentence, ask="Is it right that so many rows are missing?",
        yes=f"Yes, {compared.rows_now:,} rows where there were {compared.rows_before:,} is right",
        confirm="Confirm that so many rows fewer are right",
    )  # fmt: skip


def against_gazetteer(con: duckdb.DuckDBPyConnection, kind: str, now: Path, gazetteer: Path) -> dict[str, float]:
    """How the UPRNs of a register or of contacts fare with the gazetteer: a join, no matching of addresses."""
    if kind not in ("register", "contacts"):
        return {}
    query = ANSWERS.format(
        now=literal(str(now)), gazetteer=literal(str(gazetteer)),
        postcode="postcode" if kind == "register" else "null::varchar",
    )  # fmt: skip
    rows, with_uprn, homes, known, differ, no_postcode = con.execute(query).fetchone() or (0,) * 6
    if kind == "contacts":
        return {"known_share": known / rows if rows else 0.0, "uprns_unknown": with_uprn - known}
    return {
        "linked_by_uprn": homes, "linked_by_uprn_share": homes / rows if rows else 0.0,
        "to_link_by_address": rows - homes, "uprns_unknown": with_uprn - known, "uprns_no_home": known - homes,
        "postcode_differs": differ, "no_postcode": no_postcode,
    }  # fmt: skip
