"""Ties every elector to a home: by UPRN where the address fits it, else by the address, else by what an officer says.

Nothing here sees a name. A wrong home is worse than none: what is not certain is asked (segments/linking/review.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engage.foundation.libraries import duckdb
from engage.foundation.privacy import Keys
from segments.linking import addresses, matching, neighbours

# A UPRN and an address say the same home up to this many slips of the hand.
SLIPS_WITH_UPRN = 2
# Where the UPRN names the best match too, the two vouch for each other and the lead over the next home may be small.
LEAD_WITH_UPRN = 1.0
COUNTED = ("unknown", "historic", "not_a_home")


@dataclass(frozen=True)
class Linked:
    """How many electors were tied to a home, and by what. `by_address` counts those that an officer's answer tied too.

    `unknown`, `historic` and `not_a_home` carry a UPRN that is not in the gazetteer, of a property that is no more, or
    of a building or shop: they were linked by address where that told. `contradicted` carry the UPRN of a home that
    their address speaks against; `postcode_differs` another postcode than their UPRN's home has. `strangers` are tied
    to no home and have a postcode that lies in another area: no ward of this one has them.
    """

    electors: int = 0
    by_uprn: int = 0
    by_address: int = 0
    contradicted: int = 0
    unknown: int = 0
    historic: int = 0
    not_a_home: int = 0
    postcode_differs: int = 0
    answered: int = 0  # of by_address: those an officer's answer tied
    to_review: int = 0  # electors at addresses that wait for an answer
    addresses_to_review: int = 0
    strangers: int = 0
    strangers_by_answer: int = 0  # of them: those of whom an officer said that they have no home here

    @property
    def unlinked(self) -> int:
        return self.electors - self.by_uprn - self.by_address

    @property
    def share(self) -> float:
        return (self.by_uprn + self.by_address) / self.electors if self.electors else 0.0


@dataclass(frozen=True)
class Answer:
    """What an officer said of the address with this keyed hash: the home they chose, or None for none or not known."""

    key: str
    uprn: int | None


@dataclass(frozen=True)
class Written:
    """Where a link leaves its Parquet files."""

    electors: Path
    questions: Path
    contradictions: Path


def link(
    register: Path, gazetteer: Path, keys: Keys, answers: Sequence[Answer], to: Written, postcodes: Path | None = None
) -> Linked:  # fmt: skip
    """Write three files from a register and a gazetteer snapshot, and count.

    `electors`: `person, uprn, attainment, how` of every linked elector. `questions`: one row for each distinct address
    that is asked or was answered: `key, address, postcode, electors, building, exact, candidates, people, elsewhere`,
    most electors first. `contradictions`: `line, uprn, postcode, home_postcode, reason, result` of the rows whose
    address or postcode is not that of their UPRN. `postcodes` is ONS's look-up of the authority, where it is imported.
    """
    with duckdb.connect(config={"temp_directory": str(to.electors.parent / "spilled")}) as con:
        con.create_function("keyed", lambda key, postcode: address_key(keys, key, postcode), ["VARCHAR"] * 2, "VARCHAR")
        addresses.read(con, register, gazetteer)
        addresses.place(con, gazetteer, postcodes)
        matching.exactly(con)
        con.execute("drop table form")  # by far the largest, and read no more
        _judge_uprns(con)
        _recall(con, answers)
        neighbours.find(con)
        matching.nearly(con)
        _decide(con)
        counted = _write(con, to)
    return settle(counted, answers, to)


def address_key(keys: Keys, key: str, postcode: str) -> str:
    """The keyed hash by which an answer is found again, of an address as `addresses.said` spells it."""
    return keys.hash("register address", key, postcode)


RULINGS = f"""
create table claim as
with said as (select distinct spot, claimed from row_of where claimed is not null),
found as (
    select c.spot, c.claimed, p.uprn is null as unknown, p.home, p.live, s.key, h.uprn is not null as fits,
        x.uprn is not null as elsewhere, s.postcode <> p.postcode as postcode_differs
    from said c join spot s using (spot) left join property p on p.uprn = c.claimed
    left join (select distinct spot, uprn from hit where home) h on h.spot = c.spot and h.uprn = c.claimed
    left join exact x on x.spot = c.spot),
near as (
    select f.spot, f.claimed from found f join wording w on w.uprn = f.claimed
    where f.home and not f.fits and not f.elsewhere group by f.spot, f.claimed
    having bool_or(alike(f.key, w.core, {SLIPS_WITH_UPRN})))
select spot, claimed, coalesce(postcode_differs, false) as postcode_differs,
    case when unknown then 'unknown' when not home and not live then 'historic' when not home then 'not_a_home'
    when fits then 'stands' when elsewhere then 'elsewhere' when n.spot is not null then 'stands'
    when key = '' and not coalesce(postcode_differs, false) then 'stands' else 'open' end as ruling
from found left join near n using (spot, claimed)
"""


def _judge_uprns(con: duckdb.DuckDBPyConnection) -> None:
    """A UPRN stands when the row's address fits its home, whatever the postcode, and is that of no other home."""
    con.execute(RULINGS)
    con.execute("""
        create view loose as
        select r.* from row_of r left join claim c on c.spot = r.spot and c.claimed = r.claimed
        where coalesce(c.ruling, '') <> 'stands'
    """)


def _recall(con: duckdb.DuckDBPyConnection, answers: Sequence[Answer]) -> None:
    """Find the spots that were answered; `unsettled` are those that the matcher has to look at."""
    con.execute("create table answer (key varchar, uprn bigint)")
    con.execute("create table answered (spot bigint, uprn bigint)")
    if answers:
        con.executemany("insert into answer values (?, ?)", [[answer.key, answer.uprn] for answer in answers])
        con.execute("""
            insert into answered
            select s.spot, a.uprn from spot s join answer a on a.key = keyed(s.key, coalesce(s.postcode, ''))
        """)
    con.execute("""
        create table unsettled as
        select distinct spot from loose where spot not in (select spot from exact)
            or spot in (select spot from answered where uprn is not null)
    """)


def _decide(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"""
        update claim set ruling = 'stands' from match m where ruling = 'open' and m.spot = claim.spot
            and m.uprn = claim.claimed and m.place = 1 and m.weight >= {matching.LEAST_WEIGHT}
            and coalesce(m.lead, {LEAD_WITH_UPRN}) >= {LEAD_WITH_UPRN}
    """)
    con.execute(
        "update claim set ruling = 'stands' from plain p where ruling = 'open' and p.spot = claim.spot "
        "and p.uprn = claim.claimed"
    )
    con.execute(matching.CANDIDATES)
    con.execute("""
        create table asked as
        select distinct spot from loose where spot in (from unsettled) and spot in (select spot from candidate)
            and (spot in (select spot from answered)
                or spot not in (select spot from plain) and spot not in (select spot from elsewhere where far)
                and spot not in (from street_alone))
    """)
    con.execute(matching.FILLED)
    con.execute("""
        create table link as
        select r.person, r.claimed as uprn, r.attainment, 'uprn' as how, r.line from row_of r join claim c
            on c.spot = r.spot and c.claimed = r.claimed where c.ruling = 'stands'
        union all
        select l.person, t.uprn, l.attainment, 'address', l.line
        from loose l join (from exact union from plain) t using (spot) where l.spot not in (from asked)
    """)


QUESTIONS = """
select keyed(any_value(s.key), coalesce(any_value(s.postcode), '')) as key, any_value(s.address) as address,
    any_value(s.postcode) as postcode, len(any_value(p.people)) as electors,
    bool_or(s.spot in (from no_home)) as building, any_value(x.uprn) as exact,
    list(struct_pack(uprn := c.uprn, address := w.wordings[1], others := w.wordings[2:len(w.wordings)],
        claimed := coalesce(k.named, false))
        order by c.rank desc, c.weight desc, c.uprn) as candidates,
    any_value(p.people) as people, bool_or(s.spot in (select spot from elsewhere)) as elsewhere
from asked a join spot s using (spot) join candidate c using (spot)
join (select uprn, list(address order by nth) as wordings from wording group by uprn) w on w.uprn = c.uprn
join (select spot, list(struct_pack(person := person, attainment := attainment)) as people
    from loose group by spot) p using (spot)
left join exact x using (spot)
left join (select distinct spot, claimed, true as named from claim) k on k.spot = c.spot and k.claimed = c.uprn
group by s.spot order by electors desc, postcode, address
"""

CONTRADICTIONS = """
select r.line, r.claimed as uprn, r.postcode, p.postcode as home_postcode,
    case when c.ruling in ('elsewhere', 'open') then 'the address is not that of the UPRN'
        else 'the postcode is not that of the UPRN' end as reason,
    case when c.ruling = 'stands' then 'linked by UPRN' when l.uprn is not null then 'linked by address'
        when r.spot in (from asked) then 'for review' else 'not linked' end as result
from row_of r join claim c on c.spot = r.spot and c.claimed = r.claimed join property p on p.uprn = r.claimed
left join link l on l.person = r.person and l.line is not distinct from r.line
where c.ruling in ('elsewhere', 'open') or c.ruling = 'stands' and c.postcode_differs order by r.line
"""


def _write(con: duckdb.DuckDBPyConnection, to: Written) -> Linked:
    con.sql("select person, uprn, attainment, how from link order by uprn, person").write_parquet(str(to.electors))
    con.sql(QUESTIONS).write_parquet(str(to.questions))
    con.sql(CONTRADICTIONS).write_parquet(str(to.contradictions))
    rulings = dict(
        con.execute(
            "select ruling, count(*) from row_of r join claim c on c.spot = r.spot and c.claimed = r.claimed group by 1"
        ).fetchall()
    )
    counts = con.execute("""
        select count(*), count(*) filter (r.postcode <> p.postcode and p.home)
        from row_of r left join property p on p.uprn = r.claimed
    """).fetchall()[0]
    strangers = con.execute("""
        select count(*) from row_of r where spot in (select spot from elsewhere) and spot not in (from asked)
        and not exists (from link l where l.person = r.person and l.line is not distinct from r.line)
    """).fetchall()[0][0]
    return Linked(
        electors=counts[0], postcode_differs=counts[1], strangers=strangers,
        contradicted=rulings.get("elsewhere", 0) + rulings.get("open", 0),
        **{ruling: rulings.get(ruling, 0) for ruling in COUNTED},
    )  # fmt: skip


# An answer counts while the home it names is still one of those that can be; else the address waits again.
SETTLED = """
create table settled as
select q.people, q.elsewhere, a.key is not null and (a.uprn is null or list_contains(
        list_transform(q.candidates, lambda home: home.uprn), a.uprn)) as answered,
    case when answered and a.uprn is not null then a.uprn else q.exact end as uprn,
    answered and a.uprn is not null as chosen
from (from read_parquet(?) union all by name select null::boolean as elsewhere where false) q
left join answer a using (key)
"""
TOGETHER = """
create table together as
select person, uprn, attainment, how from read_parquet(?)
where person not in (select unnest(people).person from settled)
union all
select person.person, uprn, person.attainment, case when chosen then 'answer' else 'address' end
from (select unnest(people) as person, uprn, chosen from settled) where uprn is not null
"""


def settle(counted: Linked, answers: Sequence[Answer], to: Written) -> Linked:
    """Apply the answers to what was linked before, without looking at an address again; `to.electors` is rewritten."""
    with duckdb.connect() as con:
        con.execute("create table answer (key varchar, uprn bigint)")
        if answers:
            con.executemany("insert into answer values (?, ?)", [[answer.key, answer.uprn] for answer in answers])
        con.execute(SETTLED, [str(to.questions)])
        con.execute(TOGETHER, [str(to.electors)])
        con.sql("from together order by uprn, person").write_parquet(str(to.electors))
        how = dict(con.execute("select how, count(*) from together group by how").fetchall())
        waiting = con.execute("""
            select count(*) filter (not answered), coalesce(sum(len(people)) filter (not answered), 0),
                coalesce(sum(len(people)) filter (answered and elsewhere), 0)
            from settled where uprn is null
        """).fetchall()[0]
    answered = how.get("answer", 0)
    return replace(
        counted, by_uprn=how.get("uprn", 0), by_address=how.get("address", 0) + answered, answered=answered,
        addresses_to_review=waiting[0], to_review=waiting[1], strangers_by_answer=waiting[2],
        strangers=counted.strangers - counted.strangers_by_answer + waiting[2],
    )  # fmt: skip
