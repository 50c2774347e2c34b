"""The API as an application of Ray Serve, for a RayService.

Where the service is started by `python -m serving --engine ray`, it listens itself instead: Ray's
proxy in Python costs milliseconds, and the other one listens for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ray import serve
from ray.serve import Application

from serving.cluster.deployments import usual

_MOST = 1000  # requests at a time; lanes refuse far sooner


def api(args: Mapping[str, Any] | None = None) -> Application:
    """The application; `replicas` of `args` answer, two if nothing is said."""

    def build() -> Any:
        from serving.app import create_app
        from serving.cluster.engine import Cluster

        return create_app(engine=Cluster())

    options = usual(1)
    options["ray_actor_options"]["num_cpus"] = 0  # of the cores that networks are given
    kind = serve.deployment(
        name="api",
        num_replicas=(args or {}).get("replicas", 2),
        max_ongoing_requests=_MOST,
        **options,
    )
    return kind(serve.ingress(build)()).bind()
