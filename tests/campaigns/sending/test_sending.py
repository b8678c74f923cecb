import csv
import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from campaigns.approval import control, decisions
from campaigns.closing import progress
from campaigns.messages.wording import FIELDS, values
from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import Ambiguous, DailyLimitReached, NotSent, RateLimited, RecipientRefused, SendFault
from campaigns.notify.messages import Accepted, Outgoing
from campaigns.notify.stand_in import Running
from campaigns.plan import audience
from campaigns.plan.plan import read
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState, Message, MessageState, Wave
from campaigns.sending import ledger, settlement, waves
from campaigns.sending.dispatch import Dispatcher, Patience
from campaigns.sending.guard import Guard
from campaigns.worker.work import tick
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SendBlocked
from engage.foundation.identity import FormerCode
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.safeguards.suppression import suppress_contact, suppress_household
from tests.campaigns.council import COUNCIL, KEY, START, TEMPLATES, Maker, People, plan

MINUTE = timedelta(minutes=1)


def messages(office: Office) -> list[Message]:
    with office.database.session() as session:
        return list(session.exec(select(Message).order_by(col(Message.id))))


def check(office: Office, people: People, campaign: Campaign) -> ledger.Status:
    status = ledger.status(office, people.planner, campaign.id or 0)
    for part in (status, *status.waves.values(), *status.channels.values(), *status.wards.values()):
        assert part.balanced
    for parts in (status.waves, status.channels, status.wards):
        assert sum(part.planned for part in parts.values()) == status.planned
    assert sum(status.dropped_for.values()) == status.dropped
    assert sum(status.failed_for.values()) == status.failed
    return status


class Faulty:
    """The real client, with faults before or after the message was sent."""

    def __init__(self, real: GovukNotify, *faults: SendFault | None, after: bool = False) -> None:
        self.real, self.faults, self.after = real, list(faults), after
        self.find, self.sweep, self.status = real.find, real.sweep, real.status
        self.templates, self.preview, self.received_texts = real.templates, real.preview, real.received_texts

    def send(self, message: Outgoing) -> Accepted:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and not self.after:
            raise fault
        accepted = self.real.send(message)
        if fault is not None:
            raise fault
        return accepted


def test_a_whole_campaign(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(120)
    assert (
        tick(office, notify)[MessageState.accepted] == 40
    )  # of 60 homes reminded now, 20 have neither email nor mobile
    status = check(office, people, campaign)
    assert (status.planned, status.accepted, status.waiting) == (40, 40, 0)
    assert not tick(office, notify), "a second look sends nothing again"
    clock.advance(10 * MINUTE)
    tick(office, notify)
    assert check(office, people, campaign).delivered == 40
    for moment in (
        datetime(2026, 6, 17, 9, tzinfo=UTC),
        datetime(2026, 7, 16, 9, tzinfo=UTC),
        datetime(2026, 7, 30, 9, tzinfo=UTC),
    ):
        clock.move_to(moment)
        tick(office, notify)
    status = check(office, people, campaign)
    assert [part.planned for part in status.waves.values()] == [40, 60, 40, 60]
    assert (status.planned, status.accepted) == (200, 200)
    clock.advance(timedelta(days=15))
    tick(office, notify)
    assert lookup.campaign(office, people.planner, campaign.id or 0).state == CampaignState.completed
    summary = post.state.summary()
    assert (summary["total"], summary["references"], summary["duplicates"]) == (200, 200, {})


def test_what_a_message_says(office: Office, maker: Maker, post: Running, notify: GovukNotify) -> None:
    maker.launched(6, poll_date="2027-05-06")
    tick(office, notify)
    first = next(message for message in messages(office) if message.channel == "email")
    [row] = post.state.store.by_reference[first.reference]
    assert row.recipient == office.keys.decrypt(first.recipient)
    assert first.recipient != row.recipient


def test_a_message_says_which_record_its_contact_came_from(office: Office, maker: Maker) -> None:
    campaign = maker.launched(30)
    with office.database.session() as session:
        found = session.get_one(Campaign, campaign.id)
        path = lookup.audience_file(office, session, found)
        homes = audience.Directory(path).of([100000000000, 100000000001])
    assert homes[100000000000].sources["email"] == "Garden waste"
    assert homes[100000000001].sources == {"email": "", "sms": "Council tax"}
    row = SimpleNamespace(channel="email", reference="r")
    said = values(office, "Council", read(plan()), None, row, "Garden waste")
    assert said["contact source"] == "the council's records (Garden waste)"


def test_contacts_leave_the_database_encrypted(office: Office, maker: Maker, notify: GovukNotify) -> None:
    maker.launched(30)
    tick(office, notify)
    for message in messages(office):
        assert "@" not in message.recipient
        assert "7700900" not in message.recipient
        assert str(message.uprn) not in message.reference


def test_the_assignment_says_who_was_contacted_first(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60)
    tick(office, notify)
    clock.move_to(datetime(2026, 6, 17, 9, tzinfo=UTC))
    tick(office, notify)
    out = io.StringIO()
    ledger.export_assignment(office, people.planner, campaign.id or 0, out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    counted = Counter((row["arm"], row["contacted_on"], row["channel"]) for row in rows)
    assert counted == {
        ("reminded now", "2026-06-03", "email"): 10,
        ("reminded now", "2026-06-03", "sms"): 10,
        ("reminded now", "2026-06-17", "letter"): 10,
        ("reminded later", "", ""): 30,
    }
    out = io.StringIO()
    assert ledger.export_ledger(office, people.planner, campaign.id or 0, out) == 50
    assert "@" not in out.getvalue()


def test_planning_twice_adds_nothing(office: Office, maker: Maker) -> None:
    campaign = maker.launched(90)
    assert waves.plan_due(office, campaign.id or 0) == 30
    with office.database.session() as session:
        wave = session.exec(select(Wave).where(Wave.number == 1)).one()
        wave.planned_at = None  # as a crash before the last commit leaves it
        for message in session.exec(select(Message).limit(12)):
            session.delete(message)
    assert waves.plan_due(office, campaign.id or 0) == 12
    assert len({message.uprn for message in messages(office)}) == len(messages(office)) == 30


def test_a_household_gets_one_message_though_its_contact_was_suppressed_between(office: Office, maker: Maker) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    both = next(m for m in messages(office) if m.channel == "email" and (m.uprn - 100000000000) % 6 == 0)
    with office.database.session() as session:
        suppress_contact(session, office, COUNCIL, "email", both.contact, "undeliverable", "receipt")
        session.exec(select(Wave).where(Wave.number == 1)).one().planned_at = None
    assert waves.plan_due(office, campaign.id or 0) == 0
    assert [m.channel for m in messages(office) if m.uprn == both.uprn] == ["email"]


def test_the_next_best_contact_is_used(office: Office, maker: Maker) -> None:
    campaign = maker.submitted(60)
    with office.database.session() as session:
        for n in range(0, 60, 6):
            suppress_contact(
                session,
                office,
                COUNCIL,
                "email",
                office.keys.contact("email", f"household-{n}@example.org"),
                "undeliverable",
                "receipt",
            )
            suppress_household(session, office, COUNCIL, 100000000000 + n + 3, "asked to stop", "resident")
    decisions.approve(office, maker.people.approver, campaign.id or 0)
    control.launch(office, maker.people.planner, campaign.id or 0)
    waves.plan_due(office, campaign.id or 0)
    kinds = Counter(((m.uprn - 100000000000) % 6, m.channel, m.state, m.reason) for m in messages(office))
    assert set(kinds) == {
        (0, "sms", "planned", ""),
        (3, "email", "dropped", "suppressed"),
        (1, "sms", "planned", ""),
        (4, "sms", "planned", ""),
    }


def test_what_changes_between_planning_and_sending(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    one, two, *_ = messages(office)
    with office.database.session() as session:
        suppress_household(session, office, COUNCIL, one.uprn, "asked to stop", "resident")
    monkeypatch.setattr(Guard, "registered_since", lambda self, uprn: uprn == two.uprn)
    tick(office, notify)
    status = check(office, people, campaign)
    assert status.dropped_for == {"suppressed": 1, "registered since": 1}
    assert (status.accepted, post.state.summary()["total"]) == (18, 18)


def test_nothing_leaves_after_the_deadline(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    # Twelve working days before 25 June 2026 is 9 June; the letters of 17 June come too late.
    campaign = maker.launched(60, poll_date="2026-06-25", catch_up=True)
    clock.move_to(datetime(2026, 6, 9, 22, 59, tzinfo=UTC))  # a minute to midnight, but in the quiet hours
    assert not tick(office, notify)[MessageState.accepted]
    clock.advance(MINUTE)
    tick(office, notify)
    assert check(office, people, campaign).dropped_for == {}
    clock.move_to(datetime(2026, 6, 17, 9, tzinfo=UTC))
    tick(office, notify)
    status = check(office, people, campaign)
    assert status.dropped_for == {"expired": 50}
    assert status.accepted == 0


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 6, 3, 6, 59, tzinfo=UTC),
        datetime(2026, 6, 3, 19, tzinfo=UTC),
        datetime(2026, 6, 7, 11, tzinfo=UTC),
        datetime(2026, 8, 31, 11, tzinfo=UTC),
    ],
)
def test_quiet_hours(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock, moment: datetime
) -> None:
    campaign = maker.launched(30)
    clock.move_to(moment)
    tick(office, notify)
    for channel, part in check(office, people, campaign).channels.items():
        assert part.accepted == (part.planned if channel == "letter" else 0)


def test_the_frequency_cap(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    daily = [{"channels": ["email"], "send_on": f"2026-06-{day:02}", "arms": ["reminded now"]} for day in (3, 4, 5, 8)]
    later = [{"channels": ["letter"], "send_on": "2026-08-01", "arms": ["reminded later"]}]
    campaign = maker.launched(30, waves=daily + later)
    for day in (3, 4, 5, 8):
        clock.move_to(datetime(2026, 6, day, 9, tzinfo=UTC))
        tick(office, notify)
    status = check(office, people, campaign)
    assert [(part.accepted, part.dropped) for part in status.waves.values()] == [(5, 0), (5, 0), (5, 0), (0, 5), (0, 0)]
    assert status.dropped_for == {"frequency cap": 5}


def test_pause_and_stop_hold_what_is_queued(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify
) -> None:
    campaign = maker.launched(60)
    number = campaign.id or 0
    waves.plan_due(office, number)
    control.pause(office, people.planner, number)
    tick(office, notify)
    assert check(office, people, campaign).waiting == 20
    control.resume(office, people.planner, number)
    Dispatcher(office, notify, batch=5).send_batch(number)
    assert check(office, people, campaign).accepted == 5
    control.stop(office, people.planner, number, reason="Enough")
    tick(office, notify)
    status = check(office, people, campaign)
    assert status.waiting == 0
    assert status.accepted == post.state.summary()["total"]


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (RateLimited("RateLimitError", "", 429), timedelta(0)),
        (NotSent("ConnectTimeout"), timedelta(seconds=31)),
        (DailyLimitReached("TooManyRequestsError", "", 429), timedelta(hours=24)),
    ],
)
def test_faults_that_pass(
    office: Office,
    maker: Maker,
    people: People,
    post: Running,
    notify: GovukNotify,
    clock: SteppedClock,
    fault: SendFault,
    again: timedelta,
) -> None:
    campaign = maker.launched(60)
    patience = Patience(too_fast=0.01)
    tick(office, Faulty(notify, fault), patience=patience)
    if again:
        assert check(office, people, campaign).waiting > 0
        assert not tick(office, notify, patience=patience)[MessageState.failed]
    clock.advance(again)
    tick(office, notify, patience=patience)
    assert check(office, people, campaign).accepted == 20
    assert post.state.summary()["duplicates"] == {}


def test_a_daily_limit_closes_its_channel_until_midnight_utc(office: Office, maker: Maker, notify: GovukNotify) -> None:
    maker.launched(60)
    tick(office, Faulty(notify, DailyLimitReached("TooManyRequestsError", "", 429)))
    held = [m for m in messages(office) if m.state == MessageState.planned]
    assert held
    assert {m.not_before for m in held} == {datetime(2026, 6, 4, tzinfo=UTC)}
    assert len({m.channel for m in held}) == 1


def test_a_refused_message_fails_and_is_not_tried_again(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify
) -> None:
    campaign = maker.launched(60)
    refused = RecipientRefused("ValidationError", "phone_number Not enough digits", 400)
    tick(office, Faulty(notify, *[refused] * 10))
    tick(office, notify)
    status = check(office, people, campaign)
    assert (status.failed, status.accepted, status.state) == (10, 10, CampaignState.launched)
    [reason] = status.failed_for
    assert "Not enough digits" in reason
    assert {m.attempts for m in messages(office)} == {1}


def test_a_rejected_key_pauses_the_campaign(office: Office, maker: Maker, people: People, post: Running) -> None:
    campaign = maker.launched(60)
    tick(office, GovukNotify(KEY[:-1] + ("0" if KEY[-1] != "0" else "1"), post.base_url))
    status = check(office, people, campaign)
    assert (status.state, status.waiting, status.planned) == (CampaignState.paused, 20, 20)
    assert "refused our API key" in status.reason
    control.resume(office, people.planner, campaign.id or 0)
    tick(office, GovukNotify(KEY, post.base_url))
    assert check(office, people, campaign).accepted == 20


@pytest.mark.parametrize("stored", [True, False])
def test_an_ambiguous_send_is_settled_by_reference(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock, stored: bool
) -> None:
    campaign = maker.launched(60)
    lost = Ambiguous("ReadTimeout")
    tick(office, Faulty(notify, lost, lost, lost, after=stored))
    status = check(office, people, campaign)
    assert (status.unknown, status.accepted, status.waiting) == (3, 17, 3)
    clock.advance(59 * timedelta(seconds=1))
    tick(office, notify)
    assert check(office, people, campaign).unknown == 3, "nobody asks before a minute has passed"
    clock.advance(timedelta(seconds=1))
    tick(office, notify)
    if not stored:
        assert check(office, people, campaign).unknown == 3, "one look that finds nothing proves nothing"
        clock.advance(3 * MINUTE)
        tick(office, notify)  # the second look plans them again
        tick(office, notify)
    assert check(office, people, campaign).accepted == 20
    summary = post.state.summary()
    assert (summary["total"], summary["duplicates"]) == (20, {})


def test_a_message_found_twice_is_an_incident(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60)
    twice = Faulty(notify, Ambiguous("ReadTimeout"), after=True)
    tick(office, twice)
    [unknown] = [m for m in messages(office) if m.state == MessageState.unknown]
    [row] = post.state.store.by_reference[unknown.reference]
    notify.send(
        Outgoing(
            unknown.channel,
            unknown.template,
            unknown.reference,
            dict.fromkeys(FIELDS, "x"),
            row.recipient,
        )
    )  # type: ignore[arg-type]
    clock.advance(MINUTE)
    tick(office, notify)
    status = check(office, people, campaign)
    assert (status.accepted, status.duplicates) == (20, 1)


def test_what_notify_may_have_forgotten_is_left_to_an_officer(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60)
    tick(office, Faulty(notify, Ambiguous("ReadTimeout"), after=True))
    clock.advance(timedelta(days=8))
    tick(office, notify)
    assert check(office, people, campaign).failed_for == {settlement.NOT_CONFIRMED: 1}


@pytest.mark.parametrize("again", [True, False])
def test_a_letter_that_notify_never_had_is_decided_on_by_a_person(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock, again: bool
) -> None:
    campaign = maker.launched(60)
    number = campaign.id or 0
    clock.move_to(datetime(2026, 6, 17, 9, tzinfo=UTC))
    with office.database.session() as session:  # only the letters
        session.exec(select(Wave).where(Wave.number == 1)).one().planned_at = clock.now()
    tick(office, Faulty(notify, Ambiguous("ReadTimeout")))
    clock.advance(MINUTE)
    tick(office, notify)
    clock.advance(29 * MINUTE)
    tick(office, notify)
    with pytest.raises(SendBlocked, match="No letter"):  # letters wait longer between the looks
        settlement.decide(office, people.planner, number, again=again)
    for _ in range(3):
        clock.advance(31 * MINUTE)
        tick(office, notify)
    status = check(office, people, campaign)
    assert (status.accepted, status.unknown) == (29, 1), "never sent again by itself"
    assert progress.progress(office, people.planner, number).undecided == 1
    settlement.decide(office, people.planner, number, again=again)
    tick(office, notify)
    status = check(office, people, campaign)
    assert (status.accepted, status.failed, status.unknown) == ((30, 0, 0) if again else (29, 1, 0))
    assert progress.progress(office, people.planner, number).undecided == 0


def test_a_letter_found_late_needs_no_decision(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    campaign = maker.launched(60, templates={"letter": TEMPLATES["letter"]})
    lost = Faulty(notify, Ambiguous("ReadTimeout"), after=True)
    tick(office, lost)
    found, lost.find = lost.find, lambda _reference: []  # type: ignore[method-assign]
    for _ in range(2):
        clock.advance(31 * MINUTE)
        tick(office, lost)
    assert progress.progress(office, people.planner, campaign.id or 0).undecided == 1
    lost.find = found  # type: ignore[method-assign]
    clock.advance(31 * MINUTE)
    tick(office, lost)
    assert check(office, people, campaign).accepted == 30


def test_nobody_sends_on_an_old_claim(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    """A worker that was suspended after claiming wakes up when others may already have settled its messages."""
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    sender = Dispatcher(office, notify)
    wait = sender.pacer.wait

    def asleep(halted: Callable[[], bool]) -> bool:
        clock.advance(timedelta(seconds=61))
        return wait(halted)

    sender.pacer.wait = asleep  # type: ignore[method-assign]
    sender.send_batch(campaign.id or 0)
    assert post.state.summary()["total"] == 0
    assert check(office, people, campaign).waiting == 20


def test_a_newer_register_drops_who_joined_it(
    office: Office,
    maker: Maker,
    people: People,
    notify: GovukNotify,
    clock: SteppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def gained(_office: Office, _authority: str, since: int) -> set[int]:
        asked.append(since)
        return {100000000000 + n for n in range(0, 60, 2)}

    monkeypatch.setattr("segments.homes.registrations.gained_since", gained)
    first = register(office, clock)
    campaign = maker.launched(60, register=first)
    tick(office, notify)
    assert check(office, people, campaign).accepted == 20
    assert asked == [], "the register of the start is no news"
    register(office, clock)
    clock.move_to(datetime(2026, 6, 17, 9, tzinfo=UTC))
    tick(office, notify)
    letters = check(office, people, campaign).waves[2]
    joined = sum(
        1
        for uprn, arm in ledger.arms(office, people.planner, campaign.id or 0).items()
        if arm == "reminded now" and uprn % 2 == 0
    )
    assert (letters.planned, letters.dropped, letters.accepted) == (30, joined, 30 - joined)
    assert check(office, people, campaign).dropped_for == {"registered since": joined}
    assert set(asked) == {first}


def register(office: Office, clock: SteppedClock) -> int:
    with office.database.session() as session:
        made = Snapshot(
            authority=COUNCIL, kind="register", as_at=clock.now().date(), made_at=clock.now(), made_by="test",
            path="none", rows=0,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id or 0


def test_a_home_that_became_protected_is_left_alone(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    one = messages(office)[0]
    with office.database.session() as session:
        session.add(
            Snapshot(
                authority=COUNCIL, kind="protected", as_at=START.date(), made_at=START, made_by="test", path="none",
                rows=1,
            )
        )  # fmt: skip
    monkeypatch.setattr("segments.safeguards.protected.keys", lambda *_: {office.keys.uprn(one.uprn)})
    tick(office, notify)
    status = check(office, people, campaign)
    assert status.dropped_for == {"suppressed": 1}, "in the words for anybody who asked us to stop"
    assert post.state.store.by_reference.get(one.reference) is None


FORMER = "E07000999"


def merged(office: Office) -> None:
    with office.database.session() as session:
        session.add(FormerCode(authority=COUNCIL, code=FORMER, until=START.date()))


def test_what_a_former_council_sent_counts_against_the_cap(
    office: Office, maker: Maker, people: People, notify: GovukNotify, clock: SteppedClock
) -> None:
    daily = [{"channels": ["email"], "send_on": f"2026-06-{day:02}", "arms": ["reminded now"]} for day in (3, 4, 5, 8)]
    later = [{"channels": ["letter"], "send_on": "2026-08-01", "arms": ["reminded later"]}]
    campaign = maker.launched(30, waves=daily + later)
    for day in (3, 4, 5):
        clock.move_to(datetime(2026, 6, day, 9, tzinfo=UTC))
        tick(office, notify)
    with office.database.session() as session:
        session.execute(sa.update(Message).where(col(Message.sent_at).is_not(None)).values(authority=FORMER))
    merged(office)
    clock.move_to(datetime(2026, 6, 8, 9, tzinfo=UTC))
    tick(office, notify)
    assert check(office, people, campaign).dropped_for == {"frequency cap": 5}


@pytest.mark.parametrize("when", ["before", "after"])
def test_whom_a_former_council_was_asked_not_to_contact_is_not(
    office: Office, maker: Maker, people: People, notify: GovukNotify, when: str
) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    if when == "before":
        merged(office)
    first = messages(office)[0]
    with office.database.session() as session:
        suppress_household(session, office, FORMER, first.uprn, "asked to stop", "resident")
    if when == "after":
        merged(office)
    tick(office, notify)
    assert check(office, people, campaign).dropped_for == {"suppressed": 1}
