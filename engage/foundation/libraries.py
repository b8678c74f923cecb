"""Large libraries that few pages ask for, each imported when something of it is first asked: a process in which nobody
asks is some 110 MB smaller, and starts sooner."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
            return getattr(import_module(self._name), attribute)

    interpolate = Awaited("scipy.interpolate")
    linear_models = Awaited("statsmodels.api")
    meta_analysis = Awaited("statsmodels.stats.meta_analysis")
    optimize = Awaited("scipy.optimize")
    proportion = Awaited("statsmodels.stats.proportion")
    pyproj = Awaited("pyproj")
    spatial = Awaited("scipy.spatial")
    stats = Awaited("scipy.stats")
    typst = Awaited("typst")

__all__ = [
    "interpolate", "linear_models", "meta_analysis", "optimize", "proportion", "pyproj", "spatial", "stats", "typst",
]  # fmt: skip
