"""Addresses of an audience that GOV.UK Notify would not print, found before anybody is promised a letter."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaigns.notify.address import postcode, read_address
from campaigns.plan.audience import connect

# Few addresses have anything of this; those that do are judged one by one.
_ODD = r"(?im)^\s*[@()=\[\]\"\\/,<>~]|^\s*$|^\s*nfa\s*,*\s*$|no\s+fixed\s+(abode|address)|bfpo"
_SOUND = """
    len(address_lines) BETWEEN 3 AND 7 AND address_lines[-1] IN (SELECT code FROM codes)
    AND regexp_matches(address_lines[1], '[\\p{L}\\p{N}]') AND regexp_matches(address_lines[2], '[\\p{L}\\p{N}]')
    AND NOT regexp_matches(array_to_string(address_lines, chr(10)), ?)
"""


@dataclass(frozen=True)
class Refused:
    """Homes whose address is refused, and how many for each of Notify's reasons."""

    uprns: npt.NDArray[np.int64]
    reasons: dict[str, int]


def refused(audience: Path) -> Refused:
    with connect() as lake:
        last = "SELECT DISTINCT address_lines[-1] FROM read_parquet(?) WHERE letter AND address_lines[-1] IS NOT NULL"
        codes = [code for (code,) in lake.execute(last, [str(audience)]).fetchall() if postcode(code)]
        lake.register("codes", pa.table({"code": pa.array(codes, pa.string())}))
        doubtful = lake.execute(
            f"SELECT uprn, address_lines FROM read_parquet(?) WHERE letter AND NOT coalesce({_SOUND}, false)",
            [str(audience), _ODD],
        ).fetchall()
    faults = {uprn: read_address(lines or ()).fault for uprn, lines in doubtful}
    wrong = {uprn: fault for uprn, fault in faults.items() if fault}
    return Refused(np.array(sorted(wrong), dtype=np.int64), dict(Counter(wrong.values())))
