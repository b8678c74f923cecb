"""What every wording is held to, ours and a council's own, with a sentence for each thing that is wrong.

Some rules are law, or keep us from breaking it: they `hold` a campaign back until they are mended or answered. The rest
is advice. Which is which, and by what, docs/officers/wordings.md says.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from campaigns.messages import names, reading_age
from campaigns.notify.text import check_sms, fill, missing
from campaigns.notify.wordings import Wording

LONGEST_SUBJECT = 78  # letters; more is cut off on a phone
LONGEST_LETTER = 300  # words, for one page with an address and a QR code
MOST_PARTS = 3
SHOWN = 60  # letters of the place where something stands
# A council of usual length, and other fields as they come out.
EVERYWHERE = {
    "link": "https://register.example.gov.uk/r/0123456789abcdef01234567",
    "privacy link": "https://register.example.gov.uk/privacy",
}
USUAL = {
    "en": EVERYWHERE | {
        "council": "Exampleton Borough Council", "deadline": "18 September 2027", "poll date": "7 October 2027",
        "contact source": "the council's records",
    },
    "cy": EVERYWHERE | {
        "council": "Cyngor Bwrdeistref Exampleton", "deadline": "18 Medi 2027", "poll date": "7 Hydref 2027",
        "contact source": "gofnodion y cyngor",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """`place` is what stands there, with its line; empty where something is not there at all."""

    rule: str
    sentence: str
    holds: bool
    place: str = ""

    def __str__(self) -> str:
        return f"{self.sentence}{f' It says {self.place}.' if self.place else ''}"


def findings(wording: Wording, values: Mapping[str, str] | None = None) -> list[Finding]:
    """All that is wrong, what must be answered first. `values` fill it; usual ones where none are given."""
    filled = {**USUAL[wording.language], **(values or {})}
    found = [finding for rule in RULES for finding in rule(wording, filled)]
    return sorted(found, key=lambda one: not one.holds)


def named_in(wording: Wording) -> list[Finding]:
    """Parties that the list of names has. A proof looks through the council's own list, too."""
    found = names.found(f"{wording.subject or ''}\n{wording.body}", names.listed().never, "")
    return [
        Finding("party", "A message names no party, candidate or councillor.", True, f"“{name}”") for name, _ in found
    ]


def _sender(wording: Wording, values: Mapping[str, str]) -> Iterator[Finding]:
    """UK GDPR, article 14 (1) (a)."""
    plain = _text(wording, values)
    if not re.search(SENDER[wording.language], plain, re.IGNORECASE) or values["council"].casefold() not in plain:
        yield Finding(
            "sender", "It does not say who sends it: the Electoral Registration Officer, and of which council "
            "((council)).", holds=True,
        )  # fmt: skip


def _provenance(wording: Wording, _values: Mapping[str, str]) -> Iterator[Finding]:
    """UK GDPR, article 14 (2) (f)."""
    if _lacks(wording, "contact source"):
        yield Finding("source", "It does not say where the contact came from: ((contact source)).", holds=True)


def _privacy(wording: Wording, values: Mapping[str, str]) -> Iterator[Finding]:
    """UK GDPR, articles 13 and 14: people are told, or told where they are told."""
    own = re.search(r"(?:https?://|www\.)\S*(?:privacy|preifatrwydd)", _text(wording, values))
    if _lacks(wording, "privacy link") and not own:
        yield Finding("privacy", "It does not lead to the privacy notice: ((privacy link)).", holds=True)


def _way_out(wording: Wording, values: Mapping[str, str]) -> Iterator[Finding]:
    """UK GDPR, article 21 (4): the right to object is brought to attention, clearly and by itself."""
    says = re.search(WAY_OUT[wording.language], _text(wording, values), re.IGNORECASE)
    if not says or (wording.channel == "email" and _lacks(wording, "link")):
        how = "as “Reply STOP to stop”" if wording.channel == "sms" else "with ((link))"
        yield Finding("way out", f"It does not say how to stop reminders, {how}.", holds=True)


def _status(wording: Wording, _values: Mapping[str, str]) -> Iterator[Finding]:
    """Whoever opens it may be somebody else: nothing in it tells who is registered and who is not."""
    for place in _places(wording, STATUS):
        yield Finding("registration", "It tells, or hints, who is registered. Ask people to check.", True, place)


def _persons(wording: Wording, _values: Mapping[str, str]) -> Iterator[Finding]:
    for field in wording.fields:
        if re.search(PERSONAL, field, re.IGNORECASE):
            yield Finding("person", "It would name a person, or what is known of one.", True, f"(({field}))")


def _colour(wording: Wording, _values: Mapping[str, str]) -> Iterator[Finding]:
    """Local Government Act 1986, section 2."""
    for place in _places(wording, PARTY_SIGNS):
        yield Finding("party", "A coloured sign or flower can stand for a party. Leave it out.", True, place)


def _inducement(wording: Wording, _values: Mapping[str, str]) -> Iterator[Finding]:
    for place in _places(wording, REWARD):
        yield Finding("neutral", "It promises something for registering. Say facts alone.", False, place)
    for place in _places(wording, THREAT):
        yield Finding(
            "penalty", "It speaks of a penalty. There is one only after a formal requirement to register.", False, place
        )


def _one_action(wording: Wording, _values: Mapping[str, str]) -> Iterator[Finding]:
    addresses = {each.rstrip(".,)").casefold() for each in re.findall(r"(?:https?://|www\.)\S+", wording.body)}
    others = sorted(each for each in addresses if "register-to-vote" not in each and "privacy" not in each)
    if others:
        yield Finding("one action", "It sends people to more places than one. ((link)) is enough.", False, others[0])


def _length(wording: Wording, values: Mapping[str, str]) -> Iterator[Finding]:
    filled = fill(wording.body, values, wording.channel)
    if wording.subject is not None and len(fill(wording.subject, values, "subject")) > LONGEST_SUBJECT:
        yield Finding(
            "length", f"The subject is longer than {LONGEST_SUBJECT} letters.", False, _short(wording.subject)
        )
    if wording.channel == "sms" and (parts := check_sms(filled).fragments) > MOST_PARTS:
        yield Finding("length", f"It takes {parts} parts, each of which is paid for. {MOST_PARTS} are enough.", False)
    if wording.channel == "letter" and reading_age.words_of(filled) > LONGEST_LETTER:
        yield Finding("length", f"It has more than {LONGEST_LETTER} words, so it may need a second sheet.", False)


def _reading(wording: Wording, values: Mapping[str, str]) -> Iterator[Finding]:
    found = reading_age.of(fill(f"{wording.subject or ''}\n{wording.body}", values, "email"))
    if found is None:
        return
    if reading_age.words_of(found.longest) > reading_age.LONGEST_SENTENCE:
        sentence = f"A sentence has more than {reading_age.LONGEST_SENTENCE} words."
        yield Finding("reading", sentence, False, _short(found.longest))
    if wording.language == "en" and found.age > reading_age.OLDEST:
        yield Finding("reading", f"Its reading age is {found.age:.1f}; {reading_age.OLDEST} is the most.", False)
    if wording.language == "cy" and found.lix > reading_age.HARDEST_LIX:
        yield Finding(
            "reading", f"Its LIX is {found.lix:.0f}, hard to read; {reading_age.HARDEST_LIX} is the most.", False
        )


RULES: tuple[Callable[[Wording, Mapping[str, str]], Iterator[Finding]], ...] = (
    _sender, _provenance, _privacy, _way_out, _status, _persons, _colour, _inducement, _one_action, _length, _reading,
)  # fmt: skip

SENDER = {
    "en": r"\belectoral registration officer\b|\bERO\b",
    "cy": r"\b[sh]?wyddog cofrestru etholiadol\b|\belectoral registration officer\b",
}
WAY_OUT = {
    "en": r"\bstop\b|\bunsubscribe\b|\bopt out\b|\bobject\b",
    "cy": r"\batal\b|\brhoi[’']?r gorau\b|\bstop\b|\bwrthwynebu\b",
}
# What is asked as a question, or said of everybody (“if you are not registered”), is no hint.
STATUS = re.compile(
    r"(?<!if )(?<!whether )\b(?:you|somebody|someone|nobody|no one|people)(?: (?:at|in|who)[^.?!\n]{0,60}?)?"
    r"(?: are|’re|'re| is|’s|'s| may| might| have| has)+ not (?:yet |be |been )*"
    r"(?:registered|on the (?:electoral )?register)"
    r"|\b(?:you|somebody|someone) (?:at [^.?!\n]{0,60} )?(?:aren|isn|haven|hasn)[’']t (?:yet |been )?"
    r"(?:registered|on the)"
    r"|\bmissing from the (?:electoral )?register|\b(?:our|council) records (?:show|say)|\byou are already registered"
    r"|(?<!os )\bnid (?:ydych|oes neb|yw pawb)[^.?!\n]{0,60} (?:wedi cofrestru|ar y gofrestr)"
    r"|\bar goll o[’']?r gofrestr|\bmae ein cofnodion yn dangos",
    re.IGNORECASE,
)
PERSONAL = (
    r"^(?:first|last|full|sur|elector)?[ _-]?name$|birth|\bdob\b|nationality|elector (?:number|no)|^age$|^enw$|geni"
)
PARTY_SIGNS = re.compile("[🔴🔵🟢🟡🟠🟣🟥🟦🟩🟨🟧🟪❤💙💚💛🧡💜🌹🌳🌼🌻🌾🔶🔷🎗]")
REWARD = re.compile(
    r"\b(?:prize|voucher|reward|win\b|gift|discount|free entry|cash|gwobr|taleb|ennill|anrheg|gostyngiad)\w*",
    re.IGNORECASE,
)
THREAT = re.compile(
    r"£ ?\d[\d,]*|\b(?:fined?|fines|penalty|prosecut\w+|against the law|criminal)\b"
    r"|\b(?:dirwy|cosb|erlyn\w*|yn erbyn y gyfraith)\b",
    re.IGNORECASE,
)


def _text(wording: Wording, values: Mapping[str, str]) -> str:
    return fill(f"{wording.subject or ''}\n{wording.body}", values, "email").casefold()


def _lacks(wording: Wording, field: str) -> bool:
    return bool(missing([field], dict.fromkeys(wording.fields, "")))


def _places(wording: Wording, pattern: re.Pattern[str]) -> Iterator[str]:
    """What was found, with its line, as an officer finds it in their template."""
    for part, text in (("the subject", wording.subject or ""), ("", wording.body)):
        for number, line in enumerate(text.splitlines(), 1):
            for found in pattern.finditer(line):
                yield f"{_short(found[0])} in {part or f'line {number}'}"


def _short(words: str) -> str:
    return f"“{words if len(words) <= SHOWN else words[: SHOWN - 1] + '…'}”"
