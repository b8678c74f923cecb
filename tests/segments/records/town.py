"""A register of 120 made-up homes, and the records of other systems that tests write of some of them."""

import csv
from pathlib import Path

from engage.demo.borough import Borough
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.records import known
from segments.records.arrival import bring_in
from segments.records.layouts import of_sources

COUNCIL_TAX = (
    "account_ref", "property_ref", "uprn", "name_1", "name_2", "address_1", "address_2", "address_3", "address_4",
    "postcode", "band", "liable_from", "liable_to", "discount", "exemption", "contact_address",
)  # fmt: skip
PLANTED = ("Quibblesworth", "Zimmerfeather", "Oxtailbury", "Yardlewick")  # on no register


class Town:
    """A register of 120 homes, and records of some of them."""

    def __init__(self, folder: Path, borough: Borough) -> None:
        self.folder, self.borough = folder, borough
        self.office = Office(Settings(home=folder / "home"), SteppedClock(at_london(borough.as_at, 10)))
        self.actor = Actor(borough.authority_code, "officer 1")

    def electors(self) -> list[dict[str, str]]:
        path = dict(self.borough.files)["register"]
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return [
            row for row in rows if row["UPRN"] and row["FranchiseMarker"] != "N" and len(row["ElectorForename"]) > 3
        ]

    def write(self, name: str, columns: tuple[str, ...], rows: list[dict[str, str]]) -> Path:
        return written(self.folder / f"{name}.csv", rows, columns)

    def import_(self, **paths: Path) -> dict[tuple[str, int], dict[str, object]]:
        bring_in(self.office, self.actor, of_sources([*paths.values()], [*paths]), self.borough.as_at)
        names = known.held(self.office, self.actor.authority).names
        return {(row["ref"], row["name_no"]): row for row in names.to_dicts()}


def account(elector: dict[str, str], ref: str, name: str, **more: str) -> dict[str, str]:
    return {
        "account_ref": ref, "uprn": elector["UPRN"], "name_1": name, "address_1": elector["RegisteredAddress1"],
        "address_2": elector["RegisteredAddress2"], "postcode": elector["PostCode"], "liable_from": "01/02/2020",
    } | more  # fmt: skip


def written(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = ()) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or tuple(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def alone(electors: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    """Electors of different homes of one, so that nobody else there could be meant."""
    homes = [elector["UPRN"] for elector in electors]
    return [elector for elector in electors if homes.count(elector["UPRN"]) == 1][:count]
