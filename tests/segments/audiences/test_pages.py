"""Building a rule page by page: Back returns to what was typed, and a draft is seen by its owner alone."""

import re

from engage.foundation.identity import Role
from engage.foundation.office import Office
from segments.audiences import named_rules
from tests.website import Enter

TYPED = {"name": "Empty homes", "every": "all", "seen_by": "mine", "note": "A try", "c0-column": "electors",
         "c0-is": "at most", "c0-value": "0"}  # fmt: skip


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return found[1] if found else ""


def test_back_returns_to_what_was_typed_and_a_draft_is_ones_own(office: Office, enter: Enter) -> None:
    officer, colleague = enter(Role.officer), enter(Role.administrator)
    first = officer.send("/segments/new", TYPED | {"act": "add", "new": "gap"})
    second = officer.send("/segments/new", TYPED | {"c0-value": "7", "act": "remove 9"})
    assert first.url.path == second.url.path == "/segments/new"
    assert first.url.query != second.url.query
    again = officer.get(f"/segments/new?{first.url.query.decode()}").text
    assert (field(again, "c0-value"), field(again, "name")) == ("0", "Empty homes")
    assert "c1-value" in again
    assert "Not finished:" in again
    saved = officer.send("/segments/new", TYPED | {"act": "save"})
    assert "A draft that only you see." in saved.text
    assert colleague.get(saved.url.path).status_code == 404
    assert "Empty homes" not in colleague.get("/segments").text
    copied = officer.get(f"/segments/new?copy={saved.url.path.rpartition('/')[2]}").text
    assert field(copied, "name") == "Copy of Empty homes"
    assert named_rules.all_segments(office, "E07000193") == []
    refused = officer.send("/segments/new", TYPED | {"name": "", "act": "save"})
    assert (refused.status_code, field(refused.text, "name")) == (422, "")
    chosen = officer.get("/segments/new").text
    assert 'optgroup label="Areas: deprivation"' in chosen
    assert "In the segment “Empty homes”, version 1" in chosen
