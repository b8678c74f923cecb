"""Labels of arms, clusters and blocks as people type them: `Control`, `control ` and `CONTROL` are one."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

WHOLE = re.compile(r"(-?\d+)\.0+")
MARKS = " .,;:'\"`\u2018\u2019\u201c\u201d"  # around a label, by which nobody tells two of them apart


@dataclass(frozen=True)
class Spelling:
    """`label` is taken as `meant`, the spelling of most rows; each with its rows."""

    column: str
    label: str
    rows: int
    meant: str
    meant_rows: int


def plain(label: str) -> str:
    """Without what does not tell labels apart: capitals, blanks, forms of one letter, a number's empty decimals, and
    quotation marks or stops around them."""
    text = " ".join(unicodedata.normalize("NFKC", label).split()).casefold()
    text = text.strip(MARKS) or text
    return found[1] if (found := WHOLE.fullmatch(text)) else text


def spellings(labels: pd.Series, column: str) -> list[Spelling]:
    """Those that differ from the most frequent spelling of the same label; numbers and codes in one dtype never do."""
    counted = labels[labels.notna()].astype(str).str.strip().value_counts()
    same: dict[str, list[str]] = {}
    for label in sorted(counted.index, key=lambda label: (-counted[label], label)):
        same.setdefault(plain(label), []).append(label)
    return [
        Spelling(column, other, int(counted[other]), first, int(counted[first]))
        for first, *others in same.values()
        for other in others
    ]


def together(labels: pd.Series, found: list[Spelling]) -> pd.Series:
    """The labels as text, each in its most frequent spelling; what is missing stays so."""
    text = labels.where(labels.isna(), labels.astype(str).str.strip())
    meant: Mapping[str, str] = {each.label: each.meant for each in found}
    return text.map(lambda label: meant.get(label, label)) if meant else text
