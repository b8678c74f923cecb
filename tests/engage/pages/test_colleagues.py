"""Colleagues looked after by pages: invited, given a role and a link, gone at once; and one's own sign-ins."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlmodel import select

from engage.foundation.audit import AuditEntry
from engage.foundation.identity import Account, Authority, Role
from engage.foundation.office import Office
from tests.website import Visitor, hire

Staff = dict[Role, Account]
Visit = Callable[[], Visitor]
WORDS = {"password": "long enough words", "again": "long enough words"}


def link_on(page: str) -> str:
    found = re.search(r'engage-code">http://127.0.0.1:8000(/welcome/[\w-]+)<', page)
    assert found
    return found[1]


def test_a_colleague_is_invited_changes_role_and_leaves(visit: Visit, staff: Staff, office: Office) -> None:
    boss, olive = visit(), visit()
    boss.sign_in(staff[Role.administrator].email)
    wrong = boss.send("/colleagues/new", {"name": "Olive", "email": "no address"})
    assert (wrong.status_code, "Select a role" in wrong.text) == (422, True)
    link = link_on(boss.send("/colleagues/new", {"name": "Olive", "email": "o@example.org", "role": "member"}).text)
    assert "Invited, link not used yet" in boss.get("/colleagues").text
    newer = link_on(boss.send(f"/colleagues/{number(office, 'o@example.org')}/link").text)
    assert olive.get(link).status_code == 404, "a new link ends the one before"
    assert "You are signed in." in olive.send(newer, WORDS).text
    assert olive.get("/colleagues").status_code == 403
    assert olive.get("/data").status_code == 403
    path = f"/colleagues/{number(office, 'o@example.org')}"
    assert boss.send(f"{path}/role", {"role": "officer"}).url.path == "/colleagues"
    assert olive.get("/data").status_code == 200, "the next page has the new role"
    assert "Confirm that they leave" in boss.send(f"{path}/leave").text
    assert "signed out everywhere" in boss.send(f"{path}/leave", {"sure": "yes"}).text
    assert olive.get("/data").url.path == "/sign-in"
    assert olive.sign_in("o@example.org", WORDS["password"]).status_code == 422
    assert "They have left" in boss.get(path).text
    with office.database.session() as session:
        entries = session.exec(select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [entry.act for entry in entries][1:] == [
        "invite account", "give a new link", "set first password", "signed in", "change role", "end account",
        "failed to sign in",
    ]  # fmt: skip
    assert entries[4].actor == f"member {number(office, 'o@example.org')}", (
        "what was done keeps the name it was done under"
    )
    assert "@" not in " ".join(entry.model_dump_json() for entry in entries)


def number(office: Office, email: str) -> int:
    with office.database.session() as session:
        return session.exec(select(Account.id).where(Account.email == email)).one() or 0


def test_the_last_administrator_and_those_of_others_are_out_of_reach(
    visitor: Visitor, staff: Staff, office: Office
) -> None:
    with office.database.session() as session:
        session.add(Authority(code="E07000999", name="Elsewhere"))
    theirs = hire(office, Role.officer, authority="E07000999", email="elsewhere@example.org")
    visitor.sign_in(staff[Role.administrator].email)
    own = f"/colleagues/{staff[Role.administrator].id}"
    for act, form in (("role", {"role": "officer"}), ("leave", {"sure": "yes"})):
        refused = visitor.send(f"{own}/{act}", form)
        assert (refused.status_code, "This is the last administrator" in refused.text) == (422, True)
    assert "elsewhere@example.org" not in visitor.get("/colleagues").text
    answers = [visitor.get(f"/colleagues/{theirs.id}").status_code]
    answers += [
        visitor.send(f"/colleagues/{theirs.id}/{act}", {"role": "member", "sure": "yes"}).status_code
        for act in ("link", "role", "code", "leave")
    ]
    assert answers == [404] * 5


def test_sign_ins_are_listed_and_ended(visit: Visit, staff: Staff, office: Office) -> None:
    clock: Any = office.clock
    here, there, elsewhere = visit(), visit(), visit()
    there.client.headers["user-agent"] = (
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
    )
    for visitor in (here, there, elsewhere):
        visitor.sign_in(staff[Role.member].email)
    clock.advance(timedelta(minutes=20))
    there.get("/cookies")
    assert office.background.wait(10)
    page = here.get("/account").text
    assert page.count("This browser") == 1
    assert "Edge on Windows" in page
    assert "10:20am" in page, "last seen, in London"
    keys = re.findall(r'name="key" value="(\w+)"', page)
    assert len(keys) == 2
    foreign = visit()
    foreign.sign_in(staff[Role.officer].email)
    assert "You were not signed in there" in foreign.send("/account/sign-ins", {"key": keys[0]}).text
    assert "Signed out there" in here.send("/account/sign-ins", {"key": keys[0]}).text
    assert sorted(each.get("/wards").url.path for each in (there, elsewhere)) == ["/sign-in", "/wards"]
    here.send("/account/sign-ins")
    assert [each.get("/wards").url.path for each in (here, there, elsewhere)] == ["/wards", "/sign-in", "/sign-in"]
