#!/usr/bin/env bash
# DerSimonian and Laird's random effects from statsmodels can give a narrower interval than fixed effects do.
#
# Guessed: the variance between areas (tau squared) is at least 0, as the method's authors cut it off there, so that
#   allowing for a spread between areas can only widen an interval.
# Happens: combine_effects(method_re="chi2" or "dl") leaves tau squared below 0 where areas differ by less than chance
#   would have it, which for a few wards is common. It is then taken off each area's own variance, and the interval of
#   the random-effects mean is narrower than the fixed-effect one. There is no error and no warning. The iterated method
#   ("iterated" or "pm") of the same function gives 0.
# Seen: 2026-11-30, statsmodels 0.15.0, SciPy 1.17.1, NumPy 2.4.6.
# In Engage: the effect of reminders ward by ward is drawn towards what wards have in common. Engage takes the spread
#   from statsmodels, cuts it off at 0 and works out means and intervals itself.
set -euo pipefail
PYTHON=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6 pandas==3.1.1 ||
    { echo "The packages could not be installed." >&2; exit 2; }

"$folder/venv/bin/python" -W error::RuntimeWarning - <<'SCRIPT'
import sys
from importlib.metadata import version

import numpy as np
from statsmodels.stats.meta_analysis import combine_effects

print(*(f"{name} {version(name)}" for name in ("statsmodels", "scipy", "numpy")))
effects = np.array([0.010, 0.025, 0.018, 0.030, 0.022])  # of reminders on registration, in five wards
variances = np.full(5, 0.020**2)
spreads, widths = {}, {}
for method in ("chi2", "dl", "iterated", "pm"):
    combined = combine_effects(effects, variances, method_re=method)
    (low, high), (low_random, high_random) = combined.conf_int()[:2]
    spreads[method], widths[method] = combined.tau2, (high - low, high_random - low_random)
    print(f"{method:<9} tau squared {combined.tau2:+.6f}, fixed {low:.4f} to {high:.4f}, "
          f"random {low_random:.4f} to {high_random:.4f}")
negative = all(spreads[method] < 0 and widths[method][1] < widths[method][0] / 2 for method in ("chi2", "dl"))
if not negative or spreads["iterated"] != 0 or spreads["pm"] != 0:
    sys.exit("CHANGED: a spread below 0 is treated otherwise now.")
print("As found: tau squared is below 0, and the random-effects interval less than half as wide as the fixed one.")
SCRIPT
