"""Who comes by the council's own sign-in: the authority and role that their groups give them, and their account."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from engage.accounts import colleagues
from engage.accounts.provider import Person
from engage.foundation import audit, identity
from engage.foundation.errors import InputRefused, NotAllowed, NotFound, SettingsInvalid
from engage.foundation.identity import LINK_OVER, Account, Authority, Role
from engage.foundation.languages.catalogue import marked
from engage.foundation.office import Office
from engage.foundation.settings import Settings

NO_GROUP = marked(
    "Your council’s account is known, but none of its groups may use Engage. Ask whoever looks after Engage at your "
    "council to add you to one"
)
NO_AUTHORITY = marked(
    "Several authorities are kept here, and your group is of none of them. Ask whoever looks after Engage to name one "
    "in ENGAGE_OIDC_GROUPS"
)
ELSEWHERE = marked(
    "Your account here is of another authority than your group. Ask an administrator there to end it first"
)
AT_ONCE = marked("You came in from two browsers at the same moment. Begin again")
LEFT = marked("Your account here was ended. Ask an administrator of your council to invite you again")
NO_EMAIL = marked("Your council’s own sign-in does not tell your email address. Ask whoever looks after it to let it")
TAKEN = marked(
    "There is an account with your email address already. Ask an administrator for a new link, open it and choose "
    "your council’s account there: it is then one and the same"
)


@dataclass(frozen=True)
class Place:
    """What a group gives."""

    group: str
    role: Role
    authority: str  # empty where there is only one


def places(settings: Settings) -> list[Place]:
    """In the order of the setting; SettingsInvalid where it names a role that does not exist."""
    return [_place(entry) for entry in settings.oidc_groups]


def _place(entry: str) -> Place:
    group, _, gives = entry.rpartition("=")
    role, _, authority = gives.strip().partition("@")
    if role not in set(Role):
        msg = f"ENGAGE_OIDC_GROUPS has the role {role!r}, which does not exist. Use one of: {', '.join(Role)}."
        raise SettingsInvalid(msg)
    return Place(group.strip(), Role(role), authority)


def account_of(office: Office, person: Person, link: str = "") -> Account:
    """The account of somebody whom the provider has identified, its role as the groups say today. `link` is the
    fingerprint of a one-time link that they opened just before: it says which account an administrator meant."""
    try:
        return _account_of(office, person, link)
    except IntegrityError:  # for two authorities at once
        raise NotAllowed(AT_ONCE) from None


def _account_of(office: Office, person: Person, link: str) -> Account:
    with office.database.session() as session:
        place = _of_groups(session, office, person)
        account = _known(session, person) or _first_time(session, office, person, place, link)
        if account is None:
            return _new(session, office, person, place)
        if not account.active:
            raise NotAllowed(LEFT)
        if account.authority != place.authority:
            raise NotAllowed(ELSEWHERE)
        _follow(session, office, account, place.role)
    return account


def _of_groups(session: Session, office: Office, person: Person) -> Place:
    """By the first group of the setting that they are in."""
    found = next((place for place in places(office.settings) if place.group in person.groups), None)
    if found is None:
        raise NotAllowed(NO_GROUP)
    codes = list(session.exec(select(Authority.code)))
    authority = found.authority or (codes[0] if len(codes) == 1 else "")
    if authority not in codes:
        raise NotAllowed(NO_AUTHORITY)
    return Place(found.group, found.role, authority)


def _known(session: Session, person: Person) -> Account | None:
    return session.exec(select(Account).where(Account.provider_subject == person.subject)).first()


def _first_time(session: Session, office: Office, person: Person, place: Place, link: str) -> Account | None:
    """Those of one authority take turns, as the same person may come from two browsers at once."""
    colleagues.take_turns(session, place.authority)
    return _known(session, person) or _bound(session, office, person, place, link)


def _bound(session: Session, office: Office, person: Person, place: Place, link: str) -> Account | None:
    """An account made here, which becomes theirs by its link, or by an email address that the provider has verified."""
    account = session.exec(select(Account).where(Account.link == link)).first() if link else None
    if account and (account.link_expires is None or account.link_expires < office.clock.now()):
        raise NotFound(LINK_OVER)
    if account is None and person.email:
        account = identity.by_email(session, person.email)
        if account and not person.email_verified:
            raise NotAllowed(TAKEN)
    if account is None or not account.active or account.authority != place.authority:
        return account
    if account.provider_subject:
        raise NotAllowed(TAKEN)
    account.provider_subject, account.link, account.link_expires = person.subject, "", None
    _record(session, office, account, "bind to the council's own sign-in")
    return account


def _new(session: Session, office: Office, person: Person, place: Place) -> Account:
    if not person.email:
        raise NotAllowed(NO_EMAIL)
    account = Account(
        authority=place.authority, email=person.email, name=(person.name or person.email)[: colleagues.LONGEST_NAME],
        role=place.role, provider_subject=person.subject,
    )  # fmt: skip
    session.add(account)
    session.flush()
    _record(session, office, account, "open account by the council's own sign-in")
    return account


def _follow(session: Session, office: Office, account: Account, role: Role) -> None:
    """The last administrator keeps that role whatever the groups say, else nobody could put them right here."""
    if account.role == role:
        return
    try:
        colleagues.demote(session, account, role)
    except InputRefused:
        return
    _record(session, office, account, "change role", role=role.value)


def _record(session: Session, office: Office, account: Account, act: str, **detail: str) -> None:
    session.add(account)
    audit.record(
        session, authority=account.authority, at=office.clock.now(), actor="council's own sign-in", act=act,
        subject=account.label, **detail,
    )  # fmt: skip
