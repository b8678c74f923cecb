"""What the reminders changed in groups of homes: by channel, by kind of home, by who was registered there before.

Groups are fixed before the lots are drawn, so within each the arms are alike. A group is shown only where nothing of
it would be hidden, and a division only where it leaves room in the totals that the wards tell already: each beside the
other, they give no count away that neither gives alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import pandas as pd

from campaigns.records.lookup import audience_file, find
from dashboards.published.disclosure import RULE, Disclosure
from dashboards.published.findings import NO_EFFECT, UNSEEN, Cell, Effect, Side, parts_of, publish, tally
from dashboards.published.outcomes import outcomes
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.engine import execution

WARDS_ALIKE = "all"
KINDS = {"house": "Houses", "flat": "Flats"}
OTHER_KINDS = "Other homes"
CHANNELS = {"email": "Email", "sms": "Text, no email", "letter": "Letter only"}
NO_CHANNEL = "No way to reach them"
BEFORE = {False: "Nobody registered before", True: "Somebody registered before"}
DIVISIONS = {
    "channel": "How the home can be reached",
    "kind": "Kind of home",
    "before": "Who was registered before",
}
MENU: dict[str, tuple[str, ...]] = {
    "channel": (*CHANNELS.values(), NO_CHANNEL),
    "kind": (*KINDS.values(), OTHER_KINDS),
    "before": tuple(BEFORE.values()),
}
"""The fixed groups of each division, in the order they are shown."""


@dataclass(frozen=True)
class GroupFinding:
    """A group of homes in all wards together."""

    group: str
    reminded: Side
    comparison: Side
    effect: Effect


Divided = Mapping[str, tuple[GroupFinding, ...]]
"""Division to its groups, each of them always listed, shown or not."""


def tallied(office: Office, pairs: Sequence[tuple[Snapshot, Snapshot]]) -> dict[int, pd.DataFrame]:
    """`ward, arm`, a column to a division, `homes, registered` of outcomes and the audiences they are of, by the number
    of the outcomes: counted in one pass over all of them. Exact: not to be shown as they are."""
    numbers = [(one.id or 0, audience.id or 0) for one, audience in pairs]
    with execution.connect() as backend:
        outcomes = execution.numbered(backend, office.lake, [one for one, _ in pairs])
        frozen = execution.numbered(backend, office.lake, {each.id: each for _, each in pairs}.values())
        of = ibis.memtable(dict(zip(("snapshot", "audience"), zip(*numbers, strict=True), strict=True)))
        placed = outcomes.select("snapshot", "uprn", "ward", "arm", "registered").inner_join(of, "snapshot")
        homes = placed.left_join(_divided(frozen), ["audience", "uprn"])
        by = homes.group_by("snapshot", "ward", "arm", *DIVISIONS)
        counted = by.agg(homes=ibis._.count(), registered=ibis._.registered.sum()).execute()
    return {one.id or 0: counted[counted["snapshot"] == one.id] for one, _ in pairs}


def _divided(frozen: ir.Table) -> ir.Table:
    """The group of each home in each division, as the audience was frozen: as `homes_in_groups` has them."""
    reached = (
        (frozen.email_contact.notnull(), CHANNELS["email"]),
        (frozen.sms_contact.notnull(), CHANNELS["sms"]),
        (frozen.letter.fill_null(False), CHANNELS["letter"]),
    )
    kinds = [(frozen.kind == kind, name) for kind, name in KINDS.items()]
    return frozen.select(
        "uprn", audience="snapshot", channel=ibis.cases(*reached, else_=NO_CHANNEL),
        kind=ibis.cases(*kinds, else_=OTHER_KINDS),
        before=(frozen.electors.fill_null(0) > 0).ifelse(BEFORE[True], BEFORE[False]),
    )  # fmt: skip


def cells_of(tally: pd.DataFrame, *by: str) -> list[Cell]:
    """By ward and arm, and by a division where one is given."""
    counted = tally.groupby([*by, "ward", "arm"])[["homes", "registered"]].sum().reset_index()
    columns = [counted[name].tolist() for name in ("ward", "arm", "homes", "registered", *by)]
    return [
        Cell(str(ward), str(arm), int(homes), int(registered), *map(str, group))
        for ward, arm, homes, registered, *group in zip(*columns, strict=True)
    ]


def homes_in_groups(office: Office, actor: Actor, campaign_id: int) -> pd.DataFrame:
    """`uprn, ward, arm, registered` and a column to a division, of the audience as it was frozen."""
    with office.database.session() as session:
        path = audience_file(office, session, find(session, actor.authority, campaign_id))
    columns = ["uprn", "kind", "electors", "email_contact", "sms_contact", "letter"]
    homes = outcomes(office, actor, campaign_id)[["uprn", "ward", "arm", "registered"]]
    homes = homes.merge(pd.read_parquet(path, columns=columns), on="uprn", how="left")
    homes["channel"] = _reached(homes)
    homes["kind"] = homes["kind"].map(KINDS).fillna(OTHER_KINDS)
    homes["before"] = (homes["electors"].fillna(0) > 0).map(BEFORE)
    return homes


def _reached(homes: pd.DataFrame) -> pd.Series:
    """The first of the channels by which a home could be reached when the audience was frozen."""
    named = pd.Series(NO_CHANNEL, index=homes.index, dtype=object)
    named[homes["letter"].fillna(value=False).astype(bool)] = CHANNELS["letter"]
    named[homes["sms_contact"].notna()] = CHANNELS["sms"]
    named[homes["email_contact"].notna()] = CHANNELS["email"]
    return named


def divide(
    divisions: Mapping[str, Sequence[Cell]], *, reminded: str, comparison: str, arms: Sequence[str], whole: Effect,
    rule: Disclosure = RULE,
) -> Divided:  # fmt: skip
    """Each division of the homes that the findings of the wards are of; `arms` as in `publish`, `whole` its effect."""
    room: dict[tuple[int, int], tuple[float, float]] = {}
    found = {}
    for division, cells in divisions.items():
        places = parts_of(cells, arms, rule)
        held = [cell for cell in cells if cell.ward in places]
        room = room or _totals(held, places, arms, rule)
        shown = [group for group in MENU[division] if _whole(held, group, arms, rule)]
        left = _left(held, shown, room, arms, rule)
        room = left or room
        groups = dict.fromkeys(MENU[division], (UNSEEN, UNSEEN, NO_EFFECT))
        for group in shown if left else []:
            mine = [replace(cell, ward=WARDS_ALIKE) for cell in held if cell.group == group]
            own = publish(mine, reminded=reminded, comparison=comparison, arms=arms, rule=rule)
            # Not drawn towards the other groups, which are few and unlike; clear only where the whole is.
            effect = replace(own.effect, too_early=own.effect.too_early or whole.too_early)
            groups[group] = own.reminded, own.comparison, effect
        found[division] = tuple(GroupFinding(group, *sides) for group, sides in groups.items())
    return found


def _whole(cells: Sequence[Cell], group: str, arms: Sequence[str], rule: Disclosure) -> bool:
    """Nothing of the group would be hidden: not its homes, nor those that registered, nor those that did not."""
    return all(
        homes >= rule.denominator and rule.fewest <= registered <= homes - rule.fewest
        for homes, registered in tally([cell for cell in cells if cell.group == group], arms)
    )


def _totals(
    cells: Sequence[Cell], places: Mapping[str, str], arms: Sequence[str], rule: Disclosure
) -> dict[tuple[int, int], tuple[float, float]]:
    """What the wards tell of each total, by arm and measure: the least and the most it can be."""
    wards: dict[str, list[Cell]] = {}
    for cell in cells:
        wards.setdefault(places[cell.ward], []).append(cell)
    tallies = {ward: tally(mine, arms) for ward, mine in wards.items()}
    room = {}
    for arm in range(len(arms)):
        for measure in (0, 1):
            total = rule.breakdown({ward: held[arm][measure] for ward, held in tallies.items()}).total
            room[arm, measure] = (total.least, total.most)
    return room


def _left(
    cells: Sequence[Cell], shown: Sequence[str], room: Mapping[tuple[int, int], tuple[float, float]],
    arms: Sequence[str], rule: Disclosure,
) -> dict[tuple[int, int], tuple[float, float]] | None:  # fmt: skip
    """What the totals can be once these groups are known too; None where that would be a single number.

    The groups that are not shown are the rest of the total, and they need room as well.
    """
    if len(shown) < 2:
        return None
    tallies = [tally([cell for cell in cells if cell.group == group], arms) for group in shown]
    rest = any(cell.homes for cell in cells if cell.group not in shown)
    left = {}
    for (arm, measure), (least, most) in room.items():
        counts = [rule.count(held[arm][measure]) for held in tallies]
        low, high = sum(count.least for count in counts), sum(count.most for count in counts)
        narrowed = max(least, low), most if rest else min(most, high)
        if least < most and narrowed[0] >= narrowed[1]:
            return None
        if rest and most - low < 2:
            return None
        left[arm, measure] = narrowed
    return left
