"""Hard pairs of an address and its home: none is ever linked wrongly, and most are linked without asking."""

from collections import Counter

import pytest

from tests.segments.linking.hard_pairs import ALL, PAIRS, town
from tests.segments.village import Outcome, linked

# Of those with a right home, the least share that each kind links by itself.
LEAST = 0.5


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    rows = [(written, postcode, None) for _, written, postcode, _ in ALL]
    return linked(tmp_path_factory.mktemp("pairs"), rows, gazetteer=town())


def _right(begins: str | None) -> int | None:
    if begins is None:
        return None
    (row,) = [row for row in town().rows if row["address"].startswith(f"{begins},")]
    return int(row["uprn"])


def test_there_are_pairs_of_every_kind() -> None:
    assert len(ALL) >= 200
    assert all(len(pairs) >= 10 for pairs in PAIRS.values())


@pytest.mark.parametrize("place", range(len(ALL)), ids=[f"{kind}: {written}" for kind, written, _, _ in ALL])
def test_a_hard_pair_is_linked_rightly_or_asked(found: Outcome, place: int) -> None:
    _, written, postcode, begins = ALL[place]
    home = found.homes.get(place)
    if home:
        assert home == (_right(begins), "address")
    elif begins:
        (asked,) = [each for each in found.questions if (each["address"], each["postcode"]) == (written, postcode)]
        assert _right(begins) in [each["uprn"] for each in asked["candidates"]]


@pytest.mark.parametrize("kind", PAIRS)
def test_most_of_each_kind_are_linked_without_asking(found: Outcome, kind: str) -> None:
    with_home = [place for place, (each, _, _, begins) in enumerate(ALL) if each == kind and begins]
    linked_by_itself = Counter(place in found.homes for place in with_home)
    assert linked_by_itself[True] >= LEAST * len(with_home)
