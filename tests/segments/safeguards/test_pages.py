"""The page of suppressions."""

import re
from datetime import date
from pathlib import Path

from sqlmodel import select

from engage.foundation.identity import Role
from engage.foundation.office import Office
from segments.safeguards.suppression import Suppression
from tests.segments.village import Gazetteer
from tests.website import COUNCIL, Enter


def test_what_is_typed_into_suppressions_is_kept_only_as_a_hash(enter: Enter, office: Office) -> None:
    visitor = enter(Role.officer)
    visitor.send("/suppressions", {"scope": "sms", "value": "07700 900123", "reason": "asked by phone"})
    with office.database.session() as session:
        kept = session.exec(select(Suppression)).one()
    assert kept.key == office.keys.contact("sms", "447700900123")
    assert "900123" not in visitor.get("/suppressions").text
    wrong = visitor.send("/suppressions", {"scope": "email", "value": "nobody", "reason": "asked by phone"})
    assert wrong.text.count("Enter an email address, like name@example.com") == 2


def test_a_home_is_chosen_from_the_gazetteer_listed_in_words_and_lifted(
    enter: Enter, office: Office, tmp_path: Path
) -> None:
    lane = Gazetteer()
    for number in (1, 2):
        lane.add(f"{number} Mill Road, Burton upon Trent", "Mill Road", "DE14 1AA")
    with office.database.session() as session:
        office.lake.commit(
            session, lane.write(tmp_path / "g.parquet"), authority=COUNCIL, kind="gazetteer", as_at=date(2026, 6, 1),
            made_at=office.clock.now(), made_by="officer 1", rows=2,
        )  # fmt: skip
    visitor = enter(Role.data_protection)
    asked = {"scope": "home", "value": "9900000077", "reason": "asked by phone"}
    assert "No home was found" in visitor.send("/suppressions", asked).text
    asked["value"] = "mill rd"
    choices = re.findall(r'name="home" type="radio" value="([^"]+)"', visitor.send("/suppressions", asked).text)
    assert len(choices) == 2
    page = visitor.send("/suppressions", asked | {"home": choices[0]}).text
    entry = r"A home</td>\s*<td[^>]*>Email, texts and letters</td>\s*<td[^>]*>Asked by phone</td>\s*<td[^>]*>Data Protection"
    assert re.search(entry, page)
    with office.database.session() as session:
        (kept,) = session.exec(select(Suppression)).all()
    assert kept.key == office.keys.uprn(9_900_000_001)
    assert kept.key not in page
    assert visitor.send(f"/suppressions/{kept.id}/lift").status_code == 422
    assert "Lifted." in visitor.send(f"/suppressions/{kept.id}/lift", {"reason": "asked again"}).text
    assert visitor.get(f"/suppressions/{kept.id}/lift").status_code == 404
    assert "No entry is like that" in visitor.get("/suppressions?state=stands").text
    assert enter(Role.approver).get("/suppressions/1/lift").status_code == 403
