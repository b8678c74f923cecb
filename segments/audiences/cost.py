"""What one reminder to each home of a rule would cost, from the prices in force: from low to high, before VAT."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from engage.foundation.calendar import in_force, law
from engage.foundation.office import Office
from segments.audiences.segments import Count

FRAGMENTS = (1, 3)  # what a reminder by text takes, at least and at most
PENCE = Decimal(100)


@dataclass(frozen=True)
class Cost:
    """Pounds. Low: an email where there is one, else a text, else a letter. High: a letter wherever one can go."""

    low: Decimal
    high: Decimal


def of(office: Office, count: Count, texts: int, day: date, nation: str) -> Cost:
    """`texts` to the homes that have no email: fewer than the homes, where several have one number."""
    price = in_force(law(office.settings.home).price, day, nation)
    fragment, low, high = (Decimal(str(p)) for p in (price.sms_fragment, price.letter_low, price.letter_high))
    charged = max(0, texts * FRAGMENTS[0] - price.free_sms_fragments)
    cheapest = charged * fragment + count.letter_only * low
    dearest = count.text_without_letter * FRAGMENTS[1] * fragment + count.letter * high
    return Cost(
        (cheapest / PENCE).quantize(Decimal(1), ROUND_FLOOR), (dearest / PENCE).quantize(Decimal(1), ROUND_CEILING)
    )  # fmt: skip
