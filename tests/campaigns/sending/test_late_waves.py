"""A wave that could not leave on its day waits for an officer, unless its plan says that it may catch up."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from campaigns.approval import control
from campaigns.notify.client import GovukNotify
from campaigns.records.models import Campaign, CampaignState, Wave
from campaigns.sending import ledger, waves
from campaigns.sending.dispatch import Dispatcher
from campaigns.worker.work import tick
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SendBlocked
from engage.foundation.office import Office
from tests.campaigns.council import KEY, Maker, People
from tests.campaigns.sending.test_sending import check

NEXT_DAY = datetime(2026, 6, 4, 9, tzinfo=UTC)


def standing(office: Office, people: People, campaign: Campaign) -> tuple[str, int, int]:
    status = ledger.status(office, people.planner, campaign.id or 0)
    return status.state, status.accepted, status.waiting


def test_no_worker_on_its_day(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60)
    clock.move_to(NEXT_DAY)
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.paused, 0, 0)
    assert "wave 1 (3 June 2026)" in check(office, people, campaign).reason
    control.resume(office, people.planner, campaign.id or 0)
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 20, 0)
    clock.move_to(datetime(2026, 6, 17, 9, tzinfo=UTC))
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 50, 0), "the next leaves on its day"


def test_planned_but_nothing_left_all_day(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    tick(office, GovukNotify(KEY, "http://127.0.0.1:9"))
    clock.move_to(NEXT_DAY)
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.paused, 0, 20)
    control.resume(office, people.planner, campaign.id or 0)
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 20, 0)


@pytest.mark.parametrize("planned", [True, False])
def test_a_plan_that_catches_up_needs_nobody(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock, planned: bool
) -> None:
    campaign = maker.launched(60, catch_up=True)
    if planned:
        waves.plan_due(office, campaign.id or 0)
    clock.move_to(NEXT_DAY)
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 20, 0)


def test_what_had_begun_goes_on_the_day_after(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    Dispatcher(office, notify, batch=5).send_batch(campaign.id or 0)
    clock.move_to(NEXT_DAY)
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 20, 0)


def test_a_wave_for_a_quiet_day_leaves_on_the_next(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    sunday = [{"channels": ["email"], "send_on": "2026-06-07", "arms": ["everyone"]}]
    campaign = maker.launched(60, arms={"everyone": 1.0}, comparison="", waves=sunday)
    clock.move_to(datetime(2026, 6, 7, 11, tzinfo=UTC))
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 0, 20)
    clock.move_to(datetime(2026, 6, 8, 9, tzinfo=UTC))
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 20, 0)


def test_launched_in_the_evening_it_leaves_in_the_morning(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    clock.move_to(datetime(2026, 6, 3, 20, tzinfo=UTC))
    campaign = maker.launched(60)
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 0, 20)
    clock.move_to(NEXT_DAY)
    tick(office, notify)
    assert standing(office, people, campaign) == (CampaignState.launched, 20, 0)


def test_a_wave_whose_every_message_was_dropped_is_not_late(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    campaign = maker.launched(60)
    with monkeypatch.context() as patch:
        patch.setattr("campaigns.sending.guard.Guard.registered_since", lambda _self, _uprn: True)
        waves.plan_due(office, campaign.id or 0)
    clock.advance(timedelta(days=1))
    tick(office, notify)
    assert check(office, people, campaign).state == CampaignState.launched


def test_nobody_launches_late(office: Office, maker: Maker, people: People, clock: SteppedClock) -> None:
    campaign = maker.submitted(60)
    maker.approve(campaign.id or 0)
    control.launch(office, people.planner, campaign.id or 0)
    with office.database.session() as session:
        assert {wave.released_at for wave in session.exec(select(Wave))} == {None}
    second = maker.submitted(60)
    maker.approve(second.id or 0)
    clock.move_to(NEXT_DAY)
    with pytest.raises(SendBlocked, match="Wave 1 was to leave on 3 June 2026, which has passed"):
        control.launch(office, people.planner, second.id or 0)
