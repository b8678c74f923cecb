"""How many adults of a home are missing, given how many are registered there.

Nobody knows it of one home. Of all homes of a kind it follows from how many adults homes hold, how alike the people of
one home are (all registered, or nobody), how many homes stand empty and how many entries name nobody there.
docs/method.md has the formulas and what was measured.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, logit

Floats = NDArray[np.float64]
# Adults to a household in England and Wales, from 1 to 8: rounded from Census 2021. What the register tells of the
# council's own comes on top, and each kind of home is tilted to its mean.
SHAPE = np.array([0.36, 0.49, 0.105, 0.033, 0.008, 0.0025, 0.001, 0.0005])
SIZES = np.arange(len(SHAPE) + 1)  # of homes lived in; one of 0 is of people who may not register
SHAPE_WEIGHT = 10_000.0  # homes that say as much of sizes as the whole country does
LEAST_ALIKE, MOST_ALIKE = 0.05, 0.95
# Published shares registered of who moved in the last year and of others (segments/missing/groups.py): the distance.
MOVED_APART = float(logit(0.90) - logit(0.38))
LEFT_EMPTY = 0.6  # entries to an empty home that name nobody: about as many as where the last ones have just left
HALVINGS, ROUNDS, FITS = 32, 40, 3


@dataclass(frozen=True)
class Kind:
    """Kinds of homes, an array of each figure: eligible `adults` to a home lived in, the share of them `complete`, of
    homes `empty`, of homes with nobody who may register (`barred`), of homes whose people `moved` in the last year,
    and the entries that name nobody to a home where nobody moved, `left`, and more where somebody did, `left_moved`.
    `alike` is the share of homes where either all or none are registered, `shape` how many homes are of each size."""

    adults: Floats
    complete: Floats
    empty: Floats
    barred: Floats
    moved: Floats
    left: Floats
    left_moved: Floats
    alike: float = 0.3
    shape: Floats = field(default_factory=SHAPE.copy)

    @property
    def held(self) -> Floats:
        """The chance of each of SIZES, by kind, in homes lived in."""
        mean = np.clip(self.adults / np.maximum(1 - self.barred, 0.05), 1.02, len(SHAPE) - 0.5)
        some = _tilted(self.shape, mean) * (1 - self.barred)[:, None]
        return np.concatenate([self.barred[:, None], some], axis=1)

    @property
    def movement(self) -> list[tuple[Floats, Floats, Floats]]:
        """Of homes where somebody moved and of others: their share, how many are registered, entries of nobody."""
        stayed = shifted(self.complete, [(self.moved, -MOVED_APART), (1 - self.moved, 0.0)])
        return [
            (self.moved, expit(logit(stayed) - MOVED_APART), self.left + self.left_moved),
            (1 - self.moved, stayed, self.left),
        ]


def _tilted(shape: Floats, mean: Floats) -> Floats:
    """The shape with each mean: weights that grow or fall by a constant factor from one size to the next."""
    low, high = np.full(len(mean), -8.0), np.full(len(mean), 8.0)
    away = SIZES[1:] - mean[:, None]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        chance = shape * np.exp(middle[:, None] * away)
        under = (chance * away).sum(axis=1) < 0
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def shifted(mean: Floats, parts: list[tuple[Floats, float]]) -> Floats:
    """The share of which parts that lie apart from it by so much in log-odds have the mean together; parts are shares
    of the whole and distances."""
    low, high = np.full(len(mean), -12.0), np.full(len(mean), 12.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = sum(share * expit(middle + apart) for share, apart in parts) < mean
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray(expit((low + high) / 2))


def missing(kinds: Kind, electors: int) -> Floats:
    """Adults missing, expected, of a home of each kind with 0, 1 … `electors` registered: a row for each kind."""
    lived_in, lacking = (np.einsum("ks,ksn->kn", kinds.held, found) for found in _given(kinds, electors))
    empty = kinds.empty[:, None]
    whole = (1 - empty) * lived_in + empty * _left_at_empty(electors)
    return np.asarray((1 - empty) * lacking / np.maximum(whole, 1e-12))


def _given(kinds: Kind, electors: int) -> tuple[Floats, Floats]:
    """By kind, size and number on the register: the chance of it, and the adults missing times that chance."""
    chance, lacking = np.zeros((2, len(kinds.adults), len(SIZES), electors + 1))
    for share, complete, left in kinds.movement:
        registered = share[:, None, None] * _registered(complete, kinds.alike)
        entries = _poisson(left, electors)
        for own in SIZES[: electors + 1]:
            found = registered[:, :, own, None] * entries[:, None, : electors + 1 - own]
            chance[:, :, own:] += found
            lacking[:, :, own:] += np.maximum(SIZES - own, 0)[:, None] * found
    return chance, lacking


def _registered(complete: Floats, alike: float) -> Floats:
    """By kind and size, the chance that so many are truly registered."""
    size, own = SIZES[None, :, None], SIZES[None, None, :]
    share, others = complete[:, None, None], np.maximum(size - own, 0)
    ways = np.exp(gammaln(size + 1) - gammaln(own + 1) - gammaln(others + 1))
    apart = np.where(own <= size, ways * share**own * (1 - share) ** others, 0.0)
    together = share * (own == size) + (1 - share) * (own == 0)
    return np.asarray(alike * together + (1 - alike) * apart)


def _poisson(mean: Floats, most: int) -> Floats:
    count = np.arange(most + 1)
    return np.asarray(np.exp(count * np.log(np.maximum(mean, 1e-9))[:, None] - mean[:, None] - gammaln(count + 1)))


def _left_at_empty(electors: int) -> Floats:
    return _poisson(np.array([LEFT_EMPTY]), electors)


# What the register tells of the homes of a council


def fitted(kinds: Kind, homes: Floats, electors: Floats) -> Kind:
    """How alike the people of a home are, and how many homes are of each size. `homes` are of each kind, `electors`
    those of them all with 0, 1, 2 … on the register, the last with so many or more."""
    for _ in range(FITS):
        alike = _with_alike(kinds, homes, float(electors[0] / electors.sum()))
        kinds = replace(alike, shape=_shape(_mean(alike, homes), electors))
    return _with_alike(kinds, homes, float(electors[0] / electors.sum()))


def _with_alike(kinds: Kind, homes: Floats, unregistered: float) -> Kind:
    """More homes without anybody registered than chance leaves say that the people of a home are alike."""
    none, every = (float(homes @ _nobody(replace(kinds, alike=alike)) / homes.sum()) for alike in (0.0, 1.0))
    if every <= none:
        return kinds
    return replace(kinds, alike=float(np.clip((unregistered - none) / (every - none), LEAST_ALIKE, MOST_ALIKE)))


def _nobody(kinds: Kind) -> Floats:
    """The chance that no elector is on the register of a home of each kind; straight in `alike`."""
    lived_in = (kinds.held * _given(kinds, 0)[0][:, :, 0]).sum(axis=1)
    return np.asarray((1 - kinds.empty) * lived_in + kinds.empty * np.exp(-LEFT_EMPTY))


def _mean(kinds: Kind, homes: Floats) -> Kind:
    """One kind that is the mean of all."""

    def of(figure: Floats) -> Floats:
        return np.array([np.average(figure, weights=homes)])

    return Kind(
        of(kinds.adults), of(kinds.complete), of(kinds.empty), of(kinds.barred), of(kinds.moved), of(kinds.left),
        of(kinds.left_moved), kinds.alike, kinds.shape,
    )  # fmt: skip


def _shape(kind: Kind, electors: Floats) -> Floats:
    """How many homes are of each size, so that as many have 0, 1, 2 … electors as do (expectation and maximisation),
    held to that of the whole country as by so many more homes."""
    most = len(electors) - 1
    given, nobody = _given(kind, most)[0][0], _left_at_empty(most)[0]
    given[:, most], nobody[most] = 1 - given[:, :most].sum(axis=1), 1 - nobody[:most].sum()
    empty, barred = kind.empty[0], kind.barred[0]
    others = empty * nobody + (1 - empty) * barred * given[0]
    shape = kind.held[0, 1:] / kind.held[0, 1:].sum()
    for _ in range(ROUNDS):
        chance = (1 - empty) * (1 - barred) * shape[:, None] * given[1:]
        counted = chance @ (electors / (chance.sum(axis=0) + others)) + SHAPE_WEIGHT * SHAPE
        shape = counted / counted.sum()
    return np.asarray(shape)
