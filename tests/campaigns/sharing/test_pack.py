"""A share pack: what is in it, that its codes can be read from the pictures, its PDFs' tags and language, odd names."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
import segno

from campaigns.messages import wording_rules
from campaigns.notify.wordings import Wording
from campaigns.sharing import pack, sheets, wording
from campaigns.sharing.posters import Place
from campaigns.sharing.sheets import SHEETS
from campaigns.sharing.wording import LANGUAGES, Occasion
from engage.foundation.clock import at_london
from engage.foundation.identity import Authority
from engage.foundation.office import Actor, Office
from tests.campaigns.sharing.pictures import pixels
from tests.conftest import EAST_STAFFORDSHIRE, founded

HOSTILE = r'#panic("x") $1$ *b* _i_ `r` <a> @b \ " [ŵŷ] {{ 7 }} %(x)s {ward} Łódź //'
LONG = "Bournemouth, Christchurch and Poole with the Isles of Somewhere Rather Far and its Borough Council"
LONGEST = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch"  # whose ward it is
POLL = Occasion("poll", date(2026, 6, 25), "9 June 2026", "9 Mehefin 2026")


def words(office: Office, language: str, name: str = "East Staffordshire", on: Occasion = Occasion()) -> dict[str, Any]:  # noqa: B008  # frozen
    council = Authority(
        code=EAST_STAFFORDSHIRE, name=name, phone="01632 960000", email="elections@example.com", nation="Wales"
    )
    place = Place("E05000001", name)
    return wording.said(wording.setting(office, council, place, on), language, "K7MPR4T")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """On SQLite, as nothing here asks more of a database than test_here_pages does of both."""
    with founded(tmp_path_factory.mktemp("sharing") / "home") as office:
        yield office


@pytest.fixture(scope="module")
def files(office: Office) -> dict[str, bytes]:
    made = pack.made(office, Actor(EAST_STAFFORDSHIRE, "officer 1"), Place("E05000001", "Abbey"), Occasion())
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def code_in(picture: bytes, expected: segno.QRCode, folder: Path) -> bool:
    """Whether the middle of each module, between the outermost corners of a code in the picture, is as it should be."""
    black, modules = pixels(picture, folder).max(axis=2) < 10, np.array(expected.matrix) == 1
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    middles = (np.arange(len(modules)) + 0.5) / len(modules)
    found = black[
        np.ix_(*((edge[0] + middles * (edge[-1] + 1 - edge[0])).astype(int) for edge in (rows, columns)))
    ]  # fmt: skip
    return bool((found == modules).all())


def test_a_pack_has_each_thing_in_each_language_with_words_for_those_who_do_not_see_it(files: dict[str, bytes]) -> None:
    names = {sheet.name for sheet in SHEETS} | {"texts.txt", "signature.html"}
    for language in LANGUAGES:
        assert names <= {name.removeprefix(f"{language}/") for name in files}
        texts = files[f"{language}/texts.txt"].decode()
        for name in (name for name in files if name.startswith(f"{language}/") and name.endswith(".png")):
            size = re.search(r"(\d+)x(\d+)", name)
            assert name.rpartition("/")[2] in texts
            assert not size or _size(files[name]) == (int(size[1]), int(size[2]))
    assert "Are we all registered here?" in files["en/texts.txt"].decode()
    assert "Ydyn ni i gyd wedi cofrestru yma?" in files["cy/texts.txt"].decode()
    assert len(set(re.findall(r"[34679CDFHJKMNPRTWXY]{7}", files["README.txt"].decode()))) == 4


def _size(picture: bytes) -> tuple[int, int]:
    return int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])


def test_every_code_can_be_read_from_its_picture(office: Office, files: dict[str, bytes], tmp_path: Path) -> None:
    for language, path in (("en", "here"), ("cy", "yma")):
        for name, kind in (
            ("post-1200x630", "post"), ("post-1080x1080", "post"), ("story-1080x1920", "post"),
            ("signature-1200x320", "signature"), ("qr-poster", "poster"),
        ):  # fmt: skip
            code = re.search(
                rf"/{path}/(\w{{7}})", files[f"{language}/qr-{kind}.svg"].decode() + _texts(files, kind, path)
            )
            assert code, name
            url = f"{office.settings.base_url}/{path}/{code[1]}"
            assert code_in(files[f"{language}/{name}.png"], sheets.qr(url), tmp_path), (language, name)
    other = sheets.qr("https://example.com/here/3333333")
    assert not code_in(files["en/qr-poster.png"], other, tmp_path)


def _texts(files: dict[str, bytes], kind: str, path: str) -> str:
    """The line that describes a code by itself, which names its address."""
    return files[f"{'en' if path == 'here' else 'cy'}/texts.txt"].decode().split(f"qr-{kind}.png\n")[1].split("\n")[0]


def test_a_pdf_says_its_language_and_describes_its_figure(files: dict[str, bytes]) -> None:
    for language in LANGUAGES:
        for sheet in (sheet for sheet in SHEETS if sheet.paper):
            read = pypdf.PdfReader(io.BytesIO(files[f"{language}/{sheet.name}"]))
            root: Any = read.trailer["/Root"]
            assert (root["/Lang"][:2], root["/MarkInfo"]["/Marked"], len(read.pages)) == (language, True, 1)
            assert round(float(read.pages[0].mediabox.width) / 72 * 25.4) == sheet.width
            tags = list(_tags(root["/StructTreeRoot"]))
            assert {"/H1", "/L", "/Figure", "/Link"} <= {str(tag.get("/S")) for tag in tags}
            [figure] = [tag for tag in tags if tag.get("/S") == "/Figure"]
            assert "QR" in figure["/Alt"]
            assert read.metadata
            assert read.metadata.title == (
                "Are we all registered here?" if language == "en" else "Ydyn ni i gyd wedi cofrestru yma?"
            )


def _tags(node: Any) -> Any:
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for each in node:
            yield from _tags(each)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node
        yield from _tags(node.get("/K"))


@pytest.mark.parametrize("name", [HOSTILE, LONG, LONGEST])
def test_whatever_a_name_holds_it_is_printed_as_it_stands_and_nothing_is_cut(
    office: Office, tmp_path: Path, name: str
) -> None:
    at, said = office.clock.now(), words(office, "cy", name, POLL)
    assert {name in said[field] for field in ("council", "place", "from")} == {True}
    assert "9 Mehefin 2026" in said["headline"]
    for sheet in SHEETS:
        content = sheets.made(sheet, said, at)
        if sheet.paper:
            read = pypdf.PdfReader(io.BytesIO(content))
            assert len(read.pages) == 1, "nothing runs over"
            text = re.sub(r"[\s\u200b]", "", read.pages[0].extract_text())
            assert re.sub(r"\s", "", name[:60]) in text
        else:
            picture = pixels(content, tmp_path)
            assert picture.shape[:2] == (sheet.height, sheet.width)
            edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
            assert all(len(np.unique(edge, axis=0)) <= 3 for edge in edges), "no letter touches an edge"
            assert (picture.max(axis=2) - picture.min(axis=2)).max() <= 12, "no party has grey for its colour"


@pytest.mark.parametrize("on", [Occasion(), POLL, replace(POLL, words="closed")])
def test_what_is_said_is_held_to_the_rules_of_messages(office: Office, on: Occasion) -> None:
    """Nobody is told who is registered, nothing is promised or threatened, no party's sign, and a child can read it."""
    for language in LANGUAGES:
        said = words(office, language, on=on)
        body = "\n".join([said["lead"], *said["points"], said["takes"], said["from"] + ".", said["help"]])
        wording = Wording("email", language, said["headline"], body)
        found = wording_rules.findings(wording, {"council": said["council"]})
        assert [str(each) for each in found if each.rule not in ("source", "privacy", "way out")] == []


def test_before_a_poll_words_are_plain_facts_with_the_last_day(office: Office) -> None:
    """Of the council's own list; in the same words once nobody can register for it any more."""
    (office.settings.home / "law.toml").write_text(
        '[[poll]]\nsince = 2026-01-01\nday = 2026-06-25\nkind = "local"\nname = "local election"\nsource = "notice"\n'
    )
    assert wording.occasion(office, "England") == Occasion("poll", date(2026, 6, 25), "9 June 2026", "9 Mehefin 2026")
    assert words(office, "en", on=POLL)["headline"] == "Register to vote by 9 June 2026"
    assert "age of 14" in words(office, "en")["points"][1]
    office.clock.move_to(at_london(date(2026, 6, 10), 9))  # type: ignore[attr-defined]  # stepped
    assert wording.occasion(office, "England").words == "closed"
    office.clock.move_to(at_london(date(2026, 6, 26), 9))  # type: ignore[attr-defined]  # stepped
    assert wording.occasion(office, "England") == Occasion()
