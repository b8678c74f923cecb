"""Posters by lot, on both databases: drawn once, kept to, and read from the registers of before and after."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlmodel import SQLModel, select

from campaigns.sharing import lots
from campaigns.sharing.lots import PosterLot, Wanted, deal
from dashboards.published.disclosure import RULE
from dashboards.results.poster_lots import NONE, POSTERS, result
from dashboards.statistics import uplift
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Authority
from engage.foundation.office import Office
from engage.foundation.settings import Settings
from tests.conftest import EAST_STAFFORDSHIRE, START
from tests.dashboards.published.test_outcomes import Town

WARDS = {f"E0500000{n}": f"Ward {n}" for n in range(8)}
FIRST, LAST = date(2026, 6, 1), date(2026, 7, 1)
HOMES = 150  # to a ward


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
    town = Town(office)
    uprns = np.arange(len(WARDS) * HOMES)
    town.keep("households", pd.DataFrame({"uprn": uprns, "ward": np.repeat(list(WARDS), HOMES)}), date(2026, 5, 1))
    town.register({("a", 1)}, date(2026, 5, 1))
    yield town
    office.close()


def drawn(town: Town, starts: date = FIRST, ends: date = LAST, wards: dict[str, str] = WARDS) -> PosterLot:
    return lots.draw(town.office, town.actor, Wanted("Spring", wards, starts, ends))


def joined(lot: PosterLot, homes: dict[str, int]) -> set[tuple[str, int]]:
    """Somebody new in so many homes of each ward."""
    return {(f"new {w} {h}", w * HOMES + h) for w, ward in enumerate(sorted(WARDS)) for h in range(homes[ward])}


def test_from_the_draw_to_what_posters_changed(town: Town) -> None:
    lot = drawn(town)
    assert lot.drawn == deal(WARDS, lot.seed)
    assert (len(lot.drawn), sorted(lot.drawn + lot.waiting)) == (4, sorted(WARDS))
    with town.office.database.reading() as session:
        [entry] = session.exec(select(AuditEntry).where(AuditEntry.act == "draw wards for posters")).all()
        assert (entry.detail["posters"], entry.detail["seed"]) == (lot.drawn, str(lot.seed))
        assert lots.holding([lot], lot.waiting[0], LAST) is lot
        assert lots.holding([lot], lot.drawn[0], LAST) is lots.holding([lot], lot.waiting[0], date(2026, 7, 2)) is None
        with pytest.raises(NotFound):
            lots.find(session, "E07000194", lot.id or 0)
    town.register(joined(lot, dict.fromkeys(WARDS, 3)), date(2026, 6, 20))
    assert result(town.office, town.actor, lot) is None, "not before its last day"
    homes = {ward: 40 + n if ward in lot.drawn else 16 + n for n, ward in enumerate(sorted(WARDS))}
    town.register(joined(lot, homes), LAST)
    town.register(joined(lot, dict.fromkeys(WARDS, 100)), date(2026, 9, 1))
    found = result(town.office, town.actor, lot)
    town.register(set(), LAST)  # imported again: what members saw stays
    with town.office.database.reading() as session:
        again = lots.find(session, EAST_STAFFORDSHIRE, lot.id or 0)
    assert result(town.office, town.actor, again) == found
    assert found
    assert found.as_at == LAST, "the first that holds all of it, not the newest"
    for line in found.wards:
        shown = [RULE.count(HOMES), RULE.count(homes[line.ward]), line.ward in lot.drawn]
        assert [line.side.homes, line.side.registered, line.posters] == shown
    table = pd.concat(
        pd.DataFrame({"arm": POSTERS if w in lot.drawn else NONE, "w": w, "y": [1.0] * n + [0.0] * (HOMES - n)})
        for w, n in ((w, int(RULE.count(n).value or 0)) for w, n in homes.items())
    )
    [arm] = uplift.estimate(table, arm="arm", outcome="y", cluster="w", control=NONE).arms
    assert arm.randomised
    assert arm.randomised.draws == 70, "as so few wards can be dealt"
    points = [round(100 * share, 1) for share in (arm.difference, arm.judged.low, arm.judged.high)]
    assert [found.difference.value, found.low.value, found.high.value] == points
    assert found.headline.endswith("more homes in every 100 had somebody newly registered because of the posters.")


def test_nothing_is_claimed_where_chance_may_have_done_it(town: Town) -> None:
    lot = drawn(town)
    town.register(joined(lot, {ward: 12 + 5 * (n % 3) for n, ward in enumerate(sorted(WARDS))}), LAST)
    found = result(town.office, town.actor, lot)
    assert found
    assert found.headline.startswith("Nobody can say yet whether posters changed anything")


def test_what_cannot_be_drawn_says_why_and_a_draw_is_made_once(town: Town) -> None:
    few = dict(list(WARDS.items())[:7])
    for wanted, words in (
        (Wanted("x", few, FIRST, LAST), "Select 8 wards or more, not 7"),
        (Wanted("x", WARDS, date(2026, 5, 31), LAST), "expected today or later"),
        (Wanted("x", WARDS, FIRST, FIRST), "expected one after the first"),
    ):
        with pytest.raises(InputRefused, match=words):
            lots.draw(town.office, town.actor, wanted)
    drawn(town)
    with pytest.raises(InputRefused, match="a draw is not made twice"):
        drawn(town, starts=LAST, ends=date(2026, 8, 1))
    assert drawn(town, starts=date(2026, 7, 2), ends=date(2026, 8, 1)).id == 2
    assert deal(WARDS, 7) == deal(reversed(list(WARDS)), 7), "whatever the order"
