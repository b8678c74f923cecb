"""Wards through time: every code changes, a ward is split, names move to other areas, and no home loses its history."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from campaigns.records.models import Campaign
from dashboards.published.figures import published
from dashboards.published.outcomes import cells, outcomes
from dashboards.results.measurement import of_campaign
from engage.demo.borough import write_borough
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.areas import output_areas, wards
from segments.areas.wards import Change, Version
from segments.engine import execution
from segments.homes import households
from segments.importing.imports import import_file
from segments.missing import gap
from tests.conftest import EAST_STAFFORDSHIRE as CODE
from tests.examples import examples
from tests.segments.snapshots import keep

OLD, NEW = date(2025, 5, 1), date(2026, 5, 1)
SQUARE = json.dumps({"type": "Polygon", "coordinates": [[[0, 50], [1, 50], [1, 51], [0, 50]]]})


def placed(office: Office, as_at: date, ward_of: dict[int, str], oa_of: dict[int, str] | None = None) -> Snapshot:
    oas = oa_of or {}
    frame = pd.DataFrame(
        {"uprn": list(ward_of), "oa": [oas.get(u, f"O{u % 3}") for u in ward_of], "ward": list(ward_of.values())}
    )
    return keep(office, "geography", frame, as_at)


def bounded(office: Office, as_at: date, names: dict[str, str]) -> Snapshot:
    frame = pd.DataFrame({"ward": list(names), "name": list(names.values()), "geometry": SQUARE})
    return keep(office, "boundaries", frame, as_at)


def restate(office: Office, homes: pd.DataFrame) -> pd.DataFrame:
    with office.database.session() as session, execution.connect() as backend:
        table = execution.table(backend, office.lake, keep(office, "old homes", homes, OLD))
        found = wards.restated(backend, office, session, CODE, table).execute()
    assert list(found.columns) == list(homes.columns)
    return found.sort_values("uprn").reset_index(drop=True)


# Versions and changes


def test_each_set_of_codes_is_a_version_with_its_dates(office: Office) -> None:
    assert wards.versions(office, CODE) == []
    bounded(office, OLD, {"A1": "North", "A2": "South", "A9": "Moor, where nobody lives"})
    placed(office, OLD, {1: "A1", 2: "A2"})
    placed(office, OLD + timedelta(60), {1: "A1", 2: "A2", 3: "A2"})
    placed(office, NEW, {1: "B1", 2: "B2"})
    codes = ("A1", "A2", "A9")
    assert wards.versions(office, CODE) == [Version(codes, OLD, NEW), Version(("B1", "B2"), NEW)]
    ahead = NEW + timedelta(365)
    bounded(office, ahead, {"C1": "North"})
    assert wards.versions(office, CODE)[-1] == Version(("C1",), ahead, None, placed=False)


def test_a_geography_with_fewer_wards_is_another_version(office: Office) -> None:
    placed(office, OLD, {1: "A1", 2: "A2"})
    placed(office, NEW, {1: "A1", 2: "A1"})
    assert [version.codes for version in wards.versions(office, CODE)] == [("A1", "A2"), ("A1",)]


def test_an_import_undone_was_never_in_force(office: Office) -> None:
    placed(office, OLD, {1: "A1"})
    wrong = placed(office, NEW, {1: "B1"})
    with office.database.session() as session:
        session.get_one(Snapshot, wrong.id).undone_at = office.clock.now()
    assert wards.versions(office, CODE) == [Version(("A1",), OLD)]
    assert wards.changes(office, CODE) == []


def test_changes_count_homes_from_ward_to_ward(office: Office) -> None:
    bounded(office, OLD, {"A1": "North", "A2": "South"})
    placed(office, OLD, {1: "A1", 2: "A1", 3: "A2", 4: "A2", 5: "A2", 9: "A1", 7: "K"})
    bounded(office, NEW, {"B1": "South", "B2": "North", "B3": "Mid"})
    placed(office, NEW, {1: "B1", 2: "B1", 3: "B2", 4: "B2", 5: "B3", 6: "B3", 7: "K"})
    keep(office, "households", pd.DataFrame({"uprn": [1, 2, 3, 5, 6, 7]}), NEW)
    assert wards.changes(office, CODE) == [
        Change(NEW, "A1", "North", "B1", "South", 2),
        Change(NEW, "A2", "South", "B2", "North", 1),
        Change(NEW, "A2", "South", "B3", "Mid", 1),
    ]


# Restating


def test_names_do_not_carry_history(office: Office) -> None:
    """The name North goes to a part of what was South: the homes of the old North are in the ward now called South."""
    bounded(office, OLD, {"A1": "North", "A2": "South"})
    placed(office, OLD, {1: "A1", 2: "A1", 3: "A2", 4: "A2"})
    bounded(office, NEW, {"B1": "South", "B2": "North", "B3": "Mid"})
    placed(office, NEW, {1: "B1", 2: "B1", 3: "B2", 4: "B3"})
    homes = pd.DataFrame(
        {"uprn": [1, 2, 3, 4], "ward": ["A1", "A1", "A2", "A2"], "ward_name": ["North", "North", "South", "South"]}
    )
    found = restate(office, homes)
    assert found.ward.tolist() == ["B1", "B1", "B2", "B3"]
    assert found.ward_name.tolist() == ["South", "South", "North", "Mid"]


def test_without_a_geography_nothing_is_restated(office: Office) -> None:
    homes = pd.DataFrame({"uprn": [1, 2], "ward": ["A1", "A2"]})
    assert restate(office, homes).equals(homes)


def test_a_ward_that_stays_keeps_its_name_where_nothing_names_it_anew(office: Office) -> None:
    placed(office, NEW, {1: "K1", 2: "B1"})
    homes = pd.DataFrame({"uprn": [1, 2], "ward": ["K1", "A1"], "ward_name": ["Kept", "North"]})
    assert restate(office, homes).ward_name.tolist() == ["Kept", "B1"]
    both = {"from_level": "ward", "from_code": ["B1", "A1"], "from_name": ["South", "North"], "to_level": "authority"}
    keep(office, "lookup", pd.DataFrame(both | {"to_code": CODE, "to_name": "East Staffordshire"}), NEW, "wards")
    assert restate(office, homes).ward_name.tolist() == ["Kept", "South"]
    assert wards.every_name(office, CODE) == {"A1": "North", "B1": "South"}


def test_a_ward_that_the_boundaries_lack_goes_by_its_code(office: Office) -> None:
    bounded(office, OLD, {"A1": "North"})
    placed(office, NEW, {1: "B1"})
    found = restate(office, pd.DataFrame({"uprn": [1], "ward": ["A1"], "ward_name": ["North"]}))
    assert (found.ward[0], found.ward_name[0]) == ("B1", "B1")
    assert wards.named(office, CODE) == {}, "the ward of the past is not offered"


POSTCODES, AREAS, OLD_CODES = ("P1", "P2", None), ("O1", "O2", None), ("A1", "A2", "K1", "gone")
OLD_HOME = st.tuples(st.sampled_from(POSTCODES), st.sampled_from(AREAS), st.sampled_from(OLD_CODES))
NEW_HOME = st.tuples(st.sampled_from(POSTCODES), st.sampled_from(["O1", "O2"]), st.sampled_from(["B1", "B2", "K1"]))


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.dictionaries(st.integers(1, 12), OLD_HOME, min_size=1),
    now=st.dictionaries(st.integers(1, 12), NEW_HOME, min_size=1),
)
def test_each_home_gets_its_ward_of_today_by_the_definition(
    office: Office, before: dict[int, tuple[str | None, str | None, str]], now: dict[int, tuple[str | None, str, str]]
) -> None:
    """UPRN first; a code still in force; the commonest ward of the postcode; of the output area; else what it was."""
    keep(office, "gazetteer", pd.DataFrame({"uprn": list(now), "postcode": _texts(p for p, _, _ in now.values())}), NEW)
    placed(office, NEW, {u: w for u, (_, _, w) in now.items()}, {u: oa for u, (_, oa, _) in now.items()})
    homes = pd.DataFrame(
        {
            "uprn": list(before), "postcode": _texts(p for p, _, _ in before.values()),
            "oa": _texts(o for _, o, _ in before.values()), "ward": [w for _, _, w in before.values()],
        }
    )  # fmt: skip
    expected = {uprn: _by_definition(uprn, *home, now) for uprn, home in before.items()}
    found = restate(office, homes)
    assert dict(zip(found.uprn, found.ward, strict=True)) == expected


def _texts(values: object) -> pd.Series:
    return pd.Series(list(values), dtype="str")  # type: ignore[call-overload]  # any iterable of text or None


def _by_definition(
    uprn: int, postcode: str | None, oa: str | None, ward: str, now: dict[int, tuple[str | None, str, str]]
) -> str:
    if uprn in now:
        return now[uprn][2]
    if ward in {code for _, _, code in now.values()}:
        return ward
    for place, value in ((0, postcode), (1, oa)):
        there = Counter(home[2] for home in now.values() if value is not None and home[place] == value)
        if there:
            return min(there, key=lambda code: (-there[code], code))
    return ward


# Where history is shown


BASELINE, ENDS = date(2026, 5, 20), date(2026, 6, 1)
ACTOR = Actor(CODE, "officer 1")
NAMES = {"B1": "South", "B2": "North", "B3": "Mid"}


@pytest.fixture
def campaign(office: Office) -> int:
    """400 homes randomised within two wards, in unequal parts; one ward is split in two before the register of the
    outcome. In the old ward A2 nobody registers unless reminded."""
    lot = np.random.default_rng(7)
    uprns = np.arange(1, 401)
    old = np.where(uprns <= 150, "A1", "A2")
    arm = np.where(lot.random(400) < np.where(old == "A1", 0.3, 0.7), "now", "later")
    audience = keep(office, "audience", pd.DataFrame({"uprn": uprns, "ward": old, "arm": arm}), BASELINE)
    placed(office, OLD, dict(zip(uprns.tolist(), old.tolist(), strict=True)))
    gazetteer = keep(office, "gazetteer", pd.DataFrame({"uprn": uprns, "postcode": "P"}), BASELINE)
    registers = []
    chance = np.where(old == "A1", 0.5, np.where(arm == "now", 0.2, 0.0))
    joined = uprns[lot.random(400) < chance]
    for as_at, people in ((BASELINE, []), (ENDS, joined.tolist())):
        register = keep(office, "register", pd.DataFrame({"person": ["x"]}), as_at)
        frame = pd.DataFrame({"person": [f"p{u}" for u in people], "uprn": people}).astype({"uprn": "int64"})
        electors = keep(office, "electors", frame.astype({"person": "str"}), as_at, str(register.id))
        with office.database.session() as session:
            found = session.get_one(Snapshot, electors.id)
            found.source = f"register {register.id} gazetteer {gazetteer.id}"
        registers.append(register.id)
    with office.database.session() as session:
        made = Campaign(
            authority=CODE, name="Spring", purpose="p", seed=1, audience_snapshot=audience.id,
            register_snapshot=registers[0], window_start=BASELINE, window_end=ENDS,
            plan={"arms": {"now": 0.5, "later": 0.5}, "comparison": "later"},
            created_by="officer 1", created_at=office.clock.now(), launched_at=office.clock.now(),
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id or 0


def _redraw(office: Office) -> dict[int, str]:
    new = {u: "B1" if u <= 150 else "B2" if u <= 230 else "B3" for u in range(1, 401)}
    bounded(office, ENDS, NAMES)
    placed(office, ENDS, new)
    return new


def test_a_campaign_is_shown_on_the_wards_of_today(office: Office, campaign: int) -> None:
    before = outcomes(office, ACTOR, campaign)
    assert before.ward.tolist() == before.block.tolist(), "nothing has changed yet"
    new = _redraw(office)
    after = outcomes(office, ACTOR, campaign)
    assert after.ward.tolist() == [new[u] for u in after.uprn]
    assert after.block.tolist() == before.block.tolist()
    same = ["uprn", "arm", "registered", "gained"]
    assert after[same].equals(before[same]), "every home keeps its history"
    counted = after.groupby(["ward", "arm"]).registered.agg(["size", "sum"])
    assert {(c.ward, c.arm): (c.homes, c.registered) for c in cells(office, ACTOR, campaign)} == {
        key: (row["size"], row["sum"]) for key, row in counted.iterrows()
    }


def test_the_effect_is_estimated_within_the_wards_of_the_lot(office: Office, campaign: int) -> None:
    """The wards drew different shares, so any other stratum than the ward of the lot would give another figure."""
    (before,) = of_campaign(office, ACTOR, campaign)["arms"]
    _redraw(office)
    found = of_campaign(office, ACTOR, campaign)
    assert found["arms"][0]["difference"] == pytest.approx(before["difference"])
    homes = outcomes(office, ACTOR, campaign)
    by_block = homes.groupby(["block", "arm"]).registered.agg(["mean", "size"]).unstack()
    one, zero = by_block["size"]["now"], by_block["size"]["later"]
    weights = one * zero / (one + zero)
    gaps = by_block["mean"]["now"] - by_block["mean"]["later"]
    assert found["arms"][0]["difference"] == pytest.approx((gaps * weights).sum() / weights.sum())
    assert {row["ward"] for row in found["wards"]} == {"B1", "B2", "B3"}


Redrawn = tuple[Office, Actor, dict[str, str], pd.DataFrame]


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redrawn]:
    """A whole borough through the importers; then every ward code changes, the first ward is split by output area, and
    its name goes to another one. The table of homes is still the old one."""
    folder = tmp_path_factory.mktemp("redrawn")
    borough = write_borough(folder / "files", homes=500, wards=3)
    office = Office(Settings(home=folder / "home"), SteppedClock(at_london(borough.as_at, 10)))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=borough.authority_code, name=borough.authority_name))
    actor = Actor(borough.authority_code, "officer 1")
    for kind, path in borough.files:
        import_file(office, actor, kind, path, borough.as_at - timedelta(7))
    snapshot = households.build(office, actor)
    homes = pd.read_parquet(office.lake.file(snapshot))
    new_of_oa = _new_wards(homes)
    for kind, text in (
        ("boundaries", _new_boundaries(borough.paths("boundaries")[0], new_of_oa, homes)),
        ("geography", _new_directory(borough.paths("geography")[0], new_of_oa)),
    ):
        path = folder / f"{kind}-new"
        path.write_text(text, encoding="utf-8")
        import_file(office, actor, kind, path, borough.as_at)
    yield office, actor, new_of_oa, homes
    office.close()


def _new_wards(homes: pd.DataFrame) -> dict[str, str]:
    """Output area to new ward: of the first old ward every other area goes to a ward of its own."""
    pairs = homes.groupby("oa").ward.agg(lambda codes: codes.mode()[0]).sort_index()
    first = pairs.min()
    new, odd = {}, False
    for oa, ward in pairs.items():
        odd = not odd if ward == first else odd
        new[oa] = "E05990009" if ward == first and odd else f"E0599{ward[-4:]}"
    return new


def _new_boundaries(old: Path, new_of_oa: dict[str, str], homes: pd.DataFrame) -> str:
    """The shapes do not matter here; the names go round by one."""
    collection = json.loads(old.read_text("utf-8"))
    shape = collection["features"][0]["geometry"]
    authority = next(v for k, v in collection["features"][0]["properties"].items() if k.upper().startswith("LAD"))
    codes, names = sorted(set(new_of_oa.values())), sorted(homes.ward_name.unique())
    features = [
        {"type": "Feature", "geometry": shape, "properties":
         {"WD26CD": code, "WD26NM": [*names, "New End"][(n + 1) % (len(names) + 1)], "LAD26CD": authority}}
        for n, code in enumerate(codes)
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features})


def _new_directory(old: Path, new_of_oa: dict[str, str]) -> str:
    rows = list(csv.DictReader(io.StringIO(old.read_text("utf-8-sig"))))
    ward = next(name for name in rows[0] if name.upper().startswith("WD"))
    oa = next(name for name in rows[0] if name.upper().startswith("OA"))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(row | {ward: new_of_oa[row[oa]]} for row in rows if row[oa] in new_of_oa)
    return out.getvalue()


def test_the_gap_is_told_by_the_wards_of_today(redrawn: Redrawn) -> None:
    office, actor, new_of_oa, homes = redrawn
    assert len(set(new_of_oa.values())) == 4
    assert not set(new_of_oa.values()) & set(homes.ward), "every code is another"
    found = {row.key: row for row in gap.by_ward(office, actor.authority)}
    assert set(found) == set(new_of_oa.values())
    now = homes.assign(ward=homes.oa.map(new_of_oa)).groupby("ward").electors.sum()
    counted, known, lsoa, _ = gap._read(office, actor.authority)
    figures = gap._totals(
        gap._parts(counted, output_areas.estimate(known, lsoa)), "ward", known, output_areas.ageing(known, lsoa)
    ).electors
    # Electors that could not be tied to a home are shared over the wards.
    assert (figures / figures.sum()).to_dict() == pytest.approx((now / now.sum()).to_dict())
    old = gap.overall(office, actor.authority)
    assert sum(row.eligible for row in found.values()) == pytest.approx(old.eligible)
    assert {row.name for row in found.values()} == set(wards.named(office, actor.authority).values())


def test_building_the_homes_again_changes_no_figure(redrawn: Redrawn) -> None:
    """What was restated is what a table of homes made on the new wards says."""
    office, actor, _, _ = redrawn
    restated = {row.key: row.as_dict() for row in gap.by_ward(office, actor.authority)}
    members = published(office, actor.authority)
    households.build(office, actor)
    built = {row.key: row.as_dict() for row in gap.by_ward(office, actor.authority)}
    assert restated.keys() == built.keys()
    for code, row in built.items():
        assert restated[code] == pytest.approx(row)
    again = published(office, actor.authority)
    assert [ward.code for ward in members.wards] == [ward.code for ward in again.wards]
    assert [ward.name for ward in again.wards] == sorted(row["name"] for row in built.values())


def test_members_see_new_wards_as_soon_as_the_directory_is_here(office: Office) -> None:
    bounded(office, OLD, {"A1": "North", "K1": "Kept"})
    placed(office, OLD, {1: "A1", 2: "K1"})
    assert [ward.code for ward in published(office, CODE).wards] == ["K1", "A1"]
    placed(office, NEW, {1: "B1", 2: "K1"})
    assert [ward.code for ward in published(office, CODE).wards] == ["K1"], "North is of the past"
