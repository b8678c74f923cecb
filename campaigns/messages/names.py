"""Names and words that must not stand in a message: a list Engage comes with, and the council's own."""

import re
import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from engage.foundation.errors import SettingsInvalid

HOUSE_LIST = Path(__file__).with_name("names.toml")
OWN = "names.toml"  # in ENGAGE_HOME


class Listed(BaseModel):
    """Names of one kind (party, councillor, candidate, politics). `authority` is for a deployment of several."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    names: tuple[str, ...]
    authority: str = ""


class Names(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    never: tuple[Listed, ...] = ()
    before_a_poll: tuple[Listed, ...] = ()


@lru_cache(maxsize=8)
def listed(home: Path | None = None) -> Names:
    """Both lists together; SettingsInvalid where the council's own cannot be read."""
    ours = _read(HOUSE_LIST)
    own = home / OWN if home else None
    if own is None or not own.exists():
        return ours
    theirs = _read(own)
    return Names(never=ours.never + theirs.never, before_a_poll=ours.before_a_poll + theirs.before_a_poll)


def _read(path: Path) -> Names:
    try:
        return Names(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path.name} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsInvalid(f"{path.name}: {where}: {first['msg']}.") from None


def found(text: str, lists: tuple[Listed, ...], authority: str) -> list[tuple[str, str]]:
    """(name as listed, kind) of each that stands in the text."""
    plain = _plain(text)
    return [
        (name, each.kind)
        for each in lists
        if each.authority in ("", authority)
        for name in each.names
        if name.strip() and re.search(rf"(?<!\w){re.escape(_plain(name))}(?!\w)", plain)
    ]


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.replace("’", "'"))
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(kept.casefold().split())
