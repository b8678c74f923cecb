"""Verdicts on wards that are looked at side by side: none is certain where one that says more is too early."""

from dataclasses import replace

from dashboards.statistics.effects import WardEffect
from dashboards.statistics.intervals import Interval


def in_order(wards: tuple[WardEffect, ...]) -> tuple[WardEffect, ...]:
    """A ward is too early to say where another that is too early has the larger effect the same way and an interval
    further from nought: by their own figures, or by those drawn towards all wards.

    Drawing pulls a ward the more, and leaves it the less sure, the further it lies from the others and the fewer homes
    it has; a reader who sees counts and figures side by side would find the verdicts the wrong way round. Only ever
    fewer wards are certain for it, so that no error is made more often. Again until nothing changes, as a ward that
    became too early may say more than a third.
    """
    while True:
        waiting = [ward for ward in wards if ward.too_early and ward.shrunken is not None]
        held = tuple(
            replace(ward, too_early=ward.too_early or any(_says_more(other, ward) for other in waiting))
            for ward in wards
        )
        if held == wards:
            return held
        wards = held


def _says_more(one: WardEffect, other: WardEffect) -> bool:
    way = 1 if (other.shrunken or 0) > 0 else -1
    pairs = ((ward.difference, ward.interval) for ward in (one, other))
    drawn = ((ward.shrunken, ward.shrunken_interval) for ward in (one, other))
    return _beyond(way, *pairs) or _beyond(way, *drawn)


Found = tuple[float | None, Interval]


def _beyond(way: int, one: Found, other: Found) -> bool:
    """By effect and by the end of the interval that is nearer to nought, which lies beyond it."""
    larger = way * ((one[0] or 0.0) - (other[0] or 0.0)) > 0
    return larger and _nearest(way, one[1]) > max(0.0, _nearest(way, other[1]))


def _nearest(way: int, interval: Interval) -> float:
    return interval.low if way > 0 else -interval.high
