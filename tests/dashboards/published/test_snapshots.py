"""What was published stays as it was: a second import of one day, one elector more, tells nobody who it is."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd
import pytest
from sqlmodel import select

from campaigns.records.models import Campaign
from dashboards.published import exports, figures
from dashboards.published.figures import Figures, published
from engage.foundation.lake import Snapshot, current
from engage.foundation.office import Office
from segments.missing import gap
from tests.dashboards.conftest import Council
from tests.dashboards.published.test_outcomes import BASELINE, CODE, ENDS, Town

HOMES = 400


@pytest.fixture
def place(office: Office) -> Town:
    return Town(office)


def launched(place: Town) -> int:
    """A campaign over 400 homes, half of them reminded."""
    made = place.campaign(
        {n: "now" if n % 2 else "later" for n in range(1, HOMES + 1)}, place.register(set(), BASELINE)
    )
    frame = pd.DataFrame({
        "uprn": range(1, HOMES + 1), "ward": "W1", "arm": ["now" if n % 2 else "later" for n in range(1, HOMES + 1)],
        "kind": "house", "electors": 0, "email_contact": "x", "sms_contact": None, "letter": True,
    })  # fmt: skip
    audience = place.keep("audience", frame, BASELINE)
    with place.office.database.session() as session:
        session.get_one(Campaign, made).audience_snapshot = audience
    return made


def joined(reminded: int, others: int = 20) -> set[tuple[str, int]]:
    return {(f"n{n}", 2 * n + 1) for n in range(reminded)} | {(f"l{n}", 2 * n + 2) for n in range(others)}


def trial(place: Town) -> figures.Trial:
    return published(place.office, CODE).trials[0]


def counts(place: Town) -> tuple[str, str]:
    found = trial(place).finding
    assert found
    return found.reminded.registered.text, found.comparison.registered.text


def another_process(place: Town) -> None:
    """Which has nothing in memory."""
    figures._KNOWN.pop(place.office, None)


def test_one_elector_more_on_the_same_day_changes_nothing(place: Town) -> None:
    launched(place)
    place.register(joined(32), ENDS)
    first = trial(place)
    assert counts(place) == ("30", "20")
    place.register(joined(33), ENDS)
    assert trial(place) == first, "33 would be shown as 35"
    another_process(place)
    assert trial(place) == first
    assert exports.as_json(published(place.office, CODE))["campaigns"][0]["whole"]["reminded"]["registered"] == 30


@pytest.mark.parametrize(
    "later", [ENDS, ENDS + timedelta(1), ENDS + timedelta(40)], ids=["the day itself", "the next day", "weeks later"]
)
def test_a_closed_campaign_is_published_once(place: Town, later: date) -> None:
    """Neither a correction, nor a register that comes after but is of an earlier day, nor one of weeks later."""
    launched(place)
    place.register(joined(32), ENDS + timedelta(2))
    first = trial(place)
    place.register(joined(60, 50), later)
    assert trial(place) == first
    another_process(place)
    assert trial(place) == first


def test_nothing_is_published_before_the_window_closes(place: Town) -> None:
    """Two looks at one campaign would show what one home did between them."""
    launched(place)
    place.register(joined(12), ENDS - timedelta(9))
    assert (trial(place).finding, trial(place).headline) == (
        None, "What the reminders changed is shown once, from the first register of 15 July 2026 or later."
    )  # fmt: skip
    place.register(joined(32), ENDS)
    assert counts(place) == ("30", "20")


def test_what_was_never_published_is_not_held(place: Town) -> None:
    launched(place)
    place.register(joined(32), ENDS)
    place.register(joined(33), ENDS)
    assert counts(place) == ("35", "20"), "the second came before anybody looked"


def test_an_import_that_is_undone_takes_back_what_it_published(place: Town) -> None:
    """A wrong file is put right by an act that is in the audit log, not by another file."""
    launched(place)
    wrong = place.register(joined(32), ENDS)
    trial(place)
    place.register(joined(60), ENDS)
    assert counts(place) == ("30", "20")
    with place.office.database.session() as session:
        session.get_one(Snapshot, wrong).undone_at = place.office.clock.now()
    assert counts(place) == ("60", "20")


def test_a_register_put_right_by_one_home_publishes_nothing_new(place: Town) -> None:
    launched(place)
    wrong = place.register(joined(32), ENDS)
    first = trial(place)
    with place.office.database.session() as session:
        session.get_one(Snapshot, wrong).undone_at = place.office.clock.now()
    place.register(joined(33), ENDS)
    assert trial(place) == first, "33 would be shown as 35"


def test_a_campaign_is_called_by_its_name_of_today(place: Town) -> None:
    number = launched(place)
    place.register(joined(32), ENDS)
    first = trial(place)
    with place.office.database.session() as session:
        session.get_one(Campaign, number).name = "Spring"
    assert trial(place).name == "Spring"
    assert trial(place).finding == first.finding


def test_it_is_one_file_for_each_council_campaign_and_day(place: Town) -> None:
    number = launched(place)
    place.register(joined(31), ENDS)
    for _ in range(3):
        trial(place)
        another_process(place)
    with place.office.database.session() as session:
        kept = session.exec(select(Snapshot).where(Snapshot.kind == "published")).all()
        names = [f"{what}campaign {number}" for what in ("", "course of ", "cost of ")]
        assert [(one.authority, one.name, one.as_at) for one in kept] == [(CODE, name, ENDS) for name in names]
        text = place.office.lake.file(kept[0]).read_text()
    assert '"value": 30' in text
    assert "31" not in text, "no exact count is in the file"


@pytest.fixture
def again(council: Council) -> Iterator[Figures]:
    """A second register of the newest day, with electors more in one ward; taken away afterwards."""
    first = published(council.office, council.code)
    with council.office.database.session() as session:
        newest = current(session, council.code, "households")
        assert newest
        homes = pd.read_parquet(council.office.lake.file(newest))
        rows = homes.index[homes["ward"] == homes["ward"].iloc[0]][:60]
        homes.loc[rows, "electors"] += 1
        staged = council.office.lake.stage()
        homes.to_parquet(staged, index=False)
        more = council.office.lake.commit(
            session, staged, authority=council.code, kind="households", as_at=newest.as_at, rows=len(homes),
            made_at=council.office.clock.now(), made_by="officer 1", report=newest.report,
        ).id  # fmt: skip
    yield first
    with council.office.database.session() as session:
        session.get_one(Snapshot, more).undone_at = council.office.clock.now()


def test_completeness_of_a_day_is_published_once(council: Council, again: Figures) -> None:
    before = again.whole.registered.value or 0
    assert gap.overall(council.office, council.code).registered > before + 20, "officers see it at once"
    assert published(council.office, council.code) == again
    figures._KNOWN.pop(council.office)
    assert published(council.office, council.code) == again


def test_a_new_census_table_restates_places_and_not_the_register(council: Council, again: Figures) -> None:
    """Figures are then made anew, from the register of that day that was published. Of its entries those that name
    nobody are taken to be the share that they are of the newest, which may move a figure to the next multiple of 5."""
    with council.office.database.session() as session:
        table = session.exec(select(Snapshot).where(Snapshot.kind == "indicator")).first()
        assert table
        same = {name: getattr(table, name) for name in Snapshot.model_fields if name != "id"}
        renewed = Snapshot(**same)
        session.add(renewed)
        session.flush()
        number = renewed.id
    found = published(council.office, council.code)
    assert found is not again
    for now, before in zip([found, *found.pasts], [again, *again.pasts], strict=True):
        shown, was = now.whole.registered.value or 0, before.whole.registered.value or 0
        assert abs(shown - was) <= 5, "the second register has 60 electors more"
    with council.office.database.session() as session:
        session.delete(session.get_one(Snapshot, number))
