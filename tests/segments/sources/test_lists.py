"""Contacts, suppressions and protected addresses."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from segments.files.report import ImportReport
from segments.importing import imports
from segments.importing.imports import import_file
from segments.safeguards import suppression
from segments.safeguards.suppression import Suppression
from tests.segments.sources import papers

TODAY = date(2026, 6, 1)
CONTACT: Mapping[str, object] = {
    "uprn": 7, "source": "Garden waste", "lawful_basis": "UK GDPR Art 6(1)(e)", "agreement_reference": "DSA-1",
    "collected_on": "2026-01-31", "email": "", "mobile": "", "unsubscribed": "", "objection_on": "",
}  # fmt: skip


def contacts(
    office: Office, actor: Actor, folder: Path, *rows: dict[str, object], name: str = "c.csv", yes: bool = True
) -> ImportReport:
    text = papers.table(CONTACT, [[(dict(CONTACT) | row)[key] for key in CONTACT] for row in rows])
    return import_file(office, actor, "contacts", papers.write(folder, name, text), TODAY, accept_problems=yes)


def suppressions(office: Office, actor: Actor, folder: Path, *rows: tuple[object, ...]) -> ImportReport:
    text = papers.table(["type", "value", "reason", "added_on"], rows)
    return import_file(office, actor, "suppressions", papers.write(folder, "s.csv", text), TODAY, accept_problems=True)


def test_a_row_gives_a_contact_for_each_channel(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = contacts(office, actor, tmp_path, {"email": " Robin.Tester@Example.ORG ", "mobile": "(07700) 900 123"})
    assert (report.rows_read, report.accepted) == (1, 1)
    rows = papers.rows(office, report.snapshot_id, "*", "channel")
    assert [(row[0], row[1], row[2], office.keys.decrypt(row[3])) for row in rows] == [
        (7, "email", office.keys.contact("email", "robin.tester@example.org"), "robin.tester@example.org"),
        (7, "sms", office.keys.contact("sms", "447700900123"), "447700900123"),
    ]
    assert rows[0][4:] == ("Garden waste", "UK GDPR Art 6(1)(e)", "DSA-1", date(2026, 1, 31), False)
    assert report.figures == {"emails": 1, "mobiles": 1, "properties": 1, "objected": 0}


def test_contacts_that_cannot_be_used_are_rejected_unseen(office: Office, actor: Actor, tmp_path: Path) -> None:
    good: dict[str, object] = {"email": "robin@example.org"}
    report = contacts(
        office, actor, tmp_path, good, good | {"lawful_basis": " "}, good | {"agreement_reference": ""}, good | {"source": ""},
        good | {"collected_on": "31-Jan-26"}, good | {"collected_on": "2026-06-02"}, good | {"uprn": "x7"}, {},
        {"email": "name@@example.com"}, {"mobile": "01632 960123"}, {"email": "n/a", "mobile": "none"},
        {"email": "simulate-delivered-2@notifications.service.gov.uk"}, {"mobile": "07700 900 003"},
        {"email": "two words@example.org", "mobile": "07700900124"}, good | {"uprn": 8},
    )  # fmt: skip
    assert report.rejected == {
        "no lawful basis": 1, "no agreement reference": 1, "no source": 1,
        "no date of collection (expected yyyy-mm-dd or dd/mm/yyyy)": 1, "date of collection is after the date of the file": 1,
        "UPRN is not a whole number of up to 12 digits": 1, "no email address or mobile number": 1, "not an email address": 2,
        "not a UK mobile number": 1, "kept by GOV.UK Notify for tests, no resident": 2,
    }  # fmt: skip
    assert (report.rows_read, report.accepted) == (15, 3)
    assert report.warnings == ["rows kept without their email, which cannot be used: 1"]
    assert papers.rows(office, report.snapshot_id, "uprn, channel") == [(7, "email"), (7, "sms"), (8, "email")]
    everything = papers.lake_bytes(office)
    for value in ("robin@example", "@@example", "960123", "900124", "two words", "simulate-delivered"):
        assert value.encode() not in everything
    lines = (office.lake.root / report.rejects_file).read_text("utf-8-sig").splitlines()[1:]
    assert lines[3] == "6,collected_on,no date of collection (expected yyyy-mm-dd or dd/mm/yyyy),31-Jan-26"
    assert [line.split(",")[0] for line in lines] == [str(n) for n in range(3, 15)]


@pytest.mark.parametrize("how", [{"unsubscribed": "Y"}, {"objection_on": "2026-02-01"}])
def test_objections_are_kept_as_hashes_and_outlast_the_list(
    office: Office, actor: Actor, tmp_path: Path, how: dict[str, object]
) -> None:
    first = contacts(
        office, actor, tmp_path, {"email": "robin@example.org"} | how, {"email": "alex@example.org", "uprn": 8}
    )
    assert papers.rows(office, first.snapshot_id, "uprn, objected, value = ''") == [(7, True, True), (8, False, False)]
    known = office.keys.contact("email", "robin@example.org")
    second = contacts(office, actor, tmp_path, {"email": "robin@example.org"}, name="d.csv")
    with office.database.session() as session:
        assert suppression.suppressed_contacts(session, actor.authority) == {known}
        assert suppression.is_suppressed(session, office, actor.authority, "email", contact_hash=known)
    imports.undo(office, actor, second.snapshot_id or 0)
    with office.database.session() as session:
        assert suppression.suppressed_contacts(session, actor.authority) == {known}


def test_a_contact_list_needs_a_contact_column(office: Office, actor: Actor, tmp_path: Path) -> None:
    text = papers.table(list(CONTACT)[:5], [list(CONTACT.values())[:5]])
    with pytest.raises(InputRefused, match="neither a column 'email' nor a column 'mobile'"):
        import_file(office, actor, "contacts", papers.write(tmp_path, "c.csv", text), TODAY)


def test_a_suppression_list_goes_to_the_live_list(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = suppressions(
        office, actor, tmp_path, ("email", "Robin@example.org", "hard_bounce", "2026-03-02"), ("mobile", "07700 900123", "unsubscribed", "02/03/2026"),
        ("uprn", "000100031.00", "objection", ""), ("email", "robin@example.org", "told us a story", "2026-03-03"),
        ("fax", "1", "objection", ""), ("email", "nobody", "objection", ""), ("uprn", "x", "objection", ""), ("uprn", "", "objection", ""),
    )  # fmt: skip
    email, mobile, home = (
        office.keys.contact("email", "robin@example.org"),
        office.keys.contact("sms", "447700900123"),
        office.keys.uprn(100031),
    )
    assert report.rejected == {
        "type is not email, mobile or uprn": 1, "not an email address": 1, "no value": 1,
        "UPRN is not a whole number of up to 12 digits": 1,
    }  # fmt: skip
    assert papers.rows(office, report.snapshot_id, "*", "all") == [
        ("email", email, "bounce", date(2026, 3, 2)), ("email", email, "other", date(2026, 3, 3)),
        ("household", home, "objection", None), ("sms", mobile, "unsubscribed", date(2026, 3, 2)),
    ]  # fmt: skip
    assert report.figures == {"contacts": 3, "households": 1}
    with office.database.session() as session:
        authority = actor.authority
        assert suppression.suppressed_contacts(session, authority) == {email, mobile}
        assert suppression.suppressed_households(session, authority) == {home}
        entries = session.exec(select(Suppression)).all()
        assert {(entry.key, entry.reason, entry.added_on, entry.source) for entry in entries} == {
            (email, "other", date(2026, 3, 3), str(report.snapshot_id)), (mobile, "unsubscribed", date(2026, 3, 2), str(report.snapshot_id)),
            (home, "objection", TODAY, str(report.snapshot_id)),
        }  # fmt: skip
    everything = papers.lake_bytes(office)
    assert b"robin@" not in everything.lower()
    assert b"a story" not in everything


def test_undoing_a_suppression_list_lifts_what_it_alone_asked_for(office: Office, actor: Actor, tmp_path: Path) -> None:
    report = suppressions(office, actor, tmp_path, ("uprn", 7, "objection", ""), ("uprn", 8, "objection", ""))
    with office.database.session() as session:
        suppression.suppress_household(session, office, actor.authority, 8, "objection", "resident")
    imports.undo(office, actor, report.snapshot_id or 0)
    with office.database.session() as session:
        assert suppression.suppressed_households(session, actor.authority) == {office.keys.uprn(8)}


def test_protected_addresses_are_hashes_alone(office: Office, actor: Actor, tmp_path: Path) -> None:
    header = ["uprn", "added_on", "review_on"]
    rows: list[list[object]] = [
        [100031001324, "2026-01-15", "2027-01-15"],
        ["000100031001324", "2026-01-16", ""],
        [100031011290, "15/01/2026", ""],
        ["100031x", "", ""],
        [100031044323, "soon", ""],
    ]
    path = papers.write(tmp_path, "p.csv", papers.table(header, rows))
    report = import_file(office, actor, "protected", path, TODAY, accept_problems=True)
    assert report.rejected == {
        "the same address twice": 1, "UPRN is not a whole number of up to 12 digits": 1,
    }  # fmt: skip
    assert set(papers.rows(office, report.snapshot_id)) == {
        (office.keys.uprn(100031001324), date(2026, 1, 15), date(2027, 1, 15)), (office.keys.uprn(100031011290), date(2026, 1, 15), None),
        (office.keys.uprn(100031044323), None, None),
    }  # fmt: skip
    everything = papers.lake_bytes(office) + json.dumps(report.as_dict()).encode()
    assert b"100031" not in everything


LISTS = Path(__file__).parent / "samples" / "lists"


def test_contacts_of_a_back_office_by_its_own_column_names(office: Office, actor: Actor) -> None:
    report = import_file(office, actor, "contacts", LISTS / "contacts_back_office.csv", TODAY)
    assert (report.rows_read, report.accepted, report.rejected) == (3, 2, {"no lawful basis": 1})
    assert papers.rows(office, report.snapshot_id, "uprn, channel, agreement_reference, collected_on, objected") == [
        (3410000001, "email", "DSA-GW-1", date(2026, 1, 31), False),
        (3410000001, "sms", "DSA-GW-1", date(2026, 1, 31), False),
        (3410000002, "email", "DSA-GW-1", date(2026, 2, 1), True),
    ]


def test_contacts_nobody_can_account_for_are_refused(office: Office, actor: Actor) -> None:
    sentence = r"lacks the columns source, lawful_basis, agreement_reference, collected_on\. Every contact needs"
    with pytest.raises(InputRefused, match=sentence):
        import_file(office, actor, "contacts", LISTS / "contacts_unaccounted.csv", TODAY)


def test_opt_outs_and_bounces_of_an_electoral_system(office: Office, actor: Actor) -> None:
    report = import_file(office, actor, "suppressions", LISTS / "ems_extension.csv", TODAY, accept_problems=True)
    robin, alex = (office.keys.contact("email", f"{name}@example.org") for name in ("robin", "alex"))
    assert papers.rows(office, report.snapshot_id) == sorted(
        [
            ("email", robin, "objection", None), ("email", alex, "bounce", date(2026, 4, 2)),
            ("household", office.keys.uprn(3410000004), "objection", None),
            ("household", office.keys.uprn(3410000008), "objection", None),
        ]
    )  # fmt: skip
    assert report.rejected == {
        "no unsubscription and no bounce": 2, "no email address": 1, "no email address or UPRN": 1,
    }  # fmt: skip
    assert report.expected == ["no email address", "no unsubscription and no bounce"]
    with office.database.session() as session:
        authority = actor.authority
        assert suppression.suppressed_contacts(session, authority) == {robin, alex}
        assert suppression.suppressed_households(session, authority, "email") == {
            office.keys.uprn(3410000004), office.keys.uprn(3410000008),
        }  # fmt: skip
        assert suppression.suppressed_households(session, authority, "letter") == set()  # only its email stops


def test_nothing_else_of_an_electoral_system_is_kept(office: Office, actor: Actor) -> None:
    import_file(office, actor, "suppressions", LISTS / "ems_extension.csv", TODAY, accept_problems=True)
    everything = papers.lake_bytes(office)
    for value in ("1980-02-03", "1984-02-03", "1987-02-03", "robin@", "sam@", "no address", "07700900123"):
        assert value.encode() not in everything


@pytest.mark.parametrize("kind", ["suppressions", "contacts", "register"])
def test_a_file_with_national_insurance_numbers_is_refused_whatever_it_is_said_to_be(
    office: Office, actor: Actor, kind: str
) -> None:
    with pytest.raises(InputRefused, match="holds National Insurance numbers, which nothing here needs") as refused:
        import_file(office, actor, kind, LISTS / "ems_with_nino.csv", TODAY)
    assert "QQ123456C" not in str(refused.value)
    assert b"QQ123456C" not in papers.lake_bytes(office)


@pytest.mark.parametrize("header", ["NINO", "ElectorNINO", "National Insurance Number", "NI number"])
def test_however_the_column_is_called(office: Office, actor: Actor, tmp_path: Path, header: str) -> None:
    text = papers.table(["UPRN", "Email", header], [[7, "robin@example.org", "QQ123456C"]])
    with pytest.raises(InputRefused, match="National Insurance numbers"):
        import_file(office, actor, "contacts", papers.write(tmp_path, "c.csv", text), TODAY)


def test_the_lists_in_their_own_layouts(office: Office, actor: Actor) -> None:
    listed = import_file(office, actor, "suppressions", LISTS / "suppressions.csv", TODAY, accept_problems=True)
    assert (listed.accepted, listed.rejected) == (3, {"type is not email, mobile or uprn": 1})
    assert listed.figures == {"contacts": 2, "households": 1}
    hidden = import_file(office, actor, "protected", LISTS / "protected.csv", TODAY, accept_problems=True)
    assert (hidden.accepted, hidden.rejected) == (2, {"UPRN is not a whole number of up to 12 digits": 1})
