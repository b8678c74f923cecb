"""What texts mean, against `texts.txt`, each of which has its right class: no STOP is missed, hardly anybody is silenced
who did not ask for it."""

from collections import Counter
from pathlib import Path

import pytest

from campaigns.replies.meaning import Meaning, asks_only_for_help, meaning

WRONGLY_SILENCED = 0.02  # at most, of those who did not ask to stop


def corpus() -> list[tuple[Meaning, str]]:
    lines = Path(__file__).with_name("texts.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.split(" | ", 1) for line in lines if not line.startswith("#")]
    return [(Meaning[name], text.replace("\\n", "\n")) for name, text in parts]


TEXTS = corpus()


def test_the_corpus_is_large_and_has_every_class_in_both_languages() -> None:
    assert len(TEXTS) >= 300
    assert len({text for _, text in TEXTS}) == len(TEXTS)
    assert min(Counter(right for right, _ in TEXTS).values()) >= 35
    assert set(Counter(right for right, _ in TEXTS)) == set(Meaning)
    welsh = [
        right for right, text in TEXTS if any(word in text.casefold() for word in (" i ", "dwi", "peid", "wedi", "os "))
    ]
    assert len(welsh) > 40


@pytest.mark.parametrize("right", list(Meaning))
def test_texts_are_read_rightly(right: Meaning) -> None:
    wrong = {text: meaning(text).value for known, text in TEXTS if known == right and meaning(text) != right}
    assert len(wrong) <= (0 if right == Meaning.stop else 2), wrong


def test_hardly_anybody_is_silenced_who_did_not_ask() -> None:
    others = [text for right, text in TEXTS if right != Meaning.stop]
    silenced = [text for text in others if meaning(text) == Meaning.stop]
    assert len(silenced) <= WRONGLY_SILENCED * len(others), silenced


@pytest.mark.parametrize(
    "around", ["{}", "Hi, {}", "{} thanks", "{}\n\nSent from my phone", "  {}!!  ", "Please {}", "OK {}"]
)
@pytest.mark.parametrize("word", ["STOP", "stop", "Stop.", "stopio", "STOPIWCH", "atal", "Unsubscribe", "remove me"])
def test_stop_in_any_company(around: str, word: str) -> None:
    assert meaning(around.format(word)) == Meaning.stop


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "...", "😀", "\u200b", "1", "x" * 5000, "stop " * 1000, "(" * 3000, "a, " * 2000]
)
def test_any_text_is_read(text: str) -> None:
    assert meaning(text) == (Meaning.stop if "stop" in text else Meaning.other)


@pytest.mark.parametrize(
    ("text", "only"),
    [("HELP", True), ("Help please", True), ("cymorth", True), ("Help me with my form", False), ("", False)],
)
def test_help_alone(text: str, *, only: bool) -> None:
    assert asks_only_for_help(text) is only
