"""What a file that is not known looks like: said in true words, and never with what may be somebody's data."""

from pathlib import Path

import pytest

from segments.files.reading import look
from segments.files.staging import receive
from segments.importing.seen import seen
from segments.sources.catalogue import NAMES
from tests.segments.sources import papers

PLUS = "10043100120,57336519,I,2,2001-05-09,RD02,,407317.01,338801.99" + "," * 69 + "Robin,x,y\n"


def of(folder: Path, text: str) -> str:
    return seen(look(receive(papers.write(folder, "t.csv", text), folder / "text"), NAMES))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LSOA Code,LSOA name (Eng),Local Authority name (Eng),WIMD 2025,Income\nW01000050,x,Gwynedd,50,51\n",
         "Its header is: LSOA Code, LSOA name (Eng), Local Authority name (Eng), WIMD 2025, Income."),
        ("Row number,Email address,Template,Type,Sent by,Status\n1,a1@example.com,Reminder,email,Olive,Delivered\n",
         "Its header is: Row number, Email address, Template, Type, Sent by, Status."),
        ("Data zone,SIMD 2020 rank,Quintile\nS01006506,4691,4\nS01006507,4862,4\n",
         "Its header is: Data zone, SIMD 2020 rank, Quintile."),
        ("A table of 2025\n\nArea code,Rate\nE05014473,3.5\n", "Its header is: Area code, Rate."),
        ("customerRef,emailAddress,optOutDate\nA1,robin@example.com,2026-01-01\n",
         "Its header is: customerRef, emailAddress, optOutDate."),
        ("Account\tCouncil tax band\tPostcode\tLiable from\n1\tD\tDE14 1AA\t2020-01-01\n",
         "Of its columns these are known: Postcode; 3 are not."),
        ("Email Address,First Name,EUID\nb0@example.com,,x\n",
         "Of its columns these are known: Email Address; 2 are not."),
        (PLUS, "It has no header row, and its first row has 80 columns."),
        ("11,I,1,7,1,3450\n15,I,2,7,MILL LANE,,BURTON\n21,I,3,100\n" * 3,
         "It has records without a header: 11 of 6, 15 of 7, 21 of 4 columns."),
        ("Robin,Tester,Mill Lane\nAl,Tester,Mill Lane\n", "Its first row has 3 columns, none of which is known here."),
        ("", "It has no header row."),
        ("<?xml version='1.0'?>\n<gml:FeatureCollection xmlns:gml='http://www.opengis.net/gml'/>", "It is GML."),
        ("<FeatureCollection xmlns='http://www.opengis.net/gml/3.2'/>", "It is GML."),
        ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "It is a web page"),
        ("<?xml version='1.0'?>\n<Workbook xmlns='urn:x'/>", "It is an Excel workbook as XML."),
        ("<kml xmlns='x'/>", "It is KML"),
        ("<register><elector>Robin</elector></register>", "It is XML, not a table."),
        ('{"a": 1}', "It is JSON of another shape."),
    ],
)  # fmt: skip
def test_what_a_file_looks_like(tmp_path: Path, text: str, said: str) -> None:
    if text:
        assert of(tmp_path, text).startswith(said)
    else:
        assert of(tmp_path, "\n\n") == said


@pytest.mark.parametrize(
    "text",
    [
        "Robin Tester,n/a,unknown\nAl Tester,07700900123,al@example.com\n", "Tester,Robin,DE14 1AA\nTester,Al,DE14 1AB\n",
        "Tester,Ward\nTester,Street\n", PLUS, "email,source,Tester\n1,2,x\n", "Robin Tester\nAl Tester\n",
        "Tester,Robin,1 Mill Lane,name,email\n1,2,3,4,5\n", "Tester Robin;Date;Status;x\n1;2;3;4\nRobin;a;b;c\n",
    ],
)  # fmt: skip
def test_nothing_that_may_be_somebodys_data_is_repeated(tmp_path: Path, text: str) -> None:
    told = of(tmp_path, text)
    assert not [word for word in ("Robin", "Tester", "Mill", "DE14", "10043100120") if word in told]


def test_long_lines_of_markup_are_told_for_what_they_are(tmp_path: Path) -> None:
    assert of(tmp_path, f"<gml:FeatureCollection>{'<a/>' * 100_000}</gml:FeatureCollection>").startswith("It is GML.")


def test_a_cell_of_many_lines_and_digits_is_looked_at_once(tmp_path: Path) -> None:
    """A quotation mark that never closes makes one cell of a whole file."""
    lines = "oa21cd,E00109543,1\n" * 200
    assert "no header row" in of(tmp_path, f'pcd7,"{lines}')
    (again := tmp_path / "again").mkdir()
    assert "9999" not in of(again, f"{'9' * 5_000}x,y\n{'9' * 5_000}x,z\n")
