"""Alerts and dashboard name metrics that exist, and alerts are raised when they should be."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.metrics import MetricWrapperBase
from starlette.applications import Starlette
from starlette.routing import Mount

from core.settings import ROOT
from deploy import dashboard
from serving import metrics
from serving.app import create_app

FOLDER = ROOT / "deploy" / "prometheus"
RULES = yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"][0]["rules"]
CASES = yaml.safe_load((FOLDER / "tests.yaml").read_text())["tests"]
QUERIES = [rule["expr"] for rule in RULES] + [
    query for row in dashboard.ROWS.values() for panel in row for query in panel.queries
]
NAME = re.compile(r"\b(?:atelier|process)_\w+")
_SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool (Debian: apt-get install prometheus)"
)


def existing() -> dict[str, set[str]]:
    """The labels of every sample that the service may tell, by its name."""
    found: dict[str, set[str]] = {}
    for family in metrics.registry.collect():
        for suffix in _SUFFIXES[family.type]:
            found[family.name + suffix] = {"le"} if suffix == "_bucket" else set()
    ours = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    for metric in ours:
        for family in metric.describe():
            for suffix in _SUFFIXES[family.type]:
                found[family.name + suffix] |= set(metric._labelnames)
    return found


@pytest.mark.parametrize("query", QUERIES)
def test_every_metric_and_label_of_a_query_exists(query: str):
    there = existing()
    for name in NAME.findall(query):
        assert name in there
    for name, selectors in re.findall(r"(\b(?:atelier|process)_\w+)\{([^}]*)\}", query):
        labels = set(re.findall(r"(\w+)\s*[=!]", selectors))
        assert labels <= there[name] | {"job", "instance"}, name


def test_metrics_of_the_tests_exist():
    series = [each["series"] for case in CASES for each in case.get("input_series", [])]
    named = {name for each in series for name in NAME.findall(each)}
    assert named - {"atelier"} <= existing().keys()


def test_a_route_has_the_name_that_alerts_know_under_the_application_too():
    api = create_app()
    before = _counted("/v1/identifications")
    TestClient(Starlette(routes=[Mount("/api", app=api)])).post("/api/v1/identifications")
    assert _counted("/v1/identifications") == before + 1


def test_what_alerts_leave_out_are_routes_that_exist():
    routes = create_app().openapi()["paths"]
    found = {each for query in QUERIES for each in re.findall(r'route!~"([^"]*)"', query)}
    assert found
    for pattern in found:
        for alternative in pattern.split("|"):
            assert [each for each in routes if re.fullmatch(alternative, each)], alternative
        assert not [each for each in routes if re.fullmatch(pattern, each) and "/v1/" in each]
    shares = [query for query in QUERIES if "> 0.0" in query]
    assert len(shares) == 2
    counted = re.compile(r"duration_seconds_count(?!\{route!~)")
    assert not [query for query in shares if counted.search(query)]


def _counted(route: str) -> float:
    name = "atelier_http_request_duration_seconds_count"
    samples = (sample for family in metrics.registry.collect() for sample in family.samples)
    return sum(
        each.value for each in samples if (each.name, each.labels.get("route")) == (name, route)
    )


def test_each_alert_is_once_raised_and_once_not():
    told = [test for case in CASES for test in case["alert_rule_test"]]
    raised = {test["alertname"] for test in told if test.get("exp_alerts")}
    silent = {test["alertname"] for test in told if not test.get("exp_alerts")}
    assert raised == silent == {rule["alert"] for rule in RULES}


@needs_promtool
@pytest.mark.parametrize("asked", ["test rules tests.yaml", "check config prometheus.yaml"])
def test_promtool_is_content(asked: str):
    done = subprocess.run(["promtool", *asked.split()], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_reads_the_queries_of_the_dashboard(tmp_path):
    queries = [query.replace("WINDOW", "5m") for query in QUERIES]
    rules = [{"record": f"a:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_in_the_tree_is_the_one_that_is_made():
    assert dashboard.PATH.read_text() == dashboard.text()


def test_panels_of_what_only_the_api_counts_say_so():
    told = {
        panel.title
        for row in dashboard.ROWS.values()
        for panel in row
        if re.search("atelier_(predictions|feedback)_", "".join(panel.queries))
    }
    assert len(told) == 3
    assert not [title for title in told if not title.endswith(", over the API")]


def test_panels_do_not_cover_each_other():
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(dashboard.text())["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
