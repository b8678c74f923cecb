"""The analysis set of a campaign for a statistician: no identifiers, and scripts that repeat the headline estimate."""

import json
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd

from campaigns.records import lookup
from dashboards.published.outcomes import outcomes, reading
from dashboards.results.campaign_result import contacted, headline
from dashboards.statistics.effects import Uplift
from engage.foundation import audit
from engage.foundation.errors import InputRefused
from engage.foundation.files import cells
from engage.foundation.files.cells import harmless
from engage.foundation.identity import Right
from engage.foundation.office import Actor, Office

COLUMNS = ("arm", "block", "ward", "registered", "gained", "electors", "contacted")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time in the archive, so that the same figures are the same file."""

ABOUT = """Analysis set of campaign {number}: {homes:,} homes, one row each, in analysis.csv

It holds no UPRN, address, name, contact or date, and its rows are sorted by what they say, so that their order tells
nothing. It is still a list of homes by ward: keep it within the council and do not publish counts of it.

arm         the group the home was put in by lot; the comparison is {control}
block       the ward it was drawn in
ward        the ward it lies in now
registered  1 where somebody new is on the register of {as_at}, else 0
gained      how many
electors    how many were on the register before
contacted   1 where a reminder had left for the home before that day

repeat.py (Python, with pandas and statsmodels) and repeat.R (R, no packages) repeat the headline estimate: least
squares of registered on arm with an effect for each block, standard errors HC1. Homes of a block that has one arm only
add nothing and are left out. They print:

{expected}

Where an arm has fewer than 10 homes that registered, or fewer than 10 that did not, the page shows Newcombe's interval
about the same difference; before the window has closed, or with several arms, it shows a wider one as well.
"""

PYTHON = '''"""Repeats the headline estimate from analysis.csv beside this file. Needs pandas and statsmodels."""

from pathlib import Path

import pandas as pd
import statsmodels.api as sm

CONTROL = {control}

homes = pd.read_csv(
    Path(__file__).with_name("analysis.csv"), dtype={{"arm": str, "block": str}}, keep_default_na=False
)
homes = homes[homes.groupby("block")["arm"].transform("nunique") > 1]  # a block with one arm adds nothing
arms = [arm for arm in sorted(homes["arm"].unique()) if arm != CONTROL]
columns = pd.DataFrame({{arm: (homes["arm"] == arm).astype(float) for arm in arms}})
blocks = pd.get_dummies(homes["block"], dtype=float)
blocks.columns = range(len(blocks.columns))  # no arm is called by a number
design = columns.join(blocks)
fit = sm.OLS(homes["registered"].astype(float), design).fit(cov_type="HC1", use_t=True)
print("arm,difference,se,low,high")
for arm in arms:
    low, high = fit.conf_int().loc[arm]
    print(f"{{arm}},{{fit.params[arm]:.6f}},{{fit.bse[arm]:.6f}},{{low:.6f}},{{high:.6f}}")
'''

R = """# Repeats the headline estimate from analysis.csv in the working directory. Needs no packages.
control <- {control}

homes <- read.csv(
  "analysis.csv", colClasses = c(arm = "character", block = "character"), na.strings = character(0)
)
# a block with one arm adds nothing
homes <- homes[ave(match(homes$arm, homes$arm), homes$block, FUN = function(arm) length(unique(arm))) > 1, ]
arms <- setdiff(sort(unique(homes$arm), method = "radix"), control)
treated <- sapply(arms, function(arm) as.numeric(homes$arm == arm))
blocks <- sapply(unique(homes$block), function(block) as.numeric(homes$block == block))
x <- cbind(treated, blocks)
fit <- lm.fit(x, homes$registered)
n <- nrow(x)
k <- ncol(x)
bread <- solve(crossprod(x))
covariance <- n / (n - k) * bread %*% crossprod(x * fit$residuals) %*% bread
reach <- qt(0.975, n - k)
cat("arm,difference,se,low,high\\n")
for (place in seq_along(arms)) {{
  difference <- fit$coefficients[place]
  se <- sqrt(covariance[place, place])
  ends <- difference + c(-1, 1) * reach * se
  cat(sprintf("%s,%.6f,%.6f,%.6f,%.6f\\n", arms[place], difference, se, ends[1], ends[2]))
}}
"""


def archive(office: Office, actor: Actor, campaign_id: int) -> bytes:
    """A ZIP file of analysis.csv, README.txt, repeat.py and repeat.R, the same for the same figures.

    Raises InputRefused before there is a later register, or where nobody was left for later by lot.
    """
    with office.database.session() as session:
        lookup.permit(session, actor, Right.see_data)
        campaign = lookup.find(session, actor.authority, campaign_id)
        read = reading(session, campaign)
    homes = outcomes(office, actor, campaign_id)
    found = headline(homes, campaign, read) if read else None
    if read is None or found is None:
        raise InputRefused(f"Campaign {campaign_id} has no comparison drawn by lot, so there is no estimate to repeat.")
    rows = homes.assign(contacted=[int(reached) for reached in contacted(homes, read.as_at)])
    with office.database.session() as session:
        audit.record(
            session, authority=actor.authority, at=office.clock.now(), actor=actor.label, act="export analysis",
            subject=f"campaign {campaign_id}", homes=len(rows),
        )  # fmt: skip
    about = ABOUT.format(
        number=campaign_id, homes=len(rows), control=found.control, as_at=read.as_at, expected=_expected(found)
    )
    control = json.dumps(harmless(found.control))
    files = {
        "analysis.csv": _table(rows), "README.txt": about,
        "repeat.py": PYTHON.format(control=control), "repeat.R": R.format(control=control),
    }  # fmt: skip
    return _zipped(files)


def _table(rows: pd.DataFrame) -> str:
    """Sorted by what the rows say: in the order of UPRNs, neighbours would be next to each other."""
    held = rows[list(COLUMNS)].sort_values(list(COLUMNS))
    return cells.written(COLUMNS, held.fillna("").itertuples(index=False))


def _expected(found: Uplift) -> str:
    lines = [f"{harmless(arm.arm)},{arm.difference:.6f},{arm.se:.6f}" for arm in found.arms]
    return "\n".join(["arm,difference,se (and the interval)", *lines])


def _zipped(files: dict[str, str]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            told = ZipInfo(name, LONG_AGO)
            told.compress_type = ZIP_DEFLATED
            zipped.writestr(told, text)
    return out.getvalue()
