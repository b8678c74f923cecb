"""Tests of a campaign's messages, to named colleagues only: recorded before they leave, never to a resident."""

import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campaigns.approval import forecast
from campaigns.messages import proofs
from campaigns.messages.proofs import Proof
from campaigns.notify import client
from campaigns.notify.messages import Notify, Outgoing
from campaigns.plan.audience import connect
from campaigns.plan.plan import Plan
from campaigns.records import lookup
from campaigns.records.models import MESSAGES, Channel
from engage.foundation import audit
from engage.foundation.audit import AuditEntry
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Account, Right, accounts, line
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from segments.safeguards.contact_point import normal_mobile

ACT = "send test"
TESTED = (Channel.email, Channel.sms)


@dataclass(frozen=True)
class Test:
    """One that was sent, as the audit log has it."""

    at: datetime
    by: str
    to: str
    channel: str
    language: str
    version: int


def colleagues(office: Office, actor: Actor) -> list[Account]:
    """Active accounts of the authority."""
    with office.database.reading() as session:
        return [account for account in accounts(session, actor.authority) if account.active]


def messages(office: Office, actor: Actor, campaign_id: int, notify: Notify | None = None) -> list[Proof]:
    """What can be tried: emails and texts of the plan, as they are at GOV.UK Notify now."""
    plan = Plan.model_validate(lookup.campaign(office, actor, campaign_id).plan)
    known = forecast.templates(office, notify)
    if known is None:
        raise InputRefused("No key of GOV.UK Notify is set, so no test can be sent.")
    found = proofs.proofs(forecast.setting(office, actor.authority, plan), plan, known)
    return [proof for proof in found if proof.channel in TESTED]


def send(
    office: Office, actor: Actor, campaign_id: int, *, channel: str, language: str, to: str, number: str = "",
    notify: Notify | None = None,
) -> str:  # fmt: skip
    """Send one message to the colleague whose account is `to` (label or email address), by text to their work
    `number`; gives Notify's id of it. InputRefused where the address or number is in the council's records."""
    chosen = [p for p in messages(office, actor, campaign_id, notify) if (p.channel, p.language) == (channel, language)]
    if not chosen:
        raise InputRefused("Select an email or text of this campaign. A letter is read here, not sent as a test.")
    proofs.demand(chosen)
    plan = Plan.model_validate(lookup.campaign(office, actor, campaign_id).plan)
    reference = f"test-{secrets.token_hex(12)}"
    with office.database.session() as session:
        lookup.permit(session, actor, Right.plan)
        colleague = _colleague(session, actor, to)
        recipient = colleague.email if channel == Channel.email else normal_mobile(number)
        _demand_no_resident(session, office, actor.authority, channel, recipient)
        # Before it leaves, so that none leaves unrecorded.
        _record(session, office, actor, ACT, campaign_id, chosen[0], colleague, reference)
    setting = forecast.setting(office, actor.authority, plan)
    fill = proofs.filled(setting, plan, channel, chosen[0].language, "")
    service = notify or client.service(office.settings)
    assert service, "messages() has asked it"
    sent = service.send(Outgoing(chosen[0].channel, chosen[0].template, reference, fill, recipient))
    return sent.notification_id


def sent(office: Office, actor: Actor, campaign_id: int) -> list[Test]:
    """Newest first."""
    with office.database.reading() as session:
        query = select(AuditEntry).where(
            AuditEntry.authority == actor.authority, AuditEntry.act == ACT,
            AuditEntry.subject == f"campaign {campaign_id}",
        )  # fmt: skip
        return [
            Test(entry.at, entry.actor, *(entry.detail[name] for name in ("to", "channel", "language", "version")))
            for entry in session.exec(query.order_by(col(AuditEntry.number).desc()))
        ]


def _colleague(session: Session, actor: Actor, to: str) -> Account:
    known = [account for account in accounts(session, actor.authority) if account.active]
    wanted = to.strip().casefold()
    found = next((account for account in known if wanted in (account.label, account.email)), None)
    if found is None:
        raise InputRefused("Select a colleague with an account here: a test goes to nobody else")
    return found


def _demand_no_resident(session: Session, office: Office, authority: str, channel: str, recipient: str) -> None:
    """Of this council and of those that went into it: what another one knows or wrote must not be told here."""
    key = office.keys.contact(channel, recipient)
    held = current(session, authority, "contacts")
    ours = MESSAGES.c.authority.in_(line(session, authority)) & (MESSAGES.c.contact == key)
    known = session.execute(sa.select(MESSAGES.c.id).where(ours).limit(1)).first() is not None
    if held is not None and not known:
        query = "SELECT count(*) > 0 FROM read_parquet(?) WHERE contact = ?"
        with connect() as lake:
            known = bool(lake.execute(query, [str(office.lake.file(held)), key]).fetchall()[0][0])
    if known:
        raise InputRefused("This is a contact of a home on the council’s records. Use a work address or work number")


def _record(
    session: Session, office: Office, actor: Actor, act: str, campaign_id: int, proof: Proof, colleague: Account,
    reference: str,
) -> None:  # fmt: skip
    audit.record(
        session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act=act,
        subject=f"campaign {campaign_id}", to=colleague.label, channel=str(proof.channel), language=proof.language,
        template=proof.template, version=proof.version, reference=reference,
    )  # fmt: skip
