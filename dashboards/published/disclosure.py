"""What may be published: every figure on a page, in a file, an API, a chart or its text alternative is made here.

Counts of 1 to 9 become "fewer than 10", others go to the nearest 5; rates and effects need 100 homes or people and are
worked out from published counts alone, so that they say nothing the counts do not. The same question always has the
same answer: repeating it averages nothing out. docs/method.md says why each rule is as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engage.foundation.errors import SettingsInvalid
from engage.foundation.libraries import stats

NEAREST = 5
HIDDEN = "not shown"
NOTE = (
    "Counts from 1 to 9 are shown as “fewer than 10” and others to the nearest 5, so totals may not add up. "
    "Percentages and effects are worked out from these rounded figures, and shown for groups of 100 or more. "
    "The people registered in a ward are counted anew once ten of its homes have changed."
)


@dataclass(frozen=True)
class Published:
    """A figure as anybody may see it: words, and the number behind them, or None where it may not be shown.

    `least` and `most` bound the true count as closely as the published words do; they are public knowledge too.
    """

    text: str
    value: float | None
    least: float = 0
    most: float = float("inf")

    def __str__(self) -> str:
        return self.text

    @property
    def cell(self) -> str:
        """For CSV and JSON: the bare number, else the words."""
        return self.text if self.value is None else f"{self.value:g}"


@dataclass(frozen=True)
class Breakdown:
    """A whole and its parts, which may have parts of their own."""

    total: Published
    parts: Mapping[str, "Published | Breakdown"]

    def __getitem__(self, part: str) -> Published:
        found = self.parts[part]
        return found.total if isinstance(found, Breakdown) else found


Counts: TypeAlias = Mapping[str, "int | Counts"]


@dataclass(frozen=True)
class Disclosure:
    """The rule; its numbers can be raised but not lowered. `sensitive` hides that a group is empty too."""

    fewest: int = 10
    denominator: int = 100
    sensitive: bool = False

    def __post_init__(self) -> None:
        for name, least in (("fewest", 10), ("denominator", 100)):
            value = getattr(self, name)
            if value < least or value % NEAREST:
                raise SettingsInvalid(
                    f"The disclosure setting {name} is {value}; expected a multiple of {NEAREST}, at least {least}."
                )

    def count(self, number: int) -> Published:
        """A count of homes or people that is published on its own; one with parts goes through `breakdown`."""
        return self._shown(*self._band(number))

    def breakdown(self, counts: Counts) -> Breakdown:
        """Parts and their total, each rounded by itself.

        A total next to its parts could give a hidden part away: two parts of "fewer than 10" with a total from 18 to
        22 are both 9. A total that would leave its parts only one way to be is therefore shown as its neighbour.
        """
        parts: dict[str, Published | Breakdown] = {}
        for name, held in counts.items():
            parts[name] = self.count(held) if isinstance(held, int) else self.breakdown(held)
        shown = [part.total if isinstance(part, Breakdown) else part for part in parts.values()]
        least, most = sum(int(part.least) for part in shown), sum(int(part.most) for part in shown)
        number = _sum(counts)
        bands = self._bands(least, most)
        return Breakdown(next(self._shown(*band) for band in bands if band[0] <= number <= band[1]), parts)

    def added(self, parts: Iterable[Published]) -> Published:
        """A total made of the published parts alone, which says nothing that they do not."""
        held = [part for part in parts if part.text != HIDDEN and part.most]
        if len(held) < 2:
            return held[0] if held else self.count(0)
        least, most = int(sum(part.least for part in held)), int(sum(part.most for part in held))
        middles = sum((part.least + part.most) / 2 if part.value is None else part.value for part in held)
        return self._shown(least, most, NEAREST * round(middles / NEAREST))

    def rate(self, part: Published, whole: Published) -> Published:
        """A share of a whole as a whole percentage, from the two published counts."""
        if part.value is None or not self.enough(whole) or not whole.value:
            return Published(HIDDEN, None)
        percentage = min(100, round(100 * part.value / whole.value))
        return Published(f"{percentage}%", percentage)

    def change(self, before: Published, after: Published) -> Published:
        """The change of a count between two dates, from the published counts; a small one is not told apart from 0."""
        if before.value is None or after.value is None:
            return Published(HIDDEN, None)
        change = after.value - before.value
        if abs(change) < self.fewest:
            return Published(f"changed by fewer than {self.fewest}", None)
        return Published(f"{'up' if change > 0 else 'down'} {abs(change):,.0f}", change)

    def enough(self, *wholes: Published) -> bool:
        """Whether rates of, or effects between, these groups may be shown."""
        return all(whole.value is not None and whole.least >= self.denominator for whole in wholes)

    def likely(self, shown: Published, n: float, common: float) -> tuple[float, float]:
        """Mean and variance of the count behind a published one, of n, where the share in all places is `common`.

        For estimates made from published counts. A hidden count is binomial within its bounds; a rounded one is
        anywhere within them.
        """
        least, most = int(shown.least), int(shown.most)
        if shown.value is not None:
            return shown.value, ((most - least + 1) ** 2 - 1) / 12
        weights = {k: float(stats.binom.pmf(k, round(n), common)) for k in range(least, most + 1)}
        whole = sum(weights.values()) or 1.0
        mean = sum(k * weight for k, weight in weights.items()) / whole
        return mean, sum((k - mean) ** 2 * weight for k, weight in weights.items()) / whole

    def _band(self, number: int) -> tuple[int, int, int | None]:
        """The numbers that are published alike: the least, the most, and the value shown.

        The numbers rounded to the least denominator are two bands, since it shows in whether rates are given.
        """
        if number < 0:
            raise ValueError("a count is a whole number, 0 or more")
        if number == 0 and not self.sensitive:
            return 0, 0, 0
        if number < self.fewest:
            return (0 if self.sensitive else 1), self.fewest - 1, None
        value = NEAREST * round(number / NEAREST)
        least, most = max(self.fewest, value - 2), value + 2
        if value == self.denominator:
            return (least, value - 1, value) if number < value else (value, most, value)
        return least, most, value

    def _bands(self, least: int, most: int) -> list[tuple[int, int, int | None]]:
        """The bands of a total its parts put between least and most, none of them a single number if it can be."""
        bands = []
        number = least
        while number <= most:
            low, high, value = self._band(number)
            bands.append((max(low, least), min(high, most), value))
            number = high + 1
        if len(bands) > 1 and bands[0][0] == bands[0][1]:
            bands[:2] = [(least, bands[1][1], bands[1][2])]
        if len(bands) > 1 and bands[-1][0] == bands[-1][1]:
            bands[-2:] = [(bands[-2][0], most, bands[-2][2])]
        return bands

    def _shown(self, least: int, most: int, value: int | None) -> Published:
        text = f"fewer than {self.fewest}" if value is None else f"{value:,}"
        return Published(text, value, least, most)


def _sum(counts: Counts) -> int:
    return sum(held if isinstance(held, int) else _sum(held) for held in counts.values())


RULE = Disclosure()
count = RULE.count
breakdown = RULE.breakdown
rate = RULE.rate
change = RULE.change
enough = RULE.enough
