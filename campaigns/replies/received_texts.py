"""Texts that residents send in reply: STOP silences their homes."""

import re
from collections.abc import Mapping
from typing import Any

from sqlmodel import select

from campaigns.records.models import Message
from campaigns.replies.residents import silence
from engage.foundation.errors import InputRefused
from engage.foundation.office import Office
from segments.safeguards.contact_point import normal_mobile
from segments.safeguards.suppression import suppress_contact

STOP_WORDS = frozenset({"stop", "stopio", "end", "quit", "cancel", "unsubscribe", "optout"})


def receive(office: Office, payload: Mapping[str, Any]) -> int:
    """STOP by text: silence the number, and every household it was used for, by every channel. Gives the
    households; 0 for any other text, which is not kept."""
    try:
        number, text = str(payload["source_number"]), str(payload["message"])
    except (KeyError, TypeError):
        raise InputRefused("A received text needs source_number and message, as GOV.UK Notify sends it.") from None
    if re.sub(r"[^a-z]", "", text.casefold()) not in STOP_WORDS:
        return 0
    try:
        contact = office.keys.contact("sms", normal_mobile(number))
    except InputRefused:  # a number we could never have sent to
        return 0
    with office.database.session() as session:
        theirs = session.exec(select(Message).where(Message.contact == contact)).all()
        households = {(message.authority, message.uprn): message for message in theirs}
        for message in households.values():
            suppress_contact(session, office, message.authority, "sms", contact, "asked to stop", "resident")
            silence(session, office, message, "STOP by text")
        return len(households)
