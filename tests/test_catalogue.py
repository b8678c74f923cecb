"""Every sentence for residents and anybody is there in Welsh, with the same fields: what is missing fails the build."""

import re
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Catalog

from docs import catalogue
from engage.foundation.identity import Role
from engage.foundation.languages import spoken
from tests.website import Enter, Visitor

PUBLIC = (
    "/accessibility",
    "/privacy",
    "/retention",
    "/cookies",
    "/contact",
    "/sign-in",
    "/r/guessed",
    "/here/guessed",
    "/nowhere",
    "/welcome/guessed",
)
# The same in both languages: names of laws' numbers, of things, and what a council wrote itself.
SHARED = {"Engage", "English", "Cymraeg", "East Staffordshire", "GOV.UK", "engage", "engage_form", "engage_browser"}


class TestCatalogue:
    def test_nothing_is_missing_fuzzy_or_filled_with_other_fields(self) -> None:
        assert list(catalogue.faults(catalogue.said(), catalogue.kept())) == []

    def test_it_is_as_the_script_writes_it(self) -> None:
        assert catalogue.CATALOGUE.read_bytes() == catalogue.renewed(), "Run: make docs"

    def test_what_is_wrong_with_one_is_said(self) -> None:
        wanted, have = Catalog(locale="cy"), Catalog(locale="cy")
        for message in ("gone", "none", "doubtful", "By {day}", "<b>Now</b>"):
            wanted.add(message, locations=[("page.html", 1)])
        for message, words, flags in (
            ("none", "", ()), ("doubtful", "amheus", ("fuzzy",)), ("By {day}", "Erbyn", ()), ("<b>Now</b>", "Nawr", ()),
            ("old", "hen", ()),
        ):  # fmt: skip
            have.add(message, words, flags=flags)
        assert list(catalogue.faults(wanted, have)) == [
            "page.html: not in the catalogue: 'gone'",
            "page.html: not translated: 'none'",
            "page.html: marked fuzzy: 'doubtful'",
            "page.html: its fields are not ['day']: 'By {day}'",
            "page.html: its tags are others: '<b>Now</b>'",
            "nobody says this any more: 'old'",
        ]


class Words(HTMLParser):
    """What a page says, and in which language, piece by piece."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: set[str] = set()
        self._open: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        aside = tag in ("script", "style") or (tag != "html" and "lang" in told)
        self.said |= {told[name] or "" for name in ("aria-label", "placeholder", "alt") if told.get(name)}
        if tag not in ("input", "meta", "link", "br", "img", "hr", "path"):
            self._open.append((tag, aside))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(aside for _, aside in self._open) and re.search(r"[A-Za-z]{2}", data):
            self.said.add(" ".join(data.split()))


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_in_welsh_says_nothing_in_english(visitor: Visitor, path: str) -> None:
    english, welsh = visitor.get(path), visitor.get(f"{path}?lang=cy")
    assert (english.status_code, '<html lang="en"' in english.text) == (welsh.status_code, True)
    assert '<html lang="cy"' in welsh.text
    assert Words(welsh.text).said & Words(english.text).said <= SHARED
    assert f'href="{path}?lang=en"' in welsh.text, "the way back"
    assert not re.search(r'href="/(?!assets)[^"?]*"(?! lang)', welsh.text.split("<main")[1]), "links go on in Welsh"


def test_the_language_is_asked_for_and_everything_else_stays() -> None:
    spoken.begin(b"lang=cy&x=1")
    assert (spoken.language(), spoken.asked()) == ("cy", "cy")
    assert spoken.address_in("/data?page=2&lang=cy&q=a+b", "en") == "/data?page=2&q=a+b&lang=en"
    assert spoken.onward("/privacy?council=W06000015") == "/privacy?council=W06000015&lang=cy"
    spoken.begin(b"lang=fr")
    assert (spoken.language(), spoken.asked(), spoken.onward("/privacy")) == ("en", None, "/privacy")


def test_terms_are_said_alike_everywhere() -> None:
    """As the list for translators has them: in each sentence that has the English one, some form of the Welsh one."""
    lines = (catalogue.ROOT / "docs/welsh.md").read_text("utf-8").partition("## Terms")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][2:]
    assert len(rows) > 20
    otherwise = []
    for english, welsh, others in rows:
        forms = [form.casefold() for form in (welsh, *others.split(", ")) if form]
        for message in catalogue.kept():
            ours = message.id[0] if isinstance(message.id, tuple) else message.id
            ours = catalogue.NAMED.sub("", catalogue.TAGS.sub("", ours))
            theirs = message.string[-1] if isinstance(message.string, tuple) else message.string
            if re.search(rf"\b{english}s?\b", ours, re.IGNORECASE) and not any(f in theirs.casefold() for f in forms):
                otherwise.append(f"{english}: {ours} => {theirs}")
    assert otherwise == []


def test_who_signs_in_in_welsh_stays_in_it(enter: Enter, visitor: Visitor) -> None:
    """What is wrong with the form is said in it; the frame of every page after is in it, and nothing pretends to be."""
    refused = visitor.send("/sign-in?lang=cy", {"email": "", "password": ""})
    assert "Mae problem wedi codi" in refused.text
    assert refused.text.count("Rhowch eich cyfeiriad e-bost") == 2
    assert "<title>Gwall: Mewngofnodi" in refused.text
    officer = enter(Role.officer)
    welsh = officer.get("/campaigns?lang=cy").text
    for page in (welsh, officer.get("/segments").text):
        assert "Ymgyrchoedd" in page
        assert "Allgofnodi" in page
        assert '<main class="govuk-main-wrapper" id="main-content" lang="en">' in page
    assert "Cymraeg" in officer.get("/segments?lang=en").text
    assert '<html lang="en"' in officer.get("/campaigns").text
