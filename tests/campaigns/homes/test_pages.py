"""A home found and opened, closed and opened again; a protected one is not there, like one that never was."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from campaigns.homes import standing
from campaigns.records.models import Message, Wave
from campaigns.records.reply import Reply
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import today
from engage.foundation.identity import Account, Role, fingerprint
from engage.foundation.office import Actor, Office
from segments.importing.imports import import_file
from segments.safeguards import addresses
from segments.safeguards.suppression import Suppression
from tests.campaigns.council import COUNCIL, Maker, People
from tests.segments.village import Gazetteer
from tests.website import Enter, Visitor

UPRN, SECRET = 9_900_000_001, 9_900_000_003
DAY = date(2026, 6, 1)


@pytest.fixture
def listed(office: Office, tmp_path: Path) -> None:
    """Three homes of a lane, of which the third is protected."""
    lane = Gazetteer()
    for number in (1, 2, 12):
        lane.add(f"{number} Mill Road, Burton upon Trent", "Mill Road", "DE14 1AA")
    with office.database.session() as session:
        office.lake.commit(
            session, lane.write(tmp_path / "g.parquet"), authority=COUNCIL, kind="gazetteer", as_at=DAY,
            made_at=office.clock.now(), made_by="officer 1", rows=3,
        )  # fmt: skip
    hidden = tmp_path / "protected.csv"
    hidden.write_text(f"uprn,added_on,review_on\n{SECRET},2026-01-01,2027-01-01\n")
    import_file(office, Actor(COUNCIL, "officer 1"), "protected", hidden, DAY)


@pytest.fixture
def maker(office: Office, staff: dict[Role, Account]) -> Maker:
    actors = [Actor(COUNCIL, staff[role].label, staff[role].id) for role in (Role.officer, Role.approver, Role.auditor)]
    return Maker(office, People(*actors))


def sent_to(office: Office, maker: Maker) -> None:
    campaign = maker.launched(12)
    with office.database.session() as session:
        wave = session.exec(select(Wave).where(Wave.campaign_id == campaign.id)).first()
        assert wave
        session.add(
            Message(
                authority=COUNCIL, campaign_id=campaign.id or 0, wave_id=wave.id or 0, uprn=UPRN, ward="",
                channel="email", template="t", reference="r1", token=fingerprint("t1"), state="delivered",
                contact=office.keys.contact("email", "resident@example.com"),
                recipient=office.keys.encrypt("resident@example.com"), sent_at=office.clock.now(),
            )
        )  # fmt: skip


def key(office: Office) -> str:
    return addresses.by_uprn(office, COUNCIL, UPRN).key


def test_a_home_is_found_by_address_postcode_or_uprn_and_a_protected_one_is_as_one_that_is_not(
    enter: Enter, office: Office, listed: None
) -> None:
    visitor = enter(Role.officer)

    def told(words: str, reason: str = "A call") -> str:
        page = visitor.send("/homes", {"words": words, "reason": reason})
        assert page.status_code in (200, 422)
        return plain(page.text.replace(f'value="{words}"', ""))

    for words in ("1 mill rd", "1 Mill Road, Burton", str(UPRN)):
        found = told(words)
        assert (found.count("/homes/"), "1 Mill Road" in found) == (1, True), words
    assert told("de141aa").count('href="/homes/') == 2
    never = told("77 Mill Road")
    assert "No home was found" in never
    assert told("12 Mill Road") == never == told(str(SECRET)) == told("9900000077")
    hidden = office.keys.hash(addresses.PAGE, str(SECRET))[:32]
    one, other = (visitor.get(f"/homes/{token}") for token in (hidden, "0" * 32))
    assert (one.status_code, plain(one.text)) == (404, plain(other.text.replace("0" * 32, hidden)))
    assert "least" in told("a")
    assert "Why must be" in told("1 mill rd", f"About {UPRN}")
    with office.database.reading() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.act == "search homes")).all()
    assert {each.detail["reason"] for each in entries} == {"A call"}
    assert not [each for each in entries if "Mill" in str(each.model_dump()) or str(UPRN) in str(each.model_dump())]


def plain(page: str) -> str:
    return re.sub(r'name="_csrf_token" value="[^"]+"', "", page)


def test_a_home_says_what_was_sent_and_is_closed_answered_and_opened_again(
    enter: Enter, office: Office, listed: None, maker: Maker
) -> None:
    sent_to(office, maker)
    visitor = enter(Role.officer)
    here = f"/homes/{key(office)}"
    assert "Why do you look?" in visitor.get(here).text
    page = visitor.send(here, {"reason": "Case 7"}).text
    assert "r•••@e•••" in page
    assert "resident@example.com" not in page
    told = done(visitor, f"{here}/suppress", {"scope": "letter", "reason": "asked by phone"})
    assert re.search("A home.*Letters.*They asked|A home.*Letters.*Asked by phone", told, re.DOTALL)
    told = done(visitor, f"{here}/reply", {"said": "registered"})
    assert "Left alone for six months" in told
    assert "closed to every channel" in told
    with office.database.reading() as session:
        entries = session.exec(select(Suppression).where(Suppression.key == office.keys.uprn(UPRN))).all()
        reply = session.exec(select(Reply)).one()
    assert (reply.kind, reply.open, reply.uprn, reply.done_by[:7]) == ("phone", False, UPRN, "officer")
    assert {(each.channel, each.until is None) for each in entries} == {("letter", True), ("", False)}
    lifted = {"entry": [str(each.id) for each in entries], "reason": "asked again"}
    assert "closed to every channel" not in done(visitor, f"{here}/lift", lifted)
    with office.database.reading() as session:
        acts = session.exec(select(AuditEntry).where(AuditEntry.subject == f"home {key(office)[:12]}")).all()
    assert [each.act for each in acts if each.act != "look at home"] == ["add suppression", *["lift suppression"] * 2]
    assert "lifted it meanwhile" in visitor.send(f"{here}/lift", lifted).text


def done(visitor: Visitor, path: str, form: dict[str, Any]) -> str:
    assert visitor.send(path).status_code == 422, "an empty form is refused, and says why"
    page = visitor.send(path, form)
    assert page.status_code == 200, page.text
    return page.text


def test_a_group_is_told_after_the_comparison_and_no_earlier(office: Office, maker: Maker) -> None:
    campaign = maker.launched(12)
    blind = standing._part(office, campaign, "reminded now")
    assert (blind.group, blind.told_from) == ("", "15 July 2026")
    over = campaign.model_copy(update={"window_end": today(office.clock).replace(day=1)})
    assert standing._part(office, over, "reminded now").group == "reminded now"
