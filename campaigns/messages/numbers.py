"""Numbers of an audience for which GOV.UK Notify charges a text more than once: those of a crown dependency, which it
takes for mobiles of the United Kingdom otherwise."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from campaigns.notify.errors import RecipientInvalid
from campaigns.notify.recipients import read_phone
from campaigns.plan.audience import connect
from campaigns.plan.exclusions import Uprns
from engage.foundation.office import Office

AT_ONCE = 10_000
_ENDING = 5  # digits after those by which a mobile's country is told


def dear(office: Office, audience: Path) -> Uprns:
    """UPRNs of the homes with such a number."""
    found: list[int] = []
    with connect() as lake:
        numbers = lake.execute(
            "SELECT uprn, sms_value FROM read_parquet(?) WHERE sms_value IS NOT NULL", [str(audience)]
        )
        while batch := numbers.fetchmany(AT_ONCE):
            found += [uprn for uprn, value in batch if times(office.keys.decrypt(value)) > 1]
    return np.array(sorted(found), dtype=np.int64)


def times(number: str) -> int:
    """How often a part of a text to this number is charged."""
    return _times(number[:-_ENDING])


@lru_cache(maxsize=1 << 14)
def _times(beginning: str) -> int:
    """Asked once for each beginning, as reading a number takes ten times as long as decrypting it."""
    try:
        return read_phone(beginning + "0" * _ENDING).rate_multiplier or 1
    except RecipientInvalid:
        return 1
