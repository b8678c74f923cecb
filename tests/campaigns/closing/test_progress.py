"""What a campaign's page says of how sending goes on, and what stops it for everybody."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from campaigns.approval import control
from campaigns.closing.progress import Progress, progress
from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import Ambiguous, DailyLimitReached, KeyRejected
from campaigns.notify.pace import Pacer
from campaigns.records.models import CampaignState, MessageState
from campaigns.sending import ledger, waves
from campaigns.sending.dispatch import Dispatcher
from campaigns.worker.work import Work
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from tests.campaigns.council import START, WARDS, Maker, People, watched
from tests.campaigns.sending.test_sending import Faulty, check, messages


def shown(office: Office, people: People, number: int | None) -> Progress:
    return progress(office, people.planner, number or 0)


def test_what_may_leave_and_until_when(office: Office, maker: Maker, people: People, clock: SteppedClock) -> None:
    office.settings.notify_pace = 40
    campaign = maker.launched(240)
    waves.plan_due(office, campaign.id or 0)
    assert shown(office, people, campaign.id).ready_by is None, "as no worker is running"
    watched(office)
    now = shown(office, people, campaign.id)
    assert (now.ready, now.held, now.ready_by) == (80, 0, START + timedelta(seconds=2))
    assert now.ward_names == {ward: f"Ward {number}" for number, ward in enumerate(WARDS)}
    clock.move_to(datetime(2026, 6, 3, 21, tzinfo=UTC))
    night = shown(office, people, campaign.id)
    assert (night.ready, night.held, night.held_until) == (0, 80, datetime(2026, 6, 4, 7, tzinfo=UTC))
    control.pause(office, people.planner, campaign.id or 0)
    clock.move_to(START)
    paused = shown(office, people, campaign.id)
    assert (paused.ready, paused.held, paused.held_until) == (0, 80, None)


def test_what_is_unknown_and_until_when(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60)
    lost = Ambiguous("ReadTimeout")
    Work(office, Faulty(notify, lost, lost)).tick()
    unknown = shown(office, people, campaign.id).unknown
    assert unknown is not None
    assert (unknown.count, unknown.next_look) == (2, START + timedelta(minutes=1))
    assert unknown.settled_by == START + timedelta(minutes=4)
    clock.advance(timedelta(minutes=1))
    Work(office, notify).tick()
    unknown = shown(office, people, campaign.id).unknown
    assert unknown is not None
    assert unknown.next_look == unknown.settled_by == START + timedelta(minutes=4)
    clock.move_to(unknown.settled_by)
    Work(office, notify).tick()
    Work(office, notify).tick()  # the second look planned them again
    assert shown(office, people, campaign.id).unknown is None
    assert check(office, people, campaign).accepted == 20


def test_the_days_allowance_is_of_all_campaigns_and_begins_at_midnight_utc(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    first, _second = maker.launched(60), maker.launched(60)
    Work(office, notify).tick()
    used = {each.channel: (each.used, each.left) for each in shown(office, people, first.id).allowances}
    assert used == {"email": (20, 249_980), "sms": (20, 249_980), "letter": (0, 20_000)}
    clock.move_to(datetime(2026, 6, 4, 0, 0, 1, tzinfo=UTC))
    assert {each.used for each in shown(office, people, first.id).allowances} == {0}


def test_a_refused_key_stops_every_campaign(office: Office, maker: Maker, people: People, notify: GovukNotify) -> None:
    first, second = maker.launched(60), maker.launched(60)
    refused = KeyRejected("AuthError", "Error: Your system clock must be accurate to within 30 seconds", 403)
    Dispatcher(office, Faulty(notify, *[refused] * 60)).send_batch(planned(office, first.id))
    for campaign in (first, second):
        status = ledger.status(office, people.planner, campaign.id or 0)
        assert status.state == CampaignState.paused
        assert "refused our API key (AuthError: Error: Your system clock" in status.reason
    assert Work(office, notify).tick() == {}, "nothing leaves before an officer resumes"


def test_a_days_limit_holds_its_channel_in_every_campaign(office: Office, maker: Maker, notify: GovukNotify) -> None:
    first, second = maker.launched(60), maker.launched(60)
    planned(office, second.id)
    limit = DailyLimitReached("TooManyRequestsError", "", 429)
    Dispatcher(office, Faulty(notify, *[limit] * 60), threads=1).send_batch(planned(office, first.id))
    held = {m.campaign_id for m in messages(office) if m.not_before == datetime(2026, 6, 4, tzinfo=UTC)}
    assert held == {first.id, second.id}


def planned(office: Office, campaign_id: int | None) -> int:
    waves.plan_due(office, campaign_id or 0)
    return campaign_id or 0


class Gate(Pacer):
    """Lets so many pass; the others wait until they are called off, which nothing but a pause or a stop does."""

    def __init__(self, passes: int, then: Callable[[], object]) -> None:
        super().__init__(1000)
        self.left, self.then, self.mutex = passes, then, threading.Lock()

    def wait(self, halted: Callable[[], bool] = lambda: False) -> bool:
        with self.mutex:
            self.left -= 1
            if self.left == 0:
                self.then()
            if self.left >= 0:
                return True
        while not halted():
            time.sleep(0.01)
        return False


def test_a_pause_calls_off_what_waits_for_its_turn(
    office: Office, maker: Maker, people: People, notify: GovukNotify
) -> None:
    campaign = maker.launched(60)
    number = planned(office, campaign.id)
    gate = Gate(3, lambda: control.pause(office, people.planner, number))
    sent = Dispatcher(office, notify, pacer=gate).send_batch(number)
    assert sent == {MessageState.accepted: 3, MessageState.planned: 17}
    assert {m.attempts for m in messages(office) if m.state == MessageState.planned} == {0}
