"""What one council keeps of a contact or a home is no different for another: every page says the same of both."""

from datetime import date

from engage.foundation.identity import Authority, Role
from engage.foundation.office import Office
from segments.safeguards.suppression import Suppression
from tests.website import Enter

OTHER, KNOWN, UNKNOWN = "E07000999", "07700 900321", "07700 900654"
ACTS = (
    ("/suppressions", {"scope": "sms", "reason": "asked by phone"}),
    ("/replies/complaints", {"scope": "sms", "words": "Too many."}),
    ("/person", {"scope": "sms"}),
    ("/person/export", {"scope": "sms"}),
    ("/person/erase", {"scope": "sms", "sure": "yes", "reason": "request 7"}),
)


def test_a_contact_that_another_council_holds_is_as_unknown_here(enter: Enter, office: Office) -> None:
    contact = office.keys.contact("sms", "447700900321")
    with office.database.session() as session:
        session.add(Authority(code=OTHER, name="Elsewhere"))
        session.flush()
        session.add(
            Suppression(
                authority=OTHER, scope="contact", key=contact, channel="", reason="asked us", source="officer 9",
                added_on=date(2026, 5, 1),
            )
        )  # fmt: skip
    administrator = enter(Role.administrator)

    def said(path: str, fields: dict[str, str], number: str) -> tuple[int, str]:
        answer = administrator.send(path, fields | {"value": number})
        text = answer.text.replace(number, "NUMBER").replace(number.replace(" ", ""), "NUMBER")
        return answer.status_code, "".join(line for line in text.splitlines() if "_csrf_token" not in line)

    for path, fields in ACTS[2:4]:
        assert said(path, fields, KNOWN) == said(path, fields, UNKNOWN), path
    for path, fields in (*ACTS[:2], ACTS[4]):
        assert said(path, fields, KNOWN)[0] == said(path, fields, UNKNOWN)[0] == 200, path
    assert "Elsewhere" not in administrator.send("/person", {"scope": "sms", "value": KNOWN}).text
