"""What a process may never ask for is not there until it does."""

import subprocess
import sys

import pytest

LOADED = """
import sys
import {module}
print([name for name in {libraries} if name in sys.modules])
from engage.foundation.libraries import linear_models, stats
print([float(stats.norm.cdf(0.0)), linear_models.OLS.__name__])
"""


@pytest.mark.parametrize(
    ("module", "libraries"),
    [
        ("engage.app", ("scipy.stats", "scipy.interpolate", "statsmodels", "pyproj", "typst")),
        ("engage.commands.worker", ("duckdb", "pyarrow", "numpy", "pandas", "ibis", "polars", "scipy")),
    ],
)
def test_a_process_starts_without(module: str, libraries: tuple[str, ...]) -> None:
    words = LOADED.format(module=module, libraries=libraries)
    told = subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True).stdout
    assert told.splitlines() == ["[]", "[0.5, 'OLS']"]
