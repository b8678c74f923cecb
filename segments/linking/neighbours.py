"""The homes that a row's address may mean, found by shared words and numbers, and the one that it does mean.

`differences` tells two addresses apart; here it is asked of few pairs only, and the home is certain only where no other
of them, be it a shop or a home that is no more, is nearly as like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from engage.foundation.libraries import duckdb, pa
from segments.linking.differences import LEAD, MOST, RIVAL, Doubt, Dwelling, Known, dwelling, weigh
from segments.linking.premises import lettered, read

# What is compared one by one: in the row's own postcode, and anywhere.
POOL, ELSEWHERE = 12, 6
# In lists of properties a postcode slips oftener than a street of the same number is another's.
BESIDE_IN_LISTS = RIVAL + 1
# A misspelt word is one the gazetteer does not have; in a short one a second slip makes another word.
LONG = 7

TOKENS = """
create table spot_token as
select distinct spot, postcode, unnest(string_split(key, ' ')) as token from spot
where spot in (from unsettled) and key <> '' and spot not in (from no_home);
create table home_token as
select distinct uprn, nth, postcode, unnest(string_split(core, ' ')) as token from wording where home or live;
create table known as
select token, count(*) as homes from home_token group by token;
create table place as
select distinct unnest(string_split(part, ' ')) as token
from (select unnest(rest) as part from wording) where part <> ''
"""
SLIPS = f"""
create table slip as
with said as (select distinct token from spot_token
    where token not in (select token from known union select token from place) and length(token) > 3
        and not regexp_matches(token, '[0-9]')),
meant as (select token from known where length(token) > 2 and not regexp_matches(token, '[0-9]')
    union select token from place where length(token) > 2)
select s.token as said, t.token, damerau_levenshtein(s.token, t.token) as edits
from said s join meant t on abs(length(s.token) - length(t.token)) <= 2
where damerau_levenshtein(s.token, t.token) <= case when length(s.token) >= {LONG} then 2 else 1 end
"""
# Two words written as one are a word that the gazetteer does not have either; how it begins keeps the pairs few.
JOINED = """
create table joined as
with words as (select distinct string_split(core, ' ') as words from wording where home or live),
pairs as (select distinct words[n] as first, words[n + 1] as second
    from (select words, unnest(range(1, len(words))) as n from words)
    where not regexp_matches(words[n] || words[n + 1], '[0-9]')),
said as (select distinct token from spot_token where length(token) > 5 and not regexp_matches(token, '[0-9]')
    and token not in (select token from known union select token from place))
select token as said, first, second from said join pairs on left(token, 3) = left(first || second, 3)
where abs(length(token) - length(first) - length(second)) <= 1 and damerau_levenshtein(token, first || second) <= 1
qualify row_number() over (partition by token order by damerau_levenshtein(token, first || second), first) = 1;
insert into spot_token
select spot, postcode, unnest([first, second]) from spot_token join joined on joined.said = spot_token.token
"""
# A token weighs by how few homes have it. Elsewhere than in the row's postcode two tokens that tell must agree.
PAIRS = f"""
create table pair as
with said as (
    select spot, postcode, token from spot_token
    union select spot, postcode, slip.token from spot_token join slip on slip.said = spot_token.token
    union select spot, postcode, unnest(regexp_extract_all(token, '[0-9]+')) from spot_token
        where regexp_matches(token, '[^0-9]')),
weighed as (
    select *, ln((select count(distinct uprn) from home_token) / homes) + 0.1 as weight
    from said join known using (token)),
holding as (
    select uprn, nth, postcode, token from home_token
    union select uprn, nth, postcode, unnest(regexp_extract_all(token, '[0-9]+')) from home_token
        where regexp_matches(token, '[^0-9]')),
here as (
    select w.spot, h.uprn, h.nth, sum(weight) as weight from weighed w join holding h using (postcode, token)
    group by w.spot, h.uprn, h.nth
    qualify row_number() over (partition by w.spot order by sum(weight) desc, h.uprn) <= {POOL}),
telling as (
    select spot, token, weight, row_number() over (partition by spot order by weight desc, token) as nth from weighed),
first as (select * from telling where nth <= 5),
elsewhere as (
    select a.spot, h.uprn, h.nth, any_value(a.weight) + sum(b.weight) as weight
    from first a join holding h on h.token = a.token
    join weighed b on b.spot = a.spot and b.token <> a.token
    join holding o on o.token = b.token and o.uprn = h.uprn and o.nth = h.nth
    where a.weight > 4 group by a.spot, a.token, h.uprn, h.nth
    qualify row_number() over (partition by a.spot, a.token order by any_value(a.weight) + sum(b.weight) desc, h.uprn)
        <= {ELSEWHERE})
select spot, uprn, nth from here union select spot, uprn, nth from elsewhere
"""
# Ranked by spot, each with every wording in its pool.
COMPARED = """
select p.spot, s.key, s.postcode, p.uprn, p.nth from pair p join spot s using (spot) order by p.spot
"""
WORDINGS = """
select distinct w.uprn, w.nth, w.core, w.street, w.rest, w.postcode, w.home from wording w join pair using (uprn, nth)
"""
STREETS = """
select distinct postcode, street from wording
where street <> '' and postcode in (select postcode from spot_token) and (home or live)
"""


PARENTS = "select uprn, parent_uprn from property where parent_uprn is not null and uprn in (select uprn from pair)"


def find(con: duckdb.DuckDBPyConnection, *, of_lists: bool = False) -> None:
    """Make `plain` (spot, uprn): the unsettled spots whose home the differences leave no doubt of; `likely`
    (spot, uprn, against) of every home that was near; and `street_alone` (spot), of which nobody could tell a home."""
    con.execute("create table plain (spot bigint, uprn bigint)")
    con.execute("create table likely (spot bigint, uprn bigint, against double)")
    con.execute("create table street_alone (spot bigint)")
    for statement in (TOKENS, JOINED, SLIPS, PAIRS):
        con.execute(statement)
        if statement is TOKENS:
            _add_numbers(con)
    weighed = [each for spot in _spots(con, of_lists=of_lists) for each in spot]
    if weighed:
        found = pa.table(dict(zip(WEIGHED, zip(*weighed, strict=True), strict=True)))
        con.register("found", found)
        con.execute("insert into likely select spot, uprn, against from found")
        con.execute("insert into plain select spot, uprn from found where certain")
        con.execute("insert into street_alone select distinct spot from found where street_alone")
        con.unregister("found")
    for table in ("spot_token", "home_token", "slip", "joined", "pair"):
        con.execute(f"drop table {table}")


def _add_numbers(con: duckdb.DuckDBPyConnection) -> None:
    """The numbers of a row as they may be written: 21 for TWENTY ONE, 12A for FLAT A 12."""
    rows = con.execute("select spot, key, postcode from spot where spot in (select spot from spot_token)").fetchall()
    added = {
        (spot, postcode, each) for spot, key, postcode in rows for each in _numbers(key) if each not in key.split()
    }
    if added:
        spots, postcodes, tokens = zip(*sorted(added, key=str), strict=True)
        con.register("added", pa.table({"spot": spots, "postcode": pa.array(postcodes, pa.string()), "token": tokens}))
        con.execute("insert into spot_token from added")
        con.unregister("added")


def _numbers(key: str) -> set[str]:
    numbered = read(key).numbered
    return {*numbered, *lettered(numbered)}


WEIGHED = ("spot", "uprn", "against", "certain", "street_alone")
Weighed = list[tuple[int, int, float, bool, bool]]


def _spots(con: duckdb.DuckDBPyConnection, *, of_lists: bool) -> Iterator[Weighed]:
    wordings: dict[tuple[int, int], Dwelling] = {}
    homes: set[int] = set()
    for uprn, nth, core, street, rest, postcode, home in con.execute(WORDINGS).fetchall():
        wordings[uprn, nth] = dwelling(core, street or "", " ".join(rest).split(), postcode)
        homes.update([uprn] if home else [])
    known = replace(_known(con), of_lists=of_lists)
    parents = dict(con.execute(PARENTS).fetchall()) if of_lists else {}
    for spot, pairs in groupby(con.execute(COMPARED).fetchall(), key=itemgetter(0)):
        doubts: dict[int, Doubt] = {}
        for _, key, postcode, uprn, nth in pairs:
            doubt = weigh(key, postcode, wordings[uprn, nth], known)
            doubts[uprn] = min(doubt, doubts.get(uprn, doubt))
        yield ranked(spot, doubts, homes, parents, BESIDE_IN_LISTS if of_lists else RIVAL)


def _known(con: duckdb.DuckDBPyConnection) -> Known:
    slips: dict[str, dict[str, int]] = {}
    for said, token, edits in con.execute("select said, token, edits from slip").fetchall():
        slips.setdefault(said, {})[token] = edits
    places = frozenset(token for (token,) in con.execute("select token from place").fetchall())
    joined = {said: pair for said, *pair in con.execute("select said, first, second from joined").fetchall()}
    lying = con.execute(STREETS).fetchall()
    streets = frozenset((postcode, read(street).words) for postcode, street in lying)
    return Known(places, slips, {said: tuple(pair) for said, pair in joined.items()}, streets)


def ranked(spot: int, doubts: dict[int, Doubt], homes: set[int], parents: dict[int, int], beside: float) -> Weighed:
    """Every home near the spot, of which the first is certain where little speaks against it alone. The building that
    it is a part of is no other home."""
    best = min(doubts, key=lambda uprn: (doubts[uprn].against, uprn))
    doubt, here = doubts[best].against, doubts[best].here
    behind = [
        min(other.rival, beside) if other.told and not here else other.rival
        for uprn, other in doubts.items() if uprn not in {best, parents.get(best)}
    ]  # fmt: skip
    lead = min(behind, default=doubt + LEAD) - doubt
    certain = best in homes and doubt <= MOST and lead >= LEAD
    return [
        (spot, uprn, each.against, certain and uprn == best, each.street_alone)
        for uprn, each in doubts.items() if uprn in homes
    ]  # fmt: skip
