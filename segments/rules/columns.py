"""What a rule may ask of a home: the columns of the table of homes, and of the council's own records beside it; what
each is called and may be compared with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engage.foundation.errors import InputRefused
from segments.sources.indicators import INDICATORS

LONGEST_LABEL = 400
PER_CENT, PEOPLE = "per cent", "people"


class RuleInvalid(InputRefused):
    """Says where in the tree, what stands there and what was expected."""


@dataclass(frozen=True)
class Column:
    """What a condition may ask of a household. Numbers have bounds; choices have a list, or any text if empty."""

    label: str
    label_cy: str
    unit: Literal["number", "share", "choice"]
    low: float = 0
    high: float = 100
    choices: Mapping[str, tuple[str, str]] | None = None  # value: (English, Welsh)
    people: bool = False  # a number of them, not a score or a rank

    @property
    def measured_in(self) -> str:
        """The word a condition may name its unit by; empty where it has none."""
        return PER_CENT if self.unit == "share" else PEOPLE if self.people else ""

    def scale(self, unit: str) -> float:
        """What a figure in this unit is divided by: shares lie between 0 and 1, and people say them in per cent."""
        return 100 if unit == PER_CENT else 1


CLASSES = {
    "house": ("house", "tŷ"),
    "flat": ("flat", "fflat"),
    "shared": ("house in multiple occupation", "tŷ amlfeddiannaeth"),
    "institution": ("care home or hall", "cartref gofal neu neuadd"),
    "other": ("other home", "cartref arall"),
}
CHANNELS = {
    "email": ("email", "e-bost"),
    "sms": ("text message", "neges destun"),
    "letter": ("letter", "llythyr"),
}
COLUMNS: dict[str, Column] = {
    "class": Column("kind of home", "math o gartref", "choice", choices=CLASSES),
    "electors": Column("number of electors", "nifer yr etholwyr", "number", people=True),
    "attainers": Column(
        "number of electors not yet of voting age", "nifer yr etholwyr sydd heb gyrraedd oedran pleidleisio", "number",
        people=True),
    "expected_adults": Column("number of adults expected", "nifer yr oedolion a ddisgwylir", "number", people=True),
    "gap": Column("number of adults missing", "nifer yr oedolion ar goll", "number", low=-100, people=True),
    "known_not_registered": Column(
        "number of adults known to the council and not registered",
        "nifer yr oedolion y mae'r cyngor yn gwybod amdanynt ac nad ydynt wedi'u cofrestru", "number", people=True),
    "moved_in": Column(
        "number of adults known to have moved in since the last canvass and not registered",
        "nifer yr oedolion y gwyddys iddynt symud i mewn ers y canfasiad diwethaf ac nad ydynt wedi'u cofrestru",
        "number", people=True),
    "nobody_knows": Column(
        "number of electors whom the council's records no longer know there",
        "nifer yr etholwyr nad yw cofnodion y cyngor yn gwybod amdanynt yno mwyach", "number", people=True),
    "records_score": Column(
        "score of the council's own records", "sgôr cofnodion y cyngor ei hun", "number"),
    "ward": Column("ward", "ward", "choice"),
    "reach": Column("can be reached by", "gellir cyrraedd drwy", "choice", choices=CHANNELS),
} | {
    name: Column(
        indicator.label_en,
        indicator.label_cy,
        indicator.unit,
        high=1 if indicator.unit == "share" else 1e9,
        choices=indicator.choices,
    )
    for name, indicator in INDICATORS.items()
}  # fmt: skip

# Of the council's own records: asked for only while a source of them has an agreement in date (regulation 35A).
RECORDS = frozenset({"known_not_registered", "moved_in", "nobody_knows", "records_score"})

# Names that a council's own indicators have (sources/declared.py) and shares of Census tables without a name here.
OWN = re.compile(r"(local|census)_[a-z0-9_]+")


def own_column(name: str, label: str, label_cy: str, unit: str, place: str) -> Column:
    """A column of an indicator that is not in the list here; RuleInvalid if it cannot be one."""
    if not OWN.fullmatch(name) or unit not in ("number", "share") or not label or len(label) > LONGEST_LABEL:
        msg = f"{place} is no column: expected a name that begins with local_ or census_, a label and a unit."
        raise RuleInvalid(msg)
    low, high = (0, 1) if unit == "share" else (-1e12, 1e12)
    return Column(label, label_cy or label, "share" if unit == "share" else "number", low, high)
