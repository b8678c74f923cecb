"""A name as systems write it, taken apart; and what else it may stand for."""

import polars as pl
import pytest

from segments.names import keys, variants, written


@pytest.mark.parametrize(
    ("text", "title", "given", "family"),
    [
        ("SMITH, MR J", "mr", ("j",), ("smith",)),
        ("O'NEILL, MRS MARY-JANE K", "mrs", ("mary-jane", "k"), ("oneill",)),
        ("EXECUTORS OF MRS ADA SAMPLE", "mrs", ("ada",), ("sample",)),
        ("van der Berg, Łucja", "", ("lucja",), ("van", "der", "berg")),
        ("Mr Đorđe Ødegård", "mr", ("dorde",), ("odegard",)),
    ],
)
def test_a_name_is_taken_apart(text: str, title: str, given: tuple[str, ...], family: tuple[str, ...]) -> None:
    name = written.surname_first(text)
    assert (name.title, name.given, name.family) == (title, given, family)
    assert name.dead == text.startswith("EXEC")


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Marcia & Kwame S Okafor", [(("marcia",), ("okafor",)), (("kwame", "s"), ("okafor",))]),
        ("Mr Ada Fox and Mrs Beth Rowe", [(("ada",), ("fox",)), (("beth",), ("rowe",))]),
        ("Mr & Mrs J Sample", [((), ("sample",)), (("j",), ("sample",))]),
        ("Ms Anna de Souza", [(("anna",), ("de", "souza"))]),
    ],
)
def test_two_people_may_share_a_cell(cell: str, names: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    assert [(name.given, name.family) for name in written.spoken(cell)] == names


@pytest.mark.parametrize(("text", "company"), [("SAMPLE LETTINGS LTD", True), ("EXECUTORS OF MR A HOMES", False)])
def test_a_company_is_no_person(text: str, company: bool) -> None:
    assert written.is_company(text) is company


def test_short_forms_of_many_tongues_and_slips_of_the_hand() -> None:
    for short, long in (("meg", "margaret"), ("dai", "david"), ("kasia", "katarzyna"), ("mohd", "muhammad")):
        assert long in variants.forms(short)
    found = variants.slips(["okaafor", "slt", "smiht"], ["okafor", "salt", "smith", "okoro"])
    assert set(found.iter_rows()) == {("okaafor", "okafor"), ("smiht", "smith")}


def test_a_hash_says_nothing_of_another_home_or_by_another_key() -> None:
    rows = pl.DataFrame({
        "given": ["Ada Mary", "Ada Mary", ""], "family": ["Lloyd-Pryce", "Lloyd-Pryce", "SAMPLE, Beth"],
        "uprn": [1, 2, None], "address": ["1 Oak Road", "2 Oak Road", "3 Oak Road"], "postcode": ["ZZ1 1AA"] * 3,
    })  # fmt: skip
    here, there, alone = keys.of_electors(rows, "a key").to_list()
    other_key = keys.of_electors(rows, "another").to_list()[0]
    assert not {*here} & {*there}
    assert not {*here} & {*other_key}
    assert len(here) == 6 + 6 + 1 + 1  # whole name and each half, both initials, sound, given name
    assert len(alone) == 4
