"""Against published tables, against statsmodels with every dummy written out, and against a known truth."""

import itertools
import json
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from campaigns.plan.power import detectable, needed
from dashboards.statistics.intervals import Interval, Z, newcombe, price
from dashboards.statistics.simultaneous import dunnett, looking
from dashboards.statistics.trial import Rate, read_table
from dashboards.statistics.uplift import by_ward, complier, estimate, reach
from engage.cli import main
from engage.foundation.errors import InputRefused
from tests.examples import examples

CONTROL_GGL = (56730, 191243)
# yes and n of the treated and of the control; difference, SE, Wald and Newcombe limits, in points; pooled z.
PUBLISHED = {
    "civic": ((12021, 38218), CONTROL_GGL, 1.7899, 0.2595, 1.2814, 2.2985, 1.2829, 2.3000, 6.974),
    "hawthorne": ((12316, 38204), CONTROL_GGL, 2.5736, 0.2609, 2.0622, 3.0851, 2.0637, 3.0865, 10.013),
    "self": ((13191, 38218), CONTROL_GGL, 4.8513, 0.2647, 4.3326, 5.3701, 4.3339, 5.3713, 18.811),
    "neighbours": ((14438, 38201), CONTROL_GGL, 8.1310, 0.2692, 7.6034, 8.6586, 7.6044, 8.6595, 31.366),
    "mail": ((1760, 4367), (2056, 5179), 0.6035, 1.0066, -1.3693, 2.5763, -1.3675, 2.5767, 0.600),
    "mail and phone": ((318, 924), (445, 1464), 4.0194, 1.9718, 0.1548, 7.8840, 0.1798, 7.8987, 2.052),
    "mail, phone, visit": ((638, 1363), (931, 2003), 0.3282, 1.7518, -3.1052, 3.7616, -3.0984, 3.7601, 0.187),
    "guan and green": ((2152, 2688), (892, 1334), 13.1930, 1.5016, 10.2499, 16.1360, 10.2718, 16.1532, 9.183),
    "arceneaux": ((1654, 4933), (1392, 4779), 4.4019, 0.9401, 2.5593, 6.2444, 2.5573, 6.2413, 4.674),
    "lottery": ((9240, 20000), (8940, 20000), 1.5000, 0.4979, 0.5242, 2.4758, 0.5241, 2.4755, 3.013),
}
TREATED_PRECINCTS = "15:268/131 16:434/166 17:211/50 18:568/185 19:211/60 20:496/165 21:80/21 22:300/105 23:416/155 24:344/108 25:31/8 26:491/136 27:611/226 28:472/138"
CONTROL_PRECINCTS = "1:655/251 2:386/72 3:245/81 4:364/123 5:272/92 6:124/37 7:288/80 8:386/117 9:417/135 10:336/94 11:309/80 12:237/45 13:487/91 14:273/94"


def people(arm: str, yes: int, n: int, **more: object) -> pd.DataFrame:
    return pd.DataFrame({"arm": arm, "voted": np.repeat([1.0, 0.0], [yes, n - yes]), **more})


def precincts() -> pd.DataFrame:
    parts = []
    for arm, text in (("treated", TREATED_PRECINCTS), ("control", CONTROL_PRECINCTS)):
        for entry in text.split():
            place, counts = entry.split(":")
            n, yes = map(int, counts.split("/"))
            parts.append(people(arm, yes, n, precinct=int(place)))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("trial", PUBLISHED)
def test_naive_estimates_are_those_published(trial: str) -> None:
    treated, control, difference, se, low, high, low_score, high_score, z = PUBLISHED[trial]
    table = pd.concat([people("reminded", *treated), people("control", *control)])
    found = estimate(table, arm="arm", outcome="voted")
    (arm,) = found.arms
    said = [arm.difference, arm.se, arm.low, arm.high, *arm.newcombe]
    assert [round(100 * x, 4) for x in said] == [difference, se, low, high, low_score, high_score]
    # The last row's z, of made-up counts, is that of the unpooled error: 3.0128, where the pooled one gives 3.0125.
    assert round(arm.difference / arm.se if trial == "lottery" else arm.z, 3) == z
    assert found.as_dict()["control"] == {"arm": "control", "n": control[1], "mean": control[0] / control[1]}


def test_precincts_are_analysed_as_clusters() -> None:
    table = precincts()
    naive = estimate(table, arm="arm", outcome="voted").arms[0]
    clustered = estimate(table, arm="arm", outcome="voted", cluster="precinct").arms[0]
    assert (round(100 * naive.se, 4), round(100 * clustered.se, 4)) == (0.9401, 2.5163)
    assert (clustered.n, clustered.clusters, clustered.interval) == (4933, 14, "t")
    assert round(naive.difference / naive.se, 1) == 4.7
    assert round(clustered.difference / clustered.se, 2) == 1.75
    assert clustered.low < 0 < naive.low
    assert clustered.newcombe is clustered.z is naive.cr0 is naive.randomised is None
    assert round(100 * clustered.cr0, 4) == 2.4708
    lot = clustered.randomised
    assert (lot.draws, lot.every) == (9999, False)
    assert 0.08 < lot.p < 0.13, "1.75 standard errors: about one lot in ten is as far from nought"
    assert lot.low < 0 < lot.high
    assert clustered.judged.low == min(clustered.low, lot.low)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), ["4.4019  2.5593  6.2444", "0.9401", "4.674", "2.5573  6.2413"]),
        (("--cluster", "precinct"), ["4.4019", "2.5163", "2.4708", "randomised"]),
    ],
)
def test_the_command_prints_the_tables_to_their_last_digit(
    tmp_path: Path, options: tuple[str, ...], said: list[str]
) -> None:
    precincts().to_csv(tmp_path / "trial.csv", index=False)
    words = ["uplift", "--table", str(tmp_path / "trial.csv"), "--arm", "arm", "--outcome", "voted", *options]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.stderr
    for figure in said:
        assert figure in result.stdout


def test_dorm_rooms_and_contact(shared: Path) -> None:
    path = shared / "data/experiments/guan_green_2006.csv"
    table = read_table(path, arm="treat2", outcome="turnout", cluster="dormid", contact="contact")
    found = estimate(table, arm="treat2", outcome="turnout", cluster="dormid", contact="contact")
    (arm,) = found.arms
    assert (arm.n + found.n, found.left_out) == (4022, 2)
    assert (round(100 * arm.se, 4), round(100 * arm.cr0, 4)) == (2.3271, 2.3257)
    assert round(100 * arm.complier.contact_rate, 2) == 88.58
    assert round(100 * arm.complier.difference, 3) == 14.894
    assert arm.randomised is None, "a thousand rooms are not few"


def test_complier_effect_from_figures() -> None:
    found = complier(0.131930, 0.023271, 2381 / 2688)
    assert round(100 * found.difference, 3) == 14.894
    assert found.se == pytest.approx(0.023271 * 2688 / 2381)
    with pytest.raises(InputRefused, match="contact"):
        complier(0.1, 0.1, 0.2, contact_rate_control=0.3)


def test_social_pressure_table_3a(shared: Path) -> None:
    path = shared / "data/experiments/GerberGreenLarimer_APSR_2008_social_pressure.csv.gz"
    table = read_table(path, arm="treatment", outcome="voted", cluster="hh_id")
    found = estimate(table, arm="treatment", outcome="voted", cluster="hh_id")
    assert found.control == "Control"
    said = {arm.arm: (round(arm.difference, 3), round(arm.se, 3)) for arm in found.arms}
    assert said == {
        "Civic Duty": (0.018, 0.003), "Hawthorne": (0.026, 0.003), "Neighbors": (0.081, 0.003), "Self": (0.049, 0.003),
    }  # fmt: skip


def test_blocks_weights_and_clusters_are_the_regression_with_every_dummy() -> None:
    rng = np.random.default_rng(5)
    n = 900
    table = pd.DataFrame({
        "arm": rng.choice(["control", "email", "letter"], n, p=[0.5, 0.2, 0.3]), "ward": rng.integers(0, 7, n),
        "home": rng.integers(0, 300, n), "w": rng.uniform(0.5, 3, n),
    })  # fmt: skip
    table["y"] = (rng.random(n) < 0.2 + 0.05 * table.ward + 0.1 * (table.arm == "email")).astype(float)
    model = smf.wls("y ~ C(arm) + C(ward)", table, weights=table.w)
    for cluster, fit in (
        ("home", model.fit(cov_type="cluster", cov_kwds={"groups": table.home})),
        (None, model.fit(cov_type="HC1")),
    ):
        found = estimate(table, arm="arm", outcome="y", cluster=cluster, block="ward", weight="w")
        for arm in found.arms:
            name = f"C(arm)[T.{arm.arm}]"
            assert arm.difference == pytest.approx(fit.params[name], rel=1e-9)
            assert arm.se == pytest.approx(fit.bse[name], rel=1e-9)
    raw = table[table.arm == "control"]
    assert found.mean == pytest.approx(np.average(raw.y, weights=raw.w))


def test_a_measure_that_is_not_yes_or_no_has_neymans_error() -> None:
    table = pd.DataFrame({"arm": ["later"] * 3 + ["now"] * 4, "electors": [0, 1, 2, 2, 3, 1, 4]})
    (arm,) = estimate(table, arm="arm", outcome="electors").arms
    assert arm.difference == pytest.approx(1.5)
    assert arm.se == pytest.approx(math.sqrt(1 / 3 + (5 / 3) / 4))
    assert arm.newcombe is None


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 40), st.integers(1, 40))
def test_newcombe_is_that_of_statsmodels_and_stays_within_bounds(yes1: int, yes0: int, n1: int, n0: int) -> None:
    yes1, yes0 = min(yes1, n1), min(yes0, n0)
    low, high = newcombe(yes1, n1, yes0, n0)
    assert -1 <= low <= yes1 / n1 - yes0 / n0 <= high <= 1
    assert low < high
    expected = confint_proportions_2indep(yes1, n1, yes0, n0, method="newcomb", compare="diff")
    assert (low, high) == pytest.approx(expected, abs=1e-9)


def test_rare_answers_never_give_a_certain_interval() -> None:
    table = pd.concat([people("now", 0, 60), people("later", 0, 60)])
    (arm,) = estimate(table, arm="arm", outcome="voted").arms
    assert arm.interval == "newcombe"
    assert arm.low < 0 < arm.high
    assert arm.difference == arm.se == 0


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        (pd.DataFrame({"arm": ["a", "b"], "y": [1, 0]}), {}, "--control"),
        (pd.DataFrame({"arm": ["a", "b"], "y": [1, 0]}), {"control": "c"}, "no arm is called 'c'"),
        (pd.DataFrame({"arm": ["control"], "y": [1]}), {}, "two arms"),
        (pd.DataFrame({"arm": ["control", "b"], "y": [1, 0]}), {"cluster": "street"}, "no column 'street'"),
        (pd.DataFrame({"arm": ["control", "b"], "y": [1, 0], "s": [1, 2]}), {"cluster": "s"}, "only one cluster"),
        (pd.DataFrame({"arm": ["control", "b"], "y": [1, 0], "s": [1, 2]}), {"block": "s"}, "No block"),
    ],
)
def test_what_cannot_be_compared_is_refused(table: pd.DataFrame, options: dict[str, str], said: str) -> None:
    with pytest.raises(InputRefused, match=said):
        estimate(table, arm="arm", outcome="y", **options)


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "trial.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_labels_and_answers_are_read_as_they_come(tmp_path: Path) -> None:
    path = written(tmp_path, 'Arm ,got\n" Letter",Yes\nControl,no\n\n Control,NA\n"Letter ",1\n', "utf-8-sig")
    table = read_table(path, arm="Arm", outcome="got")
    assert table["Arm"].tolist() == ["Letter", "Control", "Control", "Letter"]
    assert table["got"].tolist()[:2] == [1.0, 0.0]
    assert estimate(table, arm="Arm", outcome="got", control="control").left_out == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("arm,y\na,1\n\nb,maybe\n", r"trial.csv, line 4, column 'y': the value is 'maybe'; expected a number"),
        ("arm,y\na,1\n,0\n", r"line 3, column 'arm': the value is empty"),
        ("arm,y\na,inf\nb,0\n", r"line 2, column 'y': the value is 'inf'"),
        ("arm,z\na,1\n", r"line 1: there is no column 'y'. The columns are 'arm', 'z'"),
        ("arm,y,w\na,1,1\nb,0,-2\n", r"line 3, column 'w': the value is '-2'; expected a weight greater than 0"),
        ("arm,y\na,1\nb,0,5,6\n", r"not readable as a CSV file.*line 3"),
        ("", "is empty"),
        ("arm,y\n", "no rows"),
    ],
)
def test_a_bad_table_is_refused_naming_the_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputRefused, match=said):
        read_table(written(tmp_path, text), arm="arm", outcome="y", weight="w" if ",w" in text else None)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="no such file"):
        read_table(tmp_path / "gone.csv", arm="arm", outcome="y")


@pytest.mark.parametrize(
    ("baseline", "sizes"),
    [
        (0.035, [22663, 6027, 1686, 828, 353]),
        (0.10, [57763, 14751, 3841, 1774, 686]),
        (0.25, [118513, 29821, 7550, 3397, 1251]),
        (0.45, [155560, 38926, 9748, 4338, 1565]),
    ],
)
def test_sample_sizes_are_those_published(baseline: float, sizes: list[int]) -> None:
    lifts = [0.005, 0.01, 0.02, 0.03, 0.05]
    assert [needed(baseline, lift) for lift in lifts] == sizes
    for lift, size in zip(lifts, sizes, strict=True):
        assert detectable(size, size, baseline) == pytest.approx(lift, rel=0.005)
    assert detectable(sizes[1], sizes[1] // 9, baseline) > 0.01
    assert detectable(sizes[1], sizes[1], baseline, design_effect=1.5) > 0.01
    assert detectable(1, 1, baseline) is None


def borough(seed: int, effect: float, homes: int = 400, wards: int = 16) -> pd.DataFrame:
    """Wards of different baselines; homes randomised half and half within each, of one to three people whose answers
    go together."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.06, 0.25, wards)
    home = np.arange(wards * homes)
    ward = home // homes
    arm = np.tile(["later", "now"], len(home) // 2)
    chance = base[ward] + effect * (arm == "now")
    together, shared_answer = rng.random(len(home)) < 0.5, rng.random(len(home)) < chance
    person = np.repeat(home, rng.integers(1, 4, len(home)))
    own = rng.random(len(person)) < chance[person]
    joined = np.where(together[person], shared_answer[person], own)
    return pd.DataFrame({"ward": ward[person], "arm": arm[person], "home": person, "joined": joined.astype(float)})


@pytest.mark.parametrize("effect", [0.0, 0.01, 0.08])
def test_intervals_cover_the_truth_as_often_as_they_say(bench: ModuleType, effect: float) -> None:
    runs, limits = 200, list[str]()
    held = bench.covering(effect, runs, limits)
    assert limits == [], "row by row by_ward says the same"
    # Four standard errors of a simulation of so many runs (wards are independent of each other).
    assert abs(np.mean(held.overall) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / runs)
    assert abs(np.mean(held.wards) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / (runs * bench.WARDS))
    assert np.mean(held.shrunken) > 0.95
    for lit in (held.lit, held.page):
        if effect == 0:
            assert np.mean(lit) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
        if effect == 0.08:
            assert np.mean(lit) == 1


def test_an_interval_for_every_look_holds_at_every_look(bench: ModuleType) -> None:
    for effect in (0.0, 0.08):
        valid, naive, _ = bench.interim(effect, 150)
        assert valid >= 0.95
        assert naive < 0.85, "looking every week with 1.96 errors goes wrong"


def test_looking_again_is_narrowest_where_a_tenth_has_registered() -> None:
    def reached(share: float, n: int = 4000) -> float:
        return looking(math.sqrt(2 * share * (1 - share) / n), (share, n), (share, n))

    assert reached(0.1) == pytest.approx(3.035, abs=0.001)  # sqrt(-W(-0.05^2 / e)), the least of a normal mixture
    assert min(map(reached, (0.01, 0.05, 0.2, 0.6))) > reached(0.1)
    assert looking(0.0, (0.0, 50), (0.0, 50)) < 10


def test_before_the_window_closes_a_wider_interval_decides() -> None:
    options = {"arm": "arm", "outcome": "joined", "ward": "ward", "cluster": "home"}
    table = borough(4, 0.0)
    (closed,) = by_ward(table, **options)
    (open_still,) = by_ward(table, **options, interim=True)
    assert closed.overall.judged.low > 0, "after the window this would be said"
    assert open_still.overall.judged == open_still.overall.always_valid
    assert open_still.overall.judged.includes(0)
    assert all(ward.too_early for ward in open_still.wards)
    pairs = list(zip(closed.wards, open_still.wards, strict=True))
    assert all(one.shrunken_interval.low > other.shrunken_interval.low for one, other in pairs)
    assert all(one.interval.low > other.interval.low for one, other in pairs)
    assert "always_valid" in open_still.overall.as_dict()


# Two-sided 5 % points for one control and 2 to 5 arms of its size: Dunnett 1964, Biometrics 20: 482-491, table II.
@pytest.mark.parametrize(
    ("freedom", "points"),
    [(5, [3.03, 3.29, 3.48, 3.62]), (20, [2.38, 2.54, 2.65, 2.73]), (math.inf, [2.21, 2.35, 2.44, 2.51])],
)
def test_several_arms_reach_as_far_as_dunnetts_tables(freedom: float, points: list[float]) -> None:
    for arms, point in enumerate(points, 2):
        assert dunnett(np.full((arms, arms), 0.5) + np.eye(arms) / 2, freedom) == pytest.approx(point, abs=0.011)


def test_several_arms_are_judged_together() -> None:
    parts = [people("control", 300, 2000), *(people(f"arm {n}", 340 + n, 2000) for n in range(4))]
    found = estimate(pd.concat(parts), arm="arm", outcome="voted")
    for arm in found.arms:
        half = (arm.simultaneous.high - arm.simultaneous.low) / 2 / arm.se
        assert half == pytest.approx(2.44, abs=0.01)
        assert arm.judged == arm.simultaneous
    assert found.arms[1].low < 0 or found.arms[1].simultaneous.low < 0 < found.arms[3].low
    one = Rate(0.2, 2000, 2000)
    assert reach(one, one) == Z
    assert reach(one, one, arms=4) == pytest.approx(2.44, abs=0.01)


def test_the_adjusted_line_is_lins_regression() -> None:
    rng = np.random.default_rng(8)
    n = 600
    table = pd.DataFrame({"arm": rng.permuted(np.tile(["control", "letter", "text"], n // 3)),
                          "street": rng.integers(0, 90, n), "ward": rng.integers(0, 5, n),
                          "age": rng.normal(50, 15, n), "gap": rng.integers(0, 3, n)})  # fmt: skip
    table["y"] = (rng.random(n) < 0.2 + 0.1 * table.gap + 0.05 * (table.arm == "text")).astype(float)
    centred = table.assign(a=table.age - table.age.mean(), g=table.gap - table.gap.mean())
    for block, words, keywords in (
        (None, "y ~ C(arm) * (a + g)", {"cov_type": "HC2"}),
        ("ward", "y ~ C(arm) * (a + g) + C(ward)", {"cov_type": "cluster", "cov_kwds": {"groups": table.street}}),
    ):
        cluster = "street" if block else None
        options = {"arm": "arm", "outcome": "y", "cluster": cluster, "block": block, "covariates": ["age", "gap"]}
        expected = smf.ols(words, centred).fit(**keywords)
        for arm in estimate(table, **options).arms:
            name = f"C(arm)[T.{arm.arm}]"
            assert arm.adjusted.difference == pytest.approx(expected.params[name], rel=1e-8)
            assert arm.adjusted.se == pytest.approx(expected.bse[name], rel=1e-8)
            assert arm.adjusted.se < arm.se, "the covariate tells something of the outcome"
            assert arm.adjusted.difference != arm.difference


def test_a_covariate_that_is_missing_is_its_mean() -> None:
    table = pd.DataFrame({"arm": ["control", "letter"] * 60, "y": [0, 1, 1, 1] * 30, "x": [1.0, 2, 3, np.nan] * 30})
    filled = table.fillna({"x": 2.0})
    options = {"arm": "arm", "outcome": "y", "covariates": ["x"]}
    assert estimate(table, **options) == estimate(filled, **options)


def test_the_effect_on_those_reached_is_two_stage_least_squares() -> None:
    rng = np.random.default_rng(3)
    n, groups = 800, 120
    z = rng.integers(0, 2, n)
    home = rng.integers(0, groups, n)
    reached = (rng.random(n) < 0.1 + 0.6 * z).astype(float)
    y = (rng.random(n) < 0.3 + 0.1 * reached).astype(float)
    table = pd.DataFrame({"arm": np.where(z, "now", "later"), "y": y, "home": home, "reached": reached})
    (arm,) = estimate(table, arm="arm", outcome="y", cluster="home", contact="reached").arms
    instruments, design = np.column_stack([z, np.ones(n)]), np.column_stack([reached, np.ones(n)])
    inverse = np.linalg.inv(instruments.T @ design)
    beta = inverse @ instruments.T @ y
    scores = pd.DataFrame(instruments * (y - design @ beta)[:, None]).groupby(home).sum().to_numpy()
    found = len(np.unique(home))
    spread = found / (found - 1) * (n - 1) / (n - 2)
    variance = spread * inverse @ scores.T @ scores @ inverse.T
    assert arm.complier.difference == pytest.approx(beta[0])
    assert arm.complier.se == pytest.approx(math.sqrt(variance[0, 0]))
    assert arm.complier.contact_rate == pytest.approx(reached[z == 1].mean())
    nobody = estimate(table.assign(reached=0.0), arm="arm", outcome="y", contact="reached")
    assert nobody.arms[0].complier is None


def test_the_lot_drawn_again_is_every_lot_there_could_have_been() -> None:
    """Against the definition: for each effect, the lots that would have given as much; blocks dealt apart."""
    rng = np.random.default_rng(12)
    size = np.array([40, 55, 60, 35, 50, 45, 30, 70])
    lot, block = np.array([1, 0, 1, 0, 1, 0, 0, 1]), np.repeat([0, 1], 4)
    yes = rng.binomial(size, 0.3 + 0.15 * lot)
    place = np.repeat(np.arange(8), size)
    table = pd.DataFrame({"arm": np.where(lot, "now", "later")[place], "block": block[place], "street": place,
                          "y": np.concatenate([np.arange(n) < k for n, k in zip(size, yes, strict=True)]) * 1.0})  # fmt: skip
    (arm,) = estimate(table, arm="arm", outcome="y", cluster="street", block="block").arms
    pairs = list(itertools.combinations(range(4), 2))
    lots = [np.isin(np.arange(8), [*one, *(4 + p for p in two)]) * 1.0 for one in pairs for two in pairs]

    def tops(effect: float) -> np.ndarray:
        without = table.y - effect * lot[place]
        return np.array([_within(without + effect * other[place], other[place], table.block) for other in lots])

    found = _within(table.y, lot[place], table.block)
    assert found == pytest.approx(arm.difference)
    drawn = arm.randomised
    assert (drawn.draws, drawn.every) == (36, True)
    assert drawn.p == pytest.approx(np.mean(np.abs(tops(0)) >= abs(found) - 1e-9))
    for effect in np.linspace(-0.4, 0.7, 30):
        above, below = np.mean(tops(effect) >= found - 1e-9), np.mean(tops(effect) <= found + 1e-9)
        assert (drawn.low <= effect <= drawn.high) == (min(above, below) > 0.025)


def _within(y: pd.Series, arm: np.ndarray, block: pd.Series) -> float:
    homes = np.bincount(block)
    own, dealt = (part - (np.bincount(block, part) / homes)[block] for part in (np.asarray(y), np.asarray(arm)))
    return float(own @ dealt / (dealt @ dealt))


def test_two_streets_a_side_say_nothing_for_sure() -> None:
    table = pd.DataFrame({"arm": ["now"] * 60 + ["later"] * 60, "y": [1.0, 0, 0, 1, 1, 0] * 20,
                          "street": np.repeat([1, 2, 3, 4], 30)})  # fmt: skip
    (arm,) = estimate(table, arm="arm", outcome="y", cluster="street").arms
    assert arm.judged == (-math.inf, math.inf), "of six lots none is rarer than one in forty"
    assert json.loads(json.dumps(arm.as_dict()))["randomised"]["low"] is None
    mixed = table.assign(block=[0, 1] * 60)
    assert estimate(mixed, arm="arm", outcome="y", cluster="street", block="block").arms[0].randomised is None


def test_what_an_extra_registration_cost() -> None:
    assert price((90.0, 110.0), 1000, 0.05, Interval(0.02, 0.08)) == (2.0, 90 / 80, 110 / 20)
    assert price((90.0, 110.0), 1000, 0.01, Interval(-0.01, 0.03)) == (10.0, 3.0, math.inf)
    assert price((90.0, 110.0), 1000, -0.01, Interval(-0.03, -0.002)) == (None, math.inf, math.inf)
    assert price((0.0, 0.0), 1000, 0.05, Interval(0.02, 0.08)) == (0.0, 0.0, 0.0)


def test_wards_that_differ_are_told_from_wards_that_do_not() -> None:
    options = {"arm": "arm", "outcome": "joined", "ward": "ward", "cluster": "home"}
    same = [by_ward(borough(seed, 0.05, wards=8), **options)[0].gathered.p_same for seed in range(6)]
    assert np.median(same) > 0.2
    table = borough(1, 0.0, wards=8)
    lifted = (table["ward"] < 4) & (table["arm"] == "now") & (np.random.default_rng(1).random(len(table)) < 0.25)
    apart = by_ward(table.assign(joined=table["joined"].where(~lifted, 1.0)), **options)
    assert apart[0].gathered.p_same < 0.001
    assert apart[0].gathered.spread > 0.05


@settings(max_examples=examples(8))
@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 12), st.integers(1, 12), st.integers(1, 4))
def test_tiny_groups_and_rates_at_the_ends_stay_within_bounds(a: int, b: int, n: int, m: int, arms: int) -> None:
    parts = [people("control", min(b, m), m), *(people(f"arm {k}", min(a, n), n) for k in range(arms))]
    for arm in estimate(pd.concat(parts), arm="arm", outcome="voted", interim=True).arms:
        for low, high in ((arm.low, arm.high), arm.newcombe, arm.judged, arm.always_valid):
            assert -1 <= low < high <= 1
        assert arm.interval == "newcombe"


def test_a_ward_without_a_comparison_says_nothing_and_changes_nothing() -> None:
    table = borough(1, 0.08)
    lonely = pd.DataFrame({"ward": 99, "arm": "now", "home": [-1, -2], "joined": 1.0})
    (with_it,) = by_ward(pd.concat([table, lonely]), arm="arm", outcome="joined", ward="ward")
    (without,) = by_ward(table, arm="arm", outcome="joined", ward="ward")
    assert with_it.overall.difference == pytest.approx(without.overall.difference)
    said = {ward.ward: ward for ward in with_it.wards}
    assert said["99"].difference is said["99"].shrunken is None
    assert said["99"].too_early
    assert len(with_it.wards) == len(without.wards) + 1


def test_shrunken_wards_lie_between_their_own_figure_and_the_common_one() -> None:
    (found,) = by_ward(borough(3, 0.05), arm="arm", outcome="joined", ward="ward")
    differences = [ward.difference for ward in found.wards]
    assert max(ward.shrunken for ward in found.wards) < max(differences)
    assert min(ward.shrunken for ward in found.wards) > min(differences)
    assert 0 < found.gathered.p_same <= 1


@settings(max_examples=examples(60))
@given(st.lists(st.tuples(*[st.integers(0, 12)] * 4), min_size=1, max_size=6))
def test_tiny_wards_never_break_the_estimate(counts: list[tuple[int, int, int, int]]) -> None:
    parts = [
        people(arm, yes, yes + no, ward=place)
        for place, (a, b, c, d) in enumerate(counts)
        for arm, yes, no in (("now", a, b), ("later", c, d))
    ]
    table = pd.concat([*parts, people("now", 1, 2, ward=99), people("later", 1, 2, ward=99)], ignore_index=True)
    (found,) = by_ward(table, arm="arm", outcome="voted", ward="ward")
    for ward in found.wards:
        assert -1 <= ward.interval.low <= ward.interval.high <= 1
        assert ward.shrunken is None or math.isfinite(ward.shrunken)
        assert ward.shrunken_interval.low <= ward.shrunken_interval.high
