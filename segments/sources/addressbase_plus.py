"""AddressBase Plus: one row of 77 columns per property, the address in the council's and Royal Mail's terms."""

from segments.files.reading import Reading
from segments.sources import flat_file, gazetteer
from segments.sources.format import Format, Harvest
from segments.sources.gazetteer import delivery_point

COLUMNS = tuple(
    """UPRN UDPRN CHANGE_TYPE STATE STATE_DATE CLASS PARENT_UPRN X_COORDINATE Y_COORDINATE LATITUDE LONGITUDE RPC
    LOCAL_CUSTODIAN_CODE COUNTRY LA_START_DATE LAST_UPDATE_DATE ENTRY_DATE RM_ORGANISATION_NAME LA_ORGANISATION
    DEPARTMENT_NAME LEGAL_NAME SUB_BUILDING_NAME BUILDING_NAME BUILDING_NUMBER SAO_START_NUMBER SAO_START_SUFFIX
    SAO_END_NUMBER SAO_END_SUFFIX SAO_TEXT ALT_LANGUAGE_SAO_TEXT PAO_START_NUMBER PAO_START_SUFFIX PAO_END_NUMBER
    PAO_END_SUFFIX PAO_TEXT ALT_LANGUAGE_PAO_TEXT USRN USRN_MATCH_INDICATOR AREA_NAME LEVEL OFFICIAL_FLAG
    OS_ADDRESS_TOID OS_ADDRESS_TOID_VERSION OS_ROADLINK_TOID OS_ROADLINK_TOID_VERSION OS_TOPO_TOID OS_TOPO_TOID_VERSION
    VOA_CT_RECORD VOA_NDR_RECORD STREET_DESCRIPTION ALT_LANGUAGE_STREET_DESCRIPTION DEPENDENT_THOROUGHFARE THOROUGHFARE
    WELSH_DEPENDENT_THOROUGHFARE WELSH_THOROUGHFARE DOUBLE_DEPENDENT_LOCALITY DEPENDENT_LOCALITY LOCALITY
    WELSH_DEPENDENT_LOCALITY WELSH_DOUBLE_DEPENDENT_LOCALITY TOWN_NAME ADMINISTRATIVE_AREA POST_TOWN WELSH_POST_TOWN
    POSTCODE POSTCODE_LOCATOR POSTCODE_TYPE DELIVERY_POINT_SUFFIX ADDRESSBASE_POSTAL PO_BOX_NUMBER WARD_CODE PARISH_CODE
    RM_START_DATE MULTI_OCC_COUNT VOA_NDR_P_DESC_CODE VOA_NDR_SCAT_CODE ALT_LANGUAGE""".split()  # noqa: SIM905 - a list would be three times as long
)
# Not kept: council tax and business rates references, links to the map, dates but that of a property's start.
USED = tuple(
    name for name in COLUMNS
    if name == "LA_START_DATE" or not (name.startswith(("OS_", "VOA_")) or name.endswith(("_DATE", "_RECORD")))
)  # fmt: skip

PROPERTIES = """
create table properties as
select line, key::bigint as uprn, class, 1 as logical_status, whole(state)::int as state,
    as_uprn(parent_uprn) as parent_uprn,
    nullif(as_number(x_coordinate), 0) as easting, nullif(as_number(y_coordinate), 0) as northing,
    as_day(la_start_date) as started, false as ended,
    coalesce(la_organisation, rm_organisation_name) as organisation,
    case when is_code(ward_code) then ward_code end as ward, null::bigint as successor
from records
"""


def _council(sao: str, pao: str, street: str, town: str) -> str:
    """The SQL of an address in the council's terms."""
    return f"""
select line, key, key::bigint as uprn, 1 as status, as_usrn(usrn) as usrn, {sao} as sao,
    numbered(sao_start_number, sao_start_suffix, sao_end_number, sao_end_suffix) as sao_number, {pao} as pao,
    numbered(pao_start_number, pao_start_suffix, pao_end_number, pao_end_suffix) as pao_number,
    {street} as street, null::varchar as place1, locality as place2, town_name as place3, {town} as place4,
    coalesce(as_postcode(postcode_locator), as_postcode(postcode)) as postcode,"""


WELSH = [
    f"coalesce(welsh_{name}, {name})" for name in (
        "dependent_thoroughfare", "thoroughfare", "double_dependent_locality", "dependent_locality", "post_town",
    )
]  # fmt: skip
BUILDING = ("sub_building_name", "building_name", "building_number")
PARTS = f"""
create macro as_usrn(t) as try_cast(clean(t) as bigint);
create table parts as
{_council("sao_text", "pao_text", "street_description", "post_town")} 'ENG' as language
from records where coalesce(sao_text, pao_text, pao_start_number, street_description) is not null
union all by name
{
    _council(
        "coalesce(alt_language_sao_text, sao_text)",
        "coalesce(alt_language_pao_text, pao_text)",
        "coalesce(alt_language_street_description, street_description)",
        "coalesce(welsh_post_town, post_town)",
    )
} coalesce(upper(alt_language), 'CYM') as language
from records where coalesce(alt_language_sao_text, alt_language_pao_text, alt_language_street_description) is not null
union all by name
select line, key, key::bigint as uprn, 'ENG' as language, 0 as status, as_usrn(usrn) as usrn,
    {
    delivery_point(
        *BUILDING,
        "dependent_thoroughfare",
        "thoroughfare",
        "double_dependent_locality",
        "dependent_locality",
        "post_town",
        postcode="postcode",
    )
}
from records where post_town is not null
union all by name
select line, key, key::bigint as uprn, 'CYM' as language, 0 as status, as_usrn(usrn) as usrn,
    {delivery_point(*BUILDING, *WELSH, postcode="postcode")}
from records where coalesce(welsh_dependent_thoroughfare, welsh_thoroughfare, welsh_post_town) is not null;
"""


LAYOUT = flat_file.Layout(
    name="AddressBase Plus", columns=COLUMNS, used=USED, change="CHANGE_TYPE", kind="CLASS", easting="X_COORDINATE",
    needed=("UPRN", "UDPRN", "CHANGE_TYPE", "STATE", "CLASS", "PAO_TEXT", "STREET_DESCRIPTION", "WARD_CODE"),
    postcodes=("POSTCODE_LOCATOR", "POSTCODE"), custodian="LOCAL_CUSTODIAN_CODE", statements=(PROPERTIES, PARTS),
)  # fmt: skip


def normalise(reading: Reading, header_at: int) -> Harvest:
    wards = reading.known.areas_sql("ward")
    here = f"clean(WARD_CODE) in ({wards})" if wards else ""
    state = gazetteer.state_check("STATE", "STATE", "upper(clean(CHANGE_TYPE)) is distinct from 'D'")
    return flat_file.normalise(reading, header_at, LAYOUT, here, [state])


FORMATS = (
    Format(
        kind="gazetteer", name=LAYOUT.name, normalise=normalise, locate=LAYOUT.locate, rows_need=LAYOUT.needed,
        columns=("77 columns from UPRN, UDPRN and CHANGE_TYPE to ALT_LANGUAGE, with or without a header",),
    ),
)  # fmt: skip
