"""What is asked of officers, what becomes of their answers, and who may see either."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import duckdb
import pytest
from litestar.testing import TestClient
from sqlmodel import select

import engage.migrations.tables  # noqa: F401  # every table
from engage.app import create_app
from engage.foundation import audit
from engage.foundation.audit import AuditEntry
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Role
from engage.foundation.lake import Snapshot, history
from engage.foundation.office import Actor, Office
from segments.homes import registrations
from segments.linking import electors as linking
from segments.linking import review
from segments.linking.review import LinkAnswer, Verdict
from segments.safeguards.suppression import suppress_household
from tests.segments.village import settle_in, village
from tests.website import Visitor, hire

# Everything here is written like a home, or like a building of homes, so the matcher need not begin.
MANOR, ROAD, VIEW = "Oak Manor, High Street, Uttoxeter", "5 Park Road", "Willow View, Church Lane"
ROWS: list[tuple[str, str | None, int | None]] = [
    *[(MANOR, "ST14 7AA", None)] * 3, *[(ROAD, None, None)] * 2, (VIEW, "ST14 7AC", None),
    ("14 Alma Street", "DE14 1AA", village().uprn("14 Alma Street")),
    ("16 Alma Street", "DE14 1AA", village().uprn("14 Alma Street")),
]  # fmt: skip
UTTOXETER, BURTON = (village().uprn(f"5 Park Road, {town}") for town in ("Uttoxeter", "Burton upon Trent"))


@pytest.fixture
def desk(office: Office, actor: Actor, tmp_path: Path) -> Office:
    """An office with the village's register, linked."""
    settle_in(office, actor, ROWS, tmp_path)
    relink(office, actor)
    return office


def relink(office: Office, actor: Actor) -> Snapshot:
    with office.database.session() as session:
        return registrations.newest(office, actor, session)


def linked_homes(office: Office, electors: Snapshot) -> dict[int, str]:
    """UPRN to how, of whom an answer or an address tied."""
    path = str(office.lake.file(electors))
    return dict(duckdb.execute("select uprn, how from read_parquet(?) where how <> 'uprn'", [path]).fetchall())


def entries(office: Office, act: str) -> list[AuditEntry]:
    with office.database.session() as session:
        return list(session.exec(select(AuditEntry).where(AuditEntry.act == act)))


# The queue


def test_most_electors_come_first_and_each_address_once(desk: Office, actor: Actor) -> None:
    asked = review.queue(desk, actor.authority)
    assert [(q.number, q.address, q.electors, q.building) for q in asked.questions] == [
        (1, MANOR, 3, True), (2, ROAD, 2, False), (3, VIEW, 1, False)
    ]  # fmt: skip
    assert {home.uprn for home in asked.questions[1].homes} == {UTTOXETER, BURTON}
    assert review.waiting(desk, actor.authority) == 3


def test_nothing_waits_before_anything_is_linked(office: Office, actor: Actor, tmp_path: Path) -> None:
    assert review.waiting(office, actor.authority) == 0
    settle_in(office, actor, ROWS, tmp_path)
    assert review.queue(office, actor.authority).questions == []


def test_counting_what_waits_looks_at_no_address_again(
    desk: Office, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "link", None)
    give(desk, actor, ROAD, BURTON)
    assert review.waiting(desk, actor.authority) == 2


def test_the_next_that_waits_goes_round(desk: Office, actor: Actor) -> None:
    give(desk, actor, MANOR, None)
    asked = review.queue(desk, actor.authority)
    following = [asked.next_after(number) for number in (0, 2, 3)]
    assert [question.number for question in following if question] == [2, 3, 2]


def test_a_home_out_of_sight_is_never_shown(desk: Office, actor: Actor) -> None:
    """Nothing of its question is: a list without it, but with its neighbours, would show that it exists."""
    with desk.database.session() as session:
        suppress_household(session, desk, actor.authority, BURTON, "asked", "resident")
        suppress_household(session, desk, actor.authority, village().uprn("14 Alma Street"), "asked", "resident")
    assert [question.address for question in review.queue(desk, actor.authority).questions] == [MANOR, VIEW]
    assert list(review.contradictions(desk, actor)) == []


# Answers


def give(office: Office, actor: Actor, address: str, uprn: int | None, verdict: str = "") -> None:
    asked = review.queue(office, actor.authority)
    (question,) = [each for each in asked.questions if each.address == address]
    review.give(office, actor, question.key, verdict or (Verdict.accept if uprn else Verdict.reject), uprn)


def test_an_answer_is_applied_at_the_next_link_without_matching_again(
    desk: Office, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = relink(desk, actor)
    monkeypatch.setattr(linking, "link", None)  # would fail
    give(desk, actor, ROAD, UTTOXETER)
    after = relink(desk, actor)
    assert after.id != before.id
    assert relink(desk, actor).id == after.id
    assert linked_homes(desk, after) == {UTTOXETER: "answer", village().uprn("16 Alma Street"): "address"}
    assert (after.report["answered"], after.report["by_address"], after.report["to_review"]) == (2, 3, 4)


def test_an_answer_can_be_changed_and_taken_back(desk: Office, actor: Actor) -> None:
    first = village().uprn("16 Alma Street")
    for uprn, verdict, wanted in (
        (UTTOXETER, "", {UTTOXETER: "answer"}), (BURTON, "", {BURTON: "answer"}), (None, "unsure", {}), (None, "reject", {})
    ):  # fmt: skip
        give(desk, actor, ROAD, uprn, verdict)
        assert linked_homes(desk, relink(desk, actor)) == {first: "address", **wanted}
    with desk.database.session() as session:
        (kept,) = session.exec(select(LinkAnswer)).all()
    assert (kept.verdict, kept.uprn, kept.answered_by) == ("reject", None, "officer 1")
    assert [entry.detail["changed"] for entry in entries(desk, "answer address to review")] == [False, True, True, True]


def test_an_answer_outlasts_the_register_it_was_given_for(desk: Office, actor: Actor, tmp_path: Path) -> None:
    give(desk, actor, ROAD, UTTOXETER)
    later = [("No. 5, PARK RD.", None, None), *ROWS[5:]]
    settle_in(desk, actor, later, tmp_path, as_at=date(2026, 6, 2))
    after = relink(desk, actor)
    assert linked_homes(desk, after)[UTTOXETER] == "answer"
    assert review.waiting(desk, actor.authority) == 1
    with desk.database.session() as session:
        assert {snapshot.name for snapshot in history(session, actor.authority, "electors")} == {"2", "4"}


def test_answers_of_one_council_are_none_of_anothers(desk: Office, actor: Actor) -> None:
    give(desk, actor, ROAD, UTTOXETER)
    with desk.database.session() as session:
        assert review.answers(session, "E07000194") == []
        assert len(review.answers(session, actor.authority)) == 1


def test_the_table_of_homes_is_behind_once_an_answer_says_otherwise(desk: Office, actor: Actor) -> None:
    homes = Snapshot(
        authority=actor.authority, kind="households", as_at=date(2026, 6, 1), made_at=desk.clock.now(), made_by="x",
        path="x", rows=1, report=dict(relink(desk, actor).report),
    )  # fmt: skip

    def behind() -> bool:
        with desk.database.session() as session:
            return review.are_newer(session, homes)

    assert not behind()
    give(desk, actor, ROAD, UTTOXETER)
    assert behind()
    homes.report = dict(relink(desk, actor).report)
    assert not behind()


@pytest.mark.parametrize(("verdict", "uprn"), [("accept", 555), ("accept", None), ("perhaps", UTTOXETER), ("", None)])
def test_an_answer_that_is_none_changes_nothing(desk: Office, actor: Actor, verdict: str, uprn: int | None) -> None:
    question = review.queue(desk, actor.authority).questions[1]
    with pytest.raises(InputRefused, match="Select"):
        review.give(desk, actor, question.key, verdict, uprn)
    with pytest.raises(NotFound):
        review.give(desk, actor, "0" * 64, "reject")
    assert review.waiting(desk, actor.authority) == 3


def test_neither_the_answers_nor_the_audit_log_hold_an_address(desk: Office, actor: Actor) -> None:
    review.show(desk, actor, 2)
    give(desk, actor, ROAD, UTTOXETER)
    review.shown_answers(desk, actor)
    list(review.contradictions(desk, actor))
    with desk.database.session() as session:
        log = "".join(audit.export(session, actor.authority))
        (kept,) = session.exec(select(LinkAnswer)).all()
    assert "park" not in (log + kept.model_dump_json()).casefold()
    assert str(UTTOXETER) not in log
    assert {json.loads(line)["act"] for line in log.splitlines()} == {
        "read address to review", "answer address to review", "read answers of the address review",
        "read contradicted UPRNs",
    }  # fmt: skip


# The pages


@pytest.fixture
def enter(desk: Office) -> Iterator[Callable[[Role], Visitor]]:
    with ExitStack() as stack:

        def signed_in(role: Role) -> Visitor:
            visitor = Visitor(stack.enter_context(TestClient(create_app(desk))))
            assert visitor.sign_in(hire(desk, role).email).status_code == 200
            return visitor

        yield signed_in


PATHS = ["/data/review", "/data/review?n=1", "/data/review/answers", "/data/review/contradictions.csv"]


@pytest.mark.parametrize("role", [Role.approver, Role.auditor, Role.member])
def test_only_those_who_import_data_see_any_of_it(enter: Callable[[Role], Visitor], desk: Office, role: Role) -> None:
    visitor = enter(role)
    assert {visitor.get(path).status_code for path in PATHS} == {403}
    assert visitor.send("/data/review", {"choice": "reject"}).status_code == 403
    assert entries(desk, "read address to review") == []


def test_an_officer_answers_one_after_the_other(enter: Callable[[Role], Visitor], desk: Office, actor: Actor) -> None:
    officer = enter(Role.officer)
    page = officer.get("/data/review").text
    assert "Address 1 of 3 to review" in page
    assert "0 of 3 answered" in page
    assert "for a building, a shop or a home that is no more" in page
    for number, choice in ((1, "reject"), (2, str(UTTOXETER)), (3, "unsure")):
        question = review.queue(desk, actor.authority).questions[number - 1]
        answered = officer.send("/data/review", {"key": question.key, "choice": choice}, follow_redirects=False)
        onward = f"/data/review?n={number + 1}#question" if number < 3 else "/data/review"
        assert (answered.status_code, answered.headers["location"]) == (303, onward)
    assert "No address waits for an answer" in officer.get("/data/review").text
    given = officer.get("/data/review/answers").text
    assert all(
        words in given for words in ("None of the homes shown", "Cannot tell", "5 Park Road, Uttoxeter, ST14 8AA")
    )
    # A given answer is shown chosen, to be changed.
    assert f'value="{UTTOXETER}" checked' in officer.get("/data/review?n=2").text
    assert len(entries(desk, "answer address to review")) == 3


def test_saving_without_a_choice_says_so_at_the_question(
    enter: Callable[[Role], Visitor], desk: Office, actor: Actor
) -> None:
    officer = enter(Role.officer)
    question = review.queue(desk, actor.authority).questions[1]
    for choice in ("", "555", "perhaps", "9" * 5000):
        answered = officer.send("/data/review", {"key": question.key, "choice": choice})
        assert answered.status_code == 422
        assert "<title>Error: Address 2 of 3" in answered.text
        assert 'href="#choice"' in answered.text
    assert review.waiting(desk, actor.authority) == 3


def test_what_is_asked_no_more_leads_on_instead_of_failing(enter: Callable[[Role], Visitor]) -> None:
    officer = enter(Role.officer)
    for choice in ("reject", ""):
        page = officer.send("/data/review", {"key": "0" * 64, "choice": choice}).text
        assert "That address is no longer asked about" in page
        assert "Address 1 of 3" in page
    assert [officer.get(f"/data/review?n={n}").status_code for n in (0, 4, -1)] == [404] * 3


def test_differences_are_told_in_words(enter: Callable[[Role], Visitor]) -> None:
    page = " ".join(enter(Role.officer).get("/data/review?n=2").text.split())
    assert "Only the gazetteer has: Uttoxeter, ST14 8AA." in page
    assert '5 Park Road, <strong class="engage-differs">Uttoxeter, ST14 8AA</strong>' in page


def test_contradicted_uprns_are_listed_by_line_without_names(enter: Callable[[Role], Visitor]) -> None:
    answer = enter(Role.officer).get("/data/review/contradictions.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [
        ["line", "UPRN", "postcode", "postcode of the UPRN", "reason", "result"],
        ["9", str(village().uprn("14 Alma Street")), "DE14 1AA", "DE14 1AA", "the address is not that of the UPRN", "linked by address"],
    ]  # fmt: skip


def test_single_keys_can_be_turned_off_and_on(enter: Callable[[Role], Visitor]) -> None:
    officer = enter(Role.officer)
    for wanted in ("off", "on"):
        back = officer.send("/data/review/keys", {"keys": wanted, "number": "2"})
        assert f'data-keys="{wanted}"' in back.text
        assert "Address 2 of 3" in back.text
