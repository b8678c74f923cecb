"""Which columns of a table hold somebody's email address or telephone number, however they are called."""

import re
from collections.abc import Iterable

from segments.files.reading import quoted

OF = r"(?:(?:home|work|main|primary|first|secondary|second|alternative|alternate|alt|other|preferred|contact|personal"
OF += r"|customer|subscriber|recipient|day|daytime|evening|day time|uk|sms) )?"
WHICH = r"(?: ?\d| \w| home| work)?"
EMAIL = re.compile(rf"{OF}e ?mails?(?: ?address(?:es)?| id)?{WHICH}")
NUMBER = "(?: ?(?:phone|telephone|tel|number|numbers|no|num)){0,2}"
PHONE = re.compile(
    rf"contact (?:number|no){WHICH}"
    rf"|{OF}(?:mobile|mob|cell|cellphone|telephone|phone|tel|sms|text){NUMBER}{WHICH}"
)
MOBILE = re.compile(r"mob|cell|sms|text")


def emails(headers: Iterable[str]) -> list[str]:
    return [header for header in headers if EMAIL.fullmatch(words(header))]


def phones(headers: Iterable[str]) -> list[str]:
    """Those that are called after mobiles first, as the others may hold landlines."""
    found = [header for header in headers if PHONE.fullmatch(words(header))]
    return sorted(found, key=lambda header: not MOBILE.search(words(header)))


def cells(columns: list[str]) -> str:
    """SQL of a list of what the columns hold, each in its place."""
    return f"[{', '.join(f'clean({quoted(name)})' for name in columns)}]::varchar[]"


def words(header: str) -> str:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    return " ".join(re.findall(r"[a-z]+|\d+", parted.casefold()))
