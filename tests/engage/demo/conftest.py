"""Two made-up boroughs, written once per session: a small one, and one large enough for shares to settle."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from engage.demo.borough import Borough, write_borough


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Borough:
    return write_borough(tmp_path_factory.mktemp("small"), homes=300, wards=3)


@pytest.fixture(scope="session")
def borough(tmp_path_factory: pytest.TempPathFactory) -> Borough:
    return write_borough(tmp_path_factory.mktemp("borough"), homes=6_000, wards=12, seed=7)


@pytest.fixture
def played_on(borough: Borough, tmp_path: Path) -> Path:
    """A copy of the larger borough's folder that a test may play on with further registers."""
    return Path(shutil.copytree(borough.folder, tmp_path / "borough"))


def register(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
