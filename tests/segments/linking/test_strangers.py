"""Electors whose postcode lies in another area: counted apart, never tied, asked about or shared over the wards."""

from pathlib import Path

import duckdb
import pytest

from segments.linking.electors import Answer, Written, link
from tests.segments.village import KEYS, linked, register, village

OWN = [(f"{number} Alma Street, Burton upon Trent", "DE14 1AA", None) for number in range(1, 11)]


@pytest.mark.parametrize(
    ("address", "postcode", "claimed"),
    [
        ("1 Kelpie Brae, Musselburgh", "EH21 2AB", None),
        ("1 Kelpie Brae, Musselburgh", "EH21 2AB", 138_000_001),
        ("1 High Street, Uttoxeter", "WS13 6AA", None),  # a street that lies here too
        ("3 Alma Street, Lichfield", "WS13 6AB", 138_000_002),
        ("99 Somewhere Else, Stretton", "DE13 0ZZ", None),  # the other side of the border, where the letters are ours
    ],
)
def test_they_are_counted_apart(tmp_path: Path, address: str, postcode: str, claimed: int | None) -> None:
    found = linked(tmp_path, [*OWN, (address, postcode, claimed)])
    assert (found.counts.electors, found.counts.by_address, found.counts.strangers) == (11, 10, 1)
    assert found.counts.to_review == 0


@pytest.mark.parametrize(
    ("address", "postcode", "claimed"),
    [
        ("999 Alma Street, Burton upon Trent", "DE14 1AA", None),  # not found, but its postcode is of here
        ("99 Nowhere, Burton upon Trent", None, None),  # who says nothing is not said to be a stranger
        ("Old Forge, Mill Lane, Tutbury", "DE13 9AB", None),  # a home that is no more
    ],
)
def test_who_is_only_not_found_is_none(tmp_path: Path, address: str, postcode: str | None, claimed: int | None) -> None:
    found = linked(tmp_path, [*OWN, (address, postcode, claimed)])
    assert found.counts.strangers == 0
    assert found.counts.unlinked == 1


def test_a_home_by_its_uprn_is_here_whatever_the_postcode(tmp_path: Path) -> None:
    claimed = village().uprn("11 Alma Street, Burton upon Trent")
    found = linked(tmp_path, [*OWN, ("11 Alma Street, Burton upon Trent", "EH21 2AB", claimed)])
    assert (found.counts.by_uprn, found.counts.strangers) == (1, 0)


def test_the_look_up_knows_more_postcodes_of_here_than_the_gazetteer(tmp_path: Path) -> None:
    duckdb.execute(f"copy (select 'DE15 7ZZ' as postcode) to '{tmp_path}/postcodes.parquet' (format parquet)")
    to = Written(*(tmp_path / f"{name}.parquet" for name in ("electors", "questions", "contradictions")))
    rows = [*OWN, ("1 New Estate, Burton upon Trent", "DE15 7ZZ", None), ("1 Kelpie Brae", "EH21 2AB", None)]
    files = register(rows, tmp_path / "r.parquet"), village().write(tmp_path / "g.parquet")
    assert link(*files, KEYS, [], to).strangers == 2
    assert link(*files, KEYS, [], to, tmp_path / "postcodes.parquet").strangers == 1


def test_an_address_that_an_officer_says_is_none_of_ours(tmp_path: Path) -> None:
    """A postcode that nobody has here, and an address much like a home: asked about, until an officer says no."""
    rows = [*OWN, ("7 St Johns Raod, Tutbury, Burton upon Trent", "DE13 0ZZ", None)]
    asked = linked(tmp_path, rows)
    assert (asked.counts.to_review, asked.counts.strangers) == (1, 0)
    [question] = asked.questions
    said = linked(tmp_path, rows, [Answer(question["key"], None)])
    assert (said.counts.to_review, said.counts.strangers) == (0, 1)
    home = linked(tmp_path, rows, [Answer(question["key"], question["candidates"][0]["uprn"])])
    assert (home.counts.answered, home.counts.strangers) == (1, 0)
