"""Ready-made segments: each opens in the form, counts, and says what to import for it."""

from pathlib import Path

import pytest

from engage.demo.borough import write_borough
from engage.foundation.clock import SteppedClock, at_london
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from engage.foundation.settings import Settings
from segments.audiences import segments, starters
from segments.homes import households
from segments.importing.imports import import_file
from segments.rules import form as rule_form
from tests.segments.conftest import Town


def test_each_opens_in_the_form_and_is_worded() -> None:
    for starter in starters.STARTERS:
        shown = rule_form.shown(starter.rule)
        assert shown.rows
        assert shown.text is None
        assert starter.why.endswith(".")
        assert starters.find(starter.key) is starter
    assert {"ts007a"} == set(starters.find("fewer-than-expected").needs)
    assert {"ts054"} == set(starters.find("private-renting").needs)
    assert starters.find("shared-houses").needs == ()
    with pytest.raises(NotFound):
        starters.find("party-voters")


def test_each_counts_what_its_rule_counts(town: Town) -> None:
    offers = starters.offers(town.office, town.code)
    without_records = [each for each in starters.STARTERS if each.key != "known-to-the-council"]
    assert [(offer.starter, offer.lacking) for offer in offers] == [(each, ()) for each in without_records]
    counted = {offer.starter.key: offer.households for offer in offers}
    for starter in without_records:
        assert counted[starter.key] == segments.count(town.office, town.code, starter.rule).households
    assert all(counted[key] for key in ("nobody-registered", "attainers", "shared-houses"))


def test_what_is_not_imported_is_named(tmp_path: Path) -> None:
    borough = write_borough(tmp_path / "files", homes=300, wards=2)
    office = Office(Settings(home=tmp_path / "home"), SteppedClock(at_london(borough.as_at, 10)))
    from sqlmodel import SQLModel

    SQLModel.metadata.create_all(office.database.engine)
    with office.database.session() as session:
        session.add(Authority(code=borough.authority_code, name=borough.authority_name))
    actor = Actor(borough.authority_code, "officer 1")
    with pytest.raises(InputRefused, match="has not been built yet"):
        starters.offers(office, actor.authority)
    late = []
    for kind, path in borough.files:
        if kind in ("register", "gazetteer", "geography"):
            import_file(office, actor, kind, path, borough.as_at)
        elif "ts054" in path.name:
            late.append((kind, path))
    households.build(office, actor)
    found = {offer.starter.key: offer for offer in starters.offers(office, actor.authority)}
    assert found["private-renting"].lacking == ("ts054",)
    assert found["fewer-than-expected"].lacking == ("ts007a",)
    assert found["fewer-than-expected"].households is None
    assert found["nobody-registered"].households is not None
    assert len(late) == 1
    import_file(office, actor, *late[0], borough.as_at)
    found = {offer.starter.key: offer for offer in starters.offers(office, actor.authority)}
    assert (found["private-renting"].lacking, found["private-renting"].unbuilt) == ((), True)
    households.build(office, actor)
    found = {offer.starter.key: offer for offer in starters.offers(office, actor.authority)}
    assert not found["private-renting"].unbuilt
    assert found["private-renting"].households is not None
    office.close()
