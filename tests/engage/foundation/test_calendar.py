from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engage.foundation.calendar import in_force, law, quiet_until, registration_deadline, working_days_before
from engage.foundation.clock import london
from engage.foundation.errors import SettingsInvalid

# The last day to register for each poll, as the Electoral Commission published it.
PUBLISHED = [
    (date(2019, 12, 12), "England", date(2019, 11, 26)),
    (date(2021, 5, 6), "Wales", date(2021, 4, 19)),
    (date(2022, 5, 5), "England", date(2022, 4, 14)),  # Easter and May Day between
    (date(2022, 5, 5), "Scotland", date(2022, 4, 18)),  # Easter Monday is no bank holiday there
    (date(2023, 5, 4), "England", date(2023, 4, 17)),
    (date(2024, 5, 2), "England", date(2024, 4, 16)),
    (date(2024, 7, 4), "England", date(2024, 6, 18)),
]


@pytest.mark.parametrize(("poll", "nation", "last"), PUBLISHED)
def test_registration_deadlines_as_published(poll: date, nation: str, last: date) -> None:
    end = london(registration_deadline(poll, nation))
    assert (end.hour, end.minute) == (0, 0)
    assert (end.date() - last).days == 1, "midnight at the end of that day"


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
