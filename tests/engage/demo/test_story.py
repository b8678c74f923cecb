"""The story's summary is computed, and its figures agree with one another and with the stand-in's own count."""

from pathlib import Path

import pytest

from engage.demo.story import play_demo
from engage.foundation.errors import InputRefused

pytestmark = pytest.mark.xdist_group("browser")  # its tests look at the same performance


def test_the_arithmetic_adds_up(told: dict) -> None:
    messages = told["messages"]
    assert messages["planned"] == sum(messages[part] for part in ("waiting", "accepted", "dropped", "failed"))
    assert messages["waiting"] == messages["unknown"] == 0
    assert 0 < messages["delivered"] < messages["accepted"]
    assert messages["dropped"] > 0


def test_notify_got_each_message_once(told: dict) -> None:
    assert told["notify_received"] == told["messages"]["accepted"]
    assert told["duplicates"] == 0


def test_what_the_council_knows_is_close_to_the_truth(told: dict) -> None:
    truth = told["truth"]
    assert told["households"] <= truth.homes
    assert told["households"] > 0.99 * truth.homes
    assert told["linked_share"] > 0.98
    assert told["completeness"] == pytest.approx(truth.completeness, abs=0.07)


def test_arms_are_equal_and_hold_the_whole_audience(told: dict) -> None:
    sizes = [arm["households"] for arm in told["arms"].values()]
    assert sum(sizes) == told["segment_households"]
    assert abs(sizes[0] - sizes[1]) <= told["wards"] == 3


def test_the_interval_belongs_to_the_arms(told: dict) -> None:
    now, later = told["arms"]["reminded now"], told["arms"]["reminded later"]
    raw = now["registered"] / now["households"] - later["registered"] / later["households"]
    assert told["uplift"]["estimate"] == pytest.approx(raw, abs=0.003)
    assert told["uplift"]["low"] < told["uplift"]["estimate"] < told["uplift"]["high"]
    assert told["true_effect"] > 0


def test_the_audit_log_is_whole_and_the_story_was_told(told: dict) -> None:
    assert told["audit_verified"] is True
    assert any("Approved by a second officer" in line for line in told["lines"])
    assert any("stopped further ones" in line for line in told["lines"])


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputRefused, match="other files"):
        play_demo(once=True, folder=tmp_path, port=0)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
