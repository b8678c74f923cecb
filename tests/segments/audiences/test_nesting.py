"""A segment within another keeps its meaning, segments held against each other add up, and a rule is counted while it
is unfinished."""

from typing import Any

import numpy as np
import pytest

from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.office import Actor
from engage.foundation.web.forms import Form
from segments.audiences import comparison, named_rules, open_homes, segments
from segments.rules import form as rule_form
from segments.rules import topics, tree
from tests.segments.conftest import Town

NOBODY = {"column": "electors", "is": "at most", "value": 0}
FLAT = {"column": "class", "is": "one of", "value": ["flat"]}


def rule(where: Any) -> dict[str, Any]:
    return {"version": 1, "where": where}


def test_a_segment_within_a_rule_says_itself_and_means_what_it_meant(town: Town) -> None:
    flats = segments.save(town.office, town.actor, "Flats", rule(FLAT))
    parts = [NOBODY, {"not": {"segment": {"id": flats.id}}}]
    saved = segments.save(town.office, town.actor, "Empty, no flats", rule({"all": parts}))
    counted = segments.count(town.office, town.code, saved.rule)
    assert counted == segments.count(town.office, town.code, rule({"all": [NOBODY, {"not": FLAT}]}))
    assert 0 < counted.households < segments.count(town.office, town.code, rule(NOBODY)).households
    segments.save(town.office, town.actor, "Flats", rule(NOBODY))  # a later version changes nothing
    parsed = tree.parse(saved.rule)
    assert segments.count(town.office, town.code, saved.rule) == counted
    assert parsed.sentence().endswith("at most 0 and it is not in the segment “Flats” (version 1).")
    assert parsed.sentence("cy").endswith("a hefyd nid yw yn y segment “Flats” (fersiwn 1).")
    assert tree.parse(parsed.as_json()) == parsed
    shown = rule_form.shown(parsed)
    assert [row.column for row in shown.rows if isinstance(row, rule_form.Row)] == ["electors", f"segment {flats.id}"]


def test_a_rule_refers_to_what_stands_here_and_never_to_itself(town: Town) -> None:
    first = segments.save(town.office, town.actor, "First", rule(NOBODY))
    second = segments.save(town.office, town.actor, "Second", rule({"segment": {"id": first.id}}))
    for number in (first.id, second.id):
        with pytest.raises(tree.RuleInvalid, match="“First” cannot refer to itself"):
            segments.save(town.office, town.actor, "First", rule({"segment": {"id": number}}))
    forged = {"segment": {"id": first.id, "name": "First", "version": 1, "where": FLAT}}
    with pytest.raises(tree.RuleInvalid, match=r"“First”, version 1, is not segment \d+ here"):
        segments.save(town.office, town.actor, "Third", rule(forged))
    with pytest.raises(tree.RuleInvalid, match=r"rule.where.segment.id is 999: there is no such segment here"):
        segments.count(town.office, town.code, rule({"segment": {"id": 999}}))
    deep: Any = NOBODY
    for _ in range(tree.DEEPEST - 2):
        deep = {"not": deep}
    held = segments.save(town.office, town.actor, "Deep", rule(deep))
    with pytest.raises(tree.RuleInvalid, match="lies too deep"):
        segments.save(town.office, town.actor, "Deeper", rule({"not": {"not": {"segment": {"id": held.id}}}}))


def test_parts_of_compared_segments_add_up(town: Town) -> None:
    rules = {name: tree.parse(rule(where)) for name, where in {"Empty": NOBODY, "Flats": FLAT}.items()}
    both, empty, flats = comparison.compare(town.office, town.code, rules)
    assert (both.within, both.without) == (("Empty", "Flats"), ())
    assert (empty.within, flats.within, flats.without) == (("Empty",), ("Flats",), ("Empty",))
    for mine, name in ((empty, "Empty"), (flats, "Flats")):
        whole = segments.count(town.office, town.code, rules[name])
        assert both.homes + mine.homes == whole.households
        assert both.electors + mine.electors == whole.electors
        assert both.missing + mine.missing == pytest.approx(whole.missing)
    assert (both.electors, empty.electors) == (0, 0) < (1, flats.electors)
    with pytest.raises(InputRefused, match="Select 2 or 3"):
        comparison.compare(town.office, town.code, {"Empty": rules["Empty"]})


def test_people_are_counted_beside_homes_by_one_and_by_all(town: Town) -> None:
    counted = segments.count(town.office, town.code, rule(FLAT))
    assert counted.electors == segments.count_all(town.office, rule(FLAT))[town.code].electors > 0
    assert counted.electors == sum(ward.electors for ward in counted.wards)
    with town.office.database.reading() as session:
        homes = open_homes.opened(town.office, session, town.code)
    assert homes.electors.dtype == np.int32


def test_a_draft_is_its_owners_alone_until_it_is_shared(town: Town) -> None:
    ann, ben = (Actor(town.code, f"officer {n}", n) for n in (901, 902))
    draft = segments.save(town.office, ann, "Mine", rule(NOBODY), shared=False, note="A try")
    names = {
        who: [each.name for each in named_rules.all_segments(town.office, town.code, who)] for who in (901, 902, None)
    }
    assert [("Mine" in held) for held in names.values()] == [True, False, False]
    with pytest.raises(NotFound):
        named_rules.find(town.office, town.code, draft.id or 0, 902)
    with pytest.raises(InputRefused, match="A colleague has a draft by this name"):
        segments.save(town.office, ben, "Mine", rule(FLAT))
    segments.save(town.office, ann, "Mine", rule(NOBODY))
    assert segments.save(town.office, ben, "Mine", rule(FLAT)).version == 3  # every officer changes what is shared
    with pytest.raises(InputRefused, match="This segment is shared"):
        segments.save(town.office, ann, "Mine", rule(NOBODY), shared=False)


def typed(act: str, **fields: Any) -> tuple[Form, rule_form.RuleForm]:
    form = Form({"act": act, "every": "all"} | {name.replace("_", "-"): value for name, value in fields.items()})
    return form, rule_form.read(form)


CONDITION = {"c0_column": "electors", "c0_is": "at most", "c0_value": "0"}


@pytest.mark.parametrize("act", ["count", "add", "group", "remove 2"])
def test_what_is_unfinished_is_left_out_and_the_rest_counted(act: str) -> None:
    form, shown = typed(act, **CONDITION, c1_column="gap", c1_is="at least", c1_value=" ", c2_every="any", new="class")
    assert shown.rule == tree.parse(rule(NOBODY))
    assert {"c1-value"} <= shown.unfinished.keys() <= {"c1-value", "c2-new", "c3-value", "c3-new"}
    assert form.errors == {}


def test_what_is_wrong_is_told_and_the_rest_counted_but_nothing_unfinished_is_saved() -> None:
    form, shown = typed("count", **CONDITION, c1_column="gap", c1_is="at least", c1_value="lots")
    assert shown.rule == tree.parse(rule(NOBODY))
    assert form.errors.keys() == {"c1-value"}
    for act in ("save", "text"):
        form, shown = typed(act, **CONDITION, c1_column="gap", c1_is="at least", c1_value="")
        assert (shown.rule, form.errors.keys()) == (None, {"c1-value"})


def test_every_condition_has_a_topic() -> None:
    grouped = topics.grouped(tree.COLUMNS | {"local_dogs": tree.Column("dogs", "cŵn", "number")})
    assert sum(map(len, grouped.values())) == len(tree.COLUMNS) + 1
    assert max(map(len, grouped.values())) <= 10
    assert "local_dogs" in grouped[topics.OWN]
    assert topics.OTHER_AREAS not in grouped or "oac_supergroup" in grouped[topics.OTHER_AREAS]


def test_a_rule_of_areas_alone_is_worded_as_areas() -> None:
    renting = {"column": "private_rented_share", "is": "at least", "value": 0.3}
    alone = {"column": "one_person_share", "is": "more than", "value": 0.5}
    parsed = tree.parse(rule({"any": [renting, alone]}))
    assert parsed.sentence() == (
        "Homes in areas where households that rent privately are at least 30 % or "
        "one person households are more than 50 %."
    )
    assert parsed.sentence("cy").startswith("Cartrefi mewn ardaloedd lle mae aelwydydd")
    denied = tree.parse(rule({"not": renting})).sentence()
    assert denied == "Homes where it lies in an area where households that rent privately are not at least 30 %."
