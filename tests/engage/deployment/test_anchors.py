"""What the key itself cannot show, a line kept elsewhere does; and a line that is none is refused by its place."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from engage.deployment import anchors
from engage.foundation import audit, data_keys
from engage.foundation.audit import AuditEntry, AuditHead
from engage.foundation.errors import InputRefused
from engage.foundation.office import Actor, Office
from tests.conftest import EAST_STAFFORDSHIRE as COUNCIL


def add(office: Office, *acts: str) -> None:
    with office.database.session() as session:
        for act in acts:
            audit.record(session, authority=COUNCIL, at=office.clock.now(), actor="worker", act=act, subject="x")


def written_anew(session: Session, until: int) -> None:
    """By somebody with the key: the log until there, its first entry another, and everything made to fit."""
    key = data_keys.audit_key(session)
    for statement in audit.CHANGEABLE["sqlite"]:
        session.execute(sa.text(statement))
    session.execute(sa.text("DELETE FROM audit_entry WHERE number > :until"), {"until": until})
    head = session.get_one(AuditHead, COUNCIL)
    head.number, head.digest = 0, audit.GENESIS
    for entry in session.exec(select(AuditEntry).order_by("number")).all():
        entry.act, entry.previous = f"{entry.act}!" if until > 3 else entry.act, head.digest
        head.number, head.digest = entry.number, audit.digest(audit.said(entry), key)
        entry.digest = head.digest
    head.seal = audit.seal_of_head(head, key or "")


def test_a_log_written_anew_with_its_key_is_found_by_its_anchors(office: Office, actor: Actor, tmp_path: Path) -> None:
    kept = tmp_path / "anchors"
    add(office, "one", "two")
    assert anchors.keep(office, actor, kept).number == 3, "that it was anchored is in the log"
    add(office, "three")
    assert anchors.keep(office, actor, kept) == anchors.end(office, COUNCIL)
    assert (kept.stat().st_mode & 0o777, len(kept.read_text().splitlines())) == (0o600, 2)
    known = anchors.read(kept, COUNCIL)
    for until, said in {
        5: "entry 3 is another than the one anchored on 2026-06-01: the log was written anew up to there, or further",
        3: "entry 5 is missing, but was there when it was anchored on 2026-06-01: the log was cut short, or an old one "
        "put back",
    }.items():
        with office.database.session() as session:
            assert (audit.verify(session, COUNCIL).intact, anchors.compare(session, known)) == (True, None)
            written_anew(session, until)
            session.flush()
            session.expire_all()
            assert audit.verify(session, COUNCIL).intact, "the key alone shows nothing"
            verdict = anchors.compare(session, known)
            assert verdict
            assert said in verdict.message
            session.rollback()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not JSON", "line 2: 'not JSON' is no anchor: expected a line of engage audit anchor."),
        ({"number": 0}, "line 2, number: '0': expected the number of an entry, from 1 on."),
        ({"digest": "x" * 64}, f"line 2, digest: '{'x' * 40}': expected 64 letters of 0 to 9 and a to f."),
        ({"at": "2026-06-01"}, "line 2, at: '2026-06-01': expected a moment such as 2026-06-01T09:00:00+00:00."),
        ({"authority": None}, "line 2, authority: 'None': expected a GSS code such as E07000193."),
        (None, "anchors has no anchor of E07000194: expected a line of engage audit anchor."),
    ],
)
def test_a_line_that_is_no_anchor_is_named(tmp_path: Path, line: str | dict[str, object] | None, said: str) -> None:
    sound = {"authority": COUNCIL, "number": 1, "digest": "a" * 64, "at": "2026-06-01T09:00:00+00:00"}
    lines = [json.dumps(sound), line if isinstance(line, str) else json.dumps(sound | (line or {}))]
    (tmp_path / "anchors").write_text("\n".join(lines))
    with pytest.raises(InputRefused) as refused:
        anchors.read(tmp_path / "anchors", COUNCIL if line else "E07000194")
    assert said in str(refused.value)


def test_a_log_that_was_changed_is_not_anchored(office: Office, actor: Actor, tmp_path: Path) -> None:
    add(office, "one")
    with office.database.session() as session:
        session.get_one(AuditHead, COUNCIL).digest = "1" * 64
    with pytest.raises(InputRefused, match=r"entry 1 is not the one that the log ended with\. Nothing was anchored"):
        anchors.keep(office, actor, tmp_path / "anchors")
