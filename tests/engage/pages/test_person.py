"""Requests about personal data, by page: found, downloaded, erased after a word and a reason."""

from collections.abc import Callable
from typing import Any

from sqlmodel import select

from engage.foundation.audit import AuditEntry
from engage.foundation.identity import Role
from engage.foundation.office import Office
from segments.safeguards.suppression import suppress_contact
from tests.campaigns.council import COUNCIL


def test_what_is_held_is_found_downloaded_and_erased(enter: Callable[[Role], Any], office: Office) -> None:
    visitor = enter(Role.administrator)
    asked = {"scope": "email", "value": "A.Resident@example.com"}
    assert "Nothing is held of them" in visitor.send("/person", asked).text
    for wrong, told in (({}, "Select what you look by"), ({**asked, "value": "nobody"}, "Enter an email address")):
        page = visitor.send("/person", wrong)
        assert (page.status_code, told in page.text) == (422, True)
    with office.database.session() as session:
        contact = office.keys.contact("email", "a.resident@example.com")
        suppress_contact(session, office, COUNCIL, "email", contact, "asked by phone", "officer 1")
    page = visitor.send("/person", asked)
    assert "Suppressions" in page.text
    assert "a keyed hash, so that nothing is sent again" in page.text
    assert visitor.send("/person/export", {**asked, "reason": "a.resident@example.com"}).status_code == 422
    held = visitor.send("/person/export", {**asked, "reason": "Request 7"})
    assert held.headers["content-disposition"] == 'attachment; filename="held.json"'
    assert held.json()["held"][0]["place"] == "suppressions"
    with office.database.reading() as session:
        exported = [e.detail for e in session.exec(select(AuditEntry).where(AuditEntry.act == "export person"))]
    assert [(each["reason"], each["suppressions"]) for each in exported] == [("Request 7", 1)]
    for lacking in (asked, {**asked, "sure": "yes"}, {**asked, "sure": "yes", "reason": "a.resident@example.com"}):
        assert visitor.send("/person/erase", lacking).status_code == 422
    page = visitor.send("/person/erase", {**asked, "sure": "yes", "reason": "Request 7"})
    assert "Nothing will be sent to them again" in page.text
    assert enter(Role.officer).send("/person/erase", {**asked, "sure": "yes", "reason": "x"}).status_code == 403
