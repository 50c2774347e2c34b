"""The Grafana dashboard: `python -m deploy.dashboard` writes `grafana/atelier.json` anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from core import files
from core.settings import ROOT

PATH = ROOT / "deploy" / "grafana" / "atelier.json"

_REQUESTS = "atelier_http_request_duration_seconds"
_WIDE, _HIGH = 24, 8  # Grafana's units: columns of the page, rows of a panel


class Panel(NamedTuple):
    """A chart: what it shows, in which unit, and the queries with the names of their lines."""

    title: str
    unit: str
    queries: dict[str, str]


ROWS: dict[str, list[Panel]] = {
    "Requests": [
        Panel(
            "Requests a second, by answer",
            "reqps",
            {f"sum by (status) (rate({_REQUESTS}_count[WINDOW]))": "{{status}}"},
        ),
        Panel(
            "Time of an identification",
            "s",
            {
                f"histogram_quantile({quantile}, sum by (le) (rate({_REQUESTS}_bucket"
                '{route="/v1/identifications"}[WINDOW])))': name
                for quantile, name in ((0.5, "half"), (0.99, "99 of 100"))
            },
        ),
        Panel(
            "Refused a second, by reason",
            "reqps",
            {"sum by (reason) (rate(atelier_rejected_total[WINDOW]))": "{{reason}}"},
        ),
    ],
    "Load": [
        Panel(
            "Ready replicas, and requests being answered",
            "short",
            {
                "sum(atelier_ready)": "ready",
                "sum(atelier_http_requests_in_flight)": "being answered",
            },
        ),
        Panel(
            "Waiting or worked on, by lane",
            "short",
            {"sum by (lane) (atelier_queue_requests)": "{{lane}}"},
        ),
        Panel(
            "Where the time goes, a request's mean",
            "s",
            {
                "sum by (stage) (rate(atelier_stage_seconds_sum[WINDOW]))"
                " / sum by (stage) (rate(atelier_stage_seconds_count[WINDOW]))": "{{stage}}"
            },
        ),
    ],
    "Jobs and machines": [
        Panel(
            "Jobs, by state",
            "short",
            {'max by (state) (atelier_jobs{state=~"waiting|running|failed"})': "{{state}}"},
        ),
        Panel(
            "Jobs taken up again within an hour",
            "short",
            {"max(increase(atelier_jobs_resumed_total[1h]))": "resumed"},
        ),
        Panel(
            "Memory of the answering process",
            "bytes",
            {"process_resident_memory_bytes": "{{instance}}"},
        ),
        Panel(
            "Processor cores of the answering process",
            "short",
            {"rate(process_cpu_seconds_total[WINDOW])": "{{instance}}"},
        ),
    ],
    # Pages identify in a process of their own, which nobody scrapes, unless they ask the API.
    "Answers": [
        Panel(
            "Identified a second, by version and arm, over the API",
            "reqps",
            {
                "sum by (model, version, arm) (rate(atelier_predictions_total[WINDOW]))": (
                    "{{model}} {{version}} {{arm}}"
                )
            },
        ),
        Panel(
            "Share that the network does not know, over the API",
            "percentunit",
            {
                'sum by (model) (rate(atelier_predictions_total{known="false"}[1h]))'
                " / sum by (model) (rate(atelier_predictions_total[1h]))": "{{model}}"
            },
        ),
        Panel(
            "Visitors who say that it was right, over the API",
            "percentunit",
            {
                'sum(increase(atelier_feedback_total{right="true"}[1d]))'
                " / sum(increase(atelier_feedback_total[1d]))": "right"
            },
        ),
    ],
}


def dashboard() -> dict[str, Any]:
    """What Grafana imports; it asks for the Prometheus to draw from."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        place = {"x": 0, "y": top, "w": _WIDE, "h": 1}
        panels.append(
            {"type": "row", "title": title, "gridPos": place, "collapsed": False, "panels": []}
        )
        wide = _WIDE // len(row)
        for column, panel in enumerate(row):
            place = {"x": column * wide, "y": top + 1, "w": wide, "h": _HIGH}
            panels.append(_drawn(panel, place))
        top += 1 + _HIGH
    return {
        "uid": "atelier",
        "title": "Atelier",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "type": "datasource", "query": "prometheus", "label": "From"}
            ]
        },
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, 1)],
    }


def _drawn(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "type": "timeseries",
        "title": panel.title,
        "gridPos": place,
        "datasource": source,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "expr": query.replace("WINDOW", "$__rate_interval"),
                "legendFormat": name,
            }
            for number, (query, name) in enumerate(panel.queries.items())
        ],
    }


def text() -> str:
    """The file's content."""
    return json.dumps(dashboard(), indent=1) + "\n"


def main(path: Path = PATH) -> None:
    """Writes the file anew."""
    files.write(path, text())


if __name__ == "__main__":
    main()
