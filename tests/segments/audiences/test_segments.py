"""Segments count what their rule says, tell nothing of homes that must not be seen, and an audience can be made again."""

import copy
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from pandas.util import hash_array
from sqlmodel import Session, col, select

from campaigns.plan import audience as arms
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.lake import Snapshot, current, digest
from engage.foundation.office import Office
from engage.foundation.privacy import mask_address
from engage.foundation.web.forms import Form
from segments.audiences import cost, named_rules, open_homes, segments, summary
from segments.audiences.audience import Audience, freeze, reproduce
from segments.audiences.overlap import Listed, Reminded
from segments.audiences.segments import Count
from segments.engine.execution import connect, table
from segments.homes.households import newest
from segments.missing import adults
from segments.rules import changes
from segments.rules import form as rule_form
from segments.rules import tree as rules
from segments.safeguards.suppression import Suppression, suppress_contact, suppress_household, suppressed_contacts
from tests.examples import examples
from tests.segments.conftest import Town
from tests.segments.rules import brute

RULE = {"version": 1, "where": {"all": [{"column": "gap", "is": "at least", "value": 0.7}]}}
EVERY = {"version": 1, "where": {"column": "electors", "is": "at least", "value": 0}}


def nobody_reminded(office: Office, session: Session, authority: str) -> Reminded:
    return Reminded({}, Listed(np.array([], dtype=np.int64)))


@pytest.fixture(scope="module")
def homes(town: Town) -> pd.DataFrame:
    with town.office.database.session() as session, connect() as backend:
        return table(backend, town.office.lake, newest(session, town.code)).execute()


def lacking(town: Town, homes: pd.DataFrame) -> pd.Series:
    """The adults missing from each of the homes that may be seen."""
    own = pl.from_pandas(homes[adults.KEYS])
    with town.office.database.reading() as session:
        cells = adults.of_homes(town.office, session, town.code, own)
    found = own.join(cells, on=adults.KEYS, how="left", nulls_equal=True, maintain_order="left")
    return pd.Series(found["missing"].to_numpy(), index=homes.index)


def test_counts_are_those_of_the_table(town: Town, homes: pd.DataFrame) -> None:
    wanted = homes[homes.gap >= 0.7]
    found = segments.count(town.office, town.code, RULE)
    assert found.households == len(wanted) > 0
    assert found.missing == pytest.approx(lacking(town, homes)[wanted.index].sum())
    assert (found.email, found.sms, found.letter) == (wanted.email.sum(), wanted.sms.sum(), wanted.letter.sum())
    assert found.text_first == (wanted.sms & ~wanted.email).sum()
    assert found.letter_only == (wanted.letter & ~wanted.email & ~wanted.sms).sum()
    assert found.email + found.text_first + found.letter_only + found.unreached == found.households
    assert {ward.ward: ward.households for ward in found.wards} == wanted.groupby("ward").size().to_dict()
    assert segments.count_all(town.office, RULE)[town.code].households == found.households


def test_an_empty_segment_counts_nothing(town: Town) -> None:
    rule = {"version": 1, "where": {"column": "electors", "is": "more than", "value": 99}}
    found = segments.count(town.office, town.code, rule)
    assert (found.households, found.missing, found.wards) == (0, 0, [])
    seen = summary.picture(town.office, town.code, rules.parse(rule), nobody_reminded)
    assert (seen.sample, seen.cost, seen.overlap.running) == ([], cost.Cost(Decimal(0), Decimal(0)), 0)


def test_saving_again_makes_the_next_version(town: Town) -> None:
    first = segments.save(town.office, town.actor, "One adult short", RULE)
    second = segments.save(town.office, town.actor, "One adult short", EVERY)
    assert (first.version, second.version) == (1, 2)
    assert named_rules.find(town.office, town.code, "One adult short").id == second.id
    assert [s.version for s in named_rules.all_segments(town.office, town.code) if s.name == "One adult short"] == [2]
    assert [s.id for s in named_rules.versions(town.office, town.code, "One adult short")] == [second.id, first.id]
    with pytest.raises(NotFound):
        named_rules.find(town.office, town.code, "Nobody")


def test_a_rule_about_what_was_not_imported_names_its_table(town: Town) -> None:
    rule = {"version": 1, "where": {"column": "born_abroad_share", "is": "at least", "value": 0.1}}
    with pytest.raises(rules.RuleInvalid, match=r"born_abroad_share, which is not imported\. Import TS004 first"):
        segments.count(town.office, town.code, rule)


# What a version changed

ZERO = {"column": "electors", "is": "at most", "value": 0}
FLAT = {"column": "class", "is": "one of", "value": ["flat"]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"all": [ZERO, FLAT]}, {"all": [ZERO, FLAT]}, []),
        ({"all": [ZERO]}, ZERO, []),
        (ZERO, {"all": [ZERO, FLAT]}, ["Added: the kind of home is flat."]),
        ({"any": [ZERO, FLAT]}, {"any": [FLAT]}, ["Removed: the number of electors is at most 0."]),
        (
            {"all": [ZERO, FLAT]}, {"any": [ZERO | {"value": 1}, FLAT]},
            [
                "Homes now have to meet at least one of the conditions.",
                "Changed: the number of electors is at most 1. Before: the number of electors is at most 0.",
            ],
        ),
        (FLAT, {"not": FLAT}, ["Changed: the kind of home is not flat. Before: the kind of home is flat."]),
        (
            {"all": [ZERO, {"any": [FLAT, ZERO]}]}, {"all": [ZERO]},
            ["Removed: the kind of home is flat or the number of electors is at most 0."],
        ),
        ({"all": [ZERO, FLAT]}, {"all": [FLAT, ZERO]}, [
            "Now: Homes where the kind of home is flat and the number of electors is at most 0."
        ]),
    ],
)  # fmt: skip
def test_versions_tell_what_they_changed(before: Any, after: Any, said: list[str]) -> None:
    parsed = [rules.parse({"version": 1, "where": where}) for where in (before, after)]
    assert changes.changes(*parsed) == said


# The form


def fields(parts: list[rule_form.Part], before: str = "c") -> dict[str, Any]:
    """What a browser sends of these parts."""
    typed: dict[str, Any] = {}
    for n, part in enumerate(parts):
        at = f"{before}{n}"
        if isinstance(part, rule_form.Box):
            typed |= {f"{at}-every": part.meeting} | fields(part.rows, f"{at}-")
            continue
        typed |= {f"{at}-column": part.column, f"{at}-is": part.comparison, f"{at}-value": part.values}
        typed |= {f"{at}-not": "not"} if part.turned else {}
    return typed


@given(tree=brute.trees)
@settings(max_examples=examples(200))
def test_a_rule_by_form_or_text_means_the_same(tree: Any) -> None:
    rule = rules.parse({"version": 1, "where": tree}, brute.OWN)
    shown = rule_form.shown(rule)
    if shown.text is None:
        typed = {"every": "all" if shown.every else "any", "act": "save"} | fields(shown.rows)
    else:
        assert brute.depth(tree) > 3
        typed = {"rule": shown.text, "act": "save"}
    form = Form(typed)
    again = rule_form.read(form, brute.OWN).rule
    assert form.errors == {}
    assert again is not None
    told = json.loads(json.dumps(again.as_json()))["where"]
    assert brute.meeting(told) == brute.meeting(rule.as_json()["where"])


def press(act: str, shown: rule_form.RuleForm | None = None, **typed: str) -> rule_form.RuleForm:
    sent = {"act": act, "every": "all"} | (fields(shown.rows) if shown else {}) | typed
    return rule_form.read(Form({name.replace("_", "-"): value for name, value in sent.items()}))


def test_parts_are_added_and_removed_at_their_place() -> None:
    shown = press("group", press("add", new="electors"))
    shown = press("add c1", shown, c1_new="class")
    shown = press("group c1", shown)
    shown = press("add c1-1", shown, c1_1_new="ward")
    inner = shown.rows[1]
    assert isinstance(inner, rule_form.Box)
    assert [type(part).__name__ for part in inner.rows] == ["Row", "Box"]
    assert press("group c1-1", shown) == press("none", shown), "three levels are enough"
    assert fields(press("remove c1-1-0", shown).rows) == fields(press("group c1", press("remove c1-1", shown)).rows)
    assert press("remove c1", shown).rows == press("remove 1", shown).rows == press("none", shown).rows[:1]
    for nonsense in ("remove c9", "remove c0-0", "remove", "remove c1-x", "add c7", "group c0", "add c1-9-9"):
        assert press(nonsense, shown, new="electors").rows == press("none", shown).rows


def test_a_group_holds_as_much_as_the_form_reads() -> None:
    shown = press("none")
    for _ in range(rule_form.MOST + 2):
        shown = press("add", shown, new="electors")
    assert len(shown.rows) == rule_form.MOST


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Enter the rule"),
        ("{", "line 1, column 2"),
        ("[" * 100_000, "too long or too deep"),
        ('{"version": ' + "1" * 5_000 + "}", "too long or too deep"),
        ('{"version": 1, "where": {"all": [7]}}', "rule.where.all[0] is 7"),
    ],
)
def test_a_rule_as_text_is_told_where_it_is_wrong(text: str, said: str) -> None:
    form = Form({"rule": text, "act": "count"})
    assert rule_form.read(form).rule is None
    assert said in form.errors["rule"]


def test_an_indicator_that_is_gone_is_not_dropped_silently() -> None:
    form = Form({"act": "save", "c0-column": "local_dogs", "c0-is": "at least", "c0-value": "1"})
    assert rule_form.read(form).rule is None
    assert "local_dogs is not imported here any more" in form.errors["c0-value"]


# At a glance


@pytest.mark.parametrize(
    ("lines", "masked"),
    [
        (["12 Ash Tree Road", "Burton upon Trent", "DE14 1AB"], "12 A••••• Road, DE14 1••"),
        (["Flat 3", "Green House", "Birch Lane", "Burton upon Trent", "DE14 3AE"], "G••••• House, DE14 3••"),
        (["Apartment 6", "3A Canal View", "DE14 3PL"], "3A C••••• View, DE14 3••"),
        (["Rosebank", "ST14 5JU"], "R•••••, ST14 5••"),
        (["Flat 2", "DE14 1AA"], "F••••• 2, DE14 1••"),
        (["12", "DE14 1AA"], "12, DE14 1••"),
        (["", "  ", "DE14 1AA"], "DE14 1••"),
        ([], ""),
    ],
)
def test_addresses_are_masked(lines: list[str], masked: str) -> None:
    assert mask_address(lines) == masked


def test_the_sample_is_of_the_rule_masked_and_always_the_same(town: Town, homes: pd.DataFrame) -> None:
    wanted = homes[homes.gap >= 0.7]
    rule = rules.parse(RULE)
    first, again = (summary.picture(town.office, town.code, rule, nobody_reminded).sample for _ in range(2))
    assert first == again
    assert len(first) == 10
    assert set(first) <= {mask_address(list(lines)) for lines in wanted.address_lines}
    whole = {line for lines in wanted.address_lines for line in lines}
    assert not [shown for shown in first if shown in whole or shown.rpartition(", ")[2] in whole]
    other = summary.picture(town.office, town.code, rules.parse(EVERY), nobody_reminded).sample
    assert other != first


def test_what_a_reminder_costs(town: Town) -> None:
    """Prices in force from April 2026: 2.4p a text after 10,000 free ones, letters 63.8p to 91p."""
    count = Count(30_000, 0, 5_000, 16_000, 29_000, [], text_first=12_000, letter_only=13_000, text_without_letter=500)
    found = cost.of(town.office, count, 12_000, town.borough.as_at, "England")
    assert found.low == math.floor((2_000 * 2.4 + 13_000 * 63.8) / 100)
    assert found.high == math.ceil((500 * 3 * 2.4 + 29_000 * 91) / 100)
    assert isinstance(found.low, Decimal)


# Homes that must not be seen


@pytest.fixture
def closed(town: Town, homes: pd.DataFrame) -> Iterator[set[int]]:
    """Some homes ask, after the table was built, not to be contacted; others are protected by then."""
    asked, listed = set(homes.uprn[5::97].tolist()), set(homes.uprn[11::89].tolist())
    with town.office.database.session() as session:
        for uprn in sorted(asked):
            suppress_household(session, town.office, town.code, uprn, "asked", "closed")
        before = current(session, town.code, "protected")
        staged = town.office.lake.stage()
        keys = [town.office.keys.uprn(uprn) for uprn in sorted(listed)]
        pq.write_table(pa.table({"address": keys}), staged)
        snapshot = town.office.lake.commit(
            session, staged, authority=town.code, kind="protected", as_at=town.borough.as_at,
            made_at=town.office.clock.now(), made_by="officer 1", rows=len(keys),
        )  # fmt: skip
        earlier = set(pd.read_parquet(town.office.lake.file(before)).address) if before else set()
    yield asked | listed
    assert not earlier & set(keys)
    with town.office.database.session() as session:
        session.delete(session.get(Snapshot, snapshot.id))
        for entry in session.exec(select(Suppression).where(col(Suppression.source) == "closed")):
            session.delete(entry)


def sample_of(wanted: pd.DataFrame, rule: rules.Rule) -> list[str]:
    """Each home has a number on a ring, and the rule says where on it the ten begin."""
    start = int(hashlib.sha256(json.dumps(rule.as_json(), sort_keys=True).encode()).hexdigest()[:16], 16)
    number = pd.Series(hash_array(wanted.uprn.to_numpy()), index=wanted.index)
    ring = sorted(wanted.index, key=lambda home: (int(number[home]) - start) % 2**64)
    return sorted(mask_address(list(wanted.address_lines[home])) for home in ring[:10])


def parameters(tree: Any) -> Any:
    """The rule over columns the town has."""
    names = {"oac_supergroup": "class", "local_single_person_discount": "electors", "census_tenure_owned": "gap",
             "local_holiday_share": "private_rented_share"}  # fmt: skip
    if "column" not in tree:
        word, parts = next(iter(tree.items()))
        return {word: list(map(parameters, parts)) if isinstance(parts, list) else parameters(parts)}
    if tree["column"] not in names:
        return tree
    column = names[tree["column"]]
    if column == "class":
        return {"column": "class", "is": "one of", "value": ["house", "flat"]}
    value = min(max(tree["value"], 0), 1 if "share" in column else 100)
    return {"column": column, "is": tree["is"], "value": value / 100 if tree.get("unit") else value}


@pytest.fixture(params=["each home looked at", "round the ring"])
def sampled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either way of finding the sample, whatever the size of the town."""
    if request.param == "round the ring":
        monkeypatch.setattr(open_homes, "FEW", 0)
        monkeypatch.setattr(open_homes, "MET", 7)


@pytest.mark.usefixtures("sampled")
@given(tree=brute.trees.map(copy.deepcopy).map(parameters))
@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_tells_of_homes_that_must_not_be_seen(
    town: Town, homes: pd.DataFrame, closed: set[int], tree: Any
) -> None:
    """Every figure is that of a borough in which those homes do not exist: so no difference of two can tell of one."""
    seen = homes[~homes.uprn.isin(closed)]
    rule = rules.parse({"version": 1, "where": tree})
    without = ibis.memtable(seen.drop(columns="address_lines"))
    wanted = seen[seen.uprn.isin(without.filter(rule.ibis(without)).uprn.execute())]

    every = np.sort(homes.uprn.to_numpy(dtype=np.int64))

    def half(office: Office, session: Session, authority: str) -> Reminded:
        """And homes that are not of this borough."""
        running = {"all of them": Listed(every), "some": Listed(np.concatenate([[1], every[::2], [10**12]]))}
        return Reminded(running, Listed(every))

    found = summary.picture(town.office, town.code, rule, half)
    count = found.count
    assert count.households == len(wanted)
    assert count.missing == pytest.approx(lacking(town, seen)[wanted.index].sum())
    assert count.unoccupied == wanted.unoccupied.notna().sum()
    assert (count.email, count.sms, count.letter) == (wanted.email.sum(), wanted.sms.sum(), wanted.letter.sum())
    assert {ward.ward: ward.households for ward in count.wards} == wanted.groupby("ward").size().to_dict()
    assert (found.overlap.running, found.overlap.recent) == (len(wanted), len(wanted))
    some = wanted.uprn.isin(every[::2]).sum()
    assert found.overlap.campaigns == {"all of them": len(wanted), "some": some}
    assert found.sample == sample_of(wanted, rule)
    everywhere = segments.count_all(town.office, rule)[town.code]
    assert replace(everywhere, missing=0, wards=[]) == replace(count, missing=0, wards=[])
    assert everywhere.missing == pytest.approx(count.missing, rel=1e-12), "added up in another order"
    assert [replace(ward, missing=0) for ward in everywhere.wards] == [replace(w, missing=0) for w in count.wards]
    added = [ward.missing for ward in everywhere.wards]
    assert added == pytest.approx([ward.missing for ward in count.wards], rel=1e-12, abs=1e-9)


def test_an_audience_leaves_out_what_every_count_leaves_out(town: Town, closed: set[int]) -> None:
    frozen = freeze(town.office, town.actor, EVERY, name="without")
    assert not closed & set(pd.read_parquet(frozen.path).uprn)
    assert frozen.households == segments.count(town.office, town.code, EVERY).households


def test_a_home_that_may_be_seen_again_is_counted_again(town: Town, homes: pd.DataFrame) -> None:
    before = segments.count(town.office, town.code, EVERY).households
    with town.office.database.session() as session:
        entry = suppress_household(session, town.office, town.code, int(homes.uprn[0]), "asked", "again")
    assert segments.count(town.office, town.code, EVERY).households == before - 1
    with town.office.database.session() as session:
        session.get(Suppression, entry.id).lifted_at = town.office.clock.now()  # type: ignore[union-attr]
    assert segments.count(town.office, town.code, EVERY).households == before


def test_homes_stay_open_until_something_changes(town: Town) -> None:
    with town.office.database.reading() as session:
        first = open_homes.opened(town.office, session, town.code)
        assert open_homes.opened(town.office, session, town.code) is first


# Audiences


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


def test_an_audience_freezes_all_that_it_follows_from(town: Town) -> None:
    saved = segments.save(town.office, town.actor, "Frozen", RULE)
    segments.save(town.office, town.actor, "Frozen", EVERY)
    audience = freeze(town.office, town.actor, saved.rule, name="c", segment="Frozen", seed=2**62 + 1)
    frozen = pd.read_parquet(audience.path)
    report = report_of(town, audience)
    assert (report["segment"], report["version"], report["seed"]) == ("Frozen", 1, 2**62 + 1)
    assert report["rule"] == saved.rule
    assert (report["households"], report["register"]) == (audience.households_snapshot, audience.register_snapshot)
    assert report["counts"] == {
        "households": len(frozen), "email": frozen.email_contact.notna().sum(), "sms": frozen.sms_contact.notna().sum(),
        "letter": frozen.letter.sum(),
    }  # fmt: skip


def report_of(town: Town, audience: Audience) -> dict[str, Any]:
    with town.office.database.session() as session:
        snapshot = session.get(Snapshot, audience.snapshot_id)
        assert snapshot is not None
        return snapshot.report


def bytes_of(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return bytes(sink.getvalue())


def test_an_audience_is_made_again_byte_for_byte_after_newer_imports(
    town: Town, closed: set[int], tmp_path: Any
) -> None:  # fmt: skip
    """Newer homes and contacts come, somebody objects, and those who were left out may be reminded again."""
    frozen = freeze(town.office, town.actor, RULE, name="again", seed=7)
    with town.office.database.session() as session:
        for kind in ("households", "contacts"):
            newer(town, session, kind)
        contact = pd.read_parquet(frozen.path).email_contact.dropna().iloc[0]
        suppress_contact(session, town.office, town.code, "email", contact, "asked", "later")
        for entry in session.exec(select(Suppression).where(col(Suppression.source) == "closed")):
            entry.lifted_at = town.office.clock.now()
    try:
        held = pq.read_table(frozen.path)
        assert freeze(town.office, town.actor, RULE, name="later").households != frozen.households
        again = reproduce(town.office, town.code, frozen.snapshot_id)
        assert bytes_of(again) == bytes_of(held)
        assert sorted(set(again["uprn"].to_pylist()) & closed) == []
        # And so are the arms that a campaign draws from it with the seed.
        pq.write_table(again, tmp_path / "again.parquet")
        for name, rows in (("held", frozen.path), ("made", tmp_path / "again.parquet")):
            arms.with_arms(rows, tmp_path / f"{name}.parquet", {"now": 0.5, "later": 0.5}, 7)
        assert digest(tmp_path / "held.parquet") == digest(tmp_path / "made.parquet")
    finally:
        forget(town)


def test_a_contact_of_several_homes_counts_as_one_message(town: Town) -> None:
    """While a rule is made, as when it is frozen and sent: 40 homes of a letting agent are one email."""
    rule = rules.parse(EVERY)
    before = summary.picture(town.office, town.code, rule, nobody_reminded)
    with town.office.database.session() as session:
        newer(town, session, "contacts", lambda rows: rows.assign(contact=rows.contact.str[:2]))
    try:
        seen = summary.picture(town.office, town.code, rule, nobody_reminded)
        frozen = pd.read_parquet(freeze(town.office, town.actor, EVERY, name="shared").path)
        assert (seen.emails, seen.texts) == (frozen.email_contact.nunique(), frozen.sms_contact.nunique())
        assert 0 < seen.emails < before.emails <= before.count.email
        alone = frozen[frozen.email_contact.isna()].sms_contact.nunique()
        assert seen.cost.low <= before.cost.low
        with town.office.database.reading() as session:
            homes = segments.chosen(town.office, session, town.code, rule)
        assert homes.messages("sms", but_for="email") == alone > 0
    finally:
        forget(town)


def every_third_gone(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[[n % 3 > 0 for n in range(len(rows))]]


def newer(
    town: Town, session: Any, kind: str, change: Callable[[pd.DataFrame], pd.DataFrame] = every_third_gone
) -> None:  # fmt: skip
    """The next snapshot of a kind, changed."""
    now = current(session, town.code, kind)
    assert now is not None
    rows, staged = pq.read_table(town.office.lake.file(now)), town.office.lake.stage()
    changed = change(rows.to_pandas(types_mapper=pd.ArrowDtype))
    pq.write_table(pa.Table.from_pandas(changed, rows.schema, preserve_index=False), staged)
    town.office.lake.commit(
        session, staged, authority=town.code, kind=kind, as_at=now.as_at, made_at=town.office.clock.now(),
        made_by="newer", rows=0, report=now.report,
    )  # fmt: skip


def forget(town: Town) -> None:
    with town.office.database.session() as session:
        for snapshot in session.exec(select(Snapshot).where(Snapshot.made_by == "newer")):
            session.delete(snapshot)
        for entry in session.exec(select(Suppression).where(Suppression.source == "later")):
            session.delete(entry)


def test_what_is_left_out_of_an_audience_is_kept_as_hashes_only(
    town: Town, homes: pd.DataFrame, closed: set[int]
) -> None:
    contacts = pd.read_parquet(freeze(town.office, town.actor, EVERY, name="hashes").path).email_contact.dropna()
    with town.office.database.session() as session:
        suppress_contact(session, town.office, town.code, "email", contacts.iloc[3], "asked", "later")
        suppress_contact(session, town.office, town.code, "email", "0" * 64, "asked", "later")
        before = suppressed_contacts(session, town.code)
    try:
        audience = freeze(town.office, town.actor, EVERY, name="hashes")
        kept = pd.read_parquet(town.office.lake.root / report_of(town, audience)["closed_file"])
        assert set(kept.key[kept["of"] == "home"]) == {town.office.keys.uprn(uprn) for uprn in closed}
        assert contacts.iloc[3] in set(kept.key[kept["of"] == "contact"]) <= before - {"0" * 64}
        assert kept.key.str.fullmatch("[0-9a-f]{64}").all()
    finally:
        forget(town)


def test_what_cannot_be_made_again_says_why(town: Town) -> None:
    frozen = freeze(town.office, town.actor, RULE, name="gone")
    with pytest.raises(NotFound, match="no audience"):
        reproduce(town.office, town.code, frozen.households_snapshot)
    with pytest.raises(NotFound, match="no snapshot"):
        reproduce(town.office, "E07000999", frozen.snapshot_id)
    with town.office.database.session() as session:
        path = town.office.lake.file(newest(session, town.code))
    path.rename(path.with_suffix(".away"))
    try:
        with pytest.raises(InputRefused, match="no longer kept"):
            reproduce(town.office, town.code, frozen.snapshot_id)
    finally:
        path.with_suffix(".away").rename(path)
