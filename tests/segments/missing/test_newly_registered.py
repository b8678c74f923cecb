"""A score learnt from who registered between two registers, against made-up homes whose chances are known."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlmodel import select

from engage.foundation.audit.entries import AuditEntry
from engage.foundation.errors import InputRefused
from segments.importing.imports import import_file
from segments.missing import newly_registered, usable
from segments.missing.newly_registered import fitted, held_out, lift
from segments.records import score
from segments.records.score import RecordScore
from tests.segments.conftest import NAMED, Town
from tests.segments.records.town import written


@pytest.fixture(scope="module")
def homes() -> pl.DataFrame:
    rng, count = np.random.default_rng(5), 20_000
    known = np.where(rng.uniform(size=count) < 0.2, rng.choice([0.4, 0.9, 1.8], count), 0.0)
    more = rng.uniform(0, 1.5, count)
    return pl.DataFrame({
        "home": np.arange(count) + 100_000_000, "known_not_registered": known, "known_low": (known > 0.5).astype(int),
        "moved_in": np.where(rng.uniform(size=count) < 0.3, known, 0.0), "nobody_knows": rng.integers(0, 2, count),
        "gap": known + more, "electors": rng.integers(0, 5, count), "score": known + 0.3 * more,
        "evidence": np.ones(count, dtype=bool),
    })  # fmt: skip


def drawn(expected: pl.Series) -> np.ndarray:
    return np.random.default_rng(6).poisson(expected.to_numpy())


def test_what_the_fixed_score_does_not_know_is_learnt_and_is_calibrated(homes: pl.DataFrame) -> None:
    true = homes.select(e=0.02 + 0.05 * pl.col("known_not_registered") + 0.25 * pl.col("moved_in"))["e"]
    gained = drawn(true)
    found = fitted(homes, gained)
    assert found.better
    assert found.lift > found.lift_fixed
    told = held_out(score.features(homes), gained, homes)
    assert told.sum() == pytest.approx(gained.sum(), rel=0.02)
    for tenth in np.array_split(np.argsort(told), 10)[-3:]:
        assert told[tenth].sum() == pytest.approx(gained[tenth].sum(), abs=4 * np.sqrt(told[tenth].sum()))
    assert np.corrcoef(np.argsort(np.argsort(told)), np.argsort(np.argsort(true.to_numpy())))[0, 1] > 0.3


def test_where_there_is_nothing_to_learn_the_score_stays_as_it_comes(homes: pl.DataFrame) -> None:
    assert not fitted(homes, drawn(homes["score"] * 0.05)).better


def test_lift_is_that_of_the_tenth_ranked_highest() -> None:
    gained = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0] * 2)
    assert lift(gained.astype(float), gained) == pytest.approx(5.0)  # two of the four who registered
    assert lift(np.zeros(20), gained) == pytest.approx(1.0)  # all level: each counts in part


def test_what_was_learnt_is_kept_and_shares_out_the_same_sum(
    recorded: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next register has somebody new in half of the homes where council tax named somebody."""
    copy = recorded.copied(tmp_path)
    office, day = copy.office, copy.borough.as_at + timedelta(days=40)
    with pytest.raises(InputRefused, match="Nothing can be learnt yet"):
        newly_registered.learn(office, copy.actor)
    joined = [
        row | {"ElectorForename": "Nova", "ElectorSurname": "Sampleson", "RollNo": f"9{n:04}", "ElectorID": f"9{n:06}"}
        for n, row in enumerate(copy.named()[: NAMED // 2])
    ]
    path = written(tmp_path / "next.csv", [*copy.rows("register"), *joined])
    office.clock.advance(timedelta(days=41))  # type: ignore[attr-defined]
    import_file(office, copy.actor, "register", path, day)
    with pytest.raises(InputRefused, match="expected at least 60"):
        newly_registered.learn(office, copy.actor)
    monkeypatch.setattr(newly_registered, "FEWEST", 10)
    made = newly_registered.learn(office, copy.actor)
    assert made.registered in (NAMED // 2, NAMED // 2 - 1)  # another test may have closed one of the homes
    assert (made.earlier, made.later) == (copy.borough.as_at, day)
    with office.database.session() as session:
        kept = session.exec(select(RecordScore)).one()
        kept.better = True  # so few homes may not tell
        assert session.exec(select(AuditEntry).where(AuditEntry.act == "learn score of council records")).one()
    with office.database.reading() as session:
        found = usable.in_use(office, session, copy.code)
    assert found is not None
    assert not found.of_newest_register
    unlearnt = found.homes.filter(pl.col("known_not_registered") > 0)["score"].to_list()
    with office.database.session() as session:
        session.exec(select(RecordScore)).one().better = False
    with office.database.session() as session:
        session.add(RecordScore(**made.model_dump(exclude={"id", "better"}), better=False))
    with office.database.reading() as session:
        fixed = usable.in_use(office, session, copy.code)
    assert fixed is not None
    assert fixed.homes["score"].sum() == pytest.approx(found.homes["score"].sum(), rel=1e-3)
    assert fixed.homes.filter(pl.col("known_not_registered") > 0)["score"].to_list() != unlearnt
    office.close()
