from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.files import comparison
from segments.files.comparison import Comparison
from segments.files.reading import connect
from tests.examples import examples

DAY = date(2026, 6, 1)
Row = dict[str, Any]
QUICK = settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@pytest.fixture
def con(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    return connect(tmp_path)


def written(path: Path, rows: list[Row], schema: list[tuple[str, pa.DataType]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(schema)), path)
    return path


def compared(
    con: duckdb.DuckDBPyConnection, folder: Path, shelf: str, before: list[Row], now: list[Row]
) -> dict[str, int]:
    kinds = {int: pa.int64(), str: pa.string(), bool: pa.bool_(), type(None): pa.string()}
    example = {name: value for row in [*before, *now] for name, value in row.items() if value is not None}
    schema = [(name, kinds[type(example.get(name))]) for name in (before or now)[0]]
    return comparison.changes(
        con, shelf, written(folder / "b.parquet", before, schema), written(folder / "n.parquet", now, schema)
    )


HOME = st.tuples(
    st.one_of(st.none(), st.integers(1, 3)), st.sampled_from(["1 Mill Lane", "1 MILL LANE,", "2 Mill Lane"])
)
REGISTER = st.dictionaries(st.sampled_from("abcdefg"), HOME, min_size=1)


def has_moved(was: tuple[int | None, str], now: tuple[int | None, str]) -> bool:
    if was[0] and now[0]:
        return was[0] != now[0]
    return was[1].upper().strip(",") != now[1].upper().strip(",")


@QUICK
@given(before=REGISTER, now=REGISTER)
def test_electors_new_gone_and_moved_are_those_counted_by_hand(
    con: duckdb.DuckDBPyConnection, tmp_path: Path,
    before: dict[str, tuple[int | None, str]], now: dict[str, tuple[int | None, str]],
) -> None:  # fmt: skip
    schema = [("person", pa.string()), ("uprn", pa.int64()), ("address", pa.string()), ("postcode", pa.string())]
    files = [
        written(tmp_path / f"{name}.parquet", [
            {"person": person, "uprn": uprn, "address": address, "postcode": "DE14 1AA"}
            for person, (uprn, address) in register.items()
        ], schema)
        for name, register in (("before", before), ("now", now))
    ]  # fmt: skip
    assert comparison.changes(con, "register", *files) == {
        "new_electors": len(now.keys() - before.keys()),
        "electors_gone": len(before.keys() - now.keys()),
        "electors_moved": sum(has_moved(before[person], now[person]) for person in before.keys() & now.keys()),
    }


def property_(uprn: int, kind: str = "RD02", address: str = "1 Mill Lane", home: bool = True) -> Row:
    return {"uprn": uprn, "class": kind, "address": address, "residential": home}


def test_properties(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = [property_(1), property_(2), property_(3), property_(4, "CR", home=False), property_(5)]
    now = [
        property_(1), property_(2, "RD04"), property_(3, address="3 Mill Lane"), property_(4, "RD06"),
        property_(6), property_(7, "CR", home=False),
    ]  # fmt: skip
    assert compared(con, tmp_path, "gazetteer", before, now) == {
        "new_uprns": 2, "uprns_gone": 1, "class_changed": 2, "address_changed": 1, "became_homes": 1, "no_longer_homes": 0,
    }  # fmt: skip


def test_a_new_home_is_not_one_that_became_a_home(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = compared(con, tmp_path, "gazetteer", [property_(1)], [property_(2)])
    assert (found["new_uprns"], found["uprns_gone"]) == (1, 1)
    assert not any(found[name] for name in ("class_changed", "address_changed", "became_homes", "no_longer_homes"))


def test_areas_of_properties(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = [{"uprn": n, "oa": "E00000001", "ward": "E05000001"} for n in (1, 2, 3)]
    now = [before[0], before[1] | {"ward": "E05000009"}, before[2] | {"oa": "E00000009", "ward": None}]
    assert compared(con, tmp_path, "geography", before, now) == {
        "new_uprns": 0, "uprns_gone": 0, "ward_changed": 2, "output_area_changed": 1,
    }  # fmt: skip


def test_wards(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = [{"ward": ward, "name": ward, "geometry": "{}"} for ward in "ABC"]
    now = [before[0], before[1] | {"name": "Bridge"}, {"ward": "D", "name": "D", "geometry": "{}"}]
    assert compared(con, tmp_path, "boundaries", before, now) == {
        "new_wards": 1, "wards_gone": 1, "wards_renamed": 1, "wards_redrawn": 0,
    }  # fmt: skip


@pytest.mark.parametrize("shelf", ["indicator", "population"])
def test_areas_count_once_however_many_figures_they_have(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, shelf: str
) -> None:
    before = [{"area": area, "level": "oa", "value": n} for area in "AB" for n in (1, 2)]
    now = [{"area": area, "level": "oa", "value": n} for area in "BCD" for n in (1, 2, 3)]
    assert compared(con, tmp_path, shelf, before, now) == {"new_areas": 2, "areas_gone": 1}


def test_contacts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = [{"uprn": n, "channel": "email", "contact": f"hash{n}", "objected": n == 1} for n in (1, 2, 3)]
    now = [before[0], before[1] | {"objected": True}, before[1] | {"contact": "hash9"}]
    assert compared(con, tmp_path, "contacts", before, now) == {
        "new_contacts": 1,
        "contacts_gone": 1,
        "objected_since": 1,
    }


def test_a_kind_without_words_of_its_own_goes_by_its_likely_key(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before, now = [{"postcode": "A", "x": 1}], [{"postcode": "A", "x": 2}, {"postcode": "B", "x": 1}]
    assert compared(con, tmp_path, "postcodes", before, now) == {"new_postcodes": 1, "postcodes_gone": 0}
    assert compared(con, tmp_path, "somethingelse", [{"x": 1}], [{"x": 2}]) == {}


def test_what_an_older_dataset_lacks_is_not_asked(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = compared(con, tmp_path, "geography", [{"uprn": 1, "ward": "A"}], [{"uprn": 1, "ward": "B"}])
    assert found == {"new_uprns": 0, "uprns_gone": 0, "ward_changed": 1}


def between(before: int, now: int) -> Comparison:
    return Comparison(7, DAY, before, now, {}, {})


@pytest.mark.parametrize(
    ("before", "now", "asks"),
    [(100, 95, False), (100, 94, True), (1000, 949, True), (1000, 951, False), (100, 200, False), (0, 0, False), (3, 0, True)],
)  # fmt: skip
def test_the_guard_asks_when_more_than_one_in_twenty_is_missing(before: int, now: int, asks: bool) -> None:
    assert bool(comparison.shrinks("r.csv", between(before, now))) is asks


def test_the_guard_says_both_figures() -> None:
    asked = comparison.shrinks("r.csv", between(90_539, 45_000))
    assert asked
    assert asked.yes == "Yes, 45,000 rows where there were 90,539 is right"
    assert asked.sentence == (
        "r.csv makes 45,000 rows; the import it follows (number 7, as at 2026-06-01) has 90,539: 50.3% fewer. "
        "Part of the file may be missing."
    )


def test_what_a_dataset_follows(office: Office, actor: Actor) -> None:
    def keep(kind: str, name: str, as_at: date, *, undone: bool = False) -> int | None:
        with office.database.session() as session:
            now = office.clock.now()
            snapshot = Snapshot(
                authority=actor.authority, kind=kind, name=name, as_at=as_at, made_at=now, made_by="officer 1", path="p",
                rows=1, undone_at=now if undone else None,
            )  # fmt: skip
            session.add(snapshot)
            session.flush()
            return snapshot.id

    may, june = keep("register", "", date(2026, 5, 1)), keep("register", "", DAY)
    keep("register", "", DAY, undone=True)
    imd, _ = keep("indicator", "imd2025", DAY), keep("indicator", "ts054", DAY)
    keep("suppressions", "", DAY)

    def follows(kind: str, name: str, as_at: date) -> int | None:
        with office.database.session() as session:
            found = comparison.followed(session, actor.authority, kind, name, as_at)
            return found.id if found else None

    assert follows("register", "", date(2026, 7, 1)) == june
    assert follows("register", "", DAY) == june
    assert follows("register", "", date(2026, 5, 20)) == may, "a register of an earlier day follows what was before it"
    assert follows("register", "", date(2026, 4, 1)) is None
    assert follows("indicator", "imd2025", DAY) == imd
    assert follows("suppressions", "", DAY) is None, "lists of people not to contact add up"


POSTCODES = st.sampled_from(["DE14 1AA", "DE14 1AB", None])
GAZETTEER = st.dictionaries(st.integers(1, 6), st.tuples(st.booleans(), POSTCODES), min_size=1)
ROWS = st.lists(st.tuples(st.one_of(st.none(), st.integers(1, 9)), POSTCODES), min_size=1)


@QUICK
@given(gazetteer=GAZETTEER, rows=ROWS)
def test_uprns_fare_with_the_gazetteer_as_counted_by_hand(
    con: duckdb.DuckDBPyConnection, tmp_path: Path,
    gazetteer: dict[int, tuple[bool, str | None]], rows: list[tuple[int | None, str | None]],
) -> None:  # fmt: skip
    here = written(
        tmp_path / "g.parquet",
        [{"uprn": uprn, "residential": home, "postcode": code} for uprn, (home, code) in gazetteer.items()],
        [("uprn", pa.int64()), ("residential", pa.bool_()), ("postcode", pa.string())],
    )
    register = written(
        tmp_path / "r.parquet", [{"uprn": uprn, "postcode": code} for uprn, code in rows],
        [("uprn", pa.int64()), ("postcode", pa.string())],
    )  # fmt: skip
    homes = [(gazetteer[uprn][1], code) for uprn, code in rows if uprn in gazetteer and gazetteer[uprn][0]]
    assert comparison.against_gazetteer(con, "register", register, here) == {
        "linked_by_uprn": len(homes),
        "linked_by_uprn_share": len(homes) / len(rows),
        "to_link_by_address": len(rows) - len(homes),
        "uprns_unknown": sum(uprn is not None and uprn not in gazetteer for uprn, _ in rows),
        "uprns_no_home": sum(uprn in gazetteer and not gazetteer[uprn][0] for uprn, _ in rows),
        "postcode_differs": sum(bool(there and given and there != given) for there, given in homes),
        "no_postcode": sum(code is None for _, code in rows),
    }
    assert comparison.against_gazetteer(con, "contacts", register, here) == {
        "known_share": sum(uprn in gazetteer for uprn, _ in rows) / len(rows),
        "uprns_unknown": sum(uprn is not None and uprn not in gazetteer for uprn, _ in rows),
    }
    assert comparison.against_gazetteer(con, "geography", register, here) == {}
