"""Who is reminded when: drawn by lot, by household, within each ward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

from engage.foundation.libraries import np, npt

METHOD = (
    "Households were put into arms at random within each ward, in permuted blocks: households are ordered by their "
    "property reference, shuffled by a generator seeded with the campaign's stored seed and the ward, and dealt into "
    "blocks that hold each arm in its planned share. The sizes of equal arms in a ward differ by one at most. "
    "The same seed and households always give the same arms, whatever the order of the rows."
)
FINEST_SHARE = 100  # a share is read as a fraction with at most this denominator: 0.3333 is one third
LONGEST_BLOCK = 1000


def assign(
    uprns: npt.NDArray[np.int64], wards: Sequence[str], shares: Mapping[str, float], seed: int
) -> npt.NDArray[np.str_]:
    """The arm of each household, in the order given. Matthews & Machin: stratified permuted blocks."""
    names = np.array(list(shares))
    block = _block(list(shares.values()))
    arms = np.empty(len(uprns), dtype=names.dtype)
    codes = np.asarray(wards, dtype=str)
    for ward in np.unique(codes):
        (places,) = np.nonzero(codes == ward)
        places = places[np.argsort(uprns[places], kind="stable")]
        lot = np.random.default_rng([seed, *ward.encode()])
        arms[lot.permutation(places)] = names[_dealt(len(places), block, lot)]
    return arms


def _block(shares: Sequence[float]) -> npt.NDArray[np.intp]:
    """The shortest block that holds each arm in its exact share, or one of a thousand where the shares need more."""
    exact = [Fraction(share).limit_denominator(FINEST_SHARE) for share in shares]
    length = min(lcm(*(share.denominator for share in exact)), LONGEST_BLOCK)
    ends = np.rint(np.cumsum(shares) * length).astype(int)
    return np.repeat(np.arange(len(shares)), np.diff(ends, prepend=0))


def _dealt(count: int, block: npt.NDArray[np.intp], lot: np.random.Generator) -> npt.NDArray[np.intp]:
    blocks = -(-count // len(block)) if count else 0
    return np.concatenate([lot.permutation(block) for _ in range(blocks)])[:count] if blocks else block[:0]
