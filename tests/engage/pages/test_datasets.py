"""One dataset never takes a page down: every so manyth of the tables and combinations that `benchmarks/datasets.py` has.
All of them are a benchmark, which takes an hour or more."""

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EVERY_TABLE, EVERY_COMBINATION = 753, 67


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    place = spec_from_file_location("datasets_bench", Path(__file__).parents[3] / "benchmarks/datasets.py")
    assert place
    assert place.loader
    module = module_from_spec(place)
    sys.modules[place.name] = module
    place.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def house(bench: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Built once; each import is undone again."""
    with bench.house(tmp_path_factory.mktemp("house")) as made:
        yield made


def test_whole_it_has_its_figures(house: Any, bench: ModuleType) -> None:
    for path in bench.MEMBERS:
        assert bench.FIGURES[path] in house.member.get(path).text, path
    for path in bench.OFFICERS:
        assert bench.FIGURES[path] in house.officer.get(path).text, path


def test_tables_with_a_category_missing_renamed_blank_or_hidden(house: Any, tmp_path: Path) -> None:
    cases = list(house.cases())[::EVERY_TABLE]
    assert [fault for case in cases for fault in house.faults(case, tmp_path)] == []


@pytest.mark.parametrize("built", [True, False])
def test_datasets_that_were_never_imported_or_undone(house: Any, bench: ModuleType, *, built: bool) -> None:
    for gone in list(bench.combined())[::EVERY_COMBINATION]:
        assert house.without(gone, built=built) == []


def test_with_nothing_at_all(house: Any, bench: ModuleType) -> None:
    assert house.without((*bench.DATASETS, "indicator"), built=False) == []
