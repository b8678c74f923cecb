"""Everything that came back, as one list of work: how much of what, whose it is, done, and undone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.records.lookup import permit
from campaigns.records.models import MESSAGES, Campaign, Message, MessageState
from campaigns.records.reply import SPOKEN, Hold, Reply, ReplyKind, Said
from campaigns.records.visits import Visit
from campaigns.replies import effects, help_answers
from campaigns.replies.meaning import Meaning
from engage.foundation import audit
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Account, Right, accounts
from engage.foundation.office import Actor, Office
from engage.foundation.privacy import mask_email, mask_phone
from engage.foundation.web.shown.filters import Filter

PAGE = 50
KINDS = {
    ReplyKind.text: "Texts",
    ReplyKind.letter: "Returned letters",
    ReplyKind.complaint: "Complaints",
    ReplyKind.page: "Residents’ pages",
    ReplyKind.phone: "By phone",
    ReplyKind.visit: "Visits",
}
MEANINGS = {
    Meaning.stop: "Stop", Meaning.maybe: "May mean stop", Meaning.help: "Help", Meaning.moved: "Moved away",
    Meaning.registered: "Says they are registered", Meaning.other: "Anything else",
}  # fmt: skip
PAGES = {
    Said.registered: "All are registered", Said.cannot: "Someone cannot register", Said.moved: "Does not live there",
    Said.help: "Asks for help", Said.stop: "Stop reminders",
}  # fmt: skip
VISITS = {
    Visit.form: "Took a form", Visit.online: "Will register online", Visit.nobody: "Nobody in",
    Visit.refused: "Do not call again", Visit.moved: "Moved away", Visit.empty: "Empty", Visit.not_a_home: "Not a home",
}  # fmt: skip
PLAIN = (Meaning.other, Meaning.help)  # nothing is held or closed for these, so several can be done at once
FILTERS = (
    Filter("show", "State", {"open": "To do", "done": "Done"}),
    Filter("kind", "Kind", {kind.value: words for kind, words in KINDS.items()}),
    Filter("meaning", "Texts that say", {meaning.value: words for meaning, words in MEANINGS.items()}),
    Filter("owner", "Whose", {"mine": "Mine", "nobody": "Nobody’s yet"}),
)
of = MESSAGES.c


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; an unknown word narrows nothing."""

    kind: str = ""
    meaning: str = ""
    state: str = ""
    owner: str = ""
    page: int = 1


@dataclass(frozen=True)
class Waiting:
    """What the home page says: replies to look at, messages that wait for that, and whether HELP is unanswered."""

    open: int
    held: int
    no_help: bool
    since: datetime | None = None  # when the oldest of them came


@dataclass(frozen=True)
class Line:
    """One reply as it is shown; `words` and `sender` are empty for whoever may not read them."""

    reply: Reply
    words: str = ""
    sender: str = ""
    waiting: int = 0  # messages that leave or not by what is made of it
    campaign: tuple[int, str] | None = None

    @property
    def title(self) -> str:
        if self.reply.kind == ReplyKind.text:
            return MEANINGS[Meaning(self.reply.meaning)]
        if self.reply.kind in SPOKEN:
            return PAGES[Said(self.reply.meaning)]
        if self.reply.kind == ReplyKind.visit:
            return f"Visit: {VISITS[Visit(self.reply.meaning)].lower()}"
        return {ReplyKind.letter: "Returned letter", ReplyKind.complaint: "Complaint"}[ReplyKind(self.reply.kind)]

    @property
    def done(self) -> str:
        return effects.outcomes(self.reply)[self.reply.outcome].done if self.reply.outcome else ""

    @property
    def plain(self) -> bool:
        return self.reply.open and self.reply.kind == ReplyKind.text and self.reply.meaning in PLAIN


@dataclass(frozen=True)
class Listing:
    lines: list[Line]
    total: int
    kinds: dict[str, int]  # open ones
    meanings: dict[str, int]  # of open texts
    page: int = 1
    staff: dict[str, str] = field(default_factory=dict)  # names by the label of an account

    @property
    def last(self) -> int:
        return max(1, -(-self.total // PAGE))

    @property
    def open(self) -> int:
        return sum(self.kinds.values())


def listing(office: Office, actor: Actor, wanted: Wanted) -> Listing:
    """Looking at what residents wrote is recorded; an approver or auditor sees all but that."""
    with office.database.session() as session:
        account = permit(session, actor, Right.see_data)
        where = _where(actor, wanted)
        total = int(session.execute(sa.select(sa.func.count()).select_from(Reply).where(*where)).scalar_one())
        page = min(max(wanted.page, 1), max(1, -(-total // PAGE)))
        found = session.exec(
            select(Reply)
            .where(*where)
            .order_by(col(Reply.open).desc(), col(Reply.id).desc())
            .offset((page - 1) * PAGE)
            .limit(PAGE)
        ).all()
        reads = account is None or account.may(Right.import_data)
        lines = [_line(office, session, reply, reads=reads) for reply in found]
        if reads and any(line.words for line in lines):
            _record(session, office, actor, "read replies", "replies", shown=len(lines))
        texts = _counts(session, actor.authority, Reply.meaning, col(Reply.kind) == ReplyKind.text)
        kinds = _counts(session, actor.authority, Reply.kind)
        return Listing(lines, total, kinds, texts, page, _staff(session, actor.authority))


def show(office: Office, actor: Actor, number: int) -> Line:
    with office.database.session() as session:
        permit(session, actor, Right.import_data)
        reply = _find(session, actor, number)
        _record(session, office, actor, "read reply", f"reply {number}")
        return _line(office, session, reply, reads=True, whole=True)


def staff(office: Office, authority: str) -> list[Account]:
    """Who may have a reply for their own."""
    with office.database.reading() as session:
        return [each for each in accounts(session, authority) if each.may(Right.import_data)]


def hand_to(office: Office, actor: Actor, number: int, owner: int | None) -> None:
    """Give it to a colleague or to oneself; None gives it back to all."""
    with office.database.session() as session:
        permit(session, actor, Right.import_data)
        reply = _find(session, actor, number)
        to = session.get(Account, owner) if owner else None
        if owner and (to is None or to.authority != actor.authority or not to.may(Right.import_data)):
            raise InputRefused("Select who does it")
        reply.owner, reply.owner_id = (to.label, to.id) if to else ("", None)
        _record(session, office, actor, "hand on reply", f"reply {number}", owner=reply.owner or "nobody")


def settle(office: Office, actor: Actor, number: int, outcome: str) -> Reply:
    """Say what it comes to. What waited for it goes on or is dropped at once."""
    with office.database.session() as session:
        permit(session, actor, Right.import_data)
        reply = _find(session, actor, number)
        if outcome not in effects.outcomes(reply):
            raise InputRefused("Select what to do")
        if not reply.open:
            raise InputRefused(f"{reply.done_by.capitalize()} has done this meanwhile. Undo it if it was wrong.")
        _settle(session, office, actor, reply, outcome)
        return reply


def settle_plain(office: Office, actor: Actor, numbers: Sequence[int]) -> int:
    """Several at once that hold and close nothing; gives how many."""
    with office.database.session() as session:
        permit(session, actor, Right.import_data)
        found = [_find(session, actor, number) for number in dict.fromkeys(numbers)]
        done = [reply for reply in found if Line(reply).plain]
        for reply in done:
            _settle(session, office, actor, reply, "none")
        return len(done)


def undo(office: Office, actor: Actor, number: int) -> None:
    """To do again, and all that it did ends: what it closed is open, unless somebody else asked for that too."""
    with office.database.session() as session:
        permit(session, actor, Right.import_data)
        reply = _find(session, actor, number)
        if reply.open:
            raise InputRefused("This is to do already.")
        was = reply.outcome
        reply.open, reply.outcome, reply.done_by, reply.done_at = True, "", "", None
        effects.take_effect(session, office, reply)
        _record(session, office, actor, "undo reply", f"reply {number}", was=was)


def waiting(office: Office, authority: str) -> Waiting:
    with office.database.reading() as session:
        holds = sa.select(col(Hold.uprn), col(Hold.contact)).where(col(Hold.authority) == authority)
        held = sa.select(sa.func.count()).where(
            _held_by(authority, holds.subquery()), of.state == MessageState.planned.value
        )
        return Waiting(
            sum(_counts(session, authority, Reply.kind).values()), int(session.execute(held).scalar_one()),
            help_answers.lacking(session, authority), _oldest(session, authority),
        )  # fmt: skip


def _oldest(session: Session, authority: str) -> datetime | None:
    """By the index of the list, in which the first to come is the first."""
    open_ones = select(Reply.received_at).where(Reply.authority == authority, col(Reply.open))
    return session.exec(open_ones.order_by(col(Reply.id)).limit(1)).first()


def _held_by(authority: str, holds: sa.Subquery) -> sa.ColumnElement[bool]:
    """The council stands beside both, so that each is found by its index."""
    homes = sa.select(holds.c.uprn).where(holds.c.uprn.is_not(None))
    contacts = sa.select(holds.c.contact).where(holds.c.contact != "")
    return ((of.authority == authority) & of.uprn.in_(homes)) | ((of.authority == authority) & of.contact.in_(contacts))


def _settle(session: Session, office: Office, actor: Actor, reply: Reply, outcome: str) -> None:
    reply.open, reply.outcome = False, outcome
    reply.done_by, reply.done_at = actor.label, office.clock.now()
    dropped = effects.take_effect(session, office, reply)
    _record(session, office, actor, "settle reply", f"reply {reply.id}", outcome=outcome, dropped=dropped)


def _find(session: Session, actor: Actor, number: int) -> Reply:
    reply = session.get(Reply, number, with_for_update=True)
    if reply is None or reply.authority != actor.authority:
        raise NotFound(f"There is no reply {number} here.")
    return reply


def _where(actor: Actor, wanted: Wanted) -> list[Any]:
    where: list[Any] = [col(Reply.authority) == actor.authority]
    if wanted.state in ("open", "done"):
        where.append(col(Reply.open) if wanted.state == "open" else ~col(Reply.open))
    if wanted.kind in list(ReplyKind):
        where.append(col(Reply.kind) == wanted.kind)
    if wanted.meaning in list(Meaning):
        where += [col(Reply.kind) == ReplyKind.text, col(Reply.meaning) == wanted.meaning]
    if wanted.owner in ("mine", "nobody"):
        owner = actor.account_id if wanted.owner == "mine" else None
        where.append(col(Reply.owner_id) == owner if owner else col(Reply.owner_id).is_(None))
    return where


def _counts(session: Session, authority: str, by: Any, *of_them: Any) -> dict[str, int]:
    query = sa.select(col(by), sa.func.count()).where(col(Reply.authority) == authority, col(Reply.open), *of_them)
    return {name: count for name, count in session.execute(query.group_by(col(by))) if name}


def _staff(session: Session, authority: str) -> dict[str, str]:
    return {each.label: each.name for each in accounts(session, authority)}


def _line(office: Office, session: Session, reply: Reply, *, reads: bool, whole: bool = False) -> Line:
    words = office.keys.decrypt(reply.words) if reads and reply.words else ""
    sender = office.keys.decrypt(reply.sender) if reads and reply.sender else ""
    if sender and not whole:
        sender = mask_email(sender) if reply.channel == "email" else mask_phone(sender)
    return Line(reply, words, sender, _waiting(session, reply), _campaign(session, reply))


def _waiting(session: Session, reply: Reply) -> int:
    holds = sa.select(col(Hold.uprn), col(Hold.contact)).where(col(Hold.reply_id) == reply.id).subquery()
    held = sa.select(sa.func.count()).where(_held_by(reply.authority, holds), of.state == MessageState.planned.value)
    return int(session.execute(held).scalar_one()) if reply.open else 0


def _campaign(session: Session, reply: Reply) -> tuple[int, str] | None:
    query = select(Campaign.id, Campaign.name).join(Message, col(Message.campaign_id) == Campaign.id)
    found = session.exec(query.where(Message.id == reply.message_id)).first()
    return (found[0] or 0, found[1]) if found else None


def _record(session: Session, office: Office, actor: Actor, act: str, subject: str, **detail: Any) -> None:
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act, subject=subject,
        **detail,
    )  # fmt: skip
