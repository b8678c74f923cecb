"""People have names where they act: on pages alone, as records and the audit log hold none."""

from types import SimpleNamespace
from typing import Any

import pytest

from engage.foundation.identity import Account, Role
from engage.foundation.office import Office
from engage.foundation.web.shown.names import person, told_apart
from tests.website import Enter, hire


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("officer 7", "Olive Officer"), ("data protection 8", "Dafydd Protector"), ("officer 9", "officer 9"),
        ("system user 1000 for officer 7", "system user 1000 for Olive Officer"), ("worker", "Engage"),
        ("council's own sign-in", "council's own sign-in"), ("token 7", "token 7"), ("", ""),
        ("Waits for officer 7, who is named", "Waits for Olive Officer, who is named"), ("officer 71", "officer 71"),
    ],
)  # fmt: skip
def test_what_a_record_says_becomes_a_name_where_one_is_known(label: str, said: str) -> None:
    request = SimpleNamespace(scope={"state": {"names": {7: "Olive Officer", 8: "Dafydd Protector"}}})
    context: Any = {"request": request}
    assert person(context, label) == said


def test_two_of_one_name_are_told_apart_by_email() -> None:
    people = [
        (1, "Ann Example", "ann@example.com"),
        (2, "ann example", "ann.2@example.com"),
        (3, "Bob", "b@example.com"),
    ]
    assert told_apart(people) == {
        1: "Ann Example (ann@example.com)", 2: "ann example (ann.2@example.com)", 3: "Bob",
    }  # fmt: skip


def test_the_audit_log_and_the_header_say_who(enter: Enter, office: Office, staff: dict[Role, Account]) -> None:
    other = hire(office, Role.officer, authority="E07000193", email="second@example.org")
    auditor = enter(Role.auditor)
    page = auditor.get("/audit").text
    assert f'Auditor<span class="engage-under">{staff[Role.auditor].label}</span>' in page
    assert '<span class="engage-who">Auditor, auditor<span class="govuk-visually-hidden">, East Staffordshire' in page
    assert "signed in until" in page
    assert 'data-signed-out-in="28' in page, "eight hours, in seconds"
    assert other.email not in page
