"""A list by the page: its columns looked at once, later lists linked at once, and what is refused leaves nothing."""

from pathlib import Path

import httpx
import pytest

from engage.foundation.errors import NotFound
from engage.foundation.office import Office
from segments.crosswalk import arrivals, systems
from segments.importing.uploads import Upload
from tests.segments.crosswalk.conftest import ACTOR, crosswalk_of
from tests.website import Visitor

ALMA = '"{n} Alma Street, Burton upon Trent",DE14 1AA'
ROWS = [
    "colour,code,site,pc,phone",  # none says address, and the rows say Street
    *(f"green,G{n},{ALMA.format(n=n)},07700 900123" for n in range(1, 11)),
]


def send(custodian: Visitor, system: str, rows: list[str], **typed: str) -> httpx.Response:
    files = [("file", ("bins.csv", "\n".join(rows).encode()))]
    return custodian.send("/data/systems", data={"system": system, **typed}, files=files)


def uploads(office: Office) -> list[Path]:
    return list((office.lake.root / "staging" / "uploads").rglob("*.csv"))


def test_a_list_is_linked_once_somebody_said_what_its_columns_are(here: Office, custodian: Visitor) -> None:
    page = send(custodian, "Bins", ROWS)
    token = page.url.path.rpartition("/")[2]
    assert [word in page.text for word in ("Columns of Bins", "colour", "07700", "Alma")] == [True, True, False, False]
    wrong = custodian.send(page.url.path, {"reference": "colour", "address": "site", "postcode": "pc"})
    assert (wrong.status_code, "line 11, column colour" in wrong.text) == (422, True)
    assert "--columns" not in wrong.text
    nowhere = custodian.send(page.url.path, {"reference": "code", "cross_reference": "colour"})
    assert [words in nowhere.text for words in ("Select where the address stands", "Enter whose references")] == [
        True, True,
    ]  # fmt: skip
    done = custodian.send(page.url.path, {"reference": "code", "address": "site", "postcode": "pc"})
    assert "Bins: of 10 rows 10 are tied to a property, 0 wait for an answer" in done.text
    assert (custodian.get(page.url.path).status_code, uploads(here)) == (404, [])
    assert [row["uprn"] is not None for row in crosswalk_of(here, "Bins").values()] == [True] * 10
    assert "Bins: of 9 rows 9 are tied" in send(custodian, "Bins", ROWS[:10]).text  # and nobody is asked again
    assert token not in custodian.get("/data/systems").text


def test_what_only_a_person_can_tell_is_asked(here: Office, custodian: Visitor) -> None:
    columns = {"reference": "code", "address": "site", "postcode": "pc"}
    custodian.send(send(custodian, "Trees", ROWS).url.path, columns)
    called_otherwise = send(custodian, "Trees", ["colour,number,site,pc,phone", *ROWS[1:]])
    assert "has no column &#39;code&#39;" in called_otherwise.text
    custodian.send(called_otherwise.url.path, columns | {"reference": "number"})
    shorter = send(custodian, "Trees", ["colour,number,site,pc,phone", *ROWS[1:4]])
    assert "the list before it had 10" in shorter.text
    columns["reference"] = "number"
    assert custodian.send(shorter.url.path, columns).status_code == 422
    assert "Trees: of 3 rows" in custodian.send(shorter.url.path, columns | {"fewer": "yes"}).text
    again = send(custodian, "Trees", ["colour,number,site,pc,phone", *ROWS[1:4]], again="yes")
    assert "Nothing was linked" in custodian.send(f"{again.url.path}/remove").text
    assert uploads(here) == []


REFUSED = {
    "persons": (["ref,surname,address", "1,Sampleson,1 Alma Street"], "is of persons"),
    "empty": ([""], "bins.csv"),
}  # fmt: skip


def test_a_refusal_stands_on_the_form_and_leaves_nothing(here: Office, custodian: Visitor) -> None:
    for name, (rows, words) in REFUSED.items():
        answer = send(custodian, name, rows)
        assert (answer.status_code, words in answer.text) == (422, True), name
        assert "Sampleson" not in answer.text
    nothing = custodian.send("/data/systems", {"system": ""})
    assert (nothing.status_code, "Select the list" in nothing.text, "Enter the name" in nothing.text) == (
        422, True, True,
    )  # fmt: skip
    with here.database.session() as session:
        assert [systems.called(session, ACTOR.authority, name) for name in REFUSED] == [None, None]
    assert uploads(here) == []


def test_a_file_that_came_to_be_imported_is_no_list(here: Office) -> None:
    upload = Upload(here, ACTOR.authority, "a" * 32)
    (here.lake.root / "x").write_text("Elector Number Prefix\n")
    with (here.lake.root / "x").open("rb") as source:
        upload.receive(source, "register.csv")
    upload.keep_rows([{"surname": "Sampleson"}])
    with pytest.raises(NotFound):
        arrivals.remove(here, ACTOR, "a" * 32)
    assert upload.holds_file
    upload.clear()
