"""What each source is worth before it is used: how far it agrees with the register, how current it is, what it covers,
and what would be wrong if it were believed. And the canvass's list, of the sources that may be used."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from statsmodels.stats.proportion import proportion_confint

from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.files import cells
from engage.foundation.folders import writing
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from segments.homes import registrations
from segments.records import agreements, entries, known
from segments.records.decision import NO, REVIEW, YES
from segments.records.layouts import BY_SOURCE
from segments.records.retention import end_of_canvass

HONEST = "About 92 in 100 of the homes called matched are truly unchanged"


def sources(office: Office, authority: str) -> list[dict[str, Any]]:
    """A row for each source that is here. What may only confirm is not shown."""
    found = known.held(office, authority)
    with office.database.session() as session:
        told = agreements.newest(session, authority)
        register = current(session, authority, "register")
    usable, weights = agreements.in_date(office, authority), known.weights(found.names)
    shown = [each for each in found.snapshots if not BY_SOURCE[each.name].confirms_only]
    return [
        _judged(each.name, each.as_at, found.names.filter(source=each.name), weights)
        | {
            "agreement_until": told[each.name].until.isoformat() if each.name in told else None,
            "used": each.name in usable,
            "kept_until": end_of_canvass(each.as_at).isoformat(),
            "of_newest_register": register is not None and each.report["register"] == register.id,
        }
        for each in shown
    ]  # fmt: skip


def _judged(source: str, as_at: date, names: pl.DataFrame, weights: pl.DataFrame) -> dict[str, Any]:
    answers = dict(names.group_by("matched").len().iter_rows())
    agreed, told = answers.get(YES, 0), answers.get(YES, 0) + answers.get(NO, 0)
    low, high = proportion_confint(agreed, told, method="wilson") if told else (0.0, 1.0)
    there = known.live_there(names)
    unknown = there.filter(matched=NO)
    current_weight = weights.filter(pl.col("source") == source, ~pl.col("old"))["weight"].to_list()
    return {
        "source": source, "title": BY_SOURCE[source].title, "as_at": as_at.isoformat(), "names": len(names),
        "homes": names["home"].n_unique(), "agreement": round(agreed / told, 4) if told else None,
        "agreement_low": round(float(low), 4), "agreement_high": round(float(high), 4),
        "to_review": answers.get(REVIEW, 0), "median_began": _median(names),
        "ended": int(names["ended"].sum()), "elsewhere": int(names["away"].sum()),
        "not_on_the_register": unknown.height, "of_them_probably_wrong": _wrong(unknown.height, current_weight),
    }  # fmt: skip


def _wrong(unknown: int, weight: list[float]) -> int | None:
    """None where it cannot be told: council tax, which the others are held against, and what shares no home with it."""
    return round(unknown * (1 - weight[0])) if weight else None


def _median(names: pl.DataFrame) -> str | None:
    days = names["began"].drop_nulls().sort()
    return days[len(days) // 2].isoformat() if len(days) else None


def canvass(office: Office, actor: Actor, to: Path) -> dict[str, int]:
    """Write `uprn, matched` of each home with electors: yes where records of sources in date have every elector there,
    and nobody else. An account that has ended is evidence of leaving: it matches nobody."""
    usable = agreements.in_date(office, actor.authority)
    if not usable:
        raise InputRefused(
            "No source has an agreement in date, so none may be used for the canvass. Nothing was written."
        )
    found = known.held(office, actor.authority, usable)
    with office.database.session() as session:
        register = current(session, actor.authority, "register")
    if register is None or any(each.report["register"] != register.id for each in found.snapshots):
        raise InputRefused("The records were held against another register than the newest: import them once more.")
    electors = registrations.link(office, actor, register)
    hidden = known.hidden(office, actor.authority)
    register_homes = pl.read_parquet(office.lake.file(electors))
    rows = entries.matched_homes(register_homes, found.names, known.live_there(found.names)).filter(
        ~pl.col("uprn").is_in(hidden)
    )
    with writing(to, encoding="utf-8", newline="") as out:
        written = cells.write(out, rows.columns, rows.iter_rows())
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label,
            act="export canvass matching", subject=f"{len(found.snapshots)} sources", homes=written,
        )  # fmt: skip
    return {"homes": written, "matched": rows.filter(matched=YES).height}
