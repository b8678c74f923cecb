"""Proofs: each message of a plan as it would leave, with what is wrong with it, before anybody approves it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, Literal

from campaigns.messages import names, service_name
from campaigns.messages.wording import ADDRESS_LINES, FIELDS, preview_reference, values
from campaigns.messages.wording_rules import findings
from campaigns.notify.messages import Template
from campaigns.notify.text import LONGEST_EMAIL_BYTES, SmsCheck, fill, missing, render
from campaigns.notify.wordings import Wording
from campaigns.plan.plan import Language, Plan
from campaigns.records.models import Channel
from engage.foundation.errors import SendBlocked
from engage.foundation.office import Office

WORDS = {Channel.email: "Email", Channel.sms: "Text message", Channel.letter: "Letter"}
LANGUAGES = {"en": "English", "cy": "Welsh"}
UNANSWERED = "Mend it at GOV.UK Notify, or say why it may go as it is."


@dataclass(frozen=True)
class Proof:
    """One template of a plan in one language. `written` is the template, `shown` the same filled for some home; of a
    text, the fragments it takes at least and at most. `used` tells whether the plan's language picks it."""

    channel: Literal["email", "sms", "letter"]
    language: Language
    template: str
    name: str
    version: int
    postage: str | None
    used: bool
    subject: str | None
    written: str
    shown_subject: str | None
    shown: str
    fragments: tuple[int, int] | None
    faults: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{WORDS[Channel(self.channel)]} in {LANGUAGES[self.language]}"


@dataclass(frozen=True)
class Setting:
    """Where a message is sent from: what fills it besides the plan, and what it must not say."""

    office: Office
    authority: str
    council: str
    nation: str
    end: datetime | None  # of registration for the poll
    before_a_poll: bool = False
    sources: tuple[str, ...] = ("",)  # of the numbers texts go to, as each stands in the message
    text_name: str | None = None  # what Notify puts before each text; None until somebody has said

    @property
    def before_texts(self) -> str:
        """What is counted: Notify puts a name there unless that is switched off, so some name until somebody says."""
        return self.council if self.text_name is None else self.text_name


def proofs(setting: Setting, plan: Plan, known: Iterable[Template]) -> list[Proof]:
    """Every template the plan names, once for each language; what Notify does not have is a fault too."""
    by_id = {template.template_id: template for template in known}
    named = {
        (channel, language, str(chosen))
        for wave in plan.waves
        for channel in wave.channels
        for language, chosen in plan.templates_of(wave)[channel].items()
    }
    used = {str(plan.template(wave, channel)) for wave in plan.waves for channel in wave.channels}
    order = list(WORDS)
    in_order = sorted(named, key=lambda one: (order.index(Channel(one[0])), one[1] != "en", one[2]))
    return [
        _proof(setting, plan, Channel(channel), language, chosen, by_id.get(chosen), used=chosen in used)
        for channel, language, chosen in in_order
    ]


def demand(found: Sequence[Proof]) -> None:
    """SendBlocked with all that is wrong with any of them."""
    wrong = [f"{proof.title}: {fault}" for proof in found for fault in proof.faults]
    if wrong:
        raise SendBlocked("\n".join(wrong))


def as_json(found: Sequence[Proof]) -> list[dict[str, Any]]:
    return [asdict(proof) | {"title": proof.title} for proof in found]


def versions(kept: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The version of each template, as it was when it was read."""
    return {message["template"]: message["version"] for message in kept}


def changed(kept: Iterable[Mapping[str, Any]], known: Iterable[Template]) -> list[str]:
    """The templates that are not at Notify any more as they were approved, by name."""
    now = {template.template_id: template.version for template in known}
    return [message["name"] for message in kept if now.get(message["template"]) != message["version"]]


def _proof(
    setting: Setting, plan: Plan, channel: Channel, language: Language, chosen: str, template: Template | None, *,
    used: bool,
) -> Proof:  # fmt: skip
    if template is None or template.channel != channel:
        fault = (
            f"GOV.UK Notify has no template {chosen}" if template is None
            else f"template {template.name!r} is for {template.channel}, not {channel.value}"
        )  # fmt: skip
        name = template.name if template else ""
        return Proof(channel.value, language, chosen, name, 0, None, used, None, "", None, "", None, (f"{fault}.",), ())
    from_record = setting.sources[0] if channel is Channel.sms else ""
    sample = filled(setting, plan, channel, language, from_record, plan.start)
    texts = [
        _text(setting, template.body, filled(setting, plan, channel, language, source, plan.start), plan.start)
        for source in (setting.sources if channel is Channel.sms else ())
    ]
    faults = (*_unfilled(template, plan), *_names(setting, template, plan), *_sizes(template, sample, texts))
    return Proof(
        channel.value, language, chosen, template.name, template.version, template.postage, used, template.subject,
        template.body, render(template.subject, sample, "subject") if template.subject else None,
        texts[0].sent if texts else render(template.body, sample, template.channel),
        (min(text.fragments for text in texts), max(text.fragments for text in texts)) if texts else None,
        faults, (*_warnings(setting, texts), *_held_to_rules(template, language, sample, plan)),
    )  # fmt: skip


def filled(
    setting: Setting, plan: Plan, channel: str, language: Language, source: str, on: date | None = None
) -> dict[str, str]:
    """What fills the message to some home. The link is as long as any."""
    spoken = plan.model_copy(update={"language": language})
    row = SimpleNamespace(channel=channel, reference=preview_reference(setting.authority))
    lines = ("1 Example Street", "Exampleton", "SW1A 1AA")
    address = dict(zip(ADDRESS_LINES, lines, strict=False)) if channel == Channel.letter else {}
    return {**values(setting.office, setting.council, spoken, setting.end, row, source, on), **address}


def text_fragments(
    setting: Setting, plan: Plan, proof: Mapping[str, Any], source: str, on: date
) -> int:  # fmt: skip
    """How many fragments a text to a number from that source takes when it leaves on that day."""
    values_then = filled(setting, plan, Channel.sms, proof["language"], source, on)
    return _text(setting, proof["written"], values_then, on).fragments


def _text(setting: Setting, written: str, values_then: Mapping[str, str], on: date) -> SmsCheck:
    return service_name.check(setting.office, fill(written, values_then, "sms"), setting.before_texts, on)


def _unfilled(template: Template, plan: Plan) -> Iterable[str]:
    unknown = missing(template.placeholders, {**FIELDS, **plan.wording, **dict.fromkeys(ADDRESS_LINES, "")})
    if unknown:
        yield (
            f"template {template.name!r} asks for {', '.join(unknown)}. Engage fills {', '.join(FIELDS)}; give the "
            "text of any other in the plan's wording."
        )
    if plan.poll_date is None and not missing(["poll date"], dict.fromkeys(template.placeholders, "")):
        yield f"template {template.name!r} names the day of a poll, but the plan has none."


def _names(setting: Setting, template: Template, plan: Plan) -> Iterable[str]:
    text = "\n".join((template.subject or "", template.body, *plan.wording.values()))
    lists = names.listed(setting.office.settings.home)
    for name, kind in names.found(text, lists.never, setting.authority):
        yield f"it names {name!r} ({kind}). A message names no party, candidate or councillor."
    if setting.before_a_poll:
        for name, _ in names.found(text, lists.before_a_poll, setting.authority):
            yield f"it says {name!r}. Between the notice of election and the poll a message holds plain facts only."


def _sizes(template: Template, sample: Mapping[str, str], texts: Sequence[SmsCheck]) -> Iterable[str]:
    if any(text.empty for text in texts) or not render(template.body, sample, template.channel):
        yield "it is empty."
    if any(text.too_long for text in texts):
        yield "it is longer than 918 characters, which GOV.UK Notify refuses."
    if template.channel == "email" and len(template.body.encode()) > LONGEST_EMAIL_BYTES:
        yield "it is larger than GOV.UK Notify takes."


def _held_to_rules(template: Template, language: Language, sample: Mapping[str, str], plan: Plan) -> list[str]:
    """What the rules find, each with the plan's answer to it, for whoever approves to judge."""
    wording = Wording(template.channel, language, template.subject, template.body)
    found = findings(wording, sample) if template.body.strip() else []
    answer = f"Answered: {plan.wording_answer}" if plan.wording_answer else UNANSWERED
    return [f"{each} {answer}" if each.holds else str(each) for each in found]


def _warnings(setting: Setting, texts: Sequence[SmsCheck]) -> Iterable[str]:
    if texts and setting.text_name is None:
        yield service_name.NOBODY_SAID
    lost = sorted({letter for text in texts for letter in text.lost})
    if lost:
        yield f"Some characters arrive as a question mark: {' '.join(lost)}"
    dear = sorted({letter for text in texts for letter in text.forces_unicode})
    if dear:
        yield f"These letters make the text cost more parts: {' '.join(dear)}"
