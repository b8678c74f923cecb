"""What contact lists say of people who object, and which of several columns of contacts is read."""

from pathlib import Path

import pytest
from sqlmodel import select

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files.report import AnswerNeeded
from segments.importing import imports
from segments.importing.imports import import_file
from segments.safeguards import suppression
from segments.safeguards.suppression import Suppression
from tests.segments.sources import papers
from tests.segments.sources.test_lists import CONTACT, TODAY, contacts

ROW = list(CONTACT)[:5]


def standing(office: Office, actor: Actor) -> set[tuple[str, str, str]]:
    with office.database.session() as session:
        found = session.exec(
            select(Suppression).where(
                Suppression.authority == actor.authority,
                Suppression.lifted_at == None,  # noqa: E711  # SQL
            )
        ).all()
        return {(entry.scope, entry.channel, entry.key) for entry in found}


def contact(office: Office, channel: str, value: str) -> tuple[str, str, str]:
    return ("contact", channel, office.keys.contact(channel, value))


@pytest.mark.parametrize(
    "fault",
    [
        {"lawful_basis": ""}, {"agreement_reference": " "}, {"source": ""}, {"collected_on": "soon"},
        {"collected_on": "2026-06-02"}, {"uprn": "1.00031E+11"}, {"uprn": ""}, {"mobile": "01632 960123"},
    ],
    ids="-".join,
)  # fmt: skip
def test_an_objection_stands_whatever_else_is_wrong_with_its_row(
    office: Office, actor: Actor, tmp_path: Path, fault: dict[str, object]
) -> None:
    good: dict[str, object] = {"email": "alex@example.org", "uprn": 8}
    report = contacts(office, actor, tmp_path, good, {"email": "robin@example.org", "unsubscribed": "Y"} | fault)
    assert standing(office, actor) == {contact(office, "email", "robin@example.org")}
    if "mobile" not in fault:
        assert "rows that cannot be used otherwise, but whose objection stands: 1" in report.warnings
    assert b"robin@example" not in papers.lake_bytes(office)


@pytest.mark.parametrize(
    ("given", "channels"),
    [
        ({"email": "robin@@example.org"}, {"email"}), ({"mobile": "07700 90O123"}, {"sms"}), ({}, {"email", "sms"}),
        ({"email": "none", "mobile": "7.7009E+09"}, {"email", "sms"}), ({"mobile": "01283 500000"}, {"sms"}),
    ],
)  # fmt: skip
def test_where_no_contact_can_be_read_the_home_is_not_contacted(
    office: Office, actor: Actor, tmp_path: Path, given: dict[str, object], channels: set[str]
) -> None:
    contacts(office, actor, tmp_path, {"email": "alex@example.org", "uprn": 8}, given | {"objection_on": "2026-02-01"})
    assert standing(office, actor) == {("household", channel, office.keys.uprn(7)) for channel in channels}


def test_an_objection_of_nobody_waits(office: Office, actor: Actor, tmp_path: Path) -> None:
    good: dict[str, object] = {"email": "alex@example.org", "uprn": 8}
    lost: dict[str, object] = {"uprn": "1.00031E+11", "email": "robin@@example.org", "unsubscribed": "Y"}
    with pytest.raises(AnswerNeeded, match=r"1 row may hold an objection .* on line 3: .*1\.00031E\+11"):
        contacts(office, actor, tmp_path, good, lost, yes=False)
    assert standing(office, actor) == set()
    assert imports.history(office, actor.authority) == []


def test_a_line_that_is_no_row_may_hold_an_objection(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.table(CONTACT, [[(dict(CONTACT) | {"email": "alex@example.org"})[key] for key in CONTACT]])
    path = papers.write(tmp_path, "c.csv", text + '9,"Garden,x,y,z,2026-01-31,o@example.com,,Y,\r\n')
    with pytest.raises(
        AnswerNeeded, match="1 row may hold an objection of which nobody can tell whose it is, on line 3"
    ):
        import_file(office, actor, "contacts", path, TODAY)


def test_every_contact_of_the_row_objects(office: Office, actor: Actor, tmp_path: Path) -> None:
    header = [*ROW, "Email", "Email 2", "Mobile", "Telephone", "Opted out"]
    row = [7, "Garden waste", "UK GDPR Art 6(1)(e)", "DSA-1", "2026-01-31"]
    cells = [*row, "a@example.org", "b@example.org", "07700900123", "07700900124", "Yes"]
    import_file(office, actor, "contacts", papers.write(tmp_path, "c.csv", papers.table(header, [cells])), TODAY)
    assert standing(office, actor) == {
        contact(office, "email", "a@example.org"), contact(office, "email", "b@example.org"),
        contact(office, "sms", "447700900123"), contact(office, "sms", "447700900124"),
    }  # fmt: skip


def test_undoing_a_list_of_contacts_undoes_what_it_suppressed_and_nothing_else(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    first = contacts(
        office, actor, tmp_path, {"email": "robin@example.org", "unsubscribed": "Y"}, {"unsubscribed": "Y"}
    )
    second = contacts(office, actor, tmp_path, {"email": "robin@example.org", "unsubscribed": "Y"}, name="d.csv")
    with office.database.session() as session:
        suppression.suppress_household(session, office, actor.authority, 7, "objection", "resident", "sms")
    robin = contact(office, "email", "robin@example.org")
    undone = imports.undo(office, actor, first.snapshot_id or 0)
    assert undone.sentence.startswith(
        f"Import {first.snapshot_id} was undone. It had added 3 suppressions: what only it"
    )
    assert standing(office, actor) == {robin, ("household", "sms", office.keys.uprn(7))}
    imports.undo(office, actor, second.snapshot_id or 0)
    assert standing(office, actor) == {("household", "sms", office.keys.uprn(7))}
    with pytest.raises(InputRefused, match="has been undone already"):
        imports.undo(office, actor, second.snapshot_id or 0)


def test_imported_again_after_it_was_undone_the_objection_stands_again(
    office: Office, actor: Actor, tmp_path: Path
) -> None:
    for _ in range(2):
        report = contacts(office, actor, tmp_path, {"email": "robin@example.org", "unsubscribed": "Y"})
        assert standing(office, actor) == {contact(office, "email", "robin@example.org")}
        imports.undo(office, actor, report.snapshot_id or 0)
        assert standing(office, actor) == set()


@pytest.mark.parametrize(
    ("columns", "cells", "read", "told"),
    [
        (["Mobile", "Telephone"], ["01283500000", "07700900200"], "447700900200", "'Telephone' in 1 rows"),
        (["Telephone", "Mobile"], ["07700900201", "07700900200"], "447700900200", ""),
        (["Home phone", "Work phone", "Mobile phone number"], ["01283500000", "07700900201", ""], "447700900201", "'Work"),
        (["Phone 1", "Phone 2"], ["", "+44 7700 900202"], "447700900202", "'Phone 2'"),
        (["Mobile", "Mobile"], ["none", "07700900203"], "447700900203", "'Mobile 2'"),
        (["tel_no", "MobilePhone"], ["07700900204", "n/a"], "447700900204", "'tel_no'"),
    ],
)  # fmt: skip
def test_each_column_of_phone_numbers_is_tried_in_turn(
    office: Office, actor: Actor, tmp_path: Path, columns: list[str], cells: list[str], read: str, told: str
) -> None:
    row = [7, "Garden waste", "UK GDPR Art 6(1)(e)", "DSA-1", "2026-01-31"]
    text = papers.table([*ROW, *columns], [[*row, *cells]])
    report = import_file(office, actor, "contacts", papers.write(tmp_path, "c.csv", text), TODAY)
    [(channel, value)] = papers.rows(office, report.snapshot_id, "channel, value")
    assert (channel, office.keys.decrypt(value)) == ("sms", read)
    assert any(told in warning for warning in report.warnings) if told else report.warnings == []


def test_each_column_of_email_addresses_is_tried_in_turn(office: Office, actor: Actor, tmp_path: Path) -> None:
    row = [7, "Garden waste", "UK GDPR Art 6(1)(e)", "DSA-1", "2026-01-31"]
    text = papers.table([*ROW, "Email", "Alternative email"], [[*row, "n/a", "robin@example.org"]])
    report = import_file(office, actor, "contacts", papers.write(tmp_path, "c.csv", text), TODAY)
    assert papers.rows(office, report.snapshot_id, "channel") == [("email",)]
    assert report.rejected == {}
