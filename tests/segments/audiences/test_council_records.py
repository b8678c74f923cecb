"""Rules that ask for the council's own records: counted alike by every engine, only while an agreement is in date, and
never of a home that must not be seen."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from litestar.testing import TestClient
from sqlmodel import SQLModel

from engage.foundation.errors import InputRefused
from engage.foundation.identity import Role
from segments.audiences import council_records, holding, pages, segments, starters, summary
from segments.audiences.audience import freeze, reproduce
from segments.missing import gap, usable, with_records
from segments.records import agreements, known
from segments.records.known import NOT_NAMED
from segments.rules import topics, tree
from segments.rules.columns import COLUMNS, RECORDS
from segments.safeguards.suppression import suppress_household
from tests.segments.audiences.test_segments import nobody_reminded
from tests.segments.conftest import NAMED, Town, agree
from tests.website import browsers, hire

KNOWN = {"version": 1, "where": {"column": "known_not_registered", "is": "at least", "value": 0.5}}
NOT_KNOWN = {"version": 1, "where": {"not": KNOWN["where"]}}
OFFERED = '<option value="known_not_registered">'
EVERY = {"version": 1, "where": {"column": "electors", "is": "at least", "value": 0}}


def test_a_rule_counts_who_is_known_alike_on_every_engine(recorded: Town) -> None:
    office, code = recorded.office, recorded.code
    told = known.homes(office, code, known.held(office, code, ["council_tax", "blue_badge"]).names)
    wanted = set(told.filter(pl.col("known_not_registered") >= 0.5)["home_uprn"])
    assert NAMED - 3 <= len(wanted) <= NAMED  # the protected one is not among them
    counted = segments.count(office, code, KNOWN)
    assert counted.households == len(wanted)
    at_once = segments.count_all(office, KNOWN)[code]
    assert (at_once.households, at_once.electors, at_once.letter) == (len(wanted), counted.electors, counted.letter)
    frozen = freeze(office, recorded.actor, KNOWN, name="known")
    held = pl.read_parquet(frozen.path)
    assert set(held["uprn"]) == wanted
    assert not RECORDS & set(held.columns)  # what the records told of a home is not kept with it
    every = segments.count(office, code, EVERY).households
    assert segments.count(office, code, NOT_KNOWN).households == every - len(wanted)
    saved = segments.save(office, recorded.actor, "Known", KNOWN)
    assert saved.name in {each.name for each in holding.holding(office, code, min(wanted))}


def test_what_the_records_add_is_said_beside_what_all_homes_have(recorded: Town) -> None:
    found = summary.picture(recorded.office, recorded.code, tree.parse(KNOWN), nobody_reminded)
    assert found.known is not None
    assert found.known.adults == pytest.approx(found.known.all_adults)
    assert found.known.homes < found.known.all_homes
    offered = {offer.starter.key: offer for offer in starters.offers(recorded.office, recorded.code)}
    assert offered["known-to-the-council"].households == found.known.homes


def test_without_an_agreement_in_date_nothing_is_counted_or_offered(recorded: Town) -> None:
    office, code = recorded.office, recorded.code
    frozen = freeze(office, recorded.actor, KNOWN, name="before")
    assert reproduce(office, code, frozen.snapshot_id).num_rows == frozen.households
    of_estimate = gap.estimate(office, code)
    assert with_records.estimate(office, code) is not None
    agreements.end(office, recorded.actor, "council_tax")
    try:
        assert with_records.estimate(office, code) is None  # a blue badge may still confirm, and tells nothing
        assert gap.estimate(office, code) == of_estimate
        for asked in (segments.count, lambda office, _, rule: segments.count_all(office, rule),
                      lambda office, _, rule: freeze(office, recorded.actor, rule, name="after")):  # fmt: skip
            with pytest.raises(InputRefused, match="agreement in date"):
                asked(office, code, KNOWN)
        with pytest.raises(InputRefused, match="may no longer be used"):
            reproduce(office, code, frozen.snapshot_id)
        assert "known-to-the-council" not in {offer.starter.key for offer in starters.offers(office, code)}
        assert summary.picture(office, code, tree.parse(EVERY), nobody_reminded).known is None
    finally:
        agree(recorded, "council_tax")
    assert segments.count(office, code, KNOWN).households == frozen.households


def test_the_columns_stand_under_the_councils_own_records() -> None:
    assert set(topics.grouped(COLUMNS)[topics.OF_RECORDS]) == RECORDS == set(council_records.HELD)


def test_a_home_that_comes_to_be_protected_is_counted_no_more(recorded: Town) -> None:
    office, code = recorded.office, recorded.code
    with office.database.reading() as session:
        found = usable.in_use(office, session, code)
    assert found is not None
    home = int(found.homes.filter(pl.col("known_not_registered") > 0)["home_uprn"][0])
    before = segments.count(office, code, KNOWN).households
    with office.database.session() as session:
        suppress_household(session, office, code, home, "asked", "again")
    assert segments.count(office, code, KNOWN).households == segments.count_all(office, KNOWN)[code].households
    assert segments.count(office, code, KNOWN).households == before - 1
    with office.database.reading() as session:
        again = usable.in_use(office, session, code)
    assert again is not None
    assert home not in again.homes.filter(pl.col("known_not_registered") > 0)["home_uprn"].to_list()


def test_pages_show_the_figures_with_their_source_and_are_without_them_once_it_ends(
    recorded: Town, serve: Callable[..., TestClient[Any]]
) -> None:
    SQLModel.metadata.create_all(recorded.office.database.engine)  # built before the pages had their tables
    another = browsers(serve(recorded.office))
    officer, member = another(), another()
    for visitor, role in ((officer, Role.officer), (member, Role.member)):
        visitor.sign_in(hire(recorded.office, role, authority=recorded.code).email)
    saved = segments.save(recorded.office, recorded.actor, "Known to the council", KNOWN)
    before = member.get("/api/wards").text
    for page in ("/gaps", f"/segments/{saved.id}"):
        assert NOT_NAMED in officer.get(page).text
        assert member.get(page).status_code == 403
    assert "from what Council tax knew" in officer.get("/gaps").text
    assert "badge" not in (officer.get("/gaps").text + officer.get("/segments/new").text).lower()
    with pytest.raises(InputRefused, match="no other system"):  # a token has no account
        pages.api_segment.fn(recorded.office, recorded.actor, saved.id)
    listed = officer.get("/gaps/with-records.csv").text.splitlines()
    assert {line.split(",")[0] for line in listed[1:]} == {"ward", "area"}
    assert all(NOT_NAMED in line for line in listed[1:])
    assert OFFERED in officer.get("/segments/new").text
    agreements.end(recorded.office, recorded.actor, "council_tax")
    try:
        assert "agreement in date" in officer.get(f"/segments/{saved.id}").text
        assert OFFERED not in officer.get("/segments/new").text
        assert NOT_NAMED not in officer.get("/gaps").text
        assert officer.get("/gaps/with-records.csv").status_code == 404
        assert member.get("/api/wards").text == before
    finally:
        agree(recorded, "council_tax")
