"""What came in: what is here of each kind, every import, and what was rejected."""

from dataclasses import dataclass
from pathlib import Path

from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, histories
from engage.foundation.office import Actor, Office
from segments.importing import imports
from segments.importing.intake import HOMES, UNSORTED
from segments.sources import census
from segments.sources.catalogue import KINDS, MAKES

# Title, and what it is for or where it comes from.
WORDS = {
    "register": ("Electoral register", "The full register, exported from the electoral management system"),
    "register-update": ("Register update", "Additions and deletions since the last full register"),
    "gazetteer": ("Gazetteer of addresses", "The local land and property gazetteer (LLPG, as DTF 7.3), or AddressBase"),
    "geography": ("Areas of each property", "ONS UPRN Directory (ONSUD) or NSUL; also a look-up of postcodes (NSPL)"),
    "population": ("Population estimates", "ONS mid-year estimates by age"),
    "boundaries": ("Ward boundaries", "ONS Open Geography, as GeoJSON"),
    "contacts": ("Email addresses and phone numbers", "Only with a lawful basis and a data sharing agreement"),
    "suppressions": ("People not to contact", "From an earlier list of objections"),
    "protected": ("Protected addresses", "Kept as keyed hashes; nothing is ever sent to them or shown of them"),
    "applications": (
        "Applications in progress",
        "Who has applied and is not on the register yet, so as not to remind them",
    ),
    "indicator": ("Statistics by area", "Census 2021 tables from Nomis, deprivation, or your own figures"),
    "lookup": ("Look-ups between areas", "Made of a geography file of areas alone"),
    "postcodes": ("Areas of each postcode", "Made of a geography file of postcodes"),
    "coordinates": ("Coordinates of each property", "Made of a gazetteer of points alone"),
    HOMES: ("Table of homes", "One row for each home, made of all the data"),
    UNSORTED: ("Told by its content", "What it is, is told by what is in it"),
}

# What the tables of statistics are about, by the names under which they are kept.
STATISTICS = {code: topic for topic, code in census.TABLES.items()} | {
    "ts007": "age by single year", "imd2019": "deprivation", "imd2025": "deprivation",
    "oac2021": "output area classification",
}  # fmt: skip


@dataclass(frozen=True)
class Dataset:
    """One kind of data and its newest imports."""

    kind: str
    title: str
    hint: str
    snapshots: list[Snapshot]


def title(kind: str, name: str = "") -> str:
    """As officers call it; with a name, which of several of that kind."""
    words = WORDS.get(kind, (kind.replace("-", " ").capitalize(), ""))[0]
    if not name:
        return words
    if name in STATISTICS:
        return f"{words}: {STATISTICS[name]} ({name.upper()})"
    return f"{words}: {name.removeprefix('local_').replace('_', ' ')}"


def by_kind(office: Office, authority: str) -> list[Dataset]:
    """Every kind that can be imported; what only some files make is there once there is some."""
    order = list(WORDS)
    with office.database.reading() as session:
        here = histories(session, authority, MAKES)
    found = [
        Dataset(kind, title(kind), WORDS.get(kind, ("", ""))[1], _newest(here.get(kind, [])))
        for kind in sorted(MAKES, key=lambda kind: order.index(kind) if kind in order else len(order))
    ]
    return [one for one in found if one.snapshots or one.kind in KINDS]


def _newest(snapshots: list[Snapshot]) -> list[Snapshot]:
    """One of each name, as the statistics by area have many tables."""
    newest: dict[str, Snapshot] = {}
    for snapshot in snapshots:
        newest.setdefault(snapshot.name, snapshot)
    return sorted(newest.values(), key=lambda snapshot: snapshot.name)


def log(office: Office, authority: str) -> list[Snapshot]:
    """Every import, newest first."""
    return imports.history(office, authority)


def find(office: Office, authority: str, snapshot_id: int) -> Snapshot:
    with office.database.session() as session:
        snapshot = session.get(Snapshot, snapshot_id)
    if snapshot is None or snapshot.authority != authority or not snapshot.report or snapshot.kind not in MAKES:
        raise NotFound(no_such(snapshot_id))
    return snapshot


def no_such(snapshot_id: int) -> str:
    return f"There is no import {snapshot_id} here."


def rejects(office: Office, actor: Actor, snapshot_id: int) -> Path:
    """The file of rejected rows, which holds what stood in them: reading it is recorded."""
    snapshot = find(office, actor.authority, snapshot_id)
    relative = str(snapshot.report.get("rejects_file", ""))
    if not relative:
        msg = f"Import {snapshot_id} rejected nothing."
        raise InputRefused(msg)
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="read rejected rows",
            subject=f"import {snapshot_id}", rejected=sum(snapshot.report.get("rejected", {}).values()),
        )  # fmt: skip
    return office.lake.at(relative)
