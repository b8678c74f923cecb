"""Addresses that only a person can tie to a home: what is asked, and the answers, which outlast every import.

An answer is kept by a keyed hash of the address, so the table of answers cannot be read as a list of addresses. What
is asked lies beside the `electors` snapshot it came from (segments/linking/electors.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation import audit
from engage.foundation.database import Moment
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, current, histories, history
from engage.foundation.libraries import duckdb
from engage.foundation.office import Actor, Office
from segments.linking.electors import Answer
from segments.safeguards import protected
from segments.safeguards.suppression import suppressed_households


class Verdict(StrEnum):
    accept = "accept"  # it is this home
    reject = "reject"  # it is none of those shown
    unsure = "unsure"  # cannot tell


class LinkAnswer(SQLModel, table=True):
    """What an officer said of one address of a register; `uprn` is the home they chose."""

    __tablename__ = "link_answer"
    __table_args__ = (UniqueConstraint("authority", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    key: str = Field(max_length=64)  # keyed hash of the normalised address and its postcode
    verdict: str = Field(max_length=10)
    uprn: int | None = Field(default=None, sa_type=BigInteger)
    answered_at: datetime = Field(sa_type=Moment)
    answered_by: str = Field(max_length=80)
    follows: str | None = Field(default=None, max_length=64)  # the key of the address whose answer it was given after


@dataclass(frozen=True)
class Home:
    """A home that an address may be: as the gazetteer writes it, and in other ways."""

    uprn: int
    address: str
    others: list[str]
    claimed: bool  # the register gives its UPRN


@dataclass(frozen=True)
class Question:
    """One distinct address of the register, with the electors it decides on and the homes it may be."""

    number: int  # from 1, most electors first
    key: str
    address: str
    postcode: str
    electors: int
    building: bool  # the gazetteer has it for a building, a shop or a home that is no more
    homes: list[Home]
    answer: LinkAnswer | None

    @property
    def waits(self) -> bool:
        """Not answered yet, or answered with a home that is none any more."""
        if self.answer is None:
            return True
        return self.answer.verdict == Verdict.accept and self.answer.uprn not in {home.uprn for home in self.homes}


@dataclass(frozen=True)
class Queue:
    """What is asked about the newest register, as it was last linked."""

    questions: list[Question] = field(default_factory=list)
    electors: Snapshot | None = None  # the linked electors it belongs to; None where nothing was linked yet

    @property
    def waiting(self) -> list[Question]:
        return [question for question in self.questions if question.waits]

    def next_after(self, number: int) -> Question | None:
        """The next one that waits, from the beginning again after the last."""
        later = [question for question in self.waiting if question.number > number]
        return next(iter(later or self.waiting), None)


def answers(session: Session, authority: str) -> list[Answer]:
    found = session.exec(select(LinkAnswer).where(LinkAnswer.authority == authority).order_by(col(LinkAnswer.key)))
    return [Answer(each.key, each.uprn) for each in found]


def digest(given: list[Answer]) -> str:
    """Sixteen hex digits that change with the answers; '' where there are none."""
    if not given:
        return ""
    said = "\n".join(f"{answer.key} {answer.uprn}" for answer in given)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def are_newer(session: Session, homes: Snapshot) -> bool:
    """Whether somebody has answered since the table of homes was built."""
    return digest(answers(session, homes.authority)) != str(homes.report.get("answers", ""))


def queue(office: Office, authority: str) -> Queue:
    with office.database.session() as session:
        electors = _linked(session, authority)
        if electors is None or not electors.report.get("questions_file"):
            return Queue(electors=electors)
        given = session.exec(select(LinkAnswer).where(LinkAnswer.authority == authority))
        by_key = {answer.key: answer for answer in given}
        unseen = _unseen(office, session, authority)
    rows = _rows(_path(office, electors, "questions_file"))
    seen = [row for row in rows if not unseen([home["uprn"] for home in row["candidates"]])]
    return Queue([_question(number, row, by_key.get(row["key"])) for number, row in enumerate(seen, 1)], electors)


def waiting(office: Office, authority: str) -> int:
    """How many addresses wait for an officer's answer."""
    return len(queue(office, authority).waiting)


def show(office: Office, actor: Actor, number: int | None = None) -> tuple[Queue, Question | None]:
    """A question to look at, by default the first that waits; None where none does. Looking is recorded."""
    asked = queue(office, actor.authority)
    if number is not None and not 1 <= number <= len(asked.questions):
        raise NotFound(f"There is no address {number} to review.")
    question = asked.questions[number - 1] if number else asked.next_after(0)
    if question:
        with office.database.session() as session:
            record(session, office, actor, "read address to review", asked, number=question.number)
    return asked, question


def shown_answers(office: Office, actor: Actor) -> list[Question]:
    """Every question that was answered, in order. Looking is recorded."""
    asked = queue(office, actor.authority)
    found = [question for question in asked.questions if question.answer]
    with office.database.session() as session:
        record(session, office, actor, "read answers of the address review", asked, addresses=len(found))
    return found


def give(office: Office, actor: Actor, key: str, verdict: str, uprn: int | None = None) -> Question:
    """Keep the answer to the question with this key, in place of any earlier one."""
    asked = queue(office, actor.authority)
    question = next((each for each in asked.questions if each.key == key), None)
    if question is None:
        raise NotFound("That address is no longer asked about: the register was linked again.")
    if verdict not in list(Verdict):
        raise InputRefused("Select the home, or that it is none of these, or that you cannot tell")
    chosen = uprn if verdict == Verdict.accept else None
    if verdict == Verdict.accept and chosen not in {home.uprn for home in question.homes}:
        raise InputRefused("Select one of the homes shown")
    with office.database.session() as session:
        keep(session, LinkAnswer(
            authority=actor.authority, key=key, verdict=verdict, uprn=chosen, answered_at=office.clock.now(),
            answered_by=actor.label,
        ))  # fmt: skip
        record(
            session, office, actor, "answer address to review", asked, number=question.number, verdict=verdict,
            electors=question.electors, changed=question.answer is not None,
        )  # fmt: skip
    return question


def keep(session: Session, answer: LinkAnswer) -> None:
    """In place of any earlier answer to the same address."""
    earlier = session.exec(
        select(LinkAnswer).where(LinkAnswer.authority == answer.authority, LinkAnswer.key == answer.key)
    ).first()
    answer.id = earlier.id if earlier else None
    session.merge(answer)


def contradictions(office: Office, actor: Actor) -> Iterator[list[Any]]:
    """Rows of the register whose UPRN its address or postcode speaks against, by file line, for whoever corrects them:
    line, UPRN, postcode, postcode of the UPRN, reason, result. Looking is recorded."""
    with office.database.session() as session:
        electors = _linked(session, actor.authority)
        if electors is None or not electors.report.get("contradictions_file"):
            raise NotFound("The register has not been linked yet. Build the table of homes first.")
        unseen = _unseen(office, session, actor.authority)
        path = str(_path(office, electors, "contradictions_file"))
        rows = duckdb.execute("from read_parquet(?)", [path]).fetchall()
        record(session, office, actor, "read contradicted UPRNs", Queue(electors=electors), rows=len(rows))
    return (list(row) for row in rows if not unseen([row[1]]))


def _linked(session: Session, authority: str) -> Snapshot | None:
    """The newest linked electors of the current register."""
    register = current(session, authority, "register")
    return next(iter(history(session, authority, "electors", str(register.id))), None) if register else None


def _path(office: Office, electors: Snapshot, name: str) -> Path:
    return office.lake.at(str(electors.report[name]))


def _rows(path: Path) -> list[dict[str, Any]]:
    found = duckdb.execute(
        "select key, address, postcode, electors, building, candidates from read_parquet(?)", [str(path)]
    )
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _question(number: int, row: dict[str, Any], answer: LinkAnswer | None) -> Question:
    homes = [Home(**home) for home in row["candidates"]]
    return Question(
        number, row["key"], row["address"], row["postcode"] or "", row["electors"], row["building"], homes, answer
    )


def _unseen(office: Office, session: Session, authority: str) -> Callable[[list[int]], bool]:
    """Whether one of these homes is out of sight: then the whole question is, so that nothing shows it exists."""
    hidden = protected.keys(office, session, authority) | suppressed_households(session, authority)
    return lambda uprns: bool(hidden) and any(office.keys.uprn(uprn) in hidden for uprn in uprns)


def record(session: Session, office: Office, actor: Actor, act: str, asked: Queue, **detail: Any) -> None:
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"electors {asked.electors.id if asked.electors else 0}", **detail,
    )  # fmt: skip


def _undone_since(session: Session, homes: Snapshot) -> bool:
    """Whether what the table of homes was made of has been taken back."""
    undone = select(Snapshot.id).where(
        Snapshot.authority == homes.authority, col(Snapshot.kind).in_((*FIRST, *LATER)),
        col(Snapshot.undone_at) > homes.made_at,
    )  # fmt: skip
    return session.exec(undone.limit(1)).first() is not None


FIRST, LATER = ("register", "gazetteer", "geography"), ("indicator", "contacts", "protected")


def homes_are_behind(office: Office, authority: str) -> bool:
    """Whether the table of homes was built before the newest of what it is made of, officers' answers included."""
    with office.database.reading() as session:
        held = histories(session, authority, ("households", *FIRST, *LATER))
        homes = next(iter(held.get("households", [])), None)
        changed_since = homes is not None and (are_newer(session, homes) or _undone_since(session, homes))
    if not all(kind in held for kind in FIRST):
        return False
    sources = [held[kind][0] for kind in FIRST] + [each for kind in LATER for each in held.get(kind, [])]
    newest = max(each.id or 0 for each in sources)
    return homes is None or changed_since or newest > homes.report.get("seen", homes.id or 0)
