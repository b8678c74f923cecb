"""DTF 7.3, the transfer file of local gazetteers (BS 7666:2006): a full extract, or the changes since."""

from functools import partial

from engage.foundation.errors import InputRefused
from segments.files.reading import Reading
from segments.sources import gazetteer, transfer_file
from segments.sources.format import Check, Format, Harvest, Warn, scalar
from segments.sources.transfer_file import DTF, STAYS

RECORDS = ("10", "11", "12", "13", "14", "15", "21", "22", "23", "24", "25", "26", "27", "29", "98", "99")
KEPT = ("11", "15", "21", "23", "24")
UNUSED = "c1 in ('12', '13', '14', '22', '25', '26', '27', '29', '98', '99')"
PROPERTY = f"c1 = '21' and {STAYS}"

# CASE, not AND: only the records concerned are then looked at.
CHECKS = [
    Check("RECORD_IDENTIFIER", "not a record type of DTF 7.3", f"c1 is null or c1 not in {RECORDS}", "left(c1, 10)"),
    transfer_file.STATUS,
    gazetteer.state_check("BLPU_STATE", "c6", PROPERTY),
    gazetteer.class_check("BLPU_CLASS", "c8", PROPERTY),
]  # fmt: skip
WARNS = [
    Warn("{n} properties have coordinates of zero: they are kept without",
         f"case when {PROPERTY} then as_number(c10) = 0 end"),
    Warn("{n} ward codes are not GSS codes like E05000001: they are left out, the geography tells the ward",
         f"case when {PROPERTY} then not is_code(clean(c19)) end"),
    Warn("{n} addresses have no usable postcode",
         f"case when c1 = '24' and {STAYS} and c7 = '1' then as_postcode(c25) is null end"),
]  # fmt: skip

PROPERTIES = """
create table properties as
select line, as_uprn(c4) as uprn, clean(c8) as class, whole(c5)::int as logical_status, whole(c6)::int as state,
    as_uprn(c9) as parent_uprn, nullif(as_number(c10), 0) as easting, nullif(as_number(c11), 0) as northing,
    as_day(c14) as started, has_ended(c15) as ended, clean(c18) as organisation,
    case when is_code(clean(c19)) then clean(c19) end as ward,
    null::bigint as successor
from records where record = '21' qualify row_number() over (partition by as_uprn(c4) order by line) = 1
"""
PARTS = "create table parts as " + transfer_file.ADDRESSES.format(
    post_town="clean(l.c26)", postcode="as_postcode(l.c25)", beside=""
)


# By which other systems call a property: CT is council tax, ER the electoral management system.
CROSS_REFERENCES = """
select as_uprn(c4) as uprn, clean(c9) as reference, upper(clean(c10)) as source, as_day(c5) as started,
    as_day(c8) as ended
from records where record = '23'
"""


def normalise(reading: Reading, _header_at: int) -> Harvest:
    changes = transfer_file.begin(reading, DTF)
    rejected, changed = transfer_file.tabulate_records(
        reading, CHECKS, WARNS, records=KEPT, unused=UNUSED, changes=changes
    )
    for statement in (transfer_file.STREETS, PROPERTIES, PARTS, gazetteer.COMPOSE):
        reading.con.execute(statement)
    rejected += transfer_file.orphans(reading)
    _check_wards(reading)
    return gazetteer.harvest(reading, rejected, changed, transfer_file.HOW_MANY_STREETS, CROSS_REFERENCES)


def _check_wards(reading: Reading) -> None:
    own = reading.known.areas_sql("ward")
    if own is None:
        return
    found = scalar(reading, f"select count(*) from properties where ward in ({own})")
    other = scalar(reading, "select mode(ward) from properties")
    if not found and other:
        raise InputRefused(
            f"{reading.file} is another authority's gazetteer: its wards ({other} and so on) are none of "
            f"{reading.authority}. Nothing was changed."
        )


FORMATS = (
    Format(
        kind="gazetteer", name=f"{DTF} full extract", normalise=normalise,
        locate=partial(transfer_file.locate, name=DTF, changes=False),
        columns=("records 10, 11, 15, 21 (23 columns), 24 (30 columns) and 99, without a header",),
    ),
    Format(
        kind="gazetteer", name=f"{DTF} changes", normalise=normalise,
        locate=partial(transfer_file.locate, name=DTF, changes=True),
        columns=("the same records as changes (file type C) to a full extract imported before",),
    ),
)  # fmt: skip
