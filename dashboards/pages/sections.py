"""What is alike on the pages of everybody of a council: made once of the same published figures, and kept.

Nothing in it is of whoever looks. Sections are rendered without the request, so that no account, form token or notice
can get into one; the page around them is made each time. The figures themselves are part of what something is kept by:
when a count is suppressed or another is published they are other figures, and another council's always are.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import Any, TypeVar, cast

from markupsafe import Markup

from dashboards.published.figures import Figures
from dashboards.published.selection import View
from engage.foundation.languages import spoken
from engage.foundation.web.templating import environment

T = TypeVar("T")
MOST = 128
SECTIONS = ("changed", "campaigns", "complete")
_KEPT: OrderedDict[tuple[int, Hashable], tuple[Figures, Any]] = OrderedDict()
_LOCK = Lock()


def kept(figures: Figures, name: Hashable, make: Callable[[], T]) -> T:
    """What was made of these very figures under this name before, else what is made now; the oldest goes."""
    key = id(figures), name
    with _LOCK:
        known = _KEPT.get(key)
    if known is None or known[0] is not figures:  # the number of one that is gone may be another's by now
        known = figures, make()
    with _LOCK:
        _KEPT[key] = known
        _KEPT.move_to_end(key)
        while len(_KEPT) > MOST:
            _KEPT.popitem(last=False)
    return cast("T", known[1])


def sections(view: View, context: Mapping[str, Any], *, sees_data: bool) -> dict[str, Markup]:
    """The sections of all wards, by name. Who sees data is told what the figures lack."""
    told = {**context, "sees_data": sees_data, "lang": spoken.language()}
    with_map = context.get("map") is not None

    def rendered() -> dict[str, Markup]:
        pages = {name: environment().get_template(f"dashboards/pages/_{name}.html") for name in SECTIONS}
        return {name: Markup(page.render(told)) for name, page in pages.items()}  # noqa: S704  # our own templates  # nosec B704

    return kept(view.figures, ("sections", view.query, with_map, sees_data, told["lang"]), rendered)
