"""A made-up village as the lake holds one: a gazetteer with everything that misleads, and registers of known truth."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from cryptography.fernet import Fernet

from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.privacy import Keys
from segments.linking.electors import Answer, Linked, Written, link

KEYS = Keys([Fernet.generate_key().decode()])
REGISTER = (
    "person varchar, uprn bigint, address varchar, postcode varchar, ward_name varchar, attainment date, "
    "franchise varchar, line bigint"
)
GAZETTEER = (
    'uprn bigint, "class" varchar, logical_status int, state int, parent_uprn bigint, easting double, northing double, '
    "ward varchar, organisation varchar, address varchar, address_lines varchar[], postcode varchar, street varchar, "
    "usrn bigint, residential boolean, other_addresses varchar[]"
)


@dataclass
class Gazetteer:
    """Rows of a gazetteer snapshot; UPRNs count up from one that no council has."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, address: str, street: str, postcode: str | None, *, home: bool = True, live: bool = True,
            parent: int | None = None, others: tuple[str, ...] = ()) -> int:  # fmt: skip
        uprn = 9_900_000_001 + len(self.rows)
        whole = f"{address}, {postcode}" if postcode else address
        self.rows.append({
            "uprn": uprn, "class": "RD02" if home else "PP", "logical_status": 1 if live else 8, "state": 2,
            "parent_uprn": parent, "address": whole, "address_lines": whole.split(", "), "postcode": postcode,
            "street": street, "residential": home and live, "other_addresses": list(others),
        })  # fmt: skip
        return uprn

    def uprn(self, address: str) -> int:
        (found,) = [row["uprn"] for row in self.rows if row["address"].startswith(f"{address},")]
        return int(found)

    def write(self, to: Path) -> Path:
        return _write(GAZETTEER, self.rows, to)


def village() -> Gazetteer:
    made = Gazetteer()
    for number in range(1, 21):
        made.add(f"{number} Alma Street, Burton upon Trent", "Alma Street", "DE14 1AA")
        made.add(f"{number} St John’s Road, Tutbury, Burton upon Trent", "St John’s Road", "DE13 9AA")
    for name in ("Rose Cottage", "Mill House", "Oak Barn", "Hill Barn"):
        made.add(f"{name}, Mill Lane, Tutbury, Burton upon Trent", "Mill Lane", "DE13 9AB")
    for town, postcode in (("Burton upon Trent", "DE14 2AA"), ("Uttoxeter", "ST14 8AA")):
        for number in range(1, 7):
            made.add(f"{number} Park Road, {town}", "Park Road", postcode)
    manor = made.add("Oak Manor, High Street, Uttoxeter", "High Street", "ST14 7AA", home=False)
    for number in range(1, 5):
        made.add(f"Flat {number}, Oak Manor, High Street, Uttoxeter", "High Street", "ST14 7AA", parent=manor)
    made.add("12 High Street, Uttoxeter", "High Street", "ST14 7AA", home=False)
    block = made.add("100-102 Coleman Road, Uttoxeter", "Coleman Road", "ST14 7AB", home=False)
    for letter in "AB":
        made.add(f"Flat {letter}, 100-102 Coleman Road, Uttoxeter", "Coleman Road", "ST14 7AB", parent=block)
    made.add("Old Forge, Mill Lane, Tutbury, Burton upon Trent", "Mill Lane", "DE13 9AB", live=False)
    made.add(
        "3 Church Lane, Uttoxeter", "Church Lane", "ST14 7AC", others=("Willow View, Church Lane, Uttoxeter, ST14 7AC",)
    )
    made.add("Willow View, Church Lane, Uttoxeter", "Church Lane", "ST14 7AC")
    made.add(
        "8 Church Lane, Uttoxeter", "Church Lane", "ST14 7AC", others=("The Poplars, Church Lane, Uttoxeter, ST14 7AC",)
    )
    return made


def register(rows: list[tuple[str, str | None, int | None]], to: Path) -> Path:
    """One elector for each (address, postcode, UPRN as the file says); persons are named by their place."""
    written = [
        {"person": f"{number:064d}", "uprn": uprn, "address": address, "postcode": postcode, "line": number + 2}
        for number, (address, postcode, uprn) in enumerate(rows)
    ]
    return _write(REGISTER, written, to)


def _write(columns: str, rows: list[dict[str, Any]], to: Path) -> Path:
    with duckdb.connect() as con:
        con.execute(f"create table t ({columns})")
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            con.execute(f"insert into t ({names}) values ({', '.join('?' * len(row))})", list(row.values()))
        con.sql("from t").write_parquet(str(to))
    return to


@dataclass
class Outcome:
    """What a link said, by row of the register from 0."""

    counts: Linked
    homes: dict[int, tuple[int, str]]  # row to (uprn, how)
    questions: list[dict[str, Any]]
    contradictions: list[tuple[Any, ...]]


def linked(folder: Path, rows: list[tuple[str, str | None, int | None]], answers: list[Answer] | None = None,
           gazetteer: Gazetteer | None = None) -> Outcome:  # fmt: skip
    to = Written(*(folder / f"{name}.parquet" for name in ("electors", "questions", "contradictions")))
    places = (gazetteer or village()).write(folder / "gazetteer.parquet")
    counts = link(register(rows, folder / "register.parquet"), places, KEYS, answers or [], to)
    return outcome(counts, to)


def outcome(counts: Linked, to: Written) -> Outcome:
    found = duckdb.execute("select person, uprn, how from read_parquet(?)", [str(to.electors)]).fetchall()
    asked = duckdb.execute("from read_parquet(?)", [str(to.questions)])
    names = [column[0] for column in asked.description or []]
    return Outcome(
        counts, {int(person): (uprn, how) for person, uprn, how in found},
        [dict(zip(names, row, strict=True)) for row in asked.fetchall()],
        duckdb.execute("from read_parquet(?)", [str(to.contradictions)]).fetchall(),
    )  # fmt: skip


def settle_in(office: Office, actor: Actor, rows: list[tuple[str, str | None, int | None]], folder: Path,
              as_at: date = date(2026, 6, 1), places: Gazetteer | None = None) -> Snapshot:  # fmt: skip
    """Commit the gazetteer (the village's by default), if there is none yet, and a register, as imports would; returns
    the register."""
    from engage.foundation.lake import current

    with office.database.session() as session:
        made = {"gazetteer": (places or village()).write(folder / "g.parquet")}
        if current(session, actor.authority, "gazetteer"):
            made.clear()
        made["register"] = register(rows, folder / f"r{as_at}.parquet")
        for kind, staged in made.items():
            snapshot = office.lake.commit(
                session, staged, authority=actor.authority, kind=kind, as_at=as_at, made_at=office.clock.now(),
                made_by=actor.label, rows=len(rows), source=f"{kind}{as_at}", report={"outcome": "good"},
            )  # fmt: skip
        return snapshot
