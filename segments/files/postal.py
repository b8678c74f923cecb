"""Words of an address as people write them: gazetteers shout, letters should not."""

import re

SMALL = re.compile(r"and|at|by|cum|de|en|for|in|juxta|la|le|next|of|on|sub|super|the|to|under|upon|via|with|yr?")
KEPT = re.compile(r"HMP|HMYOI|NHS|RAF|YMCA|YWCA|BT|II|III|IV|\d.*")
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
ORDINAL = re.compile(r"\d+(st|nd|rd|th)")

# Short forms people write, and what the gazetteer calls the parts of a building.
ABBREVIATIONS = {
    "APTS": "APARTMENTS", "AVE?": "AVENUE", "BLDGS?": "BUILDINGS", "CL": "CLOSE", "COTT": "COTTAGE",
    "COTTS": "COTTAGES", "CRESC?": "CRESCENT", "CT": "COURT", "DR": "DRIVE", "EST": "ESTATE", "GDNS?": "GARDENS",
    "GRN": "GREEN", "GRV?": "GROVE", "HSE": "HOUSE", "LN": "LANE", "MT": "MOUNT", "PDE": "PARADE", "PK": "PARK",
    "PL": "PLACE", "RD": "ROAD", "SAINT": "ST", "SQ": "SQUARE", "TERR?": "TERRACE", "YD": "YARD",
    "(APARTMENT|APT|FLT|ROOM|UNIT)": "FLAT",
}  # fmt: skip


def titled(text: str) -> str:
    """`BARTON UNDER NEEDWOOD` as `Barton under Needwood`; text that already has small letters stays as it is."""
    if text != text.upper():
        return text
    return WORD.sub(lambda match: _word(match.group(), first=not WORD.search(text[: match.start()])), text)


def _word(word: str, *, first: bool) -> str:
    small = word.lower()
    if ORDINAL.fullmatch(small) or (SMALL.fullmatch(small) and not first):
        return small
    if KEPT.fullmatch(word):
        return word
    head, apostrophe, tail = small.partition("'")
    if apostrophe and len(head) == 1:  # O'Neill, D'Arcy
        return f"{head.upper()}'{tail.capitalize()}"
    if small.startswith("mc") and len(small) > 3:
        return f"Mc{small[2:].capitalize()}"
    return small[0].upper() + small[1:]
