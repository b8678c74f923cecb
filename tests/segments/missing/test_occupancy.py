"""How many adults of a home are missing, by how many are registered there: against people drawn by the same chances."""

from dataclasses import replace

import numpy as np
import pytest

from segments.missing import occupancy
from segments.missing.occupancy import Floats, Kind

ONE = np.ones(1)
USUAL = Kind(
    adults=1.9 * ONE, complete=0.84 * ONE, empty=0.03 * ONE, barred=0.03 * ONE, moved=0.12 * ONE, left=0.08 * ONE,
    left_moved=0.7 * ONE, alike=0.4,
)  # fmt: skip
HOMES = 400_000


def drawn(kind: Kind) -> tuple[Floats, Floats]:
    """Electors on the register of each home, and adults missing from it."""
    rng = np.random.default_rng(7)
    lived_in = rng.uniform(size=HOMES) >= kind.empty
    size = np.where(lived_in, rng.choice(occupancy.SIZES, HOMES, p=kind.held[0]), 0)
    moved = rng.uniform(size=HOMES) < kind.moved
    (_, of_moved, left_moved), (_, of_stayed, left) = kind.movement
    complete = np.where(moved, of_moved, of_stayed)
    apart, together = rng.binomial(size, complete), np.where(rng.uniform(size=HOMES) < complete, size, 0)
    registered = np.where(rng.uniform(size=HOMES) < kind.alike, together, apart)
    stale = rng.poisson(np.where(lived_in, np.where(moved, left_moved, left), occupancy.LEFT_EMPTY))
    return registered + stale, (size - registered).astype(float)


@pytest.mark.parametrize(
    "kind",
    [
        USUAL, replace(USUAL, alike=0.9), replace(USUAL, empty=0.25 * ONE), replace(USUAL, adults=1.1 * ONE),
        replace(USUAL, adults=3.5 * ONE), replace(USUAL, complete=0.6 * ONE, moved=0.4 * ONE),
        replace(USUAL, barred=0.3 * ONE, adults=1.4 * ONE), replace(USUAL, left=0 * ONE, left_moved=0 * ONE),
    ],
)  # fmt: skip
def test_homes_lack_on_average_what_is_expected_of_them(kind: Kind) -> None:
    electors, lacking = drawn(kind)
    expected = occupancy.missing(kind, 6)[0]
    for number in range(5):
        own = lacking[electors == number]
        if len(own) > 400:
            assert expected[number] == pytest.approx(own.mean(), abs=4.5 * own.std() / len(own) ** 0.5 + 1e-3)
    assert (expected >= 0).all()
    assert np.isfinite(expected).all()


def test_the_register_tells_how_alike_the_people_of_a_home_are() -> None:
    """The more homes have nobody registered."""
    for alike in (0.1, 0.4, 0.8):
        electors, _ = drawn(replace(USUAL, alike=alike))
        found = occupancy.fitted(USUAL, HOMES * ONE, counted(electors))
        assert found.alike == pytest.approx(alike, abs=0.05)
    none, every = (occupancy.fitted(USUAL, 100 * ONE, np.array([n, 100.0 - n])).alike for n in (0.0, 100.0))
    assert (none, every) == (occupancy.LEAST_ALIKE, occupancy.MOST_ALIKE)


def test_the_register_tells_how_many_live_alone() -> None:
    shape = np.array([0.6, 0.2, 0.1, 0.1, 0, 0, 0, 0])
    electors, lacking = drawn(replace(USUAL, shape=shape, adults=1.7 * 0.97 * ONE))
    found = occupancy.fitted(replace(USUAL, adults=1.7 * 0.97 * ONE), HOMES * ONE, counted(electors))
    assert found.shape == pytest.approx(shape, abs=0.06)
    expected = occupancy.missing(found, 6)[0]
    for number in range(3):
        assert expected[number] == pytest.approx(lacking[electors == number].mean(), rel=0.1)


def counted(electors: Floats) -> Floats:
    return np.bincount(np.minimum(electors.astype(int), 10), minlength=11).astype(float)


def test_an_empty_home_is_the_likelier_the_more_stand_empty() -> None:
    few, many = (occupancy.missing(replace(USUAL, empty=share * ONE), 3)[0] for share in (0.01, 0.2))
    assert many[0] < few[0] / 1.5


def test_sizes_have_the_mean_that_is_known() -> None:
    for adults in (1.2, 1.9, 2.6, 5.0):
        assert replace(USUAL, adults=adults * ONE).held[0] @ occupancy.SIZES == pytest.approx(adults, rel=1e-6)
    held = replace(USUAL, adults=np.array([0.0, 40.0]), barred=np.zeros(2)).held
    assert held.sum(axis=1) == pytest.approx([1, 1])
