"""An authority that had other codes before, alone or as several councils: recorded once, with what they leave to it."""

from datetime import date

import pandas as pd
import pytest
from sqlmodel import select

from engage.deployment.authorities import open_authority
from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority, FormerCode, former_codes
from engage.foundation.lake import current
from engage.foundation.office import Office
from segments.safeguards import protected, suppression
from tests.segments.snapshots import keep

NEW, OLD, OTHER = "E06000099", "E07000193", "E07000194"


@pytest.fixture
def merging(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Two councils here, each with an objection, one with a protected address. The schema is made already."""
    monkeypatch.setattr("engage.deployment.authorities.upgrade", lambda _: None)
    with office.database.session() as session:
        session.add(Authority(code=OTHER, name="Lichfield"))
        session.flush()
        suppression.suppress_household(session, office, OLD, 9_900_000_001, "asked", "resident")
        suppression.suppress_contact(session, office, OTHER, "sms", "hash", "asked", "resident")
    address = pd.DataFrame({"address": [office.keys.uprn(9_900_000_002)], "added_on": [date(2026, 1, 1)],
                            "review_on": [date(2027, 1, 1)]})  # fmt: skip
    keep(office, "protected", address, date(2026, 1, 1))
    return office


def test_codes_are_recorded_once_with_their_day(merging: Office) -> None:
    for _ in range(2):
        opened = open_authority(merging, NEW, "Both", was=[OLD, OTHER], until=date(2026, 4, 1))
    assert opened.former == (OLD, OTHER)
    assert "Tables may also carry its earlier codes: E07000193, E07000194." in opened.message
    with merging.database.session() as session:
        found = former_codes(session, NEW)
        assert [(each.code, each.until) for each in found] == [(OLD, date(2026, 4, 1)), (OTHER, date(2026, 4, 1))]
        assert former_codes(session, OLD) == []


def test_who_asked_a_former_council_not_to_be_contacted_is_still_not(merging: Office) -> None:
    open_authority(merging, NEW, "Both", was=[OLD, OTHER])
    open_authority(merging, NEW, "Both", was=[OLD, OTHER])
    with merging.database.session() as session:
        assert suppression.is_suppressed(session, merging, NEW, "letter", uprn=9_900_000_001)
        assert suppression.is_suppressed(session, merging, NEW, "sms", contact_hash="hash")
        own = select(suppression.Suppression).where(suppression.Suppression.authority == NEW)
        assert len(list(session.exec(own))) == 2
        assert audit.verify(session, NEW).intact


def test_protected_addresses_stay_protected(merging: Office) -> None:
    open_authority(merging, NEW, "Both", was=[OLD, OTHER])
    with merging.database.session() as session:
        assert protected.keys(merging, session, NEW) == {merging.keys.uprn(9_900_000_002)}
        made = current(session, NEW, "protected")
        assert made is not None
        assert made.rows == 1


def test_an_objection_that_was_lifted_is_not_taken_up(merging: Office) -> None:
    with merging.database.session() as session:
        suppression.lift_source(session, merging, OLD, "resident")
    open_authority(merging, NEW, "Both", was=[OLD])
    with merging.database.session() as session:
        assert not suppression.is_suppressed(session, merging, NEW, "letter", uprn=9_900_000_001)


def test_a_council_that_is_not_here_leaves_only_its_code(merging: Office) -> None:
    assert open_authority(merging, NEW, "Both", was=["E08000019"]).former == ("E08000019",)


@pytest.mark.parametrize("wrong", ["Sheffield", "E0800001", "E06000099", "", "e08000019"])
def test_what_is_no_code_is_refused_and_changes_nothing(merging: Office, wrong: str) -> None:
    with pytest.raises(InputRefused, match="--was is"):
        open_authority(merging, NEW, "Both", was=[wrong])
    with merging.database.session() as session:
        assert list(session.exec(select(FormerCode))) == []
        assert session.get(Authority, NEW) is None
