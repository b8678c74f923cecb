"""Dates of birth that the electoral system tells beside its register: they settle father and daughter of one initial.

Each is kept as a keyed hash with the home inside, by a key of its own, and so is the band of their age, by which a
source is seen to know some ages and not others. That key is destroyed when the run of records is
over, at the latest with the next register: then nobody can tell a date by them, in whatever copy.
"""

from datetime import date
from pathlib import Path

import polars as pl

from engage.foundation import audit, data_keys
from engage.foundation.errors import InputRefused
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Actor, Office
from segments.files.reading import Known, Reading, connect, look, open_rows
from segments.files.staging import receive
from segments.importing.workspace import scratch
from segments.names.keys import hashed, place
from segments.records.evidence import EXACT, INITIALLED
from segments.sources.entry import MACROS, register_year
from segments.sources.format import headed_by

KIND, PURPOSE = "births", "births"
BANDS = ((16, "under 18"), (18, "18 to 24"), (25, "25 to 34"), (35, "35 to 49"), (50, "50 to 64"), (65, "65 to 75"),
         (76, "76 or over"))  # fmt: skip
NEEDED = ("district", "number", "elector_id", "date_of_birth")
QUERY = """
select {by_id} as person, {by_number} as entry, strftime(written_day(date_of_birth), '%Y-%m-%d') as born
from raw where written_day(date_of_birth) between '1900-01-01' and '{as_at}'
"""


def read(office: Office, actor: Actor, path: Path, as_at: date, folder: Path) -> pl.DataFrame:
    """`person, entry, born` of the file; InputRefused where it is none."""
    text = receive(path, folder / "births.text")
    head = look(text)
    at = headed_by(*NEEDED)(head)
    if at is None:
        raise InputRefused(
            f"{path.name} is no list of dates of birth: expected a header with {', '.join(NEEDED)}. Nothing was kept."
        )
    con = connect(folder)
    try:
        con.execute(MACROS)
        reading = Reading(
            con, path.name, text, head, actor.authority, as_at, office.keys, Known(), folder / "none", folder,
            lambda _: None,
        )  # fmt: skip
        open_rows(reading, header_at=at)
        number = "entry_number(concat_ws('-', clean(district), clean(number)))"
        year = register_year(as_at)
        found = con.execute(QUERY.format(
            by_id=office.keys.hash_sql("concat('elector', chr(31), clean(elector_id))"),
            by_number=office.keys.hash_sql(f"concat('entry', chr(31), {year}, chr(31)) || {number}"),
            as_at=as_at.isoformat(),
        )).pl()  # fmt: skip
    finally:
        con.close()
    if found.is_empty():
        raise InputRefused(f"{path.name}: not one date_of_birth is a date (expected dd/mm/yyyy). Nothing was kept.")
    return found


def keep(office: Office, actor: Actor, register: Snapshot, told: pl.DataFrame) -> Snapshot:
    """Those of electors of this register, by whom they are, else by their number in it."""
    rows = pl.read_parquet(
        office.lake.file(register), columns=["person", "entry", "uprn", "address", "postcode"]
    ).with_columns(place=place("uprn", "address", "postcode"))
    by_id = rows.join(told.select("person", "born").unique("person"), on="person", how="left")
    by_number = told.filter(pl.col("entry").is_not_null()).select("entry", number_born="born").unique("entry")
    both = by_id.join(by_number, on="entry", how="left").with_columns(born=pl.coalesce("born", "number_born"))
    with office.database.session() as session:
        at = office.clock.now()
        sealer = data_keys.of(session, office.keys, at, purpose=PURPOSE, authority=actor.authority, subject="")
        kept = both.drop_nulls("born").select(
            "person", born=hashed(pl.col("born"), pl.col("place"), sealer.secret),
            band=hashed(_band(pl.col("born").str.to_date(), register.as_at), pl.col("place"), sealer.secret),
        )  # fmt: skip
        staged = office.lake.stage()
        kept.write_parquet(staged, compression="zstd")
        made = office.lake.commit(
            session, staged, authority=actor.authority, kind=KIND, name=str(register.id), as_at=register.as_at,
            made_at=at, made_by=actor.label, rows=len(kept),
        )  # fmt: skip
        audit.record(
            session, authority=actor.authority, at=at, actor=actor.label, act="import dates of birth",
            subject=f"snapshot {made.id}", electors=len(kept),
        )  # fmt: skip
    return made


def bring_in(office: Office, actor: Actor, path: Path) -> Snapshot:
    """Beside the newest register."""
    with office.database.session() as session:
        register = current(session, actor.authority, "register")
    if register is None:
        raise InputRefused(f"{path.name}: there is no register yet that these dates could stand beside.")
    with scratch(office.lake) as folder:
        return keep(office, actor, register, read(office, actor, path, register.as_at, folder))


def _band(born: pl.Expr, day: date) -> pl.Expr:
    """The day of the register, less the birthday that is still to come that year."""
    to_come = (born.dt.month() > day.month) | ((born.dt.month() == day.month) & (born.dt.day() > day.day))
    years = day.year - born.dt.year() - to_come.cast(pl.Int32)
    words = pl.lit(BANDS[0][1])
    for least, named in BANDS[1:]:
        words = pl.when(years >= least).then(pl.lit(named)).otherwise(words)
    return words


def bands(office: Office, register: Snapshot, electors: pl.DataFrame) -> pl.DataFrame:
    """`home, person, band` of the electors whose date of birth is here, while its key is; empty otherwise."""
    none = pl.DataFrame(schema={"home": pl.Int64, "person": pl.String, "band": pl.String})
    found = _standing(office, register)
    if found is None or "band" not in found[0].columns:
        return none
    births, key = found
    told = births.select("person", hash="band").join(electors.select("home", "person", "place"), on="person")
    tried = [
        told.filter(hashed(pl.lit(words), pl.col("place"), key) == pl.col("hash")).select(
            "home", "person", band=pl.lit(words)
        )
        for _, words in BANDS
    ]
    return pl.concat([none, *tried]).unique(["home", "person"])


def _standing(office: Office, register: Snapshot) -> tuple[pl.DataFrame, str] | None:
    """Those of this register and their key, until it is destroyed."""
    with office.database.session() as session:
        snapshot = current(session, register.authority, KIND, str(register.id))
        row = data_keys.standing(session, PURPOSE, register.authority, "")
    if snapshot is None or row is None:
        return None
    return pl.read_parquet(office.lake.file(snapshot)), office.keys.masters.unwrap(row)


def check(office: Office, actor: Actor, path: Path, as_at: date) -> None:
    """Before the register beside it is changed."""
    with scratch(office.lake) as folder:
        read(office, actor, path, as_at, folder)


def hold_against(
    office: Office, register: Snapshot, persons: pl.DataFrame, met: pl.DataFrame, electors: pl.DataFrame
) -> pl.DataFrame:
    """`met` where both sides have a date of birth: the same one settles it, another one speaks against it."""
    found = _standing(office, register)
    if found is None:
        return met
    births, key = found
    places = electors.select("home", "person", "place")
    said = persons.select("nid", day=pl.col("birth").dt.to_string("%Y-%m-%d")).drop_nulls()
    both = met.join(said, on="nid").join(births, on="person").join(places, on=["home", "person"])
    same = both.select("nid", "home", "person", same=hashed(pl.col("day"), pl.col("place"), key) == pl.col("born"))
    told = met.join(same, on=["nid", "home", "person"], how="left")
    another = (~pl.col("same")).fill_null(value=False)
    return (
        told.filter(~(another & (pl.col("level") >= INITIALLED)))
        .with_columns(level=pl.when("same").then(EXACT).otherwise("level")).drop("same")
    )  # fmt: skip
