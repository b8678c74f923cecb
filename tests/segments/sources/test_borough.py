"""Every file of the real-format borough, held against what is true of it."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlmodel import SQLModel

from engage.foundation.clock import SteppedClock
from engage.foundation.identity import Authority
from engage.foundation.lake import current
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.importing.imports import ImportReport, import_file
from segments.safeguards.suppression import suppressed_contacts, suppressed_households
from segments.sources.indicators import INDICATORS
from tests.conftest import EAST_STAFFORDSHIRE, START

pytestmark = [pytest.mark.borough]
AS_AT = date(2026, 6, 1)
TABLES = ("ts003", "ts007a", "ts017", "ts019", "ts021", "ts029", "ts054", "ts068")
FILES = {
    "boundaries": "wards.geojson", "gazetteer": "gazetteer_dtf73.csv", "geography": "onsud.csv",
    **{table: f"census2021-{table}-oa.csv" for table in TABLES}, "imd2025": "imd2025_file7.csv",
    "population": "mid_year_population_lsoa.csv", "protected": "protected_addresses.csv", "contacts": "contacts.csv",
    "suppressions": "suppressions.csv", "register": "register_2026-06-01.csv",
}  # fmt: skip


class Borough:
    """An office with all files imported (gzipped as they lie), and their reports."""

    def __init__(self, home: Path, data: Path) -> None:
        self.truth = data / "truth"
        self.office = Office(Settings(home=home), SteppedClock(START))
        self.actor = Actor(EAST_STAFFORDSHIRE, "officer 1", 1)
        SQLModel.metadata.create_all(self.office.database.engine)
        with self.office.database.session() as session:
            session.add(Authority(code=EAST_STAFFORDSHIRE, name="East Staffordshire"))
        self.reports: dict[str, ImportReport] = {}
        for name, file in FILES.items():
            kind = "indicator" if name in (*TABLES, "imd2025") else name
            self.reports[name] = import_file(
                self.office, self.actor, kind, data / f"{file}.gz", AS_AT, accept_problems=True
            )

    def planted(self, file: str) -> Counter[str]:
        """How many rows of each kind were made bad in a file."""
        query = f"select kind, count(*) from '{self.truth}/bad_rows.parquet' where file = '{file}' group by 1"
        return Counter(dict(duckdb.sql(query).fetchall()))

    def lake(self, kind: str, name: str | None = None) -> str:
        with self.office.database.session() as session:
            snapshot = current(session, self.actor.authority, kind, name)
            assert snapshot is not None
            return f"'{self.office.lake.file(snapshot)}'"

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return duckdb.sql(query).fetchall()


@pytest.fixture(scope="module")
def borough(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Borough:
    return Borough(tmp_path_factory.mktemp("borough"), shared / "data" / "east-staffordshire")


def test_all_rows_of_all_files_are_accounted_for(borough: Borough) -> None:
    for report in borough.reports.values():
        assert report.rows_read == report.accepted + sum(report.rejected.values())
    read = {name: report.rows_read for name, report in borough.reports.items()}
    assert read == {
        "boundaries": 16, "gazetteer": 235_879, "geography": 60_756, **dict.fromkeys(TABLES, 384), "imd2025": 72, "population": 72,
        "protected": 14, "contacts": 30_065, "suppressions": 588, "register": 90_635,
    }  # fmt: skip
    whole = {name for name, report in borough.reports.items() if not report.rejected}
    assert whole == set(FILES) - {"contacts", "suppressions", "register"}


def test_a_register_loses_only_the_special_and_the_overseas(borough: Borough) -> None:
    planted, report = borough.planted("register_2026-06-01.csv"), borough.reports["register"]
    assert report.rejected == {
        "special entry, not imported": planted["anonymous"], "other elector, no residential address": planted["overseas"],
    }  # fmt: skip
    [(known,)] = borough.ask(
        f"select count(*) from '{borough.truth}/electors.parquet' where on1 and marker not in ('N', 'F')"
    )
    assert report.accepted == known == report.figures["electors"]
    lost, dates = planted["uprn_scientific"], planted["bad_date"]
    assert f"{lost} UPRNs were turned into numbers" in report.warnings[0]
    assert any(warning.startswith(f"{dates} dates of attainment") for warning in report.warnings)


def test_every_elector_of_the_register_is_the_true_one(borough: Borough) -> None:
    """Line by line: the UPRN is what the election system holds, however it was written, or nothing."""
    [(wrong, missing, compared)] = borough.ask(f"""
        select count(*) filter (r.uprn is not null and r.uprn <> e.uprn), count(*) filter (r.uprn is null), count(*)
        from {borough.lake("register")} r join '{borough.truth}/electors.parquet' e on e.line = r.line
        where e.ems_kind is null or e.ems_kind not like '%wrong_uprn%' and e.ems_kind not like '%not_in_gazetteer%'
            and e.ems_kind not like '%parent%'""")
    assert compared > 85_000
    assert wrong == 0
    assert missing <= 0.03 * compared
    attainers = f"select count(*) from {borough.lake('register')} where attainment is not null"
    [(true_dates,)] = borough.ask(
        f"select count(*) from '{borough.truth}/electors.parquet' where on1 and doa_text <> '' and marker not in ('N', 'F')"
    )
    assert borough.ask(attainers) == [(true_dates - borough.planted("register_2026-06-01.csv")["bad_date"],)]


def test_the_homes_of_the_gazetteer_are_the_true_homes(borough: Borough) -> None:
    report = borough.reports["gazetteer"]
    assert (report.figures["properties"], report.figures["addresses"], report.figures["streets"]) == (
        61_407,
        66_347,
        1_554,
    )
    [(extra, absent, homes)] = borough.ask(f"""
        select count(*) filter (h.uprn is null), count(*) filter (g.uprn is null), count(*)
        from (from {borough.lake("gazetteer")} where residential) g
        full join (from '{borough.truth}/homes.parquet' where status not in ('planned', 'under_construction', 'holiday')) h
            on g.uprn = h.uprn""")
    assert (extra, absent, homes) == (0, 0, report.figures["residential"])
    zero = borough.planted("gazetteer_dtf73.csv")["zero_coordinates"]
    assert borough.ask(f"select count(*) from {borough.lake('gazetteer')} where easting is null") == [(zero,)]


def test_every_home_can_be_written_to_by_letter(borough: Borough) -> None:
    rows = borough.ask(
        f"select address_lines, postcode, address from {borough.lake('gazetteer')} where residential and postcode is not null"
    )
    assert len(rows) > 53_000
    for lines, postcode, address in rows:
        assert 3 <= len(lines) <= 7
        assert lines[-1] == postcode
        assert address == ", ".join(lines)
        assert address != address.upper()
        assert all(line[0].isalnum() for line in lines)


def test_contacts_without_ground_or_sense_stay_out(borough: Borough) -> None:
    planted, report = borough.planted("contacts.csv"), borough.reports["contacts"]
    source = f"read_csv('{borough.truth.parent}/contacts.csv.gz', all_varchar = true, parallel = false)"
    unfounded = f"select line from (select row_number() over () + 1 as line, lawful_basis from {source}) where lawful_basis is null"
    assert borough.ask(f"select count(*) from ({unfounded})") == [(report.rejected["no lawful basis"],)]
    bad = f"from '{borough.truth}/bad_rows.parquet' where file = 'contacts.csv' and kind in ('notify_simulator', 'invalid_value')"
    explained = borough.ask(f"select line {bad} union {unfounded} order by 1")
    rejects = borough.office.lake.root / report.rejects_file
    assert borough.ask(f"select line::bigint from read_csv('{rejects}', all_varchar = true) order by 1") == explained
    assert len(explained) == sum(report.rejected.values())
    assert planted["no_lawful_basis"] <= report.rejected["no lawful basis"]


def test_contact_values_can_be_read_back_by_key_alone(borough: Borough) -> None:
    keys = borough.office.keys
    for channel, contact, value in borough.ask(
        f"select channel, contact, value from {borough.lake('contacts')} where not objected using sample 200 (reservoir, 7)"
    ):
        assert keys.contact(channel, keys.decrypt(value)) == contact
    assert borough.ask(f"select count(*) from {borough.lake('contacts')} where objected and value <> ''") == [(0,)]


def test_suppressions_and_protected_addresses_are_in_force(borough: Borough) -> None:
    keys, authority = borough.office.keys, borough.actor.authority
    source = f"'{borough.truth.parent}/suppressions.csv.gz'"
    with borough.office.database.session() as session:
        contacts, households = suppressed_contacts(session, authority), suppressed_households(session, authority)
    assert households == {
        keys.uprn(value) for (value,) in borough.ask(f"select value::bigint from {source} where type = 'uprn'")
    }
    emails = borough.ask(
        f"select lower(value) from {source} where type = 'email' and value like '%_@%.%' and value not like '% %'"
    )
    assert sum(keys.contact("email", email) in contacts for (email,) in emails) >= len(emails) - 1
    protected = borough.ask(f"select uprn from '{borough.truth.parent}/protected_addresses.csv.gz'")
    assert {row[0] for row in borough.ask(f"select address from {borough.lake('protected')}")} == {
        keys.uprn(uprn) for (uprn,) in protected
    }


def test_shares_are_those_of_the_published_counts(borough: Borough) -> None:
    source = f"read_csv('{borough.truth.parent}/census2021-ts054-oa.csv.gz', normalize_names = true)"
    theirs = borough.ask(
        f"select geography_code, round(tenure_of_household_private_rented / tenure_of_household_total_all_households, 9) from {source} order by 1"
    )
    ours = borough.ask(
        f"select area, round(value, 9) from {borough.lake('indicator', 'ts054')} where measure = 'private_rented_share' order by 1"
    )
    assert ours == theirs
    found = {name for table in (*TABLES, "imd2025") for name in borough.reports[table].figures["indicators"]}
    assert found == {name for name, indicator in INDICATORS.items() if indicator.table in (*TABLES, "imd2025")}
    [(low, high)] = borough.ask(
        f"select min(value), max(value) from {borough.lake('indicator', 'ts019')} where measure = 'moved_last_year_share'"
    )
    assert 0 <= low < high <= 1


def test_the_update_makes_the_register_of_july(borough: Borough) -> None:
    path = borough.truth.parent / "register_update_2026-07-01.csv.gz"
    report = import_file(borough.office, borough.actor, "register-update", path, AS_AT, dry_run=True)
    [(electors,)] = borough.ask(
        f"select count(*) from '{borough.truth}/electors.parquet' where (on1 and op is distinct from 'D' or op = 'N') and marker not in ('N', 'F')"
    )
    changes = dict(
        borough.ask(
            f"select op, count(*) from '{borough.truth}/electors.parquet' where op in ('N', 'A', 'D') group by 1"
        )
    )
    assert report.figures["electors"] == electors
    assert {"N": report.figures["new"], "A": report.figures["amended"], "D": report.figures["deleted"]} == changes


CONTRACT = {
    "register": "person uprn address postcode ward_name attainment franchise line alias entry names",
    "gazetteer": "uprn class logical_status state parent_uprn easting northing ward organisation address address_lines postcode "
    "street usrn residential other_addresses successor started",
    "geography": "uprn oa lsoa msoa ward authority",
    "indicator": "area level measure value",
    "population": "area level sex age value",
    "boundaries": "ward name name_cy geometry",
    "contacts": "uprn channel contact value source lawful_basis agreement_reference collected_on objected",
    "suppressions": "channel contact reason added_on",
    "protected": "address added_on review_on",
}


@pytest.mark.parametrize("kind", CONTRACT)
def test_the_lake_holds_what_the_architecture_says_and_no_more(borough: Borough, kind: str) -> None:
    described = borough.ask(f"describe from {borough.lake(kind)}")
    assert [name for name, *_ in described] == CONTRACT[kind].split()
    assert {kind for name, kind, *_ in described if name in ("uprn", "parent_uprn", "usrn")} <= {"BIGINT"}
    assert not [
        1 for row in borough.ask(f"from {borough.lake(kind)}") for cell in row if isinstance(cell, str) and "@" in cell
    ]


def test_importing_again_changes_nothing(borough: Borough) -> None:
    report = import_file(
        borough.office, borough.actor, "gazetteer", borough.truth.parent / "gazetteer_dtf73.csv.gz", AS_AT
    )
    assert report.unchanged
    assert report.snapshot_id == borough.reports["gazetteer"].snapshot_id
