"""Letters that came back: no more letters go to such a home until an officer says that its address is right."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlmodel import Session, col, select

from campaigns.records.lookup import permit
from campaigns.records.models import Channel, Message
from campaigns.records.reply import Reply, ReplyKind
from campaigns.replies import effects
from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office

NAMED = re.compile(r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})\b", re.IGNORECASE)
UPRN = re.compile(r"[0-9]{1,12}")
HEADINGS = re.compile(r"notification id|reference", re.IGNORECASE)  # of Notify's own list of returned letters
MOST_LINES = 2_000
EXPECTED = "expected a UPRN, or GOV.UK Notify’s ID of the letter, or its reference, one on each line"


def receive(office: Office, payload: Mapping[str, Any]) -> bool:
    """Take Notify's callback; False for a letter that is known to be back, and for one that others sent."""
    try:
        names = (str(payload["notification_id"]), str(payload.get("reference") or ""))
    except (KeyError, TypeError, AttributeError):
        raise InputRefused("A returned letter needs notification_id, as GOV.UK Notify sends it.") from None
    with office.database.session() as session:
        letter = _letter(session, col(Message.notify_id) == names[0]) or (
            _letter(session, col(Message.reference) == names[1]) if names[1] else None
        )
        return letter is not None and _came_back(session, office, letter, "GOV.UK Notify")


def record(office: Office, actor: Actor, typed: str) -> tuple[int, int]:
    """What an officer typed, or pasted from Notify's list of returned letters: how many letters are new, and how many
    were known. InputRefused names every line that is none, and then nothing was changed."""
    lines = [(number, line.strip()) for number, line in enumerate(typed.splitlines(), 1) if line.strip()]
    if not lines:
        raise InputRefused(f"Enter the letters that came back: {EXPECTED}")
    if len(lines) > MOST_LINES:
        raise InputRefused(f"Enter at most {MOST_LINES:,} lines at a time; these are {len(lines):,}")
    with office.database.session() as session:
        permit(session, actor, Right.import_data)
        letters, faults = [], []
        for number, line in lines:
            found = _named(session, actor.authority, line)
            if found is None and not (number == lines[0][0] and HEADINGS.search(line)):
                faults.append(f"line {number}: {_fault(line)}")
            letters += [found] if found else []
        if faults:
            raise InputRefused(f"{'; '.join(faults[:5])}. Nothing was changed; {EXPECTED}.")
        new = sum(_came_back(session, office, letter, actor.label) for letter in letters)
    return new, len(letters) - new


def _named(session: Session, authority: str, line: str) -> Message | None:
    ours = col(Message.authority) == authority
    if UPRN.fullmatch(line):
        return _letter(session, ours & (col(Message.uprn) == int(line)) & col(Message.sent_at).is_not(None))
    for (name,) in _names(line):
        by_name = (col(Message.notify_id) == name) | (col(Message.reference) == name)
        if letter := _letter(session, ours & by_name):
            return letter
    return None


def _names(line: str) -> Iterator[tuple[str]]:
    for found in NAMED.findall(line):
        yield (found.lower(),)


def _fault(line: str) -> str:
    if UPRN.fullmatch(line):
        return f"no letter of ours has gone to UPRN {line}"
    return "no letter of ours has this ID or reference" if NAMED.search(line) else "no UPRN, ID or reference"


def _letter(session: Session, where: Any) -> Message | None:
    """The newest."""
    query = select(Message).where(Message.channel == Channel.letter, where)
    return session.exec(query.order_by(col(Message.id).desc()).limit(1)).first()


def _came_back(session: Session, office: Office, letter: Message, by: str) -> bool:
    same = select(Reply.id).where(
        Reply.authority == letter.authority, Reply.kind == ReplyKind.letter, Reply.source == letter.reference
    )
    if session.exec(same).first() is not None:
        return False
    reply = Reply(
        authority=letter.authority, kind=ReplyKind.letter, source=letter.reference, message_id=letter.id,
        channel=Channel.letter, uprn=letter.uprn, received_at=office.clock.now(),
    )  # fmt: skip
    session.add(reply)
    session.flush()
    dropped = effects.take_effect(session, office, reply)
    audit.record(
        session, authority=letter.authority, at=office.clock.now(), actor=by, act="letter returned",
        subject=f"reply {reply.id}", dropped=dropped,
    )  # fmt: skip
    return True
