"""After the demo something waits for each role, and its sign-in page says who can come in and what they see."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engage.accounts import made_up
from engage.accounts.made_up import PEOPLE, password
from engage.demo import left_to_do
from engage.foundation import identity
from engage.foundation.identity import Role
from engage.foundation.office import Office
from engage.pages.overview import overview
from segments.audiences import named_rules, segments
from segments.crosswalk import review
from segments.importing.intake import IntakeState, open_intakes
from segments.missing import with_records
from segments.records import trust

if TYPE_CHECKING:
    from engage.demo.story import Story


def test_something_waits_for_every_role(played: "Story", tmp_path: Path) -> None:
    home = shutil.copytree(played.office.settings.home, tmp_path / "home")
    office = Office(played.office.settings.model_copy(update={"home": home}), played.clock)
    left_to_do.leave(replace(played, office=office, say=lambda _: None))
    (waits,) = open_intakes(office, played.authority)
    assert (waits.kind, waits.state) == ("register", IntakeState.waiting)

    def steps(role: Role) -> dict[str, list[str]]:
        with office.database.reading() as session:
            account = identity.by_email(session, PEOPLE[role][0])
            assert account is not None
        return {group.name: [step.title for step in group.steps] for group in overview(office, account).groups}

    officer = steps(Role.officer)
    assert "Finish setting up: Students in September" in officer["Campaigns"]
    assert [title for title in officer["Replies"] if title.startswith("Read ")]
    assert f"Decide: {waits.name}" in officer["Data"]
    assert officer["Results"] == ["Read the result: Summer reminder"]
    assert "Approve or send back: Autumn reminder" in steps(Role.approver)["Campaigns"]
    assert steps(Role.administrator)["Colleagues"] == ["The link of Nia Newcomer has expired"]
    with office.database.session() as session:
        linked = {each.system.name: each for each in review.standings(office, session, played.authority)}
    assert list(linked) == ["Business rates", "Waste collection"]
    assert linked["Waste collection"].waiting
    assert linked["Waste collection"].settled > 0.8 * linked["Waste collection"].crosswalk.rows
    assert steps(Role.auditor) == {"Results": officer["Results"]}
    by_source = {each["source"]: each for each in trust.sources(office, played.authority)}
    assert {source: each["used"] for source, each in by_source.items()} == {
        "council_tax": True,
        "housing_tenants": False,
    }
    (known,) = [each for each in named_rules.all_segments(office, played.authority) if each.name.startswith("Known to")]
    assert segments.count(office, played.authority, known.rule).households > 50
    told = with_records.estimate(office, played.authority)
    assert told is not None
    assert told.sources == ["Council tax"]  # on housing there is no agreement yet
    assert all(each["agreement_low"] > 0.5 and each["not_on_the_register"] > 10 for each in by_source.values())
    office.close()


def test_the_demo_lists_its_accounts_and_no_other_service_does(played: "Story") -> None:
    with played.office.database.reading() as session:
        listed = made_up.shown(session)
    assert [(each.role, each.password) for each in listed] == [(role.value, password(role)) for role in PEOPLE]
    assert set(made_up.SEES) == set(PEOPLE) == set(Role)
