"""AddressBase Premium, of a council, a region or the country: a full supply, or the changes since.

Beside the records of the local gazetteers it has Royal Mail's delivery points (28), organisations (31), classes (32),
cross references (23) and what took the place of a property (30).
"""

from functools import partial

from engage.foundation.errors import InputRefused
from segments.files.reading import Head, Reading
from segments.sources import gazetteer, transfer_file
from segments.sources.format import Check, Format, Harvest, Warn, headed_by, scalar
from segments.sources.gazetteer import delivery_point
from segments.sources.transfer_file import PREMIUM, STAYS

RECORDS = ("10", "11", "15", "21", "23", "24", "28", "29", "30", "31", "32", "99")
KEPT = ("11", "15", "21", "23", "24", "28", "30", "31", "32")
SCHEME = "lower(clean(c7)) = 'addressbase premium classification scheme'"
WARD = "clean(c8) = '7666OW'"
# The Valuation Office's references are those of council tax and of business rates.
RATED = "clean(c8) in ('7666VC', '7666VN')"
# Of the cross references the rest is of no use here, of the classes only those of AddressBase's own scheme are.
UNUSED = (
    f"c1 in ('29', '99') or case when c1 = '23' then ({WARD} or {RATED}) is not true "
    f"when c1 = '32' then {SCHEME} is not true end"
)
PROPERTY = f"c1 = '21' and {STAYS}"
# Before 2016 a property had no latitude, longitude and country: its start date then stands where RPC stands now.
EARLY = "coalesce(regexp_matches(c13, '^\\d{4}-'), false)"


def _since(early: int, now: int) -> str:
    return f"case when {EARLY} then c{early} else c{now} end"


CHECKS = [
    Check("RECORD_IDENTIFIER", "not a record type of AddressBase Premium", f"c1 is null or c1 not in {RECORDS}",
          "left(c1, 10)"),
    transfer_file.STATUS,
    gazetteer.state_check("BLPU_STATE", "c6", PROPERTY),
    gazetteer.class_check("CLASSIFICATION_CODE", "c6", f"c1 = '32' and {STAYS}"),
]  # fmt: skip
WARNS = [
    Warn("{n} properties have coordinates of zero: they are kept without",
         f"case when {PROPERTY} then as_number(c9) = 0 end"),
]  # fmt: skip

CLAIMS = f"""
select as_uprn(c4) as uprn, clean({_since(12, 14)}) as custodian from raw where c1 = '21'
"""


def _newest(record: str, ended: int, started: int, cells: str, of: str = "true") -> str:
    """Of the records of a property, the one that speaks for it now."""
    return (
        f"(select as_uprn(c4) as uprn, {cells} from records where record = '{record}' and {of} qualify "
        f"row_number() over (partition by as_uprn(c4) order by has_ended(c{ended}), as_day(c{started}) desc "
        "nulls last, key, line) = 1)"
    )


PROPERTIES = f"""
create table properties as
select b.line, b.uprn, k.class, b.logical_status, b.state, b.parent_uprn, b.easting, b.northing, b.started, b.ended,
    o.organisation, w.ward, s.successor, b.postcode
from (
    select line, as_uprn(c4) as uprn, whole(c5)::int as logical_status, whole(c6)::int as state,
        as_uprn(c8) as parent_uprn, nullif(as_number(c9), 0) as easting, nullif(as_number(c10), 0) as northing,
        as_day({_since(13, 16)}) as started, has_ended({_since(14, 17)}) as ended,
        as_postcode({_since(18, 21)}) as postcode
    from records where record = '21' qualify row_number() over (partition by as_uprn(c4) order by line) = 1) b
left join {_newest("32", 10, 9, "clean(c6) as class")} k on k.uprn = b.uprn
left join {_newest("31", 9, 8, "case when not has_ended(c9) then clean(c6) end as organisation")} o on o.uprn = b.uprn
left join {_newest("23", 10, 9, "case when is_code(clean(c6)) then clean(c6) end as ward", WARD)} w on w.uprn = b.uprn
left join {_newest("30", 7, 6, "as_uprn(c10) as successor")} s on s.uprn = b.uprn
"""
CROSS_REFERENCES = f"""
select as_uprn(c4) as uprn, clean(c6) as reference,
    case clean(c8) when '7666VC' then 'VOA council tax' else 'VOA business rates' end as source,
    as_day(c9) as started, as_day(c10) as ended
from records where record = '23' and {RATED}
"""
POINTS = """
create table points as
select *, as_uprn(c4) as uprn,
    row_number() over (partition by as_uprn(c4) order by as_day(c26) desc nulls last, key, line) as place
from records where record = '28' and not has_ended(c27)
"""

WELSH = [f"coalesce(c{welsh}, c{english})" for welsh, english in ((19, 11), (20, 12), (21, 13), (22, 14), (23, 15))]
PARTS = f"""
create table parts as
{
    transfer_file.ADDRESSES.format(
        post_town="clean(d.c15)",
        postcode="coalesce(p.postcode, as_postcode(d.c16))",
        beside="left join properties p on p.uprn = as_uprn(l.c4) "
        "left join points d on d.uprn = as_uprn(l.c4) and d.place = 1",
    )
}
union all by name
select line, key, uprn, 'ENG' as language, 0 as status,
    {delivery_point("c8", "c9", "c10", "c11", "c12", "c13", "c14", "c15", postcode="c16")} from points
union all by name
select line, key, uprn, 'CYM' as language, 0 as status,
    {delivery_point("c8", "c9", "c10", *WELSH, postcode="c16")} from points
where coalesce(c19, c20, c21, c22, c23) is not null
"""


SPLIT = {
    "blpu_state": "the properties (record 21)", "lpi_key": "the addresses (record 24)",
    "udprn": "the delivery points (record 28)", "class_key": "the classes (record 32)",
    "org_key": "the organisations (record 31)", "succ_key": "the successors (record 30)",
    "xref_key": "the cross references (record 23)", "swa_org_ref_naming": "the streets (record 11)",
    "usrn": "the street names (record 15)",
}  # fmt: skip
split = headed_by("RECORD_IDENTIFIER", "CHANGE_TYPE", "PRO_ORDER")


def locate(head: Head) -> int | None:
    mixed = transfer_file.locate(head, PREMIUM, changes=False)
    return split(head) if mixed is None else mixed


def normalise(reading: Reading, header_at: int) -> Harvest:
    if header_at >= 0:
        _refuse_split(reading, header_at)
    changes = transfer_file.begin(reading, PREMIUM)
    wards = reading.known.areas_sql("ward")
    here = f"select as_uprn(c4) as uprn from raw where c1 = '23' and {WARD} and clean(c6) in ({wards})" if wards else ""
    stranger = gazetteer.keep_own(reading, CLAIMS, here=here, changes=changes).format("as_uprn(c4)")
    stranger = stranger and f"case when c1 in ('21', '23', '24', '28', '30', '31', '32') then {stranger} end"
    elsewhere = gazetteer.leave_out(reading, stranger)
    rejected, changed = transfer_file.tabulate_records(
        reading, CHECKS, WARNS, records=KEPT, unused=f"({UNUSED}) or {elsewhere}", changes=changes
    )
    for statement in (transfer_file.STREETS, PROPERTIES, POINTS, PARTS, gazetteer.COMPOSE):
        reading.con.execute(statement)
    rejected += transfer_file.orphans(reading)
    _say_what_lacks(reading)
    return gazetteer.harvest(
        reading, rejected, changed, "select count(distinct usrn) from addresses", CROSS_REFERENCES
    )  # fmt: skip


def _refuse_split(reading: Reading, header_at: int) -> None:
    """A supply can be split into one file per record type, each with a header line; one alone tells too little."""
    names = reading.head.header(header_at)
    what = next((words for name, words in SPLIT.items() if name in names), "one type of records")
    raise InputRefused(
        f"{reading.file} holds only {what} of AddressBase Premium. Import the file as Ordnance Survey supplies it, "
        "with all records mixed (it begins with record 10), not split by record type. Nothing was changed."
    )


def _say_what_lacks(reading: Reading) -> None:
    lacks = {
        "properties have no class of AddressBase's own scheme: they do not count as homes": "class is null",
        "properties have no usable postcode": "uprn not in (select uprn from parts where postcode is not null)",
    }
    for sentence, condition in lacks.items():
        if count := scalar(reading, f"select count(*) from properties where {condition}"):
            reading.warnings.append(f"{count:,} {sentence}")


FORMATS = (
    Format(
        kind="gazetteer", name=f"{PREMIUM} full supply", normalise=normalise, locate=locate,
        columns=("records 10, 11, 15, 21 (22 columns), 24 (26 columns), 28, 32 and 99, without a header",),
    ),
    Format(
        kind="gazetteer", name=f"{PREMIUM} changes", normalise=normalise,
        locate=partial(transfer_file.locate, name=PREMIUM, changes=True),
        columns=("the same records as changes (file type C) to a full supply imported before",),
    ),
)  # fmt: skip
