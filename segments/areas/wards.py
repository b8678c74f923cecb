"""The wards of an authority through time: codes are versioned, and what was counted on old wards is told again on the
current ones through the UPRNs, never by name: a name may go on for another area, and an area under another name."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlmodel import Session

from engage.foundation.lake import Snapshot, current, history
from engage.foundation.office import Office
from segments.areas import area_names, boundaries
from segments.engine import execution
from segments.engine.kept import Kept


@dataclass(frozen=True)
class Version:
    """One set of ward codes. It was in force from `since` to before `until` (None: still), as far as imports tell.
    `placed` says that a geography ties homes to these wards; without it there are only their boundaries."""

    codes: tuple[str, ...]
    since: date
    until: date | None = None
    placed: bool = True


@dataclass(frozen=True)
class Change:
    """Homes of an earlier version's ward (the version in force before `until`) that now lie in another."""

    until: date
    before: str
    before_name: str
    after: str
    after_name: str
    homes: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"until": self.until.isoformat()}


Shapes = dict[str, tuple[str, dict[str, Any]]]
TOLD_BY = ("boundaries", "geography", "gazetteer", "lookup", "positions")
_NAMED: Kept[dict[str, str]] = Kept(*TOLD_BY)
_EVERY_NAME: Kept[dict[str, str]] = Kept(*TOLD_BY)
_SHAPES: Kept[Shapes] = Kept(*TOLD_BY)
_VERSIONS: Kept[list[Version]] = Kept("boundaries", "geography")
_CHANGES: Kept[list[Change]] = Kept(*TOLD_BY, "households")


def named(office: Office, authority: str) -> dict[str, str]:
    """Ward code to name, by name; empty before boundaries or a look-up of wards were imported."""
    with office.database.reading() as session:
        return dict(_NAMED.of(office, session, authority, lambda: _named(office, authority)))


def _named(office: Office, authority: str) -> dict[str, str]:
    found = {code: name for code, (name, _) in shapes(office, authority).items()}
    if not found:
        with office.database.reading() as session, execution.connect() as backend:
            found = _looked_up(backend, office, session, authority)
    return dict(sorted(found.items(), key=lambda ward: ward[1]))


def _looked_up(backend: Backend, office: Office, session: Session, authority: str) -> dict[str, str]:
    names = area_names.looked_up(backend, office, session, authority)
    return {} if names is None else {str(row.ward): str(row.ward_name) for row in names.execute().itertuples()}


def shapes(office: Office, authority: str) -> Shapes:
    """Ward code to name and GeoJSON geometry (CRS84)."""
    with office.database.reading() as session:
        return dict(_SHAPES.of(office, session, authority, lambda: _shapes(office, authority)))


def _shapes(office: Office, authority: str) -> Shapes:
    return {code: (name, json.loads(geometry)) for code, name, geometry in _rows(office, authority)}


def _rows(office: Office, authority: str) -> list[tuple[str, str, str]]:
    """Of the newest boundaries; wards that the newest geography no longer knows are of the past."""
    with office.database.reading() as session, execution.connect() as backend:
        snapshot, geography = (current(session, authority, kind) for kind in ("boundaries", "geography"))
        if snapshot is None:
            return []
        frame = execution.table(backend, office.lake, snapshot).select("ward", "name", "geometry").execute()
        told = boundaries.codes(backend, office, session, authority)
        frame["ward"] = frame.ward.map(lambda code: told.get(code, code))
        in_force = _codes(backend, office, geography) if geography else set(frame.ward)
    rows = [(str(row.ward), str(row.name), str(row.geometry)) for row in frame.itertuples(index=False)]
    return [row for row in rows if row[0] in in_force]


def _codes(backend: Backend, office: Office, snapshot: Snapshot) -> set[str]:
    wards = execution.table(backend, office.lake, snapshot).ward
    return set(wards.name("ward").as_table().distinct().filter(ibis._.ward.notnull()).ward.execute())


# What was in force when


def versions(office: Office, authority: str) -> list[Version]:
    """Every set of ward codes that was imported, oldest first; the last is in force."""
    with office.database.reading() as session:
        return list(_VERSIONS.of(office, session, authority, lambda: _versions(office, session, authority)))


def _versions(office: Office, session: Session, authority: str) -> list[Version]:
    with execution.connect() as backend:
        return [run.version for run in _runs(office, session, backend, authority)]


@dataclass
class _Run:
    """Imports one after another that hold the same wards; `geography` is the newest of them that places homes."""

    since: date
    codes: dict[str, set[str]]
    geography: Snapshot | None = None
    until: date | None = None

    def continues(self, kind: str, codes: set[str]) -> bool:
        """A ward without homes is in the boundaries and not in the geography."""
        if kind in self.codes:
            return codes == self.codes[kind]
        return all(codes <= known or known <= codes for known in self.codes.values())

    def add(self, snapshot: Snapshot, codes: set[str]) -> None:
        self.codes[snapshot.kind] = codes
        self.geography = snapshot if snapshot.kind == "geography" else self.geography

    @property
    def version(self) -> Version:
        return Version(
            tuple(sorted(set[str]().union(*self.codes.values()))), self.since, self.until, self.geography is not None
        )


def _runs(office: Office, session: Session, backend: Backend, authority: str) -> list[_Run]:
    imported = [s for kind in ("geography", "boundaries") for s in history(session, authority, kind)]
    runs: list[_Run] = []
    for snapshot in sorted(imported, key=lambda s: (s.as_at, s.kind == "boundaries", s.id)):
        codes = _codes(backend, office, snapshot)
        if not runs or not runs[-1].continues(snapshot.kind, codes):
            if runs:
                runs[-1].until = snapshot.as_at
            runs.append(_Run(snapshot.as_at, {}))
        runs[-1].add(snapshot, codes)
    return runs


def changes(office: Office, authority: str) -> list[Change]:
    """From each earlier version to the wards of today: homes whose ward code is another now, most first."""
    with office.database.reading() as session:
        return list(_CHANGES.of(office, session, authority, lambda: _changes(office, session, authority)))


def _changes(office: Office, session: Session, authority: str) -> list[Change]:
    with execution.connect() as backend:
        newest = current(session, authority, "geography")
        homes = current(session, authority, "households")
        earlier = [
            (run.until, run.geography)
            for run in _runs(office, session, backend, authority)
            if newest and run.until and run.geography and run.geography.id != newest.id
        ]
        if newest is None or not earlier:
            return []
        now = _homes(backend, office, newest, homes)
        names = _names(backend, office, session, authority)
        return [
            Change(until, old, names.get(old, old), new, names.get(new, new), count)
            for until, geography in earlier
            for old, new, count in _moved(execution.table(backend, office.lake, geography), now)
        ]


def _homes(backend: Backend, office: Office, geography: Snapshot, homes: Snapshot | None) -> ir.Table:
    """`uprn, ward` of the newest geography. Once there is a table of homes only those count: others would show, as the
    difference, how many homes are kept out of that table."""
    placed = execution.table(backend, office.lake, geography).select("uprn", "ward")
    return placed.semi_join(execution.table(backend, office.lake, homes), "uprn") if homes else placed


def _moved(before: ir.Table, now: ir.Table) -> list[tuple[str, str, int]]:
    both = before.select("uprn", old="ward").inner_join(now.select("uprn", new="ward"), "uprn")
    counted = both.filter(both.old != both.new).group_by("old", "new").agg(homes=ibis._.count())
    rows = counted.order_by(ibis.desc("homes"), "old", "new").execute()
    return [(str(old), str(new), int(homes)) for old, new, homes in rows.itertuples(index=False)]


def every_name(office: Office, authority: str) -> dict[str, str]:
    """Ward code to its newest name, of every code that ever had boundaries or a look-up here."""
    with office.database.reading() as session:
        return dict(_EVERY_NAME.of(office, session, authority, lambda: _every_name(office, session, authority)))


def _every_name(office: Office, session: Session, authority: str) -> dict[str, str]:
    with execution.connect() as backend:
        return _names(backend, office, session, authority)


def _names(backend: Backend, office: Office, session: Session, authority: str) -> dict[str, str]:
    names = _looked_up(backend, office, session, authority)
    for snapshot in reversed(history(session, authority, "boundaries")):
        frame = execution.table(backend, office.lake, snapshot).select("ward", "name").execute()
        names |= dict(zip(frame.ward, frame["name"], strict=True))
    told = boundaries.codes(backend, office, session, authority)
    return names | {code: names[own] for own, code in told.items()}


# What was counted on old wards, on the current ones


def restated(
    backend: Backend, office: Office, session: Session, authority: str, homes: ir.Table,
    geography: Snapshot | None = None,
) -> ir.Table:  # fmt: skip
    """`homes` (any table with `uprn` and `ward`; better with `postcode` and `oa` too) with every ward the current one,
    and `ward_name`, if it is there, that ward's name.

    The newest geography tells the ward of a UPRN. One that it lacks keeps its ward while the code is in force; else it
    gets the ward most homes of its postcode lie in now, else that of its output area, else its own ward stays. Another
    `geography` tells the wards that were in force with it.
    """
    read = geography or current(session, authority, "geography")
    if read is None:
        return homes
    placed = execution.table(backend, office.lake, read)
    in_force = placed.select(ward="ward", ward_in_force="ward").distinct()
    told = execution.attach(homes, placed.select("uprn", ward_told="ward"), "uprn")
    told = execution.attach(told, in_force, "ward")
    guesses = ["ward_told", "ward_in_force"]
    for place, around in _around(backend, office, session, authority, placed).items():
        if place in homes.columns:
            told = execution.attach(told, around, place)
            guesses.append(f"ward_of_{place}")
    told = told.mutate(ward_before=told.ward, ward=ibis.coalesce(*(told[name] for name in guesses), told.ward))
    if "ward_name" in homes.columns:
        told = _renamed(backend, office, session, authority, told)
    return told.select(*homes.columns)


def _around(
    backend: Backend, office: Office, session: Session, authority: str, geography: ir.Table
) -> dict[str, ir.Table]:
    """The ward that most homes of a postcode, and of an output area, lie in now."""
    areas = {"oa": _commonest(geography, "oa")}
    gazetteer = current(session, authority, "gazetteer")
    properties = execution.table(backend, office.lake, gazetteer) if gazetteer else None
    if properties is None or "postcode" not in properties.columns:
        return areas
    placed = geography.select("uprn", "ward").inner_join(properties.select("uprn", "postcode"), "uprn")
    return {"postcode": _commonest(placed, "postcode")} | areas


def _commonest(placed: ir.Table, place: str) -> ir.Table:
    """`PLACE, ward_of_PLACE`; where two wards have as many, the first by code, so that it is always the same."""
    counted = placed.filter(placed[place].notnull()).group_by(place, "ward").agg(homes=ibis._.count())
    order = ibis.window(group_by=place, order_by=[ibis.desc("homes"), "ward"])
    first = counted.mutate(rank=ibis.row_number().over(order)).filter(ibis._.rank == 0)
    return first.select(place, **{f"ward_of_{place}": "ward"})


def _renamed(backend: Backend, office: Office, session: Session, authority: str, homes: ir.Table) -> ir.Table:
    """By the code, as in the table of homes; a ward that is the same as before and has no newer name keeps its own."""
    own = ibis.cases((homes.ward == homes.ward_before, homes.ward_name), else_=homes.ward)
    names = area_names.of_wards(backend, office, session, authority)
    if names is None:
        return homes.mutate(ward_name=own)
    named = execution.attach(homes.mutate(ward_own_name=own), names.rename(ward_name_now="ward_name"), "ward")
    return named.mutate(ward_name=named.ward_name_now.coalesce(named.ward_own_name))
