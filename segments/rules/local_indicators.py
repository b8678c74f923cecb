"""The indicators that only this council has: what it declared itself, and shares of Census tables without a name here.

Their names and labels come with the imported file, so they are asked of the newest imports, not of a list in code.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

from engage.foundation.office import Office
from segments.areas import output_areas
from segments.rules import tree


def columns(office: Office, authority: str) -> Mapping[str, tree.Column]:
    """What rules may ask of beside `rules.COLUMNS`, by label."""
    return _Asked(office, authority)


class _Asked(Mapping[str, tree.Column]):
    """Looked up when the first is asked for: few rules name any, and each is counted again and again while it is
    typed."""

    def __init__(self, office: Office, authority: str) -> None:
        self._office, self._authority = office, authority

    @cached_property
    def _found(self) -> dict[str, tree.Column]:
        return _columns(self._office, self._authority)

    def __getitem__(self, name: str) -> tree.Column:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _columns(office: Office, authority: str) -> dict[str, tree.Column]:
    with office.database.reading() as session:
        figures = [
            snapshot.report.get("figures", {}) for snapshot in output_areas.indicators(session, authority).values()
        ]
    found: dict[str, tree.Column] = {}
    for figure in figures:
        if said := figure.get("indicator"):
            found[said["column"]] = tree.own_column(
                said["column"], said["name"], said["label_cy"], said["unit"], said["column"]
            )
        for name, label in figure.get("shares", {}).items():
            found[name] = tree.own_column(name, label, label, "share", name)
    return dict(sorted(found.items(), key=lambda item: item[1].label))
