"""A plan: whom a campaign reminds, when, by which channel, and with whom they are compared.

As `engage campaign create PLAN.json` reads it, at its shortest:

    {"name": "Summer reminders", "purpose": "…", "segment": "one adult short",
     "start": "2026-06-03", "outcome_window": {"start": "2026-06-03", "end": "2026-07-15"},
     "templates": {"email": "<template id>", "sms": {"en": "<id>", "cy": "<id>"}, "letter": "<id>"}}

The rest is filled in: two arms of one half, the second reminded only after the outcome window; a first wave by
email or text on `start`, a letter two weeks later, and the same for those reminded later.
"""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from campaigns.records.models import Channel
from engage.foundation.calendar import LONGEST_BEFORE, PollKind
from engage.foundation.clock import read_day
from engage.foundation.errors import InputRefused

Language = Literal["en", "cy"]
Templates = dict[Channel, dict[Language, UUID]]

REMINDED_NOW, REMINDED_LATER = "reminded now", "reminded later"
LETTER_AFTER = timedelta(days=14)


class PlanInvalid(InputRefused):
    """Names each field, what stands there and what was expected."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _written(value: object) -> date:
    """As JSON has it: never a count of seconds, nor a year of two digits."""
    if isinstance(value, date):
        return value
    try:
        return read_day(str(value))
    except ValueError:
        raise ValueError("expected a date as 2026-06-03, its year with four digits") from None


Day = Annotated[date, BeforeValidator(_written)]


class Window(_Part):
    start: Day
    end: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"expected an end on or after the start, {self.start}")
        return self


class PlannedWave(_Part):
    """One contact per household: the first of `channels` by which it may be reached."""

    channels: tuple[Channel, ...] = Field(min_length=1)
    send_on: Day
    arms: tuple[str, ...] = Field(min_length=1)
    templates: Templates = Field(default_factory=dict)
    expires_on: Day | None = None

    @field_validator("templates", mode="before")
    @classmethod
    def _with_language(cls, value: object) -> object:
        return _by_language(value)


class Plan(_Part):
    name: str = Field(min_length=1, max_length=120)
    purpose: str = Field(min_length=1, max_length=2000)
    segment: str = ""
    rule: dict[str, Any] | None = None
    templates: Templates = Field(default_factory=dict)
    start: Day
    outcome_window: Window
    arms: dict[str, float] = Field(default_factory=lambda: {REMINDED_NOW: 0.5, REMINDED_LATER: 0.5}, min_length=1)
    comparison: str = REMINDED_LATER
    holdout_reason: str = ""
    waves: tuple[PlannedWave, ...] = ()
    poll_date: Day | None = None
    poll_kind: PollKind | None = None
    register_by: Day | None = None  # the last day to register, where an Act or the returning officer set one
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    language: Language = "en"
    wording: dict[str, str] = Field(default_factory=dict)  # texts for placeholders Engage has nothing for
    # Why messages go that the check of wordings would hold back, for whoever approves.
    wording_answer: str = Field(default="", max_length=500)
    expected_rate: float = Field(default=0.05, gt=0, lt=1)  # of homes that gain an elector without any reminder
    catch_up: bool = False  # whether a wave that could not leave on its day leaves by itself as soon as it can
    second_approver: str = Field(default="", max_length=320)  # before a poll: an account, as "approver 3" or its email

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        filled = dict(value)
        if isinstance(filled.get("segment"), dict):
            filled["rule"] = filled.pop("segment")
        filled["templates"] = _by_language(filled.get("templates", {}))
        return filled

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.segment and self.rule is None:
            raise ValueError("segment: expected the name of a segment, or a rule")
        if not self.waves:
            object.__setattr__(self, "waves", self._usual_waves())
        if not self.waves:
            raise ValueError("templates: expected a template for at least one channel (email, sms or letter)")
        self._check_poll()
        self._check_arms()
        self._check_comparison()
        self._check_waves()
        return self

    def _usual_waves(self) -> tuple[PlannedWave, ...]:
        quick = tuple(c for c in (Channel.email, Channel.sms) if c in self.templates)
        slow = (Channel.letter,) if Channel.letter in self.templates else ()
        now = tuple(arm for arm in self.arms if arm != self.comparison)
        later = (self.comparison,) if self.comparison in self.arms and not self.holdout_reason else ()
        starts = ((now, self.start), (later, self.outcome_window.end + timedelta(days=1)))
        return tuple(
            PlannedWave(channels=channels, send_on=day + LETTER_AFTER if quick and channels == slow else day, arms=arms)
            for arms, day in starts if arms
            for channels in (quick, slow) if channels
        )  # fmt: skip

    def _check_poll(self) -> None:
        if self.poll_date is None:
            if self.poll_kind or self.register_by:
                raise ValueError(
                    "poll_date: expected the day of the poll, beside its kind and its last day to register"
                )
        elif self.register_by and not self.poll_date - LONGEST_BEFORE <= self.register_by < self.poll_date:
            raise ValueError(
                f"register_by: expected a day in the three months before the poll, {self.poll_date}, not "
                f"{self.register_by}"
            )

    def _check_arms(self) -> None:
        if any(share <= 0 for share in self.arms.values()) or abs(sum(self.arms.values()) - 1) > 1e-9:
            raise ValueError(f"arms: expected shares above 0 that add up to 1, not {list(self.arms.values())}")
        if len(self.arms) > 1 and self.comparison not in self.arms:
            raise ValueError(f"comparison: expected one of the arms ({_listed(self.arms)}), not {self.comparison!r}")

    def _check_comparison(self) -> None:
        """RPA 1983 s 9A: extra reminders may be timed by lot; nobody is left without them but for a stated reason."""
        if len(self.arms) < 2:
            return
        first = min((wave.send_on for wave in self.waves if self.comparison in wave.arms), default=None)
        if first is None and not self.holdout_reason:
            raise ValueError(
                f"waves: nobody in {self.comparison!r} is ever reminded. Expected a wave for them after the outcome "
                "window, or holdout_reason"
            )
        self._check_same_time()
        if first is not None and first <= self.outcome_window.end:
            raise ValueError(
                f"waves: {self.comparison!r} is the comparison, but its first reminder is on {first}. Expected a day "
                f"after the outcome window, which ends on {self.outcome_window.end}"
            )

    def _check_same_time(self) -> None:
        """Groups told apart by wording or channel would else be told apart by their days too."""
        compared = [wave for wave in self.waves if wave.send_on <= self.outcome_window.end]
        days = {
            arm: sorted(wave.send_on for wave in compared if arm in wave.arms)
            for arm in self.arms if arm != self.comparison
        }  # fmt: skip
        (first, expected), *others = days.items()
        for arm, found in others:
            if found != expected:
                raise ValueError(
                    f"waves: {arm!r} is reminded on {_days(found)}, but {first!r} on {_days(expected)}. Expected the "
                    "same days, so that wording or channel is all that tells them apart"
                )

    def _check_waves(self) -> None:
        for number, wave in enumerate(self.waves, 1):
            for arm in wave.arms:
                if arm not in self.arms:
                    raise ValueError(f"waves.{number}.arms: expected some of {_listed(self.arms)}, not {arm!r}")
            for channel in wave.channels:
                if not self.templates_of(wave).get(channel):
                    raise ValueError(f"waves.{number}.templates: expected a template for {channel.value}")
            if wave.send_on < self.start:
                raise ValueError(
                    f"waves.{number}.send_on: expected a day on or after the start, {self.start}, not {wave.send_on}"
                )

    def templates_of(self, wave: PlannedWave) -> Templates:
        return {**self.templates, **wave.templates}

    def template(self, wave: PlannedWave, channel: Channel) -> UUID:
        """In the plan's language, else English, else the only one there is."""
        languages = self.templates_of(wave)[channel]
        return languages.get(self.language) or languages.get("en") or next(iter(languages.values()))

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


P = TypeVar("P", bound=BaseModel)


def read(source: Path | str | bytes | dict[str, Any]) -> Plan:
    """From a file, JSON text or an object; PlanInvalid names each field that is wrong and what was expected."""
    where = named(source)
    try:
        value = source if isinstance(source, dict) else json.loads(_text(source))
    except json.JSONDecodeError as error:
        raise PlanInvalid(f"{where} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except UnicodeDecodeError as error:
        raise PlanInvalid(f"{where} is not UTF-8 text: byte {error.start} cannot be read.") from None
    if not isinstance(value, dict):
        raise PlanInvalid(f"{where} holds a {type(value).__name__}. Expected an object with name, purpose, segment, …")
    try:
        return Plan.model_validate(value)
    except ValidationError as error:
        raise PlanInvalid("\n".join(f"{where}: {line}" for line in _explained(error))) from None


def named(source: object) -> str:
    """What an error calls it."""
    return source.name if isinstance(source, Path) else "The plan"


def _text(source: Path | str | bytes) -> str:
    if isinstance(source, Path):
        try:
            return source.read_bytes().decode()
        except OSError as error:
            raise PlanInvalid(f"{source} cannot be read: {error.strerror}.") from None
    return source.decode() if isinstance(source, bytes) else source


def _explained(error: ValidationError) -> Sequence[str]:
    lines = []
    for problem in error.errors(include_url=False):
        reason = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            lines.append(f"{reason}.")
            continue
        field = ".".join(str(part + 1 if isinstance(part, int) else part) for part in problem["loc"])
        value = "missing" if problem["type"] == "missing" else repr(problem["input"])[:80]
        lines.append(f"{field} is {value}: {_expected(problem['type'], reason)}.")
    return lines


def _expected(kind: str, reason: str) -> str:
    known = {
        "missing": "it is needed",
        "extra_forbidden": f"there is no such field. Expected some of {_listed(Plan.model_fields)}",
    }
    return known.get(kind) or {"date": "expected a date as 2026-06-03", "uuid": "expected a template id, a UUID"}.get(
        kind.partition("_")[0], reason
    )


def _listed(names: object) -> str:
    return ", ".join(str(name) for name in names) if isinstance(names, dict) else str(names)


def _days(days: Sequence[date]) -> str:
    return ", ".join(map(str, days)) or "no day"


def _by_language(value: object) -> object:
    """`{"email": "<id>"}` is short for `{"email": {"en": "<id>"}}`."""
    if not isinstance(value, dict):
        return value
    return {channel: {"en": given} if isinstance(given, str) else given for channel, given in value.items()}
