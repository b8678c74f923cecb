"""DTF 7.3, the transfer file of local gazetteers: mixed records without a header, joined into one row per property."""

from collections import Counter

from engage.foundation.errors import InputRefused
from segments.reading import Head, Reading, open_rows
from segments.sources.format import Check, Format, Harvest, Warn, refuse_if_none, save, scalar, tabulate

WIDEST = 29
# Of the record types that AddressBase Premium has too, these widths are DTF 7.3's alone.
WIDTHS = {"11": 20, "15": 9, "21": 23, "24": 29}
RECORDS = ("10", "11", "12", "13", "14", "15", "21", "22", "23", "24", "25", "26", "27", "29", "98", "99")
CLASS = "'^[A-Z]{1,2}[0-9]{0,2}[A-Z]{0,2}$'"
STATUS = "case when c1 = '21' then c5 else c7 end"

# CASE, not AND: only the records concerned are then looked at.
CHECKS = [
    Check("RECORD_IDENTIFIER", "not a record type of DTF 7.3", f"c1 is null or c1 not in {RECORDS}", "left(c1, 10)"),
    Check("CHANGE_TYPE", "deleted by the file itself",
          "case when c1 in ('11', '15', '21', '24') then upper(c2) = 'D' end", "c2"),
    Check("UPRN", "UPRN is not a whole number of up to 12 digits",
          "case when c1 in ('21', '24') then as_uprn(c4) is null end"),
    Check("USRN", "USRN is not a whole number",
          "case when c1 in ('11', '15') then try_cast(clean(c4) as bigint) is null end", "c4"),
    Check("LOGICAL_STATUS", "logical status is not one of 1, 3, 5, 6, 7, 8, 9",
          f"case when c1 in ('21', '24') then not coalesce(regexp_matches(clean({STATUS}), '^[1356789]$'), false) end",
          STATUS),
    Check("BLPU_STATE", "state is not one of 1, 2, 3, 4, 6 or blank",
          "case when c1 = '21' then coalesce(clean(c6), '2') not in ('1', '2', '3', '4', '6') end", "c6"),
    Check("BLPU_CLASS", "class is missing or no class code",
          f"case when c1 = '21' then not coalesce(regexp_matches(clean(c8), {CLASS}), false) end", "c8"),
]  # fmt: skip
WARNS = [
    Warn("{n} properties have coordinates of zero: they are kept without",
         "case when c1 = '21' then as_number(c10) = 0 end"),
    Warn("{n} ward codes are not GSS codes like E05000001: they are left out, the geography tells the ward",
         "case when c1 = '21' then not is_code(clean(c19)) end"),
    Warn("{n} addresses have no usable postcode", "case when c1 = '24' and c7 = '1' then as_postcode(c25) is null end"),
]  # fmt: skip

# Homes an elector may live in: dwellings but for holiday caravans, rooms of shared houses, institutions, dual use.
HOMES = "(class like 'RD%' and class <> 'RD10' or class in ('RH02', 'RH03') or class like 'RI%' or class like 'X%')"
OCCUPIABLE = "logical_status = 1 and ended is null and (state is null or state in (2, 3))"

WORDINGS = """
create table wordings as select given, titled(given) as shown from (
    select unnest([clean(c16), clean(c21), clean(c26)]) as given from good where c1 = '24'
    union select unnest([clean(c5), clean(c6), clean(c7)]) from good where c1 = '15') where given is not null
"""

STREETS = """
create table streets as
select try_cast(clean(s.c4) as bigint) as usrn, clean(s.c9) as language,
    d.shown as street, l.shown as locality, t.shown as town
from good s left join wordings d on d.given = clean(s.c5) left join wordings l on l.given = clean(s.c6)
left join wordings t on t.given = clean(s.c7)
where s.c1 = '15' qualify row_number() over (partition by usrn, language order by line desc) = 1
"""

PROPERTIES = """
create table properties as
select line, as_uprn(c4) as uprn, clean(c8) as class, whole(c5)::int as logical_status, whole(c6)::int as state,
    as_uprn(c9) as parent_uprn, nullif(as_number(c10), 0) as easting, nullif(as_number(c11), 0) as northing,
    clean(c15) as ended, clean(c18) as organisation, case when is_code(clean(c19)) then clean(c19) end as ward
from good where c1 = '21' qualify row_number() over (partition by as_uprn(c4) order by line) = 1
"""

# One LPI is one way to say an address. The order of the lines is that of the postal address guidance (BS 7666): parts
# of a building, the building, number and street, locality, town, postcode. GOV.UK Notify takes at most seven lines and
# none that begins with a bracket or the like. Welsh streets have names of their own, so an address needs both.
COMPOSE = r"""
create macro numbered(a, b, c, d) as nullif(concat(clean(a), upper(clean(b)),
    case when coalesce(clean(c), clean(d)) is not null then '-' end, clean(c), upper(clean(d))), '');
create macro a_line(t) as
    nullif(trim(regexp_replace(regexp_replace(t, '[\[\](){}<>]', '', 'g'), '^[^\pL\pN]+', '')), '');
create macro unless_in(t, others) as case when not list_contains(others, t) then t end;
create table parts as
select l.line, as_uprn(l.c4) as uprn, clean(l.c6) as language, whole(l.c7)::int as status, s.usrn, s.street,
    sao.shown as sao, pao.shown as pao, numbered(l.c12, l.c13, l.c14, l.c15) as sao_number,
    numbered(l.c17, l.c18, l.c19, l.c20) as pao_number, coalesce(p.shown, s.town) as post_town,
    unless_in(s.locality, [coalesce(p.shown, ''), coalesce(s.town, '')]) as locality,
    unless_in(s.town, [coalesce(p.shown, s.town)]) as town, as_postcode(l.c25) as postcode
from good l
left join streets s on s.usrn = try_cast(clean(l.c22) as bigint)
    and s.language = case when clean(l.c6) = 'CYM' then 'CYM' else 'ENG' end
left join wordings sao on sao.given = clean(l.c16)
left join wordings pao on pao.given = clean(l.c21)
left join wordings p on p.given = clean(l.c26)
where l.c1 = '24';
create table addresses as
select line, uprn, language, status, usrn, street, postcode, list_filter([
    a_line(sao), a_line(case when pao is not null then concat_ws(' ', sao_number, pao) end),
    a_line(concat_ws(' ', case when pao is null then sao_number || ',' end, pao_number, street)),
    a_line(locality), a_line(town), a_line(post_town), postcode], lambda x: x is not null) as lines
from parts where uprn in (select uprn from properties);
"""

# The approved English wording speaks for a property; where there is none (provisional, historic) the next best does.
GAZETTEER = f"""
with ranked as (
    select *, row_number() over (partition by uprn order by
        coalesce(list_position([1, 6, 5, 3, 8], status), 9), language <> 'ENG', line) as place
    from addresses),
others as (
    select uprn, list(distinct array_to_string(lines, ', ') order by array_to_string(lines, ', ')) as other_addresses
    from ranked where place > 1 and status in (1, 3, 8) group by uprn)
select p.uprn, p.class, p.logical_status, p.state, p.parent_uprn, p.easting, p.northing, p.ward, p.organisation,
    array_to_string(a.lines, ', ') as address, a.lines as address_lines, a.postcode, a.street, a.usrn,
    {HOMES} and {OCCUPIABLE} as residential, coalesce(o.other_addresses, []) as other_addresses
from properties p left join ranked a on a.uprn = p.uprn and a.place = 1 left join others o on o.uprn = p.uprn
order by p.uprn
"""  # noqa: S608 - our own conditions


def locate(head: Head) -> int | None:
    for row in head.rows:
        if row and row[0] in WIDTHS:
            return -1 if len(row) == WIDTHS[row[0]] and row[1].upper() in {"I", "U", "D"} else None
    return None


def normalise(reading: Reading, _header_at: int) -> Harvest:
    open_rows(reading, header_at=None, widest=WIDEST)
    _refuse_change_only(reading)
    _check_trailer(reading)
    rejected = tabulate(reading, {f"c{n}": f"c{n}" for n in range(1, WIDEST + 1)}, CHECKS, warns=WARNS)
    reading.progress("Joining properties, addresses and streets")
    for statement in (WORDINGS, STREETS, PROPERTIES, COMPOSE):
        reading.con.execute(statement)
    rejected += _orphans(reading)
    rows = save(reading, GAZETTEER)
    refuse_if_none(reading, rows, rejected)
    _check_wards(reading)
    return Harvest(reading.rows - sum(rejected.values()), rejected, _figures(reading), rows)


def _refuse_change_only(reading: Reading) -> None:
    if scalar(reading, "select count(*) from raw where c1 = '10' and upper(clean(c9)) like 'C%'"):
        raise InputRefused(
            f"{reading.file} holds changes only. Import the full extract of the gazetteer (file type F)."
        )


def _check_trailer(reading: Reading) -> None:
    """The 99 record says how many records there are; systems differ in whether header and metadata count."""
    trailer = reading.con.execute(
        "select line, clean(c3) from raw where c1 = '99' order by line desc limit 1"
    ).fetchone()
    if trailer is None:
        raise InputRefused(f"{reading.file} has no trailer (record 99): it was cut off. Export or copy it again.")
    line, said = trailer
    around = reading.con.execute(
        "select count(*) filter (c1 in ('10', '29', '99')), count(*) filter (c1 in ('10', '99')) from raw"
    ).fetchone()
    possible = {str(reading.rows - out) for out in (0, 1, *(around or ()))}
    if said not in possible:
        raise InputRefused(
            f"{reading.file}, line {line}, RECORD_COUNT: the trailer says {str(said)[:20]} records, but the file holds "
            f"{reading.rows:,} lines with header and trailer. Part of it is missing or was added: export it again."
        )


def _orphans(reading: Reading) -> Counter[str]:
    """Addresses of properties that are not in the file, and properties given twice."""
    repeated = "the same UPRN twice"
    orphaned = "address of a property that is not in the file"
    reading.con.execute(
        "insert into rejects select line, 'UPRN', ?, null from good "
        "where c1 = '21' and line not in (select line from properties)",
        [repeated],
    )
    reading.con.execute(
        "insert into rejects select line, 'UPRN', ?, null from parts where uprn not in (select uprn from properties)",
        [orphaned],
    )
    query = "select reason, count(*) from rejects where reason in (?, ?) group by 1"
    return Counter(dict(reading.con.execute(query, [repeated, orphaned]).fetchall()))


def _check_wards(reading: Reading) -> None:
    own = reading.known.areas_sql("ward")
    if own is None:
        return
    found = scalar(reading, f"select count(*) from properties where ward in ({own})")  # noqa: S608 - our own query
    other = scalar(reading, "select mode(ward) from properties")
    if not found and other:
        raise InputRefused(
            f"{reading.file} is another authority's gazetteer: its wards ({other} and so on) are none of "
            f"{reading.authority}. Nothing was changed."
        )


def _figures(reading: Reading) -> dict[str, int]:
    row = reading.con.execute(
        f"select count(*), count(*) filter ({HOMES} and {OCCUPIABLE}), (select count(*) from addresses), "  # noqa: S608 - our own
        "(select count(*) from streets where language = 'ENG') from properties"
    ).fetchone()
    return dict(zip(("properties", "residential", "addresses", "streets"), row or (), strict=True))


FORMATS = (
    Format(
        kind="gazetteer", name="DTF 7.3 full extract", normalise=normalise, locate=locate,
        columns=("records 10, 11, 15, 21 (23 columns), 24 (29 columns) and 99, without a header",),
    ),
)  # fmt: skip
