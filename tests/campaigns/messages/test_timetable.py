"""When messages leave, against a day-by-day reckoning and the calendar."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.messages import timetable
from campaigns.messages.timetable import Days, Job
from campaigns.records import lookup
from campaigns.records.models import Message, MessageState
from engage.foundation.calendar import law, waking_hours
from engage.foundation.clock import LONDON
from engage.foundation.office import Office
from tests.campaigns.council import COUNCIL, TEMPLATES, Maker

FRIDAY = date(2026, 5, 22)  # before a Sunday and the spring bank holiday


@given(
    st.lists(
        st.builds(
            Job, st.integers(1, 4), st.sampled_from(["email", "sms", "letter"]),
            st.dates(FRIDAY, FRIDAY + timedelta(days=12)), st.integers(1, 90_000),
            st.none() | st.dates(FRIDAY + timedelta(days=12), FRIDAY + timedelta(days=20)),
        ), max_size=6,
    )
)  # fmt: skip
def test_no_day_holds_more_than_it_may_and_nothing_is_lost(jobs: list[Job]) -> None:
    days = Days("England", law(), 40, FRIDAY, {"letter": 4_000})
    total: dict[tuple[date, str], int] = {}
    for job in jobs:
        placed, left = days.place(job)
        assert sum(placed.values()) + left == job.messages
        assert left == 0 or job.last is not None
        for day, count in placed.items():
            assert job.from_day <= day
            assert job.last is None or day <= job.last
            assert job.channel == "letter" or waking_hours(day, "England", law())
            total[day, job.channel] = total.get((day, job.channel), 0) + count
    for (day, channel), count in total.items():
        most = {"email": 250_000, "sms": 250_000, "letter": 20_000}[channel]
        assert count <= most - (4_000 if (day, channel) == (FRIDAY, "letter") else 0)


def test_letters_of_three_days_and_texts_around_a_bank_holiday() -> None:
    days = Days("England", law(), 40, FRIDAY, {"letter": 15_000})
    letters, _ = days.place(Job(1, "letter", FRIDAY, 30_000))
    assert list(letters.values()) == [5_000, 20_000, 5_000]
    sunday = FRIDAY + timedelta(days=2)
    texts, _ = days.place(Job(1, "sms", sunday, 10))
    assert list(texts) == [date(2026, 5, 26)], "neither on the Sunday nor on the bank holiday Monday"
    scottish = Days("Scotland", law(), 40, FRIDAY)
    assert list(scottish.place(Job(1, "sms", date(2026, 8, 31), 10))[0]) == [date(2026, 8, 31)]


def test_a_slow_pace_is_the_limit_of_waking_hours() -> None:
    days = Days("England", law(), 1, FRIDAY)
    assert list(days.place(Job(1, "email", FRIDAY, 50_000))[0].values()) == [43_200, 6_800]


def test_what_expires_before_there_is_room_is_told() -> None:
    days = Days("England", law(), 40, FRIDAY)
    assert days.place(Job(1, "letter", FRIDAY, 50_000, FRIDAY + timedelta(days=1))) == (
        {FRIDAY: 20_000, FRIDAY + timedelta(days=1): 20_000}, 10_000,
    )  # fmt: skip


def test_the_timetable_of_a_campaign_is_its_waves(maker: Maker) -> None:
    found = maker.submitted(60).estimate
    assert found["timetable"]["today"] == {"email": 250_000, "sms": 250_000, "letter": 20_000}
    assert found["timetable"]["late"] == []
    for wave in found["waves"]:
        rows = [row for row in found["timetable"]["days"] if row["wave"] == wave["number"]]
        assert {row["channel"]: row["messages"] for row in rows} == {c: n for c, n in wave["channels"].items() if n}
        assert {row["day"] for row in rows} == {wave["send_on"]}


def test_what_others_send_and_today_has_seen_takes_room(office: Office, maker: Maker) -> None:
    home = office.settings.home
    (home / "law.toml").write_text(
        "[[daily_cap]]\nsince = 2026-01-01\nemail = 250000\nsms = 250000\nletter = 25\nsource = 'a trial'\n"
    )
    letters = {"templates": {"letter": TEMPLATES["letter"]}, "arms": {"everyone": 1.0}, "comparison": ""}
    first = maker.launched(20, **letters)
    with office.database.session() as session:
        wave = lookup.waves(session, first.id or 0)[0]
        wave.planned_at = office.clock.now()
        for n, state in enumerate([MessageState.accepted] * 4 + [MessageState.planned] * 16):
            session.add(
                Message(
                    authority=COUNCIL, campaign_id=first.id or 0, wave_id=wave.id or 0, uprn=n, ward="", token=f"{n}",
                    channel="letter", template="t", reference=f"{n}", state=state, claimed_at=office.clock.now(),
                    sent_at=datetime(2026, 6, 3, 9, tzinfo=LONDON) if state == MessageState.accepted else None,
                )
            )  # fmt: skip
    found = maker.submitted(30, poll_date="2026-06-22", **letters).estimate["timetable"]
    assert found["today"]["letter"] == 21
    assert [(row["day"], row["messages"], row["others"]) for row in found["days"]] == [
        ("2026-06-03", 5, 20), ("2026-06-04", 25, 0)
    ]  # fmt: skip
    # Twelve working days before 22 June is 4 June: a third day would be too late.
    late = maker.submitted(40, poll_date="2026-06-22", **letters).estimate["timetable"]["late"]
    assert late == [{"wave": 1, "channel": "letter", "messages": 10, "last": "2026-06-04"}]


def test_every_room_counts_the_same_hours() -> None:
    assert timetable.waking_hours(FRIDAY, "England", law()) == 12
    assert timetable.waking_hours(FRIDAY + timedelta(days=2), "England", law()) == 0
