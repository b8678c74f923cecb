"""AddressBase Core: one row of 27 columns per property, with one address and the authority's own code."""

from segments.files.reading import Reading, literal
from segments.sources import flat_file
from segments.sources.format import Format, Harvest
from segments.sources.gazetteer import delivery_point

COLUMNS = tuple(
    """uprn parent_uprn udprn usrn toid classification_code easting northing latitude longitude rpc last_update_date
    single_line_address po_box organisation sub_building building_name building_number street_name locality town_name
    post_town island postcode delivery_point_suffix gss_code change_code""".split()  # noqa: SIM905 - a list would be longer
)
USED = (
    "parent_uprn", "usrn", "classification_code", "easting", "northing", "organisation", "sub_building",
    "building_name", "building_number", "street_name", "locality", "town_name", "post_town", "island", "postcode",
)  # fmt: skip

# Core holds approved addresses only and says nothing of their state.
PROPERTIES = """
create table properties as
select line, key::bigint as uprn, classification_code as class, 1 as logical_status, null::int as state,
    as_uprn(parent_uprn) as parent_uprn, nullif(as_number(easting), 0) as easting,
    nullif(as_number(northing), 0) as northing, null::date as started, false as ended, organisation,
    null::varchar as ward,
    null::bigint as successor
from records
"""
BUILDING = ("sub_building", "building_name", "building_number")
PLACES = ("locality", "town_name", "post_town", "island")
PARTS = f"""
create table parts as
select line, key, key::bigint as uprn, 'ENG' as language, 1 as status, try_cast(usrn as bigint) as usrn,
    {delivery_point(*BUILDING, "null", "street_name", *PLACES, postcode="postcode")}
from records
"""

LAYOUT = flat_file.Layout(
    name="AddressBase Core", columns=COLUMNS, used=USED, change="change_code", kind="classification_code",
    easting="easting", needed=("uprn", "udprn", "classification_code", "single_line_address", "gss_code"),
    postcodes=("postcode",), custodian="custodian", statements=(PROPERTIES, PARTS),
)  # fmt: skip


def normalise(reading: Reading, header_at: int) -> Harvest:
    return flat_file.normalise(reading, header_at, LAYOUT, f"clean(gss_code) = {literal(reading.authority)}", [])


FORMATS = (
    Format(
        kind="gazetteer", name=LAYOUT.name, normalise=normalise, locate=LAYOUT.locate, rows_need=LAYOUT.needed,
        columns=("27 columns from uprn, parent_uprn and udprn to gss_code and change_code",),
    ),
)  # fmt: skip
