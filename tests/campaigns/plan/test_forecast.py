"""What a submitted campaign says of each wave is what leaves, where nothing happens in between."""

from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import phonenumbers
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from campaigns.approval import control
from campaigns.messages import numbers
from campaigns.notify.client import GovukNotify
from campaigns.notify.recipients import read_phone
from campaigns.notify.stand_in import Running
from campaigns.records.models import MESSAGES, Campaign, MessageState, Wave
from campaigns.worker.work import tick
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused
from engage.foundation.office import Office
from segments.safeguards.contact_point import normal_mobile
from segments.safeguards.suppression import suppress_household
from tests.campaigns.council import COUNCIL, Maker, audience_file
from tests.campaigns.plan.test_shared_contacts import FIRST, submitted
from tests.campaigns.sending.test_applications import listed

HOMES = 90
MOBILE = phonenumbers.PhoneNumberType.MOBILE
# Of the islands that GOV.UK Notify takes for such, by its own reckoning; the last digits are ours.
CROWN = [
    f"44{example.national_number // 100}{end:02}"
    for region in ("JE", "GG")
    if (example := phonenumbers.example_number_for_type(region, MOBILE))
    for end in range(20, 35)
]
MOBILES = [f"447700900{n}" for n in range(300, 320)] + CROWN
EMAILS = [f"resident-{n}@example.com" for n in range(25)]  # fewer than homes, so that many are of several


def _mixed(office: Office, draw: Random) -> Path:
    path = audience_file(office, HOMES)
    table = pq.read_table(path)
    rows = [row | _reach(office, draw) for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, table.schema), path)
    return path


def _reach(office: Office, draw: Random) -> dict[str, Any]:
    """By any of the channels or none, by contacts that several homes have, and addresses that cannot be printed."""
    lines = draw.choice([["1 High Street", "Burton", "DE14 1AA"]] * 3 + [["Burton", "DE14 1AA"], None, ["(", "x", "y"]])
    found: dict[str, Any] = {"letter": draw.random() < 0.8, "address_lines": lines}
    for channel, values in (("email", EMAILS), ("sms", MOBILES)):
        value = draw.choice(values) if draw.random() < 0.6 else None
        found |= {
            f"{channel}_contact": value and office.keys.contact(channel, value),
            f"{channel}_value": value and office.keys.encrypt(value),
            f"{channel}_source": value and draw.choice(["Garden waste", "Council tax"]),
        }
    return found


def _close_some(office: Office, draw: Random) -> None:
    """Before the campaign is submitted, some homes asked for no emails, texts or letters."""
    with office.database.session() as session:
        for n in draw.sample(range(HOMES), 30):
            channel = draw.choice(["email", "sms", "letter"])
            suppress_household(session, office, COUNCIL, FIRST + n, "objection", "resident", channel)


def _sent(office: Office) -> dict[tuple[int, str], int]:
    of = MESSAGES.c
    query = (
        sa.select(Wave.number, of.channel, sa.func.count())  # type: ignore[call-overload]
        .join_from(MESSAGES, Wave, of.wave_id == Wave.id)
        .where(of.state.in_([MessageState.accepted.value, MessageState.delivered.value]))
        .group_by(Wave.number, of.channel)
    )
    with office.database.session() as session:
        return {(number, channel): count for number, channel, count in session.execute(query)}


def _forecast(campaign: Campaign) -> dict[tuple[int, str], int]:
    waves = campaign.estimate["waves"]
    return {(wave["number"], each): count for wave in waves for each, count in wave["channels"].items() if count}


@pytest.mark.parametrize("changes", [{}, {"poll_date": "2026-07-16"}], ids=["whole", "poll"])
def test_the_forecast_of_each_wave_is_what_is_sent(
    office: Office, maker: Maker, post: Running, notify: GovukNotify, clock: SteppedClock,
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any],
) -> None:  # fmt: skip
    draw = Random(office.settings.database_url.partition(":")[0])
    (office.settings.home / "law.toml").write_text(
        "[[frequency_cap]]\nsince = 2026-01-01\nmessages = 1\ndays = 20\nsource = 's'\n"
    )
    _close_some(office, draw)
    listed(office, date(2026, 6, 1))
    applied = {6: frozenset(range(FIRST, FIRST + 9)), 7: frozenset[int]()}
    monkeypatch.setattr("segments.homes.applications.covered", lambda _office, _code, day: applied[day.month])
    made = submitted(office, maker, _mixed(office, draw), **changes)
    maker.approve(made.id or 0)
    control.launch(office, maker.people.planner, made.id or 0)
    for day in (date(2026, 6, 3), date(2026, 6, 17), date(2026, 7, 16), date(2026, 7, 30)):
        clock.move_to(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
        tick(office, notify)
    assert _sent(office) == _forecast(made)
    assert {number for number, _ in _forecast(made)} == ({1, 2} if changes else {1, 2, 3, 4})
    assert sum(wave["expired"] for wave in made.estimate["waves"]) > 0 if changes else True
    texts = [row for rows in post.state.store.by_reference.values() for row in rows if row.type == "sms"]
    charged = sum(sum(wave["text_sources"].values()) for wave in made.estimate["waves"])
    assert charged == sum(row.multiplier for row in texts) > len(texts), "crown dependencies are charged twice"


def test_numbers_are_charged_as_notify_does() -> None:
    """Whatever begins as a mobile, 07700 among it, of which the beginning is all that is asked about."""
    draw = Random(14)
    for written in [f"447{draw.choice(['', '700', '911', '624'])}{draw.randrange(10**9):09}"[:12] for _ in range(200)]:
        with suppress(InputRefused):  # no number, which no audience holds
            assert numbers.times(normal_mobile(written)) == (read_phone(written).rate_multiplier or 1)
    assert {numbers.times(normal_mobile(number)) for number in CROWN} == {2}
