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


def best(contacts: ir.Table, channel: str) -> ir.Table:
    """`uprn, CHANNEL_contact, CHANNEL_value`: the newest contact point of each home in a channel."""
    of_channel = contacts.filter(contacts.channel == channel)
    newest = ibis.window(
        group_by=of_channel.uprn, order_by=[of_channel.collected_on.desc(nulls_first=False), of_channel.contact]
    )
    ranked = of_channel.mutate(rank=ibis.row_number().over(newest))
    chosen = ranked.filter(ranked["rank"] == 0)
    return chosen.select("uprn", **{f"{channel}_contact": chosen.contact, f"{channel}_value": chosen.value})
