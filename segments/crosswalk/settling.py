"""How much settles without a person: by the authority's own decisions, with what was measured elsewhere to begin with.

What the matching calls sure is sure by a kind of evidence. Of each kind the decisions of people say how often it was
right; a kind counts without a person while that is at least what is promised. A random part of what settled goes to a
person all the same, and where that sample shows the promise broken, settling stops by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.special import betaincinv

from segments.crosswalk.systems import CrosswalkDecision, CrosswalkSystem

PROMISED = 0.999
SAMPLED = 50  # one in so many of what settled goes to a person
LEVEL = 0.95
# Right and wrong before any decision, as benchmarks/crosswalk.py found them; what no benchmark promises begins below.
PRIOR = {"address": (20_000, 1), "letters": (4_000, 1), "differences": (4_000, 1), "ahead": (1_500, 1)}
CERTAIN = ("claim", "address")  # what still settles where settling was stopped: word for word, or vouched for


@dataclass(frozen=True)
class Sample:
    """Of what settled by itself: how many a person looked at, how many were wrong, and the interval of the share that
    is right."""

    looked_at: int
    wrong: int
    low: float
    high: float

    @property
    def broken(self) -> bool:
        """The whole interval lies below what is promised."""
        return self.high < PROMISED


def sample(decisions: Iterable[CrosswalkDecision]) -> Sample:
    sampled = [each for each in decisions if each.sampled]
    wrong = sum(not each.right for each in sampled)
    right = len(sampled) - wrong
    tail = (1 - LEVEL) / 2
    low = float(betaincinv(right, wrong + 1, tail)) if right else 0.0
    high = float(betaincinv(right + 1, wrong, 1 - tail)) if wrong else 1.0
    return Sample(len(sampled), wrong, low, high)


def sure(system: CrosswalkSystem, decisions: Sequence[CrosswalkDecision]) -> list[str]:
    """The kinds of evidence that count without a person."""
    if not system.settles:
        return [kind for kind in CERTAIN if kind in PRIOR]
    return [kind for kind in PRIOR if expected(kind, decisions) >= PROMISED]


def expected(kind: str, decisions: Sequence[CrosswalkDecision]) -> float:
    """How often this evidence is right, by the decisions on it and what was known before them."""
    right, wrong = PRIOR[kind]
    looked_at = [each for each in decisions if each.evidence == kind]
    right += sum(each.right for each in looked_at)
    wrong += sum(not each.right for each in looked_at)
    return right / (right + wrong)


def is_sampled(key: str) -> bool:
    """By chance, and the same whenever it is asked: the key is a keyed hash."""
    return int(key[:12], 16) % SAMPLED == 0


def saved(settled: int, decisions: Iterable[CrosswalkDecision]) -> int:
    """Seconds that nobody spent, by how long the review took for each address (its median)."""
    seconds = sorted(each.seconds for each in decisions if each.seconds is not None)
    return settled * seconds[len(seconds) // 2] if seconds else 0
