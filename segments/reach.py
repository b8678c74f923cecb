"""How a home can be reached: contact points with a lawful basis, that nobody objected to or suppressed."""

import ibis
import ibis.expr.types as ir
from sqlmodel import Session

from segments.suppression import suppressed_contacts


def usable(session: Session, authority: str, contacts: ir.Table) -> ir.Table:
    allowed = contacts.filter(~contacts.objected)
    suppressed = sorted(suppressed_contacts(session, authority))
    if not suppressed:
        return allowed
    return allowed.anti_join(ibis.memtable({"contact": suppressed}), "contact")


# What a message needs of a contact; where it came from is said in the message itself (UK GDPR, article 14).
PARTS = ("contact", "value", "source")


def best(contacts: ir.Table, channel: str) -> ir.Table:
    """`uprn, CHANNEL_contact, CHANNEL_value, CHANNEL_source`: the newest contact point of each home in a channel."""
    of_channel = contacts.filter(contacts.channel == channel)
    newest = ibis.window(
        group_by=of_channel.uprn, order_by=[of_channel.collected_on.desc(nulls_first=False), of_channel.contact]
    )
    ranked = of_channel.mutate(rank=ibis.row_number().over(newest))
    chosen = ranked.filter(ranked["rank"] == 0)
    return chosen.select("uprn", **{f"{channel}_{part}": chosen[part] for part in PARTS})
