"""Lists of other systems of the made-up council: waste collection, which spells as it likes, and business rates."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from engage.foundation.lake import current
from engage.foundation.office import Office
from segments.crosswalk.deliveries import Wanted

ONE_IN = 20  # homes is on the list of waste collection
MISSPELT, BUILDING, UNKNOWN = 7, 5, 90  # one in so many rows; of flats, those that do not say which
COLLECTED = """
select address, postcode, parent_uprn is not null from read_parquet(?) where residential
qualify row_number() over (order by uprn) % ? = 0 order by uprn
"""
SHOPS = """
select coalesce(organisation || ', ', '') || address, postcode from read_parquet(?) where class like 'C%' order by uprn
"""
Row = tuple[str, str]  # the address without its postcode, and that


def write_lists(office: Office, authority: str, folder: Path) -> list[Wanted]:
    with office.database.session() as session:
        gazetteer = current(session, authority, "gazetteer")
    assert gazetteer is not None
    path = str(office.lake.file(gazetteer))
    homes = duckdb.execute(COLLECTED, [path, ONE_IN]).fetchall()
    shops = duckdb.execute(SHOPS, [path]).fetchall()
    waste = _write(folder / "waste_collection.csv", "W", _collected(homes))
    rates = _write(folder / "business_rates.csv", "N", ((_street(*shop), shop[1]) for shop in shops))
    return [Wanted(waste, "Waste collection"), Wanted(rates, "Business rates")]


def _collected(homes: Iterable[tuple[str, str, bool]]) -> Iterator[Row]:
    for place, (address, postcode, within) in enumerate(homes, 1):
        said = _street(address, postcode)
        if place % UNKNOWN == 0:
            yield f"{place} Nowhere Lane, Elsewhere", "ZZ9 9ZZ"
            continue
        if within and place % BUILDING == 0:
            said = said.partition(", ")[2]
        elif place % MISSPELT == 0:
            said = _misspelt(said)
        yield said, postcode


def _street(address: str, postcode: str) -> str:
    return address.removesuffix(f", {postcode}").upper().replace(" STREET", " ST")


def _misspelt(address: str) -> str:
    """Two letters of the street swapped."""
    street = address.rindex(" ", 0, address.rindex(","))
    return f"{address[: street - 3]}{address[street - 2]}{address[street - 3]}{address[street - 1 :]}"


def _write(path: Path, letter: str, rows: Iterable[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Account no", "Property address", "Postcode"])
        writer.writerows((f"{letter}{place:06d}", *row) for place, row in enumerate(rows, 1))
    return path
