"""Small files in the real layouts, of made-up people and places."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from engage.foundation.lake import Snapshot
from engage.foundation.office import Office

ELECTOR8 = [
    "PDCode",
    "RollNo",
    "ElectorTitle",
    "ElectorSurname",
    "ElectorForename",
    "ElectorMiddleName",
    "IERStatus",
    "DateOfAttainment",
    "FranchiseMarker",
    "RegisteredAddress1",
    "RegisteredAddress2",
    "RegisteredAddress3",
    "RegisteredAddress4",
    "RegisteredAddress5",
    "RegisteredAddress6",
    "PostCode",
    "Euro",
    "Parl",
    "County",
    "Ward",
    "SubHouse",
    "House",
    "MethodOfVerification",
    "ElectorID",
    "UPRN",
]
TRENT = "Burton upon Trent"


def cell(value: object, delimiter: str = ",") -> str:
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in (delimiter, '"', "\n")) else text


def table(header: Iterable[str], rows: Iterable[Iterable[object]], *, delimiter: str = ",", ends: str = "\r\n") -> str:
    lines = [header, *rows]
    return "".join(delimiter.join(cell(value, delimiter) for value in line) + ends for line in lines)


def elector(number: int, **cells: object) -> list[object]:
    """An ordinary elector of 1 Mill Lane, but for the cells given; roll number and id follow from `number`."""
    row = dict.fromkeys(ELECTOR8, "") | {
        "PDCode": "AN1", "RollNo": number, "ElectorSurname": f"Tester{number}", "ElectorForename": "Robin",
        "IERStatus": "V", "FranchiseMarker": "E", "RegisteredAddress1": "1 Mill Lane", "RegisteredAddress2": TRENT,
        "PostCode": "DE14 1AA", "Ward": "Anglesey", "MethodOfVerification": "D", "ElectorID": 1_000_000 + number,
        "UPRN": 100_031_000_000 + number,
    } | cells  # fmt: skip
    return [row[name] for name in ELECTOR8]


def anonymous(roll: object) -> list[object]:
    return [{"PDCode": "AN1", "RollNo": roll, "FranchiseMarker": "N"}.get(name, "") for name in ELECTOR8]


def register(*rows: list[object], **style: str) -> str:
    return table(ELECTOR8, rows, **style)  # type: ignore[arg-type]  # both styles are text


def street(
    usrn: int, name: str, locality: str = "", town: str = "BURTON UPON TRENT", language: str = "ENG"
) -> list[list[object]]:
    return [
        [11, "I", 0, usrn, 1, 3450, 2, "2001-05-09", 1, 8, 0, "2001-05-09", "2024-04-01", "2001-05-09", "", 407167.08, 337966.64, 407179.08, 338018.53, 10],
        [15, "I", 0, usrn, name, locality, town, "STAFFORDSHIRE", language],
    ]  # fmt: skip


def blpu(uprn: object, **cells: object) -> list[object]:
    row: dict[str, object] = {
        "status": 1, "state": 2, "class": "RD02", "parent": "", "x": 407179.08, "y": 337966.64, "end": "",
        "organisation": "", "ward": "E05014473",
    } | cells  # fmt: skip
    return [
        21, "I", 0, uprn, row["status"], row["state"], "2017-06-14", row["class"], row["parent"], row["x"], row["y"], 2, 3410,
        "2017-06-14", row["end"], "2025-07-29", "2017-06-14", row["organisation"], row["ward"], "", "", "", "",
    ]  # fmt: skip


def lpi(uprn: object, **cells: object) -> list[object]:
    row: dict[str, object] = dict.fromkeys(("sn", "ss", "en", "es", "sao", "pn", "ps", "qn", "qs", "pao"), "") | {
        "status": 1, "language": "ENG", "usrn": 1, "postcode": "DE14 1AA", "town": "BURTON UPON TRENT",
    } | cells  # fmt: skip
    numbers = [row[name] for name in ("sn", "ss", "en", "es", "sao", "pn", "ps", "qn", "qs", "pao")]
    return [
        24, "I", 0, uprn, f"3410L{uprn}", row["language"], row["status"], "2017-06-14", "", "2017-06-14", "2025-07-29",
        *numbers, row["usrn"], "", "Y", row["postcode"], row["town"], "Y", "", "", "",
    ]  # fmt: skip


def cross_reference(uprn: object, reference: str, source: str = "CT", key: str = "", end: str = "") -> list[object]:
    return [
        23,
        "I",
        0,
        uprn,
        "2017-06-14",
        "2025-07-29",
        "2017-06-14",
        end,
        reference,
        source,
        key or f"3410X{reference}",
    ]


def gazetteer(*records: list[object], count: int | None = None, file_type: str = "F") -> str:
    """A DTF 7.3 file: header and trailer are added, the trailer with the true count unless another is given."""
    first = [10, "A Council", 3410, "2026-06-01", 1, "2026-06-01", "06:00:00", "7.3", file_type]
    last = [99, 0, len(records) if count is None else count, "2026-06-01", "06:00:00"]
    return table(first, [*records, last])


def geography(*rows: tuple[object, str, str, str, str, str]) -> str:
    """Rows of uprn, oa, lsoa, msoa, ward, authority."""
    header = ["UPRN", "PCDS", "OA21CD", "LAD25CD", "WD25CD", "LSOA21CD", "MSOA21CD", "LSOA11CD", "OAC21IND"]
    return table(
        header,
        [[u, "DE14 1AA", oa, lad, ward, lsoa, msoa, "E01000009", "1a1"] for u, oa, lsoa, msoa, ward, lad in rows],
    )


HERE = ("E00149825", "E01029406", "E02006131", "E05014473", "E07000193")


def wards(*names: str, authority: str | None = "E07000193", x: float = -1.6, y: float = 52.8) -> str:
    def feature(number: int, name: str) -> dict[str, Any]:
        ring = [[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y]]
        properties = {"WD25CD": f"E050144{72 + number}", "WD25NM": name, "WD25NMW": " ", "LAD25CD": authority}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "properties": properties, "geometry": geometry}

    features = [feature(number, name) for number, name in enumerate(names, 1)]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(office: Office, snapshot_id: int | None, columns: str = "*", order: str = "all") -> list[tuple[Any, ...]]:
    """What a snapshot holds."""
    with office.database.session() as session:
        snapshot = session.get(Snapshot, snapshot_id)
        assert snapshot is not None
        path = office.lake.file(snapshot)
    return duckdb.sql(f"select {columns} from '{path}' order by {order}").fetchall()


def lake_bytes(office: Office) -> bytes:
    """Everything that lies in the office's home: lake, rejects and database, Parquet unpacked."""
    found = []
    for path in office.settings.home.rglob("*"):
        if path.suffix == ".parquet":
            found.append(str(duckdb.sql(f"from '{path}'").fetchall()).encode())
        elif path.is_file() and path.name != "keys":
            found.append(path.read_bytes())
    return b"\n".join(found)
