"""A worker dies at any point of any step, as often as it likes: nothing is lost and nothing is sent twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from campaigns.approval import control
from campaigns.notify.client import GovukNotify
from campaigns.notify.stand_in import Running
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState, Message, MessageState
from campaigns.replies import receipts
from campaigns.sending import ledger, settlement, waves
from campaigns.sending.claims import Claims
from campaigns.sending.dispatch import Dispatcher
from campaigns.worker.work import Work
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SendBlocked
from engage.foundation.office import Office
from tests.campaigns.council import TEMPLATES, Maker, People
from tests.examples import examples

HOUSEHOLDS = 24
POINTS = {
    "insert": (waves, "_insert"),
    "claim": (Claims, "_claim"),
    "drop": (Claims, "_drop"),
    "commit": (Dispatcher, "_record"),
    "send": (GovukNotify, "send"),
    "find": (GovukNotify, "find"),
}


class Crash(BaseException):
    """As sudden as SIGKILL: no handler of ours catches it."""


class Fuse:
    """Lets so many instrumented steps pass, then crashes before or after the next."""

    def __init__(self, length: int, after: bool) -> None:
        self.left, self.after = length, after

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **values: Any) -> Any:
            self.left -= 1
            if self.left < 0 and not self.after:
                raise Crash
            result = step(*args, **values)
            if self.left < 0:
                raise Crash
            return result

        return stepped


@contextmanager
def instrumented(fuse: Fuse, points: list[str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (POINTS[point] for point in points):
            patch.setattr(owner, name, fuse.around(getattr(owner, name)))
        yield


lives = st.lists(
    st.tuples(
        st.integers(0, 30), st.booleans(), st.lists(st.sampled_from(sorted(POINTS)), min_size=1, max_size=3, unique=True),
        st.sampled_from(["nothing", "receipts", "pause"]), st.sampled_from([0, 30, 130, 400]),
    ),
    max_size=5,
)  # fmt: skip


def test_nothing_is_lost_and_nothing_sent_twice(
    office: Office, maker: Maker, people: People, post: Running, notify: GovukNotify, clock: SteppedClock
) -> None:
    (office.settings.home / "law.toml").write_text(
        "[[frequency_cap]]\nsince = 2026-01-01\nmessages = 1000\ndays = 1\nsource = 'test'\n"
    )

    # Without shrinking: a failure takes seconds to find and would take minutes to make small.
    @settings(
        max_examples=examples(12) if office.database.embedded else 6,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(lives)
    def holds(fates: list[tuple[int, bool, list[str], str, int]]) -> None:
        before = post.state.summary()["total"]
        campaign = maker.launched(
            HOUSEHOLDS, arms={"everyone": 1.0}, comparison="", templates={"letter": TEMPLATES["letter"]}
        )
        for length, after, points, event, pause in fates:
            with instrumented(Fuse(length, after), points), suppress(Crash):
                Work(office, notify).tick()
            happen(office, people, campaign, event)
            clock.advance(timedelta(seconds=pause))
        finish(office, people, notify, campaign, clock)
        status = ledger.status(office, people.planner, campaign.id or 0)
        assert (status.planned, status.accepted, status.waiting) == (HOUSEHOLDS, HOUSEHOLDS, 0)
        assert post.state.summary()["total"] - before == HOUSEHOLDS
        assert post.state.summary()["duplicates"] == {}

    holds()


def happen(office: Office, people: People, campaign: Campaign, event: str) -> None:
    if event == "pause" and lookup.campaign(office, people.planner, campaign.id or 0).state == CampaignState.launched:
        control.pause(office, people.planner, campaign.id or 0)
        control.resume(office, people.planner, campaign.id or 0)
    if event == "receipts":
        with office.database.session() as session:
            sent = session.exec(select(Message).where(col(Message.notify_id).is_not(None)).limit(3)).all()
        for message in sent:
            receipts.receive(office, {"id": message.notify_id, "reference": message.reference, "status": "sending"})


def finish(office: Office, people: People, notify: GovukNotify, campaign: Campaign, clock: SteppedClock) -> None:
    for _ in range(12):
        Work(office, notify).tick()
        status = ledger.status(office, people.planner, campaign.id or 0)
        assert status.balanced
        if status.planned and not status.waiting:
            return
        clock.advance(timedelta(minutes=31))
        with suppress(SendBlocked):  # as an officer decides of letters that Notify never had
            settlement.decide(office, people.planner, campaign.id or 0, again=True)
    raise AssertionError(f"{status.waiting} messages wait for ever")


def test_a_crash_leaves_the_claimed_in_sending(
    office: Office, maker: Maker, notify: GovukNotify, post: Running
) -> None:
    """What the test above relies on: a crash between Notify's answer and our commit is possible and is seen."""
    campaign = maker.launched(HOUSEHOLDS)
    waves.plan_due(office, campaign.id or 0)
    with instrumented(Fuse(0, after=False), ["commit"]), pytest.raises(Crash):
        Dispatcher(office, notify).send_batch(campaign.id or 0)
    with office.database.session() as session:
        states = {message.state for message in session.exec(select(Message))}
    assert states == {MessageState.sending}
    assert 0 < post.state.summary()["total"] <= 8


def test_what_has_left_is_written_down_though_the_next_cannot_be_claimed(
    office: Office, maker: Maker, people: People, notify: GovukNotify, post: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = maker.launched(60)
    waves.plan_due(office, campaign.id or 0)
    sender, claim, claims = Dispatcher(office, notify, batch=8), Claims._claim, []

    def once(*asked: Any) -> Any:
        claims.append(asked)
        if len(claims) > 1:
            raise OperationalError("", {}, Exception("the database is away"))
        return claim(*asked)

    monkeypatch.setattr(Claims, "_claim", once)
    with pytest.raises(OperationalError):
        sender.send(campaign.id or 0, 3)
    status = ledger.status(office, people.planner, campaign.id or 0)
    with office.database.session() as session:
        states = {message.state for message in session.exec(select(Message))}
    assert states == {MessageState.accepted, MessageState.planned}
    assert 0 < status.accepted == post.state.summary()["total"] <= 8
