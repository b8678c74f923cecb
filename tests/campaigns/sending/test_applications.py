"""Homes with applications in progress are left out of a wave, under a word of their own, and not for good."""

from datetime import UTC, date, datetime

import pytest

from campaigns.notify.client import GovukNotify
from campaigns.sending import ledger
from campaigns.worker.work import tick
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from tests.campaigns.council import COUNCIL, Maker, People


def listed(office: Office, as_at: date) -> None:
    staged = office.lake.stage()
    staged.write_bytes(b"a list")
    with office.database.session() as session:
        office.lake.commit(
            session, staged, authority=COUNCIL, kind="applications", as_at=as_at, made_at=office.clock.now(),
            made_by="officer 1", rows=1,
        )  # fmt: skip


def test_a_home_is_passed_over_while_its_applications_are_open(
    office: Office,
    maker: Maker,
    people: People,
    notify: GovukNotify,
    clock: SteppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[date] = []
    homes = {frozenset(range(100000000000, 100000000060))}

    def covered(_office: Office, _authority: str, day: date) -> frozenset[int]:
        asked.append(day)
        return next(iter(homes))

    monkeypatch.setattr("segments.homes.applications.covered", covered)
    campaign = maker.launched(60)
    listed(office, date(2026, 6, 2))
    tick(office, notify)
    status = ledger.status(office, people.planner, campaign.id or 0)
    assert status.dropped_for == {"application in progress": status.planned}
    assert set(asked) == {date(2026, 6, 3)}, "asked once a day"
    homes = {frozenset()}
    listed(office, date(2026, 6, 16))
    clock.move_to(datetime(2026, 6, 17, 9, tzinfo=UTC))
    tick(office, notify)
    status = ledger.status(office, people.planner, campaign.id or 0)
    assert status.accepted > 0, "a later wave writes to whoever is still missing"
    assert set(status.dropped_for) == {"application in progress"}


def test_without_a_list_nothing_is_asked(
    office: Office, maker: Maker, people: People, notify: GovukNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def covered(*_: object) -> frozenset[int]:
        pytest.fail("there is no list")

    monkeypatch.setattr("segments.homes.applications.covered", covered)
    campaign = maker.launched(60)
    tick(office, notify)
    assert ledger.status(office, people.planner, campaign.id or 0).accepted > 0


def test_an_application_between_planning_and_sending(
    office: Office, maker: Maker, people: People, notify: GovukNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.sending import waves

    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    listed(office, date(2026, 6, 3))
    monkeypatch.setattr("segments.homes.applications.covered", lambda *_: frozenset(range(100000000000, 100000000060)))
    tick(office, notify)
    status = ledger.status(office, people.planner, campaign.id or 0)
    assert (status.accepted, set(status.dropped_for)) == (0, {"application in progress"})
