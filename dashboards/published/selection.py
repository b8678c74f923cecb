"""What somebody looks at: a campaign, a register and a division, all of it in the address, so that it can be shared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from litestar.params import QueryParameter

from dashboards.published.completeness import Past, Ward
from dashboards.published.figures import ALL, Figures, Trial
from dashboards.published.findings import NO_EFFECT, Effect, Side
from dashboards.published.groups import DIVISIONS

Wanted = Annotated[str, QueryParameter(name="campaign", max_length=20, description="The campaign to show.")]
Register = Annotated[str, QueryParameter(name="register", max_length=10, description="The day of a register.")]
Chosen = Annotated[str, QueryParameter(name="ward", max_length=9, description="The ward that is chosen on the map.")]
By = Annotated[str, QueryParameter(name="by", max_length=20, description="What the homes are divided by.")]

WARD, ARM = "ward", "arm"
BY: Mapping[str, str] = {WARD: "Ward", **DIVISIONS, ARM: "Group that was reminded"}


@dataclass(frozen=True)
class Part:
    """A row of what the reminders changed: a ward, a group of homes, or an arm."""

    name: str
    reminded: Side
    comparison: Side
    effect: Effect
    code: str = ""


@dataclass(frozen=True)
class View:
    figures: Figures
    trial: Trial | None
    past: Past | None
    by: str = WARD
    ward: Ward | None = None

    @classmethod
    def of(cls, figures: Figures, campaign: str = "", register: str = "", by: str = "", ward: str = "") -> "View":
        """What is asked for where it exists, else the newest, by ward, with no ward chosen."""
        by = by if by in BY else WARD
        return cls(figures, figures.trial(campaign), figures.past(register), by, figures.ward(ward))

    @property
    def query(self) -> str:
        """The address of this view, after the path: nothing for the one that is shown first."""
        first = View.of(self.figures)
        asked = {
            "campaign": self.trial.key if self.trial and self.trial is not first.trial else "",
            "register": self.past.as_at.isoformat() if self.past and self.past is not first.past else "",
            "by": self.by if self.by != WARD else "",
            "ward": self.ward.code if self.ward else "",
        }
        held = urlencode({name: value for name, value in asked.items() if value})
        return f"?{held}" if held else ""

    def effect_of(self, ward: Ward) -> Effect:
        return self.trial.ward(ward.code).effect if self.trial else NO_EFFECT

    @property
    def name(self) -> str:
        """For a heading: by ward."""
        return f"by {BY[self.by][0].lower()}{BY[self.by][1:]}"

    @property
    def parts(self) -> list[Part]:
        """The whole council first; then wards by name, or groups and arms in their fixed order."""
        if self.trial is None or self.trial.finding is None:
            return []
        found = self.trial.finding
        return [Part(ALL, found.reminded, found.comparison, found.effect), *self._parts(self.trial)]

    @property
    def unshown(self) -> str:
        """Why nothing is shown of a division; nothing where something is."""
        if self.by not in DIVISIONS or any(part.effect.shown for part in self.parts[1:]):
            return ""
        return "Not shown: a group here is too small, and the others would give its counts away."

    def _parts(self, trial: Trial) -> Sequence[Part]:
        if self.by == ARM:
            arms = [(each.arm, each.finding) for each in self.figures.arms(trial) if each.finding]
            return [Part(arm, one.reminded, one.comparison, one.effect) for arm, one in arms]
        if self.by != WARD:
            groups = trial.groups(self.by)
            return [Part(one.group, one.reminded, one.comparison, one.effect) for one in groups]
        wards = [(ward, trial.ward(ward.code)) for ward in self.figures.wards]
        return [Part(ward.name, one.reminded, one.comparison, one.effect, ward.code) for ward, one in wards]
