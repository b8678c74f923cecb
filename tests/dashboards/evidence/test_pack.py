"""The evidence pack: exact for officers, by the rule of disclosure for publication, and as a document with its tables."""

import re
from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlmodel import select

from campaigns.approval import control
from campaigns.records.models import Message, Wave
from dashboards.evidence import pack
from engage.foundation.audit import AuditEntry
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account, Role, fingerprint
from engage.foundation.office import Actor, Office
from tests.campaigns.council import COUNCIL, WARDS, Maker, People
from tests.website import Enter


@pytest.fixture
def over(office: Office, staff: dict[Role, Account]) -> int:
    """Stopped, after thirteen emails left to the homes of one ward."""
    actors = [Actor(COUNCIL, staff[role].label, staff[role].id) for role in (Role.officer, Role.approver, Role.auditor)]
    maker = Maker(office, People(*actors))
    campaign = maker.launched(60)
    with office.database.session() as session:
        wave = session.exec(select(Wave).where(Wave.campaign_id == campaign.id)).first()
        assert wave
        session.add_all(
            Message(
                authority=COUNCIL, campaign_id=campaign.id or 0, wave_id=wave.id or 0, uprn=100000000000 + 3 * n,
                ward=WARDS[0], channel="email", template="t", reference=f"r{n}", token=fingerprint(f"t{n}"),
                state="delivered" if n < 13 else "failed", sent_at=office.clock.now(),
            )
            for n in range(16)
        )  # fmt: skip
    control.stop(office, actors[0], campaign.id or 0, reason="Enough was sent")
    return campaign.id or 0


def test_exact_for_officers_and_rounded_for_publication(enter: Enter, office: Office, over: int) -> None:
    officer = enter(Role.officer)
    here = f"/campaigns/{over}/evidence"
    exact, public = officer.get(here), officer.get(f"{here}?figures=publication")
    assert (exact.status_code, public.status_code) == (200, 200)
    cells = r"Emails</th>\s*<td[^>]*>([^<]+)</td>\s*<td[^>]*>([^<]+)</td>"
    assert re.findall(cells, exact.text) == [("13", "3")]
    assert re.findall(cells, public.text) == [("15", "fewer than 10")]
    assert "Enough was sent" in exact.text
    assert "Enough was sent" not in public.text
    assert "Of these reminded" not in public.text
    for words in ("section 9A(2)(b)", "House to house", "Nothing.", "What it did not, and others show"):
        assert words in public.text, words
    archive = ZipFile(BytesIO(officer.get(f"{here}.zip").content))
    rows = archive.read("wards_and_groups.csv").decode().splitlines()
    assert sum(int(row.rsplit(",", 2)[1]) for row in rows[1:]) == 60
    assert sum(int(row.rsplit(",", 1)[1]) for row in rows[1:]) == 13
    assert {"evidence.html", "decisions.csv", "duties.csv"} <= set(archive.namelist())
    assert "100000000000" not in "".join(archive.read(name).decode() for name in archive.namelist())
    with office.database.reading() as session:
        made = session.exec(select(AuditEntry).where(AuditEntry.act == "make evidence pack")).all()
    assert [each.detail["publication"] for each in made] == [False, True, False]


def test_a_year_holds_what_was_under_way_in_it(enter: Enter, office: Office, over: int) -> None:
    officer = enter(Role.officer)
    assert "Summer reminders" in officer.get("/evidence?from=2026-04-01&to=2027-03-31").text
    assert "No campaign was under way" in officer.get("/evidence?from=2024-04-01&to=2025-03-31").text
    backwards = officer.get("/evidence?from-day=2&from-month=6&from-year=2026&to-day=1&to-month=6&to-year=2026")
    assert (backwards.status_code, "must not be before the first" in backwards.text) == (422, True)
    assert enter(Role.member).get("/evidence").status_code == 403
    with pytest.raises(InputRefused):
        pack.of_period(office, Actor(COUNCIL, "officer 1"), date(2026, 6, 2), date(2026, 6, 1), publication=False)
