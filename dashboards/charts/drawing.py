"""The few strokes every chart is made of: an SVG canvas that names and describes itself, shapes, and words."""

from collections.abc import Sequence
from hashlib import sha256
from textwrap import wrap
from xml.etree.ElementTree import Element, SubElement, fromstring, register_namespace, tostring

from markupsafe import Markup

SVG = "http://www.w3.org/2000/svg"
FONTS = "system-ui, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"
WIDTH = 320
MARGIN = 14
INK, GREY, LIGHT, PAPER = "#0b0c0c", "#505a5f", "#b1b4b6", "#ffffff"
BLUE = "#12436D"


def chart_id(title: str) -> str:
    """The same for the same title, so that a page is the same each time it is rendered."""
    return f"chart-{sha256(title.encode()).hexdigest()[:8]}"


def canvas(title: str, description: str, said: Sequence[str], height: float) -> Element:
    name = chart_id(title + description)
    svg = Element("svg", xmlns=SVG, viewBox=f"0 0 {WIDTH} {height:g}", width="100%")
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
    parent: Element, x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK, bold: bool = False,
    tag: str = "text",
) -> Element:  # fmt: skip
    text = add(parent, tag, x=round(x, 1), y=round(y, 1), text_anchor=anchor, fill=colour)
    if bold:
        text.set("font-weight", "bold")
    for attribute, value in (("stroke", PAPER), ("stroke-width", "4"), ("paint-order", "stroke")):
        text.set(attribute, value)
    text.text = words
    return text


def alone(chart: Markup, lines: Sequence[str]) -> Markup:
    """A chart as a file of its own: its title above it, these lines beneath, and fonts that need no page."""
    register_namespace("", SVG)
    inner = fromstring(chart)  # noqa: S314 - drawn by us a moment ago  # nosec B314
    title = inner.findtext(f"{{{SVG}}}title", "")
    head, foot = wrap(title, 38), [part for line in lines for part in wrap(line, 44)]
    height = float(inner.get("viewBox", "0 0 0 0").split()[3])
    top = 20 * len(head) + 16
    whole = top + height + 20 * len(foot) + 12
    outer = Element(f"{{{SVG}}}svg", {"viewBox": f"0 0 {WIDTH} {whole:g}", "width": "960", "role": "img"})
    outer.set("font-family", FONTS)
    outer.set("font-size", "14")
    outer.set("aria-label", title)
    add(outer, f"{{{SVG}}}rect", width=WIDTH, height=whole, fill=PAPER)
    for place, words in enumerate(head):
        write(outer, MARGIN, 24 + 20 * place, words, bold=True, tag=f"{{{SVG}}}text")
    for name, value in (("y", f"{top}"), ("width", f"{WIDTH}"), ("height", f"{height:g}"), ("font-family", FONTS)):
        inner.set(name, value)
    outer.append(inner)
    for place, words in enumerate(foot):
        write(outer, MARGIN, top + height + 16 + 20 * place, words, colour=GREY, tag=f"{{{SVG}}}text")
    return finish(outer)


def finish(svg: Element) -> Markup:
    return Markup(tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree has escaped every word  # nosec B704
