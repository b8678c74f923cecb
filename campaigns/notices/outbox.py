"""What colleagues are told by email: written in the transaction of the act, so that neither is without the other."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlmodel import Session, col, select

from campaigns.records.models import Campaign
from campaigns.records.notice import FOR, About, Notice, NoticeChoice, offered, usual
from engage.foundation.clock import today
from engage.foundation.identity import Account, accounts
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office

LATELY = timedelta(days=90)  # a result that is older was in before anybody could be told


def tell(
    session: Session, office: Office, about: About, campaign: Campaign, words: str, *,
    to: Collection[int] | None = None, but: Collection[int] = (), once: str = "",
) -> int:  # fmt: skip
    """An email to each colleague of the campaign's council who may see it and wants it: to these accounts, or to all
    but some. `once` tells one occasion from the next; the same is told once. Gives how many were written. Without a
    template of the service's own emails none is, and the first page says what waits all the same."""
    if not office.settings.notice_template:
        return 0
    occasion = f"{about.value} {campaign.id} {campaign.version} {once}"
    written = 0
    for account in accounts(session, campaign.authority):
        chosen = account.id not in but if to is None else account.id in to
        if chosen and account.active and account.may(FOR[about]) and wants(session, account, about):
            written += _write(session, office, about, campaign, words, account, occasion)
    return written


def _write(
    session: Session, office: Office, about: About, campaign: Campaign, words: str, account: Account, occasion: str
) -> int:
    reference = office.keys.hash("notice", occasion, str(account.id))[:32]
    if session.exec(select(Notice.id).where(Notice.reference == reference)).first() is not None:
        return 0
    path = f"/campaigns/{campaign.id}" if about != About.result else "/wards"
    session.add(
        Notice(
            authority=campaign.authority, account_id=account.id or 0, about=about.value, words=words, path=path,
            subject=f"{campaign.name}: {SUBJECTS[about]}"[:200], reference=reference, made_at=office.clock.now(),
        )
    )  # fmt: skip
    return 1


SUBJECTS = {
    About.approval: "waits for approval",
    About.decision: "has been decided on",
    About.result: "the result is in",
}


def wants(session: Session, account: Account, about: About) -> bool:
    said = session.get(NoticeChoice, (account.id, about.value))
    return said.wanted if said else usual(account, about)


def chosen(session: Session, account: Account) -> list[About]:
    return [about for about in offered(account) if wants(session, account, about)]


def choose(session: Session, account: Account, wanted: Iterable[str]) -> None:
    """All that is not among them is not wanted any more."""
    kept = set(wanted)
    for about in offered(account):
        session.merge(NoticeChoice(account_id=account.id or 0, about=about.value, wanted=about.value in kept))


def choose_one(session: Session, account: Account, about: About, *, wanted: bool) -> None:
    session.merge(NoticeChoice(account_id=account.id or 0, about=about.value, wanted=wanted))


def tell_results(office: Office) -> int:
    """Of each campaign whose register of after the comparison has come in, once."""
    day = today(office.clock)
    waiting = select(Campaign).where(
        col(Campaign.launched_at).is_not(None), col(Campaign.result_told_at).is_(None),
        Campaign.window_end <= day, Campaign.window_end > day - LATELY,
    )  # fmt: skip
    with office.database.reading() as session:
        found = [each.id for each in session.exec(waiting) if _measured(session, each)]
    told = 0
    for number in found:
        with office.database.session() as session:
            campaign = session.get_one(Campaign, number, with_for_update=True)
            campaign.result_told_at = office.clock.now()
            told += tell(session, office, About.result, campaign, RESULT)
    return told


RESULT = "The register of after the comparison has come in, so you can read what the reminders changed, ward by ward."


def _measured(session: Session, campaign: Campaign) -> bool:
    after = select(Snapshot.id).where(
        Snapshot.authority == campaign.authority, Snapshot.kind == "register", col(Snapshot.undone_at).is_(None),
        Snapshot.as_at >= campaign.window_end, Snapshot.id != campaign.register_snapshot,
    )  # fmt: skip
    return campaign.register_snapshot is not None and session.exec(after.limit(1)).first() is not None
