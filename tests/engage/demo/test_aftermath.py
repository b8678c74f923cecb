"""Later registers: gains as the effect says, everything else the same whatever the arms."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.demo.aftermath import NextRegister, next_register
from engage.demo.borough import Borough
from engage.foundation.errors import InputRefused

from .conftest import register

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
Plan = dict[str, list[str]]


def assign(folder: Path, *, channel: str = "email", on: str = "2026-06-15", seed: int = 3) -> Path:
    """Every home of the borough, half of them by lot in the arm that is contacted."""
    uprns = pd.read_parquet(folder / "truth" / "homes.parquet")["uprn"]
    now = np.random.default_rng(seed).permutation(len(uprns)) < len(uprns) / 2
    rows = {
        "uprn": uprns,
        "arm": np.where(now, "now", "later"),
        "contacted_on": np.where(now, on, ""),
        "channel": np.where(now, channel, ""),
    }
    path = folder / "assignment.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def outcomes(folder: Path, as_at: date) -> pd.DataFrame:
    return pd.read_parquet(folder / "truth" / f"outcomes_{as_at}.parquet").set_index("uprn")


def missing(folder: Path) -> pd.Series:
    """Homes with somebody missing on the first register."""
    homes = pd.read_parquet(folder / "truth" / "homes.parquet").set_index("uprn")
    return homes["unregistered"] > 0


def test_homes_gain_with_the_chance_the_channel_gives(played_on: Path) -> None:
    result = next_register(played_on, assign(played_on), {"email": 0.4}, 0.1, as_at=JULY)
    seen, waiting = outcomes(played_on, JULY), missing(played_on)
    assert not seen["gained"][~waiting].any()
    for arm, chance in (("now", 0.5), ("later", 0.1)):
        gained = seen["gained"][waiting & (seen["arm"] == arm)]
        assert len(gained) > 500
        assert gained.mean() == pytest.approx(chance, abs=4 * (chance * (1 - chance) / len(gained)) ** 0.5)
    assert (result.control, result.treated) == ("later", "now")


def test_true_effect_is_the_difference_of_mean_chances_over_all_households(played_on: Path) -> None:
    result = next_register(played_on, assign(played_on), {"email": 0.4}, 0.1, as_at=JULY)
    arm, waiting = outcomes(played_on, JULY)["arm"], missing(played_on)
    expected = 0.5 * waiting[arm == "now"].mean() - 0.1 * waiting[arm == "later"].mean()
    assert result.true_effect == pytest.approx(expected)
    assert result.expected == pytest.approx(
        {"now": 0.5 * waiting[arm == "now"].mean(), "later": 0.1 * waiting[arm == "later"].mean()}
    )


def test_the_new_electors_are_in_the_homes_that_gained(played_on: Path) -> None:
    before = register(played_on / "register_2026-06-01.csv")
    result = next_register(played_on, assign(played_on), {"email": 0.9}, 0.0, as_at=JULY)
    after = register(result.path)
    new = after[~after["ElectorID"].isin(before["ElectorID"]) & (after["UPRN"] != "")]
    homes = set(new["UPRN"].str.removesuffix(".00").astype("int64"))
    gained = outcomes(played_on, JULY)["gained"]
    assert result.entries == len(after) == len(before) + result.joined + result.arrived - result.removed
    assert len(homes & set(gained.index[gained])) > 0.95 * gained.sum()  # the rest have no UPRN in the register
    assert len(homes - set(gained.index[gained])) <= result.arrived


def test_ids_stay_with_their_people_and_numbers_do_not(played_on: Path) -> None:
    before = register(played_on / "register_2026-06-01.csv")
    result = next_register(played_on, assign(played_on), {"email": 0.9}, as_at=JULY)
    after = register(result.path)
    both = before.merge(after[after["ElectorID"] != ""], on="ElectorID", suffixes=("", "_after"))
    assert len(both) > 0.97 * len(before)
    for column in ("ElectorSurname", "ElectorForename", "UPRN", "PDCode", "FranchiseMarker"):
        assert (both[column] == both[f"{column}_after"]).all()
    assert (both["RollNo"] != both["RollNo_after"]).mean() > 0.5
    for _, numbers in after.groupby("PDCode")["RollNo"]:
        assert numbers.astype(int).tolist() == list(range(1, len(numbers) + 1))
    assert not after["ElectorID"][after["ElectorID"] != ""].duplicated().any()


def attainments(dates: pd.Series) -> pd.Series:
    """Half are written day first, half ISO."""
    british = dates.str.contains("/")
    return pd.concat(
        [pd.to_datetime(dates[british], format="%d/%m/%Y"), pd.to_datetime(dates[~british], format="%Y-%m-%d")]
    )


def test_attainers_lose_their_date_when_it_has_come(played_on: Path) -> None:
    result = next_register(played_on, assign(played_on), as_at=date(2027, 6, 1))
    dates = register(result.path)["DateOfAttainment"]
    parsed = attainments(dates[dates != ""])
    assert len(parsed) < (register(played_on / "register_2026-06-01.csv")["DateOfAttainment"] != "").sum()
    assert (parsed > "2027-06-01").all()


def test_moves_and_removals_do_not_depend_on_the_arms(borough: Borough, played_on: Path, tmp_path: Path) -> None:
    import shutil

    other = Path(shutil.copytree(borough.folder, tmp_path / "other"))
    first = next_register(played_on, assign(played_on, seed=3), {"email": 0.9}, as_at=JULY)
    second = next_register(other, assign(other, seed=4), {"email": 0.0}, as_at=JULY)
    everyone = set(register(borough.paths("register")[0])["ElectorID"])
    left = [everyone - set(register(result.path)["ElectorID"]) for result in (first, second)]
    assert left[0] == left[1]
    assert first.removed == second.removed == len(left[0]) > 0
    assert first.arrived == second.arrived > 0
    assert first.joined > second.joined


def test_gains_last_and_a_home_gains_once(played_on: Path) -> None:
    assignment = assign(played_on)
    next_register(played_on, assignment, {"email": 0.5}, 0.2, as_at=JULY)
    july = outcomes(played_on, JULY)
    next_register(played_on, assignment, {"email": 0.5}, 0.2, as_at=AUGUST)
    august = outcomes(played_on, AUGUST)
    assert august["gained"][july["gained"]].all()
    assert (august["expected"] == july["expected"])[july["gained"]].all()
    assert august["gained"].sum() > july["gained"].sum()
    ids = [register(played_on / f"register_{day}.csv")["ElectorID"] for day in (JULY, AUGUST)]
    assert ids[0].isin(ids[1]).mean() > 0.97


def test_a_channel_counts_once_and_a_new_one_adds(played_on: Path) -> None:
    effect = {"email": 0.5, "letter": 0.25}
    next_register(played_on, assign(played_on), effect, 0.0, as_at=JULY)
    next_register(played_on, assign(played_on, channel="email;letter"), effect, 0.0, as_at=AUGUST)
    seen, waiting = outcomes(played_on, AUGUST), missing(played_on)
    contacted = waiting & (seen["arm"] == "now")
    still_missing = contacted & ~outcomes(played_on, JULY)["gained"]
    added = seen["expected"] - outcomes(played_on, JULY)["expected"]
    assert set(added[still_missing].round(6)) <= {0.25, 0.0}  # nought where the one missing has moved or died
    assert added[still_missing].mean() > 0.23
    assert not added[~still_missing & (seen["arm"] == "later")].any()


def test_expected_gains_are_right_over_two_registers_on_average(played_on: Path) -> None:
    """With half gone by July, a letter in August raises the whole chance to 1/2 + 1/2 x 1/2."""
    effect = {"email": 0.5, "letter": 0.5}
    next_register(played_on, assign(played_on), effect, 0.0, as_at=JULY)
    next_register(played_on, assign(played_on, channel="email;letter"), effect, 0.0, as_at=AUGUST)
    seen = outcomes(played_on, AUGUST)[missing(played_on).to_numpy()]
    contacted = seen[seen["arm"] == "now"]
    assert contacted["expected"].mean() == pytest.approx(0.75, abs=0.03)
    assert contacted["gained"].mean() == pytest.approx(contacted["expected"].mean(), abs=0.06)


def test_a_contact_still_to_come_has_no_effect_yet(played_on: Path) -> None:
    assignment = assign(played_on, on="2026-07-20")
    july = next_register(played_on, assignment, {"email": 0.9}, 0.0, as_at=JULY)
    assert july.joined == 0
    assert july.true_effect == 0
    august = next_register(played_on, assignment, {"email": 0.9}, 0.0, as_at=AUGUST)
    assert august.true_effect > 0.1


def test_the_default_effect_shows_in_an_audience_of_a_demo(played_on: Path) -> None:
    """The chance of the defaults over 3,500 households of a usual rule is four standard errors from nought."""
    homes = pd.read_parquet(played_on / "truth" / "homes.parquet")
    low = homes[(homes["electors"] <= 1) & (homes["tenure"] != "outright")]
    result = next_register(played_on, assign(played_on, channel="email"), as_at=JULY)
    chance = outcomes(played_on, JULY)["expected"].loc[low["uprn"]].groupby(outcomes(played_on, JULY)["arm"]).mean()
    error = (2 * chance.mean() * (1 - chance.mean()) / 1750) ** 0.5
    assert chance["now"] - chance["later"] > 4 * error
    assert result.true_effect < chance["now"] - chance["later"]


def refused(folder: Path, text: str, **options: str) -> str:
    path = folder / "assignment.csv"
    path.write_text(text)
    before = sorted(path.name for path in folder.rglob("*"))
    with pytest.raises(InputRefused) as caught:
        next_register(folder, path, as_at=JULY, **options)
    assert sorted(path.name for path in folder.rglob("*")) == before
    return str(caught.value)


def test_assignments_that_do_not_fit_are_refused_and_change_nothing(played_on: Path) -> None:
    homes = pd.read_parquet(played_on / "truth" / "homes.parquet")["uprn"]
    head = "uprn,arm,contacted_on,channel\n"
    unknown = refused(played_on, f"{head}{homes[0]},now,,\n123,later,,\n")
    assert "line 3, column uprn" in unknown
    assert "123" not in unknown
    assert "line 3" in refused(played_on, f"{head}{homes[0]},now,,\n{homes[0]},later,,\n")
    assert "no column channel, contacted_on" in refused(played_on, f"uprn,arm\n{homes[0]},now\n")
    assert "two arms" in refused(played_on, f"{head}{homes[0]},now,,\n")
    two = f"{head}{homes[0]},now,,\n{homes[1]},later,,\n"
    assert "an arm called placebo, only: later, now" in refused(played_on, two, control="placebo")


def test_a_register_comes_after_the_last(played_on: Path, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="later than the last, 2026-06-01"):
        next_register(played_on, assign(played_on), as_at=date(2026, 6, 1))
    (tmp_path / "truth").mkdir()
    with pytest.raises(InputRefused, match="no made-up borough"):
        next_register(tmp_path, assign(played_on), as_at=JULY)


def test_same_seed_gives_the_same_register(borough: Borough, tmp_path: Path) -> None:
    import shutil

    results: list[NextRegister] = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        folder = Path(shutil.copytree(borough.folder, tmp_path / name))
        results.append(next_register(folder, assign(folder), as_at=JULY, seed=seed))
    a, b, c = (result.path.read_bytes() for result in results)
    assert a == b
    assert a != c


def test_control_can_be_named(played_on: Path) -> None:
    result = next_register(played_on, assign(played_on), {"email": 0.4}, as_at=JULY, control="now")
    assert (result.control, result.treated) == ("now", "later")
    assert result.true_effect < 0
