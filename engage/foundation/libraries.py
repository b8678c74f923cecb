"""Large libraries, each imported when something of it is first asked: web processes in which nobody asks for the
statistics are some 110 MB smaller, workers that have nothing to send 75 MB, and both start sooner."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import holidays
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyproj
    import statsmodels.api as linear_models
    import typst
    from scipy import interpolate, optimize, spatial, stats
    from statsmodels.stats import meta_analysis, proportion
else:

    class Awaited:
        """Stands for a module until somebody asks something of it."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            found = getattr(import_module(self._name), attribute)
            setattr(self, attribute, found)
            return found

    duckdb = Awaited("duckdb")
    holidays = Awaited("holidays")
    interpolate = Awaited("scipy.interpolate")
    linear_models = Awaited("statsmodels.api")
    meta_analysis = Awaited("statsmodels.stats.meta_analysis")
    np = Awaited("numpy")
    npt = Awaited("numpy.typing")
    optimize = Awaited("scipy.optimize")
    pa = Awaited("pyarrow")
    pq = Awaited("pyarrow.parquet")
    proportion = Awaited("statsmodels.stats.proportion")
    pyproj = Awaited("pyproj")
    spatial = Awaited("scipy.spatial")
    stats = Awaited("scipy.stats")
    typst = Awaited("typst")

__all__ = [
    "duckdb", "holidays", "interpolate", "linear_models", "meta_analysis", "np", "npt", "optimize", "pa", "pq",
    "proportion", "pyproj", "spatial", "stats", "typst",
]  # fmt: skip
