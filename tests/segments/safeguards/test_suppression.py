from datetime import date

import pytest
from sqlmodel import select

from engage.foundation.office import Actor, Office
from segments.safeguards.suppression import (
    Suppression,
    is_suppressed,
    lift_source,
    suppress_contact,
    suppress_household,
    suppressed_contacts,
    suppressed_households,
)

HASH = "a" * 64


def test_asking_twice_is_asking_once(office: Office, actor: Actor) -> None:
    with office.database.session() as session:
        first = suppress_contact(session, office, actor.authority, "email", HASH, "objection", "resident")
        again = suppress_contact(session, office, actor.authority, "email", HASH, "objection", "resident")
        assert first.id == again.id
        assert first.added_on == date(2026, 6, 1)
        suppress_contact(session, office, actor.authority, "email", HASH, "bounce", "receipt")
        assert len(session.exec(select(Suppression)).all()) == 2
        assert suppressed_contacts(session, actor.authority) == {HASH}


def test_what_is_lifted_can_be_asked_again(office: Office, actor: Actor) -> None:
    with office.database.session() as session:
        suppress_household(session, office, actor.authority, 7, "objection", "resident")
        assert lift_source(session, office, actor.authority, "resident") == 1
        assert suppressed_households(session, actor.authority) == set()
        suppress_household(session, office, actor.authority, 7, "moved", "resident")
        assert suppressed_households(session, actor.authority) == {office.keys.uprn(7)}


@pytest.mark.parametrize(
    ("asked", "channel", "stopped"),
    [("", "email", True), ("", "letter", True), ("letter", "letter", True), ("letter", "email", False)],
)
def test_a_household_is_closed_to_one_channel_or_all(
    office: Office, actor: Actor, asked: str, channel: str, stopped: bool
) -> None:
    with office.database.session() as session:
        suppress_household(session, office, actor.authority, 7, "objection", "resident", asked)
        assert is_suppressed(session, office, actor.authority, channel, uprn=7) == stopped
        assert (office.keys.uprn(7) in suppressed_households(session, actor.authority, channel)) == stopped
        assert not is_suppressed(session, office, actor.authority, channel, uprn=8)
        assert not is_suppressed(session, office, actor.authority, channel, contact_hash=HASH)
        assert not is_suppressed(session, office, actor.authority, channel)


def test_a_suppression_is_the_authoritys_own_and_may_end(office: Office, actor: Actor) -> None:
    with office.database.session() as session:
        entry = suppress_contact(session, office, actor.authority, "sms", HASH, "bounce", "receipt")
        assert is_suppressed(session, office, actor.authority, "sms", contact_hash=HASH)
        assert not is_suppressed(session, office, "E06000001", "sms", contact_hash=HASH)
        assert suppressed_contacts(session, "E06000001") == set()
        entry.until = date(2026, 6, 1)
        session.flush()
        assert is_suppressed(session, office, actor.authority, "sms", contact_hash=HASH)
        entry.until = date(2026, 5, 31)
        session.flush()
        assert not is_suppressed(session, office, actor.authority, "sms", contact_hash=HASH)
        assert suppressed_contacts(session, actor.authority, on=date(2026, 6, 1)) == set()
