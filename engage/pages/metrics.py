"""What Prometheus reads: how the service answers, and whether the workers live, of all processes together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlmodel import Session

from campaigns.sending import outages
from engage.foundation.access.rights import Right
from engage.foundation.office import Office
from engage.foundation.web import tally
from engage.foundation.web.askers import visitors
from engage.foundation.web.handlers import Connection, HasRight, InOffice, office_of

KINDS = ("worker", "notify", "pace", "callbacks")


@dataclass(frozen=True)
class Watches(HasRight):
    """For programs on this machine, too."""

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        if not visitors.on_this_machine(connection, office_of(connection).settings):
            await super().__call__(connection, handler)


@get(
    "/metrics",
    guards=[Watches(f"{Right.read_metrics}, by a token, or from this machine", Right.read_metrics)],
    include_in_schema=False,
    sync_to_thread=True,
)
def metrics(request: Request[Any, Any, Any], office: InOffice) -> Response[bytes]:
    request.app.state.tally.add_up()
    registry = CollectorRegistry()
    registry.register(_Service(office))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Service(Collector):
    def __init__(self, office: Office) -> None:
        self._office = office

    def collect(self) -> Iterator[Metric]:
        with self._office.database.reading() as session:
            yield from _answers(session)
            yield from _work(self._office, session)


def _answers(session: Session) -> Iterator[Metric]:
    labels = ("method", "route", "status")
    answers = CounterMetricFamily("engage_answers", "Requests answered.", labels=labels)
    seconds = CounterMetricFamily("engage_answer_seconds", "Time that answering took.", labels=labels)
    slow = CounterMetricFamily("engage_slow_answers", "Of them, those that took over a second.", labels=labels)
    for row in tally.sums(session):
        values = (row.method, row.route, str(row.status))
        answers.add_metric(values, row.answers)
        seconds.add_metric(values, row.seconds)
        slow.add_metric(values, row.slow)
    yield from (answers, seconds, slow)


def _work(office: Office, session: Session) -> Iterator[Metric]:
    """Without a count of messages: one that is dropped may tell of one opt-out."""
    yield GaugeMetricFamily("engage_workers", "Workers that live.", len(outages.awake(office, session)))
    ill = {outage.kind for outage in outages.outages(office, session)}
    found = GaugeMetricFamily("engage_outage", "1 where sending is held up by it.", labels=("kind",))
    for kind in KINDS:
        found.add_metric((kind,), float(kind in ill))
    yield found


routes: list[ControllerRouterHandler] = [metrics]
