"""Dates and numbers as people read them, in English and Welsh."""

from datetime import date

import pytest

from engage.foundation.words import day, month, softened

MONTHS = [
    ("Ionawr", "Ionawr"), ("Chwefror", "Chwefror"), ("Mawrth", "Fawrth"), ("Ebrill", "Ebrill"), ("Mai", "Fai"),
    ("Mehefin", "Fehefin"), ("Gorffennaf", "Orffennaf"), ("Awst", "Awst"), ("Medi", "Fedi"), ("Hydref", "Hydref"),
    ("Tachwedd", "Dachwedd"), ("Rhagfyr", "Ragfyr"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "names"), list(enumerate(MONTHS, 1)))
def test_months_in_welsh(number: int, names: tuple[str, str]) -> None:
    """After “ym mis” as they are, after “o” softened."""
    at = date(2026, number, 1)
    assert (month(at, "cy"), month(at, "cy", soft=True)) == (f"{names[0]} 2026", f"{names[1]} 2026")
    assert day(at, "cy") == f"1 {names[0]} 2026"


def test_english_stays_as_gov_uk_writes_it() -> None:
    assert day(date(2026, 5, 7)) == "7 May 2026"
    assert month(date(2026, 5, 7), soft=True) == "May 2026"


def test_letters_of_two_signs_are_one_letter() -> None:
    assert [softened(word) for word in ("Llundain", "Caerdydd", "Dinbych", "Ffestiniog", "Abertawe")] == [
        "Lundain", "Gaerdydd", "Ddinbych", "Ffestiniog", "Abertawe",
    ]  # fmt: skip
