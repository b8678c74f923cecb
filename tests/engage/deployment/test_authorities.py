"""An authority that had other codes before, alone or as several councils: recorded once, with what they leave to it."""

from datetime import date

import pandas as pd
import pytest
from sqlmodel import select

from engage.deployment.authorities import open_authority
from engage.foundation import audit, identity
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority, FormerCode, former_codes
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from segments.safeguards import objections, protected, suppression
from tests.segments.snapshots import keep

NEW, OLD, OTHER, NEWER = "E06000099", "E07000193", "E07000194", "E06000100"
HOME = 9_900_000_001


def protected_list(office: Office, uprn: int) -> pd.DataFrame:
    days = {"added_on": [date(2026, 1, 1)], "review_on": [date(2027, 1, 1)]}
    return pd.DataFrame({"address": [office.keys.uprn(uprn)], **days})


@pytest.fixture
def merging(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Two councils here, each with an objection, one with a protected address. The schema is made already."""
    monkeypatch.setattr("engage.deployment.authorities.upgrade", lambda _: None)
    with office.database.session() as session:
        session.add(Authority(code=OTHER, name="Lichfield"))
        session.flush()
        suppression.suppress_household(session, office, OLD, HOME, "asked", "resident")
        suppression.suppress_contact(session, office, OTHER, "sms", "hash", "asked", "resident")
    keep(office, "protected", protected_list(office, 9_900_000_002), date(2026, 1, 1))
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


def stopped(office: Office, code: str) -> tuple[bool, bool]:
    """Whether the home of one council's objection, and the contact of the other's, are closed to an authority."""
    with office.database.session() as session:
        return (
            suppression.is_suppressed(session, office, code, "letter", uprn=HOME),
            suppression.is_suppressed(session, office, code, "sms", contact_hash="hash"),
        )


def test_who_asked_a_former_council_not_to_be_contacted_is_still_not(merging: Office) -> None:
    assert stopped(merging, NEW) == (False, False)
    open_authority(merging, NEW, "Both", was=[OLD, OTHER])
    assert stopped(merging, NEW) == (True, True)
    assert stopped(merging, OLD) == (True, False)
    assert stopped(merging, OTHER) == (False, True)
    assert sum(tally.count for tally in objections.tallies(merging, NEW)) == 2
    with merging.database.session() as session:
        assert audit.verify(session, NEW).intact


def test_what_a_former_council_is_asked_after_the_merger_counts_too(merging: Office) -> None:
    """A resident may answer its last message for months."""
    open_authority(merging, NEW, "Both", was=[OLD])
    with merging.database.session() as session:
        suppression.suppress_contact(session, merging, OLD, "email", "late", "asked to stop", "resident")
        assert suppression.suppressed_contacts(session, NEW) == {"late"}
        suppression.lift_source(session, merging, OLD, "resident")
        assert suppression.suppressed_contacts(session, NEW) == set()


def test_it_counts_through_every_code_in_between(merging: Office) -> None:
    """A district went into a unitary, which then got another code."""
    open_authority(merging, NEW, "Both", was=[OLD])
    open_authority(merging, NEWER, "Both again", was=[NEW])
    assert stopped(merging, NEWER) == (True, False)
    with merging.database.session() as session:
        assert identity.line(session, NEWER) == (NEWER, NEW, OLD)
        assert identity.line(session, OTHER) == (OTHER,)


def test_protected_addresses_stay_protected_whichever_council_lists_them(merging: Office) -> None:
    before = states(merging)
    open_authority(merging, NEW, "Both", was=[OLD, OTHER])
    theirs = merging.keys.uprn(9_900_000_002)
    assert protected_of(merging) == {theirs}
    assert states(merging) != before, "a table of homes from before hides them from then on"
    own = protected_list(merging, 9_900_000_003)
    with merging.database.session() as session:
        listed = session.get_one(Snapshot, keep(merging, "protected", own, date(2026, 5, 1)).id)
        listed.authority = NEW
    assert protected_of(merging) == {theirs, merging.keys.uprn(9_900_000_003)}, "its own list does not end theirs"


def protected_of(office: Office) -> set[str]:
    with office.database.session() as session:
        return protected.keys(office, session, NEW)


def states(office: Office) -> protected.State:
    with office.database.session() as session:
        return protected.states(session, [NEW])[NEW]


def test_an_objection_that_was_lifted_is_not_taken_up(merging: Office) -> None:
    with merging.database.session() as session:
        suppression.lift_source(session, merging, OLD, "resident")
    open_authority(merging, NEW, "Both", was=[OLD])
    assert stopped(merging, NEW) == (False, False)


def test_a_code_cannot_come_before_what_it_went_into(merging: Office) -> None:
    open_authority(merging, NEW, "Both", was=[OLD])
    with pytest.raises(InputRefused, match="E07000193 went into E06000099"):
        open_authority(merging, OLD, "East Staffordshire", was=[NEW])


def test_the_nation_is_that_of_the_code_of_one_opened_before_as_well(merging: Office) -> None:
    with merging.database.session() as session:
        session.add(Authority(code="W06000015", name="Opened before"))
    for code in ("S12000036", "N09000003", NEW):
        open_authority(merging, code, "Council")
    with merging.database.session() as session:
        nations = [session.get_one(Authority, code).nation for code in ("W06000015", "S12000036", "N09000003", NEW)]
    assert nations == ["Wales", "Scotland", "Northern Ireland", "England"]


def test_a_council_that_is_not_here_leaves_only_its_code(merging: Office) -> None:
    assert open_authority(merging, NEW, "Both", was=["E08000019"]).former == ("E08000019",)


@pytest.mark.parametrize("wrong", ["Sheffield", "E0800001", "E06000099", "", "e08000019"])
def test_what_is_no_code_is_refused_and_changes_nothing(merging: Office, wrong: str) -> None:
    with pytest.raises(InputRefused, match="--was is"):
        open_authority(merging, NEW, "Both", was=[wrong])
    with merging.database.session() as session:
        assert list(session.exec(select(FormerCode))) == []
        assert session.get(Authority, NEW) is None
