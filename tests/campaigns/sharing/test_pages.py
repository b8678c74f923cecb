"""Officers' pages of what is shared: a pack made by a form, counts beside it, and a draw that holds posters back."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date

import pytest

from campaigns.sharing import lots, posters
from campaigns.sharing.lots import PosterLot
from engage.foundation.identity import Role
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.areas import wards
from tests.conftest import EAST_STAFFORDSHIRE, START, founded
from tests.website import Enter

NAMES = {f"E0500000{n}": f"Ward <{n}>" for n in range(8)}


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(wards, "named", lambda *_: NAMES)
    with founded(tmp_path_factory.mktemp("share") / "home") as office:
        yield office


def kept(office: Office) -> dict[str, int]:
    """A register and a table of homes, as far as a draw asks for them."""
    with office.database.session() as session:
        made = [
            Snapshot(
                authority=EAST_STAFFORDSHIRE, kind=kind, as_at=date(2026, 5, 1), made_at=START, made_by="officer 1",
                path="", rows=0,
            )
            for kind in ("register", "households")
        ]  # fmt: skip
        session.add_all(made)
        session.flush()
        return {f"{each.kind.replace('households', 'homes')}_snapshot": each.id or 0 for each in made}


def test_a_pack_by_a_form_and_a_draw_that_is_kept_to(office: Office, enter: Enter) -> None:
    officer, member = enter(Role.officer), enter(Role.member)
    assert "No pack has been made yet" in officer.get("/share").text
    refused = officer.send("/share", {"ward": "E09999999"})
    assert (refused.status_code, "one of the wards" in refused.text) == (422, True)
    made = officer.send("/share", {"ward": "E05000003"})
    assert made.headers["content-disposition"] == 'attachment; filename="share-pack-E05000003.zip"'
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert "Ward <3>" in archive.read("README.txt").decode()
        assert len(archive.namelist()) == 1 + 2 * 17
    page = officer.get("/share").text
    assert "Ward &lt;3&gt;" in page
    with office.database.reading() as session:
        codes = {each.kind: each.code for each in posters.of(session, EAST_STAFFORDSHIRE)}
    assert set(codes.values()) <= set(re.findall(r"[34679CDFHJKMNPRTWXY]{7}", page))
    officer.client.get(f"/here/{codes['poster']}", headers={"user-agent": "Mozilla/5.0"})
    assert re.search(rf"{codes['poster']}</td><td[^>]*>1<", officer.get("/share").text)
    seen = member.get("/posters").text
    assert "fewer than 10" in seen
    assert not set(codes.values()) & set(re.findall(r"\w{7}", seen)), "members need no code"
    assert member.get("/share").status_code == 403

    form = {"name": "Spring", "starts-day": "1", "starts-month": "6", "starts-year": "2026", "ends-day": "1",
            "ends-month": "7", "ends-year": "2026", "sure": "yes"}  # fmt: skip
    kept(office)
    short = officer.send("/share/lots/new", {**form, "wards": list(NAMES)[:7]})
    assert (short.status_code, "Select 8 wards or more, not 7" in short.text) == (422, True)
    assert 'value="Spring"' in short.text
    drawn = officer.send("/share/lots/new", {**form, "wards": list(NAMES)})
    assert "Put posters up in these wards" in drawn.text
    assert "It runs from 1 June 2026 to 1 July 2026" in member.get("/posters/lots/1").text
    with office.database.reading() as session:
        lot: PosterLot = lots.find(session, EAST_STAFFORDSHIRE, 1)
    held = officer.send("/share", {"ward": lot.waiting[0]})
    assert (held.status_code, "was drawn to have no posters" in held.text) == (422, True)
    assert officer.send("/share", {"ward": lot.drawn[0]}).status_code == 200


def test_an_administrator_says_how_the_office_is_reached(office: Office, enter: Enter) -> None:
    administrator = enter(Role.administrator)
    wrong = {"officer": "A. Sample", "phone": "ask me", "email": "elections@example.com", "name_cy": "Sir Enghraifft"}
    refused = administrator.send("/contact/change", wrong)
    assert (refused.status_code, "expected digits and spaces" in refused.text) == (422, True)
    assert 'value="ask me"' in refused.text, "what was typed stays"
    assert "01632" not in administrator.get("/contact").text
    saved = administrator.send("/contact/change", {**wrong, "phone": "01632 960000"})
    assert "Residents read it from now on" in saved.text
    welsh = administrator.get("/contact?lang=cy").text
    assert "Sir Enghraifft" in welsh
    assert "01632 960000" in welsh
    cleared = administrator.send("/contact/change", {"officer": "", "phone": "", "email": "", "name_cy": ""})
    assert 'value="01632' not in cleared.text
    assert "01632" not in administrator.get("/contact").text
    assert enter(Role.officer).get("/contact/change").status_code == 403
