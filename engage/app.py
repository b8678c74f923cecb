"""The web application: the one place that knows every room."""

from typing import Self

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.stores.registry import StoreRegistry

from campaigns.approval import pages as approval
from campaigns.canvass import pages as canvass
from campaigns.homes import pages as found_homes
from campaigns.messages import wording_pages
from campaigns.pages import api as campaign_api
from campaigns.pages import campaign, restored
from campaigns.records.reminded import reminded
from campaigns.replies import callbacks
from campaigns.replies import pages as replies
from campaigns.replies import work_pages as work_list
from campaigns.setup import edit_pages as editing
from campaigns.setup import pages as setup
from campaigns.sharing import here_pages as here
from campaigns.sharing import pages as sharing
from dashboards.pages import dash_app, evidence, gaps, posters, publication, report, results, wards
from engage.foundation import logs
from engage.foundation.office import Office
from engage.foundation.web import faults, static
from engage.foundation.web.admission import Admission, before_any
from engage.foundation.web.bodies import FIELDS, FILE, Bodies
from engage.foundation.web.filling import Filling
from engage.foundation.web.form_tokens import FormTokens
from engage.foundation.web.handlers import ANYBODY, DEPENDENCIES, SignedIn
from engage.foundation.web.headers import secured
from engage.foundation.web.request_log import RequestLog
from engage.foundation.web.sessions import SessionStore, session_config
from engage.foundation.web.tally import Tally, adding_up
from engage.foundation.web.templating import template_config
from engage.home.standing import Surroundings
from engage.pages import (
    about,
    account,
    audit_log,
    colleagues,
    health,
    home,
    metrics,
    papers,
    person,
    pins,
    provider,
    second_step,
    sign_in,
)
from segments.audiences import pages as segments
from segments.crosswalk import api as properties_api
from segments.crosswalk import list_pages
from segments.crosswalk import pages as linked_systems
from segments.first_day import pages as first_day
from segments.gazetteer import pages as gazetteer
from segments.homes import pages as homes
from segments.importing import pages as data
from segments.linking import pages as review
from segments.missing import pages as missing
from segments.positions import pages as positions
from segments.records import pages as council_records
from segments.safeguards import pages as suppressions
from segments.standing import pages as gazetteer_standing

ROOMS = (
    health.routes,
    metrics.routes,
    sign_in.routes,
    second_step.routes,
    provider.routes,
    account.routes,
    colleagues.routes,
    home.routes,
    pins.routes,
    audit_log.routes,
    person.routes,
    papers.routes,
    about.routes,
    data.routes,
    first_day.routes,
    homes.routes,
    review.routes,
    gazetteer.routes,
    positions.routes,
    gazetteer_standing.routes,
    council_records.routes,
    missing.routes,
    properties_api.routes,
    linked_systems.routes,
    list_pages.routes,
    suppressions.routes,
    segments.routes,
    gaps.routes,
    wording_pages.routes,
    setup.routes,
    editing.routes,
    approval.routes,
    campaign.routes,
    restored.routes,
    campaign_api.routes,
    canvass.routes,
    replies.routes,
    callbacks.routes,
    work_list.routes,
    here.routes,
    sharing.routes,
    found_homes.routes,
    wards.routes,
    report.routes,
    evidence.routes,
    results.routes,
    posters.routes,
)
POLICIES = {dash_app.PREFIX: dash_app.CONTENT_SECURITY_POLICY}  # what Plotly needs


class _OneRouter(Router):
    """Around all handlers: Litestar 2.25 breaks a threaded GET when its path's POST is registered after it."""

    def __deepcopy__(self, memo: object) -> Self:
        """Litestar copies what may be registered twice, for a third of the time of start-up; this is not."""
        return self


def create_app(office: Office | None = None) -> Litestar:
    """The ASGI application; without an office it opens the one the environment describes."""
    office = office or Office()
    logs.configure(office.settings.log_level)
    _ = office.keys  # those of the data here, else the start stops
    assets = Router("/", route_handlers=[static.serve], guards=[ANYBODY])
    handlers = [assets, *(handler for room in ROOMS for handler in room), *dash_app.mount()]
    app = Litestar(
        route_handlers=[_OneRouter("/", route_handlers=handlers)],
        # Segments ask what campaigns hold, which stand above them.
        dependencies=DEPENDENCIES | {"campaigns": Provide(lambda: reminded, sync_to_thread=False)},
        exception_handlers=faults.HANDLERS,
        before_send=[secured(https=office.settings.secure_cookies, policies=POLICIES)],
        middleware=[
            RequestLog(),
            session_config(office).middleware,
            Bodies(office),
            FormTokens(office),
            Filling(office),
        ],
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=5, exclude=["^/assets/", "^/dashboard"]
        ),
        template_config=template_config(),
        before_request=before_any,
        stores=StoreRegistry({"sessions": SessionStore(office)}),
        state=State(
            {
                "office": office,
                "tally": Tally(office),
                "around": Surroundings(office),
                "provider": provider.opened(office),
            }
        ),
        openapi_config=_description(),
        request_max_body_size=FILE,
        multipart_form_part_limit=FIELDS,
        logging_config=None,
        lifespan=[adding_up, publication.publishing],
        on_shutdown=[office.close],
    )
    app.asgi_handler = Admission(app.asgi_handler, office)
    return app


def _description() -> OpenAPIConfig:
    """Of the API, for those who may use some of it."""
    router = Router("/api/schema", route_handlers=[], guards=[SignedIn()], include_in_schema=False)
    return OpenAPIConfig(
        title="Engage", version="1", openapi_router=router, render_plugins=[JsonRenderPlugin(path="/")]
    )
