"""What a wording is held to: ours pass, and each thing that is wrong is found with its sentence and place."""

import pytest

from campaigns.messages import reading_age
from campaigns.messages.wording import FIELDS
from campaigns.messages.wording_rules import findings
from campaigns.notify.text import missing
from campaigns.notify.wordings import PURPOSES, Wording, read, wordings
from engage.foundation.errors import InputRefused

OURS = {each.name: each for each in wordings()}
WHOLE = (
    "Electoral Registration Officer, ((council)): please check who can vote by ((deadline)): ((link)) We have this from "
    "((contact source)). Privacy: ((privacy link)) Reply STOP to stop."
)  # fmt: skip


def rules(words: str, channel: str = "sms", language: str = "en", subject: str | None = None) -> list[str]:
    made = Wording(channel, language, subject, words)  # type: ignore[arg-type]  # as the tests write them
    return [finding.rule for finding in findings(made)]


def test_ours_pass_and_ask_for_nothing_that_engage_cannot_fill() -> None:
    assert [f"{name}: {found}" for name, wording in OURS.items() for found in findings(wording)] == []
    assert [name for name, wording in OURS.items() if missing(wording.fields, FIELDS)] == []


def test_there_is_one_of_each_in_both_languages() -> None:
    by_language = {
        language: {name.removesuffix(language) for name in OURS if name.endswith(language)} for language in ("en", "cy")
    }
    assert by_language["en"] == by_language["cy"]
    assert {each.purpose for each in OURS.values()} == set(PURPOSES)
    letters = [each for each in OURS.values() if each.channel == "letter"]
    assert len(letters) == 8
    assert all("\nqr: ((link))\n" in each.body and "www.gov.uk/register-to-vote" in each.body for each in letters)
    for name, each in OURS.items():
        assert read(f"{name}.txt", each.text) == each, "a file is what it was read from"
        fields = set(OURS[f"{name.removesuffix('cy')}en"].fields) if name.endswith("cy") else set(each.fields)
        assert set(each.fields) == fields, "both languages say as much"


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("Electoral Registration Officer, ", "", "sender"),
        ("((council))", "the council", "sender"),
        ("((contact source))", "a friend", "source"),
        ("((privacy link))", "as usual", "privacy"),
        ("Reply STOP to stop.", "", "way out"),
        ("please check", "you are not registered, so check", "registration"),
        ("please check", "somebody at your address may not be registered, so check", "registration"),
        ("please check", "you haven’t been registered; check", "registration"),
        ("please check", "our records show a gap: check", "registration"),
        ("please check", "dear ((first name)), please check", "person"),
        ("please check", "🌹 please check", "party"),
        ("please check", "win a prize: check", "neutral"),
        ("please check", "you may be fined £80: check", "penalty"),
        ("((link))", "((link)) or www.example.com/vote", "one action"),
        ("please check", "please check " * 40, "length"),
        (
            "please check",
            "notwithstanding administrative considerations, immediate verification of eligibility",
            "reading",
        ),
    ],
)
def test_what_is_wrong_is_found_by_its_rule(old: str, new: str, rule: str) -> None:
    assert old in WHOLE
    assert rule in rules(WHOLE.replace(old, new))
    assert rules(WHOLE) == []


@pytest.mark.parametrize(
    "harmless",
    ["If you are not registered, check", "Check whether you are not registered twice", "Os nad ydych wedi cofrestru"],
)
def test_a_question_tells_nobody_who_is_registered(harmless: str) -> None:
    assert "registration" not in rules(WHOLE.replace("please check", harmless))


def test_welsh_is_held_to_its_own_words() -> None:
    welsh = OURS["reminder.text.cy"].body
    assert rules(welsh, language="cy") == []
    for old, new, rule in (
        ("Swyddog Cofrestru Etholiadol", "Swyddog", "sender"), ("Atebwch STOP i atal.", "", "way out"),
        ("gwiriwch", "nid ydych wedi cofrestru; gwiriwch", "registration"),
        ("gwiriwch", "mae rhywun ar goll o'r gofrestr; gwiriwch", "registration"),
    ):  # fmt: skip
        assert rule in rules(welsh.replace(old, new), language="cy"), new


def test_the_law_comes_first_and_says_where() -> None:
    found = findings(Wording("email", "en", "You are not registered to vote", f"{WHOLE}\nWin a prize"))
    assert [(each.rule, each.holds) for each in found] == [
        ("registration", True),
        ("neutral", False),
        ("neutral", False),
    ]
    assert found[0].place == "“You are not registered” in the subject"
    assert found[1].place == "“Win” in line 2"
    assert str(found[0]).startswith("It tells, or hints, who is registered. Ask people to check. It says")


def test_how_hard_a_text_is() -> None:
    easy, hard = reading_age.of("The cat sat on the mat. It was glad."), reading_age.of(
        "Notwithstanding considerations of administrative proportionality, verification remains obligatory."
    )  # fmt: skip
    assert easy
    assert hard
    assert (easy.age < 6, hard.age > 18, easy.lix < 10, hard.lix > 50) == (True,) * 4
    assert reading_age.of("The Electoral Registration Officer writes.") == reading_age.of("The officer writes.")
    assert reading_age.of("https://example.com") is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("notes.txt", "x", "expected a name such as reminder.email.en.txt"),
        ("reminder.fax.en.txt", "x", "expected a name such as reminder.email.en.txt"),
        ("own.email.en.txt", "Dear all", "line 1: 'Dear all': expected the subject"),
    ],
)
def test_a_file_that_is_no_wording_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(InputRefused, match=said):
        read(name, text)
