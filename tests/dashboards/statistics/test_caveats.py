"""Tables as they come: what adds nothing, is missing, is mixed or is spelt in two ways is counted, and said as it is."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from dashboards.statistics.labels import plain
from dashboards.statistics.uplift import estimate
from engage.cli import main

CASES = {
    "g2-block-no-treatment": ("--block", "block"), "g4b-two-clusters-mixed": ("--cluster", "cluster"),
    "g8-labels-blanks-case": (), "g9b-zero-variance-one": (), "g16-differential-missing": (),
    "g10-paired-clusters": ("--block", "block", "--cluster", "cluster"),
}  # fmt: skip


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["uplift", "--table", str(path), "--arm", "arm", "--outcome", "y", *options])


def measured(path: Path, *options: str) -> dict[str, Any]:
    found = run(path, *options, "--json")
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout, parse_constant=pytest.fail)


def written(folder: Path, *parts: str, heading: str = "arm,y") -> Path:
    path = folder / "trial.csv"
    path.write_text(heading + "\n" + "".join(parts))
    return path


def refused(path: Path, *options: str) -> str:
    found = run(path, *options)
    assert found.exit_code == 1
    assert found.stderr.startswith("trial.csv"), "the file is named"
    return found.stderr


@pytest.mark.parametrize("case", CASES)
def test_each_case_says_something(shared: Path, case: str) -> None:
    found = measured(shared / f"cases/{case}.csv", *CASES[case])
    assert found["notes"]
    printed = run(shared / f"cases/{case}.csv", *CASES[case]).stdout
    assert all(note in printed for note in found["notes"])
    assert "21006718167117328" not in printed


def test_the_case_without_outcomes_is_refused(shared: Path) -> None:
    said = run(shared / "cases/g5-all-missing.csv").stderr
    assert said.startswith(
        "g5-all-missing.csv, lines 2 to 41, column 'y': the value is missing on all 40 rows; expected"
    )


BLOCKS = "1,control,1\n1,treat,2\n1,control,3\n1,treat,5\n2,control,2\n2,treat,1\n2,treat,4\n2,control,0\n"


@pytest.mark.parametrize(
    ("lonely", "rows", "blocks"),
    [
        ("3,control,9\n" * 40, 40, 1),
        ("3,treat,9\n", 1, 1),
        ("3,treat,9\n4,control,8\n4,control,7\n", 3, 2),
        ("3,treat,9\n3,control,\n3,control,NA\n", 1, 1),  # one arm only, as the outcomes of the other are missing
        ("x ,control,9\nX,control,8\n", 2, 1),  # one block, spelt in two ways
    ],
)
def test_a_block_with_one_arm_adds_nothing(tmp_path: Path, lonely: str, rows: int, blocks: int) -> None:
    heading, names = "block,arm,y", ("--block", "block")
    without = measured(written(tmp_path, BLOCKS, heading=heading), *names)
    found = measured(written(tmp_path, BLOCKS, lonely, heading=heading), *names)
    assert found["control"] == without["control"]
    assert found["arms"][0].items() >= {k: v for k, v in without["arms"][0].items() if k != "worst_case"}.items()
    assert (found["adds_nothing"]["rows"], found["adds_nothing"]["blocks"]) == (rows, blocks)
    assert "adds_nothing" not in without
    assert any("one arm only add nothing" in note for note in found["notes"])


def test_where_no_block_holds_two_arms_nothing_is_compared(tmp_path: Path) -> None:
    path = written(tmp_path, "1,control,1\n2,treat,2\n3,control,0\n", heading="block,arm,y")
    assert "No block holds both an arm and the control" in refused(path, "--block", "block")


def test_an_arm_that_shares_no_block_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, BLOCKS, "3,letter,1\n3,letter,2\n", heading="block,arm,y")
    found = measured(path, "--block", "block")
    assert [arm["arm"] for arm in found["arms"]] == ["treat"]
    assert found["adds_nothing"]["arms"] == {"letter": 2}


YES_NO = "control,1\ncontrol,0\ncontrol,0\ntreat,1\ntreat,1\ntreat,0\n" * 20


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("treat,\n" * 40, "0 of 60 of 'control' (0.0%), 40 of 100 of 'treat' (40.0%)"),
        ("treat,n/a\n" * 20 + "control,.\n" * 60, "60 of 120 of 'control' (50.0%), 20 of 80 of 'treat' (25.0%)"),
        (" TREAT ,NaN\n", "1 of 61 of 'treat' (1.6%)"),
    ],
)
def test_outcomes_missing_in_one_arm_are_counted_by_arm(tmp_path: Path, missing: str, said: str) -> None:
    found = measured(written(tmp_path, YES_NO, missing))
    assert said in found["notes"][-2]
    assert "no longer be alike" in found["notes"][-1]
    (arm,) = found["arms"]
    gone = {name: each["rows"] for name, each in found["missing"].items()}
    assert found["left_out"] == sum(gone.values())
    worst = [
        (40 + lucky * gone["treat"]) / (60 + gone["treat"])
        - (20 + (1 - lucky) * gone["control"]) / (60 + gone["control"])
        for lucky in (0, 1)
    ]
    assert list(arm["worst_case"].values()) == pytest.approx(worst)


@pytest.mark.parametrize("mark", ["#N/A", "-", "–", "—", "missing", "Unknown", "NULL", "n/a", "--"])
def test_what_says_that_an_outcome_is_missing_is_read_as_that(tmp_path: Path, mark: str) -> None:
    found = measured(written(tmp_path, YES_NO, f"treat,{mark}\n" * 5))
    assert found["missing"]["treat"] == {"rows": 5, "of": 65}


@pytest.mark.parametrize("mark", ["?", "45%", "9,5", "#VALUE!", "inf", "twice"])
def test_what_is_neither_is_refused_by_its_line(tmp_path: Path, mark: str) -> None:
    said = refused(written(tmp_path, YES_NO, f'treat,"{mark}"\n'))
    assert f"line 122, column 'y': the value is {mark!r}; expected a number, or yes or no." in said


def test_an_arm_of_one_row_is_said_to_be_one(tmp_path: Path) -> None:
    path = written(tmp_path, YES_NO, "traet,0\n")
    assert any("The arm 'traet' has one row only" in note for note in measured(path)["notes"])
    assert "-5.4" not in run(path).stdout, "no ratio to an error that one row tells nothing of"


def test_a_lot_that_could_fall_in_few_ways_has_no_empty_line(tmp_path: Path) -> None:
    rows = [f"{n % 2},{n},{arm},{0.1 * n + 0.37 * turn}\n" for turn in range(3)
            for n, arm in enumerate(["now", "now", "later", "later"])]  # fmt: skip
    path = written(tmp_path, *rows, heading="pair,street,arm,y")
    printed = run(path, "--block", "pair", "--cluster", "street").stdout
    assert [line for line in printed.splitlines() if line.strip() == "randomised"] == []
    assert "There are only 4 clusters" in printed


def test_as_many_missing_in_each_arm_are_counted_and_no_more(tmp_path: Path) -> None:
    found = measured(written(tmp_path, YES_NO, "treat,\ncontrol,\n"))
    assert len(found["notes"]) == 1
    assert found["arms"][0]["worst_case"]["low"] < found["arms"][0]["difference"]
    number = measured(written(tmp_path, YES_NO, "treat,7.5\ncontrol,\ntreat,\n"))
    assert "worst_case" not in number["arms"][0], "a number has no worst case"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("control,1\ncontrol,0\ntreat,\ntreat,\n", "column 'y': the value is missing on every row of 'treat' (2 rows)"),
        ("control,\ntreat,1\ntreat,0\n", "column 'y': the value is missing on every row of 'control' (1 rows)"),
        ("control,NA\ntreat,.\n", "lines 2 to 3, column 'y': the value is missing on all 2 rows"),
    ],
)
def test_an_arm_without_any_outcome_is_not_another_fault(tmp_path: Path, table: str, said: str) -> None:
    text = refused(written(tmp_path, table))
    assert said.casefold() in text.casefold()
    assert "plainly the comparison" not in text


def test_one_arm_of_three_without_outcomes_is_told(tmp_path: Path) -> None:
    found = measured(written(tmp_path, YES_NO, "letter,\n" * 5))
    assert [arm["arm"] for arm in found["arms"]] == ["treat"]
    assert "Nothing is known of 'letter', so nothing is said of it." in found["notes"]


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        ("Control", True),
        ("CONTROL", True),
        ("  control", False),
        ("Con trol", None),
        ("ｃontrol", True),
        ("control.", True),
        ("“Control”", True),
        ("'control", True),
        ("control ;", True),
    ],
)
def test_labels_that_differ_by_capitals_are_one_arm(tmp_path: Path, other: str, taken: bool | None) -> None:
    found = run(written(tmp_path, YES_NO, f"{other},1\n"), "--json", "--control", "control")
    held = json.loads(found.stdout)
    assert len(held["arms"]) == (2 if taken is None else 1)
    assert held["control"]["n"] == (60 if taken is None else 61)
    assert held["control"]["arm"] == "control"
    assert ("spellings" in held) == bool(taken)
    if taken:
        assert f"{other!r} (1 row) is taken as 'control' (60 rows)" in held["notes"][0]


def test_clusters_and_blocks_are_spelt_in_two_ways_too(tmp_path: Path) -> None:
    typed = "".join(f"{ward},{ward}{arm}{n},{arm},{n % 2}\n" for ward in ("East", "EAST", "West  End", "west end", "North")
                    for arm in ("now", "later") for n in range(6))  # fmt: skip
    neat = typed.replace("EAST", "East").replace("west end", "West  End")
    names = ("--block", "ward", "--cluster", "street")
    found, same = (measured(written(tmp_path, text, heading="ward,street,arm,y"), *names) for text in (typed, neat))
    assert found["arms"] == same["arms"]
    assert {one["column"] for one in found["spellings"]} == {"ward", "street"}


def test_numbers_written_in_two_ways_are_one_label() -> None:
    assert plain("1.0") == plain(" 1 ") == "1"
    assert plain("01") != plain("1"), "a code may begin with nought"
    assert plain("Reminded\u00a0 now") == "reminded now"


@pytest.mark.parametrize(
    ("table", "clusters", "rows"),
    [
        ("A,treat,1.5\nA,control,0\nB,treat,2\nB,control,1\n" * 3, 2, 12),
        ("A,treat,1\nB,control,0\nC,treat,1\nD,control,1\nD,treat,0\n" * 4, 1, 8),
        ("A,treat,1\na,control,0\nC,treat,1\nD,control,1\n" * 4, 1, 8),  # the same cluster, spelt in two ways
    ],
)
def test_clusters_that_hold_both_arms_are_counted(tmp_path: Path, table: str, clusters: int, rows: int) -> None:
    found = measured(written(tmp_path, table, heading="street,arm,y"), "--cluster", "street")
    assert (found["mixed_clusters"]["clusters"], found["mixed_clusters"]["rows"]) == (clusters, rows)
    assert any("more than one arm (" in note for note in found["notes"])
    assert any("There are only" in note for note in found["notes"])
    assert "randomised" not in found["arms"][0]


@pytest.mark.parametrize(
    ("table", "options", "interval"),
    [
        ("control,0\ntreat,1\n" * 200, (), "newcombe"),
        ("control,1\ntreat,1\n" * 30, (), "newcombe"),
        ("control,3\ntreat,5\n" * 30, (), "none"),
        ("control,0.1\ntreat,0.3\n" * 30, (), "none"),
        ("control,2.5\ntreat,4\n", (), "none"),  # a row each
        ("A,control,3\nB,control,3\nC,treat,5\nD,treat,5\n" * 9, ("--cluster", "street"), "none"),
        ("A,control,1\nA,control,0\nB,control,1\nB,control,0\nC,treat,1\nC,treat,0\nD,treat,1\nD,treat,0\n" * 9,
         ("--cluster", "street"), "newcombe"),
        ("A,control,0.1\nB,control,0.7\nA,treat,0.4\nB,treat,1.0\n" * 9, ("--block", "street"), "none"),
    ],
)  # fmt: skip
def test_where_nothing_varies_no_error_is_made_up(
    tmp_path: Path, table: str, options: tuple[str, ...], interval: str
) -> None:
    heading = "street,arm,y" if options else "arm,y"
    found = measured(written(tmp_path, table, heading=heading), *options)
    (arm,) = found["arms"]
    assert (arm["se"], arm["interval"]) == (0, interval)
    assert (arm["low"] is None) == (interval == "none"), "never of no width"
    assert any("no standard error can be worked out" in note for note in found["notes"])
    printed = run(written(tmp_path, table, heading=heading), *options).stdout
    assert "difference / se" not in printed
    assert "None" not in printed


def test_a_table_without_oddities_says_nothing_more(tmp_path: Path) -> None:
    found = measured(written(tmp_path, YES_NO))
    assert set(found) == {"control", "arms", "left_out", "notes"}
    assert found["notes"] == []
    with_zero = estimate(pd.DataFrame({"arm": ["control", "b"] * 30, "y": [0, 1] * 30}), arm="arm", outcome="y")
    assert len(with_zero.notes) == 1
