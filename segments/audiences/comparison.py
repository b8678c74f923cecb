"""Segments held against each other: which homes are in both, and which in one of them alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from engage.foundation.errors import InputRefused
from engage.foundation.office import Office
from segments.audiences import segments
from segments.rules import tree

FEWEST, MOST = 2, 3  # parts double with each, and nobody reads sixteen


@dataclass(frozen=True)
class Part:
    """The homes that are in some of the segments and not in the others."""

    within: tuple[str, ...]
    without: tuple[str, ...]
    homes: int
    missing: float
    electors: int


def compare(office: Office, authority: str, rules: Mapping[str, tree.Rule]) -> list[Part]:
    """Of rules by name; every part, so that they add up to all homes of any of them. Homes that must not be seen are
    in none."""
    if not FEWEST <= len(rules) <= MOST:
        raise InputRefused(f"Select {FEWEST} or {MOST} segments")
    with office.database.reading() as session:
        chosen = [segments.chosen(office, session, authority, rule) for rule in rules.values()]
    of = chosen[0].of
    held = np.zeros((len(rules), len(of.missing)), np.bool_)
    for row, homes in enumerate(chosen):
        held[row, homes.places] = True
    return [
        _part(list(rules), wanted, held, of.missing, of.electors)
        for wanted in product((True, False), repeat=len(rules))
        if any(wanted)
    ]


def _part(
    names: list[str], wanted: tuple[bool, ...], held: np.ndarray, missing: np.ndarray, electors: np.ndarray
) -> Part:
    here = np.all(held == np.array(wanted)[:, None], axis=0)
    within, without = (
        tuple(name for name, inside in zip(names, wanted, strict=True) if inside is which) for which in (True, False)
    )
    homes = int(np.count_nonzero(here))
    return Part(within, without, homes, float(missing[here].sum()), int(electors[here].sum()))
