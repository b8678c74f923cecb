"""How a rule overlaps with running campaigns and recent messages."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.records.models import Campaign, CampaignState, Message, MessageState, Wave
from campaigns.records.reminded import reminded
from engage.foundation.clock import SteppedClock
from engage.foundation.office import Office
from segments.audiences import overlap
from segments.audiences.overlap import Listed, Reminded
from tests.conftest import EAST_STAFFORDSHIRE, START

sets = st.sets(st.integers(1, 30))


def _listed(values: set[int]) -> Listed:
    return Listed(np.array(sorted(values), dtype=np.int64))


class Sets:
    """The homes of a rule as a plain set."""

    def __init__(self, homes: set[int]) -> None:
        self.homes = homes

    def among(self, listed: Listed, /) -> npt.NDArray[np.bool_]:
        return np.array([home in set(listed.uprns.tolist()) for home in self.homes], dtype=bool)


def asked(office: Office, authority: str) -> Reminded:
    with office.database.reading() as session:
        return reminded(office, session, authority)


@given(sets, sets, sets, sets)
def test_counts_are_those_of_plain_sets(chosen: set[int], a: set[int], b: set[int], recent: set[int]) -> None:
    found = overlap.of(Sets(chosen), Reminded({"a": _listed(a), "b": _listed(b)}, _listed(recent)))
    assert found.campaigns == {"a": len(chosen & a), "b": len(chosen & b)}
    assert (found.running, found.recent) == (len(chosen & (a | b)), len(chosen & recent))


@pytest.fixture
def campaigns(office: Office, tmp_path: Path) -> dict[str, int]:
    """One campaign in each state, each with an audience of two homes: 10n + 1 and 10n + 2."""
    made = {}
    with office.database.session() as session:
        for number, state in enumerate(CampaignState, 1):
            file = office.lake.stage()
            pq.write_table(pa.table({"uprn": [10 * number + 1, 10 * number + 2]}), file)
            snapshot = office.lake.commit(
                session, file, authority=EAST_STAFFORDSHIRE, kind="audience", as_at=date(2026, 6, 1), made_at=START,
                made_by="officer 1", rows=2,
            )  # fmt: skip
            campaign = Campaign(
                authority=EAST_STAFFORDSHIRE, name=state.value, purpose="x", state=state, seed=1,
                audience_snapshot=snapshot.id, window_start=date(2026, 6, 1), window_end=date(2026, 7, 1),
                created_by="officer 1", created_at=START,
            )  # fmt: skip
            session.add(campaign)
            session.flush()
            made[state.value] = campaign.id or 0
    return made


def test_launched_and_paused_campaigns_hold_their_audience(office: Office, campaigns: dict[str, int]) -> None:
    states = [state.value for state in CampaignState]
    found = asked(office, EAST_STAFFORDSHIRE).running
    assert {name: list(homes.uprns) for name, homes in found.items()} == {
        f"{name} ({campaigns[name]})": [10 * at + 1, 10 * at + 2]
        for name in ("launched", "paused")
        for at in [states.index(name) + 1]
    }
    assert asked(office, "E07000999").running == {}


def _message(
    wave: int, campaign: int, uprn: int, state: str, sent: datetime | None, claimed: datetime | None
) -> Message:
    return Message(
        authority=EAST_STAFFORDSHIRE, campaign_id=campaign, wave_id=wave, uprn=uprn, ward="", channel="letter",
        template="", reference=str(uprn), token=str(uprn), state=state, sent_at=sent, claimed_at=claimed,
    )  # fmt: skip


def test_only_what_may_have_arrived_in_28_days_is_recent(office: Office, campaigns: dict[str, int]) -> None:
    now = office.clock.now()
    edge, before = now - timedelta(days=28), now - timedelta(days=28, seconds=1)
    with office.database.session() as session:
        campaign = campaigns["stopped"]
        wave = Wave(campaign_id=campaign, number=1, send_on=date(2026, 6, 1))
        session.add(wave)
        session.flush()
        session.add_all(
            _message(wave.id or 0, campaign, uprn, state, sent, claimed)
            for uprn, (state, sent, claimed) in enumerate(
                [
                    (MessageState.delivered, edge, before), (MessageState.accepted, before, before),
                    (MessageState.sending, None, now), (MessageState.unknown, None, before),
                    (MessageState.planned, None, None), (MessageState.failed, now, now), (MessageState.dropped, None, now),
                    (MessageState.unknown, None, edge), (MessageState.accepted, now, before),
                ], 1,
            )
        )  # fmt: skip
    assert list(asked(office, EAST_STAFFORDSHIRE).recent.uprns) == [1, 3, 8, 9]
    assert list(asked(office, "E07000999").recent.uprns) == []
    assert isinstance(office.clock, SteppedClock)
    office.clock.advance(timedelta(minutes=1))
    assert list(asked(office, EAST_STAFFORDSHIRE).recent.uprns) == [3, 9], "a minute later the edge has passed"
