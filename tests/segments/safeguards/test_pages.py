"""The page of suppressions."""

from sqlmodel import select

from engage.foundation.identity import Role
from engage.foundation.office import Office
from segments.safeguards.suppression import Suppression
from tests.website import Enter


def test_what_is_typed_into_suppressions_is_kept_only_as_a_hash(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    visitor.send("/suppressions", {"scope": "sms", "value": "07700 900123", "reason": "asked by phone"})
    with office.database.session() as session:
        kept = session.exec(select(Suppression)).one()
    assert kept.key == office.keys.contact("sms", "447700900123")
    assert "900123" not in visitor.get("/suppressions").text
    wrong = visitor.send("/suppressions", {"scope": "email", "value": "nobody", "reason": "asked by phone"})
    assert wrong.text.count("Enter an email address, like name@example.com") == 2
