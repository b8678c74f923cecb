"""Which property each row of a list means: by the UPRN it carries, by the gazetteer's cross references, or by its
address.

Every property that is there may be meant, not homes alone; a building that holds homes never is. A wrong property is
worse than none: what is not sure goes to a person. Any number of lists are matched in one run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from segments.linking import addresses, electors, matching, neighbours
from segments.linking.differences import DISTANT, MOST, NEVER, RIVAL, Known, dwelling, weigh

# Letters that may be wrong in an address whose numbers and postcode are a property's, while every other property there
# is at least CLEAR letters further off. Without a postcode fewer letters, of every property that has those numbers.
LETTERS, WITHOUT_POSTCODE, CLEAR = 3, 1, 3
AHEAD_BY = 3
# The first of a run's answers by which it is tied; what no rule ties is asked where something is near, else not found.
BY_UPRN, BY_REFERENCE, SURE, TO_REVIEW, NOT_FOUND = "by UPRN", "by cross reference", "sure", "to review", "not found"
CHOSEN, NONE_OF_THEM = "an officer chose it", "an officer found none that it is"
STATES = (BY_UPRN, BY_REFERENCE, SURE, TO_REVIEW, NOT_FOUND)


@dataclass(frozen=True)
class Decision:
    """What a person said of the address with this keyed hash: the property, or None for none of those shown."""

    key: str
    uprn: int | None


# A letter by itself after the last comma is what is left of a postcode. `spot` is one distinct address.
ITEMS = """
create table item as
select row_number() over () as n, *, coalesce(said(regexp_replace(address, ',\\s*[A-Za-z]$', '')), '') as key
from listed;
create table spot as
select row_number() over (order by key, postcode) as spot, key, postcode, min(address) as address, count(*) as electors
from item group by key, postcode;
create table placed as
select i.*, s.spot from item i join spot s on s.key = i.key and s.postcode is not distinct from i.postcode;
"""
# Each property that a row is said to be, by its UPRN or by the reference that the gazetteer knows it by. One that has
# ended counts where no other property has the reference.
CLAIMS = """
create table vouched as
select p.n, p.spot, any_value(c.uprn) as claimed from placed p join cross_reference c
on c.source = p.reference_source and c.reference = p.cross_reference
group by p.n, p.spot having count(distinct c.uprn) = 1;
create table row_of as
select n, spot, uprn as claimed, 'uprn' as how from placed where uprn is not null
union all select n, spot, claimed, 'reference' from vouched;
"""
CURRENT_REFERENCES = """
create table cross_reference as
select uprn, reference, source from read_parquet(?)
qualify ended is null or bool_and(ended is not null) over (partition by source, reference)
"""
# Written as a property is but for a letter or two, all numbers and the postcode the same. Without a number a name alone
# tells, in which nothing may differ. `2 FLAT 4` is not read: it may be flat 4 of number 2 or flat 2 of number 4.
NEARLY = f"""
create table said_here as
select spot, postcode, squeezed(key) as letters, identity(key) as numbers, opening(key) as name from spot
where spot in (from unsettled) and spot not in (from no_home)
    and not regexp_matches(key, '. FLAT ');
create table written_here as
select distinct uprn, home, postcode, squeezed(form) as letters, identity(form) as numbers, opening(form) as name
from form where home or live;
create table lettered as
with near as (
    select s.spot, w.uprn, w.home, min(damerau_levenshtein(s.letters, w.letters)) as letters
    from said_here s join written_here w on w.postcode = s.postcode and w.numbers = s.numbers
    where len(s.numbers) > 0 or s.name = w.name group by s.spot, w.uprn, w.home
    union all
    select s.spot, w.uprn, w.home, min(damerau_levenshtein(s.letters, w.letters))
    from said_here s join written_here w on w.numbers = s.numbers
    where s.postcode is null and len(s.numbers) > 0
        and abs(length(s.letters) - length(w.letters)) < {WITHOUT_POSTCODE + CLEAR} group by s.spot, w.uprn, w.home),
least as (select spot, min(letters) as letters from near group by spot)
select n.spot, any_value(n.uprn) as uprn from near n join least l using (spot)
where n.letters < l.letters + {CLEAR} group by n.spot
having count(*) = 1 and bool_and(n.home) and min(n.letters) <= case
    when n.spot in (select spot from said_here where postcode is null) then {WITHOUT_POSTCODE} else {LETTERS} end
"""
# By the address alone; `calm` are those that nothing speaks against.
TOLD = """
create table told as
select spot, uprn, 'address' as why from exact where uprn is not null
union all select spot, uprn, 'letters' from lettered
union all select spot, uprn, 'differences' from plain where spot not in (select spot from lettered)
"""


def match(
    con: duckdb.DuckDBPyConnection, listed: pa.Table, gazetteer: Path, references: Path | None,
    decisions: Mapping[str, Sequence[Decision]] | None = None,
) -> None:  # fmt: skip
    """Make `answer` (n, list, line, reference, address, postcode, key, uprn, state, why) of all rows, and `offered`
    (spot, uprn, place) of those that a person may be asked. `decisions` are by list.

    `listed` has `list, line, reference, address, postcode, uprn, reference_source, cross_reference`, and `key_of` is
    the keyed hash of an address as a function of `con`.
    """
    addresses.read_gazetteer(con, gazetteer, addresses.LIVE)
    _read_references(con, references)
    con.register("listed", listed)
    con.execute(ITEMS)
    con.execute(CLAIMS)
    addresses.place(con, gazetteer, None)
    matching.exactly(con)
    con.execute(electors.RULINGS)
    _recall(con, decisions or {})
    con.execute(NEARLY)
    neighbours.find(con, of_lists=True)
    con.execute(TOLD)
    _judge_claims(con)
    _offer(con)
    con.execute(ANSWERS)


def _read_references(con: duckdb.DuckDBPyConnection, references: Path | None) -> None:
    if references:
        con.execute(CURRENT_REFERENCES, [str(references)])
    else:
        con.execute("create table cross_reference (uprn bigint, reference varchar, source varchar)")


def _recall(con: duckdb.DuckDBPyConnection, decisions: Mapping[str, Sequence[Decision]]) -> None:
    """What was decided stands while the property is there; else the address waits again."""
    con.execute("create table decided (list varchar, key varchar, uprn bigint)")
    con.execute("create table answered (spot bigint, uprn bigint)")
    flat = [(name, each.key, each.uprn) for name, made in decisions.items() for each in made]
    if flat:
        names, keys, uprns = zip(*flat, strict=True)
        con.register("kept", pa.table({"list": names, "key": keys, "uprn": pa.array(uprns, pa.int64())}))
        con.execute(
            "insert into decided from kept where uprn is null or uprn in (select uprn from property where home)"
        )
    con.execute("""
        create table spot_key as select spot, key_of(key, coalesce(postcode, '')) as key from spot;
        insert into answered select k.spot, d.uprn from spot_key k join decided d using (key);
        create table unsettled as select spot from spot where spot not in (select spot from exact);
        create table match (spot bigint, uprn bigint, weight double, lead double, place bigint);
    """)


OPEN = """
select distinct c.spot, c.claimed, s.key, s.postcode, w.core, w.street, w.rest, w.postcode as its_postcode
from claim c join spot s using (spot) join wording w on w.uprn = c.claimed
where c.ruling = 'open' and s.key <> '' and c.spot not in (select spot from told)
"""


def _judge_claims(con: duckdb.DuckDBPyConnection) -> None:
    """A claim stands where the address leaves something off, and fails where it is another property's."""
    con.execute("update claim set ruling = 'stands' from told t where ruling = 'open' and t.spot = claim.spot "
                "and t.uprn = claim.claimed")  # fmt: skip
    known = Known(of_lists=True)
    vague = {
        (spot, uprn)
        for spot, uprn, key, postcode, core, street, rest, its in con.execute(OPEN).fetchall()
        if weigh(key, postcode, dwelling(core, street or "", " ".join(rest).split(), its), known).against <= DISTANT
    }
    if vague:
        spots, uprns = zip(*sorted(vague), strict=True)
        con.register("vague", pa.table({"spot": spots, "uprn": uprns}))
        con.execute("update claim set ruling = 'stands' from vague v where v.spot = claim.spot "
                    "and v.uprn = claim.claimed")  # fmt: skip
        con.unregister("vague")
    # What carries no address is as good as its UPRN.
    con.execute("update claim set ruling = 'stands' where ruling = 'open' and spot in "
                "(select spot from spot where key = '')")  # fmt: skip


def _offer(con: duckdb.DuckDBPyConnection) -> None:
    """What a person is shown: of every address that no exact wording tells, and of those whose claims disagree."""
    con.execute(matching.CANDIDATES)
    con.execute("""
        create table asked as
        select spot from spot where spot in (from unsettled) and spot in (select spot from candidate)
            and spot not in (select spot from elsewhere where far) and spot not in (from street_alone)
    """)
    con.execute(matching.FILLED)
    con.execute("""
        create table offered as
        with found as (
            select spot, uprn, 9 as rank, 0.0 as weight from told
            union all select spot, claimed, 8, 0.0 from claim c join property p on p.uprn = c.claimed where p.home
            union all select h.spot, p.uprn, 1, 0.0 from hit h join property p on p.parent_uprn = h.uprn
                where p.home and h.spot in (from no_home)
            union all select spot, uprn, rank, weight from candidate where spot in (from asked)),
        best as (select spot, uprn, max(rank) as rank, max(weight) as weight from found group by spot, uprn)
        select spot, uprn, row_number() over (partition by spot order by rank desc, weight desc, uprn) as place
        from best
    """)
    con.execute(AHEAD)


# Asked, though one property is well ahead of all others and only the postcode is another or missing: a person says
# that one, as far as was measured.
AHEAD = f"""
create table ahead as
with ranked as (
    select spot, uprn, against, row_number() over (partition by spot order by against, uprn) as place from likely
    where spot in (from asked) and spot not in (select spot from told))
select a.spot, a.uprn from ranked a join spot s on s.spot = a.spot
join wording w on w.uprn = a.uprn and w.nth = 0
left join ranked b on b.spot = a.spot and b.place = 2
where a.place = 1 and s.postcode is distinct from w.postcode
    and a.against <= case when s.postcode is null then {MOST} else {RIVAL} end
    and coalesce(b.against, {NEVER}) >= a.against + {AHEAD_BY}
"""


# A person's word first. Then the UPRN, the cross reference and the address: the two that carry a claim need an address
# that does not speak against it, and where they contradict each other the address decides.
ANSWERS = f"""
create table answer as
with standing as (
    select r.n, r.how, r.claimed from row_of r join claim c on c.spot = r.spot and c.claimed = r.claimed
    where c.ruling = 'stands'),
by_uprn as (select n, claimed from standing where how = 'uprn'),
by_reference as (select n, claimed from standing where how = 'reference'),
failed as (
    select r.n, any_value(c.ruling) filter (r.how = 'uprn') as ruling, bool_or(c.ruling = 'open') as doubted
    from row_of r join claim c on c.spot = r.spot and c.claimed = r.claimed where c.ruling <> 'stands' group by r.n),
known as (
    select p.n, p.list, p.line, p.reference, p.address, p.postcode, p.spot, k.key, d.key is not null as decided,
        d.uprn as chosen, u.claimed as u, v.claimed as v, t.uprn as t, t.why as told, f.ruling, f.doubted,
        p.spot in (from asked) as asked, g.uprn is not null as ahead, p.spot in (from no_home) as building,
        p.spot in (select spot from elsewhere where far) as far
    from placed p join spot_key k on k.spot = p.spot left join decided d on d.key = k.key and d.list = p.list
    left join by_uprn u using (n)
    left join by_reference v using (n) left join told t on t.spot = p.spot left join failed f using (n)
    left join ahead g on g.spot = p.spot),
judged as (
    select *, u is not null and v is not null and u <> v and coalesce(t not in (u, v), true) as torn from known)
select n, list, line, reference, address, postcode, spot, key,
    case when decided then chosen when torn then null else coalesce(
        case when t is not null and t = v then v end, u, v, t) end as uprn,
    case when decided then case when chosen is null then '{NOT_FOUND}' else '{SURE}' end
        when torn then '{TO_REVIEW}'
        when u is not null and (v is null or u = v or t = u) then '{BY_UPRN}'
        when v is not null then '{BY_REFERENCE}' when u is not null then '{BY_UPRN}' when t is not null then '{SURE}'
        when asked then '{TO_REVIEW}' else '{NOT_FOUND}' end as state,
    case when decided and chosen is null then '{NONE_OF_THEM}'
        when decided then '{CHOSEN}'
        when torn then 'its UPRN and its cross reference are of different properties'
        when u is not null and u = v then 'its UPRN and its cross reference'
        when u is not null and (v is null or t = u) then 'its UPRN, which its address does not speak against'
        when v is not null then 'the gazetteer knows its reference' when u is not null then 'its UPRN'
        when t is not null and ruling in ('elsewhere', 'open') then 'its address, which its UPRN is not of'
        when t is not null and ruling = 'unknown' then 'its address; its UPRN is not in the gazetteer'
        when t is not null and ruling is not null then 'its address; its UPRN is of a building or of what is no more'
        when told = 'letters' then 'its address but for a letter or two'
        when told = 'differences' then 'its address, and no other is near'
        when told is not null then 'its address, word for word'
        when asked and building then 'it is the address of a building: which part is not said'
        when asked and doubted then 'its UPRN or reference is of a property that its address speaks against'
        when asked then 'more than one property may be meant'
        when far then 'its postcode lies in another area'
        when address is null then 'it has no address'
        else 'no property here is near it' end as why,
    case when decided then 'decided' when torn then 'several' when u is not null or v is not null then 'claim'
        when told is not null then told when ahead then 'ahead' when asked then 'several' else 'none' end as evidence
from judged
"""
# `settling` (list, evidence) says what counts without a person.
SETTLED = f"""
create table settled as
select a.* exclude (uprn, state, why), case when a.evidence = 'ahead' and s.evidence is not null
        then 'its address, though its postcode is another or missing' else a.why end as why,
    case when a.evidence = 'ahead' and s.evidence is not null then g.uprn else a.uprn end as uprn,
    case when a.evidence not in ('address', 'letters', 'differences', 'ahead') then a.state
        when s.evidence is not null then '{SURE}' else '{TO_REVIEW}' end as state
from answer a left join settling s on s.list = a.list and s.evidence = a.evidence left join ahead g on g.spot = a.spot
"""


def settle(con: duckdb.DuckDBPyConnection, sure: Mapping[str, Sequence[str]]) -> None:
    """Make `settled`, as `answer` is, in which only these kinds of evidence count without a person, by list."""
    con.execute("create table settling (list varchar, evidence varchar)")
    pairs = [[name, kind] for name, kinds in sure.items() for kind in kinds]
    if pairs:
        con.executemany("insert into settling values (?, ?)", pairs)
    con.execute(SETTLED)
