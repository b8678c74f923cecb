"""Changing a plan that somebody else has changed meanwhile: what they did is said, and what was typed is kept."""

import re

import pytest

from campaigns.approval import drafts
from campaigns.setup import plan_form
from engage.foundation.identity import Account, Role
from engage.foundation.office import Actor, Office
from segments.audiences import segments
from tests.campaigns.council import RULE, plan
from tests.website import COUNCIL, Enter


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_who_change_a_plan_at_once_are_told_of_each_other(
    enter: Enter, office: Office, staff: dict[Role, Account]
) -> None:
    other = Actor(COUNCIL, staff[Role.administrator].label, staff[Role.administrator].id)
    segments.save(office, other, "Nobody registered", RULE)
    whole = {name: value for name, value in plan(segment="Nobody registered").items() if name != "rule"}
    draft = drafts.create(office, other, whole | {"start": "2026-06-10"})
    officer = enter(Role.officer)
    shown = officer.get(f"/campaigns/{draft.id}/edit").text
    carried = dict(re.findall(r'name="(state|version|digest|why)" value="([^"]*)"', shown))
    theirs = whole | {"name": "Their name", "start": "2026-06-10"}
    drafts.revise(office, other, draft.id or 0, theirs)
    filled = plan_form.filled(draft)
    typed = {name: filled.text(name) for name in filled.names()} | {"purpose": "As I see it", "naming": "nothing"}
    page = officer.send(f"/campaigns/{draft.id}/edit", typed | carried)
    assert page.status_code == 422
    assert re.search(r"Plan changed by\s+Administrator", page.text)
    assert "Nothing of yours was saved, and all you typed is below" in page.text
    assert re.search(r"Name</th>.*?Their name</td>.*?Summer reminders</td>", page.text, re.DOTALL)
    assert ">As I see it</textarea>" in page.text
    saved = officer.send(f"/campaigns/{draft.id}/edit", typed | dict(re.findall(
        r'name="(state|version|digest|why)" value="([^"]*)"', page.text
    )))  # fmt: skip
    assert saved.status_code == 200
