"""What a table is narrowed to: nothing at first, then what was chosen and sent by a button, each part taken away by a
link of its own. It stands in the address of the page, so it never holds whom somebody looks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

LONGEST = 120


@dataclass(frozen=True)
class Filter:
    """`choices` are the words by what is sent; without a choice the field narrows nothing."""

    name: str
    label: str
    choices: Mapping[str, str]


@dataclass(frozen=True)
class Tag:
    """One thing the table is narrowed to, and the page without it."""

    words: str
    href: str


@dataclass(frozen=True)
class Filters:
    path: str
    fields: tuple[Filter, ...]
    chosen: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str, sent: Mapping[str, str], *fields: Filter) -> "Filters":
        """A word that is no choice narrows nothing, as an old link may hold one."""
        asked = {each.name: sent.get(each.name, "")[:LONGEST] for each in fields}
        known = {each.name: asked[each.name] for each in fields if asked[each.name] in each.choices}
        return cls(path, fields, {name: value for name, value in known.items() if value})

    def __getitem__(self, name: str) -> str:
        return self.chosen.get(name, "")

    @property
    def tags(self) -> list[Tag]:
        return [
            Tag(f"{each.label}: {each.choices[self.chosen[each.name]]}", self._without(each.name))
            for each in self.fields if each.name in self.chosen
        ]  # fmt: skip

    @property
    def pages(self) -> str:
        """The address of a page of the table, before its number."""
        return f"{self.path}?{urlencode({**self.chosen, 'page': ''})}"

    def _without(self, name: str) -> str:
        rest = {key: value for key, value in self.chosen.items() if key != name}
        return f"{self.path}?{urlencode(rest)}" if rest else self.path
