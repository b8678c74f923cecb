"""Whose homes a canvasser's list may hold, what leaves with it, and what its outcomes do."""

import csv
import io
from datetime import date, timedelta

import pandas as pd
import pypdf
import pytest
import sqlalchemy as sa
from sqlmodel import select

from campaigns.canvass import homes, lists, outcomes, papers, retention
from campaigns.canvass.lists import Wanted
from campaigns.records.models import MESSAGES, MessageState
from campaigns.records.reply import Hold, Reply, ReplyKind
from campaigns.records.visits import CanvassHome, CanvassList, Visit
from campaigns.replies import work_list
from campaigns.sending import waves
from engage.foundation import audit
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Account, Role
from engage.foundation.office import Actor, Office
from segments.audiences import segments
from segments.safeguards.suppression import suppress_household
from tests.campaigns.council import COUNCIL, RULE, WARDS, Maker
from tests.segments.snapshots import keep
from tests.website import Enter, hire

FIRST, HOMES = 100000000000, 60  # as the handmade audience has them
WHY = "Annual canvass, no contact"
OFFICER = Actor(COUNCIL, "officer 1")


@pytest.fixture
def street(office: Office) -> list[int]:
    """The homes of the handmade audience, on one street, as the table of homes and the gazetteer have them."""
    uprns = [FIRST + n for n in range(HOMES)]
    lines = [[f"{n + 1} High Street", "Burton", "DE14 1AA"] for n in range(HOMES)]
    table = pd.DataFrame({"uprn": uprns, "address_lines": lines, "postcode": "DE14 1AA"})
    held = table.assign(ward=[WARDS[n % 3] for n in range(HOMES)], ward_name="Ward", electors=0, kind="house")
    made = keep(office, "households", held, date(2026, 6, 1))
    with office.database.session() as session:
        session.merge(made).report = dict.fromkeys(("by_uprn", "by_address", "electors"), 0)
    placed = table.assign(
        street="High Street", usrn=1, easting=[10.0 * n for n in range(HOMES)], northing=0.0, residential=True
    )
    keep(office, "gazetteer", placed, date(2026, 6, 1))
    return uprns


@pytest.fixture
def nobody(office: Office, street: list[int]) -> int:
    return segments.save(office, OFFICER, "Nobody registered", RULE).id or 0


@pytest.fixture
def canvasser(office: Office) -> Actor:
    made = hire(office, Role.canvasser)
    return Actor(COUNCIL, made.label, made.id)


def held(office: Office, listed: CanvassList) -> list[CanvassHome]:
    with office.database.session() as session:
        return [line.home for line in lists.lines(office, session, listed)]


def of_segment(office: Office, number: int, **asked: object) -> CanvassList:
    return lists.make(office, OFFICER, Wanted("Walk", WHY, segment=number, **asked)).listed  # type: ignore[arg-type]


def test_a_list_is_walked_in_rounds_and_holds_nobody_who_must_not_be_called_at(
    office: Office, street: list[int], nobody: int
) -> None:
    with office.database.session() as session:
        for n, why, channel in ((0, "asked to stop", ""), (2, "asked to stop", "letter"), (4, "letter returned", "letter"),
                                (6, "asked to stop", "email")):  # fmt: skip
            suppress_household(session, office, COUNCIL, street[n], why, "resident", channel)
        reply = Reply(authority=COUNCIL, kind=ReplyKind.text, source="1", received_at=office.clock.now())
        session.add(reply)
        session.flush()
        session.add(Hold(authority=COUNCIL, reply_id=reply.id or 0, uprn=street[8]))
    listed = of_segment(office, nobody, size=20)
    walked = held(office, listed)
    numbers = [home.uprn - FIRST + 1 for home in walked]
    odd, even = [n for n in range(1, 61, 2) if n not in (1, 3, 9)], list(range(60, 0, -2))
    assert numbers == [*odd, *even]
    assert [home.round for home in walked] == [1] * 20 + [2] * 20 + [3] * 17
    assert len({home.line for home in walked}) == 57
    with office.database.session() as session:
        written = session.exec(select(audit.AuditEntry).where(audit.AuditEntry.act == "make canvass list")).one()
        assert (written.detail["reason"], written.detail["homes"]) == (WHY, 57)
    assert len(of_segment(office, nobody, ward=WARDS[1]).code) == 6
    with pytest.raises(InputRefused, match="Enter why"):
        lists.make(office, OFFICER, Wanted("Walk", " ", segment=nobody))


def test_a_comparison_is_not_called_at_while_it_runs_and_those_reached_are_not_called_at_at_all(
    office: Office, nobody: int, maker: Maker, clock: SteppedClock
) -> None:
    campaign = maker.launched(HOMES)
    number, (now, later) = campaign.id or 0, list(campaign.plan["arms"])
    with pytest.raises(InputRefused, match="no home to call at: 60 in a comparison that runs"):
        of_segment(office, nobody)
    with pytest.raises(InputRefused, match=r"after 15 July 2026.*would spoil"):
        homes.of_group(office, COUNCIL, number, later)
    reminded = {door.uprn for door in homes.of_group(office, COUNCIL, number, now).doors}
    waves.plan_due(office, number)
    assert {door.uprn for door in homes.unreached(office, COUNCIL, number).doors} == reminded - ledgered(office)
    failed, sent = sorted(ledgered(office))[:2]
    with office.database.session() as session:
        for uprn, state in ((failed, MessageState.failed), (sent, MessageState.delivered)):
            session.execute(sa.update(MESSAGES).where(MESSAGES.c.uprn == uprn).values(state=state.value))
    left = {door.uprn for door in homes.unreached(office, COUNCIL, number).doors}
    assert failed in left
    assert sent not in left
    clock.advance(timedelta(43))  # the comparison is over
    assert len(homes.of_group(office, COUNCIL, number, later).doors) == 30
    assert of_segment(office, nobody).homes == HOMES


def ledgered(office: Office) -> set[int]:
    with office.database.reading() as session:
        return set(session.execute(sa.select(MESSAGES.c.uprn)).scalars())


# What comes back


def counted(office: Office, listed: CanvassList) -> dict[str, int]:
    with office.database.reading() as session:
        return dict(lists.tally(session, [listed.id])[listed.id or 0])


def answered(office: Office) -> dict[str, Reply]:
    with office.database.reading() as session:
        return {reply.meaning: reply for reply in session.exec(select(Reply).where(Reply.kind == ReplyKind.visit))}


def test_what_is_noted_at_the_door_does_what_residents_answers_do(
    office: Office, nobody: int, canvasser: Actor
) -> None:
    listed = of_segment(office, nobody)
    lists.give(office, OFFICER, listed.id or 0, canvasser.account_id)
    walked = held(office, listed)
    for home, visit in zip(walked, Visit, strict=False):
        outcomes.at_door(office, canvasser, listed.code.lower(), home.line, visit.value)
    replies = answered(office)
    assert {what for what, reply in replies.items() if reply.open} == {Visit.moved, Visit.not_a_home}
    assert {what: reply.outcome for what, reply in replies.items() if not reply.open} == {
        Visit.form: "kept", Visit.online: "kept", Visit.refused: "stop", Visit.empty: "rests",
    }  # fmt: skip
    gone = {home.uprn for home in walked} - {home.uprn for home in held(office, listed)}
    assert gone == {replies[Visit.refused].uprn, replies[Visit.empty].uprn}
    with pytest.raises(InputRefused, match="asked not to be called at again"):
        outcomes.at_door(office, canvasser, listed.code, walked[3].line, Visit.nobody)
    work_list.undo(office, OFFICER, replies[Visit.refused].id or 0)
    assert replies[Visit.refused].uprn in {home.uprn for home in held(office, listed)}
    outcomes.by_officer(office, OFFICER, listed.id or 0, walked[0].line, Visit.moved)
    assert len(answered(office)) == 5  # the form that was taken is what they say no more
    with office.database.session() as session:
        assert not any(
            str(home.uprn) in str(entry) for home in walked for entry in session.exec(select(audit.AuditEntry))
        )
        assert work_list.Line(replies[Visit.refused]).title == "Visit: do not call again"


def test_a_file_that_comes_back_is_noted_whole_or_not_at_all(office: Office, nobody: int) -> None:
    listed = of_segment(office, nobody)
    sent = papers.as_csv(office, OFFICER, listed.id or 0)
    rows = list(csv.DictReader(io.StringIO(sent, newline="")))
    assert [rows[0][name] for name in papers.HEADER] == [listed.code, "1", "1", rows[0]["home"], "High Street", "1 High Street, Burton", "DE14 1AA", ""]  # fmt: skip
    first, second, third = (row["home"] for row in rows[:3])

    def back(*lines: str, head: str = "Home;Outcome") -> outcomes.Noted:
        content = "\r\n".join((head, *lines)).encode("cp1252")
        return outcomes.by_file(office, OFFICER, listed.id or 0, "walk.csv", content)

    with pytest.raises(InputRefused, match=r"walk.csv, line 1 has the columns a: expected home and outcome"):
        back("x", head="a")
    wrong = (f"{first};Nobody in", "1234;Nobody in", f"{second};Gone fishing", f"{first};Moved away")
    with pytest.raises(InputRefused) as refused:
        back(*wrong)
    assert [part.partition(":")[0] for part in str(refused.value).split("; ")] == [
        "walk.csv, line 3, column home is '1234'", "walk.csv, line 4, column outcome is 'Gone fishing'",
        "walk.csv, line 5, column outcome is 'Moved away', but an earlier line has 'nobody'. Nothing was changed",
    ]  # fmt: skip
    assert counted(office, listed) == {"": HOMES}
    good = (f"{first};Gwrthododd: peidiwch â galw eto", f"{second.lower()};B", f"{third};")
    assert back(*good) == outcomes.Noted(2, 0)
    assert back(*good) == outcomes.Noted(0, 2)
    assert counted(office, listed) == {"": HOMES - 2, "refused": 1, "online": 1}


def test_a_printed_list_is_tagged_and_in_its_language(office: Office, nobody: int) -> None:
    listed = of_segment(office, nobody, size=30, language="cy")
    printed = pypdf.PdfReader(io.BytesIO(papers.as_pdf(office, OFFICER, listed.id or 0)))
    root = printed.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"], "/StructTreeRoot" in root) == ("cy", True, True)
    words = "\n".join(page.extract_text() for page in printed.pages)
    assert "Taith 2 o 2" in words
    assert "Gwrthododd" in words
    assert "59 High Street, Burton, DE14 1AA" in words
    one = pypdf.PdfReader(io.BytesIO(papers.as_pdf(office, OFFICER, listed.id or 0, 2)))
    assert "Taith 1" not in one.pages[0].extract_text()
    given = {"said": papers.SAID["en"], "lang": "en", "council": "#panic()", "name": "#x $", "code": "B", "until": "*",
             "columns": [], "rounds": [{"title": "]", "homes": "#", "streets": [{"name": "= a", "homes": [["#", "$"]]}]}]}  # fmt: skip
    assert papers.printed(given, 0).startswith(b"%PDF")


# Whose it is


def test_a_canvasser_sees_their_own_lists_alone_and_notes_by_plain_forms(
    office: Office, nobody: int, enter: Enter
) -> None:
    officer, walker, other = enter(Role.officer), enter(Role.canvasser), of_segment(office, nobody, ward=WARDS[0])
    asked = {"name": "Walk", "homes": f"segment {nobody}", "reason": WHY, "size": "40", "days": "28", "language": "en"}
    wrong = officer.send("/canvass/new", asked | {"homes": "group 9 x", "size": "0"})
    assert 'name="size" type="text" value="0"' in " ".join(wrong.text.split())
    made = officer.send("/canvass/new", asked)
    assert "List made: 60 homes." in made.text
    assert officer.get(f"{made.url.path}/list.pdf").headers["content-type"] == "application/pdf"
    with office.database.reading() as session:
        listed = lists.find(session, OFFICER, int(made.url.path.rpartition("/")[2]))
    with office.database.reading() as session:
        account = session.exec(select(Account).where(Account.role == Role.canvasser)).one()
    sent = officer.send(f"/canvass/{listed.id}/give", {"canvasser": account.id})
    assert "Given." in sent.text
    assert listed.code in walker.get("/lists").text
    assert other.code not in walker.get("/lists").text
    page = walker.get(f"/lists/{listed.code}").text
    first, second = (home.line for home in held(office, listed)[:2])
    assert page.index("1 High Street") < page.index("3 High Street") < page.index("2 High Street, ")
    missed = walker.send(f"/lists/{listed.code}/{first}")
    assert (missed.status_code, "Select what you found" in missed.text) == (422, True)
    noted = walker.send(f"/lists/{listed.code}/{first}", {"outcome": "form"})
    assert noted.url.path == f"/lists/{listed.code}/{second}"
    assert walker.get(f"/lists/{other.code}").status_code == 404
    assert walker.get(f"/canvass/{listed.id}/list.pdf").status_code == 403
    assert "1 of 40 homes called at" in walker.get(f"/lists/{listed.code}").text
    back = officer.send(
        f"/canvass/{listed.id}/file", files={"file": ("w.csv", f"home,outcome\n{second},moved", "text/csv")}
    )
    assert "1 visit noted" in back.text
    typed = officer.send(f"/canvass/{listed.id}/outcome", {"home": "BBBB", "outcome": ""})
    assert (typed.status_code, 'value="BBBB"' in typed.text) == (422, True)
    officer.send(f"/canvass/{listed.id}/withdraw")
    assert walker.get(f"/lists/{listed.code}").status_code == 404
    assert officer.get(f"/canvass/{listed.id}/list.csv").status_code == 422


def test_a_list_is_over_on_its_last_day_and_forgotten_later(
    office: Office, nobody: int, canvasser: Actor, clock: SteppedClock
) -> None:
    listed = of_segment(office, nobody, days=7)
    lists.give(office, OFFICER, listed.id or 0, canvasser.account_id)
    home = held(office, listed)[0]
    clock.advance(timedelta(8))
    with pytest.raises(NotFound):
        outcomes.at_door(office, canvasser, listed.code, home.line, "form")
    outcomes.by_officer(office, OFFICER, listed.id or 0, home.line, "form")  # the paper comes back late
    clock.advance(timedelta(30))
    with office.database.session() as session:
        assert retention.purge(office, session, COUNCIL)["homes of canvassers' lists"] == HOMES
        assert not session.exec(select(CanvassHome)).all()
    with pytest.raises(InputRefused, match="no longer kept"):
        outcomes.by_officer(office, OFFICER, listed.id or 0, home.line, "moved")
