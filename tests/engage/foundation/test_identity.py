"""Accounts, roles and one-time links."""

from datetime import UTC, datetime, timedelta

import pytest

from engage.foundation import identity
from engage.foundation.errors import InputRefused, NotAllowed, NotFound
from engage.foundation.identity import Account, Right, Role
from engage.foundation.office import Office

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


def invite(office: Office, role: Role = Role.officer) -> str:
    with office.database.session() as session:
        _, secret = identity.invite(
            session, code="E07000193", email="Officer@Example.com", name="Officer", role=role, at=NOW
        )
    return secret


def test_a_link_sets_the_first_password_once(office: Office) -> None:
    secret = invite(office)
    with office.database.session() as session:
        account = identity.by_link(session, secret, NOW)
        identity.set_password(account, PASSWORD)
        session.add(account)
    with office.database.session() as session:
        assert identity.sign_in(session, "officer@example.com ", PASSWORD) is not None
        assert identity.sign_in(session, "officer@example.com", PASSWORD + "!") is None
        assert identity.sign_in(session, "nobody@example.com", PASSWORD) is None
        with pytest.raises(NotFound):
            identity.by_link(session, secret, NOW)


def test_a_link_expires(office: Office) -> None:
    secret = invite(office)
    with office.database.session() as session, pytest.raises(NotFound):
        identity.by_link(session, secret, NOW + timedelta(days=4))


def test_a_short_password_and_a_second_account_are_refused(office: Office) -> None:
    invite(office)
    with pytest.raises(InputRefused):
        invite(office)
    with pytest.raises(InputRefused):
        identity.set_password(
            Account(authority="E07000193", email="a@example.com", name="A", role=Role.officer), "short"
        )


def test_an_account_that_never_set_a_password_cannot_sign_in(office: Office) -> None:
    invite(office)
    with office.database.session() as session:
        assert identity.sign_in(session, "officer@example.com", "") is None


def test_members_see_figures_and_nothing_else() -> None:
    assert identity.RIGHTS[Role.member] == {Right.see_figures}


def test_planning_and_approving_are_different_roles() -> None:
    assert Right.approve not in identity.RIGHTS[Role.officer]
    assert Right.plan not in identity.RIGHTS[Role.approver]
    auditor = Account(authority="E07000193", email="a@example.com", name="A", role=Role.auditor)
    with pytest.raises(NotAllowed, match="auditor"):
        identity.demand(auditor, Right.send)


def test_an_unknown_authority_is_named_with_those_known(office: Office) -> None:
    with office.database.session() as session, pytest.raises(NotFound, match="E07000193"):
        identity.authority(session, "E99999999")
