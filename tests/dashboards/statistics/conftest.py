"""The whole simulation is a benchmark; here it runs small."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="package")
def bench() -> ModuleType:
    place = spec_from_file_location("uplift_bench", Path(__file__).parents[3] / "benchmarks/uplift.py")
    assert place
    assert place.loader
    module = module_from_spec(place)
    sys.modules[place.name] = module
    place.loader.exec_module(module)
    return module
