"""What can be wrong with a gazetteer, as a table: a new check is one new entry.

Each `found` is a query of `uprn, record, expected` over the tables of segments/gazetteer/health.py: `property` (the
whole gazetteer), `home` (its homes), `claim` (the UPRNs on the register), `place` (the geography), `survey` (OS Open
UPRN), `ward` (`code`, `name`), `stray` (points in another ward, segments/areas/ward_points.py). None of them knows
which addresses are protected, so nothing here can tell.
"""

from dataclasses import dataclass

from segments.areas.ward_points import TOLERANCE
from segments.sources.gazetteer import HOMES

APART = 50  # metres between two sources' points of one property that are worth a look

WORDS = """
create macro status_said(n) as concat('logical status ', n, ' (', map {
    1: 'approved', 3: 'alternative', 5: 'candidate', 6: 'provisional', 7: 'rejected', 8: 'historic', 9: 'rejected'
    }[n], ')');
create macro state_said(n) as concat('state ', n, ' (', map {
    1: 'under construction', 2: 'in use', 3: 'vacant', 4: 'no longer existing', 6: 'planning permission granted'
    }[n], ')');
create macro point_said(e, n) as round(e)::bigint || ', ' || round(n)::bigint;
create macro apart(e1, n1, e2, n2) as sqrt((e1 - e2) ** 2 + (n1 - n2) ** 2);
"""
SAID = (
    "concat_ws(', ', 'class ' || p.class, status_said(p.logical_status), state_said(p.state), "
    "case when p.ended then 'ended' end)"
)
# The gazetteer's snapshot has no day of ending; what is approved and in use as a home and yet none has been ended.
ENDED = f"coalesce(not residential and {HOMES} and logical_status = 1 and coalesce(state, 2) in (2, 3), false)"
GONE = "coalesce(p.logical_status = 8 or p.state = 4 or p.ended, false)"


@dataclass(frozen=True)
class Issue:
    """One check. `of` is the table its share is taken of; `needs` are the kinds that must be imported for it."""

    key: str
    title: str
    advice: str
    found: str
    of: str = "home"
    needs: tuple[str, ...] = ()


ISSUES = (
    Issue(
        "register_unknown", "Register UPRNs the gazetteer does not know",
        "Find out which property is meant. Correct the UPRN in the electoral management system, or add the property.",
        "select c.uprn, 'on the register, not in the gazetteer' as record, 'a property of the gazetteer' as expected "
        "from claim c anti join property p using (uprn)",
        of="claim", needs=("register",),
    ),
    Issue(
        "register_historic", "Register UPRNs of properties that are gone",
        "Give the entries the UPRN of the property that replaced it, or review whether anybody still lives there.",
        f"select c.uprn, {SAID} as record, "
        "'a current property' || coalesce(', such as its successor ' || p.successor, '') as expected "
        f"from claim c join property p using (uprn) where {GONE}",
        of="claim", needs=("register",),
    ),
    Issue(
        "register_no_home", "Register UPRNs of something other than a current home",
        "Electors stand at a parent building, a shop or a home not yet approved. Give them the UPRN of the flat or "
        "house they live in, or correct the class or status.",
        f"select c.uprn, {SAID} as record, 'a home (class RD, RH, RI or X), approved and in use' as expected "
        f"from claim c join property p using (uprn) where not p.residential and not {GONE}",
        of="claim", needs=("register",),
    ),
    Issue(
        "duplicate", "Homes with the same address and postcode as another",
        "Decide which UPRN stays. Give the other a part of its address that tells it apart, or make it historic.",
        "select uprn, 'the address of ' || (n - 1) || case n when 2 then ' other home' else ' other homes' end || "
        "' too, the first is UPRN ' || case uprn when first then second else first end as record, "
        "'an address of its own' as expected from ("
        "select uprn, count(*) over w as n, min(uprn) over w as first, "
        "max(uprn) filter (place = 2) over w as second from ("
        "select uprn, key, row_number() over (partition by key order by uprn) as place from home where key <> '') "
        "window w as (partition by key)) where n > 1",
    ),
    Issue(
        "no_address", "Homes without an address",
        "Add a land and property identifier (record 24) for each: nobody can be written to there.",
        "select uprn, 'no address' as record, 'an approved address' as expected from home where address is null",
    ),
    Issue(
        "no_postcode", "Homes without a postcode",
        "Add the postcode: letters need it, and addresses are matched by it.",
        "select uprn, 'no postcode' as record, 'a postcode such as DE14 1AA' as expected "
        "from home where postcode is null",
    ),
    Issue(
        "no_coordinates", "Homes without coordinates",
        "Plot the property. Where OS Open UPRN has been imported, its point is given in the file.",
        "select h.uprn, 'no coordinates, or 0, 0' as record, "
        "coalesce(point_said(s.easting, s.northing) || ' (OS Open UPRN)', 'an easting and a northing') as expected "
        "from home h left join survey s using (uprn) where not h.plotted",
    ),
    Issue(
        "other_ward", "Points that lie in another ward than their code says",
        f"Move the point, or correct the ward code. Points within {TOLERANCE} metres of the right ward are not listed: "
        "published boundaries are generalised, and points from before the positional accuracy programme are shifted.",
        "select s.uprn, concat(point_said(s.easting, s.northing), ', in ', coalesce(l.name || ' (' || s.lies_in "
        "|| ')', 'none of the wards'), ', ', round(s.metres)::int, ' m from its own') as record, "
        "concat('a point in ', w.name, ' (', s.code, ')') as expected "
        "from stray s join ward w on w.code = s.code left join ward l on l.code = s.lies_in",
        needs=("boundaries",),
    ),
    Issue(
        "far_point", f"Points more than {APART} metres from those of OS Open UPRN",
        "Look at both points on a map and correct the one that is wrong.",
        "select h.uprn, point_said(h.easting, h.northing) as record, "
        "concat(point_said(s.easting, s.northing), ' (OS Open UPRN), ', "
        "round(apart(h.easting, h.northing, s.easting, s.northing))::bigint, ' m away') as expected "
        "from home h join survey s using (uprn) "
        f"where h.plotted and apart(h.easting, h.northing, s.easting, s.northing) > {APART}",
        needs=("coordinates",),
    ),
    Issue(
        "ward_differs", "Homes whose ward code is not that of the ONS directory",
        "Bring the ward codes up to date. Engage counts by the directory's wards.",
        "select h.uprn, concat('ward ', h.ward) as record, concat_ws(' ', 'ward', p.ward, '(' || w.name || ')') as "
        "expected from home h join place p using (uprn) left join ward w on w.code = p.ward where h.ward <> p.ward",
        needs=("geography",),
    ),
    Issue(
        "not_in_geography", "Homes the ONS directory does not know",
        "Nothing is wrong with these: they are often new. Engage places them by their postcode until the next "
        "directory is imported.",
        "select h.uprn, 'not in the ONS directory' as record, 'an output area and a ward' as expected "
        "from home h anti join place p using (uprn)",
        needs=("geography",),
    ),
    Issue(
        "parent_gone", "Homes whose parent property is unknown or gone",
        "Point them to the building they are part of now.",
        "select h.uprn, concat('parent UPRN ', h.parent_uprn, case when p.uprn is null then ', not in the gazetteer' "
        f"else ', ' || {SAID} end) as record, 'a current parent' as expected "
        f"from home h left join property p on p.uprn = h.parent_uprn "
        f"where h.parent_uprn is not null and (p.uprn is null or {GONE})",
    ),
    Issue(
        "no_ward", "Homes without a usable ward code",
        "Fill the ward code with the nine-character code of the ONS, such as E05014473. Until then Engage takes the "
        "ward from the ONS directory.",
        "select h.uprn, 'no ward code like E05000001' as record, concat_ws(' ', 'ward', p.ward, '(' || w.name || ')') "
        "as expected from home h left join place p using (uprn) left join ward w on w.code = p.ward "
        "where h.ward is null and exists (from home where ward is not null)",
    ),
)  # fmt: skip
BY_KEY = {issue.key: issue for issue in ISSUES}
