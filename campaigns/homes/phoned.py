"""What somebody says of their home by phone or at the counter, kept as what the page of their message would keep."""

import uuid

from sqlmodel import Session, col, select

from campaigns.records.lookup import permit
from campaigns.records.models import Message
from campaigns.records.reply import Reply, ReplyKind, Said, sealer_of
from campaigns.replies import effects, residents
from engage.foundation import audit
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office
from engage.foundation.web.forms import Form
from segments.safeguards.addresses import Address

LONGEST = 2_000
CHOICES = {
    Said.registered: ("Everybody here is registered", "The home is left alone for six months"),
    Said.cannot: ("Somebody here cannot register", "The home is left alone for six months"),
    Said.moved: ("They do not live there", "The email address or number is not used again"),
    Said.help: ("They need help", "It waits on the list of replies until somebody has helped"),
    Said.stop: ("They want no more reminders", "No more email, texts or letters to this home"),
}


def keep(office: Office, actor: Actor, address: Address, form: Form) -> Reply | None:
    """It acts at once, as the resident's own page does; the form says what is wrong."""
    said, words = form.require("said", "Select what they say"), form.text("words")
    if said and said not in set(Said):
        form.fail("said", "Select what they say")
    if said == Said.help and not words:
        form.fail("words", "Enter what would help them, and how to reach them")
    if len(words) > LONGEST:
        form.fail("words", f"What they say must be {LONGEST:,} characters or less")
    if not form.valid:
        return None
    with office.database.session() as session:
        permit(session, actor, Right.import_data)
        return _keep(session, office, actor, address, Said(said), words)


def _keep(session: Session, office: Office, actor: Actor, address: Address, said: Said, words: str) -> Reply:
    about = _last(session, actor.authority, address.uprn)
    now = office.clock.now()
    made = Reply(
        authority=actor.authority, kind=ReplyKind.phone, source=uuid.uuid4().hex, uprn=address.uprn,
        message_id=about.id if about else None, contact=about.contact if about else "",
        channel=about.channel if about else "", meaning=said.value, received_at=now,
        words=sealer_of(session, office, actor.authority, now).seal(words) if words else "",
    )  # fmt: skip
    session.add(made)
    session.flush()
    residents.settle(office, made, said, "", by=actor.label)
    dropped = effects.take_effect(session, office, made)
    audit.record(
        session, authority=actor.authority, at=now, actor=actor.label, act="record reply by phone",
        subject=f"reply {made.id}", said=said.value, outcome=made.outcome, dropped=dropped,
    )  # fmt: skip
    return made


def _last(session: Session, authority: str, uprn: int) -> Message | None:
    """The newest message that left for the home, which they most likely call about."""
    query = select(Message).where(Message.authority == authority, Message.uprn == uprn)
    left = query.where(col(Message.sent_at).is_not(None))
    return session.exec(left.order_by(col(Message.id).desc()).limit(1)).first()
