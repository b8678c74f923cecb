"""One answer for a street or a building: which neighbours it tells, which it leaves out, and how it is taken back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlmodel import SQLModel, select

import engage.migrations.tables  # noqa: F401  # every table
from engage.app import create_app
from engage.foundation import audit
from engage.foundation.audit import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Authority, Role
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.homes import registrations
from segments.linking import matching, review, street
from segments.linking.review import LinkAnswer, Question, Verdict
from segments.linking.street import NONE_FITS, Outlook
from tests.conftest import EAST_STAFFORDSHIRE, START, founded
from tests.segments.linking.hard_pairs import A, B, C, D, E, G, town
from tests.segments.village import settle_in
from tests.website import Visitor, hire

ACTOR = Actor(EAST_STAFFORDSHIRE, "officer 1", 1)
Rows = list[tuple[str, str | None, int | None]]

# The kind: addresses as a register writes them, with what stands before the street in the home that each is.
KINDS: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "a street under a new name": (A, [
        *((f"{n} Harrier Way, Exampleton", f"{n} Larkspur Road") for n in (3, 4, 9, 21)),
        ("99 Harrier Way, Exampleton", None)]),
    "a street of another kind": (A, [
        *((f"{n} Larkspur Street, Exampleton", f"{n} Larkspur Road") for n in (5, 6, 30)),
        ("88 Larkspur Street, Exampleton", None)]),
    "a building under a new name": (C, [
        *((f"Flat {n}, Heron Point, Wherry Lane, Exampleton", f"Flat {n}, Tansy Court, 8 Wherry Lane") for n in (8, 9, 12)),
        ("Flat 77, Heron Point, Wherry Lane, Exampleton", None)]),
    "a building by a number it no longer has": (B, [
        (f"Flat {letter}, 38 Quillet Street, Exampleton", f"Flat {letter}, 40 Quillet Street") for letter in "ABC"]),
    "a letter of a building under a new name": (B, [
        (f"{letter} Quillet Mansions, Quillet Street, Exampleton", f"Flat {letter}, 40 Quillet Street") for letter in "ABC"]),
    "houses with names": (D, [
        (f"{name}, Chandler's Rise, Over Wick", f"{name}, Cobbler’s Hill") for name in ("Rook House", "Badger Barn")]),
    "a Scottish tenement under a new name": (E, [
        *((f"Flat {floor}/{n}, Selkie Buildings, Kelpie Street, Glenfar", f"Flat {floor}/{n}, 25 Kelpie Street")
          for floor, n in ((0, 1), (1, 2), (3, 2)))]),
    "a Welsh name the gazetteer does not have": (G, [
        (f"{n} Stryd Ysgubor, Llanfoel", f"{n} Heol yr Orsaf") for n in (1, 3, 8)]),
}  # fmt: skip


def settled(office: Office, actor: Actor, rows: Rows, folder: Path) -> Office:
    """Linked without the matcher, which takes seconds to begin: the homes shown are those that differ little."""
    settle_in(office, actor, rows, folder, places=town())
    with pytest.MonkeyPatch.context() as patched, office.database.session() as session:
        patched.setattr(matching, "_run_matcher", lambda _: None)
        registrations.newest(office, actor, session)
    return office


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A register with every kind at once."""
    folder = tmp_path_factory.mktemp("streets")
    rows: Rows = [(address, postcode, None) for postcode, pairs in KINDS.values() for address, _ in pairs]
    with founded(folder / "home") as office:
        yield settled(office, ACTOR, rows, folder)


def question_of(office: Office, actor: Actor, address: str) -> Question:
    (found,) = [each for each in review.queue(office, actor.authority).questions if each.address == address]
    return found


def answered(office: Office, actor: Actor, address: str, home: str | None, verdict: str = "") -> Question:
    question = question_of(office, actor, address)
    uprn = next((each.uprn for each in question.homes if home and each.address.startswith(f"{home},")), None)
    review.give(office, actor, question.key, verdict or (Verdict.accept if home else Verdict.reject), uprn)
    return question


def said(outlook: Outlook) -> dict[str, str | None]:
    return {told.question.address: told.home.address if told.home else None for told in outlook.told}


def verdicts(office: Office) -> dict[str, str | None]:
    with office.database.session() as session:
        return {answer.verdict: answer.follows for answer in session.exec(select(LinkAnswer))}


# What it tells


@pytest.mark.parametrize("kind", KINDS)
def test_one_answer_tells_the_homes_of_the_others(whole: Office, kind: str) -> None:
    _, pairs = KINDS[kind]
    first = answered(whole, ACTOR, *pairs[0])
    found = street.look(whole, ACTOR, first.number)
    homes = {address: home for address, home in pairs[1:] if home}
    assert said(found).keys() == homes.keys()
    assert all((said(found)[address] or "").startswith(f"{home}, ") for address, home in homes.items())
    assert {question.address for question, _ in found.left_out} <= {address for address, home in pairs if not home}


def test_a_home_that_is_not_shown_is_left_out_and_said(office: Office, actor: Actor, tmp_path: Path) -> None:
    rows: Rows = [(f"{n} Larkspur Street, Exampleton", A, None) for n in (5, 6, 88)]
    settled(office, actor, rows, tmp_path)
    first = answered(office, actor, rows[0][0], "5 Larkspur Road")
    asked = [each.address for each in review.queue(office, actor.authority).questions]
    found = street.look(office, actor, first.number)
    assert [reason for _, reason in found.left_out] == [NONE_FITS] * (len(asked) - 2)


@pytest.mark.parametrize(
    ("other", "postcode"),
    [
        ("7 Gannet Street, Exampleton", A),  # another street, of the same kind
        ("6 Larkspur Street, Over Wick", A),  # of another place
        ("6 Larkspur Street, Exampleton", "ZZ8 1AJ"),  # in another part of the post town
        ("Flat 6, 40 Larkspur Street, Exampleton", A),  # a flat is not a house
    ],
)
def test_what_is_another_streets_is_not_told(
    office: Office, actor: Actor, tmp_path: Path, other: str, postcode: str
) -> None:
    settled(office, actor, [("5 Larkspur Street, Exampleton", A, None), (other, postcode, None)], tmp_path)
    first = answered(office, actor, "5 Larkspur Street, Exampleton", "5 Larkspur Road")
    assert said(street.look(office, actor, first.number)) == {}


@pytest.mark.parametrize("verdict", [Verdict.reject, Verdict.unsure])
def test_none_of_these_holds_for_all(office: Office, actor: Actor, tmp_path: Path, verdict: Verdict) -> None:
    rows: Rows = [(f"{n} Larkspur Street, Exampleton", A, None) for n in (5, 6, 30)]
    settled(office, actor, rows, tmp_path)
    first = answered(office, actor, rows[0][0], None, verdict)
    found = street.look(office, actor, first.number)
    assert said(found) == {rows[1][0]: None, rows[2][0]: None}
    street.follow(office, actor, first.key, found.seal)
    assert verdicts(office) == {verdict: first.key}
    assert review.waiting(office, actor.authority) == 0


# Given, and taken back


@pytest.fixture
def desk(database_url: str, actor: Actor, tmp_path: Path) -> Iterator[Office]:
    """Three homes of a street, on both databases."""
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
    yield settled(office, actor, STREET, tmp_path)
    office.close()


STREET: Rows = [(f"{n} Larkspur Street, Exampleton", A, None) for n in (5, 6, 30)]


def acts(office: Office) -> list[AuditEntry]:
    with office.database.session() as session:
        return [entry for entry in session.exec(select(AuditEntry)) if "like one" in entry.act]


def test_it_is_given_and_taken_back_as_one(desk: Office, actor: Actor) -> None:
    first = answered(desk, actor, STREET[0][0], "5 Larkspur Road")
    found = street.look(desk, actor, first.number)
    street.follow(desk, actor, first.key, found.seal)
    assert review.waiting(desk, actor.authority) == 0
    with desk.database.session() as session:
        linked = registrations.newest(desk, actor, session)
    assert linked.report["answered"] == 3
    assert street.take_back(desk, actor, first.key) == 2
    assert review.waiting(desk, actor.authority) == 2
    assert question_of(desk, actor, STREET[0][0]).answer is not None
    assert street.take_back(desk, actor, first.key) == 0
    assert [(entry.act, entry.detail) for entry in acts(desk)] == [
        ("read addresses like one to review", {"number": first.number, "addresses": 2}),
        ("answer addresses like one to review",
         {"number": first.number, "verdict": "accept", "addresses": 2, "electors": 2}),
        ("take back answers to addresses like one", {"addresses": 2}),
    ]  # fmt: skip
    with desk.database.session() as session:
        assert "larkspur" not in "".join(audit.export(session, actor.authority)).casefold()


def test_one_that_was_changed_since_stays(desk: Office, actor: Actor) -> None:
    first = answered(desk, actor, STREET[0][0], "5 Larkspur Road")
    street.follow(desk, actor, first.key, street.look(desk, actor, first.number).seal)
    answered(desk, actor, STREET[1][0], None, Verdict.unsure)
    assert street.take_back(desk, actor, first.key) == 1
    assert review.waiting(desk, actor.authority) == 1


def test_what_was_not_looked_at_is_not_given(desk: Office, actor: Actor) -> None:
    first = answered(desk, actor, STREET[0][0], "5 Larkspur Road")
    seal = street.look(desk, actor, first.number).seal
    answered(desk, actor, STREET[1][0], None)
    with pytest.raises(InputRefused, match="changed since"):
        street.follow(desk, actor, first.key, seal)
    with pytest.raises(NotFound):
        street.follow(desk, actor, "0" * 64, seal)
    assert review.waiting(desk, actor.authority) == 1


def test_more_than_can_be_looked_through_come_in_turns(
    desk: Office, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(street, "AT_ONCE", 1)
    first = answered(desk, actor, STREET[0][0], "5 Larkspur Road")
    found = street.look(desk, actor, first.number)
    assert (len(found.told), found.later) == (1, 1)
    street.follow(desk, actor, first.key, found.seal)
    again = street.look(desk, actor, first.number)
    assert (len(again.told), again.later) == (1, 0)


# The pages


@pytest.fixture
def enter(desk: Office) -> Iterator[Callable[[Role], Visitor]]:
    with ExitStack() as stack:

        def signed_in(role: Role) -> Visitor:
            visitor = Visitor(stack.enter_context(TestClient(create_app(desk))))
            assert visitor.sign_in(hire(desk, role).email).status_code == 200
            return visitor

        yield signed_in


def test_an_officer_answers_a_street(enter: Callable[[Role], Visitor], desk: Office, actor: Actor) -> None:
    officer = enter(Role.officer)
    assert "Save, and look at 2 others of this street or building" in officer.get("/data/review").text
    question = question_of(desk, actor, STREET[0][0])
    home = next(each for each in question.homes if each.address.startswith("5 Larkspur Road,"))
    look = officer.send("/data/review", {"key": question.key, "choice": str(home.uprn), "onward": "street"})
    assert look.url.path == "/data/review/street"
    assert all(words in look.text for words in ("30 Larkspur Road, Exampleton", "Answer all 2 so", "2 more addresses"))
    assert review.waiting(desk, actor.authority) == 2  # a look changes nothing
    found = street.look(desk, actor, question.number)
    stale = officer.send("/data/review/street", {"key": question.key, "seal": "0", "number": str(question.number)})
    assert "has changed since it was shown" in stale.text
    done = officer.send("/data/review/street", {"key": question.key, "seal": found.seal, "number": "1"})
    assert "2 more addresses were answered" in done.text
    given = officer.get("/data/review/answers").text
    assert "Take these 2 answers back" in given
    undone = officer.send("/data/review/street/undo", {"key": question.key}).text
    assert "2 answers were taken back" in undone
    assert "Take these" not in undone
    assert "No answer was left" in officer.send("/data/review/street/undo", {"key": question.key}).text


def test_an_address_without_an_answer_or_neighbours_leads_on(
    enter: Callable[[Role], Visitor], desk: Office, actor: Actor
) -> None:
    officer = enter(Role.officer)
    back = officer.get("/data/review/street?n=1", follow_redirects=False)
    assert back.headers["location"] == "/data/review?n=1#question"
    assert officer.get("/data/review/street?n=9").status_code == 404
    for address, _, _ in STREET:
        answered(desk, actor, address, None)
    assert "No other address that waits" in officer.get("/data/review/street?n=1").text
    lost = officer.send("/data/review/street", {"key": "0" * 64, "seal": "", "number": ""}).text
    assert "no longer asked about" in lost


@pytest.mark.parametrize("role", [Role.approver, Role.auditor, Role.member])
def test_only_those_who_import_data_see_or_do_it(enter: Callable[[Role], Visitor], desk: Office, role: Role) -> None:
    visitor = enter(role)
    assert visitor.get("/data/review/street?n=1").status_code == 403
    for path in ("/data/review/street", "/data/review/street/undo"):
        assert visitor.send(path, {"key": "0" * 64}).status_code == 403
    assert acts(desk) == []
