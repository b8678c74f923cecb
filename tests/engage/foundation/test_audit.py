"""The chain breaks wherever an entry is changed, removed or added."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel, select

from engage.foundation import audit
from engage.foundation.audit import AuditEntry

START = datetime(2026, 6, 1, 9, tzinfo=UTC)


@contextmanager
def chain(entries: int) -> Iterator[Session]:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine, tables=[AuditEntry.__table__, audit.AuditHead.__table__])
    with Session(engine) as session:
        for number in range(entries):
            audit.record(
                session, authority="E07000193", at=START + timedelta(minutes=number), actor="officer 1",
                act="import", subject="register", rows=number,
            )  # fmt: skip
        yield session
    engine.dispose()


def test_an_untouched_chain_is_whole() -> None:
    with chain(20) as session:
        verdict = audit.verify(session, "E07000193")
    assert (verdict.intact, verdict.entries) == (True, 20)


@given(st.integers(1, 8), st.sampled_from(["actor", "act", "subject", "detail", "at", "previous", "digest"]))
def test_a_changed_entry_is_found(number: int, column: str) -> None:
    with chain(8) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.number == number)).one()
        changed = {"detail": {"rows": 99}, "at": START - timedelta(days=1)}.get(column, "x" * 10)
        setattr(entry, column, changed)
        session.flush()
        assert audit.verify(session, "E07000193").broken_at == number


@pytest.mark.parametrize("number", [1, 4, 8])
def test_a_removed_entry_is_found_even_the_last(number: int) -> None:
    with chain(8) as session:
        session.delete(session.exec(select(AuditEntry).where(AuditEntry.number == number)).one())
        session.flush()
        assert audit.verify(session, "E07000193").broken_at == number


def test_authorities_have_chains_of_their_own() -> None:
    with chain(3) as session:
        audit.record(session, authority="E07000194", at=START, actor="officer 2", act="import", subject="register")
        assert audit.verify(session, "E07000194").entries == 1
        assert audit.verify(session, "E07000193").entries == 3
