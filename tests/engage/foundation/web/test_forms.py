"""A form shows just what was typed: a field that was cleared stays cleared, and a 0 is a figure."""

import re

import pytest

from engage.foundation.web.forms import Form
from engage.foundation.web.templating import environment

PAIRS = [("", "None"), ("0", "Zero"), ("7", "Seven")]
FIELDS = {  # what stands is 7 in each
    "text_field": ("7", {"label": "Share", "value": 7}),
    "area_field": ("7", {"label": "Share", "value": 7}),
    "select_field": ("7", {"label": "Share", "choices": PAIRS, "value": 7}),
    "radios_field": ("7", {"legend": "Share", "choices": PAIRS, "value": 7}),
}


SHOWN = re.compile(
    r'<textarea[^>]*>([^<]*)<|value="([^"]*)"[^>]*(?: checked| selected)|type="text" value="([^"]*)"'
)  # what is typed, chosen or ticked


def field(macro: str, form: Form, given: dict[str, object]) -> str:
    module = environment().get_template("components/forms.html").module
    found = SHOWN.search(str(getattr(module, macro)(form, "share", **given)))
    return "".join(filter(None, found.groups())) if found else ""


@pytest.mark.parametrize("macro", FIELDS)
def test_what_stands_is_shown_until_something_was_typed_and_then_just_that(macro: str) -> None:
    stands, given = FIELDS[macro]
    assert field(macro, Form(), given) == stands
    assert field(macro, Form({"share": ""}), given) == ""
    assert field(macro, Form({"share": "0"}), given) == "0"
    assert field(macro, Form(), given | {"value": 0}) == "0"


def test_spaces_come_back_and_days_are_kept_part_by_part() -> None:
    assert field("area_field", Form({"share": "  two \nlines "}), {"label": "Why"}) == "  two \nlines "
    module = environment().get_template("components/forms.html").module
    typed = Form({"share-day": "", "share-month": "0", "share-year": "2026"})
    page = str(module.date_field(typed, "share", "When", value={"day": 3, "month": 4, "year": 2025}))  # type: ignore[attr-defined]
    assert re.findall(r' value="([^"]*)"', page) == ["", "0", "2026"]


def test_boxes_that_were_all_cleared_stay_cleared() -> None:
    """Nothing of them is sent, so that the form was is what tells."""
    assert Form().ticked("who", [0, 7]) == ["0", "7"]
    assert Form({"_csrf_token": "x"}, sent=True).ticked("who", [0, 7]) == []
    assert Form({"who": "0"}, sent=True).ticked("who", [7]) == ["0"]
