"""Outcomes against brute force over small registers, and through the real importer when everything is renumbered."""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from campaigns.records.models import Campaign, MessageState, Wave
from dashboards.published.delivery import deliveries
from dashboards.published.outcomes import cells, gained, outcomes, reading
from dashboards.results.measurement import of_campaign, of_table
from engage.commands import printing
from engage.demo.borough import write_borough
from engage.foundation.clock import at_london
from engage.foundation.errors import InputRefused, NotFound
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot
from engage.foundation.office import Actor, Office
from segments.engine import execution
from segments.importing.imports import import_file
from segments.safeguards.suppression import suppress_household
from tests.dashboards.conftest import Council, message
from tests.examples import examples

CODE = "E07000193"
BASELINE = date(2026, 6, 1)
ENDS = date(2026, 7, 15)
Register = Iterable[tuple[str, int]]


class Town:
    """Registers already tied to homes, as sets of (person, home), and one campaign over some homes."""

    def __init__(self, office: Office) -> None:
        self.office, self.actor = office, Actor(CODE, "officer 1")
        self.gazetteer = self.keep("gazetteer", pd.DataFrame({"uprn": [1]}), BASELINE)

    def keep(self, kind: str, frame: pd.DataFrame, as_at: date, name: str = "", source: str = "") -> int:
        staged = self.office.lake.stage()
        frame.to_parquet(staged, index=False)
        with self.office.database.session() as session:
            kept = self.office.lake.commit(
                session, staged, authority=CODE, kind=kind, as_at=as_at, made_at=self.office.clock.now(),
                made_by="officer 1", rows=len(frame), name=name, source=source,
            )  # fmt: skip
            return kept.id or 0

    def register(self, entries: Register, as_at: date) -> int:
        number = self.keep("register", pd.DataFrame({"person": ["x"]}), as_at)
        people = pd.DataFrame(sorted(entries), columns=["person", "uprn"]).astype({"person": "str", "uprn": "int64"})
        self.keep("electors", people, as_at, str(number), f"register {number} gazetteer {self.gazetteer}")
        return number

    def campaign(self, arms: dict[int, str], baseline: int) -> int:
        frame = pd.DataFrame(
            {"uprn": list(arms), "ward": ["W1" if u % 2 else None for u in arms], "arm": arms.values()}
        )
        audience = self.keep("audience", frame, BASELINE)
        with self.office.database.session() as session:
            made = Campaign(
                authority=CODE, name="Summer", purpose="p", seed=1, audience_snapshot=audience,
                register_snapshot=baseline, window_start=BASELINE + timedelta(2), window_end=ENDS,
                plan={"arms": {"now": 0.5, "later": 0.5}, "comparison": "later"},
                created_by="officer 1", created_at=self.office.clock.now(), launched_at=self.office.clock.now(),
            )  # fmt: skip
            session.add(made)
            session.flush()
            return made.id or 0


@pytest.fixture
def place(office: Office) -> Town:
    return Town(office)


REGISTERS = st.sets(st.tuples(st.sampled_from("abcdef"), st.integers(1, 8)), max_size=20)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=REGISTERS, after=REGISTERS, homes=st.sets(st.integers(1, 10), min_size=1))
def test_a_home_registered_when_somebody_new_is_there(
    place: Town, before: set[tuple[str, int]], after: set[tuple[str, int]], homes: set[int]
) -> None:
    """Moves within the town, changes of occupants, removals and homes on neither register, against the definition."""
    as_at = _later(place)
    arms = {uprn: "now" if uprn % 3 else "later" for uprn in sorted(homes)}
    campaign = place.campaign(arms, place.register(before, BASELINE))
    place.register(after, as_at)
    found = outcomes(place.office, place.actor, campaign)
    known = {p for p, _ in before}
    gained = {uprn: len({p for p, u in after if u == uprn} - known) for uprn in arms}
    moved = {uprn: len({p for p, u in after - before if u == uprn and p in known}) for uprn in arms}
    assert dict(zip(found["uprn"], found["gained"], strict=True)) == gained
    assert dict(zip(found["uprn"], found["moved_in"], strict=True)) == moved
    assert found["electors"].tolist() == [len({p for p, u in before if u == uprn}) for uprn in found["uprn"]]
    assert found["later"].tolist() == [len({p for p, u in after if u == uprn}) for uprn in found["uprn"]]
    assert dict(zip(found["uprn"], found["registered"], strict=True)) == {u: int(n > 0) for u, n in gained.items()}
    assert dict(zip(found["uprn"], found["arm"], strict=True)) == arms
    assert found["contacted_on"].isna().all()
    total = cells(place.office, place.actor, campaign)
    assert sum(cell.homes for cell in total) == len(arms)
    assert sum(cell.registered for cell in total) == sum(n > 0 for n in gained.values())
    assert {cell.ward for cell in total} <= {"W1", "not known"}


def _later(place: Town) -> date:
    """A date on which no example before had a register, earlier than theirs, so that it is the first after the window."""
    with place.office.database.session() as session:
        taken = [s.as_at for s in session.exec(select(Snapshot).where(Snapshot.kind == "register"))]
    return min([day for day in taken if day > ENDS], default=ENDS + timedelta(2000)) - timedelta(1)


def test_emptied_homes_stay_in_the_denominator(place: Town) -> None:
    baseline = place.register({("a", 1), ("b", 2)}, BASELINE)
    campaign = place.campaign({1: "now", 2: "later", 3: "now"}, baseline)
    place.register({("c", 3)}, ENDS)
    found = outcomes(place.office, place.actor, campaign)
    assert found["registered"].tolist() == [0, 0, 1]


def test_the_register_read_is_the_first_after_the_window(place: Town) -> None:
    campaign = place.campaign({1: "now", 2: "later"}, place.register(set(), BASELINE))
    with pytest.raises(InputRefused, match=r"no later register yet\. Import the register of 15 July 2026 or later"):
        outcomes(place.office, place.actor, campaign)
    place.register({("early", 1)}, BASELINE + timedelta(1))
    assert read(place, campaign) is None, "taken before the first reminder"
    midway = place.register({("m", 1)}, ENDS - timedelta(5))
    assert read(place, campaign) == (midway, True)
    final = place.register({("m", 1)}, ENDS + timedelta(1))
    place.register({("m", 1), ("reminded later", 2)}, ENDS + timedelta(60))
    assert read(place, campaign) == (final, False)
    corrected = place.register({("m", 1)}, ENDS + timedelta(1))
    assert read(place, campaign) == (corrected, False)
    assert outcomes(place.office, place.actor, campaign)["registered"].tolist() == [1, 0]


def read(place: Town, campaign: int) -> tuple[int | None, bool] | None:
    with place.office.database.session() as session:
        found = reading(session, session.get_one(Campaign, campaign))
        return found and (found.register.id, found.interim)


def test_outcomes_are_kept_once_and_made_anew_for_another_register(place: Town) -> None:
    campaign = place.campaign({1: "now", 2: "later"}, place.register(set(), BASELINE))
    place.register({("m", 1)}, ENDS - timedelta(3))
    for _ in range(2):
        assert outcomes(place.office, place.actor, campaign)["registered"].tolist() == [1, 0]
    place.register({("m", 2)}, ENDS)
    assert outcomes(place.office, place.actor, campaign)["registered"].tolist() == [0, 1]
    with place.office.database.session() as session:
        kept = session.exec(select(Snapshot).where(Snapshot.kind == "outcomes")).all()
    assert [snapshot.report["interim"] for snapshot in kept] == [True, False]


def test_the_first_accepted_message_is_the_contact(place: Town) -> None:
    campaign = place.campaign({1: "now", 2: "now", 3: "later"}, place.register(set(), BASELINE))
    place.register(set(), ENDS)
    late = datetime(2026, 6, 20, 23, 30, tzinfo=UTC)
    with place.office.database.session() as session:
        waves = [Wave(campaign_id=campaign, number=n, send_on=BASELINE) for n in (1, 2)]
        session.add_all(waves)
        session.flush()
        one, two = (wave.id or 0 for wave in waves)
        session.add(message(CODE, campaign, two, 1, 0, channel="letter", sent_at=late, state=MessageState.accepted))
        session.add(message(CODE, campaign, one, 1, 1))
        session.add(message(CODE, campaign, one, 2, 2, state=MessageState.failed))
        session.add(message(CODE, campaign, two, 3, 3, channel="letter", sent_at=late))
    found = outcomes(place.office, place.actor, campaign)
    assert found["contacted_on"].tolist()[0] == date(2026, 6, 4)
    assert found["contacted_on"].tolist()[2] == date(2026, 6, 21), "the local day"
    assert pd.isna(found["contacted_on"][1])
    assert found["channel"].tolist()[0] == "email"


def test_another_authority_has_no_such_campaign(place: Town) -> None:
    campaign = place.campaign({1: "now"}, place.register(set(), BASELINE))
    with pytest.raises(NotFound):
        outcomes(place.office, Actor("E07000999", "officer 9"), campaign)


@pytest.mark.parametrize("with_ids", [True, False])
def test_december_corrections_moves_and_removals_are_not_registrations(
    office: Office, tmp_path: Path, with_ids: bool
) -> None:
    """Every December the roll numbers begin anew; here they all change, rows move, names are corrected, some entries
    go, and (where electors have ids to know them by) some move to another home."""
    borough = write_borough(tmp_path, homes=300, wards=3)
    actor = Actor(borough.authority_code, "officer 1")
    place = Town(office)
    with office.database.session() as session:
        session.add(Authority(code=borough.authority_code, name="Exampleton"))
    office.clock.move_to(at_london(date(2026, 12, 1), 9))  # type: ignore[attr-defined]  # the tests' clock can be moved
    for kind in ("boundaries", "gazetteer", "geography"):
        import_file(office, actor, kind, borough.paths(kind)[0], borough.as_at)
    first, later = tmp_path / "june.csv", tmp_path / "december.csv"
    moved, corrected = _december(borough.paths("register")[0], first, later, with_ids=with_ids)
    baseline = import_file(office, actor, "register", first, borough.as_at).snapshot_id or 0
    import_file(office, actor, "register", later, date(2026, 12, 1), accept_shrink=True)
    truth = pd.read_parquet(tmp_path / "truth" / "homes.parquet")
    campaign = place.campaign(dict.fromkeys(map(int, truth["uprn"]), "now"), baseline)
    with office.database.session() as session:
        session.get_one(Campaign, campaign).authority = borough.authority_code
    found = outcomes(office, actor, campaign)
    assert len(found) == len(truth)
    assert found["registered"].sum() == 0
    assert corrected > 50
    assert found["moved_in"].sum() >= (moved - 2 if with_ids else 0)
    assert moved > 10 if with_ids else moved == 0
    assert (found["electors"] > found["later"]).sum() > 10, "removals leave homes with fewer"
    with office.database.session() as session:
        linked = session.exec(select(Snapshot).where(Snapshot.kind == "electors")).all()
    assert all(snapshot.rows > 300 for snapshot in linked), "both registers are tied to the homes"
    assert len(linked) == 2


def _december(source: Path, first: Path, to: Path, *, with_ids: bool) -> tuple[int, int]:
    """Both registers, and how many moved and how many names were corrected between them."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    header = [name for name in rows[0] if with_ids or name != "ElectorID"]
    _written(first, header, rows)
    kept = [dict(row) for n, row in enumerate(reversed(rows)) if n % 7]
    moved = corrected = 0
    for number, row in enumerate(kept):
        row["RollNo"] = str(5000 + number)
        if number % 5 == 0 and row["ElectorSurname"]:
            row["ElectorSurname"] += "e"
            corrected += 1
        if (
            with_ids
            and number % 11 == 0
            and row["UPRN"]
            and (home := kept[number - 1])["UPRN"] not in ("", row["UPRN"])
        ):
            moved += 1
            row |= {
                name: home[name] for name in home if not name.startswith(("Elector", "RollNo", "Date", "Franchise"))
            }
    _written(to, header, kept)
    return moved, corrected


def _written(path: Path, header: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


@settings(max_examples=examples(12))
@given(before=REGISTERS, after=REGISTERS)
def test_without_ids_only_growth_counts(before: set[tuple[str, int]], after: set[tuple[str, int]]) -> None:
    """One who goes and one who comes may be one person whose name was corrected."""
    schema = {"person": "string", "uprn": "int64"}
    tables = [
        ibis.memtable([{"person": p, "uprn": u} for p, u in sorted(part)] or {"person": [], "uprn": []}, schema=schema)
        for part in (before, after)
    ]
    with execution.connect() as backend:
        found = backend.execute(gained(*tables, by_name=True)).set_index("uprn")["gained"].to_dict()
    known = {p for p, _ in before}
    for uprn in {u for _, u in before | after}:
        then, now = ({p for p, u in part if u == uprn} for part in (before, after))
        assert found[uprn] == min(len(now - known), max(0, len(now) - len(then)))


ARMS = {1: "now", 2: "later", 3: "now", 4: "later", 5: "now", 6: "now", 7: "now"}


def test_who_was_reached_and_who_was_not(place: Town) -> None:
    """Each home's messages in one state or more; the furthest of them counts, by the day of the register."""
    campaign = place.campaign(ARMS, place.register({("a", 1), ("b", 2), ("c", 3)}, BASELINE))
    other = place.campaign({2: "now"}, place.register(set(), BASELINE))
    place.register({("a", 1), ("d", 4)}, ENDS)
    place.keep("households", pd.DataFrame({"uprn": [1, 2, 3, 4, 5, 6]}), BASELINE)
    late = datetime(2026, 7, 20, 9, tzinfo=UTC)
    before = datetime(2026, 5, 20, 9, tzinfo=UTC)
    with place.office.database.session() as session:
        waves = [Wave(campaign_id=of, number=n, send_on=BASELINE) for of in (campaign, other) for n in (1, 2)]
        session.add_all(waves)
        session.flush()
        one, two, foreign, earlier = (wave.id or 0 for wave in waves)
        sent = [
            (one, 1, {"state": MessageState.failed}), (two, 1, {"channel": "letter"}),  # undelivered, then reached
            (one, 3, {"state": MessageState.failed}),
            (one, 5, {"state": MessageState.dropped, "sent_at": None, "reason": "suppressed"}),
            (one, 6, {"sent_at": late}),  # after the register
            (one, 4, {"channel": "sms", "cost": 0.048}),  # contamination
        ]  # fmt: skip
        for n, (wave, uprn, more) in enumerate(sent):
            session.add(message(CODE, campaign, wave, uprn, n, **more))
        session.add(message(CODE, other, foreign, 2, 0))
        session.add(message(CODE, other, earlier, 7, 1, sent_at=before))
    now, later = deliveries(place.office, place.actor, campaign)
    assert (now.arm, now.homes, now.contacted, now.undeliverable, now.dropped, now.not_yet, now.no_message) == (
        "now", 5, 1, 1, 1, 1, 1
    )  # fmt: skip
    assert (now.not_contacted, now.elsewhere, now.removed, now.emptied) == (4, 0, 1, 1)
    assert (later.comparison, later.homes, later.contacted, later.no_message) == (True, 2, 1, 1)
    assert (later.elsewhere, later.emptied, later.removed) == (1, 1, 0)
    assert now.pounds == (0.64, 0.91), "one letter; emails are free"
    assert later.pounds == (0.05, 0.05), "what Notify said"
    assert json.loads(json.dumps(now.as_dict()))["until"] == "2026-07-14", "the day before the register"


@pytest.mark.parametrize("left_out", ["stop", "protected", "stop, then lifted", "of another list", "nobody"])
def test_who_asked_for_no_reminders_still_has_a_home(place: Town, left_out: str) -> None:
    """The table of homes lacks protected addresses and those who pressed Stop, whichever it was and whenever; only
    what the gazetteer no longer calls a home is one no more. So one figure never tells who pressed Stop."""
    gazetteer = pd.DataFrame({"uprn": [1, 2, 3, 4, 5], "residential": [True, True, False, True, False]})
    place.gazetteer = place.keep("gazetteer", gazetteer, ENDS)
    campaign = place.campaign({1: "now", 2: "now", 3: "now", 4: "later"}, place.register({("a", 1)}, BASELINE))
    place.register({("a", 1)}, ENDS)
    kept = {1, 2, 4} if left_out == "nobody" else {2, 4}
    place.keep("households", pd.DataFrame({"uprn": sorted(kept)}), BASELINE)
    if "stop" in left_out:
        with place.office.database.session() as session:
            suppress_household(session, place.office, CODE, 1, "asked to stop", "resident")
    now, later = deliveries(place.office, place.actor, campaign)
    assert (now.removed, later.removed) == (1, 0), "the shop that was a home, and nobody who asked to be left alone"


def test_before_a_later_register_delivery_is_of_today(place: Town) -> None:
    campaign = place.campaign(ARMS, place.register(set(), BASELINE))
    now, later = deliveries(place.office, place.actor, campaign)
    assert (now.until, now.no_message, now.emptied, now.removed) == (BASELINE, 5, None, None)
    assert later.pounds == (0.0, 0.0)


def test_without_a_comparison_nothing_is_called_an_effect(place: Town, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = place.campaign(dict.fromkeys(range(1, 9), "everybody"), place.register({("a", 1)}, BASELINE))
    place.register({("a", 1), ("b", 2), ("c", 3)}, ENDS)
    found = of_campaign(place.office, place.actor, campaign)
    assert "not a measure of effect" in found["not_a_measure"]
    assert [(arm["registered"], arm["n"], arm["mean"]) for arm in found["arms"]] == [(2, 8, 0.25)]
    assert not {"difference", "low", "high", "se"} & set(found["arms"][0])
    printing.uplift(json.loads(json.dumps(found)))
    printed = capsys.readouterr().out
    assert "not a measure of effect" in printed
    assert "difference" not in printed


def test_before_the_window_closes_the_interval_holds_for_every_look(place: Town) -> None:
    homes = range(1, 401)
    campaign = place.campaign({u: "now" if u % 4 < 2 else "later" for u in homes}, place.register(set(), BASELINE))
    joined = {(f"p{u}", u) for u in homes if u % (10 if u % 4 < 2 else 14) == 0}
    place.register(joined, ENDS - timedelta(10))
    (arm,) = of_campaign(place.office, place.actor, campaign)["arms"]
    assert arm["always_valid"]["low"] < arm["low"] < arm["high"] < arm["always_valid"]["high"]
    place.register(joined, ENDS)
    (arm,) = of_campaign(place.office, place.actor, campaign)["arms"]
    assert "always_valid" not in arm


def test_a_campaign_is_measured_as_it_was_randomised(council: Council, capsys: pytest.CaptureFixture[str]) -> None:
    found = of_campaign(council.office, council.officer, council.campaign)
    homes = outcomes(council.office, council.officer, council.campaign)
    means = homes.groupby("arm")["registered"].agg(["size", "sum"])
    (arm,) = found["arms"]
    assert found["register"] == {"as_at": "2026-07-15", "interim": False}
    assert (found["control"]["n"], found["control"]["registered"]) == tuple(means.loc["reminded later"])
    assert (arm["n"], arm["registered"]) == tuple(means.loc["reminded now"])
    by_ward = homes.groupby(["ward", "arm"])["registered"].agg(["mean", "size"]).unstack()
    gaps = by_ward["mean"]["reminded now"] - by_ward["mean"]["reminded later"]
    one, zero = by_ward["size"]["reminded now"], by_ward["size"]["reminded later"]
    weights = one * zero / (one + zero)
    assert arm["difference"] == pytest.approx((gaps * weights).sum() / weights.sum())
    assert 0 < arm["low"] < arm["difference"] < arm["high"]
    assert {row["ward"]: row["difference"] for row in found["wards"]} == pytest.approx(dict(gaps))
    assert homes.loc[homes["arm"] == "reminded now", "contacted_on"].notna().all()
    reached, waiting = found["delivery"]
    assert (reached["arm"], reached["contacted"]) == ("reminded now", means.loc["reminded now", "size"])
    assert (waiting["comparison"], waiting["contacted"]) == (True, 0)
    assert arm["complier"]["difference"] == pytest.approx(arm["difference"]), "everybody was reached"
    assert arm["adjusted"]["low"] < arm["difference"] < arm["adjusted"]["high"]
    assert 0 <= found["between_wards"][0]["p_same"] <= 1
    (cost,) = found["cost"]
    assert (cost["pounds"], cost["value"], cost["extra"]) == ([0.0, 0.0], 0.0, arm["difference"] * arm["n"])
    printing.uplift(json.loads(json.dumps(found)))
    assert "each_extra" in capsys.readouterr().out


def test_the_interval_holds_the_true_effect(council: Council) -> None:
    truth = pd.read_parquet(council.borough.folder / "truth" / "outcomes_2026-07-15.parquet")
    expected = truth[truth["arm"] != ""].groupby("arm")["expected"].mean()
    (arm,) = of_campaign(council.office, council.officer, council.campaign)["arms"]
    assert arm["low"] < expected["reminded now"] - expected["reminded later"] < arm["high"]


def test_any_table_can_be_measured(tmp_path: Path) -> None:
    path = tmp_path / "trial.csv"
    path.write_text("group,voted\n" + "a,1\n" * 30 + "a,0\n" * 70 + "b,1\n" * 20 + "b,0\n" * 80)
    found = of_table(path, arm="group", outcome="voted", control="b")
    assert found["control"] == {"arm": "b", "n": 100, "mean": 0.2}
    assert found["arms"][0]["difference"] == pytest.approx(0.1)
    with pytest.raises(InputRefused, match="--arm and --outcome"):
        of_table(path, arm=None, outcome="voted")
