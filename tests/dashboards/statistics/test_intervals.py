"""Intervals of rates, held against those of a library that takes longer to start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from dashboards.statistics.intervals import wilson


@given(n=st.floats(1, 1e7), share=st.floats(0, 1))
def test_wilson_s_interval_is_that_of_statsmodels(n: float, share: float) -> None:
    assert wilson(share * n, n) == pytest.approx(proportion_confint(share * n, n, method="wilson"), abs=1e-12)
