"""Every home of the country: the table of homes, a count by ward and a frozen audience, on DuckDB and on Spark.

    python benchmarks/scale.py [--share S] [--spark S] [--folder DIR]

29 million homes, 47.7 million electors and 190,000 areas of 300 authorities, one of them with a million electors, are
made up, always the same, as the snapshots that importing leaves. Electors are tied to their homes already: linking has
a measure of its own. The reference is the same question written by hand in DuckDB SQL, authority by authority, before
and after ours: each file is flushed to the disk, as ours is, and of an audience it is counted how many homes each
channel reaches, which is frozen with it. What ours does besides, by hand is not done: the list of what was closed, the
row of the snapshot and the entry of the audit log. Each step runs in a process of its own. Exit code 1 when a limit is
missed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.util import find_spec
from itertools import accumulate, chain
from pathlib import Path
from statistics import NormalDist
from typing import Any

import duckdb
import psutil
from sqlmodel import Session, col, select

from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.settings import DUCKDB, Settings
from engage.migrations.upgrading import upgrade
from segments.areas import output_areas as areas
from segments.audiences import audience, segments
from segments.engine import execution as engine
from segments.engine.holdings import reading
from segments.homes import households
from segments.missing import adults
from segments.safeguards import protected

HOMES, ELECTORS, AREAS, AUTHORITIES, LARGEST = 29_000_000, 47_700_000, 190_000, 300, 1_000_000
SPREAD = 0.55  # of the sizes of authorities: the standard deviation of their logarithm
AREAS_OF = {"lsoa": 5, "msoa": 25, "ward": 23}  # output areas in each
AS_AT = date(2026, 6, 1)
BYTES_A_HOME = 500  # of disk: what importing leaves, and three tables of homes
MOST_TIMES = 1.25
RULE = {
    "version": 1,
    "where": {
        "all": [
            {"column": "electors", "is": "at most", "value": 1},
            {"column": "gap", "is": "at least", "value": 0.5},
            {"column": "class", "is": "one of", "value": ["house", "flat"]},
            {"not": {"column": "private_rented_share", "is": "less than", "value": 0.2}},
            {
                "any": [
                    {"column": "moved_last_year_share", "is": "more than", "value": 0.1},
                    {"column": "imd_decile", "is": "at most", "value": 3},
                ]
            },
        ]
    },
}


@dataclass(frozen=True)
class Place:
    """An authority, and where in the country its homes and output areas begin."""

    number: int
    homes: int
    electors: int
    first_home: int
    areas: int
    first_area: int

    @property
    def code(self) -> str:
        return f"E07{self.number + 1:06}"


def places(share: float) -> list[Place]:
    """A share of the country: fewer authorities, of the same sizes."""
    normal = NormalDist(sigma=SPREAD)
    weights = [2.718281828 ** normal.inv_cdf((n + 0.5) / (AUTHORITIES - 1)) for n in range(AUTHORITIES - 1)]
    sizes = [LARGEST, *(weight * (ELECTORS - LARGEST) / sum(weights) for weight in weights)]
    mixed = [sizes[number * 7 % AUTHORITIES] for number in range(AUTHORITIES)]
    ends = [end for end in (0, *accumulate(mixed)) if end - mixed[0] < ELECTORS * share]
    electors, homes, areas = ([round(end * part) for end in ends] for part in (1, HOMES / ELECTORS, AREAS / ELECTORS))
    return [
        Place(n, homes[n + 1] - homes[n], electors[n + 1] - electors[n], homes[n], areas[n + 1] - areas[n], areas[n])
        for n in range(len(ends) - 1)
    ]


# What importing leaves, made up


def one_of(words: str, by: str, salt: int) -> str:
    pool = words.split()
    return f"list_value({', '.join(map(repr, pool))})[1 + (hash({by}, {salt}) % {len(pool)})::int]"


def share_of(by: str, salt: int) -> str:
    return f"(hash({by}, {salt}) % 1000003) / 1000003.0"


STARTS = "Ash Bar Bran Clay Cor Dal Fen Gar Hal Har Hol Kel Lang Mar Nor Oak Pen Ray Rud Sel Stan Thorn Wal West"
ENDS = "bridge brook bury combe cott dale den field ford gate ham hurst ley low more ston ton wick wood worth"
KINDS = "Road Street Lane Close Avenue Drive Croft Gardens Way Court Place Terrace Crescent Grove"
CLASSES = ("RD02 " * 22 + "RD03 " * 26 + "RD04 " * 27 + "RD06 " * 22 + "RD08 RH02 RD").strip()
TOWN = f"{one_of(STARTS, 'home // 20000', 3)} || {one_of(ENDS, 'home // 20000', 4)}"
STREET = (
    f"{one_of(STARTS, 'home // 25', 1)} || {one_of(ENDS, 'home // 25', 2)} || ' ' || {one_of(KINDS, 'home // 25', 5)}"
)

# The table `home` of one authority: `home` counts through the country, as output areas do.
HOME = f"""
create or replace table home as
select *, 10000000000 + home * 7368787 % 89999999981 as uprn, 1 + home % 25 * 2 || ' ' || {STREET} as line,
    {TOWN} as town, 'XX' || home // 3000 % 99 || ' ' || home // 300 % 10 || chr(65 + (home // 15 % 20)::int) || chr(65
    + (home // 300000 % 20)::int) as postcode, case when home % 4000 = 7 then 'RI02' else {one_of(CLASSES, "home", 6)}
    end as class, {{first_area}} + (home - {{first_home}}) * {{areas}} // {{homes}} as area
from (select {{first_home}} + i as home from range({{homes}}) t(i))
"""


def code_of(kind: str, area: str = "area") -> str:
    """ONS codes of areas: a larger area has the number of the first output area in it."""
    size = AREAS_OF.get(kind, 1)
    letters = {"oa": "E00", "lsoa": "E01", "msoa": "E02", "ward": "E05"}[kind]
    return f"'{letters}' || lpad(({{first_area}} + ({area} - {{first_area}}) // {size} * {size})::varchar, 6, '0')"


# One property in eleven is no home; one home in 200 is not in the look-up of areas, and lies where its neighbours do.
GAZETTEER = f"""
select uprn::bigint as uprn, class, 1::int as logical_status, 2::int as state, null::bigint as parent_uprn,
    400000::double + home % 1000 as easting, 300000::double + home % 997 as northing, {code_of("ward")} as ward,
    null::varchar as organisation, line || ', ' || town || ', ' || postcode as address,
    [line, town, postcode] as address_lines, postcode, substr(line, strpos(line, ' ') + 1) as street,
    10000000 + home // 25 as usrn, true as residential, []::varchar[] as other_addresses from home
union all
select 90000000000 + uprn, 'CR08', 1, 2, null, 400000.0, 300000.0, {code_of("ward")}, 'A shop',
    'Shop, ' || line, ['Shop', line, town, postcode], postcode, line, 10000000 + home // 25, false, []
from home where home % 10 = 0
"""
GEOGRAPHY = f"""
select uprn::bigint as uprn, {code_of("oa")} as oa, {code_of("lsoa")} as lsoa, {code_of("msoa")} as msoa,
    {code_of("ward")} as ward, '{{code}}' as authority
from home where home % 200 <> 3
"""
ELECTOR = """
select sha256('elector' || i || '{code}') as person, uprn::bigint as uprn,
    case when i % 73 = 0 then date '2026-07-01' + (i // 73 % 400)::int end as attainment,
    case when i % 17 = 0 then 'address' else 'uprn' end as how
from (select i, {first_home} + (hash(i, 8) % {homes})::bigint as home from range({electors}) t(i))
join home using (home)
order by uprn, person
"""
CONTACTS = """
select uprn::bigint as uprn, channel, sha256(channel || nth || home) as contact,
    'gAAAAA' || base64(unhex(sha256(home::varchar) || sha256(channel || home) || sha256(nth || '.' || home))) as value,
    'council tax' as source, 'public task' as lawful_basis, 'A1' as agreement_reference,
    date '2025-01-01' + (hash(home, nth) % 500)::int as collected_on, home % 997 = 0 as objected
from home, (values ('email', 1, 5), ('email', 2, 40), ('sms', 1, 10)) c(channel, nth, one_in) where home % one_in = nth
"""
BOUNDARIES = f"""
select ward, 'Ward ' || ward as name, null::varchar as name_cy, '{{{{"type":"Polygon","coordinates":[]}}}}' as geometry
from (select distinct {code_of("ward")} as ward from home) order by ward
"""
POPULATION = f"""
select lsoa as area, 'lsoa' as level, 'all' as sex, age::int as age, (27 - age * 0.2)::double as value
from (select distinct {code_of("lsoa")} as lsoa from home), range(91) a(age)
"""
BANDS = [
    "4 years and under", *(f"{age} to {age + 4} years" for age in range(5, 85, 5)), "85 years and over",
]  # fmt: skip
SIZES = [f"{n} {'person' if n == 1 else 'people'} in household" for n in range(8)] + ["8 or more people in household"]
TENURES = ["owned", "shared ownership", "social rented", "private rented", "lives rent free"]
MOVED = "address one year ago is the same as the address of enumeration"
# Of each table its level, what its labels begin with, categories with their largest count, and the indicators.
TABLES: dict[str, tuple[str, str, dict[str, int], dict[str, list[str]]]] = {
    "ts007a": ("oa", "age: ", {f"aged {band}": 38 for band in BANDS},
        {"aged_15_to_24_share": ["aged 15 to 19 years", "aged 20 to 24 years"]}),
    "ts017": ("oa", "household size: ", dict(zip(SIZES, (1, 99, 110, 46, 40, 14, 6, 2, 1), strict=True)),
        {"large_household_share": SIZES[5:]}),
    "ts054": ("oa", "tenure of household: ", dict(zip(TENURES, (190, 2, 52, 60, 1), strict=True)),
        {"owned_share": TENURES[:1], "social_rented_share": TENURES[2:3], "private_rented_share": TENURES[3:4]}),
    "ts019": ("oa", "migrant indicator: ", {MOVED: 580, "migrant from within the uk": 60, "migrant from outside": 10},
        {"moved_last_year_share": ["migrant from within the uk", "migrant from outside"]}),
    "imd2025": ("lsoa", "", {}, {}),
}  # fmt: skip


def figures(table: str) -> str:
    level, prefix, largest, indicators = TABLES[table]
    counts = {f"{prefix}{name}": f"round({most} * {share_of('area', n)})" for n, (name, most) in
              enumerate(largest.items())}  # fmt: skip
    total = " + ".join(counts.values())
    counts |= {
        name: f"({' + '.join(counts[prefix + part] for part in parts)}) / ({total})"
        for name, parts in indicators.items()
    }
    if table == "imd2025":
        counts = {"imd_decile": f"1 + floor(10 * {share_of('area', 30)})", "imd_score": f"60 * {share_of('area', 31)}"}
    else:
        counts[f"{prefix}total"] = total
    rows = ", ".join(f"struct_pack(m := '{name}', v := ({value})::double)" for name, value in counts.items())
    size = AREAS_OF.get(level, 1)
    areas = f"select distinct {{first_area}} + (area - {{first_area}}) // {size} * {size} as area from home"
    return f"""
        select {code_of(level)} as area, '{level}' as level, f.m as measure, f.v as value
        from (select area, unnest([{rows}]) as f from ({areas})) order by all
    """


SNAPSHOTS = {
    "gazetteer": GAZETTEER, "geography": GEOGRAPHY, "contacts": CONTACTS, "boundaries": BOUNDARIES,
    "population": POPULATION, "register": "select null::varchar as person limit 0",
} | {f"indicator {table}": figures(table) for table in TABLES}  # fmt: skip


@cache
def office_at(home: Path, engine: str = DUCKDB) -> Office:
    """One for each process, as a service has."""
    return Office(Settings(home=home, engine=engine), SteppedClock(at_london(AS_AT, 10)))


def write_country(home: Path, wanted: list[Place]) -> Office:
    office = office_at(home)
    upgrade(office.database)
    for place in wanted:
        with duckdb.connect() as con, office.database.session() as session:
            session.add(Authority(code=place.code, name=f"Authority {place.number + 1}"))
            session.flush()
            _write_place(office, con, session, place)
    return office


def _write_place(office: Office, con: duckdb.DuckDBPyConnection, session: Session, place: Place) -> None:
    con.execute(HOME.format(**vars(place)))
    kept = {name: _commit(office, con, session, place, name, query) for name, query in SNAPSHOTS.items()}
    pair = {"register": kept["register"].id, "gazetteer": kept["gazetteer"].id}
    counts = {"electors": place.electors, "by_uprn": place.electors, "by_address": 0}
    _commit(
        office, con, session, place, f"electors {pair['register']}", ELECTOR,
        source=" ".join(f"{kind} {number}" for kind, number in pair.items()), report=counts,
    )  # fmt: skip
    closed = con.execute("select uprn::bigint from home where home % 20000 = 11").fetchall()
    hashed = ", ".join(f"('{office.keys.uprn(uprn)}')" for (uprn,) in closed) or "(null::varchar)"
    _commit(
        office,
        con,
        session,
        place,
        "protected",
        f"select address from (values {hashed}) v(address) where address is not null",
    )


def _commit(
    office: Office, con: duckdb.DuckDBPyConnection, session: Session, place: Place, named: str, query: str, **more: Any
) -> Snapshot:
    kind, _, name = named.partition(" ")
    staged = office.lake.stage()
    written = con.execute(
        f"copy ({query.format(code=place.code, **vars(place))}) to '{staged}' (format parquet, compression "
        f"{'snappy' if kind == 'electors' else 'zstd'})"
    ).fetchone()
    return office.lake.commit(
        session, staged, authority=place.code, kind=kind, name=name, as_at=AS_AT, made_at=office.clock.now(),
        made_by="benchmark", rows=(written or (0,))[0], **more,
    )  # fmt: skip


# The same by hand: what somebody who knows DuckDB and this lake would write for it


KIND = (
    "case when class like 'RD02%' or class like 'RD03%' or class like 'RD04%' then 'house' when class like 'RD06%' or "
    "class like 'RD08%' then 'flat' when class like 'RH%' then 'shared' when class like 'RI%' then 'institution' else "
    "'other' end"
)
WEIGHTS = " ".join(f"when class like '{code}%' then {weight}" for code, weight in households.ADULTS_BY_CLASS.items())
BUILD = f"""
with home as (
    select g.uprn, g.postcode, g.address_lines, g.class, o.oa, o.lsoa, o.ward, g.ward as ward_custodian
    from '{{gazetteer}}' g left join '{{geography}}' o using (uprn)
    where g.residential and {{key}} not in (select address from '{{protected}}')),
near as (
    select postcode, oa, lsoa, ward from home where oa is not null and postcode is not null
    group by postcode, oa, lsoa, ward
    qualify row_number() over (partition by postcode order by count(*) desc, oa, lsoa, ward) = 1),
placed as (
    select h.uprn, h.postcode, h.address_lines, h.class, {KIND} as kind, class like 'RI%' as communal,
        null::varchar as unoccupied, coalesce(h.oa, n.oa) as oa, coalesce(h.lsoa, n.lsoa) as lsoa,
        coalesce(h.ward, n.ward, h.ward_custodian) as ward,
        case when class like 'RI%' then null {WEIGHTS} else 1 end::double as weight
    from home h left join near n using (postcode)),
elector as (
    select uprn, count(*) as electors, count(*) filter (attainment > date '{AS_AT}') as attainers
    from '{{electors}}' group by uprn),
contact as (
    select uprn, bool_or(channel = 'email') as email, bool_or(channel = 'sms') as sms
    from '{{contacts}}' where not objected group by uprn),
total as (select oa, sum(weight) as total from placed group by oa),
oa as (pivot (select area, measure, value from read_parquet([{{oa}}]) where measure in {{names}})
    on measure using max(value) group by area),
lsoa as (pivot (select area, measure, value from '{{imd2025}}') on measure using max(value) group by area)
select p.uprn, p.postcode, p.address_lines, p.class, p.kind, p.communal, p.unoccupied, p.oa, p.lsoa, p.ward,
    coalesce(w.name, p.ward) as ward_name, coalesce(e.electors, 0) as electors, coalesce(e.attainers, 0) as attainers,
    p.postcode is not null and len(p.address_lines) >= 3 as letter, coalesce(c.email, false) as email,
    coalesce(c.sms, false) as sms,
    (k.eligible - k.eligible_communal) * p.weight / t.total as expected_adults,
    expected_adults - coalesce(e.electors, 0) as gap, oa.* exclude (area), lsoa.* exclude (area)
from placed p left join '{{boundaries}}' w using (ward) left join elector e using (uprn)
left join contact c using (uprn) left join total t on t.oa = p.oa left join known k on k.oa = p.oa
left join oa on oa.area = p.oa left join lsoa on lsoa.area = p.lsoa order by p.uprn
"""
CHOSEN = """
    electors <= 1 and gap >= 0.5 and kind in ('house', 'flat') and coalesce(private_rented_share, 0) >= 0.2
    and (moved_last_year_share > 0.1 or imd_decile <= 3)
"""
COUNT = f"""
select split_part(filename, '/', -3) as authority, ward, ward_name, count(*) as homes, sum(missing) as missing,
    count(unoccupied) as unoccupied, count(*) filter (email) as email, count(*) filter (sms) as sms,
    count(*) filter (letter) as letter, count(*) filter (sms and not email) as text_first,
    count(*) filter (letter and not email and not sms) as letter_only,
    count(*) filter (sms and not letter) as text_without_letter,
    count(*) filter (not (email or sms or letter)) as unreached
from read_parquet([{{files}}], filename = true) h left join lacking l on l.authority = split_part(h.filename, '/', -3)
    and l.cell = concat_ws('|', coalesce(ward, ''), coalesce(oa, ''), class, coalesce(unoccupied, ''), electors)
where {CHOSEN} group by all order by authority, homes desc, ward
"""
BEST = """
    select uprn, contact as {channel}_contact, value as {channel}_value, source as {channel}_source from '{contacts}'
    where channel = '{channel}' and not objected
    qualify row_number() over (partition by uprn order by collected_on desc, contact) = 1
"""
FREEZE = f"""
select h.uprn, h.ward, h.ward_name, h.oa, h.kind, h.electors, h.address_lines, h.postcode, h.letter,
    e.* exclude (uprn), s.* exclude (uprn)
from '{{households}}' h left join ({BEST.replace("{channel}", "email")}) e using (uprn)
left join ({BEST.replace("{channel}", "sms")}) s using (uprn) where {CHOSEN} order by h.uprn
"""
REACHED = "select count(email_contact), count(sms_contact), count(*) filter (letter) from '{audience}'"


class ByHand:
    """The newest files of each authority by kind and name, and where what is made of them goes."""

    def __init__(self, home: Path) -> None:
        self.office = office_at(home)
        self.to = home / "by-hand"
        with self.office.database.reading() as session:
            found = session.exec(select(Snapshot).order_by(col(Snapshot.id))).all()
        self.files: dict[str, dict[str, str]] = {}
        for one in found:
            kind = one.name if one.kind == "indicator" else one.kind
            self.files.setdefault(one.authority, {})[kind] = str(self.office.lake.file(one))

    def build(self) -> int:
        key = self.office.keys.hash_sql("'uprn' || chr(31) || g.uprn::varchar")
        names = tuple(sorted({name for *_, found in TABLES.values() for name in found}))
        with self.office.database.reading() as session, engine.connect() as backend:
            for code, files in self.files.items():
                backend.con.register("known", _eligible(backend, self.office, session, code))
                oa = ", ".join(f"'{files[table]}'" for table in TABLES if table != "imd2025")
                self._write(backend.con, code, "households", BUILD.format(key=key, names=names, oa=oa, **files))
        return len(self.files)

    def count(self) -> int:
        files = ", ".join(f"'{files['households']}'" for files in self.files.values())
        with duckdb.connect() as con:
            con.register("lacking", self._lacking())
            found = con.execute(COUNT.format(files=files)).fetchall()
        return sum(row[3] for row in found)

    def _lacking(self) -> Any:
        """The adults missing from homes are Engage's own estimate in both, as who is eligible is."""
        with reading(self.office, self.files) as holdings:
            tables = households.newest_of(holdings)
            return adults.cells(holdings, tables, protected.hidden_since(self.office, holdings.session, tables))

    def freeze(self) -> int:
        with duckdb.connect() as con:
            rows = 0
            for code, files in self.files.items():
                rows += self._write(con, code, "audience", FREEZE.format(**files))
                con.execute(REACHED.format(audience=self.to / "audience" / f"{code}.parquet")).fetchall()
        return rows

    def _write(self, con: duckdb.DuckDBPyConnection, code: str, kind: str, query: str) -> int:
        folder = self.to / kind
        folder.mkdir(parents=True, exist_ok=True)
        (rows,) = con.execute(f"copy ({query}) to '{folder}/{code}.parquet'").fetchone() or (0,)
        with (folder / f"{code}.parquet").open("rb") as written:
            os.fsync(written.fileno())
        return int(rows)


def _eligible(backend: Any, office: Office, session: Session, code: str) -> Any:
    """The estimate of eligible adults is Engage's own in both: statistics, and no question of SQL."""
    return backend.to_pyarrow(areas.areas(backend, office, session, code))


# Each step runs by itself, in a home that steps before it have filled, and prints what it found.


def generate(home: Path, share: float) -> dict[str, int]:
    wanted = places(share)
    write_country(home, wanted).close()
    return {
        name: sum(getattr(place, name) for place in wanted) for name in ("homes", "electors", "areas")
    } | {"authorities": len(wanted)}  # fmt: skip


def build(home: Path, engine_name: str) -> dict[str, int]:
    everywhere = households.build_all(office_at(home, engine_name), "benchmark")
    return {"found": len(everywhere.built), "left_out": len(everywhere.left_out)}


def count(home: Path, engine_name: str) -> dict[str, int]:
    counts = segments.count_all(office_at(home, engine_name), RULE)
    return {"found": sum(each.households for each in counts.values())}


def freeze(home: Path, engine_name: str) -> dict[str, int]:
    frozen = audience.freeze_all(office_at(home, engine_name), "benchmark", RULE, name="benchmark")
    return {"found": sum(each.households for each in frozen.values())}


OURS: dict[str, Callable[[Path, str], dict[str, int]]] = {"build": build, "count": count, "freeze": freeze}


def by_hand(home: Path, step: str) -> dict[str, int]:
    return {"found": getattr(ByHand(home), step)()}


@dataclass(frozen=True)
class Measured:
    """What a step found, the seconds by the clock and of processors, and the most memory its process held, in GB."""

    found: dict[str, int]
    seconds: float
    processor: float
    memory: float = 0.0


def run(step: str, home: Path, how: str, *, times: int = 1, beside: Sequence[int] = ()) -> Measured:
    """The last of so many times in one process. Work of the processes `beside`, and of all that they start, is its."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(home), "--how", how, "--times", str(times)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdin
    worked, told = [_worked(beside)], {}
    for line in process.stdout:
        told = json.loads(line)
        worked.append(_worked([process.pid, *beside]))
        print("go on", file=process.stdin, flush=True)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"The step {step!r} ({how}) failed.")
    return Measured(told["found"], told["seconds"], worked[-1] - worked[-2], used.ru_maxrss / 1024**2)


def _worked(roots: Sequence[int]) -> float:
    """Seconds of processors of these processes and of all that they have started, gone or not."""
    known = [one for root in roots for one in (psutil.Process(root), *psutil.Process(root).children(recursive=True))]
    return sum(sum(one.cpu_times()[:4]) for one in known if one.is_running())


def take(step: str, home: Path, how: str) -> dict[str, Any]:
    """One step in this process."""
    started = time.perf_counter()
    if step == "generate":
        found = generate(home, float(how))
    else:
        found = by_hand(home, step) if how == HAND else OURS[step](home, how)
    return {"found": found, "seconds": time.perf_counter() - started}


HAND = "by hand"


def measure_duckdb(home: Path) -> list[str]:
    missed = []
    for step in OURS:
        before, ours, after = (run(step, home, how) for how in (HAND, DUCKDB, HAND))
        alone = (before.seconds + after.seconds) / 2
        times = ours.seconds / alone
        print(
            f"  {step:7} {ours.seconds:7.1f} s, {ours.processor:.1f} s of processors, {ours.memory:.2f} GB of memory; "
            f"by hand {alone:.1f} s ({before.seconds:.1f} before, {after.seconds:.1f} after; {before.processor:.1f} s "
            f"of processors, {before.memory:.2f} GB): {times:.2f} times as long",
            flush=True,
        )
        if times > MOST_TIMES:
            missed.append(f"{step} in {MOST_TIMES} times the time by hand")
        if ours.found["found"] != before.found["found"]:
            missed.append(f"{step} finds what is found by hand")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--share", type=float, default=1.0, help="of the country, on DuckDB; 0 for none")
    parser.add_argument("--spark", type=float, default=0.1, help="share of the country on both engines; 0 for none")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="with room for the country")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--how", default=DUCKDB, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=1, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        for _ in range(asked.times):
            print(json.dumps(take(asked.step, asked.folder, asked.how)), flush=True)
            sys.stdin.readline()  # while what worked is counted
        return 0
    missed = measure_country(asked.share, asked.folder) if asked.share else []
    missed += measure_spark(asked.spark, asked.folder) if asked.spark else []
    print("Limits missed: " + "; ".join(missed) if missed else "Every limit is met.")
    return bool(missed)


def measure_country(share: float, folder: Path) -> list[str]:
    with country(share, folder) as home:
        return measure_duckdb(home) if home else []


@contextmanager
def country(share: float, folder: Path) -> Iterator[Path | None]:
    """A home with that share of the country for as long as it is measured; None where the disk has no room for it."""
    needs = HOMES * share * BYTES_A_HOME
    if shutil.disk_usage(folder).free < needs:
        print(f"Skipped {share:.0%} of the country: it needs {needs / 1e9:.0f} GB of disk in {folder}.")
        yield None
        return
    with tempfile.TemporaryDirectory(dir=folder, prefix="engage-scale-") as own:
        made = run("generate", Path(own), str(share))
        said = "{homes:,} homes, {electors:,} electors, {areas:,} areas of {authorities} authorities"
        print(f"{said.format(**made.found)}, made up in {made.seconds:.0f} s", flush=True)
        yield Path(own)


# On Spark


CONF = """
spark.executor.memory 512m
spark.driver.memory 512m
spark.driver.bindAddress 127.0.0.1
spark.driver.host 127.0.0.1
spark.scheduler.minRegisteredResourcesRatio 1.0
spark.scheduler.maxRegisteredResourcesWaitingTime 300s
"""
MOST_TIMES_SPARK = {"build": 3.5}  # of DuckDB's seconds of processors, with one worker
MOST_STANDING = 3.0  # seconds of processors of a third count in one session
LEAST_GAIN, CORES_NEEDED = 1.7, 3  # of a second worker, where it has a core of its own beside the command's
MANY = 300  # seconds for Spark to start


@contextmanager
def master(folder: Path, workers: int) -> Iterator[tuple[str, list[int]]]:
    """The URL of a standalone master on 127.0.0.1 with worker processes of one core each, and their numbers."""
    pyspark = Path(find_spec("pyspark").origin).parent  # type: ignore[union-attr, arg-type]
    (folder / "spark-defaults.conf").write_text(CONF)
    os.environ |= {
        "SPARK_HOME": str(pyspark), "SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_SCALA_VERSION": "2.13",
    }  # fmt: skip
    started: list[subprocess.Popen[bytes]] = []

    def start(daemon: str, words: str, *more: str) -> str:
        log = folder / f"spark-{len(started)}.log"
        command = ["java", "-Xmx256m", "-cp", f"{folder}:{pyspark}/jars/*", f"org.apache.spark.deploy.{daemon}"]
        with log.open("wb") as out:
            ports = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
            started.append(subprocess.Popen([*command, *ports, *more], stdout=out, stderr=out))
        for _ in range(MANY * 5):
            for line in log.read_text().splitlines():
                if words in line:
                    return line.partition(words)[2].strip()
            time.sleep(0.2)
        sys.exit(f"Spark did not start: see {log}")

    try:
        url = start("master.Master", "Starting Spark master at ")
        for _ in range(workers):
            work = ("--cores", "1", "--memory", "2g", "--work-dir", str(folder / "work"), url)
            start("worker.Worker", "Successfully registered with master ", *work)
        yield url, [process.pid for process in started]
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)
        shutil.rmtree(folder / "work", ignore_errors=True)


def measure_spark(share: float, folder: Path) -> list[str]:
    if not (find_spec("pyspark") and shutil.which("java")):
        print("Skipped Spark: it needs Java 17 and the extra engage[spark].")
        return []
    with country(share, folder) as home:
        if home is None:
            return []
        found = {DUCKDB: {step: run(step, home, DUCKDB) for step in OURS}}
        before, missed = newest_files(home), []
        for workers, named in ((1, ONE), (2, TWO)):
            with master(home, workers) as (url, beside):
                found[named] = {step: run(step, home, url, beside=beside) for step in OURS}
                third = run("count", home, url, times=3, beside=beside)
            differing = differences(before, newest_files(home))
            print(f"  {named}: {differing:,} values differ from DuckDB's", flush=True)
            print(
                f"  {named}: a third count in one session {third.seconds:.1f} s, {third.processor:.1f} s of processors"
            )
            if differing or any(found[named][step].found != found[DUCKDB][step].found for step in OURS):
                missed.append(f"{named}: the same answer as DuckDB")
            if workers == 1 and third.processor > MOST_STANDING:
                missed.append(f"{named}: a third count in {MOST_STANDING} s of processors")
    return missed + [miss for step in OURS for miss in _told(step, {name: took[step] for name, took in found.items()})]


ONE, TWO = "Spark, one worker", "Spark, two workers"


def _told(step: str, took: dict[str, Measured]) -> list[str]:
    alone = took[DUCKDB]
    said = (f"{name} {one.seconds:.1f} s, {one.processor:.1f} s of processors ({one.processor / alone.processor:.1f} "
            "times)" for name, one in took.items())  # fmt: skip
    print(f"  {step:7} {'; '.join(said)}")
    gain = took[ONE].seconds / took[TWO].seconds
    enough = (os.cpu_count() or 1) >= CORES_NEEDED
    print(f"  {step:7} two workers {gain:.2f} times as fast as one{'' if enough else ', which says nothing here:'}"
          f"{'' if enough else f' {os.cpu_count()} cores are not enough for two and the command'}")  # fmt: skip
    most = MOST_TIMES_SPARK.get(step)
    missed = (
        [f"{step} on Spark in {most} times DuckDB"] if most and took[ONE].processor > most * alone.processor else []
    )
    return [*missed, f"{step}: a gain of {LEAST_GAIN} by a second worker"] if enough and gain < LEAST_GAIN else missed


def newest_files(home: Path) -> list[tuple[str, str]]:
    """Each authority's table of homes and audience, in order."""
    files = ByHand(home).files
    return [(files[code]["households"], files[code]["audience"]) for code in sorted(files)]


def differences(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> int:
    """Values that differ, row by row in the order of the files; floats by more than one part in 10^9."""
    total = 0
    with duckdb.connect() as con:
        for pair in zip(chain(*left), chain(*right), strict=True):
            kinds = {name: kind for name, kind, *_ in con.execute(f"describe from '{pair[0]}'").fetchall()}
            tests = " + ".join(
                f"(abs(a.{name} - b.{name}) > 1e-9 * greatest(abs(a.{name}), 1e-3) or (a.{name} is null) <> "
                f"(b.{name} is null))::int" if kind == "DOUBLE" else f"(a.{name} is distinct from b.{name})::int"
                for name, kind in kinds.items()
            )  # fmt: skip
            query = f"select coalesce(sum(coalesce({tests}, 0)), 0) from '{pair[0]}' a positional join '{pair[1]}' b"
            total += int((con.execute(query).fetchone() or (0,))[0])
    return total


if __name__ == "__main__":
    sys.exit(main())
