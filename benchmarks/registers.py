"""A register of any length in the layout of a real one: made-up people, real habits, some faults. Always the same."""

from pathlib import Path

import duckdb

SEED = 20260601
HOMES = 0.53  # homes to an elector
STARTS = "Ash Bar Bran Clay Cor Dal Ed Fen Gar Hal Har Hol Kel Lang Mar Nor Oak Pen Ray Rud Sel Stan Thorn Wal West"
ENDS = "bridge brook bury combe cott dale den field ford gate ham hurst ley low more ston ton wick wood worth"
KINDS = "Road Street Lane Close Avenue Drive Croft Gardens Way Court Place Terrace Crescent Grove"
FORENAMES = (
    "Robin Alex Sam Chris Jo Kim Pat Lee Max Ali Noor Małgorzata Siân Zoë Ryan Amelia Oliver Isla George Ava Noah Mia "
    "Arthur Ivy Leo Lily Harry Freya Oscar Elsie Theo Willow Muhammad Rosie Jack Sofia Charlie Grace Henry Daisy"
)
PARTS = "a an ar e el en er i il in o ol on or u al ber der gar ker lar mer ner per ser ter ver wer zar zen"
AREAS = "AL B BA BB BD BH BL BN BR BS CA CB CF CH CM CO CV CW DA DE DH DL DN DT DY E EN EX FY GL GU HA HD HG HP HR HU"
TITLES = "Mr Mrs Miss Ms Dr"


def _pick(words: str, by: str, salt: int, power: int = 1) -> str:
    """One of the words, the first of them oftener with a higher power."""
    pool = words.split()
    share = f"power((hash({by}, {SEED + salt}) % 1000003) / 1000003.0, {power})"
    return f"list_value({', '.join(map(repr, pool))})[1 + floor({len(pool)} * {share})::int]"


def _surname() -> str:
    parts = [_pick(PARTS, "home", 10 + n, 2) for n in range(2)]
    return f"{_pick(STARTS, 'home', 9, 2)} || {' || '.join(parts)}"


def _home() -> str:
    place = f"{_pick(STARTS, 'home // 25', 1)} || {_pick(ENDS, 'home // 25', 2)}"
    town = f"{_pick(STARTS, 'home // 20000', 3)} || {_pick(ENDS, 'home // 20000', 4)}"
    letter = "chr(65 + (hash(home // 15, {0}) % 26)::int)"
    return f"""
        1 + home % 25 * 2 as house,
        {place} || ' ' || {_pick(KINDS, "home // 25", 5)} as street,
        {town} as town,
        {_pick(AREAS, "home // 200000", 6)} || 1 + home // 3000 % 29 || ' ' || home // 300 % 10
            || {letter.format(7)} || {letter.format(8)} as postcode,
        10000000000 + home * 7368787 % 89999999981 as uprn,
        {_surname()} as surname"""


# One row in 6,000 is an anonymous entry, one in 800 an overseas elector, one in 400,000 a repetition of the one before.
ROWS = """
select 'PD' || home // 900 as "{mark}PDCode", 1 + i % 1700 as RollNo, {title} as ElectorTitle,
    case when not hidden then surname end as ElectorSurname,
    case when not hidden then {forename} end as ElectorForename,
    case when not hidden and i % 3 = 0 then {middle} end as ElectorMiddleName, 'V' as IERStatus,
    case when i % 73 = 0 then strftime(date '2026-07-01' + (i // 73 % 900)::int, '%d/%m/%Y')
        when i % 30011 = 0 then '31/02/1802' end as DateOfAttainment,
    case when hidden then 'N' when away then 'F' when i % 29 = 0 then 'B' when i % 31 = 0 then 'G' else 'E' end
        as FranchiseMarker,
    case when hidden then null when away then 'Other Elector' when home % 9 = 0 then 'Flat ' || house // 2
        else house || ' ' || street end as RegisteredAddress1,
    case when hidden or away then null when home % 9 = 0 then house || ' ' || street else town end
        as RegisteredAddress2,
    case when home % 9 = 0 and not (hidden or away) then town end as RegisteredAddress3,
    null as RegisteredAddress4, null as RegisteredAddress5, null as RegisteredAddress6,
    case when hidden or away then null when i % 997 = 0 then replace(postcode, ' ', '  ')
        when i % 9973 = 0 then 'unknown'
        else postcode end as PostCode,
    'England' as Euro, town || ' Constituency' as Parl, town || 'shire' as County, street as Ward, null as SubHouse,
    house as House, 'D' as MethodOfVerification,
    100000000 + (case when i % 400000 = 399999 then i - 1 else i end) * 7368787 % 899999981 as ElectorID,
    case when hidden or away or home % 17 = 0 then null when i % 100003 = 0 then '1.00031E+11'
        when i % 211 = 0 then lpad(uprn::varchar, 12, '0') else uprn::varchar end as UPRN
from (select i, home, i % 6000 = 17 as hidden, i % 800 = 9 as away, {home}
    from (select i, floor(i * {homes})::bigint as home from range({rows}) t(i)))
"""


def write_register(to: Path, rows: int) -> None:
    query = ROWS.format(
        rows=rows, homes=HOMES, home=_home(), mark="\ufeff", title=_pick(TITLES, "i", 20),
        forename=_pick(FORENAMES, "i", 21, 2), middle=_pick(FORENAMES, "i", 22),
    )  # fmt: skip
    with duckdb.connect() as con:
        con.execute(f"copy ({query}) to '{to}' (format csv, header, null '')")
