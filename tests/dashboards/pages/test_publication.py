"""Pages show what was published whole: the last that stands until the new is complete, through restarts and undos."""

import threading
from collections.abc import Callable

import pytest
from sqlmodel import select

from dashboards.pages import publication
from dashboards.pages.publication import publish, shown
from dashboards.published import figures
from dashboards.published.cautions import cautions
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from tests.dashboards.published.test_outcomes import CODE, ENDS, Town
from tests.dashboards.published.test_snapshots import joined, launched


@pytest.fixture
def place(office: Office, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(publication, "PATIENCE", 0.0)
    return Town(office)


def restarted(office: Office) -> None:
    publication._HELD.pop(office, None)
    figures._KNOWN.pop(office, None)


def undo(place: Town, number: int) -> None:
    with place.office.database.session() as session:
        session.get_one(Snapshot, number).undone_at = place.office.clock.now()


def held_up(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Nothing is worked out until what this gives is called."""
    go, work = threading.Event(), figures.published

    def slowly(office: Office, authority: str) -> figures.Figures:
        assert go.wait(30)
        return work(office, authority)

    monkeypatch.setattr(figures, "published", slowly)
    return go.set


def test_the_last_is_shown_until_the_new_is_complete(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    office = place.office
    launched(place)
    release = held_up(monkeypatch)
    first = shown(office, CODE)
    assert (first.headline, first.trials) == (publication.UNREADY, ()), "nothing is shown before it is complete"
    release()
    assert office.background.wait(30)
    before = shown(office, CODE)
    assert [trial.finding for trial in before.trials] == [None]
    assert shown(office, CODE) is before
    closing = place.register(joined(32), ENDS)
    release = held_up(monkeypatch)
    behind = shown(office, CODE)
    assert behind.trials == before.trials
    assert cautions(behind)[0].startswith("These are the figures as they were published on 1 June 2026.")
    restarted(office)
    assert shown(office, CODE).trials == before.trials, "in a new process too"
    release()
    assert office.background.wait(30)
    after = shown(office, CODE)
    assert (after.trials[0].effect.shown, after.behind) == (True, "")
    restarted(office)
    held_up(monkeypatch)
    assert shown(office, CODE) == after, "read, and not worked out again"
    undo(place, closing)
    assert shown(office, CODE).trials == before.trials, "what an undone import published is taken back at once"


def test_what_went_wrong_is_tried_again_and_done_by_one_alone(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    office = place.office
    launched(place)
    work, tries = figures.published, list[str]()

    def failing(office: Office, authority: str) -> figures.Figures:
        tries.append(authority)
        if len(tries) == 1:
            raise OSError
        return work(office, authority)

    monkeypatch.setattr(figures, "published", failing)
    with publication._alone(office, CODE):
        publish(office, CODE)
    assert tries == [], "another process is at it"
    for _ in range(3):
        publication.look(office)
        assert office.background.wait(30)
    assert tries.count(CODE) == 2
    for name in ("Autumn", "Winter", "Spring", "Summer", "Autumn"):
        with office.database.session() as session:
            session.exec(select(figures.Campaign)).one().name = name
        publish(office, CODE)
    with office.database.session() as session:
        kept = session.exec(select(Snapshot).where(Snapshot.kind == publication.KIND)).all()
    assert len([one for one in kept if one.authority == CODE]) == publication.KEPT
    assert all(office.lake.file(one).exists() for one in kept)
