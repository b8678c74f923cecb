"""What few pages ask for is not there until one asks."""

import subprocess
import sys

LARGE = ("scipy.stats", "scipy.interpolate", "statsmodels", "pyproj", "typst")
LOADED = f"""
import sys
import engage.app
from engage.foundation import libraries
print([name for name in {LARGE} if name in sys.modules])
print([libraries.stats.norm.cdf(0.0), libraries.linear_models.OLS.__name__])
"""


def test_the_service_starts_without_them() -> None:
    told = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True).stdout
    assert told.splitlines() == ["[]", "[np.float64(0.5), 'OLS']"]
