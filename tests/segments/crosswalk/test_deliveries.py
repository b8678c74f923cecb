"""Lists of systems tied to properties: what ties each row, what the next delivery keeps, and what is refused whole."""

from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused
from engage.foundation.office import Office
from segments.crosswalk import deliveries, systems
from segments.crosswalk.columns import given
from segments.crosswalk.deliveries import ColumnsUnsure, Wanted
from tests.conftest import START
from tests.segments.crosswalk.conftest import ACTOR, crosswalk, link, listed, places

TOWN = places()
HEAD = "account,uprn,property_ref,address,postcode"


def uprn(address: str) -> int:
    return TOWN.uprn(address)


def test_a_row_is_tied_by_what_vouches_for_it(here: Office, tmp_path: Path) -> None:
    alma, stores = uprn("12 Alma Street"), uprn("Corner Stores, 14 High Street")
    made = link(here, tmp_path, "council tax", [
        HEAD,
        f'A1,{alma},CT22,"12 Alma St, Burton upon Trent",DE14 1AA',
        'A2,,CT24,"13 Alma Street, Burton upon Trent",DE14 1AA',  # 12 is a letter off and a home of its own
        f'A3,{alma},CT26,"14 Alma Street, Burton upon Trent",DE14 1AA',  # its UPRN is another home's
        'A4,,,"CORNER STORES, 14 HIGH STREET, UTTOXETER",ST14 7AA',  # no home, and so never linked before
        'A5,,,"Oak Manor, High Street, Uttoxeter",ST14 7AA',  # holds homes: never the answer
        'A6,,,"7 Alam Stret, Burton upon Trent",DE14 1AA',
        'A7,,,"1 Nowhere Road, Elsewhere",ZZ9 9ZZ',
        'A8,0,CT8,"Nowhere",',  # the gazetteer knows its reference, and its address is another
    ])  # fmt: skip
    found = crosswalk(here, made)
    assert {reference: (row["uprn"], row["state"]) for reference, row in found.items()} == {
        "A1": (alma, "by UPRN"), "A2": (uprn("13 Alma Street"), "by cross reference"),
        "A3": (uprn("14 Alma Street"), "by cross reference"), "A4": (stores, "sure"), "A5": (None, "to review"),
        "A6": (uprn("7 Alma Street"), "sure"), "A7": (None, "not found"), "A8": (None, "to review"),
    }  # fmt: skip
    assert set(found["A5"]["offered"][:4]) == {uprn(f"Flat {n}, Oak Manor, High Street") for n in range(1, 5)}
    assert (made.columns.source, made.rows, sum(made.states.values())) == ("CT", 8, 8)
    assert made.unusable_uprns == 1


def test_the_next_delivery_brings_it_up_to_date(here: Office, tmp_path: Path) -> None:
    rows = ["ref,address", '1,"1 Park Road, Uttoxeter, ST14 8AA"', '2,"2 Park Road, Uttoxeter, ST14 8AA"']
    first = link(here, tmp_path, "bins", rows)
    assert isinstance(here.clock, SteppedClock)
    here.clock.advance(timedelta(days=7))
    second = link(here, tmp_path, "bins", [*rows[:2], '2,"3 Park Road, Uttoxeter, ST14 8AA"', '4,"x, ST14 8AA"'])
    assert second.changed == {"new": 1, "gone": 0, "another UPRN": 1}
    since = {reference: row["since"] for reference, row in crosswalk(here, second).items()}
    assert (since["1"], since["2"]) == (START.date(), START.date() + timedelta(days=7))
    assert first.system_id == second.system_id
    renamed = deliveries.rename(here, ACTOR, "bins", "waste")
    assert (renamed.id, link(here, tmp_path, "waste", rows, accept_fewer=True).system_id) == (first.system_id,) * 2


def test_a_workbook_and_several_lists_are_linked_in_one_run(here: Office, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["Licence no", "Premises address", "Holder"], ["L/1", "Corner Stores, 14 High Street, Uttoxeter", "X"]):
        book.active.append(row)
    book.save(tmp_path / "licences.xlsx")
    tabs = listed(tmp_path, "planning", ["case ref\tsite address\tpostcode", "P1\t3 Church Lane, Uttoxeter\tST14 7AC"])
    wanted = [Wanted(tmp_path / "licences.xlsx", "licences"), Wanted(tabs, "planning")]
    found = deliveries.link(here, ACTOR, wanted)
    assert [each.states["sure"] for each in found] == [1, 1]


ALMA = '"{n} Alma Street, Burton upon Trent, DE14 1AA"'
REFUSED = {
    "no references": (["address", ALMA.format(n=1)], "has no reference"),
    "a reference is blank": (["ref,address", f"1,{ALMA.format(n=1)}", f",{ALMA.format(n=2)}"], "line 3, column ref"),
    "a reference repeated": (["ref,address", f"1,{ALMA.format(n=1)}", f"1,{ALMA.format(n=2)}"], "line 3, column ref"),
    "two UPRNs": (["ref,uprn", "1,9900000001", "1,9900000002"], "has another UPRN than on line 2"),
    "persons": (["ref,surname,address", f"1,Sampleson,{ALMA.format(n=1)}"], "'surname' is of persons"),
    "born": (["ref,DateOfBirth,address", f"1,01/01/2000,{ALMA.format(n=1)}"], "'DateOfBirth' is of persons"),
    "no address": (["ref,colour", "1,green"], "neither an address nor a UPRN"),
    "cut": (["ref,address,postcode", "1"], "line 2"),
    "empty": (["ref,address"], "no rows"),
    "elsewhere": (
        ["ref,address", *(f'{n},"{n} Far Street, Farville, ZE1 0AA"' for n in range(12))], "another council's list",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_list_of_properties_changes_nothing(here: Office, tmp_path: Path, what: str) -> None:
    rows, words = REFUSED[what]
    files = set((here.lake.root / ACTOR.authority).rglob("*"))
    with pytest.raises(InputRefused, match=words):
        link(here, tmp_path, what, rows)
    with here.database.session() as session:
        assert systems.called(session, ACTOR.authority, what) is None
    assert set((here.lake.root / ACTOR.authority).rglob("*")) == files


def test_a_list_under_another_name_or_with_far_fewer_rows_is_asked_about(here: Office, tmp_path: Path) -> None:
    rows = ["account,address", *(f"N{n},{ALMA.format(n=n)}" for n in range(1, 13))]
    link(here, tmp_path, "rates", rows)
    with pytest.raises(InputRefused, match="12 of its references are those of the system 'rates'"):
        link(here, tmp_path, "business rates", rows)
    with pytest.raises(InputRefused, match="has 3 rows, and the list before it had 12"):
        link(here, tmp_path, "rates", rows[:4])


def test_columns_in_doubt_are_asked_once(here: Office, tmp_path: Path) -> None:
    rows = ["kind,code,address", f"green,G1,{ALMA.format(n=1)}", f"green,G2,{ALMA.format(n=2)}"]
    with pytest.raises(ColumnsUnsure, match="reference=code,address=address"):
        link(here, tmp_path, "trees", rows)
    link(here, tmp_path, "trees", rows, confirmed=True)
    assert link(here, tmp_path, "trees", rows).states["sure"] == 2
    with pytest.raises(InputRefused, match="has no column 'code'"):
        link(here, tmp_path, "trees", ["kind,number,address", f"green,G1,{ALMA.format(n=1)}", *rows[2:]])
    again = link(here, tmp_path, "trees", ["no,at", f"G1,{ALMA.format(n=1)}", f"G2,{ALMA.format(n=2)}"],
                 columns=given("reference=no,address=at"))  # fmt: skip
    assert again.states["sure"] == 2
    with pytest.raises(InputRefused, match="expected reference=COLUMN"):
        given("ref=no")
