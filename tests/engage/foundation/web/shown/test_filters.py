"""Filters start with nothing, keep known words alone, and each is taken away by itself."""

from engage.foundation.web.shown.filters import Filter, Filters

FIELDS = (Filter("state", "State", {"open": "To do"}), Filter("kind", "Kind", {"text": "Texts & more"}))


def test_a_filter_is_applied_shown_and_taken_away() -> None:
    assert (Filters.read("/x", {}, *FIELDS).tags, Filters.read("/x", {"state": "odd"}, *FIELDS).chosen) == ([], {})
    both = Filters.read("/x", {"state": "open", "kind": "text", "page": "3", "other": "y"}, *FIELDS)
    assert [(tag.words, tag.href) for tag in both.tags] == [
        ("State: To do", "/x?kind=text"), ("Kind: Texts & more", "/x?state=open"),
    ]  # fmt: skip
    assert (both["state"], both["none"], f"{both.pages}2") == ("open", "", "/x?state=open&kind=text&page=2")
    assert Filters.read("/x", {"kind": "text"}, *FIELDS).tags[0].href == "/x"
