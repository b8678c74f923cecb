"""One answer for a street or a building: what was said of one address tells which home each of its neighbours is.

A register that calls a street or a building otherwise than the gazetteer is asked about home by home. A neighbour gets
the home that stands to it as the chosen one does to the address that was answered, and none where no home does, or two.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product

from sqlmodel import Session, select

from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.office import Actor, Office
from segments.linking import review
from segments.linking.addresses import spelt
from segments.linking.premises import lettered, read
from segments.linking.review import Home, LinkAnswer, Question, Queue, Verdict

AT_ONCE = 50  # more than these nobody looks through before saying yes
NONE_FITS = "No home shown has its number or name there"
SEVERAL_FIT = "More than one home shown has its number or name there"


@dataclass(frozen=True)
class Told:
    """A neighbour and the home it would get; None where the answer is that it is none, or that nobody can tell."""

    question: Question
    home: Home | None


@dataclass(frozen=True)
class Outlook:
    """What the answer to `question` would do to the addresses of its street or building that wait."""

    question: Question
    told: list[Told] = field(default_factory=list)
    left_out: list[tuple[Question, str]] = field(default_factory=list)  # each with the reason
    later: int = 0  # that could be told besides, beyond AT_ONCE

    @property
    def electors(self) -> int:
        return sum(each.question.electors for each in self.told)

    @property
    def seal(self) -> str:
        """Changes with anything that would be answered, so that what is confirmed is what was looked at."""
        said = [f"{each.question.key} {each.home.uprn if each.home else ''}" for each in self.told]
        verdict = self.question.answer.verdict if self.question.answer else ""
        return hashlib.sha256("\n".join([verdict, *said]).encode()).hexdigest()


@dataclass(frozen=True)
class _Place:
    """An address by its numbers, by its own name where it has none, and by the rest, which its neighbours share."""

    numbers: tuple[str, ...]
    floors: frozenset[str]
    own: tuple[str, ...]
    rest: tuple[str, ...]


def neighbours(asked: Queue, question: Question) -> list[Question]:
    """The others that wait and are written as of the same street or building, in the same part of the post town."""
    near = [
        other for other in asked.waiting
        if other.key != question.key and other.postcode[:-2] == question.postcode[:-2]
    ]  # fmt: skip
    places = _places([question.address, *(other.address for other in near)])
    rest = places[question.address].rest
    return [other for other in near if rest and places[other.address].rest == rest]


def look(office: Office, actor: Actor, number: int) -> Outlook:
    """What the answer given to this question would do to its neighbours. Looking is recorded."""
    asked = review.queue(office, actor.authority)
    if not 1 <= number <= len(asked.questions):
        raise NotFound(f"There is no address {number} to review.")
    found = _outlook(asked, asked.questions[number - 1])
    with office.database.session() as session:
        review.record(
            session, office, actor, "read addresses like one to review", asked, number=number,
            addresses=len(found.told) + len(found.left_out),
        )  # fmt: skip
    return found


def follow(office: Office, actor: Actor, key: str, seal: str) -> Outlook:
    """Give the neighbours of this question its answer, as they were looked at: all of them or none."""
    asked = review.queue(office, actor.authority)
    question = next((each for each in asked.questions if each.key == key), None)
    if question is None:
        raise NotFound("That address is no longer asked about: the register was linked again.")
    found = _outlook(asked, question)
    if not question.answer or found.seal != seal:
        raise InputRefused("What this would do has changed since it was shown. Look at it again.")
    with office.database.session() as session:
        for each in found.told:
            review.keep(session, _answer(office, actor, question.answer, each))
        review.record(
            session, office, actor, "answer addresses like one to review", asked, number=question.number,
            verdict=question.answer.verdict, addresses=len(found.told), electors=found.electors,
        )  # fmt: skip
    return found


def take_back(office: Office, actor: Actor, key: str) -> int:
    """Forget every answer that followed the one to this question, and so far as nobody changed it since."""
    asked = review.queue(office, actor.authority)
    with office.database.session() as session:
        followed = _following(session, actor.authority, key)
        for answer in followed:
            session.delete(answer)
        if followed:
            review.record(
                session, office, actor, "take back answers to addresses like one", asked, addresses=len(followed)
            )
    return len(followed)


def _following(session: Session, authority: str, key: str) -> Sequence[LinkAnswer]:
    return session.exec(select(LinkAnswer).where(LinkAnswer.authority == authority, LinkAnswer.follows == key)).all()


def _answer(office: Office, actor: Actor, first: LinkAnswer, told: Told) -> LinkAnswer:
    return LinkAnswer(
        authority=actor.authority, key=told.question.key, verdict=first.verdict,
        uprn=told.home.uprn if told.home else None, answered_at=office.clock.now(), answered_by=actor.label,
        follows=first.key,
    )  # fmt: skip


def _outlook(asked: Queue, question: Question) -> Outlook:
    if question.answer is None or question.waits:
        return Outlook(question)
    others = neighbours(asked, question)
    if question.answer.verdict != Verdict.accept:
        return Outlook(question, [Told(other, None) for other in others[:AT_ONCE]], later=len(others[AT_ONCE:]))
    told, left_out = _homes(question, question.answer.uprn, others)
    return Outlook(question, told[:AT_ONCE], left_out[:AT_ONCE], len(told[AT_ONCE:]))


def _homes(
    question: Question, uprn: int | None, others: list[Question]
) -> tuple[list[Told], list[tuple[Question, str]]]:
    (chosen,) = [home for home in question.homes if home.uprn == uprn]
    offered = {home.address for other in others for home in other.homes}
    places = _places([question.address, chosen.address, *(other.address for other in others), *offered])
    first = places[question.address], places[chosen.address]
    told, left_out = [], []
    for other in others:
        fitting = [
            home for home in other.homes if _alike(first, (places[other.address], places[home.address]))
        ]  # fmt: skip
        if len(fitting) == 1:
            told.append(Told(other, fitting[0]))
        else:
            left_out.append((other, SEVERAL_FIT if fitting else NONE_FITS))
    return told, left_out


def _places(addresses: Iterable[str]) -> dict[str, _Place]:
    whole = list(set(addresses))
    heads = [address.split(", ", 1)[0] for address in whole]
    words = spelt([*whole, *heads])
    return {address: _place(words[n], words[n + len(whole)]) for n, address in enumerate(whole)}


def _place(whole: str, head: str) -> _Place:
    """A house without a number is called by what stands before the first comma."""
    premises = read(whole)
    named = 0 if premises.numbered or premises.floors or head == whole else len(read(head).words)
    return _Place(premises.numbered, premises.floors, premises.words[:named], premises.words[named:])


def _alike(first: tuple[_Place, _Place], other: tuple[_Place, _Place]) -> bool:
    """Whether the second home is to its address what the first is to its own."""
    (said, meant), (others, its) = first, other
    return (
        (said.rest, meant.rest) == (others.rest, its.rest)
        and (said.own == meant.own and others.own == its.own)
        and _more(said.floors, meant.floors) == _more(others.floors, its.floors)
        and any(
            form(its.numbers) in _numbers(form(said.numbers), form(meant.numbers), form(others.numbers))
            for form in (tuple, lettered)
        )
        and bool(its.numbers or its.own)
    )


def _more(one: frozenset[str], other: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    return one - other, other - one


def _numbers(said: tuple[str, ...], meant: tuple[str, ...], others: tuple[str, ...]) -> set[tuple[str, ...]]:
    """The numbers that the other's home may have: each of the first home's is one of its address or the building's.
    One that the address has and its home has not is of the street or building, and must be the other's too."""
    if said == meant:
        return {others}
    shared = set(said) & set(meant)
    kept = [token == others[n] for n, token in enumerate(said) if n < len(others) and token not in shared]
    if len(said) != len(others) or len(set(said)) < len(said) or not shared or not all(kept):
        return set()
    ways = product(*({token, others[said.index(token)]} if token in shared else {token} for token in meant))
    own = {others[said.index(token)] for token in shared}
    return {way for way in ways if own <= set(way)}
