"""`engage segment …`: groups of homes by command."""

import click

from engage.commands.groups import Commands

PLACES = {
    "count": ("engage.commands.segment.rules:count", "Count the homes of RULE.json."),
    "list": ("engage.commands.segment.listing:list_", "List the segments."),
    "save": (
        "engage.commands.segment.rules:save",
        "Save RULE.json as a segment; the same name again makes its next version.",
    ),
    "schema": (
        "engage.commands.segment.rules:schema",
        "Print the JSON Schema of rules, with the authority's own indicators.",
    ),
}


@click.group(cls=Commands, places=PLACES)
def segment() -> None:
    """Groups of homes, by rule."""
