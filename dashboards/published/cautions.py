"""What whoever reads how complete the register is must know first, from the published figures alone."""

from collections.abc import Iterable

from dashboards.published.completeness import Ward
from dashboards.published.figures import Figures

STRANGERS = (
    "{count} electors of the register have a postcode that lies in another area, and no home here. They are counted "
    "apart, in no ward and in no share. The register may hold electors of another council."
)
EXCESS = (
    "More are registered than the range allows in {places}. Either the register holds people who do not live there, or "
    "the people counted there are too few: do not rely on a share of 100% there."
)
NOT_KNOWN = (
    "There is no share of {places}: no homes are known there, or Census table TS007A (ages) does not tell who lives "
    "there. Nobody of it is counted in the other shares."
)


def cautions(figures: Figures, ward: Ward | None = None) -> list[str]:
    """Sentences about all wards, or about one; none where there are no figures."""
    behind = [figures.behind] if figures.behind else []
    if not figures.as_at:
        return behind
    places = [ward] if ward else figures.wards
    return [*behind, *_of_strangers(figures), *_of_excess(figures, places), *_of_unknown(places)]


def _of_strangers(figures: Figures) -> Iterable[str]:
    count = figures.strangers
    if count.text != "0":
        said = f"{count.text[:1].upper()}{count.text[1:]}"
        yield STRANGERS.format(count=said)


def _of_excess(figures: Figures, places: Iterable[Ward]) -> Iterable[str]:
    named = [("the whole area", figures.whole), *((place.name, place.completeness) for place in places)]
    beyond = [f"{name} ({held.registered} of {held.eligible})" for name, held in named if held.beyond]
    if beyond:
        yield EXCESS.format(places=_listed(beyond))


def _of_unknown(places: Iterable[Ward]) -> Iterable[str]:
    names = [place.name for place in places if place.completeness.unknown]
    if names:
        yield NOT_KNOWN.format(places=_listed(names))


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
