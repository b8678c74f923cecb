"""Lists of who unsubscribed, of GOV.UK Notify, of mailing services and kept by hand."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files.report import AnswerNeeded
from segments.importing.imports import import_file
from segments.safeguards.suppression import Suppression
from tests.segments.sources import papers
from tests.segments.sources.test_contact_list import contact, standing
from tests.segments.sources.test_lists import TODAY

NOTIFY = [
    "Email address",
    "Template name",
    "Uploaded spreadsheet file name",
    "Template sent at",
    "Unsubscribe request received at",
]
MAILCHIMP = [
    "Email Address",
    "First Name",
    "Last Name",
    "MEMBER_RATING",
    "OPTIN_TIME",
    "OPTIN_IP",
    "LEID",
    "EUID",
    "NOTES",
    "TAGS",
]


def written(folder: Path, header: list[str], *rows: list[object]) -> Path:
    return papers.write(folder, "u.csv", papers.table(header, rows))


def told(office: Office) -> set[tuple[str, date]]:
    with office.database.session() as session:
        return {(entry.reason, entry.added_on) for entry in session.exec(select(Suppression)).all()}


def test_notifys_report_of_unsubscribe_requests(office: Office, actor: Actor, tmp_path: Path) -> None:
    asked = ["A@example.org", "Reminder", "N/A", "24 May 2026 at 10:00am", "25 May 2026 at 11:00am"]
    path = written(tmp_path, NOTIFY, list(asked), ["b@example.org", "Reminder", "list.csv", "", ""])
    report = import_file(office, actor, "suppressions", path, TODAY)
    assert (report.format, report.accepted, report.warnings) == ("Unsubscribe report (GOV.UK Notify)", 2, [])
    assert standing(office, actor) == {contact(office, "email", f"{name}@example.org") for name in "ab"}
    assert told(office) == {("unsubscribed", date(2026, 5, 25)), ("unsubscribed", TODAY)}
    assert b"example.org" not in papers.lake_bytes(office)


@pytest.mark.parametrize(
    ("more", "cells", "reason", "day"),
    [
        (["UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_REASON"], ["2026-04-01 10:00:00", "News", "NORMAL"], "unsubscribed", date(2026, 4, 1)),
        (["CLEAN_TIME", "CLEAN_CAMPAIGN_TITLE"], ["2026-04-02 10:00:00", "News"], "bounce", date(2026, 4, 2)),
    ],
)  # fmt: skip
def test_mailchimps_exports(
    office: Office, actor: Actor, tmp_path: Path, more: list[str], cells: list[object], reason: str, day: date
) -> None:
    person: list[object] = ["a@example.org", "", "", 2, "2020-01-01 10:00:00", "", 1, "x", "", ""]
    path = written(tmp_path, [*MAILCHIMP, *more], [*person, *cells])
    import_file(office, actor, "suppressions", path, TODAY)
    assert standing(office, actor) == {contact(office, "email", "a@example.org")}
    assert told(office) == {(reason, day)}


def test_mailchimps_subscribers_are_not_silenced_without_a_question(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path, MAILCHIMP, ["a@example.org", "", "", 2, "2020-01-01 10:00:00", "", 1, "x", "", ""])
    with pytest.raises(AnswerNeeded, match="it looks like the list of those who are subscribed"):
        import_file(office, actor, "suppressions", path, TODAY)
    assert standing(office, actor) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Email address\r\na@example.org\r\nb@example.org\r\n", "a@example.org\r\nb@example.org\r\n",
        "\ufeffemail\na@example.org\nb@example.org\n", "Name,E-mail,Date added\nA,a@example.org,\nB,b@example.org,\n",
        "email;unsubscribed at\na@example.org;12.05.2026\nb@example.org;2026-05-12T10:00:00Z\n",
        "Email,Status\na@example.org,Unsubscribed\nb@example.org,Cleaned\nc@example.org,Subscribed\n",
        "Email,Opted out\na@example.org,Yes\nb@example.org,TRUE\nc@example.org,Not opted out\n",
        "UPRN,Email,Unsubscribed\n7,a@example.org,Y\n8,b@example.org,Y\n9,c@example.org,N\n",
    ],
)  # fmt: skip
def test_plain_lists_of_email_addresses(office: Office, actor: Actor, tmp_path: Path, text: str) -> None:
    report = import_file(office, actor, "suppressions", papers.write(tmp_path, "u.csv", text), TODAY)
    assert (report.accepted, report.questions) == (2, [])
    assert standing(office, actor) == {contact(office, "email", f"{name}@example.org") for name in "ab"}


def test_plain_lists_of_numbers_and_of_homes(office: Office, actor: Actor, tmp_path: Path) -> None:
    numbers = papers.write(tmp_path, "m.csv", "Mobile number\r\n07700900123\r\n4.47700900124E+11\r\n")
    import_file(office, actor, "suppressions", numbers, TODAY)
    homes = papers.write(tmp_path, "h.csv", "UPRN,Reason\r\n7,objection\r\n000000000008.0,\r\n")
    import_file(office, actor, "suppressions", homes, TODAY)
    assert standing(office, actor) == {
        contact(office, "sms", "447700900123"), contact(office, "sms", "447700900124"),
        ("household", "", office.keys.uprn(7)), ("household", "", office.keys.uprn(8)),
    }  # fmt: skip


def test_an_address_that_cannot_be_read_waits_or_closes_the_home(office: Office, actor: Actor, tmp_path: Path) -> None:
    path = written(tmp_path, ["Email"], ["a@example.org"], ["robin@@example.org"])
    with pytest.raises(AnswerNeeded, match="1 row of 2 cannot be read, on line 3"):
        import_file(office, actor, "suppressions", path, TODAY)
    homes = written(tmp_path, ["UPRN", "Email", "Unsubscribed"], [7, "robin@@example.org", "Y"], [8, "", "Y"])
    import_file(office, actor, "suppressions", homes, TODAY)
    assert standing(office, actor) == {("household", "email", office.keys.uprn(n)) for n in (7, 8)}


@pytest.mark.parametrize(
    "header",
    [
        ["Email", "Surname", "Elector number"], ["UPRN", "Address", "Class"], ["Name", "Department", "Email"],
        ["Email", "Council tax band"], ["Order", "Mobile", "Amount"],
    ],
)  # fmt: skip
def test_tables_that_are_no_such_list(office: Office, actor: Actor, tmp_path: Path, header: list[str]) -> None:
    with pytest.raises(InputRefused, match="is no format of a list of people not to contact"):
        import_file(office, actor, "suppressions", written(tmp_path, header, ["a@example.org", "x", "y"]), TODAY)
