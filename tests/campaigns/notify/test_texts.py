"""Texts as GOV.UK Notify sends and bills them since September 2026: its published algorithm, by hand.

160 characters of GSM are one part, then 153 to a part; with any other character 70, then 67. An emoji is two characters
or more, the signs that GSM has by an escape are two, and an ellipsis is one though three dots are sent.
"""

from datetime import date

import pytest

from campaigns.notify.text import check_sms, render, sanitise_sms, units
from engage.foundation.calendar import in_force, law

NAME = "Exampleton elections"  # with its colon and space 22 characters
ENGLISH = "Please check who is registered to vote at your address: https://example.com/r/abcdefghijklmnopqrstuvwx"
WELSH = "Gwiriwch pwy sydd wedi cofrestru i bleidleisio yn eich cyfeiriad: https://example.com/r/abcdefghijklmnopqr"
CIRCUMFLEX = "Gŵyr pawb: gwiriwch pwy sydd wedi cofrestru yn eich tŷ: https://example.com/r/abcd"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"  # four people held together by three joiners: 11

TEXTS: list[tuple[str, str, int]] = [
    # GSM: 160, then 153 to a part
    ("", "a", 1), ("", "a" * 160, 1), ("", "a" * 161, 2), ("", "a" * 306, 2), ("", "a" * 307, 3), ("", "a" * 459, 3),
    ("", "a" * 460, 4), ("", "a" * 612, 4), ("", "a" * 918, 6),
    # the letters with accents that GSM has
    ("", "é" * 160, 1), ("", "à" * 160, 1), ("", "ö" * 161, 2), ("", "ñ" * 160, 1), ("", "Ç" * 160, 1), ("", "Ω" * 160, 1),
    # signs that take two
    ("", "€" * 80, 1), ("", "€" * 81, 2), ("", "[" * 40 + "]" * 40, 1), ("", "{" * 80, 1), ("", "~" * 81, 2),
    ("", "a" * 158 + "€", 1), ("", "a" * 159 + "€", 2), ("", "a" * 304 + "€", 2), ("", "a" * 305 + "€", 3),
    # look-alikes are replaced, so they stay within GSM
    ("", "‘" * 160, 1), ("", "“" * 160, 1), ("", "–" * 160, 1), ("", "—" * 161, 2), ("", "−" * 160, 1), ("", "‑" * 160, 1),
    # an ellipsis counts as one
    ("", "…" * 160, 1), ("", "…" * 161, 2), ("", "Wait … " + "a" * 153, 1),
    # anything else makes all of it UCS-2: 70, then 67 to a part
    ("", "ŵ" * 70, 1), ("", "ŵ" * 71, 2), ("", "ŷ" + "a" * 69, 1), ("", "ŷ" + "a" * 70, 2), ("", "ŷ" + "a" * 133, 2),
    ("", "ŷ" + "a" * 134, 3), ("", "á" * 70, 1), ("", "ç" * 71, 2), ("", "ł" * 71, 2), ("", "Ш" * 70, 1), ("", "漢" * 71, 2),
    ("", "`" + "a" * 70, 2), ("", "½" + "a" * 69, 1), ("", "°" + "a" * 70, 2),
    # an emoji takes two, and one of several people eleven
    ("", "\U0001f600" * 35, 1), ("", "\U0001f600" * 36, 2), ("", FAMILY * 6, 1), ("", FAMILY * 6 + "a" * 5, 2),
    # the name of the service is counted
    (NAME, "a" * 138, 1), (NAME, "a" * 139, 2), (NAME, ENGLISH, 1), ("Cyngor Tŷ", "a" * 59, 1), ("Cyngor Tŷ", "a" * 60, 2),
    # as they are written, in English and Welsh
    ("", ENGLISH, 1), ("", WELSH, 1), ("Etholiadau Sir Enghraifft", WELSH, 1), ("", CIRCUMFLEX, 2),
    ("Etholiadau", CIRCUMFLEX, 2), ("", CIRCUMFLEX + " " + CIRCUMFLEX, 3), ("", ENGLISH * 2, 2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "parts"), [pytest.param(*each, id=str(n)) for n, each in enumerate(TEXTS)])
def test_parts_as_they_are_billed(name: str, text: str, parts: int) -> None:
    assert check_sms(text, name).fragments == parts


def test_there_are_enough_of_them() -> None:
    assert len(TEXTS) >= 60


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Łódź 😀 漢字 Олена", "Łódź 😀 漢字 Олена"),
        ("‘a’ ‚b‛ “c” „d‟ e–f—g−h‑i", "'a' 'b‛ \"c\" \"d‟ e-f-g-h-i"),
        ("wait … and , see .", "wait ... and, see."),
        ("a\u200bb\u200cc\u2060d\ufeffe", "abcde"),
        (f"x {FAMILY}", f"x {FAMILY}"),
        ("a\u00a0\u202f\u2009b\t c", "a b c"),
        ("a\r\n\r\n\r\nb  \n c", "a\n\nb\nc"),
        ("½ ° ² `x`", "½ ° ² `x`"),
    ],
)
def test_each_class_of_characters(written: str, sent: str) -> None:
    assert sanitise_sms(written) == sent


def test_the_rule_is_dated() -> None:
    rows = law().text_message
    assert [in_force(rows, day).any_character for day in (date(2026, 8, 31), date(2026, 9, 1))] == [False, True]
    assert sanitise_sms("Łódź 😀", any_character=False) == "Lódz ?"


def test_the_limit_is_judged_without_the_name() -> None:
    longest = "a" * 918
    assert not check_sms(longest, NAME).too_long
    assert check_sms(longest + "a", NAME).too_long
    assert check_sms("…" * 918).length == 918
    assert units(FAMILY) == 11


def test_a_subject_is_one_line_set_as_in_print() -> None:
    values = {"polls": ["local ", None, "mayoral"], "name": "Ada"}
    written = 'Vote in the\n((polls)) polls - "soon" , ((name))\'s'
    assert render(written, values, "subject") == "Vote in the local and mayoral polls – “soon”, Ada’s"
