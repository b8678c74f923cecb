"""What a reply does to further sending, while it is open and once it is done; each outcome can be taken back whole."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from campaigns.records.models import Message, Response
from campaigns.records.reply import SPOKEN, Hold, Reply, ReplyKind, Said
from campaigns.records.visits import Visit
from campaigns.replies.meaning import Meaning
from campaigns.replies.silence import Closed, respond, silence, to_contact
from engage.foundation.clock import today
from engage.foundation.office import Office
from segments.safeguards.suppression import lift_source

STOP = "stop reminders"
STOPPED, MOVED, REGISTERED = "STOP by text", "says they moved away", "says they are registered"
CANNOT, HELP = "says somebody cannot register", "asks for help"
RESTS = timedelta(days=183)  # a home that has answered is left alone so long, which is past the end of any campaign
Effect = Callable[[Session, Office, Reply], int]


@dataclass(frozen=True)
class Outcome:
    """What somebody can make of a reply: the words of the choice, what it does, and those of the list afterwards."""

    choice: str
    hint: str
    done: str
    effect: Effect


def source(reply: Reply) -> str:
    """Under which its suppressions stand, so that undoing it lifts nothing that anybody else asked for."""
    return f"reply {reply.id}"


def take_effect(session: Session, office: Office, reply: Reply) -> int:
    """What it did before ends, and what its outcome does begins; gives how many queued messages that dropped."""
    session.execute(sa.delete(Hold).where(col(Hold.reply_id) == reply.id))
    session.execute(sa.delete(Response).where(col(Response.reply_id) == reply.id))
    lift_source(session, office, reply.authority, source(reply))
    effect = outcomes(reply)[reply.outcome].effect if reply.outcome else WHILE_OPEN[ReplyKind(reply.kind)]
    _keep_said(session, office, reply)
    return effect(session, office, reply)


def outcomes(reply: Reply) -> dict[str, Outcome]:
    if reply.kind == ReplyKind.visit:
        return VISITED[Visit(reply.meaning)]
    if reply.kind not in SPOKEN:
        return OUTCOMES[ReplyKind(reply.kind)]
    if reply.meaning == Said.moved and not reply.contact:
        return LETTER_READ_ELSEWHERE
    return SAID[Said(reply.meaning)]


def _keep_said(session: Session, office: Office, reply: Reply) -> None:
    """What was said stays as an answer to its message until it is taken back."""
    message = session.get(Message, reply.message_id) if reply.kind in SPOKEN and reply.message_id else None
    if message and reply.outcome != "none":
        respond(session, office, message, RESPONSES[Said(reply.meaning)], reply_id=reply.id)


def _nothing(_session: Session, _office: Office, _reply: Reply) -> int:
    return 0


def _homes(session: Session, reply: Reply) -> tuple[int, ...]:
    """The home it is about, else each that its contact was used for."""
    if reply.uprn is not None:
        return (reply.uprn,)
    return tuple(message.uprn for message in to_contact(session, reply.authority, reply.contact))


def _respond(session: Session, office: Office, reply: Reply, what: str) -> None:
    for message in to_contact(session, reply.authority, reply.contact):
        respond(session, office, message, what, reply_id=reply.id)


def _close(session: Session, office: Office, reply: Reply, why: str) -> int:
    """The contact it came by, and the home, to every channel."""
    closed = Closed(reply.authority, reply.contact, reply.channel, _homes(session, reply))
    return silence(session, office, closed, why, source(reply))


def _stop_home(session: Session, office: Office, reply: Reply) -> int:
    return _close(session, office, reply, "asked to stop")


def _stop(session: Session, office: Office, reply: Reply) -> int:
    _respond(session, office, reply, STOPPED)
    return _stop_home(session, office, reply)


def _not_theirs(session: Session, office: Office, reply: Reply) -> int:
    """The contact is no way to that home any more; who lives there now can still be written to."""
    return silence(session, office, Closed(reply.authority, reply.contact, reply.channel), "moved away", source(reply))


def _moved(session: Session, office: Office, reply: Reply) -> int:
    _respond(session, office, reply, MOVED)
    return _not_theirs(session, office, reply)


def _registered(session: Session, office: Office, reply: Reply) -> int:
    _respond(session, office, reply, REGISTERED)
    return 0


def _waits(session: Session, office: Office, reply: Reply) -> int:
    """STOP and what may mean it hold the home; other answers only the number they came from."""
    stops = reply.meaning in (Meaning.stop, Meaning.maybe)
    if reply.meaning not in (Meaning.stop, Meaning.maybe, Meaning.moved, Meaning.registered):
        return 0
    for what, said in ((MOVED, Meaning.moved), (REGISTERED, Meaning.registered)):
        if reply.meaning == said:
            _respond(session, office, reply, what)
    homes = _homes(session, reply) if stops else ()
    session.add_all(Hold(authority=reply.authority, reply_id=reply.id or 0, uprn=uprn) for uprn in homes)
    if reply.contact:
        session.add(Hold(authority=reply.authority, reply_id=reply.id or 0, contact=reply.contact))
    return 0


def _no_letters(session: Session, office: Office, reply: Reply) -> int:
    closed = Closed(reply.authority, homes=_homes(session, reply), to="letter")
    return silence(session, office, closed, "letter returned", source(reply))


def _complained(session: Session, office: Office, reply: Reply) -> int:
    return _close(session, office, reply, "complaint")


def _stop_channel(channel: str) -> Effect:
    def stop(session: Session, office: Office, reply: Reply) -> int:
        contact = reply.contact if reply.channel == channel else ""
        closed = Closed(reply.authority, contact, channel, _homes(session, reply), channel)
        return silence(session, office, closed, "asked to stop", source(reply))

    return stop


def _rest(session: Session, office: Office, reply: Reply) -> int:
    until = today(office.clock) + RESTS
    closed = Closed(reply.authority, homes=_homes(session, reply), until=until)
    return silence(session, office, closed, "has answered", source(reply))


def _lies_empty(session: Session, office: Office, reply: Reply) -> int:
    closed = Closed(reply.authority, homes=_homes(session, reply), until=today(office.clock) + RESTS)
    return silence(session, office, closed, "found empty", source(reply))


def _no_home(session: Session, office: Office, reply: Reply) -> int:
    closed = Closed(reply.authority, homes=_homes(session, reply))
    return silence(session, office, closed, "found to be no home", source(reply))


def _page_waits(session: Session, _office: Office, reply: Reply) -> int:
    """A letter that somebody read who does not live there may have gone to the wrong home."""
    if reply.meaning == Said.moved:
        session.add(Hold(authority=reply.authority, reply_id=reply.id or 0, uprn=reply.uprn))
    return 0


WHILE_OPEN: dict[ReplyKind, Effect] = {
    ReplyKind.text: _waits, ReplyKind.letter: _no_letters, ReplyKind.complaint: _complained,
    ReplyKind.page: _page_waits, ReplyKind.phone: _page_waits, ReplyKind.visit: _nothing,
}  # fmt: skip
OUTCOMES: dict[ReplyKind, dict[str, Outcome]] = {
    ReplyKind.text: {
        "stop": Outcome(
            "They want no more reminders", "The number and its home are not written to again", "Stopped", _stop
        ),
        "moved": Outcome(
            "They moved away, or the number is somebody else’s",
            "The number is not used again; the home can still be written to by letter", "Number no longer used", _moved,
        ),
        "registered": Outcome(
            "They say that they are registered", "Kept as an answer; what was held goes on unless the register agrees",
            "Says they are registered", _registered,
        ),
        "none": Outcome("Nothing of this", "What was held goes on", "Nothing to do", _nothing),
    },
    ReplyKind.letter: {
        "closed": Outcome(
            "Write no letters to this home", "As since the letter came back", "No more letters", _no_letters
        ),
        "again": Outcome("Use the address again", "It came back by mistake, or the address was put right",
                         "Address used again", _nothing),
    },
    ReplyKind.complaint: {
        "closed": Outcome(
            "Answered: write to them no more", "As since the complaint came in", "Not written to", _complained
        ),
        "none": Outcome("Answered: reminders may go on", "They are content with the answer", "Reminders may go on",
                        _nothing),
    },
}  # fmt: skip
RESPONSES = {
    Said.registered: REGISTERED, Said.cannot: CANNOT, Said.moved: MOVED, Said.help: HELP, Said.stop: STOP,
}  # fmt: skip
RESTING = Outcome(
    "Leave the home alone for six months", "By email, text and letter", "Left alone for six months", _rest
)
TAKEN_BACK = Outcome("Nothing of this", "Reminders go on", "Nothing to do", _nothing)
SAID: dict[Said, dict[str, Outcome]] = {
    Said.registered: {"rests": RESTING, "none": TAKEN_BACK},
    Said.cannot: {"rests": RESTING, "none": TAKEN_BACK},
    Said.moved: {
        "moved": Outcome(
            "They do not live there", "The address or number is not used again; the home can still be written to",
            "Contact no longer used", _not_theirs,
        ),
        "none": TAKEN_BACK,
    },
    Said.help: {
        "helped": Outcome("Helped", "They have what they asked for", "Helped", _nothing),
        "none": TAKEN_BACK,
    },
    Said.stop: {
        "stop": Outcome("No more reminders", "The home is not written to again", "Stopped", _stop_home),
        "email": Outcome("No more emails", "Texts and letters go on", "No more emails", _stop_channel("email")),
        "sms": Outcome("No more texts", "Emails and letters go on", "No more texts", _stop_channel("sms")),
        "none": TAKEN_BACK,
    },
}  # fmt: skip
LETTER_READ_ELSEWHERE = {
    "closed": Outcome("Write no letters to this home", "Emails and texts go on", "No more letters", _no_letters),
    "none": Outcome("Letters may go on", "What was held goes on", "Letters go on", _nothing),
}
KEPT = Outcome("Keep it as an answer", "Reminders go on until the register shows them", "Kept as an answer", _nothing)
VISITED: dict[Visit, dict[str, Outcome]] = {
    Visit.form: {"kept": KEPT, "rests": RESTING, "none": TAKEN_BACK},
    Visit.online: {"kept": KEPT, "rests": RESTING, "none": TAKEN_BACK},
    Visit.nobody: {"none": TAKEN_BACK},
    Visit.refused: {
        "stop": Outcome("Do not call or write again", "The home is closed to visits and reminders", "Stopped",
                        _stop_home),
        "none": TAKEN_BACK,
    },
    Visit.moved: {
        "rests": RESTING,
        "none": Outcome("Somebody else lives there now", "Reminders go on", "Reminders go on", _nothing),
    },
    Visit.empty: {
        "rests": Outcome("Nobody lives there", "The home is left alone for six months", "Left alone for six months",
                         _lies_empty),
        "none": TAKEN_BACK,
    },
    Visit.not_a_home: {
        "closed": Outcome("It is no home", "Nothing more is sent there; tell the gazetteer’s custodian", "Closed",
                          _no_home),
        "none": Outcome("It is a home", "Reminders go on", "Reminders go on", _nothing),
    },
}  # fmt: skip
