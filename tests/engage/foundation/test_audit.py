"""The log is only added to, and whatever else is done to it without its key is found and named; with it, by an anchor
(`tests/engage/deployment/test_anchors.py`)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, select

from engage.foundation import audit, data_keys
from engage.foundation.audit import AuditChecked, AuditEntry, AuditHead, Point, verification
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import SettingsInvalid
from engage.foundation.office import Office
from engage.foundation.settings import Settings

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
COUNCIL, OTHER = "E07000193", "E07000194"
LAST = 9
Tampering = Callable[[Session], None]


def add(session: Session, entries: int, authority: str = COUNCIL) -> None:
    for number in range(entries):
        audit.record(
            session, authority=authority, at=START + timedelta(minutes=number), actor="officer 1", act="import",
            subject="register", rows=number, share=0.1, what="Tŷ",
        )  # fmt: skip


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """With a log of nine entries, and another authority's of two."""
    office = Office(Settings(home=tmp_path / "home", database_url=database_url), SteppedClock(START))
    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        add(session, LAST)
        add(session, 2, OTHER)
    yield office
    office.close()


def found(office: Office, *tampering: Tampering) -> tuple[int | None, str]:
    """What a whole look says of the log after somebody who owns the database did this to it; then it is undone."""
    with office.database.session() as session:
        for statement in audit.CHANGEABLE[office.database.engine.dialect.name]:
            session.execute(sa.text(statement))
        for act in tampering:
            act(session)
        session.flush()
        session.expire_all()
        verdict = audit.verify(session, COUNCIL)
        session.rollback()
    return verdict.broken_at, verdict.why


def sql(statement: str) -> Tampering:
    return lambda session: session.execute(sa.text(statement.replace("THEIRS", f"authority = '{COUNCIL}'")))  # type: ignore[func-returns-value]


def entry(session: Session, number: int, authority: str = COUNCIL) -> AuditEntry:
    query = select(AuditEntry).where(AuditEntry.authority == authority, AuditEntry.number == number)
    return session.exec(query).one()


def recomputed(since: int, key: str | None, authority: str = COUNCIL) -> Tampering:
    """Everything from there on made to fit, as far as one can with this key."""

    def recompute(session: Session) -> None:
        previous = entry(session, since - 1, authority).digest if since > 1 else audit.GENESIS
        last = audit.end_of(session, authority).number
        for number in range(since, last + 1):
            each = entry(session, number, authority)
            each.previous = previous
            each.digest = previous = audit.digest(audit.said(each), key)
        session.get_one(AuditHead, authority).digest = previous

    return recompute


def exchanged(session: Session) -> None:
    for number, to in ((4, 1004), (5, 4), (1004, 5)):
        entry(session, number).number = to
        session.flush()


CHANGED = "was changed, exchanged for another, or written by somebody without the key"
DELETE = "DELETE FROM audit_entry WHERE THEIRS AND number"
SHORTER = "UPDATE audit_head SET number = 7, digest = (SELECT digest FROM audit_entry WHERE THEIRS AND number = 7)"


def test_what_is_done_to_a_log_without_its_key_is_found_and_named(office: Office) -> None:
    assert found(office) == (None, "")
    for column, value in {
        "actor": "'officer 2'", "act": "'undo'", "subject": "'x'", "detail": "'{}'", "at": "'2026-05-31 09:00:00+00'",
        "previous": f"'{'1' * 64}'", "digest": f"'{'1' * 64}'", "number": "40",
    }.items():  # fmt: skip
        change = sql(f"UPDATE audit_entry SET {column} = {value} WHERE THEIRS AND number = 3")
        assert found(office, change)[0] == 3, column
    assert found(office, sql("UPDATE audit_entry SET act = 'undo' WHERE THEIRS AND number = 3"))[1] == CHANGED
    assert found(office, sql(f"{DELETE} = 4")) == (4, "is missing")
    assert found(office, sql(f"{DELETE} = 1")) == (1, "is missing")
    assert found(office, exchanged) == (4, CHANGED)
    assert found(office, sql(f"{DELETE} > 7")) == (8, "is missing, and all up to 9: the log was cut short")
    made_last = "was made the last one by somebody without the key"
    assert found(office, sql(f"{DELETE} > 7"), sql(f"{SHORTER} WHERE THEIRS")) == (7, made_last)
    assert found(office, sql(f"{SHORTER} WHERE THEIRS")) == (9, "was added past the end of the log")
    empty = sql(f"{DELETE} > 0"), sql("DELETE FROM audit_head WHERE THEIRS")
    assert found(office, *empty) == (1, "is missing: the log was emptied")
    assert found(office, empty[1]) == (9, "is the last, but where the log ends is gone")
    change = sql("UPDATE audit_entry SET actor = 'officer 2' WHERE THEIRS AND number = 3")
    for key in (None, "a key of somebody else"):
        assert found(office, change, recomputed(3, key)) == (3, CHANGED)
    plain = sql("UPDATE audit_head SET keyed_from = NULL, seal = '' WHERE THEIRS")
    assert found(office, change, recomputed(1, None), plain) == (9, audit.NOT_SEALED)
    gone = sql("DELETE FROM data_key WHERE id = 'audit'")
    assert found(office, gone)[0] == 1
    with office.database.session() as session:
        assert audit.verify(session, OTHER) == audit.Verdict(2, checked=2), "each authority has a chain of its own"


def test_what_goes_on_after_does_not_hide_it(office: Office) -> None:
    """The chain itself says that its end was not as it was left."""
    go_on: Tampering = lambda session: add(session, 2)  # noqa: E731  # beside the other acts
    said = "says that the end of the log was not as it was left"
    assert found(office, go_on) == (None, "")
    assert found(office, sql(f"{DELETE} > 7"), go_on) == (8, "is missing")
    assert found(office, sql(f"{DELETE} > 7"), sql(f"{SHORTER} WHERE THEIRS"), go_on) == (8, said)
    assert found(office, sql("DELETE FROM audit_head WHERE THEIRS"), go_on) == (10, said)
    assert found(office, sql(f"{SHORTER} WHERE THEIRS"), go_on) == (10, said)
    plainly = recomputed(1, None), sql("UPDATE audit_head SET keyed_from = NULL, seal = '' WHERE THEIRS")
    assert found(office, *plainly, go_on) == (10, said), "as if an earlier version had written it"
    with pytest.raises(SettingsInvalid, match="There is an audit log in this database, but its key is gone"):
        found(office, sql("DELETE FROM data_key WHERE id = 'audit'"), lambda session: session.expire_all(), go_on)


def test_the_database_itself_only_lets_it_be_added_to(office: Office) -> None:
    replace = (
        "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE number = 3 ON CONFLICT (id) DO UPDATE SET act = 'undo'"
    )
    acts = ["UPDATE audit_entry SET act = 'undo'", "DELETE FROM audit_entry WHERE number = 9", replace]
    if office.database.embedded:
        acts.append("REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE number = 3")
    else:
        acts.append("TRUNCATE audit_entry")
    for act in acts:
        with pytest.raises(DBAPIError, match="the audit log is"), office.database.session() as session:
            session.execute(sa.text(act))
    with office.database.session() as session:
        add(session, 1)
        assert audit.verify(session, COUNCIL) == audit.Verdict(10, checked=10)


def test_entries_of_before_the_key_are_held_by_the_first_with_it(office: Office) -> None:
    """As an upgrade finds them: chained by plain hashes, and no key there."""

    def earlier(session: Session) -> None:
        session.delete(session.get_one(data_keys.DataKey, data_keys.AUDIT))
        for code in (COUNCIL, OTHER):
            recomputed(1, None, code)(session)
        sql("UPDATE audit_head SET keyed_from = NULL, seal = ''")(session)
        session.expire_all()

    def seal(session: Session) -> None:
        verdicts = audit.seal_earlier(session, START)
        assert {code: verdict.why for code, verdict in verdicts.items()} == dict.fromkeys(
            (COUNCIL, OTHER), audit.NOT_SEALED
        )
        assert audit.seal_earlier(session, START) == {}, "once"

    change = sql("UPDATE audit_entry SET act = 'undo' WHERE THEIRS AND number = 3")
    assert found(office, earlier) == (9, audit.NOT_SEALED)
    assert found(office, earlier, seal) == (None, "")
    assert found(office, earlier, seal, change) == (3, CHANGED)
    assert found(office, earlier, seal, change, recomputed(1, None)) == (10, CHANGED), "the keyed entry follows another"


def test_a_look_goes_on_from_what_was_found_whole(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "REMEMBERED_EVERY", 1)
    first = audit.follow(office.database, COUNCIL, START, at_most=6)
    assert (first.intact, first.entries, first.checked) == (True, 9, 6)
    assert first.message == "whole up to entry 6 of 9: engage audit verify looks at all"
    walked: list[int] = []
    rows = verification._rows
    monkeypatch.setattr(
        verification, "_rows", lambda s, a, after, until: walked.append(after) or rows(s, a, after, until)
    )  # type: ignore[func-returns-value]
    assert audit.follow(office.database, COUNCIL, START) == audit.Verdict(9, checked=9)
    assert audit.follow(office.database, COUNCIL, START) == audit.Verdict(9, checked=9)
    assert audit.verify_all(office.database, COUNCIL, START) == audit.Verdict(9, checked=9)
    assert walked == [6, 9, 0]
    with office.database.session() as session:
        kept = session.get_one(AuditChecked, COUNCIL)
        assert Point(kept.number, kept.digest) == audit.end_of(session, COUNCIL)
        kept.number, kept.digest = 3, "1" * 64
    audit.follow(office.database, COUNCIL, START)
    assert walked[-1] == 0, "what was kept without the key counts for nothing"


def test_an_earlier_end_put_back_is_found_where_more_was_seen(office: Office) -> None:
    with office.database.session() as session:
        head = session.get_one(AuditHead, COUNCIL).model_dump()
        add(session, 2)
    audit.verify_all(office.database, COUNCIL, START)

    def put_back(session: Session) -> None:
        sql(f"{DELETE} > 9")(session)
        session.get_one(AuditHead, COUNCIL).sqlmodel_update(head)

    assert found(office, put_back) == (11, audit.LOST)


def test_a_page_looks_at_part_of_a_long_log_and_the_benchmark_at_all(tmp_path: Path) -> None:
    """`benchmarks/audit.py` in small."""
    place = spec_from_file_location("audit_bench", Path(__file__).parents[3] / "benchmarks/audit.py")
    assert place
    assert place.loader
    bench = module_from_spec(place)
    place.loader.exec_module(bench)
    office = Office(Settings(home=tmp_path / "home"), SteppedClock(START))
    bench.fill(office, 6_000)
    assert audit.follow(office.database, COUNCIL, START).checked == audit.AT_ONCE < 6_000
    assert bench.measure(office, 6_000)["ratio"] > 0
    office.close()
