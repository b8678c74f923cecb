"""Segments an officer would start from: each a rule to open in the form, why, and what has to be imported for it."""

from dataclasses import dataclass, field
from typing import Any

from engage.foundation.errors import NotFound
from engage.foundation.lake import current_by_name
from engage.foundation.office import Office
from segments.audiences import open_homes, segments
from segments.homes import households
from segments.records.known import NOT_NAMED
from segments.rules import tree
from segments.rules.columns import RECORDS
from segments.sources.indicators import INDICATORS

AGES = "ts007a"  # who lives in an area, by age: without it nobody can be expected in a home
EXPECTED = {"expected_adults", "gap"}


def _at_least(column: str, value: float) -> dict[str, Any]:
    return {"column": column, "is": "at least", "value": value}


def _kind(*kinds: str) -> dict[str, Any]:
    return {"column": "class", "is": "one of", "value": list(kinds)}


NOBODY = {"column": "electors", "is": "at most", "value": 0}
ORDINARY = {"not": _kind("institution")}


@dataclass(frozen=True)
class Starter:
    key: str
    name: str
    why: str
    where: dict[str, Any]
    needs: tuple[str, ...] = field(init=False)  # Census and other tables, as they are called in the lake

    def __post_init__(self) -> None:
        asked = segments.columns(self.rule.where)
        tables = {INDICATORS[name].table for name in asked if name in INDICATORS} | (
            {AGES} if asked & EXPECTED else set()
        )
        object.__setattr__(self, "needs", tuple(sorted(tables)))

    @property
    def rule(self) -> tree.Rule:
        return tree.parse({"version": tree.VERSION, "where": self.where})


STARTERS = (
    Starter(
        "nobody-registered", "Nobody registered",
        "No elector is registered at these homes, which makes them the likeliest to be missing somebody.",
        {"all": [NOBODY, ORDINARY]},
    ),
    Starter(
        "known-to-the-council", "Known to the council, not registered",
        f"The council's own records name somebody here whom the register does not have. {NOT_NAMED}.",
        _at_least("known_not_registered", 0.5),
    ),
    Starter(
        "fewer-than-expected", "Fewer electors than the home suggests",
        "Somebody is registered, but homes of this kind here usually hold about one adult more.",
        {"all": [_at_least("electors", 1), _at_least("gap", 0.7)]},
    ),
    Starter(
        "private-renting", "Private-rent streets, nobody registered",
        "Private renters move often, and are the least likely to be registered of all kinds of tenure.",
        {"all": [_at_least("private_rented_share", 0.3), NOBODY, ORDINARY]},
    ),
    Starter(
        "recent-movers", "Recent movers, nobody registered",
        "Many people in these areas moved within a year, and registration does not move with them.",
        {"all": [_at_least("moved_last_year_share", 0.15), NOBODY, ORDINARY]},
    ),
    Starter(
        "attainers", "Homes of attainers",
        "Somebody here is registered and soon reaches voting age: brothers, sisters and friends may not be yet.",
        _at_least("attainers", 1),
    ),
    Starter(
        "student-halls", "Student halls",
        "Students change rooms every year and may register at home and at their place of study.",
        {"all": [_kind("institution"), _at_least("aged_15_to_24_share", 0.18)]},
    ),
    Starter(
        "shared-houses", "Houses in multiple occupation",
        "People who share a house are often registered by nobody else, and one form rarely reaches them all.",
        _kind("shared"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A starter as one authority may use it. `lacking` are tables to import first; `households` counts it otherwise,
    and `missing` the adults missing from them, expected."""

    starter: Starter
    lacking: tuple[str, ...]
    unbuilt: bool  # imported since the table of homes was built
    households: int | None
    missing: float | None = None


def offers(office: Office, authority: str) -> list[Offer]:
    """InputRefused before the table of homes was built."""
    with office.database.reading() as session:
        households.newest(session, authority)
        imported = set(current_by_name(session, authority, "indicator"))
        homes = open_homes.opened(office, session, authority)
    return [_offer(homes, starter, imported) for starter in STARTERS if _may_be_asked(homes, starter)]


def _may_be_asked(homes: open_homes.OpenHomes, starter: Starter) -> bool:
    """What is of the council's own records is offered only while some of them may be used."""
    return segments.columns(starter.rule.where) & RECORDS <= set(homes.columns)


def _offer(homes: open_homes.OpenHomes, starter: Starter, imported: set[str]) -> Offer:
    lacking = tuple(table for table in starter.needs if table not in imported)
    unbuilt = not lacking and bool(segments.columns(starter.rule.where) - {*homes.columns, "reach"})
    ready = not lacking and not unbuilt
    if not ready:
        return Offer(starter, lacking, unbuilt, None)
    chosen = homes.chosen(starter.rule)
    return Offer(starter, lacking, unbuilt, len(chosen.places), chosen.lacking())


def find(key: str) -> Starter:
    found = next((starter for starter in STARTERS if starter.key == key), None)
    if found is None:
        raise NotFound("There is no such ready-made segment. Choose one on the page of segments.")
    return found
