"""Homes that are known to be without anybody: vacant by the gazetteer, or on a list of the council's own.

Nobody is expected in them, so they are never among the homes that seem to lack most people.
"""

import ibis
import ibis.expr.types as ir

from segments.engine import execution
from segments.engine.holdings import Holdings

VACANT, SECOND_HOME, HOLIDAY_LET = "vacant", "second home", "holiday let"
STATE_VACANT = 3  # BLPU state of BS 7666: unoccupied, vacant or derelict
# Names of the council's own figures of homes (segments/sources/declared.py) that say it, as council tax keeps them. The
# list is closed, as any other name may say the opposite.
LISTED = {
    "local_second_home": SECOND_HOME, "local_second_homes": SECOND_HOME,
    "local_holiday_let": HOLIDAY_LET, "local_holiday_lets": HOLIDAY_LET,
    "local_empty_home": VACANT, "local_empty_homes": VACANT, "local_long_term_empty": VACANT,
    "local_long_term_empty_home": VACANT, "local_long_term_empty_homes": VACANT,
    "local_vacant_home": VACANT, "local_vacant_homes": VACANT, "local_long_term_vacant": VACANT,
    "local_long_term_vacant_home": VACANT, "local_long_term_vacant_homes": VACANT,
}  # fmt: skip


def by_gazetteer(homes: ir.Table) -> ir.StringValue:
    """Whether the state of a home says so; null where it does not, or where the gazetteer knows no states."""
    nothing = ibis.null("string")
    return (homes.state == STATE_VACANT).ifelse(ibis.literal(VACANT), nothing) if "state" in homes.columns else nothing


def listed(holdings: Holdings, homes: ir.Table) -> ir.Table:
    """`homes` with `unoccupied` as the council's lists say it, which tell a second home from a vacant one."""
    lists = holdings.every("indicator", LISTED)
    if lists is None:
        return homes
    own = lists.filter((lists.level == "uprn") & lists.measure.isin(list(LISTED)) & (lists.value > 0))
    kind = ibis.cases(*((own.measure == name, ibis.literal(said)) for name, said in LISTED.items()))
    # Of two lists, the first in the order of the alphabet, so that every engine and every run says the same.
    by_home = own.mutate(kind=kind).group_by("authority", uprn="area").agg(by_list=ibis._.kind.min())
    told = execution.attach(homes, by_home.cast({"uprn": "int64"}), "uprn")
    return told.mutate(unoccupied=told.by_list.coalesce(told.unoccupied)).drop("by_list")
