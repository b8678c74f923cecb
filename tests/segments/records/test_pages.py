"""The page of the council's own records: what each source is worth, its agreement, the canvass's list, and its end."""

from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest
from litestar.testing import TestClient
from sqlmodel import SQLModel, select

from engage.foundation.audit.entries import AuditEntry
from engage.foundation.identity import Role
from engage.foundation.lake import Snapshot
from segments.records import trust
from tests.segments.records.town import COUNCIL_TAX, PLANTED, Town, account, alone
from tests.website import Visitor, browsers, hire

PAGE = "/data/council-records"


@pytest.fixture
def entered(town: Town, serve: Callable[..., TestClient]) -> Callable[[Role], Visitor]:  # type: ignore[type-arg]
    SQLModel.metadata.create_all(town.office.database.engine)  # the town was built before the pages had their tables
    another = browsers(serve(town.office))

    def signed_in(role: Role) -> Visitor:
        visitor = another()
        email = hire(town.office, role, authority=town.actor.authority).email
        assert visitor.sign_in(email).status_code == 200
        return visitor

    return signed_in


def days(**given: object) -> dict[str, str]:
    return {
        f"{name}-{part}": str(getattr(day, part)) for name, day in given.items() for part in ("day", "month", "year")
    }


def test_a_source_is_shown_agreed_listed_ended_and_removed(
    town: Town, entered: Callable[[Role], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, protection = entered(Role.officer), entered(Role.data_protection)
    assert "No records are here yet" in officer.get(PAGE).text
    one, two = alone(town.electors(), 2)
    rows = [
        account(one, "A1", f"{one['ElectorSurname']}, MR {one['ElectorForename']}"),
        account(two, "A2", f"{PLANTED[0]}, MRS ADA"),
    ]
    badge = {
        "badge_ref": "B1", "forename": "Ada", "surname": PLANTED[0], "address_1": two["RegisteredAddress1"],
        "address_2": two["RegisteredAddress2"], "postcode": two["PostCode"], "date_of_birth": "01-Mar-1950",
    }  # fmt: skip
    town.import_(
        council_tax=town.write("council_tax", COUNCIL_TAX, rows),
        blue_badge=town.write("blue_badge", tuple(badge), [badge]),
    )
    shown = officer.get(PAGE).text
    for said in ("Council tax", "50.0%", " to 90.5%", "1 February 2020", "4 in 10", "not known", "None: it feeds nothing",
                 "1 December 2026", "once two sources share homes", "The register tells no age", "no list for the canvass"):  # fmt: skip
        assert said in shown
    assert PLANTED[0].lower() not in shown.lower()
    assert officer.send(f"{PAGE}/canvass").status_code == 422

    address = ", ".join(two[name] for name in ("RegisteredAddress1", "RegisteredAddress2", "PostCode"))
    bins = {"subscription": "G1", "customer": f"Ada {PLANTED[0]}", "property_address": address}
    town.import_(garden_waste=town.write("garden_waste", tuple(bins), [bins]))
    homes = pl.DataFrame({"home": [int(two["UPRN"]), 1], "ward": "E05000001", "name": "Exampleward"})
    monkeypatch.setattr(trust, "_wards", lambda *_: homes)
    with town.office.database.session() as session:
        for each in session.exec(select(Snapshot).where(Snapshot.kind == "council-records")):
            each.report = each.report | {"ages": {"18 to 24": [40, 31], "76 or over": [9, 9]}}
    both = officer.get(PAGE).text
    for said in ("Exampleward", "50%", "18 to 24", "78%"):
        assert said in both
    assert "76 or over" not in both
    assert "three lists held against each other" in both
    assert "once two sources share homes" not in both

    since = town.borough.as_at
    agreed = {"source": "council_tax", **days(since=since, until=since + timedelta(30)), "reference": "DPA-1"}
    assert officer.send(f"{PAGE}/agreements", agreed).status_code == 403
    backwards = protection.send(f"{PAGE}/agreements", agreed | days(until=since - timedelta(1)))
    assert (backwards.status_code, "before it begins" in backwards.text) == (422, True)
    hidden = protection.send(f"{PAGE}/agreements", agreed | {"source": "blue_badge"})
    assert (hidden.status_code, "Select the source" in hidden.text) == (422, True)
    assert "The agreement on council tax was recorded" in protection.send(f"{PAGE}/agreements", agreed).text
    listed = officer.send(f"{PAGE}/canvass")
    assert listed.headers["content-disposition"] == f'attachment; filename="canvass-{town.actor.authority}.csv"'
    assert {f"{one['UPRN']},yes", f"{two['UPRN']},no"} < set(listed.text.splitlines())
    assert "has ended" in protection.send(f"{PAGE}/agreements/end", {"source": "council_tax"}).text
    assert protection.send(f"{PAGE}/agreements/end", {"source": "council_tax"}).status_code == 422
    assert "Ended, last day" in officer.get(PAGE).text
    refused = officer.send(f"{PAGE}/canvass")
    assert (refused.status_code, "agreement in date" in refused.text) == (422, True)

    assert "cannot be undone" in officer.get(f"{PAGE}/drop?source=council_tax").text
    unseen, unknown = (officer.get(f"{PAGE}/drop?source={source}") for source in ("blue_badge", "bins"))
    assert (unseen.status_code, unknown.status_code) == (404, 404)
    assert officer.send(f"{PAGE}/drop", {"source": "blue_badge"}).status_code == 422
    gone = officer.send(f"{PAGE}/drop", {"source": "council_tax"}).text
    assert "All records of council tax were removed" in gone
    every = shown + listed.text + gone + protection.get(f"{PAGE}/agreements").text + officer.get("/data").text
    assert not any(word in every.lower() for word in ("badge", "may only confirm"))
    with town.office.database.session() as session:
        acts = [entry.act for entry in session.exec(select(AuditEntry))]
    for act in ("agreement on council records", "export canvass matching", "end agreement on council records",
                "drop council records"):  # fmt: skip
        assert acts.count(act) == 1
