"""What the stand-in refuses and answers as GOV.UK Notify does, beside the recorded exchanges."""

import json
from typing import Any

import phonenumbers
import pytest
import requests
from phonenumbers import PhoneNumberType

from campaigns.notify.client import GovukNotify
from campaigns.notify.errors import KeyRejected, NotPermitted, TeamOnly, TemplateUnusable, TrialMode
from campaigns.notify.recipients import read_phone
from campaigns.notify.stand_in import Running, running
from tests.campaigns.notify.reminders import KEYS, SEED, TEMPLATES, email, sms
from tests.campaigns.notify.test_stand_in import token

ABROAD = {"international": True}
FILE = {"file": "YQ==", "filename": "list.csv"}


def seed(templates: dict[str, dict[str, Any]] | None = None, **service: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(SEED))
    made["services"]["demo"] |= service
    made["templates"]["demo"] |= templates or {}
    return made


def post(stand_in: Running, kind: str, key: str = "normal", **body: Any) -> tuple[int, list[dict[str, Any]]]:
    headers = {"Authorization": f"Bearer {token(KEYS[key][-36:])}"}
    answer = requests.post(f"{stand_in.base_url}/v2/notifications/{kind}", json=body, headers=headers, timeout=5)
    return answer.status_code, answer.json().get("errors", [answer.json()])


def template(kind: str, content: str, subject: str | None = None) -> dict[str, dict[str, Any]]:
    ident = "00000000-0000-4000-8000-000000000001"
    return {"own": {"id": ident, "type": kind, "content": content, "subject": subject}}


OWN = "00000000-0000-4000-8000-000000000001"
CROWN = ("JE", "GG", "IM")


def example(region: str, code: int = 0, kind: int = PhoneNumberType.FIXED_LINE) -> str:
    """A number that nobody has, as the library gives it."""
    found = (
        phonenumbers.example_number_for_non_geo_entity(code) if code
        else phonenumbers.example_number_for_type(region, kind)
    )  # fmt: skip
    assert found is not None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("number", "service", "status", "error", "words"),
    [
        *(
            (example(region), service, 400, "InvalidPhoneError", "Not a UK mobile number")
            for region in CROWN
            for service in ({}, ABROAD)
        ),
        ("020 7946 0123", {}, 400, "InvalidPhoneError", "Not a UK mobile number"),
        ("020 7946 0123", {"permissions": ["sms", "sms_to_uk_landlines"]}, 201, "", ""),
        ("+1 202 555 0100", {}, 400, "BadRequestError", "Cannot send to international mobile numbers"),
        ("+1 202 555 0100", ABROAD, 201, "", ""),
        (example("001", 881), ABROAD, 400, "InvalidPhoneError", "Not a valid country prefix"),  # a satellite
        (example("001", 881), {}, 500, "KeyError", "Internal server error"),
        (example("TV"), ABROAD, 400, "InvalidPhoneError", "Not a valid country prefix"),  # Tuvalu
    ],
)
def test_numbers(number: str, service: dict[str, Any], status: int, error: str, words: str) -> None:
    with running(seed(template("sms", "Hello"), **service)) as stand_in:
        got, errors = post(stand_in, "sms", phone_number=number, template_id=OWN)
    assert got == status
    assert not error or (errors[0]["error"], errors[0]["message"]) == (error, words)


def test_pagers_are_refused_as_no_numbers() -> None:
    with running(seed(template("sms", "Hello"))) as stand_in:
        got, errors = post(stand_in, "sms", phone_number=example("GB", kind=PhoneNumberType.PAGER), template_id=OWN)
    assert (got, errors[0]["error"]) == (400, "ValidationError")


def test_a_number_for_drama_is_no_number_of_a_crown_dependency() -> None:
    phone = read_phone("07700 900123")
    assert (phone.international, phone.crown_dependency, phone.rate_multiplier) == (False, False, 1)


LINES = ("The residents", "1 Example Street", "DE14 1AA")


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (("address_line_1", "address_line_2", "postcode"), 201),
        (("address line 1", "address line 2", "postcode"), 400),
        (("Address_Line_1", "address_line_2", "address_line_3"), 400),
    ],
)
def test_the_lines_of_a_letter_are_named_exactly(names: tuple[str, ...], status: int) -> None:
    with running(seed(template("letter", "Hello", "Hello"))) as stand_in:
        got, errors = post(
            stand_in, "letter", template_id=OWN, personalisation=dict(zip(names, LINES, strict=True))
        )  # fmt: skip
    assert got == status
    assert status == 201 or errors[0]["message"] == "Address must be at least 3 lines"


@pytest.mark.parametrize(("letters", "status"), [(504, 201), (505, 400)])
def test_a_qr_code_holds_504_bytes(letters: int, status: int) -> None:
    address = dict(zip(("address_line_1", "address_line_2", "postcode"), LINES, strict=True))
    with running(seed(template("letter", "Scan this\r\n\r\nQR: ((code))", "Hello"))) as stand_in:
        got, errors = post(
            stand_in, "letter", template_id=OWN, personalisation={**address, "code": "x" * letters}
        )  # fmt: skip
    assert got == status
    if status == 400:
        assert errors == [
            {
                "error": "ValidationError", "message": "Cannot create a usable QR code - the link is too long",
                "data": "x" * 505, "num_bytes": 505, "max_bytes": 504,
            }
        ]  # fmt: skip


def test_files() -> None:
    with running(seed(template("email", "See ((it))", "Hello"))) as stand_in:
        for file, status in ((FILE, 201), (FILE | {"is_csv": True}, 400)):
            got, errors = post(
                stand_in, "email", email_address="a@example.org", template_id=OWN, personalisation={"it": file}
            )  # fmt: skip
            assert got == status
        assert errors[0]["message"] == "Do not set a value for `is_csv` if `filename` is set."


def test_a_text_with_a_one_character_ellipsis() -> None:
    with running(seed(template("sms", "((it))"))) as stand_in:
        said = {"phone_number": "07700900123", "template_id": OWN}
        got, answers = post(stand_in, "sms", **said, personalisation={"it": "Wait … and see"})
        assert (got, answers[0]["content"]["body"]) == (201, "Wait ... and see")
        assert post(stand_in, "sms", **said, personalisation={"it": "…" * 918})[0] == 201
        got, answers = post(stand_in, "sms", **said, personalisation={"it": "…" * 919})
        assert answers[0]["message"].endswith("Your message is 919 characters long.")


def test_its_health_is_public() -> None:
    with running(SEED) as stand_in:
        whole = requests.get(f"{stand_in.base_url}/_status", timeout=5)
        assert (whole.status_code, whole.json()["status"]) == (200, "ok")
        assert {"git_commit", "build_time", "db_version"} <= set(whole.json())
        assert requests.get(f"{stand_in.base_url}/_status?simple=1", timeout=5).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("change", "fault", "words"),
    [
        ({"restricted": True}, TrialMode, "trial mode"),
        ({"permissions": ["sms"]}, NotPermitted, "Service is not allowed to send emails"),
        ({"archived": True}, KeyRejected, "service is archived"),
        ({"deleted": [TEMPLATES["email_reminder_en"]]}, TemplateUnusable, "Template has been deleted"),
    ],
)
def test_a_service_may_change_in_the_middle_of_the_day(
    stand_in: Running, notify: GovukNotify, change: dict[str, Any], fault: type[Exception], words: str
) -> None:
    notify.send(email())
    assert requests.post(f"{stand_in.base_url}/stand-in/service", json=change, timeout=5).status_code == 200
    with pytest.raises(fault, match=words):
        notify.send(email())
    wrong = requests.post(f"{stand_in.base_url}/stand-in/service", json={"mode": "trial"}, timeout=5)
    assert (wrong.status_code, "not mode" in wrong.text) == (422, True)


def test_a_team_key_reaches_its_team(stand_in: Running) -> None:
    team = GovukNotify(KEYS["team"], stand_in.base_url)
    team.send(sms(recipient="07700900888"))
    with pytest.raises(TeamOnly, match="team-only API key"):
        team.send(sms())


def test_the_name_of_the_service_is_billed_and_not_shown() -> None:
    text = "a" * 150
    with running(seed(template("sms", text), prefix_sms=True, name="Exampleton elections")) as stand_in:
        got, answers = post(stand_in, "sms", phone_number="07700900123", template_id=OWN)
        assert (got, answers[0]["content"]["body"]) == (201, text)
        assert stand_in.state.store.by_id[answers[0]["id"]].fragments == 2
