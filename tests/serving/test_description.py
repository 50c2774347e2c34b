"""Tests of the OpenAPI description: requests that are made up from it are answered as it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, reject, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from core import similar
from core.collection import scan
from tests.core.collection.conftest import Here

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
NOTHING_TO_GET_WRONG = ("/v2/health/live", "/v2/health/ready")
LISTED = [
    ("POST", "/v1/identifications"),
    ("POST", "/v1/explanations"),
    ("POST", "/v1/similar"),
    ("POST", "/v1/paintings"),
    ("POST", "/v1/films"),
    ("POST", "/v1/journeys"),
    ("POST", "/v1/feedback"),
    ("PUT", "/v1/predictions/{prediction_id}/picture"),
    ("DELETE", "/v1/predictions/{prediction_id}/picture"),
    ("GET", "/v1/jobs/{job_id}"),
    ("DELETE", "/v1/jobs/{job_id}"),
    ("GET", "/v1/jobs/{job_id}/events"),
    ("GET", "/v1/jobs/{job_id}/preview"),
    ("GET", "/v1/jobs/{job_id}/result"),
    ("GET", "/v1/models"),
    ("GET", "/v1/releases"),
    ("POST", "/v1/releases"),
    ("GET", "/v1/models/{model_id}"),
    ("GET", "/v1/artists"),
    ("GET", "/v1/styles"),
    ("GET", "/v2/health/live"),
    ("GET", "/v2/health/ready"),
    ("GET", "/v2/models/{model_id}"),
    ("GET", "/v2/models/{model_id}/ready"),
    ("GET", "/v2/models/{model_id}/versions/{version}"),
    ("GET", "/v2/models/{model_id}/versions/{version}/ready"),
    ("GET", "/metrics"),
]


@pytest.fixture
def app(application, tmp_path: Path, small: bytes, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """A service that makes no large painting, and has a collection of one picture."""
    monkeypatch.setattr(scan, "_pool", Here)
    place = tmp_path / "paintings"
    place.mkdir()
    (place / "one.png").write_bytes(small)
    scan.scan(place)
    similar.build(place)
    return application(service_pixels=10_000, collection=place)


def test_every_operation_is_listed_here(app: FastAPI):
    paths = app.openapi()["paths"]
    assert {(m.upper(), path) for path, each in paths.items() for m in each} == set(LISTED)


@strategies.composite
def _drawable(draw: strategies.DrawFn, cases: strategies.SearchStrategy) -> schemathesis.Case:
    """What schemathesis makes up; forms at whose files its own validator fails are left out."""
    try:
        return draw(cases)
    except ValueError as error:
        if "Unsupported type: 'Binary'" not in str(error):
            raise
        reject()


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), LISTED)
def test_no_request_finds_a_fault(app: FastAPI, method: str, path: str, mode: GenerationMode):
    if mode is GenerationMode.NEGATIVE and path in NOTHING_TO_GET_WRONG:
        pytest.skip("It takes nothing")
    operation = schemathesis.openapi.from_asgi("/openapi.json", app)[path][method]

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_drawable(operation.as_strategy(generation_mode=mode)))
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    with TestClient(app):  # from its start to its end
        assert app.state.service.warm.wait(60)  # until then it says 503, as it should
        ask()
