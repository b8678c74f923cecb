"""What each source is worth before it is used: how far it agrees with the register, how current it is, what it covers,
and what would be wrong if it were believed. And the canvass's list, of the sources that may be used."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from engage.foundation import audit, identity
from engage.foundation.calendar import Canvass, in_force, law
from engage.foundation.clock import today
from engage.foundation.errors import InputRefused
from engage.foundation.files import cells
from engage.foundation.folders import writing
from engage.foundation.lake import current
from engage.foundation.libraries import proportion
from engage.foundation.office import Actor, Office
from segments.homes import registrations
from segments.records import agreements, births, entries, known
from segments.records.decision import NO, REVIEW, YES
from segments.records.layouts import BY_SOURCE
from segments.records.retention import end_of_canvass

FEWEST = 10  # electors of a band, to be shown
HONEST = "About 92 in 100 of the homes called matched are truly unchanged, as measured on a made-up borough"


def sources(office: Office, authority: str) -> list[dict[str, Any]]:
    """A row for each source that is here. What may only confirm is not shown."""
    found = known.held(office, authority)
    with office.database.session() as session:
        told = agreements.newest(session, authority)
        register = current(session, authority, "register")
    usable, unknown = agreements.in_date(office, authority), known.unknown(found.names)
    there, wards = known.aged(known.live_there(found.names)), _wards(office, authority)
    shown = [each for each in found.snapshots if not BY_SOURCE[each.name].confirms_only]
    return [
        _judged(each.name, each.as_at, found.names.filter(source=each.name), unknown)
        | {
            "from_before": int(there.filter(source=each.name)["old"].sum()),
            "by_ward": [] if BY_SOURCE[each.name].of_deaths else _by_ward(there.filter(source=each.name), wards),
            "by_age": _by_age(each.report.get("ages") or {}),
            "agreement_until": told[each.name].until.isoformat() if each.name in told else None,
            "used": each.name in usable,
            "kept_until": end_of_canvass(each.as_at).isoformat(),
            "of_newest_register": register is not None and each.report["register"] == register.id,
        }
        for each in shown
    ]  # fmt: skip


def _judged(source: str, as_at: date, names: pl.DataFrame, unknown: pl.DataFrame) -> dict[str, Any]:
    answers = dict(names.group_by("matched").len().iter_rows())
    agreed, told = answers.get(YES, 0), answers.get(YES, 0) + answers.get(NO, 0)
    low, high = proportion.proportion_confint(agreed, told, method="wilson") if told else (0.0, 1.0)
    return {
        "source": source, "title": BY_SOURCE[source].title, "as_at": as_at.isoformat(), "names": len(names),
        "homes": names["home"].n_unique(), "agreement": round(agreed / told, 4) if told else None,
        "agreement_low": round(float(low), 4), "agreement_high": round(float(high), 4),
        "to_review": answers.get(REVIEW, 0), "median_began": _median(names),
        "ended": int(names["ended"].sum()), "elsewhere": int(names["away"].sum()),
        **_believed(unknown, source),
    }  # fmt: skip


def _believed(unknown: pl.DataFrame, source: str) -> dict[str, Any]:
    """Of the names that the register does not have: how far they are believed, and how many are wrong. What another
    source names as well is the surer for it. None where no other list shares a home with this one."""
    believed = {
        name: 1 - (1 - pl.col(name)).product().over("home", "who") for name in ("weight", "low", "high")
    }  # fmt: skip
    own = unknown.filter(source=source)
    persons = unknown.select("home", "who", "source", "told", **believed).filter(source=source)
    wrong = [round(float((1 - persons[name]).sum())) for name in ("weight", "high", "low")]
    newest = own.filter(~pl.col("old"), pl.col("told"))
    weight = [round(float(newest[name][0]), 4) for name in ("weight", "low", "high")] if len(newest) else [None] * 3
    names = ("of_them_probably_wrong", "wrong_low", "wrong_high")
    return {
        "not_on_the_register": own.height, **dict(zip(("weight", "weight_low", "weight_high"), weight, strict=True)),
        **dict(zip(names, wrong if persons["told"].any() else [None] * 3, strict=True)),
    }  # fmt: skip


def _wards(office: Office, authority: str) -> pl.DataFrame:
    """`home, ward, name`; empty where the table of homes has not been built."""
    with office.database.session() as session:
        table = current(session, authority, "households")
    if table is None:
        return pl.DataFrame(schema={"home": pl.Int64, "ward": pl.String, "name": pl.String})
    homes = pl.read_parquet(office.lake.file(table), columns=["uprn", "ward", "ward_name"])
    return homes.drop_nulls("ward").select(home="uprn", ward="ward", name="ward_name")


def _by_ward(there: pl.DataFrame, wards: pl.DataFrame) -> list[dict[str, Any]]:
    """The share of each ward's homes in which the source names somebody who lives there now."""
    named = there.select("home").unique().with_columns(known=pl.lit(value=True))
    counted = wards.join(named, on="home", how="left").group_by("ward", "name").agg(
        homes=pl.len(), share=pl.col("known").sum() / pl.len()
    )  # fmt: skip
    return counted.sort("name", "ward").with_columns(pl.col("share").round(4)).to_dicts()


def _by_age(ages: dict[str, list[int]]) -> list[dict[str, Any]]:
    """The share of the electors of each band of ages whom the source has at their home. Too few to tell are left out,
    and all where no dates of birth were here when the records came: the register itself tells no age."""
    return [
        {"age": band, "electors": ages[band][0], "share": round(ages[band][1] / ages[band][0], 4)}
        for _, band in births.BANDS if ages.get(band, [0])[0] >= FEWEST
    ]  # fmt: skip


def _median(names: pl.DataFrame) -> str | None:
    days = names["began"].drop_nulls().sort()
    return days[len(days) // 2].isoformat() if len(days) else None


def canvass(office: Office, actor: Actor, to: Path) -> dict[str, int | str]:
    """Write `uprn, matched` of each home with electors: yes where records of sources in date have every elector there,
    and nobody else. An account that has ended is evidence of leaving: it matches nobody."""
    ground = canvassed(office, actor.authority)
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
    return {"homes": written, "matched": rows.filter(matched=YES).height, "by": ground.inspection}


def canvassed(office: Office, authority: str) -> Canvass:
    """As the authority's nation has it; InputRefused where there is no canvass that records are matched for."""
    with office.database.session() as session:
        nation = identity.authority(session, authority).nation
    found = in_force(law(office.settings.home).canvass, today(office.clock), nation)
    if not found.data_matching:
        raise InputRefused(
            f"There is no yearly canvass in {nation} for which homes are matched, so there is no list for it "
            f"({found.source})."
        )
    return found
