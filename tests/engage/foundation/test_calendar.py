import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from engage.foundation.calendar import (
    POLLS,
    SUBDIVISIONS,
    in_force,
    law,
    quiet_until,
    registration_deadline,
    working_days_before,
)
from engage.foundation.clock import LONDON, london
from engage.foundation.errors import SettingsInvalid

# Golden: the last day to register for each poll, and who published it; `own` is one that was set for that poll.
with Path(__file__).with_name("deadlines.csv").open(encoding="utf-8", newline="") as file:
    PUBLISHED = list(csv.DictReader(file))


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row['poll']} {row['nation']}")
def test_registration_deadlines_as_published(row: dict[str, str]) -> None:
    own = date.fromisoformat(row["own"]) if row["own"] else None
    end = london(registration_deadline(date.fromisoformat(row["poll"]), row["nation"], law(), own))
    assert (end.hour, end.minute) == (0, 0)
    assert end.date() - timedelta(days=1) == date.fromisoformat(row["last_day"]), "midnight at the end of that day"
    assert row["kind"] in POLLS


def test_the_published_deadlines_are_of_all_nations_and_years() -> None:
    assert len([row for row in PUBLISHED if not row["source"].startswith("not looked up")]) >= 25
    assert {row["nation"] for row in PUBLISHED} == set(SUBDIVISIONS)
    assert {row["poll"][:4] for row in PUBLISHED} >= {"2015", "2017", "2019", "2021", "2022", "2023", "2024", "2026"}


def test_a_poll_carries_its_own_deadline(tmp_path: Path) -> None:
    """By the rule, St Andrew's Day would have made it the 25th in Scotland; in another nation nothing was set."""
    poll = date(2027, 5, 6)
    usual = registration_deadline(poll, "England", law())
    (tmp_path / "law.toml").write_text(
        "[[poll]]\nsince = 2027-03-01\nday = 2027-05-06\nname = 'a poll'\nkind = 'by-election'\n"
        "nations = ['Wales']\nregister_by = 2027-04-14\nsource = 'Returning Officer'\n"
    )
    rules = law(tmp_path)
    assert london(registration_deadline(poll, "Wales", rules)) == datetime(2027, 4, 15, tzinfo=LONDON)
    assert registration_deadline(poll, "England", rules) == usual
    later = registration_deadline(poll, "Wales", rules, date(2027, 4, 20))
    assert london(later) == datetime(2027, 4, 15, tzinfo=LONDON), "the earlier one, where two are given"
    bare = law().model_copy(update={"poll": ()})
    assert working_days_before(date(2019, 12, 12), 12, "Scotland") == date(2019, 11, 25)
    assert london(registration_deadline(date(2019, 12, 12), "Scotland", bare)).day == 26


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (
            "day = 2027-05-06\nregister_by = 2027-05-07",
            "register_by: expected a day in the three months before the poll",
        ),
        (
            "day = 2027-05-06\nregister_by = 2026-05-06",
            "register_by: expected a day in the three months before the poll",
        ),
        ("day = 0027-05-06", "day: expected a year of four digits, not 0027-05-06"),
    ],
)
def test_a_poll_that_cannot_be_is_refused(tmp_path: Path, days: str, said: str) -> None:
    (tmp_path / "law.toml").write_text(f"[[poll]]\nsince = 2027-03-01\n{days}\nname = 'a poll'\nsource = 's'\n")
    with pytest.raises(SettingsInvalid, match=said):
        law(tmp_path)


def test_christmas_eve_is_no_working_day() -> None:
    assert working_days_before(date(2026, 12, 29), 1, "England") == date(2026, 12, 23)


def test_a_councils_own_row_wins(tmp_path: Path) -> None:
    (tmp_path / "law.toml").write_text(
        "[[registration_deadline]]\nsince = 2027-01-01\nworking_days = 12\nhour = 17\nsource = 'a later Act'\n"
    )
    own = law(tmp_path)
    assert london(registration_deadline(date(2027, 5, 6), "England", own)).hour == 17
    assert london(registration_deadline(date(2026, 5, 7), "England", own)).hour == 0
    assert in_force(own.registration_deadline, date(2027, 1, 1)).source == "a later Act"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[price]", "law.toml is not TOML"),
        ("[[frequency_cap]]\nsince = 2026-01-01\nmessages = 'few'\ndays = 30\nsource = 's'\n", "messages is 'few'"),
        ("[[speed]]\nsince = 2026-01-01\n", "speed"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "law.toml").write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        law(tmp_path)
    assert words in str(caught.value)


def test_ages_differ_by_nation() -> None:
    assert in_force(law().registration_age, date(2026, 6, 1), "England").years == 16
    assert in_force(law().registration_age, date(2026, 6, 1), "Scotland").years == 14
    with pytest.raises(SettingsInvalid, match="no row in force"):
        in_force(law().price, date(1999, 1, 1))


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (datetime(2026, 6, 3, 9, tzinfo=UTC), None),
        (datetime(2026, 6, 3, 18, 59, tzinfo=UTC), None),  # 19:59 in summer
        (datetime(2026, 6, 3, 19, tzinfo=UTC), datetime(2026, 6, 4, 7, tzinfo=UTC)),
        (datetime(2026, 6, 3, 6, 59, tzinfo=UTC), datetime(2026, 6, 3, 7, tzinfo=UTC)),
        (datetime(2026, 6, 6, 20, tzinfo=UTC), datetime(2026, 6, 8, 7, tzinfo=UTC)),  # over Sunday
        (datetime(2026, 4, 2, 21, tzinfo=UTC), datetime(2026, 4, 4, 7, tzinfo=UTC)),  # over Good Friday
        (datetime(2026, 12, 24, 21, tzinfo=UTC), datetime(2026, 12, 29, 8, tzinfo=UTC)),  # Christmas, substitute, Sunday
    ],
)  # fmt: skip
def test_quiet_hours(moment: datetime, until: datetime | None) -> None:
    assert quiet_until(moment, "England") == until
