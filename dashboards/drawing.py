"""The few strokes every chart is made of: an SVG canvas that names and describes itself, shapes, and words."""

from collections.abc import Sequence
from hashlib import sha256
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

WIDTH = 320
MARGIN = 14
INK, GREY, LIGHT, PAPER = "#0b0c0c", "#505a5f", "#b1b4b6", "#ffffff"
BLUE = "#12436D"


def chart_id(title: str) -> str:
    """The same for the same title, so that a page is the same each time it is rendered."""
    return f"chart-{sha256(title.encode()).hexdigest()[:8]}"


def canvas(title: str, description: str, said: Sequence[str], height: float) -> Element:
    name = chart_id(title + description)
    svg = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height:g}", width="100%")
    for attribute, value in (
        ("role", "img"),
        ("class", "app-chart"),
        ("aria-labelledby", f"{name}-title {name}-desc"),
        ("font-size", "14"),
        ("font-family", "inherit"),
    ):
        svg.set(attribute, value)
    add(svg, "title", id=f"{name}-title").text = title
    add(svg, "desc", id=f"{name}-desc").text = f"{description} {'; '.join(said)}."
    return svg


def add(parent: Element, tag: str, **attributes: object) -> Element:
    named = {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    return SubElement(parent, tag, named)


def write(
    parent: Element, x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK, bold: bool = False
) -> Element:
    text = add(parent, "text", x=round(x, 1), y=round(y, 1), text_anchor=anchor, fill=colour)
    if bold:
        text.set("font-weight", "bold")
    for attribute, value in (("stroke", PAPER), ("stroke-width", "4"), ("paint-order", "stroke")):
        text.set(attribute, value)
    text.text = words
    return text


def finish(svg: Element) -> Markup:
    return Markup(tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree has escaped every word
