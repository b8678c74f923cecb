"""How a home can be reached: contact points with a lawful basis, that nobody objected to or suppressed."""

from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from segments.engine import execution
from segments.engine.holdings import Holdings
from segments.safeguards.suppression import suppressed_contacts


def usable(holdings: Holdings) -> ir.Table | None:
    """The contact points that may be used, of every authority; None where no list of them was imported."""
    contacts = holdings.table("contacts")
    if contacts is None:
        return None
    return allowed(contacts, {code: suppressed_contacts(holdings.session, code) for code in holdings.authorities})


def allowed(contacts: ir.Table, closed: Mapping[str, Iterable[str]]) -> ir.Table:
    """Those that nobody objected to and that are not closed: keyed hashes, by authority."""
    return execution.without(contacts.filter(~contacts.objected), "contact", closed)


# What a message needs of a contact; where it came from is said in the message itself (UK GDPR, article 14).
PARTS = ("contact", "value", "source")


def best(contacts: ir.Table, channel: str) -> ir.Table:
    """`authority, uprn, CHANNEL_contact, CHANNEL_value, CHANNEL_source`: the newest contact point of each home in a
    channel."""
    of_channel = contacts.filter(contacts.channel == channel)
    newest = ibis.window(
        group_by=[of_channel.authority, of_channel.uprn],
        order_by=[of_channel.collected_on.desc(nulls_first=False), of_channel.contact],
    )
    ranked = of_channel.mutate(rank=ibis.row_number().over(newest))
    chosen = ranked.filter(ranked["rank"] == 0)
    return chosen.select("authority", "uprn", **{f"{channel}_{part}": chosen[part] for part in PARTS})
