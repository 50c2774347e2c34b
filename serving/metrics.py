"""The metrics, by the naming rules of Prometheus, in a registry of their own.

Labels are bounded: routes, models and reasons, never callers, pictures or ids.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

disable_created_metrics()
registry = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

requests = Histogram(
    "atelier_http_request_duration_seconds",
    "Time from the first byte of a request to the last of its answer",
    ["route", "method", "status"],
    buckets=_SECONDS,
    registry=registry,
)
in_flight = Gauge(
    "atelier_http_requests_in_flight", "Requests that are being answered", registry=registry
)
stages = Histogram(
    "atelier_stage_seconds",
    "Time that a request spent waiting (queue), decoding (decode) and in networks (network)",
    ["stage"],
    buckets=_SECONDS,
    registry=registry,
)
queue = Gauge(
    "atelier_queue_requests", "Requests that wait or are worked on", ["lane"], registry=registry
)
rejected = Counter("atelier_rejected", "Requests that were refused", ["reason"], registry=registry)
predictions = Counter(
    "atelier_predictions",
    "Paintings identified",
    ["model", "version", "arm", "known"],
    registry=registry,
)
top_probability = Histogram(
    "atelier_top_probability",
    "Calibrated probability of the first name",
    ["model"],
    buckets=[n / 10 for n in range(1, 11)],
    registry=registry,
)
paintings = Counter(
    "atelier_paintings",
    "Pictures painted while the caller waited",
    ["model", "version", "arm"],
    registry=registry,
)
feedback = Counter("atelier_feedback", "Answers to: was this right?", ["right"], registry=registry)
jobs = Gauge(
    "atelier_jobs",
    "Jobs of the database, of all services that share it",
    ["state"],
    registry=registry,
)


class CountedElsewhere(Collector):
    """A counter whose value is read from where it is kept, before each scrape.

    None while it cannot be read: then no value is told, since the step from 0 to what it really is
    would pass for an increase.
    """

    value: float | None = None

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text
        registry.register(self)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """As the registry asks for it."""
        yield CounterMetricFamily(self._name, self._text, value=self.value)


jobs_resumed = CountedElsewhere(
    "atelier_jobs_resumed",
    "Times a job of the database was taken up again, after its worker died or gave it back",
)
ready = Gauge("atelier_ready", "Whether the service takes requests", registry=registry)
models_served = Gauge(
    "atelier_model_info", "Always 1", ["model", "version", "sha256"], registry=registry
)
