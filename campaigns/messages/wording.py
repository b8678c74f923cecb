"""What fills a message: the values Engage knows, by the names templates at GOV.UK Notify use for them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from campaigns.notify.messages import Outgoing
from campaigns.plan.plan import Plan
from campaigns.records.models import Channel
from engage.foundation.clock import london, today
from engage.foundation.office import Office
from engage.foundation.words import day

ADDRESS_LINES = tuple(f"address_line_{number}" for number in range(1, 8))
FIELDS = {
    "link": "the resident's own page: what this is, how to register, how to stop reminders",
    "privacy link": "how the council uses information",
    "council": "the name of the authority",
    "contact source": "where the contact came from",
    "deadline": "the last day to register for the poll; where the plan names no poll, four weeks from sending",
    "poll date": "the day of the poll, empty where the plan names none",
}
FOUR_WEEKS = timedelta(days=28)
SOURCE = {
    "en": {"letter": "the council's list of addresses", "": "the council's records"},
    "cy": {"letter": "rhestr gyfeiriadau'r cyngor", "": "gofnodion y cyngor"},
}


def link_token(office: Office, reference: str) -> str:
    """What stands in a message's link. It can be made again from the reference, so only its hash is kept."""
    return office.keys.hash("link", reference)[:24]


def preview_reference(authority: str) -> str:
    """Of the messages that colleagues read or try before a campaign: their link leads to a page that does nothing."""
    return f"preview {authority}"


def last_day(end: datetime | None, on: date) -> date:
    """By which people are told to register: that of the poll, else four weeks from when the message leaves."""
    return london(end - timedelta(seconds=1)).date() if end else on + FOUR_WEEKS


def values(
    office: Office, council: str, plan: Plan, end: datetime | None, row: Any, source: str = "", on: date | None = None
) -> dict[str, str]:
    """What fills the message of one ledger row, by placeholder, if it leaves `on` that day, else today. `end` is the
    moment after which it is too late to register for the poll; people are told the last day. `source` is the record
    the contact was taken from."""
    last = last_day(end, on or today(office.clock))
    return {
        **plan.wording,
        "link": f"{office.settings.base_url}/r/{link_token(office, row.reference)}",
        "privacy link": f"{office.settings.base_url}/privacy",
        "council": council,
        "contact source": plan.wording.get("contact source") or source_of(row.channel, source, plan.language),
        "deadline": day(last, plan.language),
        "poll date": day(plan.poll_date, plan.language) if plan.poll_date else "",
    }


def source_of(channel: str, source: str, language: str) -> str:
    """UK GDPR, article 14: people are told which record a contact was taken from."""
    general = SOURCE[language].get(channel, SOURCE[language][""])
    return f"{general} ({source})" if source else general


def outgoing(row: Any, recipient: str, filled: dict[str, str], address: Sequence[str]) -> Outgoing:
    """One ledger row as Notify takes it."""
    link = filled["link"]
    return Outgoing(
        channel=row.channel,
        template_id=row.template,
        reference=row.reference,
        personalisation={**filled, **dict(zip(ADDRESS_LINES, address, strict=False))},
        recipient=recipient or None,
        one_click_unsubscribe_url=f"{link}/stop"
        if row.channel == Channel.email and link.startswith("https:")
        else None,
    )
