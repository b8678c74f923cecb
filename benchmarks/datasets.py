"""One dataset never takes a page down: each table of a borough at each level, with each category in turn missing,
renamed, blank or hidden, and each combination of datasets, imported as officers import them; then the pages are asked.

    python benchmarks/datasets.py [--every N] [--tables DIR]

Each answer is a page with figures, or with a sentence that names the dataset. What is refused is refused by a sentence
that names the file, and changes nothing. Of two imports that leave the same figures to be read, pages are asked once.
`--tables` also takes the Census tables of another folder, whose areas are read as those of the made-up borough.
Exit code 1 when a page fails. Tests run every so manyth combination.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pandas as pd
from litestar.testing import TestClient
from sqlmodel import SQLModel, col, select

from dashboards.pages import publication
from engage.app import create_app
from engage.demo.borough import Borough, write_borough
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.errors import InputRefused
from engage.foundation.identity import PASSWORDS, Account, Authority, Role
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.areas import output_areas
from segments.engine import execution
from segments.homes import households
from segments.importing.imports import import_file, undo
from segments.sources.census_categories import counted_with
from tests.website import token_in

HOMES, WARDS, SEED = 300, 2, 2026
PASSWORD = "three random words"
HERE = "http://127.0.0.1"
SLOW = 15.0  # CPU seconds: many times what any of these pages takes, so that only one that hangs is told
LEVELS = ("oa", "lsoa", "msoa", "ward")
REFUSED = ("msoa", "ward")
WAYS = ("missing", "renamed", "blank", "hidden")
HIDES = {"blank": "", "hidden": "!"}
OFFICERS = ("/", "/gaps", "/wards", "/segments/new", "/data", "/api/gaps", "/api/wards")
MEMBERS = ("/wards", "/report", "/api/wards")
BUILT = ("/", "/segments/new")  # what also reads the table of homes
FIGURES = {
    "/": "Missing, about", "/gaps": "Wards, most people missing first", "/wards": "of the people entitled to be",
    "/report": "of the people entitled to be", "/api/wards": "of the people entitled to be",
    "/api/gaps": '"completeness"', "/segments/new": "<form", "/data": "<table",
}  # fmt: skip
NAMED = ("TS0", "Import", "Still missing: ", "import ", "Build the table of homes", "has not been built")
DATASETS = ("register", "gazetteer", "geography", "boundaries", "population", "contacts", "ts007a", "imd2025")


@dataclass(frozen=True)
class Case:
    table: str
    level: str
    way: str
    label: str

    def __str__(self) -> str:
        return f"{self.table} by {self.level}, {self.label!r} {self.way}"


@dataclass(frozen=True)
class House:
    """A borough imported whole, and an officer and a member of it signed in."""

    office: Office
    actor: Actor
    borough: Borough
    tables: dict[str, tuple[str, pd.DataFrame]]  # kind and cells of each table of figures, by its name
    places: pd.DataFrame
    officer: TestClient[Any]
    member: TestClient[Any]
    asked: set[str] = field(default_factory=set)  # what imports left to be read, once pages were asked

    def cases(self) -> Iterator[Case]:
        for name, (_, cells) in self.tables.items():
            for level in LEVELS if "geography code" in cells else ("lsoa",):
                yield from (Case(name, level, way, str(label)) for label in cells.columns[3:] for way in WAYS)

    def faults(self, case: Case, folder: Path) -> list[str]:
        """What is wrong with the answers once this table is imported; the import is then undone."""
        path = folder / f"{case.table}.csv"
        path.write_text(self.written(case))
        kind, _ = self.tables[case.table]
        try:
            report = import_file(self.office, self.actor, kind, path, self.borough.as_at, accept_problems=True)
        except InputRefused as refused:
            return [] if path.name in str(refused) else [f"{case}: refused without a name: {refused}"]
        try:
            if case.level in REFUSED:
                return [f"{case}: was taken"]
            if self.is_known(case.table, report.snapshot_id or 0):
                return []
            found = self.pages()
            households.build(self.office, self.actor)
            return [f"{case}: {fault}" for fault in (*found, *self.pages(BUILT, ()))]
        finally:
            undo(self.office, self.actor, report.snapshot_id or 0)

    def is_known(self, table: str, snapshot_id: int) -> bool:
        """Whether an import before left the same to be read: the estimate reads some measures of a Census table, rules
        the shares made of them, and nothing the rest."""
        with self.office.database.session() as session:
            rows = pd.read_parquet(self.office.lake.file(session.get_one(Snapshot, snapshot_id)))
        if "measure" in rows:
            counted = {label for part in table.split("-") for label in counted_with(part)}
            rows = rows[rows.measure.str.fullmatch(output_areas.IDENTIFIER) | rows.measure.isin(counted)]
        told = sha256(table.encode() + rows.sort_values(list(rows)).to_csv(index=False).encode()).hexdigest()
        known = told in self.asked
        self.asked.add(told)
        return known

    def written(self, case: Case) -> str:
        _, cells = self.tables[case.table]
        found = self.at_level(cells, case.level)
        match case.way:
            case "missing":
                found = found.drop(columns=case.label)
            case "renamed":
                found = found.rename(columns={case.label: f"{case.label} and others"})
            case way:
                found = found.assign(**{case.label: HIDES[way]})
        return found.to_csv(index=False)

    def at_level(self, cells: pd.DataFrame, level: str) -> pd.DataFrame:
        if "geography code" not in cells or level == "oa":
            return cells
        larger = self.places[level].reindex(cells["geography code"]).to_numpy()
        counts = cells[cells.columns[3:]].astype(int).groupby(larger).sum()
        counts.insert(0, "date", "2021")
        counts.insert(1, "geography", counts.index)
        counts.insert(2, "geography code", counts.index)
        return counts

    def without(self, gone: Iterable[str], *, built: bool) -> list[str]:
        """What is wrong with the answers where these datasets were never imported, or were undone after the table of
        homes was built of them."""
        names = {*gone, *(() if built else ("households",))}
        with self.office.database.session() as session:
            query = select(Snapshot).where(col(Snapshot.undone_at).is_(None), Snapshot.kind != "published")
            held = [each for each in session.exec(query) if {each.kind, each.name} & names]
            for each in held:
                each.undone_at = self.office.clock.now()
        try:
            return [f"without {', '.join(sorted(names))}: {fault}" for fault in self.pages()]
        finally:
            with self.office.database.session() as session:
                for each in held:
                    session.get_one(Snapshot, each.id).undone_at = None

    def pages(self, officers: Sequence[str] = OFFICERS, members: Sequence[str] = MEMBERS) -> list[str]:
        asked = [(self.officer, path) for path in officers] + [(self.member, path) for path in members]
        return [fault for client, path in asked if (fault := _fault(client, path))]


def _fault(client: TestClient[Any], path: str) -> str:
    started = time.process_time()  # the pages are answered within this process
    answer = client.get(path)
    took = time.process_time() - started
    refused = path == "/api/gaps" and answer.status_code == 422
    if answer.status_code != 200 and not refused:
        return f"{path} answers {answer.status_code}"
    if took > SLOW:
        return f"{path} took {took:.1f} s"
    known = FIGURES[path] in answer.text or any(name in answer.text for name in NAMED)
    return "" if known else f"{path} has neither figures nor a sentence that names a dataset"


def combined() -> Iterator[tuple[str, ...]]:
    """Every set of datasets that may be lacking, nothing to all."""
    return chain.from_iterable(combinations(DATASETS, size) for size in range(len(DATASETS) + 1))


@contextmanager
def house(folder: Path, tables: Path | None = None) -> Iterator[House]:
    borough = write_borough(folder / "files", homes=HOMES, wards=WARDS, seed=SEED)
    office = Office(Settings(home=folder / "home", second_factor=False), SteppedClock(at_london(borough.as_at, 10)))
    SQLModel.metadata.create_all(office.database.engine)
    visitors = [(create_app(office), email) for email in _hired(office, borough)]
    actor = Actor(borough.authority_code, "officer 1")
    for kind, path in borough.files:
        import_file(office, actor, kind, path, borough.as_at, accept_problems=True)
    households.build(office, actor)
    places = _places(office, borough.authority_code)
    with ExitStack() as stack:
        clients = [_signed_in(stack.enter_context(TestClient(each, base_url=HERE)), email) for each, email in visitors]
        yield House(office, actor, borough, dict(_tables(borough, places, tables)), places, *clients)
    office.close()


def _hired(office: Office, borough: Borough) -> list[str]:
    emails = {role: f"{role.value}@example.com" for role in (Role.officer, Role.member)}
    secret = PASSWORDS.hash(PASSWORD)
    with office.database.session() as session:
        session.add(Authority(code=borough.authority_code, name=borough.authority_name))
        session.flush()
        for role, email in emails.items():
            account = Account(
                authority=borough.authority_code, email=email, name=role.value, role=role, password=secret
            )  # fmt: skip
            session.add(account)
    return list(emails.values())


def _signed_in(client: TestClient[Any], email: str) -> TestClient[Any]:
    sent = {"email": email, "password": PASSWORD, "_csrf_token": token_in(client.get("/sign-in").text)}
    assert client.post("/sign-in", data=sent, follow_redirects=False).status_code == 303
    return client


def _places(office: Office, authority: str) -> pd.DataFrame:
    """`oa, lsoa, ward` of each output area, and an area larger than LSOAs."""
    with office.database.session() as session, execution.connect() as backend:
        found = output_areas.places(backend, office, session, authority)
    return found.assign(msoa=[f"E02{code[3:]}" for code in found.lsoa])


def _tables(
    borough: Borough, places: pd.DataFrame, folder: Path | None
) -> Iterator[tuple[str, tuple[str, pd.DataFrame]]]:
    for kind in ("indicator", "population"):
        for path in borough.paths(kind):
            yield path.stem, (kind, pd.read_csv(path, dtype=str, keep_default_na=False))
    for path in sorted(folder.glob("census2021-*-oa.csv*")) if folder else ():
        cells = pd.read_csv(path, dtype=str, keep_default_na=False)
        here = cells.head(len(places)).copy()
        here["geography"] = here["geography code"] = list(places.index[: len(here)])
        yield f"other-{path.name.partition('.')[0]}", ("indicator", here)


def main() -> int:
    publication.PATIENCE = SLOW  # a page shows what was published before the change, but for a moment
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--tables", type=Path)
    asked = parser.parse_args()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as temporary, house(Path(temporary), asked.tables) as home:
        cases: Sequence[Case] = list(home.cases())[:: asked.every]
        lacking = list(combined())[:: asked.every]
        for fault in chain(
            (fault for case in cases for fault in home.faults(case, Path(temporary))),
            (fault for gone in lacking for built in (True, False) for fault in home.without(gone, built=built)),
        ):
            faults.append(fault)
            print(fault, flush=True)
    print(f"{len(cases):,} tables and {2 * len(lacking):,} combinations of datasets: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
