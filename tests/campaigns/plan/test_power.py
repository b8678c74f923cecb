"""What a comparison can find, against simulated trials of that size."""

import numpy as np
import pytest

from campaigns.plan import power
from campaigns.plan.plan import read
from tests.campaigns.council import TEMPLATES, Maker, plan


@pytest.mark.parametrize(("homes", "others", "rate"), [(2_000, 2_000, 0.05), (3_000, 1_000, 0.1)])
def test_a_lift_as_large_is_found_four_times_in_five(homes: int, others: int, rate: float) -> None:
    lift = power.detectable(homes, others, rate)
    assert lift is not None
    lot = np.random.default_rng(7)
    gained, gained_anyway = lot.binomial(homes, rate + lift, 20_000), lot.binomial(others, rate, 20_000)
    pooled = (gained + gained_anyway) / (homes + others)
    error = np.sqrt(pooled * (1 - pooled) * (1 / homes + 1 / others))
    found = np.abs(gained / homes - gained_anyway / others) / error > 1.959964
    assert found.mean() == pytest.approx(0.8, abs=0.015)


def test_a_submitted_campaign_says_what_it_can_find(maker: Maker) -> None:
    found = maker.submitted(1_200).estimate["power"]
    (overall,) = found["overall"]
    assert (overall["homes"], overall["others"]) == (600, 600)
    assert overall["finds"] == power.detectable(600, 600, 0.05)
    assert [(ward["homes"], ward["others"], ward["shown"]) for ward in found["wards"]] == [(200, 200, True)] * 3
    assert found["rates"][1] == {"rate": 0.05, "finds": overall["finds"]}
    words = " ".join(power.said(found))
    assert "With 600 homes (reminded now) and 600 (reminded later), an effect of 4.2 more homes in every 100" in words
    assert "In 3 of 3 wards an effect can be shown by itself" in words


def test_wards_too_small_are_not_promised_anything(maker: Maker) -> None:
    found = maker.submitted(300).estimate["power"]
    assert all(ward["finds"] is None and not ward["shown"] for ward in found["wards"])
    assert "No ward has 100 homes in each group" in power.said(found)[-1]


def test_groups_of_one_home_find_nothing(maker: Maker) -> None:
    assert "too few homes" in power.said(maker.submitted(2).estimate["power"])[0]


def test_without_a_comparison_nothing_is_found(maker: Maker) -> None:
    everyone = maker.submitted(30, arms={"everyone": 1.0}, comparison="").estimate["power"]
    assert everyone["overall"] == []
    assert power.said(everyone) == ["Nobody is compared with anybody, so this campaign cannot show what it changed."]


def test_two_wordings_are_compared_with_those_reminded_later_and_with_each_other() -> None:
    arms = {"plain": 0.4, "warm": 0.4, "reminded later": 0.2}
    pairs = power.compared(read(plan(arms=arms, templates=TEMPLATES)))
    assert pairs == [("plain", "reminded later"), ("warm", "reminded later"), ("warm", "plain")]
