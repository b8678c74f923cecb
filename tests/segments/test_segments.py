"""Segments count what their rule says, and an audience is frozen with the reach of the day."""

import pandas as pd
import pytest

from engage.foundation.errors import NotFound
from segments import rules, segments
from segments.audience import freeze
from segments.engine import connect, table
from segments.households import newest
from tests.segments.conftest import Town

RULE = {"version": 1, "where": {"all": [{"column": "gap", "is": "at least", "value": 0.7}]}}


@pytest.fixture(scope="module")
def homes(town: Town) -> pd.DataFrame:
    with town.office.database.session() as session, connect() as backend:
        return table(backend, town.office.lake, newest(session, town.code)).execute()


def test_counts_are_those_of_the_table(town: Town, homes: pd.DataFrame) -> None:
    wanted = homes[homes.gap >= 0.7]
    found = segments.count(town.office, town.code, RULE)
    assert found.households == len(wanted) > 0
    assert found.missing == pytest.approx(wanted.gap.sum())
    assert (found.email, found.sms, found.letter) == (wanted.email.sum(), wanted.sms.sum(), wanted.letter.sum())
    assert {ward.ward: ward.households for ward in found.wards} == wanted.groupby("ward").size().to_dict()


def test_an_empty_segment_counts_nothing(town: Town) -> None:
    rule = {"version": 1, "where": {"column": "electors", "is": "more than", "value": 99}}
    found = segments.count(town.office, town.code, rule)
    assert (found.households, found.missing, found.wards) == (0, 0, [])


def test_saving_again_makes_the_next_version(town: Town) -> None:
    first = segments.save(town.office, town.actor, "One adult short", RULE)
    second = segments.save(town.office, town.actor, "One adult short", RULE)
    assert (first.version, second.version) == (1, 2)
    assert segments.find(town.office, town.code, "One adult short").id == second.id
    assert [s.version for s in segments.all_segments(town.office, town.code) if s.name == "One adult short"] == [2]
    with pytest.raises(NotFound):
        segments.find(town.office, town.code, "Nobody")


def test_an_audience_holds_the_rule_s_homes_and_one_contact_per_channel(town: Town, homes: pd.DataFrame) -> None:
    audience = freeze(town.office, town.actor, RULE, name="test")
    frozen = pd.read_parquet(audience.path)
    wanted = homes[homes.gap >= 0.7]
    assert list(frozen.uprn) == sorted(wanted.uprn)
    assert audience.households == len(wanted)
    by_email = set(frozen.uprn[frozen.email_contact.notna()])
    assert by_email == set(wanted.uprn[wanted.email])
    token = frozen.email_value.dropna().iloc[0]
    address = town.office.keys.decrypt(token)
    assert address.rsplit(".", 1)[0].endswith("example") or "example." in address
    assert frozen.email_contact.dropna().iloc[0] == town.office.keys.contact("email", address)


def test_freezing_twice_gives_the_same_homes(town: Town) -> None:
    first, second = (freeze(town.office, town.actor, RULE, name=name) for name in ("a", "b"))
    pd.testing.assert_frame_equal(pd.read_parquet(first.path), pd.read_parquet(second.path))


def test_a_rule_about_what_was_not_imported_says_so(town: Town) -> None:
    absent = "born_abroad_share"
    rule = {"version": 1, "where": {"column": absent, "is": "at least", "value": 0.1}}
    with pytest.raises(rules.RuleInvalid, match=absent):
        segments.count(town.office, town.code, rule)
