"""Writes the made-up properties as a DTF 7.3 gazetteer, and as the ONS directory of UPRNs and areas."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd

from engage.demo.geography import AUTHORITY, AUTHORITY_NAME, BoroughMap
from engage.demo.homes import CUSTODIAN

COUNCIL = f"{AUTHORITY_NAME} Borough Council"
ENTERED = "2001-05-09"
GONE_ON = "2014-03-31"
POST_TOWN = AUTHORITY_NAME.upper()
DIRECTORY = (
    "UPRN GRIDGB1E GRIDGB1N PCDS OA21CD CTY25CD CED25CD LAD25CD WD25CD HLTH19CD CTRY25CD RGN25CD PCON24CD EER20CD "
    "TTWA15CD ITL25CD NPARK16CD LSOA21CD MSOA21CD WZ11CD SICBL26CD BUA24CD BUASD11CD RUC21IND OAC21IND LEP21CD1 "
    "LEP21CD2 PFA23CD IMD19IND"
).split()


def write_gazetteer(path: Path, borough: BoroughMap, properties: pd.DataFrame, as_at: date) -> None:
    """Records 11 and 15 per street; 21, 24 and (for homes) 23 per property; 10, 29 and 99 around them."""
    records = [*_streets(properties), *_properties(borough, properties)]
    lines = [f'10,"{COUNCIL}",{CUSTODIAN},{as_at},1,{as_at},06:00:00,"7.3","F"']
    lines += [f'{kind},"I",{order},{rest}' for order, (kind, rest) in enumerate(records, 1)]
    lines.append(
        f'29,"{AUTHORITY_NAME} LLPG","{AUTHORITY_NAME}","All","LSG, LLPG","{COUNCIL}","M","{COUNCIL}",'
        f'{properties["uprn"].iloc[0]},{CUSTODIAN},"British National Grid","Metres",{as_at},"DTF 7.3",{as_at},"ENG","UTF-8"'
    )
    lines.append(f"99,0,{len(records)},{as_at},06:00:00")
    path.write_bytes("".join(line + "\r\n" for line in lines).encode())


def _streets(properties: pd.DataFrame) -> Iterator[tuple[int, str]]:
    for usrn, street in properties.groupby("usrn", sort=False):
        first, last = street.iloc[0], street.iloc[-1]
        ends = f"{first.easting:.2f},{first.northing:.2f},{last.easting:.2f},{last.northing:.2f}"
        yield 11, f"{usrn},1,{CUSTODIAN},2,{ENTERED},1,8,0,{ENTERED},2024-04-01,{ENTERED},,{ends},10"
        named = f"{_text(first.street.upper())},{_text(first.locality.upper())},{_text(POST_TOWN)}"
        yield 15, f'{usrn},{named},{_text(COUNCIL.upper())},"ENG"'


def _properties(borough: BoroughMap, properties: pd.DataFrame) -> Iterator[tuple[int, str]]:
    for place, row in enumerate(properties.itertuples(index=False), 1):
        end = GONE_ON if row.status == 8 else ""
        dates = f"{ENTERED},{end},2025-09-30,{ENTERED}"
        parent = row.parent or ""
        ward = borough.ward_code(row.ward)
        yield (
            21,
            f"{row.uprn},{row.status},{row.state},{end or ENTERED},{_text(row.blpu_class)},{parent},"
            f'{row.easting:.2f},{row.northing:.2f},1,{CUSTODIAN},{dates},{_text(row.organisation)},"{ward}",,,,',
        )
        yield 24, _address(row, f"{CUSTODIAN}L{place:09d}", row.status, end, row.house_name)
        if row.house_name and row.number and row.home:
            yield 24, _address(row, f"{CUSTODIAN}L{place + 500_000_000:09d}", 3, end, "")
        if row.home:
            reference = f'"{100_000 + place}","ER","{CUSTODIAN}X{place:09d}"'
            yield 23, f"{row.uprn},{ENTERED},2025-09-30,{ENTERED},,{reference}"


def _address(row: object, key: str, status: int, end: str, name: str) -> str:
    number: str = row.number  # type: ignore[attr-defined] # pandas' rows have no type of their own
    digits, suffix = number.rstrip("ABCDE"), number.lstrip("0123456789")
    postal = "N" if row.shell else "Y"  # type: ignore[attr-defined] # see above
    return (
        f'{row.uprn},"{key}","ENG",{status},{ENTERED},{end},{ENTERED},2025-09-30,,,,,{_text(row.unit)},'  # type: ignore[attr-defined] # see above
        f'{digits},{_text(suffix)},,,{_text(name)},{row.usrn},,"{postal}",{_text(row.postcode)},"{POST_TOWN}","Y",,,'  # type: ignore[attr-defined] # see above
    )


def _text(value: str) -> str:
    return f'"{value}"' if value else ""


def write_directory(path: Path, borough: BoroughMap, properties: pd.DataFrame) -> None:
    fixed = {"LAD25CD": AUTHORITY, "CTRY25CD": "E92000001", "NPARK16CD": "E99999999"}
    kept = properties[properties["status"] == 1]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, DIRECTORY, restval="", lineterminator="\n")
        writer.writeheader()
        for row in kept.itertuples(index=False):
            areas = {
                "UPRN": row.uprn,
                "GRIDGB1E": round(row.easting),
                "GRIDGB1N": round(row.northing),
                "PCDS": row.postcode,
                "OA21CD": borough.oa_code(row.oa),
                "WD25CD": borough.ward_code(row.ward),
                "LSOA21CD": borough.lsoa_code(row.lsoa),
                "MSOA21CD": borough.msoa_code(row.lsoa),
            }
            writer.writerow(fixed | areas)
