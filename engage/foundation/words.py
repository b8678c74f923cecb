"""How figures and dates are written for people, in English and Welsh."""

from datetime import date, datetime, timedelta

from babel.dates import format_date

from engage.foundation.clock import london

# What a Welsh month begins with after a word that softens it, as “o” (of, from) and “i” (to) do. Others stay.
SOFTENED = {"M": "F", "G": "", "T": "D", "Rh": "R", "B": "F", "C": "G", "P": "B", "D": "Dd", "Ll": "L"}
FIRM = ("Ch", "Dd", "Ff", "Ng", "Ph", "Th")  # letters of their own, which nothing softens
LOCALES = {"en": "en_GB", "cy": "cy"}
NOON = 12


def number(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.0f}"


def percent(share: float | None, places: int = 0) -> str:
    """A share of 0 to 1 as `83%`, the way GOV.UK writes it."""
    return "not known" if share is None else f"{100 * share:.{places}f}%"


def day(value: date | datetime | str | None, language: str = "en") -> str:
    if value is None:
        return "not set" if language == "en" else "heb ei osod"
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    local = london(value) if isinstance(value, datetime) else value
    return format_date(local, "d MMMM y", locale=LOCALES[language])


def month(value: date, language: str = "en", *, soft: bool = False) -> str:
    """`May 2026`. In Welsh “ym mis Mai 2026” keeps its first letter, and “o Fai 2026” is softened (`soft`)."""
    name = format_date(value, "MMMM y", locale=LOCALES[language])
    return softened(name) if soft and language == "cy" else name


def softened(name: str) -> str:
    """Treiglad meddal of a Welsh word."""
    first = next((first for first in (*FIRM, *SOFTENED) if name.startswith(first)), "")
    rest = SOFTENED.get(first, first) + name[len(first) :]
    return rest[:1].upper() + rest[1:]


def last_day(deadline: datetime, language: str = "en") -> str:
    """The day people are told: the one before the moment after which it is too late."""
    return day(deadline - timedelta(seconds=1), language)


def moment(value: datetime | None) -> str:
    """`3 March 2026 at 9:02am`, in London."""
    if value is None:
        return "never"
    local = london(value)
    hour = (local.hour - 1) % NOON + 1
    return f"{day(value)} at {hour}:{local.minute:02d}{'am' if local.hour < NOON else 'pm'}"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """`1 home`, `1,204 homes`."""
    return f"{number(count)} {singular if count == 1 else several or singular + 's'}"


def sentence(words: str) -> str:
    """An identifier as words a person reads: `private_rented_share` becomes `Private rented share`."""
    plain = str(words).replace("_", " ").replace("-", " ")
    return plain[:1].upper() + plain[1:]
