"""Which home an address is: the exact ones by comparison, what is left by `uk_address_matcher` (Ministry of Justice).

The matcher sees each distinct address once, and only the homes near it, so a borough takes seconds and a city fits.
"""

from __future__ import annotations

import logging

from engage.foundation.libraries import duckdb

# The matcher's weights are bits of evidence; this much and a lead let a UPRN stand (segments/linking/electors.py).
LEAST_WEIGHT = 10.0
# Homes with less than this are not worth showing to anybody.
WORTH_ASKING = 0.0
SHOWN = 12
IMPROVED = 5  # of them the matcher looks at twice
# What the differences say is shown before what the matcher does: as bits, less two for each point against.
BEST, FAR, FARTHEST, LAST = 60.0, 15.0, 25.0, -1
# A word that more homes than this share tells nothing of where one lies: ROAD, COTTAGE.
COMMON = 0.005

# Exact within the postcode first; without one, or one postcode beside it, only what is unique in the whole gazetteer.
EXACT = """
create table hit as
select s.spot, f.uprn, f.home, f.live, true as here
from spot s join form f on f.form = s.key and f.postcode = s.postcode;
insert into hit
select s.spot, f.uprn, f.home, f.live, false from spot s join form f on f.form = s.key
where s.key like '% % %' and s.spot not in (select spot from hit)
    and (s.postcode is null or f.postcode is null or left(s.postcode, -2) = left(f.postcode, -2));
create table exact as
select spot, any_value(uprn) filter (home) as uprn from hit group by spot
having count(distinct uprn) filter (home) = 1 and (bool_or(here) or count(distinct uprn) filter (live) = 1);
-- Beside the home's postcode, on a street that runs through the row's: the number may be wrong as well as the postcode.
delete from exact where spot in (
    select h.spot from hit h join spot s using (spot) join wording w on w.uprn = h.uprn
    join wording o on o.postcode = s.postcode and o.street = w.street
    where h.home and not h.here and w.street <> '' and (o.home or o.live));
-- Beside the home's postcode, while that number is another home's in the row's: the street may be wrong as well.
delete from exact where spot in (
    select h.spot from hit h join spot s using (spot) join wording o on o.postcode = s.postcode
    where h.home and not h.here and (o.home or o.live) and identity(o.core) = identity(s.key)
        and (len(identity(s.key)) > 0 or opening(o.core) = opening(s.key)));
"""
# Of the gazetteer alone.
NAMESAKES = """
-- Rose Cottage without its number is written like a Rose Cottage that has none; Flat 3 of number 60 without both like
-- number 3. In the row's own postcode, or without one, nobody can tell which is meant: it is asked.
create table namesake as
with short as (
    select uprn, postcode, regexp_extract(core, '^([A-Z ]*[A-Z]) [0-9][0-9A-Z_]* (.+)$', ['name', 'street']) as part,
        true as named from wording where home and not starts_with(core, 'FLAT ')
    union all
    select uprn, postcode, regexp_extract(core, '^FLAT ([0-9A-Z]+) [0-9][0-9A-Z_]* (.+)$', ['name', 'street']), false
        from wording where home)
select w.uprn, w.core, s.postcode, s.named, s.uprn as other from short s join wording w
    on w.core = s.part.name || ' ' || s.part.street and w.uprn <> s.uprn and w.home
where s.part.name <> '';
"""
CONFUSED = """
create table confused as
select x.spot, n.other from exact x join spot s using (spot) join namesake n using (uprn)
where x.uprn is not null and starts_with(s.key, n.core) and (s.postcode is null or s.postcode = n.postcode)
    and (n.named or s.spot not in (select spot from hit where here));
delete from exact where spot in (select spot from confused);
-- The address of a whole building, a shop or a home that is no more: never a home's, however near one is.
create table no_home as select spot from hit group by spot having not bool_or(home);
"""

# The matcher is asked of what is written like no home, nor like a building with homes in it. It is offered the homes
# near such a spot: of its postcode, or of its number and either the beginning of its street or an uncommon word.
WANTED = """
create table wanted as
select s.*, array_to_string(identity(key), ' ') as numbers, left(squeezed(key), 7) as beginning
from spot s where spot in (from unsettled) and spot not in (select spot from plain) and key <> '' and spot not in (
    select spot from hit h left join property p on p.parent_uprn = h.uprn and p.home where h.home or p.home)
"""
NEAR = """
create table offered as
select w.*, array_to_string(identity(core), ' ') as numbers, left(squeezed(core), 7) as beginning
from wording w where home or live and not exists (
    select 1 from wording h where h.home and h.core = w.core and h.postcode is not distinct from w.postcode);
create table word as
select uprn, numbers, unnest(list_distinct(string_split(core, ' '))) as word from offered;
create table near as
with telling as (
    select word from word where length(word) > 2 group by word
    having count(*) <= greatest(20, {common} * (select count(*) from offered)))
select uprn from offered where postcode in (select postcode from wanted)
union select o.uprn from offered o join wanted w using (numbers, beginning)
union select o.uprn from word o join (
    select numbers, unnest(string_split(key, ' ')) as word from wanted) w using (numbers, word)
where word in (select word from telling)
"""


def exactly(con: duckdb.DuckDBPyConnection) -> None:
    """Make `exact` (spot, uprn), `hit` of all that is written alike, and `no_home` of spots that are no home's."""
    for statement in (EXACT, NAMESAKES, CONFUSED):
        con.execute(statement)


def nearly(con: duckdb.DuckDBPyConnection) -> None:
    """Make `match` (spot, uprn, weight, lead, place) of the spots in `unsettled` that nothing is written like, best
    first; `lead` is null where nothing else came near."""
    con.execute("create table match (spot bigint, uprn bigint, weight double, lead double, place bigint)")
    con.execute(WANTED)
    if not con.execute("select 1 from wanted limit 1").fetchone():
        return
    con.execute(NEAR.format(common=COMMON))
    if con.execute("select 1 from near limit 1").fetchone():
        _run_matcher(con)
    for table in ("word", "near", "offered"):
        con.execute(f"drop table {table}")


def _run_matcher(con: duckdb.DuckDBPyConnection) -> None:
    # Its import takes most of a second, which a register that is all exact need not wait for.
    from uk_address_matcher import AddressMatcher, SplinkStage  # noqa: PLC0415  # see above

    for name in ("uk_address_matcher", "splink"):
        logging.getLogger(name).setLevel(logging.ERROR)
    stage = SplinkStage(improve_top_n_matches=IMPROVED)
    # A letter with a circumflex is another letter to the matcher (findings/address-matcher-circumflex.sh).
    matcher = AddressMatcher(
        canonical_addresses=con.sql(
            "select uprn as unique_id, strip_accents(address) as address_concat, postcode from offered "
            "where uprn in (from near)"
        ),
        addresses_to_match=con.sql(
            "select spot as unique_id, strip_accents(address) as address_concat, coalesce(postcode, '') as postcode "
            "from wanted"
        ),
        con=con,
        stages=[stage],
        cleaning_num_chunks=1,
        show_progress="off",
    )
    with matcher.match():
        con.execute(
            "insert into match select unique_id_r, unique_id_l, match_weight, distinguishability, candidate_rank "
            f"from {stage.best_matches_table} where unique_id_l is not null"
        )


# Homes worth showing: the one chosen before, those written exactly alike, those of a building and those with evidence,
# last the one that the UPRN names though nothing else speaks for it.
CANDIDATES = f"""
create table candidate as
with found as (
    select spot, uprn, 4 as rank, 0.0 as weight from answered where uprn is not null
    union all select spot, uprn, 3, 0.0 from hit where home
    union all select h.spot, p.uprn, 2, 0.0 from hit h join property p on p.parent_uprn = h.uprn
        where h.spot in (from no_home)
    union all select spot, other, 3, 0.0 from confused
    union all select spot, uprn, 2, weight from match where weight >= {WORTH_ASKING}
    union all select spot, uprn, case when against <= {FAR} then 2 else {LAST} end, {BEST} - 2 * against from likely
        where against <= {FARTHEST}
    union all select spot, claimed, 1, 0.0 from claim where ruling = 'open')
select f.spot, f.uprn, max(rank) as rank, max(weight) as weight from found f join property p using (uprn)
where p.home and f.spot in (from unsettled) group by f.spot, f.uprn
qualify row_number() over (partition by f.spot order by max(rank) desc, max(weight) desc, f.uprn) <= {SHOWN}
"""
# What is asked shows besides, as far as there is room, the homes of its postcode, of the best one's street, of its
# number on a street that begins alike and of its house name that have most of its words: a wrong digit or a lost flat
# makes it another home's number, or nobody's. Its own postcode, and its number or name, tell more than a word. None of
# them is a reason to ask.
OWN, ALIKE = 4, 3
BEGINS = 7  # letters and numbers: the end of a short street's name is misspelt, and so is the postcode
FILLED = f"""
insert into candidate
with best as (
    select c.spot, w.street, w.rest from candidate c join wording w using (uprn) where w.nth = 0
    qualify row_number() over (partition by c.spot order by c.rank desc, c.weight desc, c.uprn) = 1),
waiting as (
    select s.* from asked join spot s using (spot) where spot not in (
        select spot from candidate where rank = 3 group by spot having count(*) > 1)),
beside as (
    select a.spot, w.uprn, w.nth from waiting a join wording w on w.postcode = a.postcode where w.home
    union select spot, w.uprn, w.nth from best join wording w on w.street = best.street and w.rest = best.rest
        where w.home and best.street <> '' and spot in (select spot from waiting)
    union select a.spot, w.uprn, w.nth from waiting a join wording w
        on identity(w.core) = identity(a.key) and left(squeezed(w.core), {BEGINS}) = left(squeezed(a.key), {BEGINS})
        where w.home and len(identity(a.key)) > 0
    union select a.spot, w.uprn, w.nth from waiting a join wording w on opening(w.core) = opening(a.key)
        where w.home and len(identity(a.key)) = 0
    union select spot, uprn, w.nth from candidate c join wording w using (uprn)
        where c.rank = {LAST} and spot in (select spot from waiting)),
alike as (
    select b.spot, b.uprn, max(len(list_intersect(string_split(s.key, ' '), list_concat(string_split(w.core, ' '),
            string_split(array_to_string(w.rest, ' '), ' '))))) as words,
        min(levenshtein(s.postcode, w.postcode)) as moved, min(apart(s.key, w.core)) as edits,
        bool_or(opening(w.core) = opening(s.key)
            or len(identity(s.key)) > 0 and identity(w.core) = identity(s.key)) as told
    from beside b join spot s using (spot) join wording w using (uprn, nth)
    anti join candidate c on c.spot = b.spot and c.uprn = b.uprn and c.rank > {LAST} group by b.spot, b.uprn),
placed as (
    select *, words + case when moved = 0 then {OWN} else 0 end + case when told then {ALIKE} else 0 end as near,
        row_number() over (partition by spot order by near desc, moved, edits, uprn) as place from alike),
shown as (select spot, count(*) filter (rank > {LAST}) as homes from candidate group by spot)
select spot, uprn, 0, -place from placed join shown using (spot) where place <= {SHOWN} - homes;
delete from candidate where rank = {LAST} and spot in (select spot from candidate where rank = 0)
"""
