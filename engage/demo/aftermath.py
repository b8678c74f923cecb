"""What happens in the made-up borough after a campaign: the next register, and the effect that was truly there.

Who dies, moves, arrives or is removed never depends on the arm. A home with somebody missing gains an elector with a
chance that does: the baseline, and the effect of each channel that has reached it since the register before.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from engage.demo.electors import with_ids, write_register
from engage.demo.geography import Bools, Floats
from engage.foundation.errors import InputRefused

# Larger than published trials found, so that a borough this small shows it.
EFFECT: Mapping[str, float] = MappingProxyType({"email": 0.10, "sms": 0.12, "letter": 0.06})
BASELINE = 0.03
ALSO_JOINS = 0.45  # chance of each further missing adult in a home where one registers
LEAVES_A_YEAR = MappingProxyType({"outright": 0.02, "mortgage": 0.03, "social": 0.04, "private": 0.12, "communal": 0.1})
REPLACED = 0.3  # leavers' homes where a newcomer is on the register by then
FOUND = 0.6  # leavers and deaths the council hears of in time; the others become stale entries
STALE_REMOVED_A_YEAR = 0.4
DEATH_AGES = [18, 50, 65, 75, 85, 95]
DEATHS_A_YEAR = [0.0004, 0.002, 0.010, 0.024, 0.08, 0.2]


@dataclass(frozen=True)
class NextRegister:
    """`expected` is each arm's mean chance, over all its households, of having gained an elector since the first
    register; `true_effect` is the difference between the arm most reached and the control."""

    path: Path
    as_at: date
    entries: int
    joined: int
    arrived: int
    removed: int
    control: str
    treated: str
    expected: Mapping[str, float]
    true_effect: float


def next_register(
    folder: Path,
    assignments_csv: Path,
    effect: Mapping[str, float] = EFFECT,
    baseline: float = BASELINE,
    *,
    as_at: date,
    seed: int = 2026,
    control: str | None = None,
) -> NextRegister:
    """Writes register_<as_at>.csv into a folder of `write_borough`, with its truth beside it.

    `assignments_csv` has the columns uprn, arm, contacted_on and channel (the last two blank for a household not
    contacted; several channels are separated by semicolons). `baseline` is the chance over the time since the
    register before, `effect` what a channel adds in the register after it reached the home; contacts dated after
    `as_at` count in a later register. Call it with rising dates for several registers: gains last, and a home gains
    once. The control is the arm contacted least unless named. Raises InputRefused for a date that is not later than
    the last register, a file without those columns, or a UPRN assigned twice or unknown.
    """
    truth = folder / "truth"
    before = _latest(truth, as_at)
    # Two streams, so that not one move or death changes with the assignment.
    gaining, living = np.random.default_rng([seed, as_at.toordinal()]).spawn(2)
    homes = pd.read_parquet(truth / "homes.parquet")
    people = pd.read_parquet(truth / f"people_{before}.parquet")
    outcomes = _reached(truth, before, _assignments(assignments_csv, homes["uprn"], as_at))
    chance = _chances(outcomes, _waiting(people, len(homes)), effect, baseline)
    gains = gaining.uniform(size=len(homes)) < chance
    outcomes["expected"] += chance
    outcomes["gained"] |= gains
    control, treated, expected = _arms(outcomes, control)
    joins = _joiners(people, gains, gaining)
    people, arrived, removed = _churned(people, homes, (as_at - before).days / 365, joins, living)
    people = with_ids(people.assign(late=False), gaining)

    path = folder / f"register_{as_at}.csv"
    lines = write_register(path, people, pd.read_parquet(truth / "addresses.parquet"), as_at)
    people.to_parquet(truth / f"people_{as_at}.parquet", index=False)
    lines.to_parquet(truth / f"entries_{as_at}.parquet", index=False)
    outcomes.to_parquet(truth / f"outcomes_{as_at}.parquet", index=False)
    result = NextRegister(
        path=path,
        as_at=as_at,
        entries=len(lines),
        joined=int(joins.sum()),
        arrived=arrived,
        removed=removed,
        control=control,
        treated=treated,
        expected=expected,
        true_effect=expected[treated] - expected[control],
    )
    facts = asdict(result) | {"path": path.name, "as_at": as_at.isoformat()}
    (truth / f"register_{as_at}.json").write_text(json.dumps(facts, indent=1))
    return result


def _latest(truth: Path, as_at: date) -> date:
    known = [date.fromisoformat(path.stem.removeprefix("people_")) for path in truth.glob("people_*.parquet")]
    if not known:
        raise InputRefused(f"{truth} holds no made-up borough: write_borough makes one.")
    if as_at <= max(known):
        raise InputRefused(f"The next register must be later than the last, {max(known)}, not of {as_at}.")
    return max(known)


def _assignments(path: Path, uprns: pd.Series, as_at: date) -> pd.DataFrame:
    """One row per home of the borough: arm (blank outside the audience), and channels that reached it by that day."""
    read = pd.read_csv(path, dtype=str, keep_default_na=False)
    absent = {"uprn", "arm", "contacted_on", "channel"} - set(read.columns)
    if absent:
        raise InputRefused(f"{path.name}: line 1 has no column {', '.join(sorted(absent))}.")
    read.index = pd.Index(pd.to_numeric(read["uprn"], errors="coerce"))
    faults = np.flatnonzero(read.index.duplicated() | ~read.index.isin(uprns))
    if len(faults):
        raise InputRefused(f"{path.name}: line {faults[0] + 2}, column uprn: each must be a home here, and only once.")
    reached = (read["contacted_on"] != "") & (read["contacted_on"].str[:10] <= as_at.isoformat())
    return pd.DataFrame({"arm": read["arm"], "channels": read["channel"].where(reached, "")}).reindex(uprns).fillna("")


def _reached(truth: Path, before: date, assigned: pd.DataFrame) -> pd.DataFrame:
    """The outcomes so far with today's arms; `fresh` are the channels that reached a home since the last register."""
    path = truth / f"outcomes_{before}.parquet"
    start = {"uprn": assigned.index, "channels": "", "expected": 0.0, "gained": False}
    outcomes = pd.read_parquet(path) if path.exists() else pd.DataFrame(start)
    pairs = zip(assigned["channels"], outcomes["channels"], strict=True)
    fresh = [sorted(_split(now) - _split(earlier)) for now, earlier in pairs]
    every = [";".join(filter(None, [old, *new])) for old, new in zip(outcomes["channels"], fresh, strict=True)]
    return outcomes.assign(arm=assigned["arm"].to_numpy(), fresh=[";".join(new) for new in fresh], channels=every)


def _split(channels: str) -> set[str]:
    return {channel.strip() for channel in channels.split(";")} - {""}


def _waiting(people: pd.DataFrame, homes: int) -> Bools:
    """Homes where somebody who may register has not."""
    missing = people[people["resident"] & people["eligible"] & ~people["on_register"]]
    return np.bincount(missing["home"], minlength=homes) > 0


def _chances(outcomes: pd.DataFrame, waiting: Bools, effect: Mapping[str, float], baseline: float) -> Floats:
    lift = np.array([sum(effect.get(channel, 0.0) for channel in _split(fresh)) for fresh in outcomes["fresh"]])
    open_still = waiting & ~outcomes["gained"].to_numpy()
    return np.where(open_still, np.clip(baseline + lift, 0.0, 1.0), 0.0)


def _joiners(people: pd.DataFrame, gains: Bools, rng: np.random.Generator) -> pd.Series:
    """Who registers in the homes that gain: one missing adult always, each further one perhaps."""
    missing = people[people["resident"] & people["eligible"] & ~people["on_register"] & (people["home"] >= 0)]
    missing = missing[gains[missing["home"]]].sample(frac=1.0, random_state=rng)
    joins = ~missing["home"].duplicated() | (rng.uniform(size=len(missing)) < ALSO_JOINS)
    return joins.reindex(people.index, fill_value=False)


def _churned(
    people: pd.DataFrame, homes: pd.DataFrame, years: float, joins: pd.Series, rng: np.random.Generator
) -> tuple[pd.DataFrame, int, int]:
    """The people after that time, and how many arrived and were removed."""
    count = len(people)
    settled = people["on_register"] & people["resident"] & (people["marker"] != "N")
    tenure = homes["tenure"].reindex(people["home"]).map(dict(LEAVES_A_YEAR)).fillna(0.0).to_numpy()
    moves = settled & (rng.uniform(size=count) < tenure * years)
    dies = settled & (rng.uniform(size=count) < np.interp(people["age"], DEATH_AGES, DEATHS_A_YEAR) * years)
    stale = people["on_register"] & ~people["resident"] & (people["home"] >= 0)
    gone = ((moves | dies) & (rng.uniform(size=count) < FOUND)) | (
        stale & (rng.uniform(size=count) < STALE_REMOVED_A_YEAR * years)
    )
    after = people.assign(
        on_register=(people["on_register"] & ~gone) | joins, resident=people["resident"] & ~moves & ~dies
    )
    places = people.loc[moves & (rng.uniform(size=count) < REPLACED), "home"]
    return pd.concat([after, _newcomers(people, places, rng)], ignore_index=True), len(places), int(gone.sum())


def _newcomers(people: pd.DataFrame, places: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Registered arrivals at those homes, with names from the crowd."""
    crowd = people[people["eligible"] & (people["age"] >= 18)].sample(len(places), random_state=rng, replace=True)
    return crowd.assign(
        home=places.to_numpy(), marker="E", resident=True, on_register=True, attains="", elector_id=0, late=False
    )


def _arms(outcomes: pd.DataFrame, named: str | None) -> tuple[str, str, dict[str, float]]:
    """The control (unless named, the arm least reached), the arm most reached, and each arm's mean chance."""
    audience = outcomes[outcomes["arm"] != ""]
    reached = (audience["channels"] != "").groupby(audience["arm"]).mean().sort_values(kind="stable")
    arms = [str(arm) for arm in reached.index]
    if len(arms) < 2 or named not in (None, *arms):
        wanted = f"an arm called {named}" if named else "two arms"
        raise InputRefused(f"The assignments do not have {wanted}, only: {', '.join(arms) or 'none'}.")
    control = named or arms[0]
    treated = next(arm for arm in reversed(arms) if arm != control)
    return control, treated, {arm: float(audience.loc[audience["arm"] == arm, "expected"].mean()) for arm in arms}
