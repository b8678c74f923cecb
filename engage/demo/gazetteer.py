"""Writes the made-up properties as a DTF 7.3 gazetteer, and as the ONS directory of UPRNs and areas."""

import csv
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from engage.demo.geography import AUTHORITY, AUTHORITY_NAME, BoroughMap
from engage.demo.homes import CUSTODIAN
from engage.demo.words import words

COUNCIL = f"{AUTHORITY_NAME} Borough Council"
ENTERED = "2001-05-09"
UPDATED = "2025-09-30"
GONE_ON = "2014-03-31"
HISTORICAL, ALTERNATIVE = 8, 3  # logical status
POST_TOWN = AUTHORITY_NAME.upper()
COUNTY = "Exampleshire"
DIRECTORY = words(
    "UPRN GRIDGB1E GRIDGB1N PCDS OA21CD CTY25CD CED25CD LAD25CD WD25CD HLTH19CD CTRY25CD RGN25CD PCON24CD EER20CD "
    "TTWA15CD ITL25CD NPARK16CD LSOA21CD MSOA21CD WZ11CD SICBL26CD BUA24CD BUASD11CD RUC21IND OAC21IND LEP21CD1 "
    "LEP21CD2 PFA23CD IMD19IND"
)


def write_gazetteer(path: Path, borough: BoroughMap, properties: pd.DataFrame, as_at: date) -> None:
    """Records 11 and 15 per street; 21, 24 and (for homes) 23 per property; 10, 29 and 99 around them."""
    records = [*_streets(properties), *_properties(borough, properties)]
    lines = [f'10,"{COUNCIL}",{CUSTODIAN},{as_at},1,{as_at},06:00:00,"7.3","F"']
    lines += [f'{kind},"I",{order},{rest}' for order, (kind, rest) in enumerate(records, 1)]
    lines.append(
        f'29,"{AUTHORITY_NAME} LLPG","{AUTHORITY_NAME}","All","LSG, LLPG","{COUNCIL}","M","{COUNCIL}",'
        f'{properties["uprn"].iloc[0]},{CUSTODIAN},"British National Grid","Metres",{as_at},"DTF 7.3",'
        f'{as_at},"ENG","UTF-8"'
    )
    lines.append(f"99,0,{len(records)},{as_at},06:00:00")
    path.write_bytes("".join(line + "\r\n" for line in lines).encode())


def _streets(properties: pd.DataFrame) -> Iterator[tuple[int, str]]:
    for usrn, street in properties.groupby("usrn", sort=False):
        first, last = street.iloc[[0, -1]].to_dict("records")
        ends = ",".join(f"{end[axis]:.2f}" for end in (first, last) for axis in ("easting", "northing"))
        yield 11, f"{usrn},1,{CUSTODIAN},2,{ENTERED},1,8,0,{ENTERED},2024-04-01,{ENTERED},,{ends},10"
        names = (first["street"], first["locality"], POST_TOWN, COUNTY)
        yield 15, f'{usrn},{",".join(_text(name.upper()) for name in names)},"ENG"'


def _properties(borough: BoroughMap, properties: pd.DataFrame) -> Iterator[tuple[int, str]]:
    for place, row in enumerate(properties.to_dict("records"), 1):
        end = GONE_ON if row["status"] == HISTORICAL else ""
        yield 21, _property(borough, row, end)
        yield 24, _address(row, f"{CUSTODIAN}L{place:09d}", row["status"], end, row["house_name"])
        if row["house_name"] and row["number"] and row["home"]:
            yield 24, _address(row, f"{CUSTODIAN}L{place + 500_000_000:09d}", ALTERNATIVE, end, "")
        if row["home"]:
            reference = f'"{100_000 + place}","ER","{CUSTODIAN}X{place:09d}"'
            yield 23, f"{row['uprn']},{ENTERED},{UPDATED},{ENTERED},,{reference}"


def _property(borough: BoroughMap, row: Mapping[Hashable, Any], end: str) -> str:
    fields = [
        row["uprn"],
        row["status"],
        row["state"],
        end or ENTERED,
        _text(row["blpu_class"]),
        row["parent"] or "",
        f"{row['easting']:.2f},{row['northing']:.2f},1,{CUSTODIAN}",
        f"{ENTERED},{end},{UPDATED},{ENTERED}",
        _text(row["organisation"]),
        _text(borough.ward_code(row["ward"])),
        ",,,",
    ]
    return ",".join(map(str, fields))


def _address(row: Mapping[Hashable, Any], key: str, status: int, end: str, name: str) -> str:
    digits, suffix = row["number"].rstrip("ABCDE"), row["number"].lstrip("0123456789")
    fields = [
        row["uprn"],
        _text(key),
        _text("ENG"),
        status,
        f"{ENTERED},{end},{ENTERED},{UPDATED}",
        ",,,",
        _text(row["unit"]),
        digits,
        _text(suffix),
        ",",
        _text(name),
        row["usrn"],
        "",
        _text("N" if row["shell"] else "Y"),
        _text(row["postcode"]),
        _text(POST_TOWN),
        _text("Y"),
        ",,",
    ]
    return ",".join(map(str, fields))


def _text(value: str) -> str:
    return f'"{value}"' if value else ""


def write_directory(path: Path, borough: BoroughMap, properties: pd.DataFrame) -> None:
    fixed = {"LAD25CD": AUTHORITY, "CTRY25CD": "E92000001", "NPARK16CD": "E99999999"}
    kept = properties[properties["status"] == 1]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, DIRECTORY, restval="", lineterminator="\n")
        writer.writeheader()
        for row in kept.to_dict("records"):
            areas = {
                "UPRN": row["uprn"],
                "GRIDGB1E": round(row["easting"]),
                "GRIDGB1N": round(row["northing"]),
                "PCDS": row["postcode"],
                "OA21CD": borough.oa_code(row["oa"]),
                "WD25CD": borough.ward_code(row["ward"]),
                "LSOA21CD": borough.lsoa_code(row["lsoa"]),
                "MSOA21CD": borough.msoa_code(row["lsoa"]),
            }
            writer.writerow(fixed | areas)
