"""What the memory of a process tells is what the run over whole lists tells, of any way to write a property."""

from pathlib import Path

import duckdb
import pytest

from segments.crosswalk.lookup import Lookup
from segments.linking import addresses, matching
from tests.segments.crosswalk.conftest import places
from tests.segments.village import Gazetteer

SPOTS = """
create table spot as select (row_number() over ()) - 1 as spot, said(address) as key, postcode, address
from (select unnest(?::varchar[]) as address, unnest(?::varchar[]) as postcode)
"""


def town() -> Gazetteer:
    """With what is easily taken for something else: namesakes, a building of flats, a street through two postcodes."""
    made = places()
    for address, street, postcode, home in (
        ("Rose Cottage, 4 Mill Lane, Tutbury, Burton upon Trent", "Mill Lane", "DE13 9AA", True),
        ("Rose Cottage, Mill Lane, Tutbury, Burton upon Trent", "Mill Lane", "DE13 9AA", True),
        ("Flat 3, 60 Mill Lane, Tutbury", "Mill Lane", "DE13 9AB", True),
        ("3 Mill Lane, Tutbury", "Mill Lane", "DE13 9AC", True),
        ("7 Mill Lane, Tutbury, Burton upon Trent", "Mill Lane", "DE13 9AD", False),
        ("7 Church Road, Tutbury", "Church Road", "DE13 9AC", True),
    ):
        made.add(f"{address}, {postcode}", street, postcode, home=home)
    return made


def said() -> list[tuple[str, str | None]]:
    """Every property with its postcode, without, and with one beside; whole, and with what may be left off."""
    found: list[tuple[str, str | None]] = [("", "DE14 1AA"), ("Mill Lane", None)]
    for row in town().rows:
        *parts, postcode = row["address"].split(", ")
        other = f"{postcode[:-2]}AC"
        for written in {", ".join(parts), ", ".join(parts[:-1] or parts), ", ".join((*parts[:1], *parts[2:]))}:
            found += [(written, postcode), (written, None), (written, other), (f"{written} Shed", postcode)]
    return found


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town().write(tmp_path_factory.mktemp("lookup") / "gazetteer.parquet")


def test_what_is_written_word_for_word_is_told_as_the_whole_run_tells_it(gazetteer: Path) -> None:
    with duckdb.connect() as con:
        addresses.read_gazetteer(con, gazetteer, addresses.LIVE)
        con.execute(SPOTS, [[address for address, _ in said()], [postcode for _, postcode in said()]])
        matching.exactly(con)
        told = dict(con.execute("select spot, uprn from exact where uprn is not null").fetchall())
        keys = dict(con.execute("select spot, key from spot").fetchall())
        confused = con.execute("select count(*) from confused").fetchone()
    lookup = Lookup(gazetteer)
    found = {spot: lookup.exactly(keys[spot], postcode) for spot, (_, postcode) in enumerate(said())}
    assert {spot: uprn for spot, uprn in found.items() if uprn is not None} == told
    assert len(told) > 100
    assert confused != (0,)


def test_one_and_a_thousand_are_answered_alike(gazetteer: Path) -> None:
    lookup = Lookup(gazetteer)
    every = [(address, postcode or "") for address, postcode in said()]
    assert lookup.match(every) == [lookup.match([each])[0] for each in every[:40]] + lookup.match(every[40:])
