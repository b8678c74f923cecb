"""Gazetteer health: every fault planted once and found once, the points by brute force, and the borough by its truth."""

import csv
import gzip
import io
import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient
from pyproj import Transformer
from sqlmodel import SQLModel, select

import engage.migrations.tables  # noqa: F401  # every table
from engage.app import create_app
from engage.cli import main
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority, Role
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.areas.ward_points import TOLERANCE, strays
from segments.gazetteer import health as gazetteer_health
from segments.gazetteer.issues import BY_KEY, ISSUES
from segments.importing.imports import import_file
from tests.conftest import EAST_STAFFORDSHIRE as CODE
from tests.examples import examples
from tests.segments.snapshots import keep
from tests.website import TOKEN_FIELD, Enter, Visitor, hire

DAY = date(2026, 5, 1)
ACTOR = Actor(CODE, "officer 1")
TO_DEGREES = Transformer.from_crs("EPSG:27700", "OGC:CRS84", always_xy=True)
WEST, EAST = "E05000001", "E05000002"


def square(left: float, bottom: float, side: float = 1000) -> str:
    """A ward on the grid, as the GeoJSON that councils hold. Long edges bend a little between the two systems."""
    ring = shapely.segmentize(shapely.box(left, bottom, left + side, bottom + side), 50)
    bent = shapely.transform(ring, lambda xy: np.column_stack(TO_DEGREES.transform(xy[:, 0], xy[:, 1])))
    return str(shapely.to_geojson(bent))


# Two wards side by side, each a kilometre wide.
WARDS = {WEST: square(420_000, 320_000), EAST: square(421_000, 320_000)}


def home(uprn: int, **other: Any) -> dict[str, Any]:
    """A house without fault, in the ward to the west."""
    return {
        "uprn": uprn, "class": "RD04", "logical_status": 1, "state": 2, "parent_uprn": None, "easting": 420_500.0,
        "northing": 320_500.0, "ward": WEST, "address": f"{uprn} Some Street, Sometown, DE14 1AA",
        "postcode": "DE14 1AA", "residential": True, "successor": None, **other,
    }  # fmt: skip


PROPERTIES = [
    home(1), home(2),
    home(10, logical_status=8, residential=False, successor=2), home(11, state=4, residential=False),
    home(12, residential=False),  # ended, as nothing else can be wrong with it
    home(13, **{"class": "PP"}, residential=False), home(14, logical_status=6, state=1, residential=False),
    home(20, address="Flat 1, High Street, Sometown, DE14 1AB", postcode="DE14 1AB"),
    home(21, address="FLAT 1 HIGH STREET,  SOMETOWN, DE14 1AB", postcode="DE14 1AB"),
    home(22, address="Flat 1, High Street, Sometown, DE14 1AC", postcode="DE14 1AC"),
    home(30, address=None), home(31, postcode=None),
    home(40, easting=None, northing=None), home(41, easting=0.0, northing=0.0), home(42, easting=None),
    home(50, easting=421_200.0), home(51, easting=421_000.0 + TOLERANCE - 8), home(52, easting=419_000.0),
    home(53, easting=421_200.0, ward=None), home(54, easting=421_200.0, ward="E05999999"),
    home(60), home(61), home(62),
    home(70, ward=EAST, easting=421_500.0),
    home(80, parent_uprn=13), home(81, parent_uprn=10), home(82, parent_uprn=999), home(90),
]  # fmt: skip
ON_THE_REGISTER = [1, 1, 2, None, 10, 11, 12, 13, 14, 999_999]
IN_THE_DIRECTORY = {p["uprn"]: WEST for p in PROPERTIES if p["residential"] and p["uprn"] != 90}
SURVEYED = {60: (420_500.0, 320_549.0), 61: (420_500.0, 320_551.0), 40: (420_111.0, 320_222.0), 12: (0.0, 0.0)}
EXPECTED = {
    "register_unknown": {999_999}, "register_historic": {10, 11, 12}, "register_no_home": {13, 14},
    "duplicate": {20, 21}, "no_address": {30}, "no_postcode": {31}, "no_coordinates": {40, 41, 42},
    "other_ward": {50, 52, 53, 54}, "far_point": {61}, "ward_differs": {54, 70}, "not_in_geography": {90},
    "parent_gone": {81, 82}, "no_ward": {53},
}  # fmt: skip


@pytest.fixture
def town(office: Office) -> Office:
    keep(office, "gazetteer", pd.DataFrame(PROPERTIES).astype({"parent_uprn": "Int64", "successor": "Int64"}), DAY)
    register = pd.DataFrame({"person": [f"p{n}" for n in range(len(ON_THE_REGISTER))], "uprn": ON_THE_REGISTER})
    keep(office, "register", register.astype({"uprn": "Int64"}), DAY)
    geography = {"uprn": list(IN_THE_DIRECTORY), "oa": "O1", "ward": list(IN_THE_DIRECTORY.values())}
    keep(office, "geography", pd.DataFrame(geography), DAY)
    names = {"ward": list(WARDS), "name": ["Westward", "=Eastward"], "geometry": list(WARDS.values())}
    keep(office, "boundaries", pd.DataFrame(names), DAY)
    surveyed = pd.DataFrame([(u, e, n) for u, (e, n) in SURVEYED.items()], columns=["uprn", "easting", "northing"])
    keep(office, "coordinates", surveyed, DAY)
    return office


@pytest.fixture
def enter(office: Office) -> Iterator[Enter]:
    """One visitor after another at the same service."""
    with TestClient(create_app(office)) as client:

        def signed_in(role: Role) -> Visitor:
            client.cookies.clear()
            visitor = Visitor(client)
            assert visitor.sign_in(hire(office, role).email).status_code == 200
            return visitor

        yield signed_in


def found(office: Office) -> dict[str, set[int]]:
    keys = {issue.title: issue.key for issue in ISSUES}
    result: dict[str, set[int]] = {}
    for uprn, title, _, _ in gazetteer_health.rows(office, ACTOR):
        result.setdefault(keys[title], set()).add(uprn)
    return result


def said(office: Office, uprn: int, key: str) -> tuple[str, str]:
    """What the record says of a property, and what was expected."""
    title = BY_KEY[key].title
    return next((row[2], row[3]) for row in gazetteer_health.rows(office, ACTOR) if row[:2] == (uprn, title))


def test_every_fault_is_found_and_nothing_else(town: Office) -> None:
    assert found(town) == EXPECTED
    health = gazetteer_health.examine(town, ACTOR)
    assert {f.key: f.count for f in health.findings} == {key: len(uprns) for key, uprns in EXPECTED.items()}
    assert {f.of for f in health.findings if f.issue.of == "claim"} == {8}
    assert health.near_edge == 1
    assert health.properties == len(PROPERTIES)


def test_each_line_says_what_stands_there_and_what_was_expected(town: Office) -> None:
    assert said(town, 10, "register_historic") == (
        "class RD04, logical status 8 (historic), state 2 (in use)", "a current property, such as its successor 2",
    )  # fmt: skip
    assert said(town, 12, "register_historic")[0].endswith("ended")
    assert said(town, 13, "register_no_home")[0] == "class PP, logical status 1 (approved), state 2 (in use)"
    assert said(town, 20, "duplicate")[0] == "the address of 1 other home too, the first is UPRN 21"
    assert said(town, 40, "no_coordinates")[1] == "420111, 320222 (OS Open UPRN)"
    assert said(town, 41, "no_coordinates")[1] == "an easting and a northing"
    record, expected = said(town, 50, "other_ward")
    assert record.startswith(f"421200, 320500, in =Eastward ({EAST}), ")
    assert abs(int(record.split(", ")[3].split()[0]) - 200) <= 5
    assert expected == f"a point in Westward ({WEST})"
    assert "in none of the wards" in said(town, 52, "other_ward")[0]
    assert said(town, 61, "far_point")[1] == "420500, 320551 (OS Open UPRN), 51 m away"
    assert said(town, 70, "ward_differs") == (f"ward {EAST}", f"ward {WEST} (Westward)")
    assert said(town, 81, "parent_gone")[0].startswith("parent UPRN 10, class RD04, logical status 8")
    assert said(town, 53, "no_ward")[1] == f"ward {WEST} (Westward)"


def test_files_are_counted_by_uprn(town: Office) -> None:
    keep(town, "contacts", pd.DataFrame({"uprn": [1, 1, 5], "channel": "email"}), DAY)
    hashed = [town.keys.uprn(1), town.keys.uprn(5), town.keys.contact("email", "a@example.org")]
    listed = pd.DataFrame({"channel": ["household", "household", "email"], "contact": hashed})
    keep(town, "suppressions", listed, DAY)
    own = pd.DataFrame({"area": ["1", "2", "7"], "level": "uprn", "measure": "single_adult", "value": 1.0})
    keep(town, "indicator", own, DAY, "council_tax")
    keep(town, "indicator", own.assign(area="O1", level="oa"), DAY, "ts054")
    files = gazetteer_health.examine(town, ACTOR).as_dict()["files"]
    assert [tuple(file.values()) for file in files] == [
        ("register", "", 10, 9, 8, 0.8), ("contacts", "", 3, 3, 2, 0.667), ("suppressions", "", 3, 2, 1, 0.333),
        ("indicator", "council_tax", 3, 3, 2, 0.667),
    ]  # fmt: skip


def test_what_is_not_imported_is_said_and_not_counted(office: Office) -> None:
    with pytest.raises(InputRefused, match="no gazetteer yet"):
        gazetteer_health.examine(office, ACTOR)
    frame = pd.DataFrame(PROPERTIES).drop(columns="successor").astype({"parent_uprn": "Int64"})
    keep(office, "gazetteer", frame, DAY)
    health = gazetteer_health.examine(office, ACTOR)
    missing = {f.key: f.missing for f in health.findings if f.missing}
    assert missing == {
        "register_unknown": "register", "register_historic": "register", "register_no_home": "register",
        "other_ward": "boundaries", "far_point": "coordinates", "ward_differs": "geography",
        "not_in_geography": "geography",
    }  # fmt: skip
    alone = {"duplicate", "no_address", "no_postcode", "no_coordinates", "parent_gone", "no_ward"}
    assert found(office) == {key: EXPECTED[key] for key in alone}


def test_a_gazetteer_without_any_ward_codes_is_not_told_so_home_by_home(office: Office) -> None:
    """AddressBase Core and Premium have none."""
    keep(office, "gazetteer", pd.DataFrame([home(1, ward=None), home(2, ward=None)]), DAY)
    assert found(office) == {}


def test_it_is_worked_out_once_for_each_set_of_files(town: Office) -> None:
    def kept() -> int:
        with town.database.session() as session:
            return len(session.exec(select(Snapshot).where(Snapshot.kind == gazetteer_health.KIND)).all())

    first = gazetteer_health.examine(town, ACTOR)
    assert gazetteer_health.examine(town, ACTOR) == first
    assert kept() == 1
    keep(town, "register", pd.DataFrame({"person": ["p"], "uprn": [1]}), DAY)
    assert "register_unknown" not in found(town)
    assert kept() == 2


# What must not be seen


def test_nothing_tells_whether_there_are_protected_addresses(town: Office, enter: Enter) -> None:
    officer = enter(Role.officer)

    def everything() -> tuple[str, ...]:
        paths = ("/data/gazetteer", "/data/gazetteer.csv", "/api/gazetteer-health", "/api/gazetteer-health/properties")
        return tuple(TOKEN_FIELD.sub("", officer.get(path).text) for path in paths)  # another one on every page

    before = everything()
    hashed = [town.keys.uprn(uprn) for uprn in (1, 13, 50, 999_999)]
    keep(town, "protected", pd.DataFrame({"address": hashed, "added_on": DAY, "review_on": DAY}), DAY)
    assert everything() == before
    assert all(len(text) > 1000 for text in before)


def test_the_number_of_homes_is_not_exact(office: Office) -> None:
    """The table of homes leaves protected addresses out; the exact difference would be their number."""
    shown = set()
    for homes in (2_960, 3_040):
        keep(office, "gazetteer", pd.DataFrame([home(n) for n in range(homes)]), DAY)
        health = gazetteer_health.examine(office, ACTOR).as_dict()
        shown.add((health["homes"], *(issue["of"] for issue in health["issues"] if issue["of"])))
    assert shown == {(3_000, *[3_000] * 6)}


def test_the_file_is_safe_in_a_spreadsheet_and_its_reading_recorded(town: Office) -> None:
    file = io.StringIO()
    written = gazetteer_health.export(town, ACTOR, file)
    table = list(csv.reader(io.StringIO(file.getvalue())))
    assert table[0] == ["uprn", "issue", "what the record says", "what was expected"]
    assert written == len(table) - 1 == sum(map(len, EXPECTED.values()))
    assert all(row[0].isdigit() and cell[:1] not in "=+-@\t\r" for row in table[1:] for cell in row)
    with town.database.session() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.act == "read gazetteer health")).all()
    assert entry.detail == {"rows": written}


def test_a_formula_in_a_code_is_defused(office: Office) -> None:
    """The classes of real files are checked while they are imported; this holds even if one got through."""
    frame = pd.DataFrame([home(1, ward="=cmd()|x")])
    keep(office, "gazetteer", frame, DAY)
    keep(office, "geography", pd.DataFrame({"uprn": [1], "oa": "O", "ward": "+1"}), DAY)
    file = io.StringIO()
    gazetteer_health.export(office, ACTOR, file)
    (row,) = list(csv.reader(io.StringIO(file.getvalue())))[1:]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


# Points


COORDINATE = st.integers(419_700, 422_300).map(float)


@settings(max_examples=examples(40))
@given(points=st.lists(st.tuples(COORDINATE, COORDINATE, st.sampled_from([WEST, EAST, "E05999999", ""])), min_size=1))
def test_strays_are_those_further_than_the_tolerance_from_their_own_ward(
    points: list[tuple[float, float, str]],
) -> None:
    """Against plain squares on the grid: what lies within 3 m of the limit may go either way, as degrees are turned
    into metres and back."""
    columns = {
        "uprn": np.arange(len(points)), "easting": np.array([e for e, _, _ in points]),
        "northing": np.array([n - 100_000 for _, n, _ in points]), "code": np.array([c for _, _, c in points]),
    }  # fmt: skip
    table, near = strays(columns, WARDS)
    listed = set(table["uprn"].to_pylist())
    left = {WEST: 420_000, EAST: 421_000}
    for number, (easting, north, code) in enumerate(points):
        if code not in left:
            assert number not in listed
            continue
        northing = north - 100_000
        across = max(left[code] - easting, 0, easting - left[code] - 1000)
        along = max(320_000 - northing, 0, northing - 321_000)
        away = float(np.hypot(across, along))
        if abs(away - TOLERANCE) > 3:
            assert (number in listed) == (away > TOLERANCE)
    assert near <= len(points) - len(listed)


def test_no_points_are_no_strays() -> None:
    nothing: dict[str, Any] = {name: np.array([]) for name in ("uprn", "easting", "northing")} | {
        "code": np.array([""])[:0]
    }
    table, near = strays(nothing, WARDS)
    assert (len(table), near) == (0, 0)
    table, near = strays(nothing, {})
    assert (len(table), near) == (0, 0)


# By page and command


@pytest.mark.usefixtures("town")
def test_officers_see_the_page_and_take_the_file(enter: Enter) -> None:
    officer = enter(Role.officer)
    page = officer.get("/data/gazetteer").text
    for finding in EXPECTED:
        assert BY_KEY[finding].title in page
    assert "/data/gazetteer.csv" in page
    file = officer.get("/data/gazetteer.csv")
    assert file.headers["content-disposition"] == f'attachment; filename="gazetteer-{CODE}.csv"'
    assert file.content.startswith(b"\xef\xbb\xbfuprn,issue,")
    shown = officer.get("/api/gazetteer-health").json()
    assert {issue["issue"]: issue["count"] for issue in shown["issues"]} == {k: len(v) for k, v in EXPECTED.items()}
    rows = officer.get("/api/gazetteer-health/properties").json()
    assert Counter(row["issue"] for row in rows) == {BY_KEY[k].title: len(v) for k, v in EXPECTED.items()}


@pytest.mark.usefixtures("town")
def test_others_see_less(enter: Enter) -> None:
    for role, page, file in ((Role.auditor, 200, 403), (Role.member, 403, 403)):
        visitor = enter(role)
        assert visitor.get("/data/gazetteer").status_code == visitor.get("/api/gazetteer-health").status_code == page
        assert visitor.get("/data/gazetteer.csv").status_code == file
        assert visitor.get("/api/gazetteer-health/properties").status_code == file
        assert "/data/gazetteer.csv" not in visitor.get("/data/gazetteer").text


def test_the_page_before_anything_is_imported(enter: Enter) -> None:
    officer = enter(Role.officer)
    page = officer.get("/data/gazetteer")
    assert page.status_code == 200
    assert "There is no gazetteer yet" in page.text
    assert 'href="/data/gazetteer"' in officer.get("/data").text
    assert officer.get("/data/gazetteer.csv").status_code == 422
    assert officer.get("/api/gazetteer-health").status_code == 422


def test_the_command_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ENGAGE_REHEARSAL_TIME", "2026-06-02T10:00+01:00")
    run = CliRunner()
    assert run.invoke(main, ["init", "--authority", CODE, "--name", "East Staffordshire"]).exit_code == 0
    missing = run.invoke(main, ["gazetteer", "health"])
    assert missing.exit_code == 1
    assert "There is no gazetteer yet" in missing.output
    office = Office()
    keep(office, "gazetteer", pd.DataFrame([home(1), home(2, postcode=None)]), DAY)
    office.close()
    file = tmp_path / "custodian.csv"
    told = run.invoke(main, ["gazetteer", "health", "--csv", str(file), "--json", "--authority", CODE])
    assert told.exit_code == 0, told.output
    answer = json.loads(told.output)
    assert next(i["count"] for i in answer["issues"] if i["issue"] == "no_postcode") == 1
    assert answer["written"] == 1
    assert file.read_text("utf-8-sig").splitlines()[1].startswith("2,Homes without a postcode,")
    plain = run.invoke(main, ["gazetteer", "health", "--csv", str(file)])
    assert "Homes without a postcode" in plain.output
    assert "1 rows written" in plain.output


# The borough


@pytest.fixture(scope="module")
def borough(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("borough")
    office = Office(Settings(home=folder), SteppedClock(at_london(date(2026, 6, 2), 9)))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=CODE, name="East Staffordshire"))
    source = shared / "data" / "east-staffordshire"
    for kind, name in (
        ("geography", "onsud.csv.gz"), ("boundaries", "wards.geojson.gz"), ("gazetteer", "gazetteer_dtf73.csv.gz"),
        ("register", "register_2026-06-01.csv.gz"),
    ):  # fmt: skip
        import_file(office, ACTOR, kind, source / name, date(2026, 6, 1))
    yield office
    office.close()


@pytest.mark.borough
@pytest.mark.slow
def test_the_borough_by_its_truth(borough: Office, shared: Path) -> None:
    truth = shared / "data" / "east-staffordshire" / "truth"
    listed = found(borough)
    homes = duckdb.sql(f"select * from '{truth}/homes.parquet'").df().set_index("uprn")
    planted = duckdb.sql(f"select kind, detail, file, line from '{truth}/bad_rows.parquet'").df()
    on_register = planted[planted.file.str.startswith("register")]
    count = on_register.kind.value_counts()
    claimed = _uprns_of_lines(shared)

    assert listed["register_unknown"] == {
        claimed[n] for n in on_register.line[on_register.kind == "uprn_not_in_gazetteer"]
    }
    files = {f.kind: f for f in gazetteer_health.examine(borough, ACTOR).files}
    assert files["register"].with_uprn - files["register"].found == count["uprn_not_in_gazetteer"] == 363
    assert {claimed[n] for n in on_register.line[on_register.kind == "uprn_of_parent"]} <= listed["register_no_home"]

    zero = planted[planted.kind == "zero_coordinates"].detail.str.split().str[0].astype(int)
    assert listed["no_coordinates"] == set(zero)
    lived_in = homes[homes.index.isin(_homes_of(borough))]
    assert listed["not_in_geography"] == set(lived_in.index[~lived_in.in_onsud])
    assert {"duplicate", "no_postcode", "ward_differs", "parent_gone", "register_historic"}.isdisjoint(listed)

    shifted = homes[homes.shifted_into_ward.fillna("") != ""]
    assert len(shifted) == count_of(planted, "pre_pai_shift") == 60
    assert listed["other_ward"] == _further_than_tolerance(shifted, shared)
    assert len(listed["other_ward"]) > 30
    # Where the truth has a point in another ward, but nearer than the tolerance, it is counted and not listed.
    health = gazetteer_health.examine(borough, ACTOR)
    assert health.near_edge >= len(shifted) - len(listed["other_ward"])


def _uprns_of_lines(shared: Path) -> dict[int, int]:
    """What stands in the register's file as the UPRN, by the line of the file."""
    with gzip.open(shared / "data/east-staffordshire/register_2026-06-01.csv.gz", "rt", encoding="utf-8-sig") as file:
        rows = enumerate(csv.DictReader(file), 2)
        return {line: int(row["UPRN"]) for line, row in rows if row["UPRN"].isdigit()}


def count_of(planted: pd.DataFrame, kind: str) -> int:
    return int((planted.kind == kind).sum())


def _homes_of(office: Office) -> list[int]:
    with office.database.session() as session:
        gazetteer = session.exec(select(Snapshot).where(Snapshot.kind == "gazetteer")).one()
    frame = pd.read_parquet(office.lake.file(gazetteer), columns=["uprn", "residential"])
    return [int(uprn) for uprn in frame.uprn[frame.residential]]


def _further_than_tolerance(shifted: pd.DataFrame, shared: Path) -> set[int]:
    """One point after another, in degrees turned to metres by their scale here instead of a projection."""
    with gzip.open(shared / "data" / "east-staffordshire" / "wards.geojson.gz", "rt") as file:
        features = json.load(file)["features"]
    shapes = {f["properties"]["WD25CD"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in features}
    far = set()
    for uprn, row in shifted.iterrows():
        point = shapely.Point(*TO_DEGREES.transform(row.gazetteer_x, row.gazetteer_y))
        scale = np.array([111_320 * np.cos(np.radians(point.y)), 111_270])
        own, dot = (shapely.transform(shape, scale.__mul__) for shape in (shapes[row.ward], point))
        if shapely.distance(own, dot) > TOLERANCE:
            far.add(int(uprn))
    return far


@pytest.mark.borough
@pytest.mark.slow
def test_the_borough_in_two_seconds(borough: Office) -> None:
    """About 1.0 s on two cores, and 0.1 s once it is kept; generous, as other tests run at the same time."""
    keep(borough, "contacts", pd.DataFrame({"uprn": [1], "channel": "email"}), DAY)  # another set of files
    began = time.process_time()
    gazetteer_health.examine(borough, ACTOR)
    first = time.process_time() - began
    began = time.process_time()
    gazetteer_health.examine(borough, ACTOR)
    assert first < 4.0
    assert time.process_time() - began < 1.0
