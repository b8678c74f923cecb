from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.plan.arms import assign

SHARES = [
    {"now": 0.5, "later": 0.5},
    {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3},
    {"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25},
]


@given(
    st.lists(st.sampled_from(["E05000001", "E05000002", "W05000003"]), max_size=300),
    st.integers(0, 2**63 - 1),
    st.sampled_from(SHARES),
)
def test_equal_arms_differ_by_one_at_most_in_every_ward(wards: list[str], seed: int, shares: dict[str, float]) -> None:
    arms = assign(np.arange(len(wards), dtype=np.int64), wards, shares, seed)
    for ward in set(wards):
        counts = Counter(dict.fromkeys(shares, 0)) + Counter(
            str(a) for a, w in zip(arms, wards, strict=True) if w == ward
        )
        sizes = [counts[name] for name in shares]
        assert max(sizes) - min(sizes) <= 1


@given(st.integers(0, 2**63 - 1), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(seed: int, shuffler: object) -> None:
    uprns = np.arange(100000000000, 100000000200, dtype=np.int64)
    wards = np.array(["E05000001", "E05000002"] * 100)
    order = list(range(200))
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    first = assign(uprns, list(wards), SHARES[0], seed)
    assert (assign(uprns[order], list(wards[order]), SHARES[0], seed) == first[order]).all()


def test_unequal_shares_are_kept_and_seeds_differ() -> None:
    uprns = np.arange(3000, dtype=np.int64)
    arms = assign(uprns, ["E05000001"] * 3000, {"now": 0.7, "later": 0.3}, 1)
    assert Counter(map(str, arms)) == {"now": 2100, "later": 900}
    assert not (arms == assign(uprns, ["E05000001"] * 3000, {"now": 0.7, "later": 0.3}, 2)).all()


def test_each_household_is_as_likely_in_either_arm() -> None:
    """Over many seeds each of 11 households is in the first arm about half the time (5 sigma)."""
    uprns = np.arange(11, dtype=np.int64)
    share = np.mean([assign(uprns, ["E05000001"] * 11, SHARES[0], seed) == "now" for seed in range(2000)], axis=0)
    assert share == pytest.approx(0.5, abs=5 * 0.5 / 2000**0.5)


def test_wards_are_drawn_apart() -> None:
    uprns = np.arange(400, dtype=np.int64)
    one = assign(uprns, ["E05000001"] * 400, SHARES[0], 5)
    assert not (one == assign(uprns, ["E05000002"] * 400, SHARES[0], 5)).all()
