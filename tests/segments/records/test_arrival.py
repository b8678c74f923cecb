"""The council's own records held against a register: who is known, who is not, and that no name is left anywhere."""

import csv
from datetime import date, timedelta

import polars as pl
import pytest
from sqlmodel import select

from engage.deployment import person
from engage.deployment.purging import purge as purged
from engage.foundation import data_keys
from engage.foundation.audit.entries import AuditEntry
from engage.foundation.clock import SteppedClock
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.lake import history
from engage.foundation.office import Actor
from segments.importing.imports import import_file
from segments.records import agreements, births, known, retention, trust
from segments.records.arrival import KIND, bring_in
from segments.records.layouts import of_sources
from tests.segments.records.town import COUNCIL_TAX, PLANTED, Town, account, alone


def test_names_are_known_however_they_are_written_and_none_is_left(town: Town) -> None:
    one, two, three, four, five, six, seven = alone(town.electors(), 7)
    rows = [
        account(one, "A1", f"{one['ElectorSurname']}, MR {one['ElectorForename']}".upper()),
        account(two, "A2", f"{two['ElectorSurname']}, {two['ElectorForename'][0]}", uprn=""),
        account(three, "A3", f"{three['ElectorForename']}, MS {three['ElectorSurname']}"),
        account(four, "A4", f"{PLANTED[0]}, MRS ADA", name_2=f"{PLANTED[1]}, MR BEN", liable_from="01/04/2026"),
        account(five, "A5", f"{PLANTED[2]}, MR CAL", contact_address="1 Elsewhere Road, ZZ9 9ZZ"),
        account(six, "A6", f"{PLANTED[3]}, MS DEE", liable_to="01/05/2026"),
        account(seven, "A7", "SAMPLE LETTINGS LTD"),
    ]
    badge = {
        "badge_ref": "B1", "forename": "Ada", "surname": PLANTED[0], "address_1": four["RegisteredAddress1"],
        "address_2": four["RegisteredAddress2"], "postcode": four["PostCode"], "date_of_birth": "01-Mar-1950",
    }  # fmt: skip
    found = town.import_(
        council_tax=town.write("council_tax", COUNCIL_TAX, rows),
        blue_badge=town.write("blue_badge", tuple(badge), [badge]),
    )
    assert {ref: row["matched"] for ref, row in found.items()} == {
        ("A1", 1): "yes", ("A2", 1): "yes", ("A3", 1): "yes", ("A4", 1): "no", ("A4", 2): "no", ("A5", 1): "no",
        ("A6", 1): "no", ("A7", 1): "review", ("B1", 1): "no",
    }  # fmt: skip
    assert found["A2", 1]["home"] == int(two["UPRN"])
    told = known.homes(town.office, town.actor.authority, known.held(town.office, town.actor.authority).names)
    assert told.filter(pl.col("known_not_registered") > 0).drop("score").rows() == [
        (int(four["UPRN"]), 1.96, 1, 2, 1.96, 1)
    ]  # both came since the last canvass, and whom the register has there nobody knows any more
    written = [town.folder / name for name in ("matches", "homes")]
    assert known.export(town.office, town.actor, *written)["names"] == len(found)
    town.office.database.close()
    kept = b"".join(path.read_bytes() for path in (town.folder / "home").rglob("*") if path.is_file())
    given_out = b"".join(path.read_bytes() for path in written)
    for surname in PLANTED:
        assert surname.lower().encode() not in (kept + given_out).lower()
        for path in (town.folder / "home").rglob("*.parquet"):
            assert surname.lower() not in str(pl.read_parquet(path).to_dicts()).lower()


def test_a_home_that_must_not_be_seen_is_like_one_that_was_not_found(town: Town) -> None:
    with dict(town.borough.files)["protected"].open(encoding="utf-8-sig", newline="") as file:
        uprn = next(csv.DictReader(file))["uprn"]
    here = {"UPRN": uprn, "RegisteredAddress1": "", "RegisteredAddress2": "", "PostCode": ""}
    gone = {**here, "UPRN": "", "RegisteredAddress1": "99 Nowhere Lane", "PostCode": "ZZ1 1ZZ"}
    path = town.write("council_tax", COUNCIL_TAX, [
        account(here, "P1", f"{PLANTED[0]}, MR A"), account(gone, "P2", f"{PLANTED[1]}, MR B"),
    ])  # fmt: skip
    found = town.import_(council_tax=path)
    hidden, unknown = ({**found[ref, 1], "ref": "", "row": 0} for ref in ("P1", "P2"))
    assert hidden == unknown
    assert (hidden["home"], hidden["matched"], hidden["who"]) == (None, "review", None)


def test_a_date_of_birth_settles_father_and_daughter_of_one_initial(town: Town) -> None:
    elector = alone(town.electors(), 1)[0]
    listed = {"district": elector["PDCode"], "number": elector["RollNo"], "elector_id": elector["ElectorID"]}
    born = town.write("births", (*listed, "date_of_birth"), [{**listed, "date_of_birth": "05/06/1950"}])
    births.bring_in(town.office, town.actor, born)
    columns = ("person_ref", "uprn", "forenames", "surname", "date_of_birth", "address", "postcode")
    tenant = {
        "uprn": elector["UPRN"], "forenames": elector["ElectorForename"][0], "surname": elector["ElectorSurname"],
        "address": elector["RegisteredAddress1"], "postcode": elector["PostCode"],
    }  # fmt: skip
    rows = [tenant | {"person_ref": "T1", "date_of_birth": "05/06/1950"}]
    rows += [tenant | {"person_ref": "T2", "date_of_birth": "07/08/1990"}]
    found = town.import_(housing_tenants=town.write("tenants", columns, rows))
    assert [found[ref, 1]["matched"] for ref in ("T1", "T2")] == ["yes", "no"]
    with town.office.database.session() as session:
        [records] = history(session, town.actor.authority, KIND)
        [dates] = history(session, town.actor.authority, births.KIND)
    assert records.report["ages"] == {"65 to 75": [1, 1]}
    assert "65 to 75" not in str(pl.read_parquet(town.office.lake.file(dates)).to_dicts())


def test_what_is_held_of_a_home_is_found_by_it_alone_and_erased_with_it(town: Town) -> None:
    one, two = alone(town.electors(), 2)
    rows = [account(one, "A1", f"{PLANTED[0]}, MRS ADA"), account(two, "A2", f"{PLANTED[1]}, MR BEN")]
    badge = {
        "badge_ref": "B1", "forename": "Ada", "surname": PLANTED[0], "address_1": one["RegisteredAddress1"],
        "address_2": one["RegisteredAddress2"], "postcode": one["PostCode"], "date_of_birth": "01-Mar-1950",
    }  # fmt: skip
    listed = [
        {"district": each["PDCode"], "number": each["RollNo"], "elector_id": each["ElectorID"], "date_of_birth": born}
        for each, born in ((one, "05/06/1950"), (two, "07/08/1990"))
    ]
    births.bring_in(town.office, town.actor, town.write("births", tuple(listed[0]), listed))
    town.import_(
        council_tax=town.write("council_tax", COUNCIL_TAX, rows),
        blue_badge=town.write("blue_badge", tuple(badge), [badge]),
    )
    officer = Actor(town.actor.authority, "command")
    asked = {name: person.sought(town.office, officer.authority, **{name: value}) for name, value in (
        ("uprn", one["UPRN"]), ("email", "ada@example.com"),
    )}  # fmt: skip
    held = [each for each in person.find(town.office, officer, asked["uprn"]) if not each.stays]
    assert sorted(row.get("ref", "") for each in held for row in each.rows) == [
        "",
        "",
        "A1",
    ]  # not which list another is
    assert "badge" not in person.export(town.office, officer, asked["uprn"]).lower()
    assert person.find(town.office, officer, asked["email"]) == []
    assert set(person.erase(town.office, officer, asked["uprn"], "Request 1").gone.values()) == {1}
    left = known.held(town.office, officer.authority)
    with town.office.database.session() as session:
        dates = history(session, officer.authority, births.KIND)
    assert (left.names["ref"].to_list(), [each.rows for each in (*left.snapshots, *dates)]) == (["A2"], [1, 0, 1])


@pytest.mark.parametrize(
    ("source", "header", "said"),
    [
        ("ndr", "account,ratepayer", "list of properties"),
        ("bins", "account", "no source 'bins'"),
        ("council_tax", "permit,holder,address,postcode", "the columns of parking_permits, not of council_tax"),
        ("council_tax", "one,two", "expected a header with account_ref, name_1, address_1"),
        ("council_tax", "account_ref,name_1,address_1", "not one record"),
        ("council_tax", "account_ref,name_1,address_1,party", "party"),
    ],
)
def test_a_file_that_is_none_is_refused_and_changes_nothing(town: Town, source: str, header: str, said: str) -> None:
    path = town.folder / "wrong.csv"
    path.write_text(f"{header}\n", encoding="utf-8")
    with pytest.raises(InputRefused, match=said):
        bring_in(town.office, town.actor, of_sources([path], [source]), date(2026, 6, 1))
    with town.office.database.session() as session:
        assert history(session, town.actor.authority, KIND) == []
        assert not [each for each in session.exec(select(AuditEntry)) if "council" in each.act]


def test_a_source_is_used_while_its_agreement_holds_and_goes_when_the_canvass_ends(town: Town) -> None:
    one, two = alone(town.electors(), 2)
    rows = [
        account(one, "A1", f"{one['ElectorSurname']}, MR {one['ElectorForename']}"),
        account(two, "A2", f"{two['ElectorSurname']}, MR {two['ElectorForename']}", liable_to="01/05/2026"),
    ]
    found = town.import_(council_tax=town.write("council_tax", COUNCIL_TAX, rows))
    assert [found[ref, 1]["matched"] for ref in ("A1", "A2")] == ["yes", "yes"]
    listed = town.folder / "canvass.csv"
    with pytest.raises(InputRefused, match="agreement in date"):
        trust.canvass(town.office, town.actor, listed)
    since = town.borough.as_at
    agreements.agree(town.office, town.actor, "council_tax", since - timedelta(30), since - timedelta(1))
    assert agreements.in_date(town.office, town.actor.authority) == frozenset()
    agreements.agree(town.office, town.actor, "council_tax", since, since + timedelta(200), "DPA-1")
    assert trust.canvass(town.office, town.actor, listed)["matched"] == 1
    homes = known.homes(town.office, town.actor.authority, known.held(town.office, town.actor.authority).names)
    assert homes.select("home_uprn", "nobody_knows").filter(pl.col("nobody_knows") > 0).rows() == [
        (int(two["UPRN"]), 1)
    ]
    assert f"{one['UPRN']},yes" in listed.read_text(encoding="utf-8")  # the account that ended matches nobody
    [judged] = trust.sources(town.office, town.actor.authority)
    assert (judged["agreement"], judged["ended"], judged["used"]) == (1.0, 1, True)
    with town.office.database.session() as session:
        session.get_one(Authority, town.actor.authority).nation = "Northern Ireland"
    with pytest.raises(InputRefused, match="no yearly canvass in Northern Ireland"):
        trust.canvass(town.office, town.actor, listed)
    assert purged(town.office, dry_run=True) == {town.actor.authority: {}}
    assert isinstance(town.office.clock, SteppedClock)
    town.office.clock.advance(timedelta(days=183))
    assert purged(town.office)[town.actor.authority]["council's own records"] == 1
    with pytest.raises(InputRefused, match="None of the council's own records"):
        known.held(town.office, town.actor.authority)
    with pytest.raises(InputRefused, match="no records of council_tax"):
        retention.drop(town.office, town.actor, ["council_tax"])


def test_dates_of_birth_are_for_the_run_alone(town: Town) -> None:
    elector = town.electors()[0]
    listed = {"district": elector["PDCode"], "number": elector["RollNo"], "elector_id": elector["ElectorID"]}
    path = town.write("births", (*listed, "date_of_birth"), [{**listed, "date_of_birth": "05/06/1950"}])
    births.bring_in(town.office, town.actor, path)
    assert isinstance(town.office.clock, SteppedClock)
    town.office.clock.advance(timedelta(days=retention.RUN_DAYS))
    assert purged(town.office)[town.actor.authority]["dates of birth of a run"] == 1
    with town.office.database.session() as session:
        assert data_keys.standing(session, births.PURPOSE, town.actor.authority, "") is None
        assert history(session, town.actor.authority, births.KIND) == []


def test_an_update_of_the_register_brings_names_and_keeps_those_that_were_there(town: Town) -> None:
    stays, here = alone(town.electors(), 2)
    joined = here | {
        "ElectorID": "9999901",
        "RollNo": "9001",
        "ElectorForename": "Bartholomew",
        "ElectorSurname": "Okonjo",
    }
    path = town.write("update", (*joined, "ChangeTypeID"), [joined | {"ChangeTypeID": "N"}])
    import_file(town.office, town.actor, "register-update", path, town.borough.as_at, accept_problems=True)
    rows = [
        account(stays, "A1", f"{stays['ElectorSurname']}, MR {stays['ElectorForename']}"),
        account(here, "A2", "OKONJO, MR BARTHOLOMEW"),
    ]
    found = town.import_(council_tax=town.write("council_tax", COUNCIL_TAX, rows))
    assert [found[ref, 1]["matched"] for ref in ("A1", "A2")] == ["yes", "yes"]


def test_a_register_from_before_must_come_in_once_more(town: Town) -> None:
    with town.office.database.session() as session:
        [register] = history(session, town.actor.authority, "register")
    staged = town.office.lake.stage()
    pl.read_parquet(town.office.lake.file(register)).drop("names").write_parquet(staged)
    town.office.lake.replace(register.path, staged)
    path = town.write("council_tax", COUNCIL_TAX, [account(town.electors()[0], "A1", "SAMPLE, MR A")])
    with pytest.raises(InputRefused, match="imported before names were kept"):
        town.import_(council_tax=path)
