"""The officers' button that learns a score from who registered between two registers."""

from litestar import post
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from engage.foundation.identity import Right
from engage.foundation.web.handlers import Asked, ByActor, InOffice, notify, redirect, requires
from segments.missing import newly_registered
from segments.records.pages import PATH


@post(f"{PATH}/learn", guards=[requires(Right.import_data)], sync_to_thread=True, include_in_schema=False)
def council_records_learn(request: Asked, office: InOffice, actor: ByActor) -> Redirect:
    made = newly_registered.learn(office, actor)
    used = "It told better of homes that were held out, so it is used from now on."
    kept = "It told no better of homes that were held out, so the score stays as it comes."
    notify(
        request, f"A score was learnt from {made.registered:,} people who registered. {used if made.better else kept}"
    )
    return redirect(f"{PATH}#score")


routes: list[ControllerRouterHandler] = [council_records_learn]
