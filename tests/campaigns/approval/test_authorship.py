"""Two people: whatever leaves was approved by somebody who wrote no part of it, and let go by somebody else again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from sqlmodel import SQLModel

from campaigns.approval import authorship, control, decisions, drafts, forecast, submission
from campaigns.messages import prices
from campaigns.pages import actions
from campaigns.plan import exclusions
from campaigns.records import lookup
from campaigns.records.models import Campaign, CampaignState, Outline
from campaigns.setup import outlines
from engage.foundation import audit
from engage.foundation.errors import EngageError, NotAllowed
from engage.foundation.identity import Account, Role
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form
from segments.safeguards import sealed_columns
from tests.campaigns.council import Maker, People, audience_file, plan

TABLES = [SQLModel.metadata.tables[name] for name in ("campaign", "approval", "campaign_author", "wave")]
WRITES = ("edit", "submit", "renew")
LETS_GO = ("launch", "resume")
Act = Callable[[Office, Actor, int], Any]


def test_an_author_is_whoever_wrote_any_part_of_it(office: Office, maker: Maker, people: People) -> None:
    """What the approver wrote was drafted and submitted by the planner: once, the approver could approve it."""
    approver = people.approver
    with office.database.session() as session:
        session.get_one(Account, approver.account_id).role = Role.administrator
    number = drafts.create(office, people.planner, plan()).id or 0
    drafts.revise(office, approver, number, plan(purpose="Another"))
    changed = lookup.campaign(office, people.planner, number)
    submission.adopt(office, people.planner, changed, audience_file(office, 6), register_snapshot=None)
    with pytest.raises(NotAllowed, match="wrote a part"):
        decisions.approve(office, approver, number)


def test_everybody_who_set_up_a_task_is_an_author(office: Office, people: People) -> None:
    second = Maker(office, people).second_approver()
    with office.database.session() as session:
        session.get_one(Account, second.account_id).role = Role.administrator
    begun = outlines.save(office, people.planner, None, outlines.task("people"), Form({"name": "Summer"}))
    kept = outlines.save(office, second, begun.id, outlines.task("dates"), Form({"start-day": "3"}))
    assert kept.written_by == [people.planner.account_id, second.account_id]
    with office.database.session() as session:
        ended = session.get_one(Outline, begun.id)
        made = drafts.begin(
            session, office, people.planner, drafts.read(plan()), plan()["rule"], written_by=ended.written_by
        )
        assert authorship.authors(session, made) == {people.planner.account_id, second.account_id}


def test_a_command_approves_nothing_but_a_rehearsal(office: Office, maker: Maker, people: People) -> None:
    number = maker.submitted(6).id or 0
    by_command = replace(people.approver, label="system user 1001 for approver 2", by_command=True)
    with pytest.raises(NotAllowed, match="Sign in on the pages"):
        decisions.approve(office, by_command, number)
    rehearsal = Office(office.settings.model_copy(update={"demo": True}), office.clock)
    assert decisions.approve(rehearsal, by_command, number).state == CampaignState.approved
    assert lookup.approvals(office, people.planner, number)[0].by == "system user 1001 for approver 2"
    with pytest.raises(EngageError, match="has not been approved"):
        control.launch(office, people.planner, number)
    control.launch(rehearsal, people.planner, number)
    rehearsal.close()
    with office.database.session() as session:
        assert authorship.rehearsed(session, office, session.get_one(Campaign, number)), "its worker will pause it"


def test_the_page_says_why_who_approved_may_not_launch(office: Office, maker: Maker, people: People) -> None:
    number = maker.submitted(6).id or 0
    decisions.approve(office, people.approver, number)
    with office.database.session() as session:
        approver, planner = (session.get_one(Account, each.account_id) for each in (people.approver, people.planner))
    found = lookup.campaign(office, people.planner, number)
    assert actions.withheld(office, approver, found) == [authorship.APPROVED]
    assert [act.name for act in actions.possible(office, approver, found)] == ["stop"]
    assert [act.name for act in actions.possible(office, planner, found)] == ["launch", "stop"]
    with pytest.raises(NotAllowed, match="You approved this version"):
        control.launch(office, people.approver, number)


@dataclass(frozen=True)
class Reached:
    """A campaign after some acts, as whoever watched them knows it: who wrote, and who approved what was written."""

    state: str
    wrote: frozenset[int]
    approved: frozenset[int]

    def after(self, act: str, who: int, state: str) -> "Reached":
        wrote = self.wrote | ({who} if act in WRITES else set())
        approved = self.approved | {who} if act == "approve" else self.approved
        return Reached(state, wrote, frozenset() if act in (*WRITES, "send back") else approved)

    def parts(self, three: list[Actor]) -> tuple[object, ...]:
        """What the three are to it, whoever is who: they have the same rights."""
        numbers = [who.account_id for who in three]
        return (self.state, *sorted((number in self.wrote, number in self.approved) for number in numbers))


def test_no_acts_of_three_people_let_anything_leave_by_one_pair_of_eyes(
    monkeypatch: pytest.MonkeyPatch, walked: tuple[Office, list[Actor]]
) -> None:
    """Every act by everybody in every state that can be reached, which holds all sequences of any length."""
    office, three = walked
    acts = _acts(monkeypatch)
    number = drafts.create(office, three[0], plan()).id or 0
    waiting = [(Reached("draft", frozenset({three[0].account_id or 0}), frozenset()), _kept(office))]
    seen, left = {waiting[0][0].parts(three)}, set()
    while waiting:
        before, rows = waiting.pop()
        for name, act in acts.items():
            for who in three:
                _restore(office, rows)
                try:
                    done = act(office, who, number)
                except EngageError:
                    continue
                after = before.after(name, who.account_id or 0, f"{done.state} {bool(done.digest)}")
                if name in LETS_GO:
                    assert before.approved - before.wrote, (name, before)
                    assert who.account_id not in before.approved, (name, before)
                    left.add((name, len(before.wrote), len(before.approved)))
                if after.parts(three) not in seen:
                    seen.add(after.parts(three))
                    waiting.append((after, _kept(office)))
    assert {("launch", 1, 1), ("resume", 1, 1)} <= left, "two people are enough"
    assert len(seen) >= 20


@pytest.fixture
def walked(office: Office, people: People) -> tuple[Office, list[Actor]]:
    """Three who may do anything. What the walk tells is the same on either database: it is walked on one."""
    if office.settings.database_url.startswith("postgresql"):
        pytest.skip("walked on SQLite")
    with office.database.session() as session:
        for who in (people.planner, people.approver, people.auditor):
            session.get_one(Account, who.account_id).role = Role.administrator
    return office, [people.planner, people.approver, people.auditor]


def _acts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Act]:
    """The real acts, without the counting of homes and prices, which decide nothing here."""
    estimate = {"households": 6, "arms": {}, "messages": [], "waves": []}

    def estimated(
        _office: Office, _authority: str, _plan: object, _seed: int, _frozen: Path, staged: Path, **more: Any
    ) -> dict[str, Any]:
        staged.write_bytes(b"homes")
        more["drawn"]()
        return {**estimate}

    def sealed(_drawn: Path, to: Path, *_: object) -> None:
        to.write_bytes(b"homes")

    monkeypatch.setattr(forecast, "estimate", estimated)
    monkeypatch.setattr(sealed_columns, "seal", sealed)
    monkeypatch.setattr(forecast, "templates", lambda *_: [])
    monkeypatch.setattr(forecast, "messages", lambda *_: [])
    monkeypatch.setattr(forecast, "setting", lambda *_: None)
    monkeypatch.setattr(prices, "of_campaign", lambda *_: {})
    monkeypatch.setattr(exclusions, "demand_apart", lambda *_: None)
    monkeypatch.setattr(control, "_same_messages", lambda *_: None)
    monkeypatch.setattr(audit, "record", lambda *_, **__: None)

    def submit(office: Office, who: Actor, number: int) -> Campaign:
        return submission.adopt(office, who, lookup.campaign(office, who, number), Path(), register_snapshot=None)

    return {
        "edit": lambda office, who, number: drafts.revise(office, who, number, plan()),
        "submit": submit, "renew": submission.renew, "approve": decisions.approve,
        "send back": lambda office, who, number: decisions.reject(office, who, number, note="Not yet"),
        "launch": control.launch, "pause": control.pause, "resume": control.resume,
    }  # fmt: skip


def _kept(office: Office) -> list[list[dict[str, Any]]]:
    with office.database.engine.connect() as connection:
        return [[dict(row) for row in connection.execute(select(table)).mappings()] for table in TABLES]


def _restore(office: Office, rows: list[list[dict[str, Any]]]) -> None:
    with office.database.engine.begin() as connection:
        for table in reversed(TABLES):
            connection.execute(delete(table))
        for table, kept in zip(TABLES, rows, strict=True):
            if kept:
                connection.execute(insert(table), kept)
