"""The papers say what this service does and holds, and nothing of anybody."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from engage.deployment import papers, purging
from engage.deployment.papers import PAPERS
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Actor, Office
from segments.importing.imports import import_file
from tests.website import COUNCIL, Enter, Visitor

CONTACTS = """uprn,email,mobile,source,lawful_basis,agreement_reference,collected_on
100030000001,one@example.com,,Council tax,Public task,DSA-7,2026-01-05
100030000002,,07700 900123,Garden waste,Public task,DSA-9,2026-02-05
100030000003,three@example.com,,Council tax,Public task,DSA-7,2026-03-05
"""


@pytest.fixture
def held(office: Office, tmp_path: Path) -> Office:
    """With one list of contacts, and an officer who has a name and a telephone."""
    file = tmp_path / "contacts.csv"
    file.write_text(CONTACTS)
    import_file(office, Actor(COUNCIL, "officer 1"), "contacts", file, date(2026, 4, 1), accept_problems=True)
    with office.database.session() as session:
        found = session.get_one(Authority, COUNCIL)
        found.officer, found.phone, found.email = "A. Returning", "01283 000000", "elections@example.org"
    return office


def council(office: Office, code: str) -> None:
    with office.database.session() as session:
        session.add(Authority(code=code, name="Elsewhere"))


def test_facts_are_those_of_the_service(held: Office) -> None:
    found = papers.facts(held, COUNCIL)
    assert [(each.title, each.of_people, each.rows) for each in found.datasets] == [
        ("Email addresses and phone numbers", True, 3)
    ]
    assert [(each.source, each.agreement, each.contacts) for each in found.bases] == [
        ("Council tax", "DSA-7", 2), ("Garden waste", "DSA-9", 1),
    ]  # fmt: skip
    assert found.notify == "", "no key is set, so nothing goes anywhere"
    # RPA 1983, s 13(1): the canvass year of a list made in June 2026 ends on 1 December 2026, and a year is kept after.
    assert found.next_purge == date(2027, 12, 1)


def test_the_schedule_says_the_day_on_which_the_purge_finds_something(held: Office) -> None:
    due = papers.facts(held, COUNCIL).next_purge
    assert due
    clock = held.clock
    assert isinstance(clock, SteppedClock)
    clock.move_to(at_london(due - timedelta(days=1), 12))
    assert "contacts in imported lists" not in purging.purge(held, dry_run=True)[COUNCIL]
    clock.advance(timedelta(days=1))
    assert purging.purge(held, dry_run=True)[COUNCIL]["contacts in imported lists"] == 3


def test_whoever_answers_for_it_reads_all_papers_and_others_none(held: Office, enter: Enter) -> None:
    auditor = enter(Role.auditor)
    page = auditor.get("/papers").text
    for paper in PAPERS:
        path = f"/papers/{paper.name.replace('_', '-')}"
        assert path in page
        said = auditor.get(path)
        assert said.status_code == 200
        assert "East Staffordshire" in said.text
        assert not {"one@example.com", "07700", "447700"} & set(said.text.split())
    assert "DSA-9" in auditor.get("/papers/processing").text
    assert auditor.get("/papers/nothing").status_code == 404
    assert enter(Role.member).get("/papers").status_code == 403


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["A. Returning", "01283 000000", "Council tax", "1 December 2027", "Next removed on"]),
        ("cy", ["A. Returning", "01283 000000", "Council tax", "1 Rhagfyr 2027", "Y dileu nesaf"]),
    ],
)
def test_residents_read_who_keeps_what_and_until_when(
    held: Office, visitor: Visitor, lang: str, words: list[str]
) -> None:
    notice = visitor.get(f"/privacy?lang={lang}").text
    schedule = visitor.get(f"/retention?lang={lang}").text
    assert [word for word in words if word not in notice + schedule] == []
    assert f"/retention?lang={lang}" in notice


def test_a_service_of_several_councils_asks_which(held: Office, visitor: Visitor) -> None:
    council(held, "E07000999")
    asked = visitor.get("/retention").text
    assert "Choose your council" in asked
    assert f"council={COUNCIL}" in asked
    assert "1 December 2027" not in asked
    assert "1 December 2027" in visitor.get(f"/retention?council={COUNCIL}").text
    assert "1 December 2027" not in visitor.get("/retention?council=E07000999").text
