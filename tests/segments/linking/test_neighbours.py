"""Homes that stand so near another one's address that a link to it is not certain, and what is shown then."""

from collections.abc import Iterator
from typing import Any

import pytest

from segments.linking import matching
from tests.segments.village import Gazetteer, Outcome, linked

A, B, C, D, E = "ZZ1 1AA", "ZZ1 1AB", "ZZ1 1AC", "ZZ1 2AD", "ZZ1 2AE"
# Kind: the address, its postcode, and the beginning of the home it is linked to; None where it is asked.
ROWS: list[tuple[str, str, str | None]] = [
    # The street runs through both postcodes: the number may be wrong as well as the postcode.
    ("25 Long Lane, Exampleton", A, None),
    ("5 Long Lane, Exampleton", B, None),
    ("7 Long Ln., Exampleton", B, None),
    ("Rose Cottage, Long Lane, Exampleton", A, None),
    ("Flat 2, 30 Long Lane, Exampleton", A, None),
    ("25 Long Lane, Exampleton", C, "25 Long Lane"),  # the postcode of another street
    ("25 Long Lane, Exampleton", B, "25 Long Lane"),
    # A letter is easily left off, where a word is misspelt besides.
    ("15 Teasel Raod, Exampleton", C, None),
    ("16 Taesel Road, Exampleton", C, None),
    ("17 Teasle Road, Exampleton", C, None),
    ("15 Teasel Road, Exampleton", C, "15 Teasel Road"),
    ("15a Teasel Raod, Exampleton", C, "15A Teasel Road"),
    ("19 Teasel Raod, Exampleton", C, "19 Teasel Road"),  # has no neighbour with a letter
    # So is the building of a flat.
    ("1 Teasel Raod, Exampleton", C, None),
    ("2 Teesel Road, Exampleton", C, None),
    ("Flit 2, Sorrel House, Teasel Road, Exampleton", C, None),
    ("21 Teasel, Exampleton", C, None),  # with a name and no number, too
    # The row's own postcode has that number, or that name, on another street.
    ("19 Long Lane, Exampleton", C, None),
    ("19 Lnog Lane, Exampleton", C, None),
    ("Rose Cotage, Long Lane, Exampleton", E, None),
    # Numbers in another's order; a name and the number of its neighbour; a name of another place.
    ("3, Flat 1, Bay Row, Exampleton", D, None),
    ("Flat 1, 3 Bay Row, Exampleton", D, "Flat 1, 3 Bay Row"),
    ("Mill Lodge, 27 Bay Row, Exampleton", D, None),
    ("Holly House, Overwick, Exampleton", D, None),
    ("Holly House, Exampleton", D, "Holly House, Bay Row"),
    ("Brook Cott, Bay Row, Exampleton", D, "Brook Cottage, Bay Row"),
    ("4 Bay Row, Exampleton", D, None),  # a building with homes in it
]
STREETS_ALONE = ["Long Lane, Exampleton", "Lnog Lane", "Long Lane", "Teasel Raod, Exampleton", "Exampleton, Long Lane"]


def places() -> Gazetteer:
    made = Gazetteer()
    homes = [
        *((f"{n} Long Lane", A) for n in range(1, 21)), *((f"{n} Long Lane", B) for n in range(21, 30)),
        ("Rose Cottage, Long Lane", B), ("Flat 1, 30 Long Lane", B), ("Flat 2, 30 Long Lane", B),
        *((f"{n} Teasel Road", C) for n in ("1", "2", "15", "15A", "16", "16B", "17", "17A", "19")),
        *((f"Flat {n}, 8 Teasel Road", C) for n in (1, 2)),
        *((f"Flat {n}, Sorrel House, 10 Teasel Road", C) for n in (1, 2)),
        ("21 Teasel Road", C), ("Flat 21, Mallow House, Teasel Road", C),
        *((f"{home}, Bay Row", D) for home in ("Mill Lodge", "Brook Cottage", "Holly House")), ("27 Bay Row", D),
        ("Flat 1, 3 Bay Row", D), ("Flat 3, 1 Bay Row", D), ("Flat 4, 6 Bay Row", D),
        ("Holly House, Ash Way, Overwick", E), ("Rose Cottage, Ash Way", E),
    ]  # fmt: skip
    for home, postcode in homes:
        street = next(each for each in ("Teasel Road", "Bay Row", "Ash Way", "Long Lane") if each in home)
        made.add(f"{home}, Exampleton", street, postcode)
    building = made.add("4 Bay Row, Exampleton", "Bay Row", D, home=False)
    made.add("Flat A, 4 Bay Row, Exampleton", "Bay Row", D, parent=building)
    return made


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """Linked without the matcher, which takes seconds to begin and links nothing."""
    rows = [(address, postcode, None) for address, postcode, _ in ROWS]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(matching, "_run_matcher", lambda _: None)
        yield linked(tmp_path_factory.mktemp("near"), [*rows, *((each, A, None) for each in STREETS_ALONE)],
                     gazetteer=places())  # fmt: skip


def asked(found: Outcome, address: str, postcode: str) -> list[dict[str, Any]]:
    return [each for each in found.questions if (each["address"], each["postcode"]) == (address, postcode)]


@pytest.mark.parametrize("place", range(len(ROWS)), ids=[f"{address}, {postcode}" for address, postcode, _ in ROWS])
def test_a_home_with_a_near_neighbour_is_asked_about(found: Outcome, place: int) -> None:
    address, postcode, home = ROWS[place]
    linked_to = found.homes.get(place)
    assert linked_to == ((places().uprn(home), "address") if home else None)
    assert bool(asked(found, address, postcode)) is (home is None)


@pytest.mark.parametrize("address", STREETS_ALONE)
def test_a_street_alone_is_not_asked_about(found: Outcome, address: str) -> None:
    assert asked(found, address, A) == []


@pytest.mark.parametrize(("address", "postcode", "home"), [
    ("25 Long Lane, Exampleton", A, "25 Long Lane"), ("25 Long Lane, Exampleton", A, "5 Long Lane"),
    ("25 Long Lane, Exampleton", A, "15 Long Lane"), ("25 Long Lane, Exampleton", A, "2 Long Lane"),
    ("Rose Cottage, Long Lane, Exampleton", A, "Rose Cottage, Long Lane"),
    ("4 Bay Row, Exampleton", D, "Flat 4, 6 Bay Row"), ("3, Flat 1, Bay Row, Exampleton", D, "Flat 3, 1 Bay Row"),
    ("19 Lnog Lane, Exampleton", C, "19 Teasel Road"),
])  # fmt: skip
def test_homes_near_it_are_shown_as_far_as_there_is_room(
    found: Outcome, address: str, postcode: str, home: str
) -> None:
    [question] = asked(found, address, postcode)
    shown = [each["uprn"] for each in question["candidates"]]
    assert len(shown) <= matching.SHOWN
    assert places().uprn(home) in shown
