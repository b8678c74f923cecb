"""The chain breaks wherever an entry is changed, removed or added."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel, select

from engage.foundation import audit
from engage.foundation.audit import AuditEntry

START = datetime(2026, 6, 1, 9, tzinfo=UTC)


def chain(entries: int) -> Session:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine, tables=[AuditEntry.__table__, audit.AuditHead.__table__])
    session = Session(engine)
    for number in range(entries):
        audit.record(
            session, authority="E07000193", at=START + timedelta(minutes=number), actor="officer 1",
            act="import", subject="register", rows=number,
        )  # fmt: skip
    session.flush()
    return session


def test_an_untouched_chain_is_whole() -> None:
    verdict = audit.verify(chain(20), "E07000193")
    assert (verdict.intact, verdict.entries) == (True, 20)


@given(st.integers(1, 8), st.sampled_from(["actor", "act", "subject", "detail", "at", "previous", "digest"]))
def test_a_changed_entry_is_found(number: int, column: str) -> None:
    session = chain(8)
    entry = session.exec(select(AuditEntry).where(AuditEntry.number == number)).one()
    changed = {"detail": {"rows": 99}, "at": START - timedelta(days=1)}.get(column, "x" * 10)
    setattr(entry, column, changed)
    session.flush()
    assert audit.verify(session, "E07000193").broken_at == number


@pytest.mark.parametrize("number", [1, 4, 8])
def test_a_removed_entry_is_found_even_the_last(number: int) -> None:
    session = chain(8)
    session.delete(session.exec(select(AuditEntry).where(AuditEntry.number == number)).one())
    session.flush()
    assert audit.verify(session, "E07000193").broken_at == number


def test_authorities_have_chains_of_their_own() -> None:
    session = chain(3)
    audit.record(session, authority="E07000194", at=START, actor="officer 2", act="import", subject="register")
    assert audit.verify(session, "E07000194").entries == 1
    assert audit.verify(session, "E07000193").entries == 3
