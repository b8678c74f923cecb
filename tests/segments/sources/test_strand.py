from datetime import date

from engage.foundation.office import Actor, Office
from segments.importing.imports import import_file
from tests.segments.sources import papers
from tests.segments.sources.test_register import SAMPLES, TODAY


def test_addresses_come_in_parts(office: Office, actor: Actor) -> None:
    report = import_file(office, actor, "register", SAMPLES / "strand.csv", TODAY)
    assert papers.rows(office, report.snapshot_id, "address, postcode, attainment, franchise", "line") == [
        ("0/1, 13 EXAMPLE STREET, GLASGOW", "G1 1AA", None, "ordinary"),
        ("0/1, 13 EXAMPLE STREET, GLASGOW", "G1 1AA", None, "european"),
        ("4 MILL MEWS, MILL STREET, GLASGOW", "G1 1AB", date(2027, 2, 14), "ordinary"),
        ("13A EXAMPLE STREET, GLASGOW", "G1 1AA", None, "qualifying"),
    ]


def test_a_z_before_the_surname_is_no_part_of_it(office: Office, actor: Actor) -> None:
    report = import_file(office, actor, "register", SAMPLES / "strand.csv", TODAY)
    persons = papers.rows(office, report.snapshot_id, "person", "line")
    home = "0/1, 13 EXAMPLE STREET, GLASGOW"
    assert persons[1] == (office.keys.person(name="Björn Sampleson", address=home, postcode="G1 1AA"),)
