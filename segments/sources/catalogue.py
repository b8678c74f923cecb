"""Every format Engage reads. A new one is one new file in this folder with a `FORMATS` tuple."""

import importlib
import pkgutil

import segments.sources
from segments.files.reading import plain
from segments.sources.format import Format

FORMATS: tuple[Format, ...] = tuple(
    declared
    for module in sorted(pkgutil.iter_modules(segments.sources.__path__), key=lambda module: module.name)
    for declared in getattr(importlib.import_module(f"segments.sources.{module.name}"), "FORMATS", ())
)
KINDS: tuple[str, ...] = tuple(dict.fromkeys(declared.kind for declared in FORMATS))
MAKES: tuple[str, ...] = tuple(dict.fromkeys(declared.makes for declared in FORMATS))  # kinds of snapshot
NAMES: frozenset[str] = frozenset(plain(name) for declared in FORMATS for name in declared.columns)  # of columns
